"""Writes messages into a text document, as a plain run of blocks with formats from the theme. Draws nothing.

No frames but tables: a selection may begin and end anywhere, which Qt does not allow across frames. What a format
cannot draw (bubbles, code surfaces, list marks, quotation bars) is named in block properties for the painter.
The open message is compared with what stands there, and only its differing tail is written again.
"""

from __future__ import annotations

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

from tern.ui.formats import BUBBLE, PADDING, Formats
from tern.ui.highlighting import Highlighter
from tern.ui.inlines import insert_runs
from tern.ui.markdown import safe_text
from tern.ui.markdown_types import Block, Kind
from tern.ui.tables import keep_right, write_table
from tern.ui.text_units import from_right, index_of, same_length, same_prefix
from tern.ui.theme import Size, Theme
from tern.ui.wide_code import like_its_first

_CHIP_WIDTH = 280  # px of the longest name, at scale 1
_TEXT_KINDS = (Kind.PARAGRAPH, Kind.HEADING, Kind.MATH)


@dataclass(slots=True)
class _Written:
    """A block as it stands in the document; positions count from the start of its message.

    ``start``: where removing it begins; ``fresh``: whether the block that stays behind then is an empty one, to be
    used by what comes next.
    """

    block: Block
    start: int
    fresh: bool
    text: int  # position of its first character
    code: int = 0


@dataclass(frozen=True, slots=True)
class Attached:
    """What hangs on a message of the person's, as a chip to click: ``icon`` by its name, ``link`` what a click says."""

    name: str
    icon: str
    link: str


@dataclass(slots=True)
class Slot:
    """Where one message stands. ``start`` is its first position; ``note`` the start of the block after a reply."""

    start: QTextCursor
    note: QTextCursor | None = None
    written: list[_Written] = field(default_factory=list)
    bubble: int = 0
    text_width: float = 0  # px of the widest line of a bubble

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
        for frame in root.childFrames():
            if isinstance(frame, QTextTable):
                keep_right(frame, left)

    # Messages

    def add_user(self, text: str, column_width: float, attached: Sequence[Attached] = ()) -> Slot:
        """Add the person's message: what is attached to it, then the words, if there are any."""
        shown = safe_text(text)
        metrics = QFontMetricsF(self.formats.body)
        slot = Slot(
            start=QTextCursor(self._document),
            bubble=next(self._numbers),
            text_width=max(metrics.horizontalAdvance(line) for line in shown.split("\n")),
        )
        small = QFontMetricsF(self._theme.font(Size.SMALL))
        most = _CHIP_WIDTH * self._theme.scale
        names = [
            small.elidedText(safe_text(one.name), Qt.TextElideMode.ElideMiddle, most) for one in attached
        ]
        for name in names:
            wide = small.horizontalAdvance(name) + self.formats.chip_icon() + 2 * PADDING
            slot.text_width = max(slot.text_width, wide)
        left = self._bubble_left(slot, column_width)
        formats = [
            self.formats.attachment(slot.bubble, left, n == 0, one.icon) for n, one in enumerate(attached)
        ]
        if shown or not attached:
            formats.append(self.formats.bubble(slot.bubble, left, first=not attached))
        cursor = self._new_block(formats[0], self.formats.char())
        slot.start = _pin(cursor)
        for number, (one, name) in enumerate(zip(attached, names, strict=True)):
            cursor.insertText(name, self.formats.attachment_char(one.link))
            if number + 1 < len(formats):
                cursor.insertBlock(formats[number + 1], self.formats.char())
        if attached and not shown:
            return slot
        first, rest, others = shown.partition("\n")
        cursor.insertText(first, self.formats.char())
        if rest:
            cursor.insertBlock(self.formats.bubble(slot.bubble, left, first=False), self.formats.char())
            cursor.insertText(others, self.formats.char())
        return slot

    def fit_bubble(self, slot: Slot, column_width: float) -> None:
        """Make the bubble as wide as its text, but no wider than four fifths of the column, at its right."""
        left = self._bubble_left(slot, column_width)
        block = slot.start.block()
        if block.blockFormat().leftMargin() == left + PADDING:
            return
        cursor = QTextCursor(block)
        while block.isValid() and block.blockFormat().property(BUBBLE) == slot.bubble:
            cursor.setPosition(block.position(), QTextCursor.MoveMode.KeepAnchor)
            block = block.next()
        margin = QTextBlockFormat()
        margin.setLeftMargin(left + PADDING)
        cursor.mergeBlockFormat(margin)

    def _bubble_left(self, slot: Slot, column_width: float) -> float:
        most = column_width * 0.8 if column_width > 420 else column_width
        return max(0.0, column_width - min(slot.text_width + 2 * PADDING + 4, most))

    def add_reply(self) -> Slot:
        fmt = self.formats.line()
        fmt.setTopMargin(self.formats.opening())
        start = _pin(self._new_block(fmt, self.formats.char()))
        note = _pin(self._new_block(self.formats.note(None), self.formats.note_char()))
        return Slot(start, note)

    def set_note(self, slot: Slot, text: str) -> None:
        """Set the quiet line under a reply."""
        assert slot.note is not None
        cursor = QTextCursor(slot.note.block())  # a pinned cursor's anchor is not pinned
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text, self.formats.note_char())

    def _new_block(self, fmt: QTextBlockFormat, char: QTextCharFormat) -> QTextCursor:
        cursor = QTextCursor(self._document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertBlock(fmt, char)
        return cursor

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
            for written in slot.written[max(0, min(before, index)) :]:
                self._colour(slot, written, growing)
        finally:
            edit.endEditBlock()

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
        if old.kind is not block.kind or (old.item, old.indent, old.quote, old.tight, old.level) != (
            block.item,
            block.indent,
            block.quote,
            block.tight,
            block.level,
        ):
            return False
        if block.kind in _TEXT_KINDS:
            if from_right(old.runs) != from_right(block.runs):
                return False
            same = same_prefix(old.runs, block.runs)
        elif block.kind is Kind.CODE and old.language == block.language:
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
        if block.kind is Kind.CODE:
            self._insert_code(cursor, block.text[index_of(block.text, same) :], block, written.code)
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
            self.highlighter.forget(written.code)
        del slot.written[kept:]
        if gone.fresh:
            return
        # Removing the break between two blocks may leave the format of either: say which.
        last = slot.written[-1]
        before = slot.written[-2].block if kept > 1 else None
        if last.block.kind is Kind.TABLE:
            self._flatten(cursor)
        elif last.block.kind is Kind.CODE and "\n" in last.block.text:
            above = cursor.block().previous()
            cursor.setBlockFormat(like_its_first(self.formats.code_line(last.block, last.code), above))
        else:
            cursor.setBlockFormat(self.formats.block(last.block, before, last.code))

    def _append(self, slot: Slot, block: Block) -> None:
        cursor = QTextCursor(self._document)
        cursor.setPosition(slot.end)
        before = slot.written[-1].block if slot.written else None
        fresh = before is None
        base, start, code = slot.start.position(), cursor.position(), 0
        if block.kind is Kind.TABLE:
            if fresh:
                self._flatten(cursor, first=True)
            write_table(cursor, block, before, self.formats, self._theme)
            cursor.setPosition(slot.end)
            self._flatten(cursor)
            slot.written.append(_Written(block, start - base, fresh, start - base))
            return
        if not fresh:
            cursor.insertBlock()
        if block.kind is Kind.CODE:
            code = next(self._numbers)
        cursor.setBlockFormat(self.formats.block(block, before, code))
        text = cursor.position()
        if block.kind is Kind.CODE:
            cursor.setBlockCharFormat(self.formats.code_char())
            self._insert_code(cursor, block.text, block, code)
        else:
            cursor.setBlockCharFormat(self.formats.char(heading=self._heading(block)))
            insert_runs(cursor, block.runs, self.formats, self._heading(block))
        slot.written.append(_Written(block, start - base, fresh, text - base, code))

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

    def _colour(self, slot: Slot, written: _Written, growing: bool) -> None:
        block = written.block
        if block.kind is Kind.CODE and block.language:
            start = slot.start.position() + written.text
            self.highlighter.set_code(written.code, block.language, block.text, start, growing)

    @staticmethod
    def _heading(block: Block) -> int:
        return block.level if block.kind is Kind.HEADING else 0


def _pin(cursor: QTextCursor) -> QTextCursor:
    """A copy that stays where it is when text is inserted right there."""
    pinned = QTextCursor(cursor)
    pinned.setKeepPositionOnInsert(True)
    return pinned
