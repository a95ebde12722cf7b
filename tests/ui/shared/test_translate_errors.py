"""Errors of the other rooms, said in German: the real ones, raised by the real code."""

from __future__ import annotations

import ast
import queue
import re
import string
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "packaging"))

import translate
from patience import HANG_S
from tern.chat.file_text import read_file
from tern.engine.gguf.reader import GGUFFile
from tern.engine.types import Message, Request, SamplingParams
from tern.engine.worker import EngineWorker, Event, Failed
from tern.errors import Sentence, TernError, UserError
from tern.library import hub_errors
from tern.library.hub_errors import HubError
from tern.settings import FILE_NAME, Settings
from tern.ui.shared.translate_errors import said

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    translator = QTranslator()
    assert translator.load(str(translate.FOLDER / "tern_de.qm"))
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def _caught(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        GGUFFile.open(path)
    return caught.value


def test_in_english_an_error_is_what_it_says(tmp_path: Path) -> None:
    error = _caught(tmp_path / "gone.gguf")
    assert said(error) == str(error)


@pytest.mark.usefixtures("german")
def test_an_error_of_the_engine_with_its_reason(tmp_path: Path) -> None:
    assert said(_caught(tmp_path / "gone.gguf")) == (
        f"Tern kann gone.gguf nicht benutzen: in {tmp_path} gibt es keine solche Datei. "
        "Wählen Sie eine andere GGUF-Datei."
    )
    (tmp_path / "empty.gguf").touch()
    assert said(_caught(tmp_path / "empty.gguf")).startswith(
        "Tern kann empty.gguf nicht benutzen: sie ist leer. "
    )


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GGUF\3\0\0\0", "sie endet mitten in ihrem Kopf; die Datei ist beschädigt oder unvollständig"),
        (
            b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 3) + b"key" + struct.pack("<I", 8),
            "sie endet zu früh (der Wert von key); die Datei ist beschädigt oder unvollständig",
        ),
        (
            b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 3) + b"key" + struct.pack("<IQ", 99, 0),
            "der Typ von key ist 99, was es in GGUF nicht gibt",
        ),
        (
            b"<html>",
            "sie ist eine Webseite und kein Modell: Der Download ging schief; Tern öffnet GGUF-Dateien",
        ),
        (b"Dear diary", "sie ist etwas anderes; Tern öffnet GGUF-Dateien"),
    ],
    ids=["header", "value", "type", "page", "other"],
)
def test_what_is_wrong_with_a_model_file_is_said_to_its_end(tmp_path: Path, data: bytes, reason: str) -> None:
    """Also the parts of a reason that its reader passes on from one function to the next."""
    (tmp_path / "x.gguf").write_bytes(data)
    assert said(_caught(tmp_path / "x.gguf")).startswith(f"Tern kann x.gguf nicht benutzen: {reason}. Wählen")


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "sie ist leer"), ("{\n,", "Zeile 2 ist kein JSON"), ("[]", "sie ist kein JSON-Objekt")],
)
def test_settings_that_cannot_be_read(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(text, encoding="utf-8")
    (warning,) = Settings.load(tmp_path).warnings
    assert said(warning).startswith(f"Die Einstellungen in {path} waren nicht lesbar ({reason}); Tern nimmt")


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("status", "words"), [(401, "HF_TOKEN"), (404, "prüfen"), (429, "anfragen"), (503, "störung")]
)
def test_an_error_of_the_hub_with_what_was_kept(status: int, words: str) -> None:
    response = httpx2.Response(status, request=httpx2.Request("GET", "https://huggingface.co/x"))
    error = hub_errors.of_status(response, "OWNER/REPO/file.gguf", "https://huggingface.co/OWNER/REPO")
    sentence = said(error)
    assert words.casefold() in sentence.casefold()
    assert not re.search(r"\b(the|try|again|what|has|is)\b", sentence), sentence


@pytest.mark.usefixtures("german")
def test_the_window_says_it_in_german(make_window: WindowMaker, tmp_path: Path) -> None:
    window = make_window(load=False)
    window.show_error(_caught(tmp_path / "gone.gguf").sentence)
    assert window.notice.message.startswith("Tern kann gone.gguf nicht benutzen")


@pytest.mark.usefixtures("german")
def test_a_file_that_cannot_be_attached_and_a_reply_without_a_model(tmp_path: Path) -> None:
    for data, words in ((b"GGUF\0\0", "ist ein Modell"), (b"\x89PNG\r\n\x1a\n\0\0", "ist kein Text")):
        (tmp_path / "x.bin").write_bytes(data)
        with pytest.raises(TernError) as caught:
            read_file(tmp_path / "x.bin")
        assert words in said(caught.value)
        assert not re.search(r"\b(open|page|model|text|attach)\b", said(caught.value))
    events: queue.Queue[Event] = queue.Queue()
    worker = EngineWorker(events.put)
    worker.submit(Request([Message("user", "Hi")], SamplingParams()))
    failed = events.get(timeout=HANG_S)
    worker.close()
    assert isinstance(failed, Failed)
    assert said(failed.message).startswith("Kein Modell")


@pytest.mark.usefixtures("german")
def test_a_sentence_of_no_form_stays_as_it_is() -> None:
    assert said("Nobody ever wrote this down.") == "Nobody ever wrote this down."


@pytest.mark.usefixtures("german")
def test_an_error_within_an_error_is_said_in_german_too(tmp_path: Path) -> None:
    inner = _caught(tmp_path / "gone.gguf")
    outer = HubError("{error} What has arrived is kept; the next try goes on from there.", error=inner)
    assert said(outer) == f"{said(inner)} Was angekommen ist, bleibt; der nächste Versuch macht dort weiter."
    assert said(UserError("{problem}", problem=inner)) == said(inner)
    waits = hub_errors.waiting(outer, 5.2)
    assert said(waits).startswith(said(outer))
    assert (
        waits
        == f"{inner} What has arrived is kept; the next try goes on from there. Tern tries again in 5 s."
    )


@pytest.mark.usefixtures("german")
def test_a_translation_that_does_not_fit_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a person's own may: an old one, or one with a slip."""
    sentence = Sentence("{path} is empty.", path="x")
    for wrong in ("{pfad} ist leer.", "{0} ist leer.", "{path ist leer."):
        monkeypatch.setattr(QCoreApplication, "translate", lambda *_, words=wrong: words)
        assert said(sentence) == "x is empty."


def test_the_forms_are_found_in_the_sources() -> None:
    forms = translate.error_forms()
    assert len(forms) > 300
    assert "Tern cannot use {name}: {what}. Choose another GGUF file." in forms  # of a class of its own
    assert "it announces {tensors:,} tensors, more than it can hold" in forms  # a reason within it
    assert "The file changed on the server, so it begins again." in forms  # no error at all
    assert "{problem}" not in forms


def test_a_form_that_is_put_together_first_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.py").write_text(
        "class NewError(UserError):\n    pass\n\n\ndef f(path):\n    raise NewError(f'{path} is bad.')\n"
    )
    monkeypatch.setattr(translate, "SOURCE", tmp_path)
    with pytest.raises(translate.NotLiteralError, match=r"bad\.py:6"):
        translate.error_forms()


def test_the_gaps_of_every_form_are_its_values() -> None:
    """The terminal's too, whose forms are not translated."""
    takers, seen = translate.form_takers(), 0
    for path in translate.SOURCE.rglob("*.py"):
        for call in translate.form_calls(path, takers):
            form = ast.literal_eval(call.args[0])
            others = takers.get(translate._name(call)) or set()
            values = {keyword.arg for keyword in call.keywords if keyword.arg is not None} - others
            gaps = (
                {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}
                if values
                else set()
            )
            assert gaps == values, f"{path.name}:{call.lineno}: {form}"
            assert values or not re.search(r"\{\w+\}", form), f"{path.name}:{call.lineno}: {form}"
            assert len(call.args) == 1 or translate._name(call) == "__init__", f"{path.name}:{call.lineno}"
            seen += 1
    assert seen > 350
