"""A Markdown table as one of the document's own, the only frames in it. Wide ones take the whole column."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QTextCursor, QTextFrameFormat, QTextLength, QTextTable, QTextTableFormat

from tern.ui.formats import CODE_TAIL, INDENT, MIRRORED, Formats
from tern.ui.inlines import insert_runs
from tern.ui.markdown_types import Block, Kind, Run, Style
from tern.ui.theme import Size, Space, Theme

_ALIGNS = {"right": Qt.AlignmentFlag.AlignRight, "center": Qt.AlignmentFlag.AlignHCenter}
_WIDE = 60  # characters


def write_table(
    cursor: QTextCursor, block: Block, before: Block | None, formats: Formats, theme: Theme
) -> None:
    """Insert ``block`` at ``cursor``; ``before`` is the block above it."""
    fmt = QTextTableFormat()
    fmt.setBorder(0)
    fmt.setCellPadding(0)
    fmt.setCellSpacing(0)
    fmt.setBorderCollapse(True)
    indent = block.indent * INDENT + block.quote * Space.L
    if block.mirrored:
        fmt.setProperty(MIRRORED, float(indent))
    else:
        fmt.setLeftMargin(indent)
    tail = CODE_TAIL if before is not None and before.kind is Kind.CODE else 0
    fmt.setTopMargin(Space.S + tail if before is not None else 0)
    fmt.setHeaderRowCount(1)
    columns = max(len(row) for row in block.rows)
    longest = sum(max(_cell_length(row, column) for row in block.rows) for column in range(columns))
    if longest > _WIDE:
        fmt.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    table = cursor.insertTable(len(block.rows), columns, fmt)
    keep_right(table, cursor.document().rootFrame().frameFormat().leftMargin())
    line = QBrush(theme.color("line"))
    head = QBrush(theme.color("edge"))
    for row, cells in enumerate(block.rows):
        for column in range(columns):
            cell = table.cellAt(row, columns - 1 - column if block.mirrored else column)
            cell_format = cell.format().toTableCellFormat()
            cell_format.setTopPadding(3)
            cell_format.setBottomPadding(7)
            beside = (0 if column == 0 else Space.S, Space.L)
            cell_format.setLeftPadding(beside[block.mirrored])
            cell_format.setRightPadding(beside[not block.mirrored])
            cell_format.setBottomBorder(1)
            cell_format.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
            cell_format.setBottomBorderBrush(head if row == 0 else line)
            cell.setFormat(cell_format)
            inside = cell.firstCursorPosition()
            line_format = formats.line(Size.CONTROL, 1.5)
            name = block.aligns[column] if column < len(block.aligns) else ""
            line_format.setAlignment(_alignment(name, block.mirrored))
            inside.setBlockFormat(line_format)
            runs = cells[column] if column < len(cells) else ()
            if row == 0:
                runs = tuple(Run(run.text, run.styles | {Style.STRONG}, run.link) for run in runs)
            insert_runs(inside, runs, formats, px=theme.px(Size.CONTROL))


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
    if fmt.width().type() != QTextLength.Type.PercentageLength:
        fmt.setAlignment(Qt.AlignmentFlag.AlignRight)
        margin += left  # which Qt counts twice there
    if fmt.rightMargin() != margin:
        fmt.setRightMargin(margin)
        table.setFormat(fmt)


def _cell_length(row: tuple[tuple[Run, ...], ...], column: int) -> int:
    return sum(len(run.text) for run in row[column]) if column < len(row) else 0
