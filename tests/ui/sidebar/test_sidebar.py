"""The list beside the conversation, while replies come and go: what the person does in it is not disturbed."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from tern.chat.store import Store
from tern.chat.types import State
from tern.ui.sidebar.conversation_model import ROW
from tern.ui.window.main_window import MainWindow

from ..composing import CONTROL, exchange, idle, say, shown_text
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

SOME = " ".join(f"word{number}" for number in range(60))


def filled(*titles: str) -> Store:
    store = Store.in_memory()
    for age, title in enumerate(titles):
        number = store.create(title, created=time.time() - 60 * (len(titles) - age))
        store.now = lambda age=age: time.time() - 60 * (len(titles) - age)  # type: ignore[misc]
        store.add(number, [("user", f"about {title}", State.DONE), ("assistant", "indeed", State.DONE)], None)
    store.now = time.time
    return store


def rows(window: MainWindow) -> list[str]:
    model = window.sidebar.list.model()
    found = [model.index(number, 0).data(ROW) for number in range(model.rowCount())]
    return [row.summary.title if row.summary else f"[{row.heading}]" for row in found]


def reach(window: MainWindow, title: str) -> None:
    """With the keys, without opening it."""
    window.sidebar.list.setFocus()
    window.sidebar.list.reach(rows(window).index(title))


def reached(window: MainWindow) -> str:
    return window.sidebar.list.currentIndex().data(ROW).summary.title


def _begin(qtbot: QtBot, window: MainWindow) -> None:
    say(window, "Count")
    qtbot.waitUntil(lambda: "word5" in shown_text(window))


def test_a_title_is_typed_to_its_end_whatever_ends_meanwhile(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=[SOME], token_seconds=0.005, store=filled("Trains"))
    _begin(qtbot, window)
    reach(window, "Trains")
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_F2)
    editor = window.findChild(QLineEdit, "renameEditor")
    editor.selectAll()
    QTest.keyClicks(editor, "Rail")
    qtbot.waitUntil(lambda: idle(window))
    assert QApplication.focusWidget() is editor
    QTest.keyClicks(editor, "ways")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: rows(window) == ["[Today]", "Count", "Railways"])
    assert window.session.path[0].text == "Count", "renaming opens nothing"


def test_where_the_keys_and_the_wheel_have_got_to_stays(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=[SOME], token_seconds=0.005, store=filled(*(f"N{n}" for n in range(300))))
    _begin(qtbot, window)
    reach(window, "N40")
    bar = window.sidebar.list.verticalScrollBar()
    bar.setValue(3000)
    qtbot.waitUntil(lambda: idle(window))
    assert QApplication.focusWidget() is window.sidebar.list
    assert reached(window) == "N40"
    window.sidebar.list.viewport().repaint()
    assert bar.value() == 3000
    window.area.show_chat()
    assert reached(window) == "Count", "what is on show is marked again"


def test_deleting_with_the_keys_goes_on_to_the_next(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=filled("D", "C", "B", "A"))
    window.conversations.show(window.store.summaries()[0].id)
    reach(window, "B")
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Delete)
    assert (rows(window), reached(window)) == (["[Today]", "A", "C", "D"], "C")
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Delete)
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Delete)
    assert rows(window) == ["[Today]", "A"]


def test_a_reply_that_ends_leaves_the_search_field_its_focus(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=[SOME], token_seconds=0.005, store=filled("Trains"))
    _begin(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(window.sidebar.search, "trai")
    qtbot.waitUntil(lambda: idle(window))
    assert QApplication.focusWidget() is window.sidebar.search
    QTest.keyClicks(window.sidebar.search, "ns")
    qtbot.waitUntil(lambda: rows(window) == ["Trains"])


def test_an_old_conversation_that_is_gone_on_with_moves_up(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=filled("C", "B", "A"))
    (pinned,) = (one.id for one in window.store.summaries() if one.title == "B")
    window.conversations.pin(pinned, True)
    window.conversations.show(next(one.id for one in window.store.summaries() if one.title == "C"))
    exchange(qtbot, window, "More")
    assert rows(window) == ["[Pinned]", "B", "[Today]", "C", "A"]
    shown = [summary.title for summary in window.store.summaries()]
    assert [row for row in rows(window) if not row.startswith("[")] == shown


def test_a_deleted_conversation_stays_away_when_its_reply_ends(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=[SOME], token_seconds=0.005, store=filled("Trains"))
    _begin(qtbot, window)
    window.conversations.delete_shown()
    qtbot.waitUntil(lambda: not window.queue.busy)
    assert rows(window) == ["[Today]", "Trains"]


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_the_menu_of_a_row_is_about_its_conversation_wherever_that_has_gone(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(store=filled("B", "A"))
    view = window.sidebar.list
    place = view.visualRect(view.model().index(rows(window).index("A"), 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.RightButton, pos=place)
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, view.viewport().mapToGlobal(place))
    QApplication.sendEvent(view.viewport(), asked)
    menu = next(menu for menu in window.sidebar.findChildren(QMenu) if menu.isVisible())
    (other,) = (one.id for one in window.store.summaries() if one.title == "B")
    window.store.add(other, [("user", "more", State.DONE)], None)
    window.queue.conversation_changed.emit(other)
    assert rows(window) == ["[Today]", "B", "A"]
    next(action for action in menu.actions() if action.text() == "Rename").trigger()
    menu.close()
    assert window.findChild(QLineEdit, "renameEditor").text() == "A"
