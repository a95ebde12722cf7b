"""What lies under the text of the transcript and no text format can draw: bubbles, surfaces of code, list marks,
bars beside quotations, rules; and over it, the edges of what scrolls sideways. Reads the block properties of
ui/transcript/formats; changes nothing.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QTextBlock, QTextCursor, QTextTable

from tern.markup.lexing import language_name
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import BLOCK_RADIUS, RADIUS, Size, Space, Theme
from tern.ui.transcript.formats import (
    ATTACHMENT,
    BUBBLE,
    CHECKED,
    CODE,
    CODE_SIDE,
    CODE_TAIL,
    CONTEXT_LINE,
    DAY,
    DIMMED,
    FORMULA,
    LANGUAGE,
    MARK,
    PADDING,
    QUOTE,
    RULE,
    SCROLLED,
    UNCHECKED,
    Formats,
)
from tern.ui.transcript.formulas import paint_formula
from tern.ui.transcript.highlighting import PLAIN
from tern.ui.transcript.tables import surface

_FAR = 100  # px: further than any round corner or edge reaches
_HEAD = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute


class Backgrounds:
    """Paints in document coordinates; ``column`` is always the width of the text column in px."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._formats = Formats(theme)
        self.outlined = 0  # number of the bubble that is marked, 0: none
        self._left = 0.0  # of the column, px
        self.selected = (0, 0)  # from where to where the document is

    def restyle(self) -> None:
        self._formats = Formats(self._theme)

    def paint(self, painter: QPainter, block: QTextBlock, clip: QRectF, column: float) -> None:
        """Paint from ``block`` on, down to the end of ``clip``."""
        painted = 0
        self._left = block.document().rootFrame().frameFormat().leftMargin() if block.isValid() else 0.0
        while block.isValid():
            fmt = block.blockFormat()
            rect = _lines(block, column)
            if rect.top() - fmt.topMargin() > clip.bottom():
                break
            number = fmt.property(BUBBLE) or fmt.property(CODE)
            if number and number != painted:
                painted = number
                if fmt.hasProperty(CODE):
                    self._paint_code(painter, block, column, clip)
                elif fmt.hasProperty(DIMMED):  # on paper, where quiet text can be read
                    self._box(painter, self._bubble_rect(block, column, clip), "paper", BLOCK_RADIUS, "line")
                else:
                    self._box(painter, self._bubble_rect(block, column, clip), "bubble", BLOCK_RADIUS)
                if not fmt.hasProperty(CODE) and number == self.outlined:
                    self._outline(painter, self._bubble_rect(block, column, clip))
            if fmt.hasProperty(ATTACHMENT):
                self._paint_chip(painter, block)
            if fmt.hasProperty(DAY):
                self._paint_day(painter, str(fmt.property(DAY)), rect, column)
            if fmt.hasProperty(CONTEXT_LINE):
                self._paint_context_line(painter, block, rect)
            if fmt.hasProperty(QUOTE):
                self._paint_quotation(painter, block, rect)
            if fmt.hasProperty(RULE):
                line = QRectF(rect.left(), round(rect.center().y()), rect.width(), 1)
                painter.fillRect(line, self._theme.color("line"))
            if fmt.hasProperty(FORMULA):
                self._paint_formula(painter, block, rect)
            if fmt.hasProperty(MARK):
                self._paint_mark(painter, block, rect)
            block = block.next()

    def paint_over(
        self, painter: QPainter, block: QTextBlock, clip: QRectF, left: float, column: float, width: float
    ) -> None:
        """Hide what of wide code and wide tables reaches beyond them. ``left``: of the column; ``width``: of the whole
        document, px."""
        painted = 0
        hidden: QTextTable | None = None
        while block.isValid() and _lines(block, column).top() <= clip.bottom():
            fmt = block.blockFormat()
            table = QTextCursor(block).currentTable()
            if table is not None and table != hidden and table.format().hasProperty(SCROLLED):
                hidden = table
                self._hide_beside(painter, surface(block.document(), table), left, left + column, width)
            number = fmt.property(CODE)
            if number and number != painted and fmt.hasProperty(SCROLLED):
                painted = number
                rect = self.code_rect(block, column, clip)
                self._hide_beside(painter, rect, rect.left(), rect.right(), width)
                painter.setPen(QPen(self._theme.color("line"), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
            block = block.next()

    def _hide_beside(self, painter: QPainter, rect: QRectF, left: float, right: float, width: float) -> None:
        for begin, end in ((0.0, left), (right, width)):
            painter.fillRect(
                QRectF(begin, rect.top(), end - begin, rect.height()), self._theme.color("paper")
            )

    def code_rect(self, block: QTextBlock, column: float, clip: QRectF | None = None) -> QRectF:
        """The surface of the code that ``block`` is a line of; what lies far outside of ``clip`` is left out."""
        first, last = neighbours(block, CODE, clip)
        lines = _lines(first, column).united(_lines(last, column))
        return lines.adjusted(-CODE_SIDE, -self._formats.code_head, CODE_SIDE, CODE_TAIL)

    def _bubble_rect(self, block: QTextBlock, column: float, clip: QRectF | None = None) -> QRectF:
        first, last = neighbours(block, BUBBLE, clip)
        lines = _lines(first, column).united(_lines(last, column))
        return lines.adjusted(-PADDING, self._formats.leading - PADDING, PADDING, PADDING)

    def _box(self, painter: QPainter, rect: QRectF, role: str, radius: float, line: str = "") -> None:
        painter.setPen(QPen(self._theme.color(line), 1) if line else Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(role))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _outline(self, painter: QPainter, rect: QRectF) -> None:
        painter.setPen(QPen(self._theme.color("accent"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), BLOCK_RADIUS, BLOCK_RADIUS)

    def _paint_code(self, painter: QPainter, block: QTextBlock, column: float, clip: QRectF) -> None:
        rect = self.code_rect(block, column, clip)
        self._box(painter, rect, "surface", RADIUS, "line")
        if language := block.blockFormat().property(LANGUAGE):
            painter.setFont(self._theme.font(Size.SMALL))
            painter.setPen(self._theme.color("quiet"))
            height = self._theme.px(Size.SMALL) + 6
            head = QRectF(rect.left() + CODE_SIDE, rect.top() + 6, rect.width(), height)
            said = language_name(str(language))
            if block.userState() == PLAIN:
                said = _tr("{0}, too long to colour").format(said)
            painter.drawText(head, _HEAD, said)

    def _paint_chip(self, painter: QPainter, block: QTextBlock) -> None:
        text = _first_line(block)
        height, icon = self._formats.chip_height(), self._formats.chip_icon()
        top = round(text.center().y() - height / 2)
        left = text.left() - icon - Space.XS
        self._box(
            painter, QRectF(left, top, text.right() + Space.M - left, height), "surface", RADIUS, "edge"
        )
        side = self._theme.px(Size.CONTROL)
        place = QRectF(left + Space.S, top + (height - side) / 2, side, side)
        name = str(block.blockFormat().property(ATTACHMENT))
        action_icon(name, self._theme, "quiet").paint(painter, place.toRect())

    def _paint_context_line(self, painter: QPainter, block: QTextBlock, rect: QRectF) -> None:
        """Hairlines from the text to both edges of the column."""
        text = _first_line(block)
        middle = round(text.center().y()) + 1
        for left, right in ((rect.left(), text.left() - Space.M), (text.right() + Space.M, rect.right())):
            if right > left:
                painter.fillRect(QRectF(left, middle, right - left, 1), self._theme.color("edge"))

    def _paint_formula(self, painter: QPainter, block: QTextBlock, rect: QRectF) -> None:
        start, end = self.selected
        if start < end and start < block.position() + block.length() and end > block.position():
            painter.fillRect(rect, self._theme.color("selection"))
        ink = self._theme.color("quiet" if block.blockFormat().hasProperty(DIMMED) else "ink")
        tex = str(block.blockFormat().property(FORMULA))
        paint_formula(painter, tex, rect, self._theme, ink, _from_right(block))

    def _paint_day(self, painter: QPainter, day: str, rect: QRectF, column: float) -> None:
        """A day in the middle of the column, high over a message's first line, between hairlines."""
        height = self._theme.px(Size.SMALL) + Space.S
        top = rect.top() - self._theme.space(Space.XL) - PADDING - height
        left = self._left
        painter.setFont(self._theme.font(Size.SMALL))
        width = QFontMetricsF(painter.font()).horizontalAdvance(day)
        painter.setPen(self._theme.color("quiet"))
        painter.drawText(QRectF(left, top, column, height), Qt.AlignmentFlag.AlignCenter, day)
        middle = round(top + height / 2)
        for begin in (left, left + (column + width) / 2 + Space.M):
            line = QRectF(begin, middle, (column - width) / 2 - Space.M, 1)
            painter.fillRect(line, self._theme.color("line"))

    def _paint_quotation(self, painter: QPainter, block: QTextBlock, rect: QRectF) -> None:
        fmt = block.blockFormat()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("edge"))
        joined = block.previous().blockFormat().hasProperty(QUOTE)
        top = rect.top() - fmt.topMargin() if joined else rect.top() + self._formats.leading
        for depth in range(int(fmt.property(QUOTE))):
            left = rect.left() - fmt.leftMargin() + depth * Space.L
            if _from_right(block):
                left = rect.right() + fmt.rightMargin() - depth * Space.L - 3
            painter.drawRoundedRect(QRectF(left, top, 3, rect.bottom() - top), 1.5, 1.5)

    def _paint_mark(self, painter: QPainter, block: QTextBlock, rect: QRectF) -> None:
        """A list item's bullet, number or checkbox, in the room that the item's indent leaves."""
        mark = str(block.blockFormat().property(MARK))
        fmt = block.blockFormat()
        ink = self._theme.color("quiet" if fmt.hasProperty(DIMMED) else "ink")
        body = self._theme.px(Size.BODY)
        first = block.layout().lineAt(0)
        baseline = rect.top() + first.y() + first.ascent()
        from_right = _from_right(block)
        # The edge of the mark that is beside the text.
        right = rect.right() + 7 if from_right else rect.left() - 7
        middle = baseline - body * 0.36
        if mark in (CHECKED, UNCHECKED):
            side = round(body * 0.87)
            box = QRectF(right if from_right else right - side, round(middle - side / 2), side, side)
            if mark == UNCHECKED:
                self._box(painter, box, "surface", 3, "edge")
                return
            self._box(painter, box, "quiet" if fmt.hasProperty(DIMMED) else "accent", 3)
            painter.setPen(QPen(self._theme.color("on_accent"), 1.6))
            tick = ((0.25, 0.52), (0.43, 0.7), (0.76, 0.32))
            painter.drawPolyline([box.topLeft() + QPointF(x * side, y * side) for x, y in tick])
        elif mark[0].isdigit():
            painter.setPen(ink)
            painter.setFont(self._theme.font(Size.BODY, tabular=True))
            width = QFontMetricsF(painter.font()).horizontalAdvance(mark)
            if from_right:
                mark = mark[-1] + mark[:-1]
            # The text's side is settled, not the window's.
            painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
            painter.drawText(QPointF(right if from_right else right - width, baseline), mark)
        else:
            radius = body * 0.17
            painter.setPen(QPen(ink, 1.2))
            painter.setBrush(ink if mark == "•" else Qt.BrushStyle.NoBrush)
            centre = right + radius + 2 if from_right else right - radius - 2
            painter.drawEllipse(QPointF(centre, middle), radius, radius)


def neighbours(block: QTextBlock, name: int, clip: QRectF | None = None) -> tuple[QTextBlock, QTextBlock]:
    """First and last of the blocks around ``block`` that carry the same value of property ``name``; of those that reach
    far beyond ``clip``, in document coordinates, some that are outside of it."""
    number = block.blockFormat().property(name)
    layout = block.document().documentLayout()
    first = last = block
    while (before := first.previous()).isValid() and before.blockFormat().property(name) == number:
        first = before
        if clip is not None and layout.blockBoundingRect(first).bottom() < clip.top() - _FAR:
            break
    while (after := last.next()).isValid() and after.blockFormat().property(name) == number:
        last = after
        if clip is not None and layout.blockBoundingRect(last).top() > clip.bottom() + _FAR:
            break
    return first, last


def _tr(text: str) -> str:
    return QCoreApplication.translate("grounds", text)


def _from_right(block: QTextBlock) -> bool:
    return block.textDirection() is Qt.LayoutDirection.RightToLeft


def _first_line(block: QTextBlock) -> QRectF:
    """Where the text of a block's first line stands."""
    layout = block.layout()
    return layout.lineAt(0).naturalTextRect().translated(layout.position())


def _lines(block: QTextBlock, column: float) -> QRectF:
    """Where a block's lines stand: without its margins, and with all of their fixed height."""
    document = block.document()
    fmt = block.blockFormat()
    left = document.rootFrame().frameFormat().leftMargin() + fmt.leftMargin()
    top = document.documentLayout().blockBoundingRect(block).top()
    height = block.layout().lineCount() * fmt.lineHeight()
    return QRectF(left, top, column - fmt.leftMargin() - fmt.rightMargin(), height)
