"""The first five minutes: the greeting stands still whatever arrives under it, and the way to the real model stays
open while only the guide is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from tern import paths
from tern.chat.attachments import Attachment
from tern.engine.types import EngineOptions
from tern.library import catalog
from tern.metrics.forecast import Forecast, place
from tern.settings import HUB_ENDPOINT, MODEL_PATH, Settings
from tern.ui.models import speed_probe
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController
from tools.local_hub import LocalHub, sha256_of

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

SIZE = 9_000_000


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    monkeypatch.setenv("TERN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(speed_probe, "tern_command", lambda: ["no-such-program"])
    official = catalog.entries()[0]
    served = tmp_path / "hub" / official.repo / official.file
    served.parent.mkdir(parents=True)
    served.write_bytes(np.random.default_rng(2).bytes(SIZE))
    entry = replace(official, size=SIZE, sha256=sha256_of(served))
    monkeypatch.setattr(catalog, "entries", lambda: (entry,))
    with LocalHub(tmp_path / "hub") as running:
        running.faults.rate = 4e6
        yield running
    paths.set_data_dir(None)


def _host(window: MainWindow, theme: Theme, hub: LocalHub) -> ModelsController:
    settings = Settings()
    settings[HUB_ENDPOINT] = hub.url
    return ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))


def _questions(window: MainWindow) -> list[QRect]:
    """Where the four questions stand in the window."""
    QApplication.processEvents()
    cards = [each for each in window.findChildren(QPushButton) if each.property("kind") == "card"]
    assert len(cards) == 4
    return [QRect(card.mapTo(window, QPoint()), card.size()) for card in cards]


@pytest.mark.parametrize("size", [(1100, 760), (480, 420)])
def test_the_questions_stand_still_through_card_forecast_and_download(
    size: tuple[int, int], qtbot: QtBot, make_window: WindowMaker, theme: Theme, hub: LocalHub
) -> None:
    window = make_window(load=False)
    window.resize(*size)
    first = _questions(window)
    host = _host(window, theme, hub)
    assert _questions(window) == first, "the card has come"
    host.open_first()
    qtbot.waitUntil(lambda: window.queue.info is not None)
    assert _questions(window) == first, "the guide is ready"
    assert host.card is not None
    host.card.show_forecast(Forecast(40.0, place("0")))
    assert _questions(window) == first, "the forecast has come"
    host.card.row.download_button.click()
    qtbot.waitUntil(lambda: host.card.task.progress is not None)
    assert _questions(window) == first, "the download runs"
    host.card.row.pause_button.click()
    qtbot.waitUntil(lambda: not host.card.task.running)
    assert _questions(window) == first, "it has been paused"
    window.notice.show_message("Something that could wait.", tone="calm")
    window.composer.editor.setPlainText("a second\nline")
    assert _questions(window) == first, "a notice, and a second line in the composer"
    host.close()


def test_with_a_model_of_ones_own_the_guide_never_greets(
    make_window: WindowMaker, theme: Theme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(b"")
    settings = Settings()
    settings[MODEL_PATH] = str(mine)
    window = make_window(load=False, settings=settings)
    title = window.findChild(QLabel, "greetingTitle")
    assert "guide" not in title.text()
    assert "Tern" not in window.composer.editor.placeholderText()
    mine.unlink()
    gone = make_window(load=False, settings=settings)
    assert "guide" in gone.findChild(QLabel, "greetingTitle").text(), "it is the guide that will answer"
    assert gone.composer.editor.placeholderText() == "Ask about Tern…"


def _ask(qtbot: QtBot, window: MainWindow, text: str) -> None:
    window.chat.send(text)
    qtbot.waitUntil(lambda: not window.session.busy)


def test_the_way_to_the_real_model_stays_open_until_it_is_dismissed(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, hub: LocalHub
) -> None:
    window = make_window(load=False)
    host = _host(window, theme, hub)
    host.open_first()
    bar = window.area.chat.guide_bar
    assert not bar.isVisible(), "the card under the greeting says more"
    _ask(qtbot, window, "What are you?")
    assert bar.isVisible()
    assert bar.geometry().bottom() < window.composer.geometry().top()
    qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    assert host.page is not None
    assert host.page.isVisible()
    host.downloads.of_entry(catalog.entries()[0]).start()
    qtbot.waitUntil(lambda: bar.button.text() == "Show download")
    qtbot.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    _ask(qtbot, window, "Why is ternary fast?")
    assert not bar.isVisible()
    host.close()


def test_the_guide_is_not_asked_about_a_file(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, hub: LocalHub
) -> None:
    window = make_window(load=False)
    host = _host(window, theme, hub)
    host.open_first()
    qtbot.waitUntil(lambda: window.queue.info is not None)
    window.composer.shelf.put([Attachment("notes.txt", "Terns fly.", 10)])
    QTest.keyClicks(window.composer.editor, "What does it say?")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    assert window.session.path == []
    assert window.notice.message.startswith("The built-in guide can't read files.")
    assert window.composer.text == "What does it say?"
    assert len(window.composer.attachments) == 1
    window.area.chat.show_messages(True)
    assert not window.area.chat.guide_bar.isVisible(), "the notice offers the same"
    qtbot.mouseClick(window.notice.findChild(QPushButton, "noticeButton"), Qt.MouseButton.LeftButton)
    assert host.page is not None
    assert host.page.isVisible()
    host.close()
