"""Errors of the other rooms, said in German: the real ones, raised by the real code."""

from __future__ import annotations

import ast
import json
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "packaging"))

import translate
from tern.chat.file_text import read_file
from tern.engine.gguf.reader import GGUFFile
from tern.errors import TernError
from tern.library import hub_errors
from tern.settings import FILE_NAME, Settings
from tern.ui.shared import translate_errors
from tern.ui.shared.translate_errors import said

from ..conftest import WindowMaker


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    translator = QTranslator()
    assert translator.load(str(translate.FOLDER / "tern_de.qm"))
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def _caught(path: Path) -> TernError:
    with pytest.raises(TernError) as caught:
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
    window.show_error(str(_caught(tmp_path / "gone.gguf")))
    assert window.notice.message.startswith("Tern kann gone.gguf nicht benutzen")


@pytest.mark.usefixtures("german")
def test_a_file_that_cannot_be_attached_and_a_reply_without_a_model(tmp_path: Path) -> None:
    for data, words in ((b"GGUF\0\0", "ist ein Modell"), (b"\x89PNG\r\n\x1a\n\0\0", "ist kein Text")):
        (tmp_path / "x.bin").write_bytes(data)
        with pytest.raises(TernError) as caught:
            read_file(tmp_path / "x.bin")
        assert words in said(caught.value)
        assert not re.search(r"\b(open|page|model|text|attach)\b", said(caught.value))
    assert said("No model is open. Choose one, then send again.").startswith("Kein Modell")


@pytest.mark.usefixtures("german")
def test_a_sentence_of_no_form_stays_as_it_is() -> None:
    assert said("Nobody ever wrote this down.") == "Nobody ever wrote this down."


def test_the_forms_are_those_of_the_sources() -> None:
    kept = json.loads((translate.FOLDER / translate_errors.FILE_NAME).read_text(encoding="utf-8"))
    assert kept == translate.error_forms(), "run packaging/translate.py update"
    assert len(kept) > 100


def test_no_sentence_escapes_the_collector() -> None:
    """Every kind of UserError is known to it, and none is given a sentence that is put together first."""
    bases: dict[str, set[str]] = {}
    own: set[str] = set()  # their sentence is in their __init__
    calls: list[ast.Call] = []
    for room in translate.ROOMS:
        place = translate.SOURCE / room
        for path in [place] if place.is_file() else place.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases.setdefault(node.name, set()).update(ast.unparse(base) for base in node.bases)
                    functions = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
                    own |= {node.name} if "__init__" in functions else set()
                elif isinstance(node, ast.Call) and translate._name(node) in translate.ERRORS:
                    calls.append(node)
    kinds = {"UserError"}
    while more := {name for name, parents in bases.items() if parents & kinds} - kinds:
        kinds |= more
    assert kinds - own <= translate.ERRORS
    assert len(calls) > 100
    joined = [
        call for call in calls if any(isinstance(part, ast.BinOp | ast.BoolOp) for part in call.args[:2])
    ]
    assert not joined, [ast.unparse(call) for call in joined]
