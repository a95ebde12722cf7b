"""Files that go along with a question, and what the model would be given: on a real (random) model."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from docx import Document

from tern.__main__ import main
from tern.chat.attachments import compose
from tern.chat.file_text import attached
from tern.engine.types import EngineOptions, Message
from tern.open_engine import open_engine

pytestmark = pytest.mark.slow

ENGLISH, JAPANESE = "The terns left on Monday.", "今日は天気が良いので、公園を散歩します。"


def _ask(tiny: Path, *arguments: str | Path) -> int:
    return main(["ask", "--threads", "1", "--model", str(tiny), *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plain.txt").write_text(ENGLISH)
    (tmp_path / "note.txt").write_bytes(JAPANESE.encode("cp932"))
    document = Document()
    document.add_paragraph("They fly.")
    document.save(str(tmp_path / "report.docx"))
    return tmp_path


def test_a_dry_run_says_what_the_model_would_be_given(
    tiny: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tern.engine.bitnet_engine.BitnetEngine.prefill", None)  # nothing is computed
    files = [folder / name for name in ("plain.txt", "note.txt", "report.docx")]
    attach = [part for file in files for part in ("--attach", file)]
    assert _ask(tiny, *attach, "--system", "Be brief.", "--dry-run", "--json", "What", "<|eot_id|>?") == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == "tern: note.txt: read as Shift_JIS (--encoding NAME for another)\n"
    content = compose("What <|eot_id|>?", [attached(file.name, file.read_bytes()) for file in files])
    assert found["messages"] == [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": content},
    ]  # fmt: skip
    assert found["prompt"].endswith("What <|eot_id|>?<|eot_id|>Assistant: ")
    assert content in found["prompt"]
    assert JAPANESE in found["prompt"]
    engine = open_engine(tiny, EngineOptions(threads=1))
    messages = [Message("system", "Be brief."), Message("user", content)]
    assert found["tokens"] == engine.prompt(messages).tokens
    eot = engine.tokenizer.eot
    engine.close()
    assert found["tokens"].count(eot) == 2, "what was typed is no control token"
    assert (found["token_count"], found["context_size"]) == (len(found["tokens"]), 512)
    assert (found["fits"], found["dropped"]) == (True, [])
    assert [(one["name"], one["encoding"], one["bytes"]) for one in found["attachments"]] == [
        ("plain.txt", "UTF-8", 25), ("note.txt", "Shift_JIS", 40), ("report.docx", None, files[2].stat().st_size),
    ]  # fmt: skip
    assert sum(one["tokens"] for one in found["attachments"]) < found["token_count"]


def test_a_dry_run_to_read(
    tiny: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "worn.txt").write_bytes("Größe, Maß, Fuß \x1b[2J".encode() + b"\xff")
    assert _ask(tiny, "--attach", folder / "worn.txt", "--dry-run") == 0
    out, err = capsys.readouterr()
    assert err == "tern: worn.txt: 1 character could not be read as UTF-8\n"
    assert "<|begin_of_text|>User: File worn.txt:\n```\nGröße, Maß, Fuß \x1b[2J\ufffd\n```<|eot_id|>" in out
    assert "worn.txt, UTF-8, 25 bytes" in out
    assert "1 unreadable" in out
    assert out.splitlines()[-1].endswith("tokens; the model can take 448 at a time (context 512).")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert _ask(tiny, "--attach", folder / "worn.txt", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "Fuß \\x1b[2J\ufffd" in out
    assert "```\x1b[7m<|eot_id|>\x1b[27m" in out


def test_a_dry_run_of_what_does_not_fit(tiny: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "long.txt").write_text("word " * 2000)
    assert _ask(tiny, "--attach", folder / "long.txt", "--dry-run", "--json", "Hi") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["fits"] is False
    assert found["token_count"] == len(found["tokens"]) > 2000
    assert _ask(tiny, "--attach", folder / "long.txt", "--dry-run", "Hi") == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("Too long: ")
    assert _ask(tiny, "--attach", folder / "long.txt", "--attach", folder / "plain.txt", "Hi") == 1
    said = capsys.readouterr().err
    assert "(long.txt 6,0" in said
    assert ", plain.txt " in said
    assert "can take 448 at a time" in said
    assert _ask(tiny, "--system", "word " * 2000, "--attach", folder / "plain.txt", "Hi") == 1
    assert capsys.readouterr().err.startswith("tern: The system prompt is too long")


def test_what_is_attached_is_answered_without_a_word(
    tiny: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    greedy = ["--greedy", "--max-tokens", "8"]
    assert _ask(tiny, *greedy, "--attach", folder / "plain.txt") == 0
    reply = capsys.readouterr().out
    assert _ask(tiny, *greedy, compose("", [attached("plain.txt", ENGLISH.encode())])) == 0
    assert capsys.readouterr().out == reply


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("missing.txt", None, "missing.txt could not be read: there is no file"),
        ("photo.png", b"\x89PNG\r\n\x1a\n\0\0", "Tern can't read photo.png"),
        ("empty.txt", b"", "empty.txt is empty"),
        ("broken.pdf", b"%PDF-1.7\nno", "broken.pdf could not be read: it is damaged"),
    ],
)
def test_a_file_that_cannot_be_attached_is_named(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes | None, said: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert _ask(tiny, "--attach", tmp_path / name, "Hi") == 1
    err = capsys.readouterr().err
    assert err.startswith(f"tern: {said}")
    assert err.count("\n") == 1


class _Stdin(io.TextIOWrapper):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))


@pytest.mark.parametrize(
    ("data", "options", "prompt"),
    [
        (JAPANESE.encode("euc_jp"), [], JAPANESE),
        ("naïve\r\ncafé".encode("utf-16"), [], "naïve\ncafé"),
        ("привет".encode("cp866"), ["--encoding", "ibm866"], "привет"),
        ("naïve".encode("latin-1"), ["--encoding", "ISO-8859-1"], "naïve"),
        ("größer".encode(), ["--encoding", "utf8"], "größer"),
    ],
)
def test_standard_input_in_any_encoding(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    data: bytes, options: list[str], prompt: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "stdin", _Stdin(data))
    assert _ask(tiny, "--dry-run", "--json", *options, "-") == 0
    assert json.loads(capsys.readouterr().out)["messages"][0]["content"] == prompt


def test_what_is_no_text_on_standard_input(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(bytes(range(200))))
    assert _ask(tiny, "-") == 1
    assert "read standard input as text" in capsys.readouterr().err


def test_a_text_longer_than_the_context_is_asked_by_its_passages(
    tiny: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = [f"Line {n} tells of the weather on that day and of nothing else at all." for n in range(400)]
    story[200] = "# The key\n\nThe keeper hid the silver key under the third stair of the lighthouse."
    (folder / "long.txt").write_text("\n\n".join(story))
    asked = "Where is the silver key?"
    with pytest.raises(SystemExit):
        _ask(tiny, "--parts", asked)
    capsys.readouterr()
    assert _ask(tiny, "--attach", folder / "long.txt", "--parts", "--dry-run", "--json", asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert any("third stair" in one["text"] for one in found["passages"])
    assert all(one["place"].startswith("line") for one in found["passages"])
    assert 0 < found["token_count"] < 448
    assert _ask(tiny, "--attach", folder / "long.txt", "--parts", "--dry-run", asked) == 0
    assert "third stair" in capsys.readouterr().out
    assert _ask(tiny, "--attach", folder / "long.txt", "--parts", "--max-tokens", "2", asked) == 0
    capsys.readouterr()
    assert main(["ask", "--attach", str(folder / "long.txt"), "--parts", asked]) == 1
    assert "The built-in guide can't read files." in capsys.readouterr().err


def test_a_text_is_summarized_in_pieces(
    tiny: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tern.chat.summarizing._PIECE_TOKENS", 3)
    monkeypatch.setattr("tern.chat.summarizing._WHOLE_TOKENS", 3)
    (folder / "long.txt").write_text("\n\n".join(f"Paragraph {n} says a little." for n in range(60)))
    assert _ask(tiny, "--attach", folder / "long.txt", "--summarize") == 0
    out = capsys.readouterr().out
    assert out.startswith("### Part 1 of ")
    assert out.count("## Summary of the whole") == 1
    assert _ask(tiny, "--attach", folder / "long.txt", "--summarize", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["complete"]
    assert len(found["parts"]) == out.count("### Part ")
