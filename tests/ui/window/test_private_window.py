"""The private chat in the window: said so, in no list, come back to, and gone after one question."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from tern.chat.store import Store
from tern.settings import Settings
from tern.ui.window.main_window import MainWindow

from ..composing import CONTROL, SHIFT, drop, exchange, idle, say, shown_text
from ..conftest import WindowMaker
from ..sidebar.test_sidebar import filled, rows

pytestmark = pytest.mark.slow

RARE = "quizzaciously"
LONG = " ".join(f"word{number}" for number in range(200))
QUESTION = "The private chat will be gone for good."


def _begin(window: MainWindow) -> None:
    QTest.keyClick(window.composer.editor, Qt.Key.Key_N, CONTROL | SHIFT)


def _is_private(window: MainWindow) -> bool:
    """Whether the window says so, everywhere."""
    said = [window.findChild(QWidget, name).isVisible() for name in ("privateIcon", "privateLine")]
    said.append(window.header._full_title == "Private chat")
    assert len(set(said)) == 1, said
    return said[0]


def _press(qtbot: QtBot, window: MainWindow, name: str) -> None:
    qtbot.mouseClick(window.findChild(QWidget, name), Qt.MouseButton.LeftButton)


def _end(window: MainWindow) -> None:
    """So that the window closes without a question."""
    window.conversations.end_private()
    window.conversations.end_private()


def test_it_says_so_and_stands_in_no_list(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["Indeed."], store=filled("A"))
    window.conversations.show(window.store.summaries()[0].id)
    assert not _is_private(window)
    _begin(window)
    assert _is_private(window)
    assert QApplication.focusWidget() is window.composer.editor
    assert (
        window.findChild(QLabel, "privateLine").text()
        == "Private: nothing is saved. It is gone when you close it."
    )
    exchange(qtbot, window, RARE)
    assert "Indeed." in shown_text(window)
    assert _is_private(window)
    assert rows(window) == ["[Today]", "A"]
    assert not any(window.actions_[name].isEnabled() for name in ("rename", "pin", "export", "delete"))
    window.sidebar.search.setText(RARE)
    window.conversations.search_for(RARE)
    assert rows(window) == []
    window.show_palette()
    listed = window.palette_.findChild(QWidget, "paletteList")
    assert all(RARE not in listed.item(n).text() for n in range(listed.count()))  # type: ignore[attr-defined]
    window.palette_.hide()
    _end(window)
    assert not _is_private(window)


def test_the_way_back_stands_at_the_foot_of_the_sidebar(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=[LONG], token_seconds=0.002, store=filled("A"))
    _begin(window)
    say(window, "Count")
    qtbot.waitUntil(lambda: "word5" in shown_text(window))
    QTest.keyClicks(window.composer.editor, "not sent")
    chip = window.findChild(QWidget, "privateChatButton")
    assert not chip.isVisible(), "it is on show"
    window.conversations.show(window.store.summaries()[0].id)
    assert chip.isVisible()
    assert not _is_private(window)
    assert window.composer.text == ""
    _press(qtbot, window, "privateChatButton")
    assert _is_private(window)
    assert window.composer.text == "not sent"
    qtbot.waitUntil(lambda: "word199" in shown_text(window) and idle(window))
    window.conversations.show(window.store.summaries()[0].id)
    _begin(window)
    assert "word199" in shown_text(window), "there is one, and this is the way to it"
    window.conversations.show(window.store.summaries()[0].id)
    _press(qtbot, window, "privateChatEnd")
    assert window.notice.message == QUESTION
    assert _is_private(window), "one sees what one would lose"
    _press(qtbot, window, "noticeButton")
    assert not _is_private(window)
    assert not chip.isVisible()


def test_an_empty_one_goes_without_a_question(make_window: WindowMaker) -> None:
    window = make_window(store=filled("A"))
    _begin(window)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_N, CONTROL)
    assert not _is_private(window)
    assert not window.notice.isVisible()


def test_a_new_chat_asks_once_and_can_be_declined(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["Indeed."], store=filled("A"))
    _begin(window)
    exchange(qtbot, window, "Hello")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_N, CONTROL)
    assert (window.notice.message, _is_private(window)) == (QUESTION, True)
    _press(qtbot, window, "noticeClose")
    assert _is_private(window)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_N, CONTROL)
    assert QApplication.focusWidget() is window.findChild(QWidget, "noticeButton")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_N, CONTROL)
    assert not _is_private(window), "asked for twice, it is done"
    assert shown_text(window).strip() == ""
    assert not window.notice.isVisible()


def test_closing_the_window_asks_once(qtbot: QtBot, make_window: WindowMaker) -> None:
    for answer in ("noticeButton", "again"):
        window = make_window(replies=["Indeed."], store=filled("A"))
        _begin(window)
        exchange(qtbot, window, "Hello")
        window.conversations.show(window.store.summaries()[0].id)
        window.close()
        assert window.isVisible()
        assert (window.notice.message, _is_private(window)) == (QUESTION, True)
        if answer == "again":
            window.close()
        else:
            _press(qtbot, window, answer)
        assert not window.isVisible()


def test_closed_while_its_reply_runs_it_is_gone_when_that_has_ended(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=[LONG], token_seconds=0.005, store=filled("A"))
    _begin(window)
    say(window, "Count")
    qtbot.waitUntil(lambda: "word5" in shown_text(window))
    store = window.session.store
    _end(window)
    qtbot.waitUntil(lambda: not window.queue.busy)
    qtbot.waitUntil(lambda: store.is_closed)
    assert rows(window) == ["[Today]", "A"]


def test_the_next_start_and_the_drafts_know_nothing_of_it(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    store, settings = Store.open(tmp_path), Settings()
    window = make_window(replies=["One."], store=store, settings=settings)
    exchange(qtbot, window, "Ordinary")
    window.conversations.new()
    QTest.keyClicks(window.composer.editor, "an ordinary draft")
    _begin(window)
    assert window.composer.text == "", "what is written for a new chat stays with that"
    (tmp_path / "attached.txt").write_text(f"{RARE} in a file")
    drop(window, tmp_path / "attached.txt")
    qtbot.waitUntil(lambda: not window.composer.shelf.reading)
    exchange(qtbot, window, RARE)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Up)
    QTest.keyClicks(window.composer.editor, f" {RARE} again")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Escape)
    QTest.keyClicks(window.composer.editor, f"{RARE} not sent")
    window.chat.drafts.keep()
    window.conversations.look_again()
    assert _is_private(window)
    window.close()
    window.close()
    (tmp_path / "attached.txt").unlink()
    store.close()
    held = [
        each.name for each in tmp_path.rglob("*") if each.is_file() and RARE.encode() in each.read_bytes()
    ]
    assert held == []
    store = Store.open(tmp_path)
    window = make_window(store=store, settings=settings)
    assert window.composer.text == "an ordinary draft"
    assert rows(window) == ["[Today]", "Ordinary"]
    window.close()
    store.close()
