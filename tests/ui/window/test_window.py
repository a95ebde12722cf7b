"""The window as a person uses it: real events, on an engine that says what it is told to say."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton, QTextBrowser, QToolButton
from pytestqt.qtbot import QtBot

from patience import HANG_S
from tern.chat.store import Store
from tern.chat.types import Manner
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Chunk, Message, PrefillProgress, Request, StopFlag
from tern.errors import UserError
from tern.ui.style.theme import Mode, Theme
from tern.ui.window.main_window import MainWindow

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

LONG = " ".join(f"word{number}" for number in range(400))


def _composer(window: MainWindow) -> QPlainTextEdit:
    return window.findChild(QPlainTextEdit, "composer")


def _text(window: MainWindow) -> str:
    return window.findChild(QTextBrowser, "transcript").toPlainText()


def _button(window: MainWindow, name: str) -> QPushButton:
    return window.findChild(QPushButton, name)


def _say(window: MainWindow, text: str) -> None:
    QTest.keyClicks(_composer(window), text)
    QTest.keyClick(_composer(window), Qt.Key.Key_Return)


def _done(window: MainWindow) -> bool:
    return _button(window, "sendButton").isVisible() and not _button(window, "stopButton").isVisible()


def test_typing_and_enter_send_and_the_reply_comes_with_its_numbers(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["I am **a guide**."], token_seconds=0.01)
    assert window.windowTitle() == "Tern"
    assert QApplication.focusWidget() is _composer(window)
    _say(window, "What are you?")
    assert _composer(window).toPlainText() == ""
    qtbot.waitUntil(lambda: _done(window))
    assert "What are you?" in _text(window)
    assert "I am a guide." in _text(window)
    assert "tokens/s · first word after" in _text(window)
    assert "4 tokens" in _text(window)
    assert QApplication.focusWidget() is _composer(window)


def test_shift_enter_breaks_the_line_and_blank_text_is_not_sent(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    engine = FakeEngine()
    window = make_window(engine)
    composer = _composer(window)
    QTest.keyClicks(composer, "  ")
    QTest.keyClick(composer, Qt.Key.Key_Return)
    assert not _button(window, "sendButton").isEnabled()
    composer.clear()
    one_line = composer.height()
    QTest.keyClicks(composer, "a")
    QTest.keyClick(composer, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(composer, "b")
    assert composer.toPlainText() == "a\nb"
    assert composer.height() > one_line * 1.5
    qtbot.mouseClick(_button(window, "sendButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _done(window))
    assert [request.messages[-1] for request in engine.requests] == [Message("user", "a\nb")]


def test_the_composer_grows_to_eight_lines_and_no_further(make_window: WindowMaker) -> None:
    composer = _composer(make_window())
    heights = []
    for _ in range(12):
        QTest.keyClick(composer, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        heights.append(composer.height())
    assert heights[:7] == sorted(set(heights[:7]))
    assert len(set(heights[6:])) == 1


def test_text_grows_while_it_streams_and_the_readouts_are_alive(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=[LONG], token_seconds=0.01)
    _say(window, "Count")
    qtbot.waitUntil(lambda: "word10" in _text(window))
    early = len(_text(window))
    speed = window.findChild(QLabel, "speedReadout")
    memory = window.findChild(QLabel, "memoryReadout")
    context = window.findChild(QLabel, "contextReadout")
    qtbot.waitUntil(lambda: len(_text(window)) > early + 300)
    assert not _done(window), "still streaming"
    qtbot.waitUntil(lambda: "/ 4,096" in context.text() and not context.text().endswith(" 0 / 4,096"))
    assert 10 < float(speed.text().split("\u2009")[0]) < 101
    assert speed.property("idle") is False
    assert float(memory.text().split()[1].split("\u2009")[0].replace(",", "")) > (
        10 if "MB" in memory.text() else 1
    )
    QTest.keyClick(_composer(window), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: _done(window))
    assert speed.property("idle") is True
    assert float(speed.text().split("\u2009")[0]) > 0, "the last reply's figures stay"
    assert "Stopped." in _text(window)


def test_the_stop_button_stops_in_the_place_of_send(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=[LONG], token_seconds=0.01)
    send, stop = _button(window, "sendButton"), _button(window, "stopButton")
    place = send.mapTo(window, QPoint())
    _say(window, "Count")
    assert stop.isVisible()
    assert not send.isVisible()
    QApplication.processEvents()
    assert stop.mapTo(window, QPoint()) == place
    qtbot.waitUntil(lambda: "word3" in _text(window))
    qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _done(window))
    assert "word399" not in _text(window)


class _Reader(FakeEngine):
    """Reads a long question until it is let go, whatever it is told meanwhile: one step of a large model."""

    def __init__(self) -> None:
        super().__init__()
        self.reading, self.go = threading.Event(), threading.Event()

    def generate(
        self, request: Request, should_stop: StopFlag, on_prefill: PrefillProgress
    ) -> Iterator[Chunk]:
        on_prefill(512, 4096)
        self.reading.set()
        assert self.go.wait(HANG_S)
        on_prefill(1024, 4096)
        yield from super().generate(request, should_stop, on_prefill)


def test_stop_is_heard_at_once_also_while_a_long_question_is_read(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    engine = _Reader()
    window = make_window(engine)
    _say(window, "A long question")
    qtbot.waitUntil(lambda: "Reading… 512 of 4,096" in _text(window))
    QTest.keyClick(_composer(window), Qt.Key.Key_Escape)
    assert "Stopping…" in _text(window)
    assert not _button(window, "stopButton").isEnabled()
    engine.go.set()
    qtbot.waitUntil(lambda: _done(window))
    assert "Stopping…" not in _text(window)
    _say(window, "Again")
    assert _button(window, "stopButton").isEnabled()
    qtbot.waitUntil(lambda: _done(window))


def test_closing_takes_the_window_away_before_it_waits(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = _Reader()
    window = make_window(engine)
    _say(window, "A long question")
    qtbot.waitUntil(engine.reading.is_set)
    seen: list[bool] = []
    closing = window.queue.close

    def close() -> None:
        seen.append(window.isVisible())
        engine.go.set()
        closing()

    window.queue.close = close  # type: ignore[method-assign]
    window.close()
    assert seen == [False]


def test_a_message_typed_while_the_model_loads_waits_and_goes(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(load=False)
    ready = threading.Event()

    def slowly(progress: object) -> FakeEngine:
        ready.wait(10)
        return FakeEngine(["At last."])

    window.open_model(slowly)
    _say(window, "Are you there?")
    qtbot.waitUntil(lambda: "Waiting for the model…" in _text(window))
    ready.set()
    qtbot.waitUntil(lambda: _done(window))
    assert "At last." in _text(window)
    assert "Waiting" not in _text(window)


def test_a_model_that_cannot_be_opened_says_why_inline_and_can_be_tried_again(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(load=False)
    attempts = []

    def factory(progress: object) -> FakeEngine:
        attempts.append(1)
        if len(attempts) == 1:
            raise UserError("The file is cut short. Download it again.")
        return FakeEngine(["Here I am."])

    window.open_model(factory)
    qtbot.waitUntil(window.notice.isVisible)
    assert window.notice.message == "The file is cut short. Download it again."
    assert QApplication.activeModalWidget() is None
    qtbot.mouseClick(_button(window, "noticeButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(attempts) == 2)
    assert not window.notice.isVisible()
    _say(window, "Hello")
    qtbot.waitUntil(lambda: "Here I am." in _text(window))
    qtbot.waitUntil(lambda: _done(window))


def test_a_reply_that_fails_keeps_its_text_and_can_be_asked_for_again(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    engine = FakeEngine(
        ["one two three four", "all of it"], error=UserError("The memory ran out."), error_after=2
    )
    window = make_window(engine)
    _say(window, "Count")
    qtbot.waitUntil(window.notice.isVisible)
    assert window.notice.message == "The memory ran out."
    assert "one two" in _text(window)
    engine._error = None
    qtbot.mouseClick(_button(window, "noticeButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "all of it" in _text(window))
    qtbot.waitUntil(lambda: _done(window))
    assert "one two" not in _text(window)
    assert _text(window).count("Count") == 1
    assert [message.content for message in engine.requests[-1].messages] == ["Count"]


def test_a_bug_is_said_in_one_sentence_without_a_traceback(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(FakeEngine(["one two"], error=RuntimeError("secret detail"), error_after=1))
    _say(window, "Count")
    qtbot.waitUntil(window.notice.isVisible)
    assert "secret" not in window.notice.message
    assert "Traceback" not in window.notice.message


def test_the_conversation_goes_to_the_engine_whole(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["First.", "Second."])
    window = make_window(engine)
    for text in ("a", "b"):
        _say(window, text)
        qtbot.waitUntil(lambda: _done(window))
    assert [(m.role, m.content) for m in engine.requests[-1].messages] == [
        ("user", "a"),
        ("assistant", "First."),
        ("user", "b"),
    ]


def test_a_greeting_question_is_sent_by_a_click(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["An answer."])
    window = make_window(engine)
    cards = [b for b in window.findChildren(QPushButton) if b.property("kind") == "card"]
    assert len(cards) == 4
    assert all(card.isVisible() for card in cards)
    question = cards[1].text()
    qtbot.mouseClick(cards[1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "An answer." in _text(window))
    qtbot.waitUntil(lambda: _done(window))
    assert engine.requests[0].messages[-1].content == question
    assert not cards[0].isVisible()


def test_a_new_chat_waits_its_turn_and_the_running_reply_goes_on(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    engine = FakeEngine([" ".join(LONG.split()[:100]), "New."], token_seconds=0.01)
    window = make_window(engine)
    _say(window, "Old")
    qtbot.waitUntil(lambda: "word3" in _text(window))
    QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert _text(window).strip() == ""
    assert _done(window)
    _say(window, "Fresh")
    qtbot.waitUntil(lambda: "Waiting for the reply in “Old”" in _text(window))
    qtbot.waitUntil(lambda: "New." in _text(window))
    qtbot.waitUntil(lambda: _done(window))
    assert "word3" not in _text(window)
    assert [m.content for m in engine.requests[-1].messages] == ["Fresh"]
    (old,) = [s for s in window.store.summaries() if s.title == "Old"]
    window.conversations.show(old.id)
    assert "word99" in _text(window), "it was written to its end meanwhile"


def test_everything_can_be_done_from_the_keyboard(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["Some **text** to copy."])
    _say(window, "Say")
    qtbot.waitUntil(lambda: _done(window))
    qtbot.waitUntil(window.transcript._bars.reply_bar.isVisible)
    QGuiApplication.clipboard().clear()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(_composer(window), Qt.Key.Key_C, both)
    assert QGuiApplication.clipboard().text() == "Some **text** to copy."

    reached = set()
    for _ in range(30):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.add(QApplication.focusWidget().objectName())
    assert {
        "composer",
        "transcript",
        "sidebarButton",
        "menuButton",
        "copyReplyButton",
        "searchField",
    } <= reached
    window.findChild(QTextBrowser, "transcript").setFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.focusWidget() is _composer(window)

    QTest.keyClick(_composer(window), Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: window.help_page is not None and window.help_page.isVisible())
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not window.help_page.isVisible()


@pytest.mark.parametrize("size", [(480, 420), (720, 500), (1100, 760)])
@pytest.mark.parametrize("scale", [1.0, 1.4])
def test_every_size_shows_every_control_whole(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, size: tuple[int, int], scale: float
) -> None:
    theme.set_scale(scale)
    window = make_window(replies=["A reply with some words in it. " * 12 + "\n\n```\nlong code " + "x" * 90])
    window.resize(*size)
    _say(window, "A question that is rather long, so that it has to be wrapped in a narrow window")
    qtbot.waitUntil(lambda: _done(window))
    assert (window.width(), window.height()) == size
    for name in ("composer", "sendButton", "speedReadout", "memoryReadout", "menuButton", "networkReadout"):
        widget = window.findChild(object, name)
        assert window.rect().contains(widget.rect().translated(widget.mapTo(window, QPoint()))), name
        assert widget.height() >= widget.minimumSizeHint().height(), name
    assert window.transcript.horizontalScrollBar().maximum() == 0


def test_scrolling_up_during_a_reply_stays_and_jump_comes_back(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["\n\n".join(f"Paragraph {n}." for n in range(300))], token_seconds=0.004)
    _say(window, "Go on")
    transcript = window.transcript
    bar = transcript.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 400)
    assert bar.value() == bar.maximum()
    QTest.keyClick(transcript, Qt.Key.Key_PageUp)
    bar.setValue(100)
    jump = _button(window, "jumpButton")
    assert jump.isVisible()
    longer = bar.maximum() + 200
    qtbot.waitUntil(lambda: bar.maximum() > longer)
    assert bar.value() == 100
    qtbot.mouseClick(jump, Qt.MouseButton.LeftButton)
    assert not jump.isVisible()
    longer = bar.maximum() + 100
    qtbot.waitUntil(lambda: bar.maximum() > longer)
    assert bar.value() == bar.maximum()
    window.chat.stop()
    qtbot.waitUntil(lambda: _done(window))


def test_the_column_is_as_wide_as_it_should_be_after_a_time_behind_the_greeting(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["Fine."])
    window.grab()  # lays out what is hidden, too: with a scroll bar, which goes unseen
    _say(window, "Hello")
    qtbot.waitUntil(lambda: _done(window))
    margins = window.transcript.document().rootFrame().frameFormat()
    column = window.transcript.viewport().width() - margins.leftMargin() - margins.rightMargin()
    assert column == pytest.approx(window.transcript.column.width, abs=1)


def test_a_reply_is_written_again_in_a_conversation_that_scrolls(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=[LONG, LONG, LONG, LONG, "Another one."], context_size=1000)
    for text in ("a", "b", "c", "d"):
        _say(window, text)
        qtbot.waitUntil(lambda: _done(window))
    assert window.transcript.verticalScrollBar().maximum() > 0
    assert _text(window).count("can't see messages above") == 1
    QTest.keyClick(_composer(window), Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: _done(window) and "Another one." in _text(window))
    assert _text(window).count("can't see messages above") == 1
    window.transcript.delete_requested.emit(window.session.path[2].id)
    assert "can't see messages above" not in _text(window)


def test_a_selection_survives_streaming(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=[LONG], token_seconds=0.005)
    _say(window, "Count")
    qtbot.waitUntil(lambda: "word20" in _text(window))
    cursor = window.transcript.textCursor()
    start = _text(window).index("word5")
    cursor.setPosition(start)
    cursor.setPosition(start + 12, QTextCursor.MoveMode.KeepAnchor)
    window.transcript.setTextCursor(cursor)
    selected = cursor.selectedText()
    window.transcript.setTextCursor(cursor)
    qtbot.waitUntil(lambda: "word120" in _text(window))
    assert window.transcript.textCursor().selectedText() == selected
    window.chat.stop()
    qtbot.waitUntil(lambda: _done(window))


def test_copying_keeps_list_marks_and_leaves_the_numbers_out(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["Two:\n\n1. one\n2. two\n   - deep\n\n|a|b|\n|-|-|\n|1|2|"])
    _say(window, "List")
    qtbot.waitUntil(lambda: _done(window))
    window.transcript.selectAll()
    window.transcript.copy()
    assert QGuiApplication.clipboard().text() == "List\nTwo:\n1. one\n2. two\n  ◦ deep\na\tb\n1\t2"


def test_code_offers_copy_under_the_pointer(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["Look:\n\n```python\nif x:\n    go()\n```\n\nDone."])
    _say(window, "Code")
    qtbot.waitUntil(lambda: _done(window))
    transcript = window.transcript
    cursor = transcript.document().find("go()")
    middle = transcript.cursorRect(cursor).center()
    qtbot.mouseMove(transcript.viewport(), middle)
    copy = transcript.findChild(QToolButton, "copyCodeButton")
    qtbot.waitUntil(copy.isVisible)
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "if x:\n    go()"
    assert copy.text() == "Copied"


def test_a_link_is_opened_only_after_asking(
    qtbot: QtBot, make_window: WindowMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        "tern.ui.shared.links.QDesktopServices.openUrl", lambda url: opened.append(url.toString())
    )
    window = make_window(replies=["See [this](https://example.org/a) and [that](file:///etc/passwd)."])
    _say(window, "Link")
    qtbot.waitUntil(lambda: _done(window))
    window.transcript.link_activated.emit("https://example.org/a")
    assert window.notice.isVisible()
    assert "https://example.org/a" in window.notice.message
    assert opened == []
    qtbot.mouseClick(_button(window, "noticeButton"), Qt.MouseButton.LeftButton)
    assert opened == ["https://example.org/a"]
    window.transcript.link_activated.emit("file:///etc/passwd")
    assert not _button(window, "noticeButton").isVisible()


def test_changing_the_look_during_a_reply_loses_nothing(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme
) -> None:
    window = make_window(replies=[LONG + "\n\n- a\n- b\n\n```\ncode\n```"], token_seconds=0.002)
    _say(window, "Count")
    qtbot.waitUntil(lambda: "word20" in _text(window))
    theme.set_mode(Mode.DARK)
    theme.set_scale(1.3)
    qtbot.waitUntil(lambda: _done(window))
    assert LONG in _text(window)
    assert "code" in _text(window)
    assert theme.dark


def test_closing_during_a_reply_ends_the_engine(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine([LONG], token_seconds=0.02)
    window = make_window(engine)
    _say(window, "Count")
    qtbot.waitUntil(lambda: "word1" in _text(window))
    window.close()
    assert engine.closed


def test_a_selection_may_begin_in_one_message_and_end_within_another(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["Some text.\n\n```\nfirst\nsecond\n```\n\nMore."])
    _say(window, "A question")
    qtbot.waitUntil(lambda: _done(window))
    cursor = window.transcript.textCursor()
    cursor.setPosition(_text(window).index("question"))
    cursor.setPosition(_text(window).index("ond"), QTextCursor.MoveMode.KeepAnchor)
    window.transcript.setTextCursor(cursor)
    window.transcript.copy()
    assert QGuiApplication.clipboard().text() == "question\nSome text.\nfirst\nsec"


def test_no_speed_greets_and_none_of_another_chat_stands_beside_a_new_one(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["word " * 40], token_seconds=0.01)
    speed, memory = (window.findChild(QLabel, name) for name in ("speedReadout", "memoryReadout"))
    qtbot.waitUntil(memory.isVisible)
    place = memory.mapTo(window, QPoint())
    assert not speed.isVisible()
    _say(window, "Go")
    qtbot.waitUntil(lambda: _done(window))
    assert speed.isVisible()
    assert float(speed.text().split("\u2009")[0]) > 0
    assert memory.mapTo(window, QPoint()) == place, "its coming moves nothing"
    window.conversations.new()
    assert not speed.isVisible()
    assert not window.readouts._spark.isVisible()
    window.conversations.show(window.store.summaries()[0].id)
    assert speed.isVisible()


def test_the_pin_action_says_what_it_would_do(make_window: WindowMaker) -> None:
    store = Store.in_memory()
    number = store.create("A chat", Manner())
    window = make_window(store=store)
    action = window.actions_["pin"]
    assert action.text() == "Pin this chat"
    window.conversations.show(number)
    action.trigger()
    assert action.text() == "Unpin this chat"
    window.conversations.new()
    assert action.text() == "Pin this chat"


def test_the_way_down_stands_beside_the_text_where_there_is_room(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["A line of a long reply.\n\n" * 80])
    window.resize(1400, 700)
    window.chat.send("Write a lot")
    qtbot.waitUntil(lambda: not window.session.busy)
    window.transcript.verticalScrollBar().setValue(0)
    jump, column = _button(window, "jumpButton"), window.transcript.column
    assert jump.isVisible()
    assert jump.x() >= column.left + column.width
    window.resize(520, 600)
    QApplication.processEvents()
    assert jump.geometry().right() <= window.transcript.viewport().width()
