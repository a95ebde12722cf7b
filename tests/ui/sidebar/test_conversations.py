"""Many conversations: the list, switching, searching, branches, undo, and what is there after a restart."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tern.chat.store import Store
from tern.chat.types import State, Summary
from tern.engine.fake_engine import FakeEngine
from tern.settings import Settings
from tern.ui.sidebar.conversation_model import ROW, ConversationModel
from tern.ui.window.main_window import MainWindow

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

LONG = " ".join(f"word{number}" for number in range(200))
CONTROL = Qt.KeyboardModifier.ControlModifier


def _say(window: MainWindow, text: str) -> None:
    QTest.keyClicks(window.composer.editor, text)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)


def _exchange(qtbot: QtBot, window: MainWindow, text: str) -> None:
    _say(window, text)
    qtbot.waitUntil(lambda: not window.session.busy)


def _text(window: MainWindow) -> str:
    return window.transcript.toPlainText()


def _rows(window: MainWindow) -> list[str]:
    model = window.sidebar.list.model()
    rows = [model.index(number, 0).data(ROW) for number in range(model.rowCount())]
    return [row.summary.title if row.summary else f"[{row.heading}]" for row in rows]


def _click_row(qtbot: QtBot, window: MainWindow, title: str) -> None:
    view = window.sidebar.list
    index = view.model().index(_rows(window).index(title), 0)
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())


def _button(window: MainWindow, name: str) -> QWidget:
    return window.findChild(QWidget, name)


def _filled(*titles: str) -> Store:
    store = Store.in_memory()
    for title in titles:
        number = store.create(title)
        store.add(number, [("user", f"about {title}", State.DONE), ("assistant", "indeed", State.DONE)], None)
    return store


def test_conversations_are_listed_by_day_and_opened_by_a_click(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["Blue.", "Bring socks."])
    assert _button(window, "sidebar").isVisible()
    _exchange(qtbot, window, "Why is the sky blue?")
    QTest.keyClick(window, Qt.Key.Key_N, CONTROL)
    assert QApplication.focusWidget() is window.composer.editor
    _exchange(qtbot, window, "Packing list")
    assert _rows(window) == ["[Today]", "Packing list", "Why is the sky blue?"]
    _click_row(qtbot, window, "Why is the sky blue?")
    assert "Blue." in _text(window)
    assert "socks" not in _text(window)
    assert window.header._full_title == "Why is the sky blue?"
    assert QApplication.focusWidget() is window.composer.editor


def test_days_have_names() -> None:
    today = dt.date(2026, 11, 22)
    model = ConversationModel()

    def at(number: int, *day: int, pinned: bool = False) -> Summary:
        return Summary(number, str(number), dt.datetime(*day, 12).timestamp(), pinned)  # type: ignore[arg-type]

    model.show_all(
        [at(1, 2020, 1, 1, pinned=True), at(2, 2026, 11, 22), at(3, 2026, 11, 21), at(4, 2026, 11, 18),
         at(5, 2026, 11, 15), at(6, 2026, 11, 2), at(7, 2025, 12, 31)], set(), today,
    )  # fmt: skip
    headings = [model.index(n).data(ROW).heading for n in range(model.rowCount())]
    assert [heading for heading in headings if heading] == [
        "Pinned", "Today", "Yesterday", "The last seven days", "November", "December 2025",
    ]  # fmt: skip


def test_switching_away_and_back_follows_the_running_reply(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=[LONG], token_seconds=0.005)
    _say(window, "Count")
    qtbot.waitUntil(lambda: "word5" in _text(window))
    window.conversations.new()
    row = window.sidebar.list.model().index(1, 0).data(ROW)
    assert row.busy
    qtbot.waitUntil(lambda: len(window.queue.session(row.summary.id).reply) > 200)
    _click_row(qtbot, window, "Count")
    assert "word20" in _text(window)
    assert window.composer.stop_button.isVisible()
    qtbot.waitUntil(lambda: not window.session.busy)
    assert _text(window).count("word199") == 1
    assert window.store.entries(row.summary.id)[-1].content == LONG


def test_search_shows_passages_and_opens_the_message(qtbot: QtBot, make_window: WindowMaker) -> None:
    store = _filled("Trains", "Planes")
    number = store.create("Long one")
    texts = [("user", f"paragraph {n}\n\n" * 8, State.DONE) for n in range(12)]
    store.add(number, [*texts, ("user", "a kittiwake flies", State.DONE), *texts], None)  # type: ignore[list-item]
    window = make_window(store=store)
    QTest.keyClick(window, Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is window.sidebar.search
    QTest.keyClicks(window.sidebar.search, "kittiw")
    qtbot.waitUntil(lambda: _rows(window) == ["Long one"])
    hit = window.sidebar.list.model().index(0, 0).data(ROW).hit
    assert hit.text[slice(*hit.marks[0])] == "kittiwake"
    QTest.keyClick(window.sidebar.search, Qt.Key.Key_Down)
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Return)
    assert window.transcript.textCursor().selectedText() == "kittiwake"
    place = window.transcript.cursorRect()
    assert window.transcript.viewport().rect().contains(place)
    QTest.keyClick(window, Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(window.sidebar.search, "nowhere")
    qtbot.waitUntil(lambda: window.sidebar._empty.isVisible())
    assert "nowhere" in window.sidebar._empty.text()
    QTest.keyClick(window.sidebar.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(_rows(window)) == 4)


def test_renaming_in_place(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=_filled("Trains"))
    _click_row(qtbot, window, "Trains")
    window.sidebar.list.setFocus()
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_F2)
    editor = window.findChild(QLineEdit, "renameEditor")
    editor.selectAll()
    QTest.keyClicks(editor, "Railways")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Railways" in _rows(window))
    assert window.header._full_title == "Railways"


def test_pinning_moves_to_the_top(make_window: WindowMaker) -> None:
    window = make_window(store=_filled("First", "Second"))
    oldest = window.store.summaries()[-1]
    window.sidebar.pin_requested.emit([oldest.id], True)
    assert _rows(window) == ["[Pinned]", "First", "[Today]", "Second"]


def test_deleting_a_conversation_is_undone_not_confirmed(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=_filled("First", "Second"))
    _click_row(qtbot, window, "First")
    window.sidebar.list.setFocus()
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Delete)
    assert _rows(window) == ["[Today]", "Second"]
    assert QApplication.activeModalWidget() is None
    assert "First" in window.notice.message
    assert (window.notice._timer.isActive(), window.notice._timer.interval()) == (True, 10_000)
    assert _text(window).strip() == ""
    qtbot.mouseClick(_button(window, "noticeButton"), Qt.MouseButton.LeftButton)
    assert "First" in _rows(window)
    assert "about First" in _text(window)


def test_a_restart_finds_everything_as_it_was(qtbot: QtBot, make_window: WindowMaker, tmp_path: Path) -> None:
    settings = Settings()
    store = Store.open(tmp_path)
    window = make_window(replies=["One.", "Two."], store=store, settings=settings)
    _exchange(qtbot, window, "First")
    window.conversations.new()
    _exchange(qtbot, window, "Second")
    _click_row(qtbot, window, "First")
    QTest.keyClicks(window.composer.editor, "not sent yet")
    window.resize(760, 560)
    QTest.keyClick(window, Qt.Key.Key_Backslash, CONTROL)
    window.close()
    store.close()
    store = Store.open(tmp_path)
    window = make_window(store=store, settings=settings)
    assert "One." in _text(window)
    assert window.composer.text == "not sent yet"
    assert (window.width(), window.height()) == (760, 560)
    assert not window.sidebar.isVisible()
    assert "1 token" in _text(window), "with the numbers of its reply"
    window.conversations.new()
    assert window.composer.text == ""
    window.close()
    store.close()


def test_closing_during_a_reply_keeps_it_and_it_can_be_continued(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    store = Store.open(tmp_path)
    window = make_window(replies=[LONG], token_seconds=0.01, store=store)
    _say(window, "Count")
    qtbot.waitUntil(lambda: "word8" in _text(window))
    shown = _text(window).split()
    window.close()
    store.close()
    store = Store.open(tmp_path)
    engine = FakeEngine([" and the rest"])
    window = make_window(engine, store=store)
    assert "Stopped." in _text(window)
    kept = [word for word in _text(window).split() if word.startswith("word")]
    assert len(kept) >= len([word for word in shown if word.startswith("word")])
    go_on = window.findChild(QToolButton, "continueReply")
    qtbot.waitUntil(go_on.isVisible)
    qtbot.mouseClick(go_on, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "and the rest" in _text(window))
    qtbot.waitUntil(lambda: not window.session.busy)
    assert engine.requests[-1].messages[-1].role == "assistant"
    assert len(window.session.path) == 2
    assert not go_on.isVisible()
    window.close()
    store.close()


def test_the_sidebar_hides_in_a_narrow_window_and_lies_over_it_when_asked(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(store=_filled("First"))
    QTest.keyClick(window, Qt.Key.Key_Backslash, CONTROL)
    assert not window.sidebar.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Backslash, CONTROL)
    assert window.sidebar.isVisible()
    window.resize(700, 500)
    assert not window.sidebar.isVisible()
    assert _button(window, "newChatButton").isVisible()
    page = _button(window, "centre").width()
    qtbot.mouseClick(_button(window, "sidebarButton"), Qt.MouseButton.LeftButton)
    assert window.sidebar.isVisible()
    assert _button(window, "centre").width() == page == 700
    _click_row(qtbot, window, "First")
    assert not window.sidebar.isVisible()
    assert "about First" in _text(window)
    window.resize(900, 500)
    assert window.sidebar.isVisible()


def test_regenerating_keeps_both_replies(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["The first.", "The second."])
    window = make_window(engine)
    _exchange(qtbot, window, "Say")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_R, CONTROL)
    qtbot.waitUntil(lambda: "The second." in _text(window) and not window.session.busy)
    assert "The first." not in _text(window)
    assert [message.content for message in engine.requests[-1].messages] == ["Say"]
    back = window.findChild(QToolButton, "previousBranchReply")
    qtbot.waitUntil(back.isVisible)
    assert window.findChild(QWidget, "branchPlaceReply").text() == "2/2"
    qtbot.mouseClick(back, Qt.MouseButton.LeftButton)
    assert "The first." in _text(window)
    qtbot.waitUntil(lambda: window.findChild(QWidget, "branchPlaceReply").text() == "1/2")
    assert not back.isEnabled()


def test_up_edits_the_last_message_and_sends_it_as_a_branch(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["Blue.", "Green."])
    window = make_window(engine)
    _exchange(qtbot, window, "Sky?")
    editor = window.composer.editor
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert window.composer.text == "Sky?"
    assert "editing" in window.notice.message
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert window.composer.text == ""
    QTest.keyClick(editor, Qt.Key.Key_Up)
    editor.selectAll()
    _exchange(qtbot, window, "Grass?")
    assert [message.content for message in engine.requests[-1].messages] == ["Grass?"]
    assert "Green." in _text(window)
    assert "Blue." not in _text(window)
    assert not window.notice.isVisible()
    transcript = window.transcript
    point = transcript.cursorRect(transcript.document().find("Grass?")).center()
    qtbot.mouseMove(transcript.viewport(), point + QPoint(0, 1))
    qtbot.mouseMove(transcript.viewport(), point)
    back = window.findChild(QToolButton, "previousBranchQuestion")
    qtbot.waitUntil(back.isVisible)
    qtbot.mouseClick(back, Qt.MouseButton.LeftButton)
    assert "Blue." in _text(window)


def test_deleting_from_a_message_on_is_undone(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One.", "Two."])
    _exchange(qtbot, window, "First")
    _exchange(qtbot, window, "Second")
    window.transcript.delete_requested.emit(window.session.path[2].id)
    assert "Second" not in _text(window)
    assert window.notice.message == "2 messages deleted."
    qtbot.mouseClick(window.findChild(QPushButton, "noticeButton"), Qt.MouseButton.LeftButton)
    assert "Two." in _text(window)


def test_copying_a_question_from_its_bar(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One."])
    _exchange(qtbot, window, "Copy this")
    transcript = window.transcript
    point = transcript.cursorRect(transcript.document().find("Copy")).center()
    qtbot.mouseMove(transcript.viewport(), point + QPoint(1, 0))
    qtbot.mouseMove(transcript.viewport(), point)
    copy = window.findChild(QToolButton, "copyQuestionButton")
    qtbot.waitUntil(copy.isVisible)
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "Copy this"


def test_a_disk_that_refuses_is_said_and_what_was_written_stays(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    store = Store.open(tmp_path)
    window = make_window(replies=["Fine."], store=store)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    qtbot.waitUntil(lambda: window.queue.info is not None)
    text = "x" * 20_000
    window.composer.editor.setPlainText(text)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Free some space" in window.notice.message)  # a long text is counted first
    assert window.composer.text == text
    store._db.execute("PRAGMA max_page_count = 100000")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Fine." in _text(window))
    qtbot.waitUntil(lambda: not window.session.busy)
    window.close()
    store.close()


@pytest.mark.parametrize("count", [3000])
def test_a_long_list_is_shown_without_drawing_all_of_it(make_window: WindowMaker, count: int) -> None:
    store = Store.in_memory()
    with store.together():
        for number in range(count):
            store.create(f"Conversation {number}", created=time.time() - number * 3600)
    window = make_window(store=store)
    drawn: list[int] = []
    delegate = window.sidebar._delegate
    original = delegate.paint
    delegate.paint = lambda painter, option, index: (
        drawn.append(index.row()),
        original(painter, option, index),
    )  # type: ignore[method-assign]
    window.sidebar.list.viewport().repaint()
    assert 5 < len(set(drawn)) < 60
    assert len([row for row in _rows(window) if not row.startswith("[")]) == count
