"""Enter during a reply: the composer says that the message goes when the reply ends, and it does."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import FinishReason, Stats
from tern.ui.window.main_window import MainWindow

from ..composing import CONTROL, idle, say
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

HINT = "Sent when this reply ends"


def _hint(window: MainWindow) -> str:
    meter = window.composer.meter
    assert meter.isVisible() == bool(meter.note)
    return meter.text() if meter.note else ""


def _replying(qtbot: QtBot, make_window: WindowMaker, words: int = 60) -> tuple[MainWindow, FakeEngine]:
    engine = FakeEngine(["word " * words, "Second reply."], token_seconds=0.01)
    window = make_window(engine)
    say(window, "First")
    qtbot.waitUntil(lambda: "word word" in window.transcript.toPlainText())
    return window, engine


def _questions(window: MainWindow) -> list[str]:
    return [entry.text for entry in window.session.path if entry.role == "user"]


def test_it_goes_when_the_reply_ends(qtbot: QtBot, make_window: WindowMaker) -> None:
    window, _engine = _replying(qtbot, make_window)
    say(window, "Second")
    assert _hint(window) == HINT
    assert window.composer.meter.accessibleName() == HINT
    assert window.composer.text == "Second", "it can still be changed"
    qtbot.waitUntil(lambda: _questions(window) == ["First", "Second"] and idle(window))
    assert _hint(window) == ""
    assert window.composer.text == ""
    assert "Second reply." in window.transcript.toPlainText()


def test_what_is_changed_after_enter_is_not_sent(qtbot: QtBot, make_window: WindowMaker) -> None:
    window, _engine = _replying(qtbot, make_window)
    say(window, "Second")
    QTest.keyClicks(window.composer.editor, ", or")
    assert _hint(window) == ""
    qtbot.waitUntil(lambda: idle(window))
    qtbot.wait(50)
    assert _questions(window) == ["First"]
    assert window.composer.text == "Second, or"


def test_after_a_stop_the_person_decides_anew(qtbot: QtBot, make_window: WindowMaker) -> None:
    window, _engine = _replying(qtbot, make_window, 400)
    say(window, "Second")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: idle(window))
    qtbot.wait(50)
    assert _questions(window) == ["First"]
    assert (window.composer.text, _hint(window)) == ("Second", "")


def test_it_goes_too_while_another_chat_is_on_show(qtbot: QtBot, make_window: WindowMaker) -> None:
    window, engine = _replying(qtbot, make_window)
    first = window.session.conversation
    say(window, "Second")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_N, CONTROL)
    assert (window.composer.text, _hint(window)) == ("", "")
    qtbot.waitUntil(lambda: len(engine.requests) == 2 and not window.queue.busy)
    assert first is not None
    window.conversations.show(first)
    assert _questions(window) == ["First", "Second"]
    assert window.composer.text == ""


def test_coming_back_in_time_it_still_waits(qtbot: QtBot, make_window: WindowMaker) -> None:
    window, _engine = _replying(qtbot, make_window, 300)
    first = window.session.conversation
    say(window, "Second")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_N, CONTROL)
    assert first is not None
    window.conversations.show(first)
    assert (window.composer.text, _hint(window)) == ("Second", HINT)
    window.conversations.delete(first)
    qtbot.waitUntil(lambda: not window.queue.busy)
    qtbot.wait(50)
    assert window.session.path == []


def test_nothing_written_says_nothing(qtbot: QtBot, make_window: WindowMaker) -> None:
    window, _engine = _replying(qtbot, make_window)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    assert _hint(window) == ""


def test_what_waits_in_a_private_chat_goes_with_it(qtbot: QtBot, make_window: WindowMaker) -> None:
    """It ended, and was closed before its message was sent: nothing is left to send it in."""
    window = make_window()
    private = Session(Store.private())
    private.ask("First")
    private.append("Yes.", Stats(finish_reason=FinishReason.END_OF_TURN))
    private.store.close()
    window.chat._send_held(private, Draft("Second"))
    assert not window.queue.busy
