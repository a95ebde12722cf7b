"""The window with the built-in guide itself: nothing in it is faked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QTextBrowser
from pytestqt.qtbot import QtBot

from tern import paths
from tern.chat.attachments import Attachment
from tern.engine.types import Chunk, Engine, EngineOptions, PrefillProgress, Request, StopFlag
from tern.open_engine import open_engine
from tern.ui.window.main_window import MainWindow

from .conftest import WindowMaker

GUIDE = paths.resources_dir() / "guide" / "tern-guide.gguf"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not GUIDE.exists(), reason="the guide has not been made (packaging/guide)"),
]
PATIENCE_MS = 60_000  # a shared machine may be busy; on an idle one a reply takes a second


class Unhurried:
    """The guide on a slower computer: on a fast one its short replies are over before a test can press Stop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.info, self.close = engine.info, engine.close
        self.count_tokens, self.measure, self.text_tokens = (
            engine.count_tokens,
            engine.measure,
            engine.text_tokens,
        )

    def generate(
        self, request: Request, should_stop: StopFlag, on_prefill: PrefillProgress
    ) -> Iterator[Chunk]:
        for chunk in self._engine.generate(request, should_stop, on_prefill):
            time.sleep(0.02)
            yield chunk


@pytest.fixture
def window(make_window: WindowMaker, tmp_path: Path) -> Iterator[MainWindow]:
    window = make_window(load=False)
    window.open_model(lambda progress: Unhurried(open_engine(GUIDE, EngineOptions(), progress)))
    yield window
    window.close()


def _say(window: MainWindow, text: str) -> None:
    composer = window.findChild(QPlainTextEdit, "composer")
    QTest.keyClicks(composer, text)
    QTest.keyClick(composer, Qt.Key.Key_Return)


def _figure(window: MainWindow, name: str) -> float:
    text = window.findChild(QLabel, name).text().replace("\u2009", " ").replace(",", "")
    return next((float(word) for word in text.split() if word.replace(".", "").isdigit()), 0.0)


def test_the_guide_answers_and_the_readouts_are_true(qtbot: QtBot, window: MainWindow) -> None:
    _say(window, "What are you?")  # before it has loaded: the message waits
    send = window.findChild(QPushButton, "sendButton")
    text = window.findChild(QTextBrowser, "transcript").toPlainText
    lengths: list[int] = []
    window.queue.bridge.streamed.connect(lambda *_: lengths.append(len(text())))
    qtbot.waitUntil(lambda: _figure(window, "speedReadout") > 0, timeout=PATIENCE_MS)
    assert window.findChild(QPushButton, "stopButton").isVisible(), "the figures are live"
    qtbot.waitUntil(send.isVisible, timeout=PATIENCE_MS)
    assert "Tern" in text()
    assert len(set(lengths)) >= 3, "the text came in pieces"
    assert lengths == sorted(lengths)
    assert _figure(window, "speedReadout") > 0
    assert _figure(window, "memoryReadout") > (
        20 if "MB" in window.findChild(QLabel, "memoryReadout").text() else 1
    )
    assert _figure(window, "contextReadout") > 10
    assert "first word after" in text()


def test_the_meter_says_what_the_guide_then_reads(qtbot: QtBot, window: MainWindow) -> None:
    editor = window.findChild(QPlainTextEdit, "composer")
    for question, messages in (("What are you? Grüße! 🐦", 2), ("And why?", 4)):
        editor.insertPlainText(question)
        window.composer.shelf.put([Attachment("notes.txt", "Terns fly.\n\n``` far\n", 20)])
        (chip,) = window.composer.shelf.chips
        qtbot.waitUntil(lambda chip=chip: "tokens" in chip._open.accessibleName(), timeout=PATIENCE_MS)
        counted = _figure(window, "contextReadout")
        QTest.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(
            lambda messages=messages: len(window.session.path) == messages and not window.session.busy,
            timeout=PATIENCE_MS,
        )
        assert window.session.path[-1].stats.prompt_tokens == counted


def test_stop_stops_the_guide(qtbot: QtBot, window: MainWindow) -> None:
    transcript = window.findChild(QTextBrowser, "transcript")
    _say(window, "Tell me a very short story")
    qtbot.waitUntil(lambda: window.session.reply != "", timeout=PATIENCE_MS)
    qtbot.mouseClick(window.findChild(QPushButton, "stopButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(window.findChild(QPushButton, "sendButton").isVisible)
    assert "Stopped." in transcript.toPlainText()
    _say(window, "What are you?")
    qtbot.waitUntil(lambda: len(window.session.path) == 4 and not window.session.busy, timeout=PATIENCE_MS)
    assert window.session.reply


def test_another_model_takes_over_and_a_message_sent_meanwhile_waits_for_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    _say(window, "What are you?")
    qtbot.waitUntil(lambda: len(window.session.path) == 2 and not window.session.busy, timeout=PATIENCE_MS)
    window.open_model(lambda progress: open_engine(GUIDE, EngineOptions(context_size=512), progress))
    _say(window, "Why is ternary fast?")
    qtbot.waitUntil(lambda: len(window.session.path) == 4 and not window.session.busy, timeout=PATIENCE_MS)
    first, second = (entry.stats for entry in window.session.path if entry.role == "assistant")
    assert (first.context_size, second.context_size) == (2048, 512)
    assert second.prompt_tokens > first.context_used, "it read the whole conversation"
    assert second.reused_tokens == 0, "of which the other model's memory held nothing"
    assert second.tokens > 3
