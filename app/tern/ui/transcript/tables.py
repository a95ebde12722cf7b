"""A Markdown table as one of the document's own, the only frames in it; a long one as several, under each other.

A table that is wider than the column goes on beside it as far as the window reaches, no word broken; where even its
words need more room it is as wide as they need, and scrolls sideways. How far it is scrolled stands in the format of
its frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QFont,
    QFontMetricsF,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
    QTextTableFormat,
)

from tern.markup.blocks import Block, BlockKind, Run, Style
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.transcript.formats import CODE_TAIL, MIRRORED, SCROLLED, SHARED, TABLE, WIDTHS, Formats, inset
from tern.ui.transcript.inlines import insert_runs

_ALIGNS = {"right": Qt.AlignmentFlag.AlignRight, "center": Qt.AlignmentFlag.AlignHCenter}
_WIDE = 60  # characters
_MEASURED = 200  # characters of a cell: what is longer is wider than any column
_ROUNDING = 6  # px that a column may lose when its part of the width is rounded, and its border
_COMFORTABLE = 160  # px of a column of a table that scrolls, unless its words need more


def write_table(
    cursor: QTextCursor, block: Block, before: Block | None, formats: Formats, theme: Theme, number: int = 0
) -> QTextTable:
    """Insert ``block`` at ``cursor``; ``before`` is the block above it, ``number`` names the table."""
    fmt = QTextTableFormat()
    fmt.setBorder(0)
    fmt.setCellPadding(0)
    fmt.setCellSpacing(0)
    fmt.setBorderCollapse(True)
    fmt.setProperty(TABLE, number)
    if block.mirrored:
        fmt.setProperty(MIRRORED, float(inset(block)))
    else:
        fmt.setLeftMargin(inset(block))
    tail = CODE_TAIL if before is not None and before.kind is BlockKind.CODE else 0
    fmt.setTopMargin(Space.S + tail if before is not None and not block.part else 0)
    fmt.setHeaderRowCount(0 if block.part else 1)
    columns = max(len(row) for row in block.rows)
    longest = sum(max(_cell_length(row, column) for row in block.rows) for column in range(columns))
    if longest > _WIDE:
        fmt.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    table = cursor.insertTable(len(block.rows), columns, fmt)
    line = QBrush(theme.color("line"))
    head = QBrush(theme.color("edge"))
    cell_format = table.cellAt(0, 0).format().toTableCellFormat()
    cell_format.setTopPadding(3)
    cell_format.setBottomPadding(7)
    cell_format.setBottomBorder(1)
    cell_format.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    for row, cells in enumerate(block.rows):
        is_head = row == 0 and not block.part
        cell_format.setBottomBorderBrush(head if is_head else line)
        for column in range(columns):
            cell = table.cellAt(row, columns - 1 - column if block.mirrored else column)
            beside = (0 if column == 0 else Space.S, Space.L)
            cell_format.setLeftPadding(beside[block.mirrored])
            cell_format.setRightPadding(beside[not block.mirrored])
            cell.setFormat(cell_format)
            inside = cell.firstCursorPosition()
            line_format = formats.line(Size.CONTROL, 1.5)
            name = block.aligns[column] if column < len(block.aligns) else ""
            line_format.setAlignment(_alignment(name, block.mirrored))
            inside.setBlockFormat(line_format)
            runs = cells[column] if column < len(cells) else ()
            if is_head:
                runs = tuple(Run(run.text, run.styles | {Style.STRONG}, run.link) for run in runs)
            insert_runs(inside, runs, formats, px=theme.px(Size.CONTROL))
    return table


def _alignment(name: str, mirrored: bool) -> Qt.AlignmentFlag:
    """Columns stand where the table begins, unless they are said to stand elsewhere. ":--" in every head is a habit,
    and no wish for the left of a table that begins at the right."""
    if mirrored and name != "center":
        return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute
    return _ALIGNS.get(name, Qt.AlignmentFlag.AlignLeft)


def keep_right(table: QTextTable, left: float) -> None:
    """Keep a mirrored table at the right of the column, which begins ``left`` px from the document's edge."""
    fmt = table.format().toTableFormat()
    if not fmt.hasProperty(MIRRORED):
        return
    margin = float(fmt.property(MIRRORED))
    alignment = Qt.AlignmentFlag.AlignLeft
    if fmt.width().type() != QTextLength.Type.PercentageLength and not fmt.hasProperty(SCROLLED):
        alignment = Qt.AlignmentFlag.AlignRight
        margin += left  # which Qt counts twice there
    if (fmt.rightMargin(), fmt.alignment()) != (margin, alignment):
        fmt.setRightMargin(margin)
        fmt.setAlignment(alignment)
        table.setFormat(fmt)


def _cell_length(row: tuple[tuple[Run, ...], ...], column: int) -> int:
    return sum(len(run.text) for run in row[column]) if column < len(row) else 0


# Widths


def _measured(block: Block, theme: Theme) -> list[float]:
    """Of each column of a table the px of its longest line and of its longest word, with the room beside the text."""
    head = QFontMetricsF(theme.font(Size.CONTROL, weight=QFont.Weight.DemiBold))
    body = QFontMetricsF(theme.font(Size.CONTROL))
    mono = QFontMetricsF(theme.mono(Size.CONTROL))
    columns = max(len(row) for row in block.rows)
    lines, words = [0.0] * columns, [0.0] * columns
    for number, row in enumerate(block.rows):
        text = head if number == 0 and not block.part else body
        for column, cell in enumerate(row):
            line = word = 0.0
            for run in cell:
                metrics = mono if Style.CODE in run.styles else text
                line += metrics.horizontalAdvance(run.text[:_MEASURED])
                word = max(
                    word, *map(metrics.horizontalAdvance, run.text[:_MEASURED].split()), 0.0
                )  # unbroken
            lines[column] = max(lines[column], line)
            words[column] = max(words[column], word)
    out: list[float] = []
    for column in range(columns):
        beside = Space.L + (Space.S if column else 0) + _ROUNDING
        out += [lines[column] + beside, words[column] + beside]
    return out


def fit(table: QTextTable, room: float, pane: float = 0) -> None:
    """Make a measured table as wide as its words need in a column of ``room`` px, once there is one; where that is not
    enough, as wide as its lines are, up to the ``pane`` px from the column's beginning to the window's edge."""
    if room <= 0:
        return
    fmt = table.format().toTableFormat()
    widths: Sequence[float] = fmt.property(WIDTHS) or []
    lines, words = widths[::2], widths[1::2]
    shift = float(fmt.property(SCROLLED) or 0)
    room -= fmt.leftMargin() + shift
    pane = 0.0 if fmt.hasProperty(MIRRORED) else pane - fmt.leftMargin() - shift
    if fmt.hasProperty(MIRRORED):
        lines, words = lines[::-1], words[::-1]
        room -= float(fmt.property(MIRRORED))
    lengths: list[QTextLength] = []
    width = fmt.width()
    wide = min(pane, sum(lines)) if sum(lines) > room else 0.0
    beyond = wide > room and sum(words) <= wide  # beyond the column, but in view
    scrolls = sum(words) > room and not beyond
    if beyond:
        more = (wide - sum(words)) / max(1.0, sum(lines) - sum(words))
        wanted = [word + (line - word) * more for line, word in zip(lines, words, strict=True)]
        lengths = [QTextLength(QTextLength.Type.FixedLength, px) for px in wanted]
        width = QTextLength(QTextLength.Type.FixedLength, sum(wanted))
    elif scrolls:
        wanted = [max(word, min(line, _COMFORTABLE)) for line, word in zip(lines, words, strict=True)]
        lengths = [QTextLength(QTextLength.Type.FixedLength, px) for px in wanted]
        width = QTextLength(QTextLength.Type.FixedLength, sum(wanted))
    elif sum(lines) > room:
        more = (room - sum(words)) / (sum(lines) - sum(words))
        wanted = [word + (line - word) * more for line, word in zip(lines, words, strict=True)]
        lengths = [QTextLength(QTextLength.Type.PercentageLength, 100 * px / sum(wanted)) for px in wanted]
        width = QTextLength(QTextLength.Type.PercentageLength, 100)
    elif fmt.hasProperty(SHARED):
        lengths = [QTextLength(QTextLength.Type.FixedLength, px) for px in lines]
        width = QTextLength(QTextLength.Type.FixedLength, sum(lines))
    elif fmt.columnWidthConstraints():  # there was less room before
        width = QTextLength(QTextLength.Type.PercentageLength, 100)
    most = max(0.0, sum(_px(lengths)) - room)
    begins = fmt.hasProperty(MIRRORED) and not fmt.hasProperty(SCROLLED)  # at its right
    to = (most if begins else min(shift, most)) if scrolls else None
    unchanged = (width, lengths) == (fmt.width(), fmt.columnWidthConstraints())
    if unchanged and to == (shift if fmt.hasProperty(SCROLLED) else None):
        return
    fmt.setWidth(width)
    if lengths:
        fmt.setColumnWidthConstraints(lengths)
    else:
        fmt.clearColumnWidthConstraints()
    _place(fmt, to)
    table.setFormat(fmt)


def measure(table: QTextTable, block: Block, theme: Theme, room: float, pane: float = 0) -> None:
    """Set a table, of which ``block`` is the first or only part, as wide as it is to be."""
    fmt = table.format().toTableFormat()
    fmt.setProperty(WIDTHS, _measured(block, theme))
    table.setFormat(fmt)
    fit(table, room, pane)


def align(table: QTextTable, first: QTextTable, room: float, pane: float = 0) -> None:
    """Set a further part of a table as its first one is set."""
    fmt, like = table.format().toTableFormat(), first.format().toTableFormat()
    if not like.hasProperty(SHARED):
        like.setProperty(SHARED, True)
        first.setFormat(like)
        fit(first, room, pane)
        like = first.format().toTableFormat()
    fmt.setWidth(like.width())
    fmt.setColumnWidthConstraints(like.columnWidthConstraints())
    fmt.setLeftMargin(like.leftMargin())
    for name in (WIDTHS, SHARED, SCROLLED):
        if like.hasProperty(name):
            fmt.setProperty(name, like.property(name))
    table.setFormat(fmt)


def tables_of(document: QTextDocument) -> Iterator[QTextTable]:
    return (frame for frame in document.rootFrame().childFrames() if isinstance(frame, QTextTable))


# Scrolling


def scrolled(table: QTextTable) -> float:
    """px of it that are scrolled away to the left."""
    return float(table.format().property(SCROLLED) or 0)


def overflow(table: QTextTable, column: float) -> float:
    """How far it can be scrolled in a column of that many px."""
    fmt = table.format().toTableFormat()
    if not fmt.hasProperty(SCROLLED):
        return 0
    column -= float(fmt.property(MIRRORED) or 0)
    return max(0.0, sum(_px(fmt.columnWidthConstraints())) - (column - fmt.leftMargin() - scrolled(table)))


def scroll_to(document: QTextDocument, table: QTextTable, to: float, column: float) -> None:
    """Scroll a table, all of its parts, as far as it goes."""
    number = table.format().property(TABLE)
    to = max(0.0, min(to, overflow(table, column)))
    edit = QTextCursor(document)
    edit.beginEditBlock()  # one layout for all of it
    for part in tables_of(document):
        fmt = part.format().toTableFormat()
        if fmt.property(TABLE) == number and fmt.hasProperty(SCROLLED):
            _place(fmt, to)
            part.setFormat(fmt)
    edit.endEditBlock()


def surface(document: QTextDocument, table: QTextTable) -> QRectF:
    """Where it stands, in document coordinates. (A table's own word for its document would end that one's Python
    object together with its own.)"""
    return document.documentLayout().frameBoundingRect(table)


def _px(lengths: Sequence[QTextLength]) -> list[float]:
    return [length.rawValue() for length in lengths]


def _place(fmt: QTextTableFormat, to: float | None) -> None:
    fmt.setLeftMargin(fmt.leftMargin() + float(fmt.property(SCROLLED) or 0) - (to or 0))
    if to is None:
        fmt.clearProperty(SCROLLED)
    else:
        fmt.setProperty(SCROLLED, to)
