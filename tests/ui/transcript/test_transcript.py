"""The transcript as a widget of its own: what it shows, and what a pointer and keys do in it."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent, QTextBlock, QTextCursor, QTextDocument, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QScrollBar, QToolButton, QToolTip
from pytestqt.qtbot import QtBot

from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Entry
from tern.engine.types import Stats
from tern.ui.style.theme import Space, Theme
from tern.ui.transcript.formats import DAY
from tern.ui.transcript.items import Item
from tern.ui.transcript.items_of_session import items_of
from tern.ui.transcript.message_bar import MessageBar
from tern.ui.transcript.tables import overflow, surface, tables_of
from tern.ui.transcript.transcript import Transcript
from tern.ui.transcript.wide_code import is_wide, scrolled


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
        bubble = transcript.messages[0].slot.start.block()
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
    qtbot.waitUntil(lambda: transcript.findChild(QToolButton, "copyCodeInView") is not None)
    copy = transcript.findChild(QToolButton, "copyCodeInView")
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == LONG_LINE + "\nshort = 1", "without pointing at the code"
    line = _point(qtbot, transcript, "total")
    wrap = transcript.findChild(QToolButton, "wrapCodeButton")
    bar = transcript.findChild(QScrollBar, "codeScrollBar")
    qtbot.waitUntil(wrap.isVisible)
    assert not copy.isVisible(), "its own bar has one"
    qtbot.mouseClick(wrap, Qt.MouseButton.LeftButton)
    wrapped_lines = line.layout().lineCount()
    assert wrapped_lines > 3
    assert not bar.isVisible()
    qtbot.mouseClick(wrap, Qt.MouseButton.LeftButton)
    assert line.layout().lineCount() == 1
    assert is_wide(line)
    assert bar.isVisible()
    assert bar.maximum() > 500
    assert transcript.horizontalScrollBar().maximum() == 0, "the conversation itself stays where it is"
    surface = transcript.backgrounds.code_rect(line, transcript.column.width)
    paper = theme.color("paper").name()
    beside = transcript.viewport().grab().toImage()
    middle = transcript.cursorRect(QTextCursor(line)).center().y()
    beyond = range(int(surface.right()) + 2, beside.width() - 12)
    assert {beside.pixelColor(x, middle).name() for x in beyond} == {paper}, (
        "nothing hangs out of its surface"
    )

    bar.setValue(200)
    assert scrolled(line) == scrolled(line.next()) == 200
    assert transcript.backgrounds.code_rect(line, transcript.column.width) == surface
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
    assert transcript.backgrounds.code_rect(line, transcript.column.width) == surface.adjusted(
        0, 0, 0, (wrapped_lines - 1) * line.blockFormat().lineHeight()
    )
    assert not bar.isVisible()


def test_the_buttons_of_a_code_go_when_it_is_scrolled_away(qtbot: QtBot, theme: Theme) -> None:
    transcript = _shown(qtbot, theme, Item(1, True, "Go"), Item(2, False, CODE + "\n\nmore" * 100))
    transcript.verticalScrollBar().setValue(0)
    _point(qtbot, transcript, "total")
    wrap = transcript.findChild(QToolButton, "wrapCodeButton")
    qtbot.waitUntil(wrap.isVisible)
    transcript.verticalScrollBar().setValue(900)
    assert not wrap.isVisible()
    transcript.verticalScrollBar().setValue(0)
    assert wrap.isVisible()


def test_code_that_is_being_written_stays_unwrapped(qtbot: QtBot, theme: Theme) -> None:
    transcript = _shown(qtbot, theme)
    transcript.begin_turn(Item(1, True, "Go"), Item(2, False, ""))
    transcript.append(f"```python\n{LONG_LINE}\n")
    line = _point(qtbot, transcript, "total")
    assert is_wide(line)
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
        offered = transcript.menu_at(transcript.cursorRect(cursor).center())
        return {action.text(): action for action in offered.actions() if action.text()}

    offered = menu("total")
    assert {"Copy code", "Wrap long lines", "Copy reply", "Regenerate", "Next version"} <= set(offered)
    offered["Wrap long lines"].trigger()  # type: ignore[attr-defined]
    assert "Do not wrap long lines" in menu("total")
    assert not offered["Previous version"].isEnabled()  # type: ignore[attr-defined]
    offered["Next version"].trigger()  # type: ignore[attr-defined]
    menu("Go")["Previous version"].trigger()  # type: ignore[attr-defined]
    assert steps == [(2, 1), (1, -1)]
    for open_menu in transcript.findChildren(QMenu):
        open_menu.deleteLater()


# What is attached to a message

NOTES = Attachment("notes.txt", "Some notes.\n", 12_300)
PASTE = Attachment("", "A long text " * 100, 1200, AttachmentKind.PASTE)


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
    offered = {action.text(): action for action in transcript.menu_at(place).actions()}
    offered["Show attachment"].trigger()
    assert asked[-1] == (1, 0)
    transcript.selectAll()
    transcript.copy()
    assert QGuiApplication.clipboard().text() == "Sum it up\nin two lines\nYes.\nAgain."
    narrow = transcript.messages[0].slot.start.block().blockFormat().leftMargin()
    transcript.resize(480, 420)
    assert transcript.messages[0].slot.start.block().blockFormat().leftMargin() < narrow
    bubble = transcript.backgrounds._bubble_rect(
        transcript.messages[2].slot.start.block(), transcript.column.width
    )
    assert bubble.width() > 100, "a bubble of chips alone is as wide as they are"


def test_the_numbers_of_a_reply_are_told_where_the_pointer_rests(qtbot: QtBot, theme: Theme) -> None:
    stats = Stats(
        prompt_tokens=612, reused_tokens=500, tokens=1186, prefill_tokens_per_s=301.25, decode_tokens_per_s=42.06,
        time_to_first_token_s=0.31, context_used=1798, context_size=4096,
    )  # fmt: skip
    store = Store.in_memory()
    number = store.create("Numbers")
    entries = [
        Entry(1, None, "user", "a"),
        Entry(2, 1, "assistant", "b", stats=stats, model="Guide"),
        Entry(3, 2, "user", "c"),
        Entry(4, 3, "assistant", "d", stats=stats, model="BitNet 2B4T"),
        Entry(5, 4, "user", "e"),
        Entry(6, 5, "assistant", "f", stats=stats, model="BitNet 2B4T"),
    ]
    store.import_entries(number, entries, 6)
    items = items_of(Session(store, number))
    notes = [item.note for item in items if not item.user]
    assert notes == ["", "BitNet 2B4T", ""], "which model wrote it, where that is another one"
    assert {item.figures.split(" ")[0] for item in items if not item.user} == {"42.1\u2009tokens/s"}
    transcript = _shown(qtbot, theme, *items)
    found = transcript.document().find("first word")
    point = transcript.cursorRect(found).center()
    told = transcript.details_at(point).replace("\u2009", " ").split("\n")
    assert told == [
        "BitNet 2B4T", "Written: 1,186 tokens, 42.1 tokens/s", "First word after 0.3 s",
        "Read for it: 112 tokens, 301 tokens/s", "Remembered from before: 500 tokens", "Context: 1,798 / 4,096",
    ]  # fmt: skip
    QApplication.sendEvent(
        transcript.viewport(),
        QHelpEvent(QEvent.Type.ToolTip, point, transcript.viewport().mapToGlobal(point)),
    )
    assert "Remembered" in QToolTip.text()
    QToolTip.hideText()
    assert transcript.details_at(transcript.cursorRect(transcript.messages[1].slot.start).center()) == ""


def test_figures_stand_under_the_newest_reply_and_elsewhere_on_hover(qtbot: QtBot, theme: Theme) -> None:
    old = Item(2, False, "The older reply.", "Stopped.", figures="42 tokens/s", when="14:05")
    items = (Item(1, True, "One", when="14:04"), old, Item(3, True, "Two"))
    transcript = _shown(qtbot, theme, *items, Item(4, False, "The newest.", figures="17 tokens/s"))
    text = transcript.toPlainText()
    assert "17 tokens/s" in text
    assert "42 tokens/s" not in text
    assert "Stopped." in text, "how it ended is always told"
    about = transcript.findChild(QLabel, "aboutReply")
    _point(qtbot, transcript, "older")
    qtbot.waitUntil(about.isVisible)
    assert about.text() == "42 tokens/s · 14:05"
    _point(qtbot, transcript, "One")
    qtbot.waitUntil(lambda: transcript.findChild(QLabel, "aboutQuestion").text() == "14:04")
    transcript.begin_turn(Item(5, True, "Three"), Item(6, False, ""))
    assert "17 tokens/s" not in transcript.toPlainText()


def test_versions_are_always_there_and_turned(qtbot: QtBot, theme: Theme) -> None:
    items = (Item(1, True, "Go", place=(2, 3)), Item(2, False, "Old.", place=(1, 2)), Item(3, True, "On"))
    transcript = _shown(qtbot, theme, *items, Item(4, False, "New."))
    steps: list[tuple[int, int]] = []
    transcript.branch_requested.connect(lambda key, step: steps.append((key, step)))
    qtbot.waitUntil(lambda: len(transcript.findChildren(MessageBar, "versionsBar")) == 2)
    bars = transcript.findChildren(MessageBar, "versionsBar")
    assert all(bar.isVisible() for bar in bars)
    assert [bar.findChild(QLabel, "branchPlaceVersions").text() for bar in bars] == ["2/3", "1/2"]
    for bar in bars:
        qtbot.mouseClick(bar.findChild(QToolButton, "nextBranchVersions"), Qt.MouseButton.LeftButton)
    assert steps == [(1, 1), (2, 1)]
    _point(qtbot, transcript, "Old.")
    qtbot.waitUntil(lambda: not bars[1].isVisible() or bars[0].isVisible())


def test_days_stand_over_the_first_message_of_each(qtbot: QtBot, theme: Theme) -> None:
    day = 86_400.0
    now = time.time()
    store = Store.in_memory()
    number = store.create("Days")
    moments = (now - 40 * day, now - 40 * day, now - day, now - day, now, now)
    entries = [
        Entry(n, n - 1 or None, "user" if n % 2 else "assistant", f"text {n}", created=at)
        for n, at in enumerate(moments, 1)
    ]
    store.import_entries(number, entries, 6)
    items = items_of(Session(store, number))
    assert [bool(item.day) for item in items] == [True, False, True, False, True, False]
    assert [item.day for item in items[2::2]] == ["Yesterday", "Today"]
    assert all(item.when for item in items)
    transcript = _shown(qtbot, theme, *items)
    under = [shown.slot.start.block().blockFormat() for shown in transcript.messages]
    assert [fmt.property(DAY) or "" for fmt in under] == [item.day for item in items]
    assert under[2].topMargin() > under[0].topMargin() - 1 > Space.XL


def test_no_word_of_a_table_is_broken(qtbot: QtBot, theme: Theme) -> None:
    heads = ["Planet", "Distance from the Sun", "Known moons", "Interoperability and other long words"]
    rows = [["Mercury", "57.9 million km", "0", "hot"], ["x" * 90, "778 million km", "95", "storms"]]
    table = "\n".join("| " + " | ".join(row) + " |" for row in (heads, ["---"] * 4, *rows))
    transcript = _shown(qtbot, theme, Item(1, True, "Go"), Item(2, False, table))
    for words in (*heads, *rows[0], *rows[1]):
        for word in words.split():
            block = transcript.document().find(word).block()
            layout = block.layout()
            lines = [layout.lineAt(n) for n in range(layout.lineCount())]
            shown = [block.text()[line.textStart() : line.textStart() + line.textLength()] for line in lines]
            assert any(word in line for line in shown), (word, shown)


def test_a_wide_table_takes_the_pane_before_it_scrolls(qtbot: QtBot, theme: Theme) -> None:
    cells = ["A sentence of some words", "and another one like it", "then a third", "and the fourth of them"]
    table = "\n".join("| " + " | ".join(row) + " |" for row in (cells, ["---"] * 4, cells))
    transcript = _shown(qtbot, theme, Item(1, True, "Go"), Item(2, False, table))
    transcript.resize(1000, 500)
    (shown,) = tables_of(transcript.document())
    rect = surface(transcript.document(), shown)
    assert transcript.column.width < rect.width() < transcript.viewport().width() - transcript.column.left
    assert overflow(shown, transcript.column.width) == 0
    transcript.resize(320, 500)
    assert overflow(shown, transcript.column.width) > 0, "it scrolls where the window has no room"


def _drag(transcript: Transcript, start: QPoint, end: QPoint) -> None:
    """Press, move in steps, let go, as a hand does."""
    viewport, left = transcript.viewport(), Qt.MouseButton.LeftButton
    QTest.mousePress(viewport, left, pos=start)
    for step in range(1, 9):
        QTest.mouseMove(viewport, start + (end - start) * (step / 8))
    QTest.mouseRelease(viewport, left, pos=end)


@pytest.mark.qt_log_ignore('Mouse event "MouseRelease" not accepted', extend=True)  # QTextBrowser never does
def test_dragging_across_messages_and_ctrl_c_copies_what_is_marked(qtbot: QtBot, theme: Theme) -> None:
    items = (
        Item(1, True, "The first question"),
        Item(2, False, "A **bold** reply.\n\n- one\n- two\n\n```\ncode\n```", "42 tokens/s"),
        Item(3, True, "The second question"),
        Item(4, False, "Another reply.", "42 tokens/s"),
    )
    transcript = _shown(qtbot, theme, *items)
    transcript.setFocus()
    document = transcript.document()

    def place(text: str, end: bool = False) -> QPoint:
        found = document.find(text)
        edge = QTextCursor(document)
        edge.setPosition(found.selectionEnd() if end else found.selectionStart())
        return transcript.cursorRect(edge).center()

    QGuiApplication.clipboard().clear()
    _drag(transcript, place("first"), place("Another", end=True))
    QTest.keyClick(transcript, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    expected = "first question\nA bold reply.\n• one\n• two\ncode\nThe second question\nAnother"
    assert QGuiApplication.clipboard().text() == expected
    QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=place("code"))
    QTest.qWait(QApplication.doubleClickInterval() + 10)
    _drag(transcript, place("second", end=True), place("bold"))  # upwards
    QTest.keyClick(transcript, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "bold reply.\n• one\n• two\ncode\nThe second"


ARABIC = "الطائر يعبر العالم كل عام"
HEBREW = "השחף חוצה את העולם"


def test_text_that_is_written_from_the_right_is_set_from_the_right(qtbot: QtBot, theme: Theme) -> None:
    reply = f"{ARABIC}\n\n- {HEBREW}\n- {HEBREW}\n\n> {ARABIC}\n\nAnd this from the left.\n\n```\nx = 1\n```"
    transcript = _shown(qtbot, theme, Item(1, True, HEBREW), Item(2, False, reply))
    column, left = transcript.column.width, transcript.column.left

    def line(text: str) -> QRectF:
        block = transcript.document().find(text).block()
        return block.layout().lineAt(0).naturalTextRect().translated(block.layout().position())

    block = transcript.messages[1].slot.start.block()
    while block.isValid():
        rtl = any("\u0590" <= letter <= "\u06ff" for letter in block.text())
        expected = Qt.LayoutDirection.RightToLeft if rtl else Qt.LayoutDirection.LeftToRight
        if block.text():
            assert block.textDirection() == expected
            rect = block.layout().lineAt(0).naturalTextRect().translated(block.layout().position())
            room = (rect.left() - left, left + column - rect.right())
            assert (room[0] > room[1]) == rtl, block.text()
            assert min(room) < 60
        block = block.next()
    item = line(HEBREW[:8])
    bubble = transcript.backgrounds._bubble_rect(transcript.messages[0].slot.start.block(), column)
    assert bubble.adjusted(4, 0, -4, 0).contains(item)
    picture = transcript.viewport().grab().toImage()
    mark = transcript.document().find(HEBREW, transcript.messages[1].slot.start.position()).block()
    rect = mark.layout().lineAt(0).naturalTextRect().translated(mark.layout().position())
    ink = [
        x for x in range(picture.width())
        if picture.pixelColor(x, round(rect.center().y())).lightness() < 120 and not rect.left() <= x <= rect.right()
    ]  # fmt: skip
    assert ink, "the mark of the item is drawn"
    assert min(ink) > rect.right(), "and stands before it, at its right"


def test_copying_a_formula_keeps_what_is_raised(qtbot: QtBot, theme: Theme) -> None:
    transcript = Transcript(theme)
    qtbot.addWidget(transcript)
    transcript.show_items([Item(1, True, "Go"), Item(2, False, r"So \(e^{i\pi} + x_{n+1}^2 = w_i\).")])
    transcript.selectAll()
    transcript.copy()
    assert QGuiApplication.clipboard().text() == "Go\nSo e^(iπ) + x_(n+1)² = w_i."


def test_only_the_guide_names_the_models_page_with_a_link(qtbot: QtBot, theme: Theme) -> None:
    said = "Get it on the Models page. Yes, the Models page. [Here](tern-models:1)"
    other = "The Models page of others. [Here](tern-models:2)"
    shown = _shown(qtbot, theme, Item(1, False, said, guide=True), Item(2, False, other))
    asked: list[str] = []
    shown.models_requested.connect(lambda: asked.append("models"))
    shown.link_activated.connect(asked.append)
    links = []
    block = shown.document().begin()
    while block.isValid():
        for piece in block.textFormats():
            if href := piece.format.anchorHref():
                links.append((block.text()[piece.start : piece.start + piece.length], href))
        block = block.next()
    assert [link for link in links if link[0] == "Models page"] == [("Models page", "tern-models:1")] * 2
    for words in ("Models page", "Here"):
        cursor = shown.document().find(words)
        cursor.setPosition(cursor.selectionStart() + 1)
        qtbot.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=shown.cursorRect(cursor).center())
    last = shown.document().find(
        "Here", shown.document().characterCount(), QTextDocument.FindFlag.FindBackward
    )
    last.setPosition(last.selectionStart() + 1)
    qtbot.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=shown.cursorRect(last).center())
    assert asked == ["models", "models", "tern-models:2"], "others' links are asked about like any link"
    assert shown.last_reply() == other
    assert shown.messages[0].said == said


def test_of_a_long_name_the_middle_is_left_out_and_of_what_is_said_of_it_nothing(
    qtbot: QtBot, theme: Theme
) -> None:
    long = Attachment("minutes of the meeting " * 9 + "of Monday.md", "Terns", 5, encoding="Shift_JIS")
    pasted = Attachment("", "Dear all, " * 60, 600, AttachmentKind.PASTE)
    shown = _shown(qtbot, theme, Item(1, True, "What?", attachments=(long, pasted)))
    first, second = shown.toPlainText().splitlines()[1:3]
    assert first.startswith("minutes of")
    assert "…" in first
    assert first.endswith("Monday.md · Shift_JIS · 5\u2009bytes")
    assert second.startswith("Pasted: Dear all, Dear all,")
    assert second.endswith("… · 600\u2009bytes")


def _outlined(shown: Transcript) -> int:
    """Pixels of the accent's colour."""
    image, accent = shown.viewport().grab().toImage(), shown._theme.color("accent").rgb()
    return sum(image.pixel(x, y) == accent for x in range(image.width()) for y in range(image.height()))


def test_the_message_that_is_edited_has_a_line_around_it(qtbot: QtBot, theme: Theme) -> None:
    shown = _shown(qtbot, theme, Item(1, True, "What?"), Item(2, False, "That."), Item(3, True, "And?"))
    plain = _outlined(shown)
    shown.set_edited(1)
    assert _outlined(shown) > plain + 200
    place = shown.cursorRect(shown.document().find("What?")).center()
    around = shown.viewport().grab(QRect(0, 0, shown.viewport().width(), place.y() + 40)).toImage()
    accent = theme.color("accent").rgb()
    assert any(
        around.pixel(x, y) == accent for x in range(around.width()) for y in range(around.height())
    )  # that one, and no other
    shown.set_edited(None)
    assert _outlined(shown) == plain


def test_text_fades_at_the_lower_edge_while_there_is_more_below(qtbot: QtBot, theme: Theme) -> None:
    shown = _shown(qtbot, theme, Item(1, True, "What?"), Item(2, False, "word " * 4000))
    assert shown._fade.isHidden()
    shown.verticalScrollBar().setValue(0)
    assert shown._fade.isVisible()
    assert shown._fade.geometry().bottom() == shown.viewport().geometry().bottom()
    image = shown.grab(shown._fade.geometry()).toImage()
    last = {image.pixel(x, image.height() - 1) for x in range(image.width())}
    assert last == {theme.color("paper").rgb()}
    shown.jump_to_latest()
    assert shown._fade.isHidden()


@pytest.mark.parametrize("top", [True, False])
def test_the_find_bar_covers_nothing_and_moves_nothing(top: bool, qtbot: QtBot, theme: Theme) -> None:
    shown = _shown(qtbot, theme, Item(1, True, "What?"), Item(2, False, "word " * 4000))
    bar = shown.verticalScrollBar()
    bar.setValue(0 if top else 700)

    def stands(words: str) -> int:
        place = shown.cursorRect(shown.document().find(words)).topLeft()
        return shown.viewport().mapTo(shown, place).y()

    before = stands("What?")
    shown.find_bar.open()
    assert stands("What?") == before
    shown.find_bar.field.setText("What?")
    shown.find_bar.go(+1)
    assert stands("What?") > shown.find_bar.geometry().bottom()
    bar.setValue(700)
    before = stands("What?")
    shown.find_bar.leave()
    assert stands("What?") == before
    assert shown.viewportMargins().top() == 0


def test_a_message_out_of_view_is_brought_there_and_one_in_view_stays(qtbot: QtBot, theme: Theme) -> None:
    shown = _shown(
        qtbot, theme, Item(1, True, "What?"), Item(2, False, "word " * 4000), Item(3, True, "And?")
    )
    before = shown.verticalScrollBar().value()
    shown.bring_into_view(3)
    assert shown.verticalScrollBar().value() == before
    shown.bring_into_view(1)
    assert 0 < shown.cursorRect(shown.document().find("What?")).top() < 100
