"""The readout bar's word about the network: one function of the facts, and room for it in the smallest window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from tern.engine.types import Stats
from tern.library.hub_progress import DownloadProgress
from tern.library.network import Connection
from tern.settings import FONT_SIZE, Settings
from tern.ui.style.theme import Theme
from tern.ui.window.network_word import NetworkWord, network_word

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALF = DownloadProgress("downloading", 340_000_000, 1_000_000_000, 3.4e6)
WAITS = DownloadProgress("waiting", 340_000_000, 1_000_000_000, note="no network")


def made(why: str, result: str = "200", ago: float = 0.0) -> Connection:
    return Connection((NOW - timedelta(seconds=ago)).isoformat(), "hub.example", why, result, 5)


SEARCH = "search: bitnet"


@pytest.mark.parametrize(
    ("off", "running", "last", "paused", "words"),
    [
        (False, [], None, [], "No network used"),
        (True, [], None, [], "Network off"),
        (True, [], made(SEARCH), [HALF], "Network off"),
        (False, [HALF], None, [], "Downloading 34% · 3.4\u2009MB/s"),
        (True, [HALF], None, [], "Downloading 34% · 3.4\u2009MB/s"),  # what happens, not what should
        (False, [None], made(SEARCH), [], "Downloading…"),
        (False, [HALF, None], None, [], "Downloading 34% · 3.4\u2009MB/s"),
        (False, [HALF, HALF], None, [], "Downloading 34% · 6.8\u2009MB/s"),
        (False, [WAITS], None, [], "Download waits at 34%"),
        (False, [WAITS, HALF], None, [], "Downloading 34% · 3.4\u2009MB/s"),
        (False, [], None, [HALF], "Download paused at 34%"),
        (False, [], made(SEARCH), [HALF], "Searched just now"),
        (False, [], made(SEARCH, ago=59.9), [], "Searched just now"),
        (False, [], made(SEARCH, ago=60), [], "Searched 1 min ago"),
        (False, [], made(SEARCH, ago=150), [], "Searched 2 min ago"),
        (False, [], made(SEARCH, ago=3600), [], "Searched 1 h ago"),
        (False, [], made(SEARCH, ago=-500), [], "Searched just now"),  # the clock was set back
        (False, [], made("look up owner/model", ago=61), [], "Looked up 1 min ago"),
        (False, [], made("fetch owner/model/m.gguf", "206"), [], "Downloaded just now"),
        (False, [], made(SEARCH, "no network"), [], "No answer just now"),
        (False, [], made(SEARCH, "503"), [], "No answer just now"),
        (False, [], Connection("nonsense", "h", SEARCH, "200", 0), [], "Searched just now"),
    ],
)
def test_the_word(
    off: bool,
    running: list[DownloadProgress | None],
    last: Connection | None,
    paused: list[DownloadProgress],
    words: str,
) -> None:
    word = network_word(off, running, last, paused, NOW)
    assert word.text == words
    assert word.about
    assert word.downloads == words.startswith("Download") or words.startswith("Downloaded")


@pytest.mark.parametrize(
    "word",
    [
        network_word(False, [], None),
        network_word(True, [], None),
        network_word(False, [None], None),
        network_word(False, [HALF], None),
        network_word(False, [WAITS], None),
        network_word(False, [], None, [HALF]),
        network_word(False, [], made("look up owner/model", ago=1500), (), NOW),
    ],
    ids=lambda word: word.text,
)
def test_it_has_room_in_the_smallest_window_with_the_largest_text(
    word: NetworkWord, make_window: WindowMaker, theme: Theme
) -> None:
    settings = Settings()
    settings[FONT_SIZE] = int(FONT_SIZE.high or 0)
    window = make_window(settings=settings, load=False)  # a model that has loaded has no speed yet
    window.settings_controller.apply()
    window.resize(480, 420)
    window.readouts.show_last(Stats(decode_tokens_per_s=42.1))
    window.readouts.show_network(word)
    QApplication.processEvents()
    readout = window.findChild(QPushButton, "networkReadout")
    speed = window.findChild(QLabel, "speedReadout")
    assert readout.text()
    assert window.rect().contains(readout.rect().translated(readout.mapTo(window, QPoint())))
    assert readout.width() >= readout.sizeHint().width()
    assert speed.geometry().right() < readout.geometry().left()


def test_the_keyboard_reaches_it(make_window: WindowMaker, qtbot: QtBot) -> None:
    window = make_window()
    readout = window.findChild(QPushButton, "networkReadout")
    assert readout.focusPolicy() & Qt.FocusPolicy.TabFocus
    readout.setFocus()
    with qtbot.waitSignal(window.readouts.connections_requested):
        QTest.keyClick(readout, Qt.Key.Key_Space)
    window.readouts.show_network(network_word(False, [HALF], None))
    with qtbot.waitSignal(window.readouts.downloads_requested):
        QTest.keyClick(readout, Qt.Key.Key_Space)
    assert readout.accessibleName() == "Network: Downloading 34% · 3.4\u2009MB/s"
