"""Open, reached and marked: three states of the list, and what is done with several conversations at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from tern.chat.types import Hit, Summary
from tern.ui.sidebar.conversation_model import OPEN, date_text
from tern.ui.window.main_window import MainWindow

from ..composing import CONTROL, SHIFT
from ..conftest import WindowMaker
from .test_sidebar import filled, reached, rows


def _place(window: MainWindow, title: str) -> QPoint:
    view = window.sidebar.list
    return view.visualRect(view.model().index(rows(window).index(title), 0)).center()


def _click(
    window: MainWindow, title: str, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.mouseClick(window.sidebar.list.viewport(), Qt.MouseButton.LeftButton, keys, _place(window, title))


def opened(window: MainWindow) -> list[str]:
    """What the list shows as open."""
    model = window.sidebar.list.model()
    return [row for n, row in enumerate(rows(window)) if model.index(n, 0).data(OPEN)]


def marked(window: MainWindow) -> list[str]:
    return [window.store.summary(number).title for number in window.sidebar.list.marked]


@contextmanager
def _menu_of(window: MainWindow, title: str) -> Iterator[dict[str, object]]:
    """What a right click offers, by its words."""
    view, place = window.sidebar.list, _place(window, title)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.RightButton, pos=place)
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, view.viewport().mapToGlobal(place))
    QApplication.sendEvent(view.viewport(), asked)
    menu = next(menu for menu in window.sidebar.findChildren(QMenu) if menu.isVisible())
    yield {action.text(): action for action in menu.actions() if action.text()}
    menu.close()


pytestmark = [pytest.mark.slow, pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)]


def test_a_right_click_a_pin_and_a_deletion_leave_the_open_one_open(make_window: WindowMaker) -> None:
    window = make_window(store=filled("D", "C", "B", "A"))
    _click(window, "B")
    assert opened(window) == ["B"]
    with _menu_of(window, "C") as offered:
        assert (opened(window), reached(window)) == (["B"], "B")
        assert list(offered) == ["Open", "Rename", "Pin", "Export…", "Delete"]
        offered["Pin"].trigger()  # type: ignore[attr-defined]
    assert rows(window) == ["[Pinned]", "C", "[Today]", "A", "B", "D"]
    assert (opened(window), reached(window)) == (["B"], "B")
    with _menu_of(window, "C") as offered:
        assert "Unpin" in offered
    with _menu_of(window, "D") as offered:
        offered["Delete"].trigger()  # type: ignore[attr-defined]
    assert rows(window) == ["[Pinned]", "C", "[Today]", "A", "B"]
    assert (opened(window), reached(window)) == (["B"], "B")
    assert window.header._full_title == "B"


def test_arrows_move_the_keys_and_not_what_is_open(make_window: WindowMaker) -> None:
    window = make_window(store=filled("C", "B", "A"))
    _click(window, "A")
    window.sidebar.list.setFocus()
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Down)
    assert (opened(window), reached(window)) == (["A"], "B")
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Return)
    assert opened(window) == ["B"]


def test_the_row_under_the_pointer_has_a_button_with_its_menu(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=filled("B", "A"))
    more = window.findChild(QToolButton, "rowMenuButton")
    assert not more.isVisible()
    view = window.sidebar.list
    qtbot.mouseMove(view.viewport(), _place(window, "B") + QPoint(0, 1))
    qtbot.mouseMove(view.viewport(), _place(window, "B"))
    assert more.isVisible()
    assert view.visualRect(view.model().index(rows(window).index("B"), 0)).contains(more.geometry())
    assert "B" in more.accessibleName()
    assert not opened(window)
    qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    menu = next(menu for menu in window.sidebar.findChildren(QMenu) if menu.isVisible())
    assert not opened(window), "the button opens the menu and nothing else"
    next(action for action in menu.actions() if action.text() == "Delete").trigger()
    menu.close()
    assert rows(window) == ["[Today]", "A"]


def test_the_menu_key_asks_for_the_row_that_is_reached(make_window: WindowMaker) -> None:
    window = make_window(store=filled("B", "A"))
    view = window.sidebar.list
    view.setFocus()
    view.reach(rows(window).index("B"))
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), view.mapToGlobal(QPoint(1, 1)))
    QApplication.sendEvent(view, asked)
    menu = next(menu for menu in window.sidebar.findChildren(QMenu) if menu.isVisible())
    next(action for action in menu.actions() if action.text() == "Pin").trigger()
    menu.close()
    assert rows(window) == ["[Pinned]", "B", "[Today]", "A"]


def test_ctrl_and_shift_mark_several_and_one_act_is_for_all(make_window: WindowMaker) -> None:
    window = make_window(store=filled("E", "D", "C", "B", "A"))
    _click(window, "A")
    _click(window, "C", CONTROL)
    _click(window, "D", CONTROL)
    assert (opened(window), marked(window)) == (["A"], ["A", "C", "D"])
    with _menu_of(window, "C") as offered:
        assert list(offered) == ["Pin", "Export…", "Delete 3 chats"]
        offered["Pin"].trigger()  # type: ignore[attr-defined]
    assert rows(window) == ["[Pinned]", "A", "C", "D", "[Today]", "B", "E"]
    assert opened(window) == ["A"]
    _click(window, "C")
    _click(window, "B", SHIFT)
    assert marked(window) == ["C", "D", "B"]
    with _menu_of(window, "E") as offered:
        assert "Delete" in offered, "of the row that was asked about, which is none of these"
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Delete)
    assert rows(window) == ["[Pinned]", "A", "[Today]", "E"]
    assert window.notice.message == "3 chats were deleted."
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Z, CONTROL)
    assert rows(window) == ["[Pinned]", "A", "C", "D", "[Today]", "B", "E"]
    assert opened(window) == ["C"], "it was open when it was deleted"


def test_shift_and_arrows_and_ctrl_a_mark_several_and_escape_unmarks(make_window: WindowMaker) -> None:
    window = make_window(store=filled("C", "B", "A"))
    _click(window, "A")
    view = window.sidebar.list
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Down, SHIFT)
    assert marked(window) == ["A", "B"]
    QTest.keyClick(view, Qt.Key.Key_A, CONTROL)
    assert marked(window) == ["A", "B", "C"]
    window.conversations.list_all()
    assert marked(window) == ["A", "B", "C"], "a list that is filled anew leaves them marked"
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert marked(window) == ["B"]
    assert opened(window) == ["A"]


def test_several_are_exported_into_one_file(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(store=filled("C", "B", "A"))
    asked: list[str] = []
    path = tmp_path / "two.md"

    def ask(parent: object, title: str, then: object) -> None:
        asked.append(title)
        then(path, None)  # type: ignore[operator]

    monkeypatch.setattr("tern.ui.window.transfer.ask_where_to", ask)
    _click(window, "A")
    _click(window, "C", CONTROL)
    with _menu_of(window, "A") as offered:
        offered["Export…"].trigger()  # type: ignore[attr-defined]
    assert asked == ["Conversations"]
    text = path.read_text(encoding="utf-8")
    assert ("about A" in text, "about B" in text, "about C" in text) == (True, False, True)


def test_in_a_narrow_window_escape_and_a_new_chat_close_the_sidebar(make_window: WindowMaker) -> None:
    window = make_window(store=filled("A"))
    window.resize(600, 500)
    for keys in ((Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_N, CONTROL)):
        QTest.keyClick(window, Qt.Key.Key_Backslash, CONTROL)
        assert window.sidebar.isVisible()
        QTest.keyClick(window.composer.editor, *keys)
        assert not window.sidebar.isVisible()


def test_dates_are_said_where_nothing_else_says_them() -> None:
    today = dt.date(2026, 11, 26)

    def said(*day: int, recent: bool = False) -> str:
        return date_text(dt.datetime(*day).timestamp(), today, recent)  # type: ignore[arg-type]

    assert [said(2026, 11, 26, 9, 5), said(2026, 11, 25, 9, 5)] == ["", ""], "the heading says it"
    assert "9:05" in said(2026, 11, 26, 9, 5, recent=True)
    assert said(2026, 11, 25, 9, 5, recent=True) == "Yesterday"
    assert [said(2026, 11, 22, 9), said(2026, 11, 3, 9), said(2025, 3, 9, 9)] == [
        "Sun",
        "3 Nov",
        "9 Mar 2025",
    ]


def test_a_row_tells_a_screen_reader_whether_it_is_open(make_window: WindowMaker) -> None:
    window = make_window(store=filled("B", "A"))
    _click(window, "B")
    model = window.sidebar.list.model()
    told = [model.index(n, 0).data(Qt.ItemDataRole.AccessibleTextRole) for n in range(model.rowCount())]
    assert told == ["Today", "A", "B, open"]
    hit = Hit(Summary(2, "A", 0.0), 3, "a passage", ())
    window.sidebar.search.setText("passage")
    window.sidebar.show_hits([hit])
    assert model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "A, a passage"
