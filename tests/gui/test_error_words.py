"""Errors of the other rooms, said in German: the real ones, raised by the real code."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packaging"))

import translate
from tern.chat.reading import read_file
from tern.engine.gguf import GGUFFile
from tern.errors import TernError
from tern.library import hub_errors
from tern.ui import error_words
from tern.ui.error_words import said

from .conftest import WindowMaker


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
        "Wählen Sie eine andere GGUF-Datei, oder laden Sie diese noch einmal."
    )
    (tmp_path / "empty.gguf").touch()
    assert said(_caught(tmp_path / "empty.gguf")).startswith(
        "Tern kann empty.gguf nicht benutzen: sie ist leer. "
    )


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
    for data, words in ((b"GGUF\0\0", "ist ein Modell"), (bytes(range(256)), "ist kein Text")):
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
    kept = json.loads((translate.FOLDER / error_words.FILE_NAME).read_text(encoding="utf-8"))
    assert kept == translate.error_forms(), "run packaging/translate.py update"
    assert len(kept) > 100
