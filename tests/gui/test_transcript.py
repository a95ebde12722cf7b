"""The transcript as a widget of its own: what it shows, and what a pointer and keys do in it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QTextBlock, QTextCursor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QScrollBar, QToolButton
from pytestqt.qtbot import QtBot

from tern.chat.attaching import Attachment, Kind
from tern.ui.messages import Item
from tern.ui.theme import Theme
from tern.ui.transcript import Transcript
from tern.ui.wide_code import is_wide, scrolled


def _shown(qtbot: QtBot, theme: Theme, *items: Item, before: bool = False) -> Transcript:
    """``before``: it is filled before it is shown, as at a start."""
    transcript = Transcript(theme)
    qtbot.addWidget(transcript)
    transcript.resize(700, 500)
    if before:
        transcript.show_items(items)
    with qtbot.waitExposed(transcript):
        transcript.show()
    if not before:
        transcript.show_items(items)
    return transcript


def test_a_conversation_shown_at_a_start_stands_as_one_shown_later(qtbot: QtBot, theme: Theme) -> None:
    items = Item(1, True, "Code, please"), Item(2, False, "word " * 3000)
    for before in (True, False):
        transcript = _shown(qtbot, theme, *items, before=before)
        bubble = transcript._messages[0].slot.start.block()
        qtbot.waitUntil(lambda bubble=bubble: bubble.layout().lineCount() == 1)


# Code that is not wrapped

LONG_LINE = "total = " + " + ".join(f"part_{n}" for n in range(40))
CODE = f"Look:\n\n```python\n{LONG_LINE}\nshort = 1\n```\n\nDone."


def _point(qtbot: QtBot, transcript: Transcript, text: str) -> QTextBlock:
    """Move the pointer to ``text``; returns its block."""
    cursor = transcript.document().find(text)
    cursor.setPosition(cursor.selectionStart())
    middle = transcript.cursorRect(cursor).center()
    qtbot.mouseMove(transcript.viewport(), middle + QPoint(3, 0))
    qtbot.mouseMove(transcript.viewport(), middle)
    return cursor.block()


def test_a_code_is_unwrapped_scrolled_sideways_and_wrapped_again(qtbot: QtBot, theme: Theme) -> None:
    transcript = _shown(qtbot, theme, Item(1, True, "Go"), Item(2, False, CODE))
    line = _point(qtbot, transcript, "total")
    wrapped_lines = line.layout().lineCount()
    assert wrapped_lines > 3
    wrap = transcript.findChild(QToolButton, "wrapCodeButton")
    bar = transcript.findChild(QScrollBar, "codeScrollBar")
    qtbot.waitUntil(wrap.isVisible)
    assert not bar.isVisible()
    qtbot.mouseClick(wrap, Qt.MouseButton.LeftButton)
    assert line.layout().lineCount() == 1
    assert is_wide(line)
    assert bar.isVisible()
    assert bar.maximum() > 500
    assert transcript.horizontalScrollBar().maximum() == 0, "the conversation itself stays where it is"
    surface = transcript._grounds.code_rect(line, transcript._column())
    paper = theme.color("paper").name()
    beside = transcript.viewport().grab().toImage()
    middle = transcript.cursorRect(QTextCursor(line)).center().y()
    beyond = range(int(surface.right()) + 2, beside.width() - 12)
    assert {beside.pixelColor(x, middle).name() for x in beyond} == {paper}, (
        "nothing hangs out of its surface"
    )

    bar.setValue(200)
    assert scrolled(line) == scrolled(line.next()) == 200
    assert transcript._grounds.code_rect(line, transcript._column()) == surface
    before = transcript.viewport().grab().toImage()
    assert {before.pixelColor(x, middle).name() for x in range(int(surface.left()) - 1)} == {paper}
    where = QPointF(surface.center().x(), middle)
    event = QWheelEvent(
        where, transcript.viewport().mapToGlobal(where), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ShiftModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(transcript.viewport(), event)
    assert scrolled(line) == 320
    bar.setValue(bar.maximum())
    end = QTextCursor(line)
    end.movePosition(QTextCursor.MoveOperation.EndOfBlock)
    assert transcript.cursorRect(end).right() < surface.right(), "its end can be read"
    transcript.selectAll()
    assert LONG_LINE + "\nshort = 1" in transcript.createMimeDataFromSelection().text()

    qtbot.mouseClick(wrap, Qt.MouseButton.LeftButton)
    assert line.layout().lineCount() == wrapped_lines
    assert transcript._grounds.code_rect(line, transcript._column()) == surface.adjusted(
        0, 0, 0, (wrapped_lines - 1) * line.blockFormat().lineHeight()
    )
    assert not bar.isVisible()


def test_code_that_is_being_written_stays_unwrapped(qtbot: QtBot, theme: Theme) -> None:
    transcript = _shown(qtbot, theme)
    transcript.begin_turn(Item(1, True, "Go"), Item(2, False, ""))
    transcript.append(f"```python\n{LONG_LINE}\n")
    line = _point(qtbot, transcript, "total")
    qtbot.mouseClick(transcript.findChild(QToolButton, "wrapCodeButton"), Qt.MouseButton.LeftButton)
    transcript.append(f"{LONG_LINE}\n{LONG_LINE}\n")
    transcript.append("```\n\nDone")
    for expected in (True, True, True, False):
        assert is_wide(line) == expected
        assert line.layout().lineCount() == 1
        line = line.next()


def test_right_click_offers_what_the_pointer_does(qtbot: QtBot, theme: Theme) -> None:
    transcript = _shown(qtbot, theme, Item(1, True, "Go", place=(2, 3)), Item(2, False, CODE, place=(1, 2)))
    steps: list[tuple[int, int]] = []
    transcript.branch_requested.connect(lambda key, step: steps.append((key, step)))

    def menu(text: str) -> dict[str, object]:
        cursor = transcript.document().find(text)
        offered = transcript._menu(transcript.cursorRect(cursor).center())
        return {action.text(): action for action in offered.actions() if action.text()}

    offered = menu("total")
    assert {"Copy code", "Do not wrap long lines", "Copy reply", "Regenerate", "Next version"} <= set(offered)
    offered["Do not wrap long lines"].trigger()  # type: ignore[attr-defined]
    assert "Wrap long lines" in menu("total")
    assert not offered["Previous version"].isEnabled()  # type: ignore[attr-defined]
    offered["Next version"].trigger()  # type: ignore[attr-defined]
    menu("Go")["Previous version"].trigger()  # type: ignore[attr-defined]
    assert steps == [(2, 1), (1, -1)]
    for open_menu in transcript.findChildren(QMenu):
        open_menu.deleteLater()


# What is attached to a message

NOTES = Attachment("notes.txt", "Some notes.\n", 12_300)
PASTE = Attachment("", "A long text " * 100, 1200, Kind.PASTE)


def test_attachments_are_chips_that_open_and_are_not_copied(qtbot: QtBot, theme: Theme) -> None:
    asked: list[tuple[int, int]] = []
    with_words = Item(1, True, "Sum it up\nin two lines", attachments=(NOTES, PASTE))
    without = Item(3, True, "", attachments=(NOTES,))
    transcript = _shown(qtbot, theme, with_words, Item(2, False, "Yes."), without, Item(4, False, "Again."))
    transcript.attachment_requested.connect(lambda key, number: asked.append((key, number)))
    lines = transcript.toPlainText().split("\n")
    assert lines[1:5] == ["notes.txt · 12\u2009KB", lines[2], "Sum it up", "in two lines"]
    assert lines[2].startswith("Pasted: A long text")
    assert lines.count("notes.txt · 12\u2009KB") == 2
    for text, expected in (("Pasted", (1, 1)), ("notes", (1, 0))):
        place = transcript.cursorRect(transcript.document().find(text)).center()
        QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert asked[-1] == expected
    offered = {action.text(): action for action in transcript._menu(place).actions()}
    offered["Show attachment"].trigger()
    assert asked[-1] == (1, 0)
    transcript.selectAll()
    transcript.copy()
    assert QGuiApplication.clipboard().text() == "Sum it up\nin two lines\nYes.\nAgain."
    narrow = transcript._messages[0].slot.start.block().blockFormat().leftMargin()
    transcript.resize(480, 420)
    assert transcript._messages[0].slot.start.block().blockFormat().leftMargin() < narrow
    bubble = transcript._grounds._bubble_rect(
        transcript._messages[2].slot.start.block(), transcript._column()
    )
    assert bubble.width() > 100, "a bubble of chips alone is as wide as they are"
