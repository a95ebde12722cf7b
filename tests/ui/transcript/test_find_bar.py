"""Ctrl+F finds in the chat on show, also while a reply is being written, and changes nothing in it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tern.ui.transcript.find_bar import FindBar, matches
from tern.ui.window.main_window import MainWindow

from ..composing import CONTROL, SHIFT, exchange, idle, say
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


def _key(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """To whatever has the keyboard now."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key, modifier)


def _find(window: MainWindow, words: str) -> FindBar:
    _key(Qt.Key.Key_F, CONTROL)
    bar = window.transcript.find_bar
    assert bar.isVisible()
    assert QApplication.focusWidget() is bar.field
    QTest.keyClicks(bar.field, words)
    return bar


def _marked(window: MainWindow) -> list[str]:
    return [mark.cursor.selectedText() for mark in window.transcript.extraSelections()]


def _current(window: MainWindow, bar: FindBar) -> int:
    """Position of the match in the strongest colour."""
    accent = bar._theme.color("accent")
    (mark,) = [
        mark for mark in window.transcript.extraSelections() if mark.format.background().color() == accent
    ]
    return int(mark.cursor.selectionStart())


def test_all_matches_are_marked_and_counted_and_enter_goes_on(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["The tern flies. **Tern**s nest.", "No more of that."])
    exchange(qtbot, window, "Tell me of the tern")
    exchange(qtbot, window, "And?")
    before = window.transcript.toHtml()
    bar = _find(window, "tern")
    assert bar.count.text() == "1 of 3"
    assert sorted(_marked(window)) == ["Tern", "tern", "tern"]
    places = [_current(window, bar)]
    for _ in range(2):
        _key(Qt.Key.Key_Return)
        places.append(_current(window, bar))
    assert places == sorted(set(places))
    assert bar.count.text() == "3 of 3"
    _key(Qt.Key.Key_Return)
    assert bar.count.text() == "1 of 3", "after the last comes the first"
    _key(Qt.Key.Key_Return, SHIFT)
    assert bar.count.text() == "3 of 3"
    _key(Qt.Key.Key_F3)
    assert bar.count.text() == "1 of 3"
    _key(Qt.Key.Key_F3, SHIFT)
    assert bar.count.text() == "3 of 3"
    QTest.mouseClick(bar.previous_button, Qt.MouseButton.LeftButton)
    assert bar.count.text() == "2 of 3"
    assert window.transcript.toHtml() == before
    QTest.keyClicks(bar.field, "x")
    assert bar.count.text() == "No matches"
    assert not bar.next_button.isEnabled()
    assert _marked(window) == []


def test_escape_closes_it_before_it_stops_a_reply_and_gives_the_keyboard_back(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["word " * 400], token_seconds=0.01)
    say(window, "Go")
    qtbot.waitUntil(lambda: "word word" in window.transcript.toPlainText())
    QTest.keyClicks(window.composer.editor, "half a ")
    bar = _find(window, "Go")
    _key(Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert window.session.busy
    assert _marked(window) == []
    _key(Qt.Key.Key_F3)
    _key(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: idle(window))
    assert QApplication.focusWidget() is window.composer.editor
    assert window.composer.text == "half a "


def test_what_a_reply_adds_is_found_while_it_is_written(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["bird " * 300], token_seconds=0.005)
    say(window, "One bird")
    qtbot.waitUntil(lambda: "bird bird" in window.transcript.toPlainText())
    bar = _find(window, "bird")
    here = _current(window, bar)
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 301")
    assert _current(window, bar) == here, "the current match stays the current one"
    qtbot.waitUntil(lambda: idle(window))
    assert set(_marked(window)) == {"bird"}
    _key(Qt.Key.Key_Return, SHIFT)
    assert bar.count.text() == "301 of 301"
    qtbot.waitUntil(lambda: set(_marked(window)) == {"bird"})


def test_only_what_is_in_view_is_coloured_and_the_next_match_comes_into_view(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["needle\n\n" + "hay\n\n" * 400 + "needle"])
    exchange(qtbot, window, "Go")
    view = window.transcript
    qtbot.waitUntil(lambda: view.settled)
    bar = _find(window, "needle")
    first = bar.count.text()
    seen = []
    for _ in range(2):
        _key(Qt.Key.Key_Return)
        (mark,) = view.extraSelections()
        place = view.cursorRect(mark.cursor)
        assert bar.geometry().bottom() < place.top() < place.bottom() < view.viewport().height()
        seen.append(bar.count.text())
    assert set(seen) == {"1 of 2", "2 of 2"}
    assert first in seen


def test_where_nothing_was_said_it_searches_all_chats(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    _key(Qt.Key.Key_F, CONTROL)
    assert QApplication.focusWidget() is window.sidebar.search
    exchange(qtbot, window, "Now there is something")
    _key(Qt.Key.Key_F, CONTROL | SHIFT)
    assert QApplication.focusWidget() is window.sidebar.search


def test_another_chat_closes_it(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    exchange(qtbot, window, "One")
    bar = _find(window, "One")
    _key(Qt.Key.Key_N, CONTROL)
    assert not bar.isVisible()
    assert QApplication.focusWidget() is window.composer.editor


def test_positions_are_those_of_the_document(qtbot: QtBot) -> None:
    document = QTextDocument("😀 Öl, öl\nÖL")
    found = matches(document, "öl")
    assert found == [(3, 5), (7, 9), (10, 12)]
    assert matches(document, "") == matches(document, "l, x") == []


THINKS = "<think>\nThey ask for *terns*.\n\n- gulls\n- terns\n</think>\n\nA bird.\n"


def test_a_word_in_a_folded_thought_is_found_and_enter_opens_the_thought(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=[THINKS, f"{THINKS}\nTerns, surely."])
    exchange(qtbot, window, "Which?")
    exchange(qtbot, window, "And what of terns?")
    bar = _find(window, "terns")
    assert bar.count.text() == "1 of 4", "two folded thoughts, a question, an answer"
    assert sorted(set(_marked(window))) == ["Terns", "terns", "▸ Thought for a moment"]
    assert "They ask" not in window.transcript.toPlainText(), "typing opens nothing"
    _key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 5")
    text = window.transcript.toPlainText()
    assert text.count("They ask") == 1
    assert text.index("They ask") < _current(window, bar) < text.index("gulls")
    _key(Qt.Key.Key_Return)
    _key(Qt.Key.Key_Return)
    assert bar.count.text() == "3 of 5", "the question"
    _key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bar.count.text() == "4 of 6")
    assert window.transcript.toPlainText().count("They ask") == 2
    QTest.keyClicks(bar.field, "!")
    assert bar.count.text() == "No matches"


def test_a_hit_of_the_search_in_all_chats_opens_the_thought_it_stands_in(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=[THINKS])
    exchange(qtbot, window, "Which?")
    window.transcript.reveal(window.transcript.messages[1].item.key, ["gulls"])
    qtbot.waitUntil(lambda: window.transcript.textCursor().selectedText() == "gulls")


def test_what_was_found_stays_in_view_while_the_reply_goes_on(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["bird " * 900], token_seconds=0.002)
    say(window, "One tern")
    bar = _find(window, "tern")
    assert _current(window, bar)
    qtbot.waitUntil(lambda: idle(window))
    assert _current(window, bar), "it was scrolled away"
    assert not window.transcript.following
    _key(Qt.Key.Key_Escape)
    assert window.transcript._jump.isVisible()
