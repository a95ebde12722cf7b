"""Deleting that forgives: the bar, Ctrl+Z, the list of what was deleted lately, and what is gone for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tern.chat.store import Store
from tern.chat.types import State
from tern.settings import KEEP_DELETED, Settings
from tern.ui.window.main_window import MainWindow

from ..composing import CONTROL, exchange, shown_text
from ..conftest import WindowMaker
from ..sidebar.test_sidebar import filled, reach, rows

pytestmark = pytest.mark.slow

RARE = "quizzaciously"
DAY_S = 24 * 3600


def _number(window: MainWindow, title: str) -> int:
    return next(one.id for one in window.store.summaries() if one.title == title)


def _press(qtbot: QtBot, window: MainWindow, name: str) -> None:
    button = next(each for each in window.findChildren(QWidget, name) if each.isVisible())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def _undo(window: MainWindow) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Z, CONTROL)


def _listed(window: MainWindow) -> list[str]:
    """The rows of the page of what was deleted."""
    view = window.findChild(QListWidget, "deletedList")
    return [view.item(n).data(Qt.ItemDataRole.AccessibleTextRole) for n in range(view.count())]


def _end_undo(window: MainWindow) -> None:
    """The ten seconds are over."""
    for timer in (window.notice._timer, window.conversations.deletions._forgetting):
        if timer.isActive():
            timer.timeout.emit()


# Ctrl+Z


def test_ctrl_z_undoes_text_first_and_then_the_deletion(make_window: WindowMaker) -> None:
    window = make_window(store=filled("B", "A"))
    window.conversations.delete(_number(window, "A"))
    QTest.keyClicks(window.composer.editor, "abc")
    _undo(window)
    assert (window.composer.text, rows(window)) == ("", ["[Today]", "B"])
    _undo(window)
    assert rows(window) == ["[Today]", "A", "B"]
    assert not window.notice.isVisible(), "what it offered is done"
    assert not window.actions_["undo"].isEnabled()


def test_ctrl_z_restores_when_the_bar_is_long_gone(make_window: WindowMaker) -> None:
    window = make_window(store=filled("B", "A"))
    window.conversations.show(_number(window, "A"))
    window.conversations.delete_shown()
    _end_undo(window)
    assert not window.notice.isVisible()
    window.conversations.show(_number(window, "B"))
    _undo(window)
    assert rows(window) == ["[Today]", "A", "B"]
    assert "about A" in shown_text(window)


def test_what_was_done_since_is_not_jumped_over(qtbot: QtBot, make_window: WindowMaker) -> None:
    def rename(window: MainWindow) -> None:
        window.conversations.rename(_number(window, "B"), "C")

    def pin(window: MainWindow) -> None:
        window.conversations.pin(_number(window, "B"), True)

    def send(window: MainWindow) -> None:
        exchange(qtbot, window, "Hello")

    for act in (rename, pin, send):
        window = make_window(store=filled("B", "A"))
        window.conversations.delete(_number(window, "A"))
        act(window)
        before = rows(window)
        _undo(window)
        assert rows(window) == before, act
        assert window.findChild(QPushButton, "noticeButton").isVisible(), "the bar offers it still"


def test_ctrl_z_brings_messages_back_too(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One.", "Two."])
    exchange(qtbot, window, "First")
    exchange(qtbot, window, "Second")
    window.transcript.delete_requested.emit(window.session.path[2].id)
    assert "Second" not in shown_text(window)
    _undo(window)
    assert "Two." in shown_text(window)
    window.transcript.delete_requested.emit(window.session.path[2].id)
    window.conversations.new()
    assert not window.actions_["undo"].isEnabled(), "they are another conversation's"


def test_from_the_search_field_too(make_window: WindowMaker) -> None:
    window = make_window(store=filled("B", "A"))
    window.conversations.delete(_number(window, "A"))
    window.sidebar.search.setFocus()
    _undo(window)
    assert rows(window) == ["[Today]", "A", "B"]


# The bar


def test_the_bar_waits_while_the_pointer_is_over_it_or_the_keys_are_in_it(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(store=filled("B", "A"))
    window.conversations.delete(_number(window, "A"))
    bar = window.notice
    bar.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    bar._timer.timeout.emit()
    assert bar.isVisible()
    bar.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    bar.focus_button()
    bar._timer.timeout.emit()
    assert bar.isVisible()
    assert bar._timer.isActive(), "it looks again"
    window.composer.editor.setFocus()
    bar._timer.timeout.emit()
    assert not bar.isVisible()


def test_deletions_within_the_ten_seconds_are_undone_together(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=filled("C", "B", "A"))
    reach(window, "A")
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Delete)
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Delete)
    assert window.notice.message == "2 chats were deleted."
    _press(qtbot, window, "noticeButton")
    assert rows(window) == ["[Today]", "A", "B", "C"]


# Recently deleted


def _open_page(qtbot: QtBot, window: MainWindow) -> QListWidget:
    _press(qtbot, window, "sidebar-deleted")
    view = window.findChild(QListWidget, "deletedList")
    assert view.isVisible()
    return view


def test_what_was_deleted_is_listed_and_restored(qtbot: QtBot, make_window: WindowMaker) -> None:
    store = filled("C", "B", "A")
    window = make_window(store=store)
    entry = window.findChild(QToolButton, "sidebar-deleted")
    assert not entry.isVisible(), "there is nothing to restore"
    now = store.now
    for title, days in (("C", 3), ("B", 1)):
        store.now = lambda days=days: now() - days * DAY_S  # type: ignore[misc]
        window.conversations.delete(_number(window, title))
    store.now = now
    window.conversations.delete(_number(window, "A"))
    assert entry.isVisible()
    view = _open_page(qtbot, window)
    assert _listed(window) == ["A, Deleted today", "B, Deleted yesterday", "C, Deleted 3 days ago"]
    view.setCurrentRow(2)
    _press(qtbot, window, "restoreButton")
    assert rows(window)[-1] == "C"
    assert len(_listed(window)) == 2
    assert view.isVisible(), "the page stays, for the next"
    view.selectAll()
    _press(qtbot, window, "restoreButton")
    assert len(rows(window)) == 4
    assert not entry.isVisible()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert window.composer.isVisible()


def test_one_is_read_before_it_is_restored_with_keys_alone(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=filled("B", "A"))
    window.conversations.delete(_number(window, "A"))
    window.actions_["deleted"].trigger()
    assert QApplication.focusWidget() is window.findChild(QListWidget, "deletedList")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    reading = window.findChild(QWidget, "deletedTranscript")
    assert reading.isVisible()
    assert "about A" in reading.toPlainText()  # type: ignore[attr-defined]
    assert QApplication.focusWidget() is reading
    QTest.keyClick(reading, Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is window.findChild(QListWidget, "deletedList")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    button = next(each for each in window.findChildren(QPushButton, "restoreButton") if each.isVisible())
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert rows(window) == ["[Today]", "A", "B"]


def test_a_chat_that_is_chosen_takes_the_place_of_the_page(qtbot: QtBot, make_window: WindowMaker) -> None:
    acts: list[Callable[[MainWindow], object]] = [
        lambda window: window.conversations.show(_number(window, "B")),
        lambda window: window.actions_["new"].trigger(),
        lambda window: window.actions_["private"].trigger(),
    ]
    for act in acts:
        window = make_window(store=filled("B", "A"))
        window.conversations.show(_number(window, "B"))
        window.conversations.delete(_number(window, "A"))
        view = _open_page(qtbot, window)
        act(window)
        assert not view.isVisible()
        assert window.composer.isVisible()


@pytest.mark.parametrize("name", ["eraseButton", "emptyButton"])
def test_deleting_now_asks_once_and_leaves_no_word_in_the_file(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, name: str
) -> None:
    store = Store.open(tmp_path)
    number = store.create(f"{RARE} title")
    store.add(number, [("user", f"{RARE}, she said", State.DONE)], None)
    window = make_window(store=store)
    window.conversations.delete(number)
    view = _open_page(qtbot, window)
    _press(qtbot, window, name)
    page = window.findChild(QWidget, "deletedPage")
    assert "for good" in page.notice.message  # type: ignore[attr-defined]
    assert view.count() == 1, "it has only been asked"
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not page.notice.isVisible()  # type: ignore[attr-defined]
    _press(qtbot, window, name)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert view.count() == 0
    qtbot.waitUntil(lambda: not window.conversations.deletions._erasing)
    assert store.deleted() == []
    assert not window.actions_["undo"].isEnabled(), "there is nothing to bring back"
    window.close()
    store.close()
    held = [
        each.name for each in tmp_path.rglob("*") if each.is_file() and RARE.encode() in each.read_bytes()
    ]
    assert held == []


# Forget at once


def _forgetting(make_window: WindowMaker, tmp_path: Path) -> MainWindow:
    settings = Settings()
    settings[KEEP_DELETED] = 0
    store = Store.open(tmp_path)
    store.create("B")
    store.create("A")
    return make_window(store=store, settings=settings)


def test_where_nothing_is_kept_a_deletion_is_final_after_the_time_to_undo(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    window = _forgetting(make_window, tmp_path)
    window.conversations.delete(_number(window, "A"))
    assert not window.findChild(QToolButton, "sidebar-deleted").isVisible(), "no such list is offered"
    window.notice.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    _end_undo(window)
    assert len(window.store.deleted()) == 1, "the bar waits, and so does this"
    window.notice.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    _end_undo(window)
    qtbot.waitUntil(lambda: window.store.deleted() == [])
    _undo(window)
    assert [one.title for one in window.store.summaries()] == ["B"]
    window.close()
    window.store.close()


def test_undone_in_time_it_is_not_forgotten(make_window: WindowMaker, tmp_path: Path) -> None:
    window = _forgetting(make_window, tmp_path)
    window.conversations.delete(_number(window, "A"))
    _undo(window)
    _end_undo(window)
    assert [one.title for one in window.store.summaries()] == ["A", "B"]
    assert not window.conversations.deletions._erasing
    window.close()
    window.store.close()


def test_all_chats_go_from_the_settings_and_come_back(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=filled("C", "B", "A"))
    window.settings_controller.show_setting(KEEP_DELETED)
    page = window.settings_controller.page
    assert page is not None
    _press(qtbot, window, "deleteAllChats")
    assert not page.isVisible(), "the bar that undoes it is in view"
    assert not window.store.summaries()
    _undo(window)
    assert len(window.store.summaries()) == 3


def test_the_page_has_one_title_and_one_way_back(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=filled("B", "A"))
    window.conversations.delete(_number(window, "A"))
    view = _open_page(qtbot, window)

    def ways_back() -> list[str]:
        buttons = window.findChildren(QWidget)
        return [each.objectName() for each in buttons if each.isVisible() and each.accessibleName() == "Back"]

    assert ways_back() == ["backButton"]
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert ways_back() == ["backButton", "deletedBack"], "from the chat to the list"
