"""Sentences as form and values: what they say in English, and that they come back whole from a text."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date
from pathlib import Path

import pytest

from tern.engine.gguf.values import BrokenFileError, GGUFError, OtherKernelsError
from tern.errors import Sentence, UserError, format_memory, format_size, packed, unpacked
from tern.library import hub_errors
from tern.library.hub_errors import ChangedError, DamagedError, HubError
from tern.library.network import NetworkOptions, SettingError


def test_a_sentence_is_its_english_text() -> None:
    sentence = Sentence(
        "{free:,.0f} MB are free in {folder} ({reason}), not {name!r}.",
        free=12345.6,
        folder=Path("a") / "b",
        reason=None,
        name="it's",
    )
    assert sentence == f'12,346 MB are free in {Path("a") / "b"} (None), not "it\'s".'
    assert sentence.form.startswith("{free:,.0f} MB")
    assert sentence.values["free"] == 12345.6
    assert type(str(sentence)) is str


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 bytes"), (812, "812 bytes"), (1000, "1 KB"), (12_345, "12 KB"), (999_499, "999 KB"),
        (999_500, "1.0 MB"), (3_400_000, "3.4 MB"), (9_949_999, "9.9 MB"), (9_950_000, "10 MB"),
        (13_919_776, "14 MB"), (857_000_000, "857 MB"), (999_500_000, "1.00 GB"), (1_187_801_280, "1.19 GB"),
        (9_994_999_999, "9.99 GB"), (9_995_000_000, "10 GB"), (75_300_000_000, "75 GB"), (1.2e12, "1,200 GB"),
    ],
)  # fmt: skip
def test_sizes_have_one_form(n_bytes: float, text: str) -> None:
    assert format_size(n_bytes) == text.replace(" ", "\u2009")


def test_needed_memory_is_a_round_figure() -> None:
    assert format_memory(800_000_000) == "0.8\u2009GB"
    assert format_memory(12_340_000_000) == "12.3\u2009GB"


def test_a_form_without_values_is_taken_as_it_is() -> None:
    assert str(UserError("Write {NAME} in {{braces}}, 100 %.")) == "Write {NAME} in {{braces}}, 100 %."
    assert str(UserError("{name} in {{braces}}", name="x")) == "x in {braces}"
    assert str(UserError("{name}", name="{other} {0}")) == "{other} {0}"


def test_of_an_error_among_the_values_its_sentence_is_kept() -> None:
    inner = UserError("{path} is empty.", path="x")
    outer = UserError(
        "{error} Try again ({cause}, {day}).", error=inner, cause=OSError(2, "Gone"), day=date(2026, 1, 2)
    )
    assert str(outer) == "x is empty. Try again ([Errno 2] Gone, 2026-01-02)."
    kept = outer.sentence.values["error"]
    assert isinstance(kept, Sentence)
    assert kept.form == "{path} is empty."
    assert outer.sentence.values["cause"] == "[Errno 2] Gone"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            GGUFError("a\nb.gguf", Sentence("it is GGUF version {version}", version=9)),
            "Tern cannot use a?b.gguf: it is GGUF version 9. Choose another GGUF file.",
        ),
        (
            BrokenFileError("x.gguf", Sentence("it is empty")),
            "Tern cannot use x.gguf: it is empty. Choose another GGUF file, or fetch this one again.",
        ),
        (
            OtherKernelsError("x.gguf", "TL2"),
            "x.gguf is made for other kernels: its weights are in bitnet.cpp's TL2, which only that program's own "
            "build can compute. Take the i2_s file of the same model.",
        ),
        (HubError("{host} is gone ({code}).", status=404, host="h", code=404), "h is gone (404)."),
        (ChangedError("{file} changed on the server.", file="f"), "f changed on the server."),
        (DamagedError("{file} is kept at {path}.", kept=Path("k"), file="f", path="k"), "f is kept at k."),
        (
            hub_errors.no_room(Path("d/f"), 2_500_000_000, 10_000_000),
            "This needs 2.50\u2009GB in d, where only 10\u2009MB is free. Make room, or choose another place with "
            "--data-dir DIR.",
        ),
    ],
)  # fmt: skip
def test_what_errors_say(error: UserError, words: str) -> None:
    assert str(error) == words
    assert error.sentence == words


def test_a_setting_at_fault_names_its_variable() -> None:
    with pytest.raises(SettingError) as caught:
        NetworkOptions().hub({"HF_ENDPOINT": "ftp://x"})
    assert str(caught.value) == (
        "The hub's address 'ftp://x' does not begin with https://. Correct it in HF_ENDPOINT."
    )
    assert caught.value.name == "HF_ENDPOINT"


def test_what_is_kept_is_said_once_and_only_where_there_is_something() -> None:
    error = HubError("{host} is gone.", host="h")
    hub_errors.say_what_is_kept(error, 0)
    assert str(error) == "h is gone."
    for _ in range(2):
        hub_errors.say_what_is_kept(error, 5)
    assert str(error) == "h is gone. What has arrived is kept; the next try goes on from there."


def test_a_packed_sentence_comes_back_whole() -> None:
    inner = Sentence("{path} is empty.", path="Größe \udc80")
    sentence = Sentence(
        "{why} {free:,.1f} of {count:,} ({none}, {name!r})", why=inner, free=1.5, count=4, none=None, name="n"
    )
    for found in (unpacked(packed(sentence)), copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence))):
        assert found == sentence
        assert isinstance(found, Sentence)
        assert (found.form, found.values) == (sentence.form, sentence.values)
        assert isinstance(found.values["why"], Sentence)
        assert found.values["why"].values == inner.values
    bare = unpacked(packed(Sentence("Write {NAME}.")))
    assert isinstance(bare, Sentence)
    assert bare == "Write {NAME}."


def test_a_text_that_is_no_sentence_stays_as_it_is() -> None:
    for text in (
        "",
        "No model is open.",
        '{"form": 1}',
        '{"form": "x", "values": {}, "more": 1}',
        '{"form": "x',
    ):
        assert packed(text) == text
        assert type(unpacked(text)) is str
        assert unpacked(text) == text


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("{a:>999999999}", {"a": 1}),
        ("{a:999999999}", {"a": 1}),
        ("{a:{b}}", {"a": 1, "b": 9}),
        ("{a.__class__}", {"a": 1}),
        ("{a[0]}", {"a": "x"}),
        ("{a}", {"a": 1, "b": 2}),
        ("{a} {b}", {"a": 1}),
        ("{0}", {"0": 1}),
        ("{a:,}", {"a": "no number"}),
        ("{a", {"a": 1}),
        ("{a}", {"a": [1]}),
        ("{a}", {"a": {"form": "x"}}),
        ("{a}", [1]),
        (["x"], {}),
    ],
)
def test_a_text_made_to_look_like_one_is_only_a_text(form: object, values: object) -> None:
    """Conversations are imported from anywhere: nothing that stands in them is filled in but plain values."""
    text = json.dumps({"form": form, "values": values})
    assert type(unpacked(text)) is str
    assert unpacked(text) == text
