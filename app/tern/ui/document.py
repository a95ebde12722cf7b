"""Writes messages into a text document: frames for messages and code, formats from the theme. Draws and decides
nothing. The open message is compared with what stands there, and only its differing tail is written again, so
selections and settled text stay untouched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest

from PySide6.QtCore import QMarginsF, Qt
from PySide6.QtGui import (
    QBrush,
    QFont,
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrame,
    QTextFrameFormat,
    QTextLength,
    QTextTableFormat,
)

from tern.ui.markdown import Block, Kind, ListItem, Run, Style, safe_text
from tern.ui.theme import LINE_HEIGHT, Size, Space, Theme

QUOTE = QTextFormat.Property.UserProperty + 1  # block: depth of quotation
LANGUAGE = QTextFormat.Property.UserProperty + 2  # code frame: its language's name, may be empty
RULE = QTextFormat.Property.UserProperty + 3  # block: a horizontal rule
MARK = QTextFormat.Property.UserProperty + 5  # block: its mark in a list, as "•", "1.", CHECKED or UNCHECKED
ASIDE = QTextFormat.Property.UserProperty + 4  # block: no part of the text (spacers, notes), so never copied

CHECKED, UNCHECKED = "[x]", "[ ]"
BUBBLE_PADDING = Space.M
CODE_TAIL = Space.M  # of a code frame's lower margin, painted as its surface
_INDENT = 24
_TEXT_KINDS = (Kind.PARAGRAPH, Kind.HEADING)


class Formats:
    """The theme as text formats."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.body = theme.font(Size.BODY)
        self.ink = theme.color("ink")
        self.quiet = theme.color("quiet")

    def char(
        self, styles: frozenset[Style] = frozenset(), link: str = "", heading: int = 0
    ) -> QTextCharFormat:
        fmt = QTextCharFormat()
        size = {0: Size.BODY, 1: Size.TITLE, 2: Size.LARGE}.get(heading, Size.BODY)
        font = self._theme.font(size)
        if Style.CODE in styles:
            font = self._theme.mono(Size.CONTROL)
            fmt.setBackground(self._theme.color("hover"))
        if Style.STRONG in styles or heading:
            font.setWeight(QFont.Weight.DemiBold)
        font.setItalic(Style.EMPHASIS in styles)
        font.setStrikeOut(Style.STRUCK in styles)
        fmt.setFont(font)
        fmt.setForeground(self._theme.color("accent") if link else self.ink)
        if link:
            fmt.setAnchor(True)
            fmt.setAnchorHref(link)
            fmt.setFontUnderline(True)
        return fmt

    def code_char(self) -> QTextCharFormat:
        fmt = QTextCharFormat()
        fmt.setFont(self._theme.mono(Size.CONTROL))
        fmt.setForeground(self.ink)
        return fmt

    def note_char(self, live: bool = False) -> QTextCharFormat:
        fmt = QTextCharFormat()
        fmt.setFont(self._theme.font(Size.SMALL, tabular=True))
        fmt.setForeground(self.ink if live else self.quiet)
        return fmt

    def line(self, size: Size = Size.BODY, spacing: float = LINE_HEIGHT) -> QTextBlockFormat:
        fmt = QTextBlockFormat()
        fmt.setLineHeight(
            round(self._theme.px(size) * spacing), QTextBlockFormat.LineHeightTypes.FixedHeight.value
        )
        return fmt

    def spacer(self) -> QTextBlockFormat:
        """For the empty block that a document insists on around a frame: next to no height."""
        fmt = QTextBlockFormat()
        fmt.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        fmt.setProperty(ASIDE, True)
        return fmt

    def spacer_char(self) -> QTextCharFormat:
        fmt = QTextCharFormat()
        font = QFont(self.body)
        font.setPixelSize(1)
        fmt.setFont(font)
        return fmt

    def block(self, block: Block, first: bool) -> QTextBlockFormat:
        """Of a paragraph, heading or rule; ``first`` in its message, so without space above."""
        if block.kind is Kind.HEADING:
            size = {1: Size.TITLE, 2: Size.LARGE}.get(block.level, Size.BODY)
            fmt = self.line(size, 1.35)
            above = Space.XL if block.level <= 2 else Space.L
            fmt.setHeadingLevel(block.level)
        else:
            fmt = self.line()
            above = Space.XS if block.tight else Space.M
        fmt.setTopMargin(0 if first else above)
        fmt.setLeftMargin(block.indent * _INDENT + block.quote * Space.L)
        if block.item is not None:
            fmt.setProperty(MARK, _mark(block.item, block.indent))
        if block.quote:
            fmt.setProperty(QUOTE, block.quote)
        if block.kind is Kind.RULE:
            fmt.setProperty(RULE, True)
            fmt.setTopMargin(Space.S)
        return fmt

    def code_frame(self, block: Block, first: bool) -> QTextFrameFormat:
        fmt = QTextFrameFormat()
        fmt.setPadding(0)
        fmt.setBorder(0)
        fmt.setLeftMargin(block.indent * _INDENT + block.quote * Space.L)
        fmt.setTopMargin(0 if first else Space.M)
        fmt.setBottomMargin(CODE_TAIL + Space.S)
        fmt.setProperty(LANGUAGE, block.language)
        return fmt

    def code_line(self) -> QTextBlockFormat:
        fmt = self.line(Size.CONTROL, 1.5)
        fmt.setLeftMargin(Space.L)
        fmt.setRightMargin(Space.L)
        fmt.setNonBreakableLines(False)
        return fmt

    def code_head(self) -> QTextBlockFormat:
        """The empty first line of a code frame, over which its language and Copy stand."""
        fmt = QTextBlockFormat()
        fmt.setLineHeight(
            self._theme.px(Size.SMALL) + Space.L, QTextBlockFormat.LineHeightTypes.FixedHeight.value
        )
        fmt.setProperty(ASIDE, True)
        return fmt


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


@dataclass(slots=True)
class Slot:
    """Where one message stands: its frame, and the block after the frame, which is its note."""

    frame: QTextFrame
    written: list[_Written] = field(default_factory=list)
    user_text: str = ""

    @property
    def end(self) -> int:
        """Position after the last character written."""
        if self.written and self.written[-1].block.kind in (Kind.CODE, Kind.TABLE):
            return self.frame.childFrames()[-1].lastPosition()
        return self.frame.lastPosition()

    def note_cursor(self) -> QTextCursor:
        cursor = QTextCursor(self.frame.lastCursorPosition())
        cursor.movePosition(QTextCursor.MoveOperation.NextBlock)
        return cursor


class DocumentWriter:
    """Appends messages to ``document`` and rewrites the last one as it grows."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        self._document = document
        self._theme = theme
        self.formats = Formats(theme)
        document.setUndoRedoEnabled(False)
        document.setDocumentMargin(0)

    def restyle(self) -> None:
        """Take the theme's present look for what is written from now on."""
        self.formats = Formats(self._theme)

    def clear(self) -> None:
        self._document.clear()
        self._document.setDefaultFont(self.formats.body)
        cursor = QTextCursor(self._document)
        cursor.setBlockFormat(self.formats.spacer())
        cursor.setBlockCharFormat(self.formats.spacer_char())

    def column(self, left: float, right: float, top: float, bottom: float) -> None:
        """Leave so many px free around all of the text."""
        root = self._document.rootFrame()
        fmt = root.frameFormat()
        margins = QMarginsF(left, top, right, bottom)
        if QMarginsF(fmt.leftMargin(), fmt.topMargin(), fmt.rightMargin(), fmt.bottomMargin()) == margins:
            return
        fmt.setLeftMargin(left)
        fmt.setRightMargin(right)
        fmt.setTopMargin(top)
        fmt.setBottomMargin(bottom)
        root.setFrameFormat(fmt)

    # Messages

    def add_user(self, text: str, column_width: float) -> Slot:
        slot = Slot(self._new_frame(BUBBLE_PADDING), user_text=text)
        cursor = slot.frame.firstCursorPosition()
        fmt = self.formats.line()
        cursor.setBlockFormat(fmt)
        cursor.setBlockCharFormat(self.formats.char())
        cursor.insertText(safe_text(text), self.formats.char())
        self.fit_bubble(slot, column_width)
        note = slot.note_cursor()
        note.setBlockFormat(self.formats.spacer())
        note.setBlockCharFormat(self.formats.spacer_char())
        return slot

    def fit_bubble(self, slot: Slot, column_width: float) -> None:
        """Make the bubble as wide as its text, but no wider than four fifths of the column, at its right."""
        metrics = QFontMetricsF(self.formats.body)
        widest = max(metrics.horizontalAdvance(line) for line in safe_text(slot.user_text).split("\n"))
        most = column_width * 0.8 if column_width > 420 else column_width
        width = min(widest + 2 * BUBBLE_PADDING + 4, most)
        fmt = slot.frame.frameFormat()
        left = max(0.0, column_width - width)
        if fmt.leftMargin() != left:
            fmt.setLeftMargin(left)
            slot.frame.setFrameFormat(fmt)

    def add_reply(self) -> Slot:
        slot = Slot(self._new_frame(below=Space.S))
        cursor = slot.frame.firstCursorPosition()
        cursor.setBlockFormat(self.formats.line())
        cursor.setBlockCharFormat(self.formats.char())
        self.note(slot, "")
        return slot

    def note(self, slot: Slot, text: str) -> None:
        """Set the quiet line under a reply."""
        cursor = slot.note_cursor()
        fmt = self.formats.line(Size.SMALL)
        fmt.setProperty(ASIDE, True)
        cursor.setBlockFormat(fmt)
        cursor.setBlockCharFormat(self.formats.note_char())
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text, self.formats.note_char())

    def _new_frame(self, padding: float = 0, below: float = 0) -> QTextFrame:
        cursor = QTextCursor(self._document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        fmt = QTextFrameFormat()
        fmt.setPadding(padding)
        fmt.setBorder(0)
        fmt.setTopMargin(0 if cursor.block().blockNumber() == 0 else Space.XL)
        fmt.setBottomMargin(below)
        return cursor.insertFrame(fmt)

    # Blocks of a reply

    def update(self, slot: Slot, index: int, blocks: list[Block]) -> None:
        """Make the reply's blocks from ``index`` on be ``blocks``; what is already equal is left alone."""
        edit = QTextCursor(self._document)
        edit.beginEditBlock()  # one layout for all of it
        try:
            self._update(slot, index, blocks)
        finally:
            edit.endEditBlock()

    def _update(self, slot: Slot, index: int, blocks: list[Block]) -> None:
        position = index
        for written, block in zip_longest(slot.written[index:], blocks):
            if written is None or block is None or written.block != block:
                break
            position += 1
        rest = blocks[position - index :]
        if rest and position == len(slot.written) - 1 and self._grow(slot, slot.written[-1], rest[0]):
            rest = rest[1:]
        else:
            self._truncate(slot, position)
        for block in rest:
            self._append(slot, block)

    def _grow(self, slot: Slot, written: _Written, block: Block) -> bool:
        """Rewrite only the differing end of the last block, if it is text of the same form as before."""
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
            same = _same_prefix(old.runs, block.runs)
        elif block.kind is Kind.CODE and old.language == block.language:
            same = _same_length(old.text, block.text)
        else:
            return False
        cursor = QTextCursor(self._document)
        cursor.setPosition(slot.frame.firstPosition() + written.text + same)
        cursor.setPosition(slot.end, QTextCursor.MoveMode.KeepAnchor)
        if cursor.hasSelection():
            cursor.removeSelectedText()
        if block.kind is Kind.CODE:
            cursor.insertText(block.text[_units(block.text, same) :], self.formats.code_char())
        else:
            self._insert_runs(cursor, block.runs, self._heading(block), skip=same)
        written.block = block
        return True

    def _truncate(self, slot: Slot, count: int) -> None:
        """Keep the first ``count`` blocks of the reply."""
        if count >= len(slot.written):
            return
        gone = slot.written[count]
        cursor = QTextCursor(self._document)
        cursor.setPosition(slot.frame.firstPosition() + gone.start)
        cursor.setPosition(slot.frame.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        del slot.written[count:]
        if gone.fresh:
            cursor.setBlockFormat(self.formats.line())
            cursor.setBlockCharFormat(self.formats.char())
        else:
            cursor.setBlockFormat(self.formats.block(slot.written[-1].block, count == 1))

    def _append(self, slot: Slot, block: Block) -> None:
        cursor = QTextCursor(slot.frame.lastCursorPosition())
        first = not slot.written
        fresh = first or slot.written[-1].block.kind in (Kind.CODE, Kind.TABLE)
        start = cursor.position()
        if block.kind is Kind.CODE:
            self._before_frame(cursor, fresh)
            frame = cursor.insertFrame(self.formats.code_frame(block, first))
            text = self._write_code(frame, block)
            self._after_frame(slot)
        elif block.kind is Kind.TABLE:
            self._before_frame(cursor, fresh)
            self._write_table(cursor, block)
            text = cursor.position()
            self._after_frame(slot)
        else:
            if not fresh:
                cursor.insertBlock()
            cursor.setBlockFormat(self.formats.block(block, first))
            cursor.setBlockCharFormat(self.formats.char(heading=self._heading(block)))
            text = cursor.position()
            self._insert_runs(cursor, block.runs, self._heading(block))
        base = slot.frame.firstPosition()
        slot.written.append(_Written(block, start - base, fresh, text - base))

    def _before_frame(self, cursor: QTextCursor, fresh: bool) -> None:
        if fresh:
            cursor.setBlockFormat(self.formats.spacer())
            cursor.setBlockCharFormat(self.formats.spacer_char())

    def _after_frame(self, slot: Slot) -> None:
        cursor = QTextCursor(slot.frame.lastCursorPosition())
        cursor.setBlockFormat(self.formats.spacer())
        cursor.setBlockCharFormat(self.formats.spacer_char())

    def _write_code(self, frame: QTextFrame, block: Block) -> int:
        cursor = frame.firstCursorPosition()
        cursor.setBlockFormat(self.formats.code_head())
        cursor.setBlockCharFormat(self.formats.code_char())
        cursor.insertBlock(self.formats.code_line(), self.formats.code_char())
        text = cursor.position()
        cursor.insertText(block.text, self.formats.code_char())
        return text

    def _write_table(self, cursor: QTextCursor, block: Block) -> None:
        fmt = QTextTableFormat()
        fmt.setBorder(0)
        fmt.setCellPadding(0)
        fmt.setCellSpacing(0)
        fmt.setBorderCollapse(True)
        fmt.setLeftMargin(block.indent * _INDENT + block.quote * Space.L)
        fmt.setTopMargin(Space.M)
        fmt.setBottomMargin(Space.M)
        fmt.setHeaderRowCount(1)
        columns = max(len(row) for row in block.rows)
        if len("".join(run.text for row in block.rows for cell in row for run in cell)) > 60 * columns:
            fmt.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        table = cursor.insertTable(len(block.rows), columns, fmt)
        aligns = {"right": Qt.AlignmentFlag.AlignRight, "center": Qt.AlignmentFlag.AlignHCenter}
        line = QBrush(self._theme.color("line"))
        head = QBrush(self._theme.color("edge"))
        for row, cells in enumerate(block.rows):
            for column in range(columns):
                cell = table.cellAt(row, column)
                cell_format = cell.format().toTableCellFormat()
                cell_format.setTopPadding(3)
                cell_format.setBottomPadding(7)
                cell_format.setLeftPadding(0 if column == 0 else Space.S)
                cell_format.setRightPadding(Space.L)
                cell_format.setBottomBorder(1)
                cell_format.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
                cell_format.setBottomBorderBrush(head if row == 0 else line)
                cell.setFormat(cell_format)
                inside = cell.firstCursorPosition()
                line_format = self.formats.line(Size.CONTROL, 1.5)
                name = block.aligns[column] if column < len(block.aligns) else ""
                line_format.setAlignment(aligns.get(name, Qt.AlignmentFlag.AlignLeft))
                inside.setBlockFormat(line_format)
                runs = cells[column] if column < len(cells) else ()
                if row == 0:
                    runs = tuple(Run(run.text, run.styles | {Style.STRONG}, run.link) for run in runs)
                self._insert_runs(inside, runs, 0, size=Size.CONTROL)

    @staticmethod
    def _heading(block: Block) -> int:
        return block.level if block.kind is Kind.HEADING else 0

    def _insert_runs(
        self,
        cursor: QTextCursor,
        runs: tuple[Run, ...],
        heading: int,
        skip: int = 0,
        size: Size | None = None,
    ) -> None:
        """Insert ``runs`` without their first ``skip`` UTF-16 units."""
        for run in runs:
            length = utf16_length(run.text)
            if skip >= length:
                skip -= length
                continue
            fmt = self.formats.char(run.styles, run.link, heading)
            if size is not None and Style.CODE not in run.styles:
                fmt.setProperty(QTextFormat.Property.FontPixelSize, self._theme.px(size))
            cursor.insertText(run.text[_units(run.text, skip) :], fmt)
            skip = 0


def _mark(item: ListItem, indent: int) -> str:
    if item.task is not None:
        return CHECKED if item.task else UNCHECKED
    if item.number is not None:
        return f"{item.number}."
    return "•" if indent % 2 else "◦"


def utf16_length(text: str) -> int:
    """Length as a text document counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def _units(text: str, units: int) -> int:
    """The index into ``text`` after ``units`` UTF-16 units."""
    if text.isascii():
        return units
    count = 0
    for index, character in enumerate(text):
        if count >= units:
            return index
        count += 2 if character > "\uffff" else 1
    return len(text)


def _same_length(old: str, new: str) -> int:
    """UTF-16 length of the common beginning."""
    if new.startswith(old):
        return utf16_length(old)
    count = 0
    for a, b in zip(old, new, strict=False):
        if a != b:
            break
        count += 2 if a > "\uffff" else 1
    return count


def _same_prefix(old: tuple[Run, ...], new: tuple[Run, ...]) -> int:
    """UTF-16 length of the common beginning of two texts in the same looks."""
    count = 0
    for a, b in zip(old, new, strict=False):
        if (a.styles, a.link) != (b.styles, b.link):
            break
        count += _same_length(a.text, b.text)
        if a.text != b.text:
            break
    return count
