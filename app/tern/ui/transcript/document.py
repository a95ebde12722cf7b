"""Writes messages into a text document, as a plain run of blocks with formats from the theme. Draws nothing.

No frames but tables: a selection may begin and end anywhere, which Qt does not allow across frames. What a format
cannot draw (bubbles, code surfaces, list marks, quotation bars) is named in block properties for the painter.
The open message is compared with what stands there, and only its differing tail is written again. No block is longer
than one layout should take: what is comes in parts (markup/parts.py).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, zip_longest

from PySide6.QtCore import QMarginsF, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextTable,
)

from tern.markup.blocks import Block, BlockKind
from tern.markup.parts import lines
from tern.markup.safe_text import safe_text
from tern.markup.utf16 import from_right, index_of, same_length, same_prefix
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.transcript.formats import ASIDE, DAY, ELIDED, JOINED, PADDING, Formats
from tern.ui.transcript.highlighting import Highlighter
from tern.ui.transcript.inlines import insert_runs
from tern.ui.transcript.tables import align, fit, keep_right, measure, tables_of, write_table
from tern.ui.transcript.wide_code import like_its_first

_CHIP_WIDTH = 280  # px of the longest name, at scale 1
_MEASURED = 300  # characters of a line or a name: a longer one is wider than there is room
_MEASURED_LINES = 200  # of a message, its longest
AT_ONCE = 4000  # characters of the person's message that are written at a time
_BLOCK = 50  # as many characters a block costs, at least
_TEXT_KINDS = (BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.MATH)


@dataclass(slots=True)
class _Written:
    """A block as it stands in the document; positions count from the start of its message. ``number``: of a code or
    a table, the same for all of its parts.

    ``start``: where removing it begins; ``fresh``: whether the block that stays behind then is an empty one, to be
    used by what comes next.
    """

    block: Block
    start: int
    fresh: bool
    text: int  # position of its first character
    number: int = 0
    table: QTextTable | None = None


@dataclass(frozen=True, slots=True)
class Attached:
    """What hangs on a message of the person's, as a chip to click: ``icon`` by its name, ``link`` what a click says.
    Of a long ``name`` the middle is left out (``beginning``: all but that), of ``details`` nothing."""

    name: str
    details: str
    icon: str
    link: str
    beginning: bool = False


@dataclass(slots=True)
class Slot:
    """Where one message stands. ``start`` is its first position; ``note`` the start of the block after a reply."""

    start: QTextCursor = field(default_factory=QTextCursor)
    note: QTextCursor | None = None
    written: list[_Written] = field(default_factory=list)
    bubble: int = 0
    text_width: float = 0  # px of the widest line of a bubble
    day: str = ""  # that is painted over a reply
    left: float = 0  # of it, px from the column's left edge
    last: QTextCursor = field(default_factory=QTextCursor)  # the start of a bubble's last block
    # Lines of it still to be written, last first.
    waiting: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Position after a reply's last character."""
        assert self.note is not None
        return self.note.position() - 1


class DocumentWriter:
    """Appends messages to ``document`` and rewrites the last one as it grows."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        self._document = document
        self._theme = theme
        self._numbers = count(1)
        self.formats = Formats(theme)
        self.highlighter = Highlighter(document, theme)
        document.setUndoRedoEnabled(False)
        document.setDocumentMargin(0)

    def restyle(self) -> None:
        """Take the theme's present look for what is written from now on."""
        self.formats = Formats(self._theme)
        self.highlighter.restyle()

    def clear(self) -> None:
        self.highlighter.clear()
        self._numbers = count(1)
        self._document.clear()
        self._document.setDefaultFont(self.formats.body)
        option = self._document.defaultTextOption()
        option.setTabStopDistance(self.formats.tab())
        self._document.setDefaultTextOption(option)
        cursor = QTextCursor(self._document)
        cursor.setBlockFormat(self.formats.spacer())
        cursor.setBlockCharFormat(self.formats.spacer_char())

    def column(self, left: float, right: float, bottom: float) -> None:
        """Leave so many px free around all of the text."""
        root = self._document.rootFrame()
        fmt = root.frameFormat()
        margins = QMarginsF(left, 0, right, bottom)
        if QMarginsF(fmt.leftMargin(), fmt.topMargin(), fmt.rightMargin(), fmt.bottomMargin()) == margins:
            return
        fmt.setLeftMargin(left)
        fmt.setTopMargin(0)
        fmt.setRightMargin(right)
        fmt.setBottomMargin(bottom)
        root.setFrameFormat(fmt)
        self.fit_tables()

    @property
    def _room(self) -> float:
        """Width of the column, px; not above 0 while the document has none."""
        root = self._document.rootFrame().frameFormat()
        return self._document.textWidth() - root.leftMargin() - root.rightMargin()

    @property
    def _pane(self) -> float:
        """From the column's beginning to a little before the window's edge, px: what a wide table may take."""
        return self._document.textWidth() - self._document.rootFrame().frameFormat().leftMargin() - Space.L

    def fit_tables(self) -> None:
        """Have tables as wide as there is room for now."""
        if self._room <= 0:
            return
        edit = QTextCursor(self._document)
        edit.beginEditBlock()  # one layout for all of them
        for table in tables_of(self._document):
            fit(table, self._room, self._pane)
            keep_right(table, self._document.rootFrame().frameFormat().leftMargin())
        edit.endEditBlock()

    # Messages

    def add_user(
        self,
        text: str,
        column_width: float,
        attached: Sequence[Attached] = (),
        at: int | None = None,
        day: str = "",
    ) -> Slot:
        """Add the person's message: what is attached to it, then the words, if there are any; of very many the first.
        ``at``: the end of the block that it stands after, which None is that of the document. ``day``: stands
        over it."""
        waiting = lines(safe_text(text))
        metrics = QFontMetricsF(self.formats.body)
        widest = heapq.nlargest(_MEASURED_LINES, waiting, key=lambda line: len(line[0]))
        slot = Slot(
            start=QTextCursor(self._document),
            bubble=next(self._numbers),
            text_width=max(metrics.horizontalAdvance(line[:_MEASURED]) for line, _ in widest),
        )
        small = QFontMetricsF(self._theme.font(Size.SMALL))
        most = _CHIP_WIDTH * self._theme.scale
        names = [
            small.elidedText(
                safe_text(one.name[:_MEASURED]),
                Qt.TextElideMode.ElideRight if one.beginning else Qt.TextElideMode.ElideMiddle,
                max(most / 2, most - small.horizontalAdvance(one.details)),
            )
            + one.details
            for one in attached
        ]
        for name in names:
            wide = small.horizontalAdvance(name) + self.formats.chip_icon() + 2 * PADDING
            slot.text_width = max(slot.text_width, wide)
        slot.left = self._bubble_left(slot, column_width)
        formats = [
            self.formats.attachment(slot.bubble, slot.left, n == 0, one.icon)
            for n, one in enumerate(attached)
        ]
        if text or not attached:
            formats.append(self.formats.bubble(slot.bubble, slot.left, first=not attached))
        self._put_day(formats[0], day)
        cursor = self._new_block(formats[0], self.formats.char(), at)
        slot.start = _pin(cursor)
        for number, (one, name) in enumerate(zip(attached, names, strict=True)):
            cursor.insertText(name, self.formats.attachment_char(one.link))
            if number + 1 < len(formats):
                cursor.insertBlock(formats[number + 1], self.formats.char())
        if text or not attached:
            cursor.insertText(waiting[0][0], self.formats.char())
            slot.waiting = waiting[1:][::-1]
        slot.last = _pin(QTextCursor(cursor.block()))
        self.add_lines(slot)
        return slot

    def add_lines(self, slot: Slot) -> int:
        """Add the next of the lines that wait to the person's message; returns how many characters those are."""
        added = 0
        while slot.waiting and added < AT_ONCE:
            text, joined = slot.waiting.pop()
            added += len(text) + _BLOCK
            cursor = self._after(slot.last)
            fmt = self.formats.bubble(slot.bubble, slot.left, first=False)
            if joined:
                fmt.setProperty(JOINED, True)
            cursor.insertBlock(fmt, self.formats.char())
            cursor.insertText(text, self.formats.char())
            slot.last = _pin(QTextCursor(cursor.block()))
        return added

    def add_elision(self, slot: Slot, key: int, words: str, link: str) -> None:
        """Under a message that is not all shown, say so."""
        if slot.note is None:
            cursor = self._after(slot.last)
            fmt = self.formats.bubble(slot.bubble, slot.left, first=False)
        else:
            cursor = QTextCursor(self._document)
            cursor.setPosition(slot.end)
            fmt = self.formats.line()
            fmt.setTopMargin(Space.M)
        fmt.setProperty(ASIDE, True)
        fmt.setProperty(ELIDED, key)
        cursor.insertBlock(fmt, self.formats.char())
        cursor.insertText(words, self.formats.char(link=link))
        if slot.note is None:
            slot.last = _pin(QTextCursor(cursor.block()))

    def _after(self, last: QTextCursor) -> QTextCursor:
        """At the end of the block that a pinned cursor stands in."""
        cursor = QTextCursor(last.block())
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        return cursor

    def fit_bubble(self, slot: Slot, column_width: float) -> None:
        """Make the bubble as wide as its text, but no wider than four fifths of the column, at its right."""
        left = self._bubble_left(slot, column_width)
        block = slot.start.block()
        if block.blockFormat().leftMargin() == left + PADDING:
            return
        slot.left = left
        cursor = QTextCursor(block)
        cursor.setPosition(slot.last.position(), QTextCursor.MoveMode.KeepAnchor)
        margin = QTextBlockFormat()
        margin.setLeftMargin(left + PADDING)
        cursor.mergeBlockFormat(margin)

    def _bubble_left(self, slot: Slot, column_width: float) -> float:
        most = column_width * 0.8 if column_width > 420 else column_width
        return max(0.0, column_width - min(slot.text_width + 2 * PADDING + 4, most))

    def _put_day(self, fmt: QTextBlockFormat, day: str) -> None:
        """Have a day painted over a message's first block."""
        if day:
            fmt.setProperty(DAY, day)
            fmt.setTopMargin(fmt.topMargin() + self.formats.day_height())

    def add_reply(self, at: int | None = None) -> Slot:
        """``at``: the end of the block that it stands after, which None is that of the document."""
        fmt = self.formats.line()
        fmt.setTopMargin(self.formats.opening())
        start = _pin(self._new_block(fmt, self.formats.char(), at))
        note = self._new_block(self.formats.note(None), self.formats.note_char(), start.position())
        return Slot(start, _pin(note))

    def add_gap(self, words: str) -> QTextCursor:
        """Add a quiet line of its own, in the place of messages that are not written yet; returns where it is."""
        fmt = self.formats.note(None)
        fmt.setTopMargin(self.formats.opening())
        cursor = self._new_block(fmt, self.formats.note_char(), None)
        start = _pin(cursor)
        cursor.insertText(words, self.formats.note_char())
        return start

    def remove_block(self, start: QTextCursor) -> None:
        """Take away the block that begins at ``start``."""
        cursor = QTextCursor(self._document)
        cursor.setPosition(start.position() - 1)
        fmt = cursor.blockFormat()
        cursor.setPosition(
            start.block().position() + start.block().length() - 1, QTextCursor.MoveMode.KeepAnchor
        )
        cursor.removeSelectedText()
        cursor.setBlockFormat(fmt)

    def set_note(self, slot: Slot, text: str) -> None:
        """Set the quiet line under a reply."""
        assert slot.note is not None
        cursor = QTextCursor(slot.note.block())  # a pinned cursor's anchor is not pinned
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text, self.formats.note_char())

    def _new_block(self, fmt: QTextBlockFormat, char: QTextCharFormat, at: int | None) -> QTextCursor:
        cursor = QTextCursor(self._document)
        if at is None:
            cursor.movePosition(QTextCursor.MoveOperation.End)
        else:
            cursor.setPosition(at)
        cursor.insertBlock(fmt, char)
        return cursor

    def formulas(self, slot: Slot) -> list[tuple[QTextCursor, str]]:
        """The display formulas of a reply that is all written: where each stands, and its TeX."""
        found = []
        for written, after in zip_longest(slot.written, slot.written[1:]):
            block = written.block
            whole = not block.part and not (after is not None and after.block.part)
            if block.kind is BlockKind.MATH and block.text and whole:
                cursor = QTextCursor(self._document)
                cursor.setPosition(slot.start.position() + written.text)
                found.append((_pin(cursor), block.text))
        return found

    # Blocks of a reply

    def update(self, slot: Slot, index: int, blocks: list[Block], growing: bool = False) -> None:
        """Make the reply's blocks from ``index`` on be ``blocks``; what is already equal is left alone.

        ``growing``: it is being written before the person's eyes, so its code is coloured at once.
        """
        edit = QTextCursor(self._document)
        edit.beginEditBlock()  # one layout for all of it
        try:
            before = len(slot.written) - 1  # which may grow
            self._update(slot, index, blocks)
        finally:
            edit.endEditBlock()
        # Not as a part of that: it may be far above, and what stands between would be laid out, too.
        for position in range(max(0, min(before, index)), len(slot.written)):
            self._colour(slot, position, growing)

    def _update(self, slot: Slot, index: int, blocks: list[Block]) -> None:
        position = index
        for written, block in zip_longest(slot.written[index:], blocks):
            if written is None or block is None:
                break
            if written.block != block and not self._rewrite(slot, position, block):
                break
            position += 1
        rest = blocks[position - index :]
        last = slot.written[-1].block.kind if slot.written else None
        if rest and position == len(slot.written) - 1 and self._grow(slot, slot.written[-1], rest[0]):
            rest = rest[1:]
        else:
            self._truncate(slot, position)
        for block in rest:
            self._append(slot, block)
        if slot.written and slot.note is not None and last is not slot.written[-1].block.kind:
            QTextCursor(slot.note.block()).setBlockFormat(self.formats.note(slot.written[-1].block))

    def _rewrite(self, slot: Slot, position: int, block: Block) -> bool:
        """Rewrite a block of text that others follow, if it differs in its words only: a link in it was defined."""
        if position + 1 >= len(slot.written) or block.kind not in _TEXT_KINDS:
            return False
        end = slot.start.position() + slot.written[position + 1].start
        before = self._document.characterCount()
        if not self._grow(slot, slot.written[position], block, end):
            return False
        for later in slot.written[position + 1 :]:
            later.start += self._document.characterCount() - before
            later.text += self._document.characterCount() - before
        return True

    def _grow(self, slot: Slot, written: _Written, block: Block, end: int | None = None) -> bool:
        """Rewrite only the differing end of a block, if it is text of the same form as before. ``end``: where that
        stands, if not at the end of the reply."""
        old = written.block
        if _form(old) != _form(block):
            return False
        if block.kind in _TEXT_KINDS:
            if not block.part and from_right(old.runs) != from_right(block.runs):
                return False
            same = same_prefix(old.runs, block.runs)
        elif block.kind is BlockKind.CODE and old.language == block.language:
            same = same_length(old.text, block.text)
        else:
            return False
        cursor = QTextCursor(self._document)
        cursor.setPosition(slot.start.position() + written.text + same)
        fmt = cursor.blockFormat()
        cursor.setPosition(slot.end if end is None else end, QTextCursor.MoveMode.KeepAnchor)
        if cursor.hasSelection():
            cursor.removeSelectedText()
            if cursor.blockFormat() != fmt:
                cursor.setBlockFormat(fmt)  # an empty line takes that of the lines that go
        if block.kind is BlockKind.CODE:
            self._insert_code(cursor, block.text[index_of(block.text, same) :], block, written.number)
        else:
            insert_runs(cursor, block.runs, self.formats, self._heading(block), skip=same)
        written.block = block
        return True

    def _truncate(self, slot: Slot, kept: int) -> None:
        """Keep the first ``kept`` blocks of the reply."""
        if kept >= len(slot.written):
            return
        gone = slot.written[kept]
        cursor = QTextCursor(self._document)
        cursor.setPosition(slot.start.position() + gone.start)
        cursor.setPosition(slot.end, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        for written in slot.written[kept:]:
            if not written.block.part:
                self.highlighter.forget(written.number)
        del slot.written[kept:]
        if gone.fresh:
            return
        # Removing the break between two blocks may leave the format of either: say which.
        last = slot.written[-1]
        before = slot.written[-2].block if kept > 1 else None
        if last.block.kind is BlockKind.TABLE:
            self._flatten(cursor)
        elif last.block.kind is BlockKind.CODE and "\n" in last.block.text:
            above = cursor.block().previous()
            cursor.setBlockFormat(like_its_first(self.formats.code_line(last.block, last.number), above))
        else:
            cursor.setBlockFormat(self.formats.block(last.block, before, last.number))

    def _append(self, slot: Slot, block: Block) -> None:
        cursor = QTextCursor(self._document)
        cursor.setPosition(slot.end)
        last = slot.written[-1] if slot.written else None
        before = last.block if last is not None else None
        fresh = before is None
        base, start, number = slot.start.position(), cursor.position(), 0
        if block.kind in (BlockKind.CODE, BlockKind.TABLE):
            number = last.number if block.part and last is not None else next(self._numbers)
        if block.kind is BlockKind.TABLE:
            if fresh:
                self._flatten(cursor, first=True)
            table = write_table(cursor, block, before, self.formats, self._theme, number)
            if block.part:
                first = slot.written[-block.part].table
                assert first is not None
                align(table, first, self._room, self._pane)
            else:
                measure(table, block, self._theme, self._room, self._pane)
            keep_right(table, self._document.rootFrame().frameFormat().leftMargin())
            cursor.setPosition(slot.end)
            self._flatten(cursor)
            slot.written.append(_Written(block, start - base, fresh, start - base, number, table))
            return
        above = cursor.block()
        if not fresh:
            cursor.insertBlock()
        fmt = self.formats.block(block, before, number)
        if block.kind is BlockKind.CODE and block.part:
            fmt = like_its_first(fmt, above)
        if fresh:
            self._put_day(fmt, slot.day)
        cursor.setBlockFormat(fmt)
        text = cursor.position()
        if block.kind is BlockKind.CODE:
            cursor.setBlockCharFormat(self.formats.code_char())
            self._insert_code(cursor, block.text, block, number)
        else:
            cursor.setBlockCharFormat(self.formats.char(heading=self._heading(block)))
            insert_runs(cursor, block.runs, self.formats, self._heading(block))
        slot.written.append(_Written(block, start - base, fresh, text - base, number))

    def _flatten(self, cursor: QTextCursor, first: bool = False) -> None:
        """Make the cursor's empty block one that takes no room, beside a table."""
        fmt = self.formats.spacer()
        if first:
            fmt.setTopMargin(self.formats.opening())
        cursor.setBlockFormat(fmt)
        cursor.setBlockCharFormat(self.formats.spacer_char())

    def _insert_code(self, cursor: QTextCursor, text: str, block: Block, code: int) -> None:
        """Insert lines of code; only the first line of all may have space above."""
        first, more, others = text.partition("\n")
        char = self.formats.code_char()
        cursor.insertText(first, char)
        if more:
            fmt = like_its_first(self.formats.code_line(block, code), cursor.block())
            cursor.insertBlock(fmt, char)
            cursor.insertText(others, char)

    def _colour(self, slot: Slot, position: int, growing: bool) -> None:
        """Colour the code that ends with that block."""
        last = slot.written[position]
        rest = slot.written[position + 1 : position + 2]
        if last.block.kind is not BlockKind.CODE or not last.block.language or (rest and rest[0].block.part):
            return
        pieces: list[str] = []
        while (block := slot.written[position].block).part:
            pieces += [block.text, "" if block.joined else "\n"]
            position -= 1
        text = "".join([*pieces, block.text][::-1])
        start = slot.start.position() + slot.written[position].text
        self.highlighter.set_code(last.number, block.language, text, start, growing)

    @staticmethod
    def _heading(block: Block) -> int:
        return block.level if block.kind is BlockKind.HEADING else 0


def _form(block: Block) -> tuple[object, ...]:
    """What stays the same while a block grows."""
    nesting = (block.item, block.indent, block.quote, block.tight)
    return (block.kind, *nesting, block.level, block.part, block.joined, block.right)


def _pin(cursor: QTextCursor) -> QTextCursor:
    """A copy that stays where it is when text is inserted right there."""
    pinned = QTextCursor(cursor)
    pinned.setKeepPositionOnInsert(True)
    return pinned
