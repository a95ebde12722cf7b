"""How a row of the conversation list is drawn and renamed. Knows the theme and the rows, nothing of the store."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from tern.ui.sidebar.conversation_list import ConversationList
from tern.ui.sidebar.conversation_model import OPEN, ROW, Row, date_text
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import RADIUS, Size, Space, Theme

Index = QModelIndex | QPersistentModelIndex


class RowDelegate(QStyledItemDelegate):
    """Of ``view``. ``renamed`` carries a conversation and the title typed over the old one.

    Three states that one row may have at once: open (a soft block), marked among several (the colour of selections),
    reached by the keys (a ring).
    """

    renamed = Signal(int, str)

    def __init__(self, theme: Theme, view: ConversationList) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view
        theme.changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        line = QFontMetrics(self._theme.font(Size.CONTROL)).height()
        small = QFontMetrics(self._theme.font(Size.SMALL)).height()
        height = line + 2 * self._theme.space(Space.S) - 2
        self._row = QSize(0, height)
        self._passage = QSize(0, height + 2 * small + 2)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Headings are as tall as conversations: with rows of one size Qt asks once, not ten thousand times."""
        row: Row = index.data(ROW)
        return self._row if row.hit is None or row.hit.message is None else self._passage

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW)
        box = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row.summary is None:
            painter.setFont(self._theme.font(Size.SMALL, weight=QFont.Weight.DemiBold))
            painter.setPen(self._theme.color("quiet"))
            place = box.adjusted(Space.M, 0, -Space.M, -Space.XS)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, row.heading)
            painter.restore()
            return
        pointed = self._view.is_pointed(row.summary.id)
        grounded = self._ground(painter, option, index, pointed)
        font = self._theme.font(Size.CONTROL)
        height = QFontMetrics(font).height()
        line = QRect(
            box.left() + Space.M,
            box.top() + self._theme.space(Space.S) - 1,
            box.width() - 2 * Space.M,
            height,
        )
        end = self._end(painter, line, row, option.direction, pointed, grounded)
        if option.direction is Qt.LayoutDirection.RightToLeft:
            line.setLeft(line.left() + end)
        else:
            line.setRight(line.right() - end)
        title_marks = row.hit.marks if row.hit is not None and row.hit.message is None else ()
        self._text(painter, line, row.summary.title, font, self._theme.color("ink"), title_marks, 1)
        if row.hit is not None and row.hit.message is not None:
            small = self._theme.font(Size.SMALL)
            place = QRect(box.left() + Space.M, line.bottom() + 2, box.width() - 2 * Space.M, box.height())
            quiet = self._theme.color("ink" if grounded else "quiet")
            self._text(painter, place, row.hit.text, small, quiet, row.hit.marks, 2)
        painter.restore()

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, pointed: bool) -> bool:
        """What lies under a row; whether anything does."""
        box = option.rect.adjusted(0, 1, 0, -1)
        marked = self._view.has_several and bool(option.state & QStyle.StateFlag.State_Selected)
        role = "selection" if marked else "chosen" if index.data(OPEN) else "hover" if pointed else ""
        painter.setPen(Qt.PenStyle.NoPen)
        if role:
            painter.setBrush(self._theme.color(role))
            painter.drawRoundedRect(box, RADIUS, RADIUS)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.color("accent"))
            painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        return bool(role)

    def _end(
        self,
        painter: QPainter,
        line: QRect,
        row: Row,
        direction: Qt.LayoutDirection,
        pointed: bool,
        grounded: bool,
    ) -> int:
        """What stands at the end of a row: its button under the pointer, else a mark or its date; how wide, px."""
        assert row.summary is not None
        if pointed:
            return self._view.button_room() - Space.XS
        if row.busy or row.summary.pinned:
            self._mark(painter, line, row, direction)
            return int(Space.XL)
        date = date_text(row.summary.updated, dt.date.today(), recent=row.hit is not None)
        if not date:
            return 0
        font = self._theme.font(Size.SMALL, tabular=True)
        painter.setFont(font)
        painter.setPen(self._theme.color("ink" if grounded else "quiet"))
        side = (
            Qt.AlignmentFlag.AlignLeft
            if direction is Qt.LayoutDirection.RightToLeft
            else Qt.AlignmentFlag.AlignRight
        )
        painter.drawText(line, side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute, date)
        return QFontMetrics(font).horizontalAdvance(date) + Space.S

    def _mark(self, painter: QPainter, line: QRect, row: Row, direction: Qt.LayoutDirection) -> None:
        """At the row's end: a dot while a reply is on its way, else a pin."""
        side = self._theme.px(Size.CONTROL)
        place = QRect(line.right() + 1 - side, line.top() + (line.height() - side) // 2, side, side)
        if direction is Qt.LayoutDirection.RightToLeft:
            place.moveLeft(line.left())
        if row.busy:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("accent"))
            painter.drawEllipse(QRectF(place).center(), 4, 4)
        else:
            action_icon("push-pin", self._theme, "quiet").paint(painter, place)

    def _text(
        self,
        painter: QPainter,
        place: QRect,
        text: str,
        font: QFont,
        color: QColor,
        marks: tuple[tuple[int, int], ...],
        lines: int,
    ) -> None:
        """``text`` on at most so many lines, its ``marks`` in ink on a marked ground."""
        metrics = QFontMetrics(font)
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width() * lines - (lines - 1) * 24)
        layout = QTextLayout(text, font)
        side = Qt.AlignmentFlag.AlignLeft
        if painter.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            side = Qt.AlignmentFlag.AlignRight
        how = QTextOption(side | Qt.AlignmentFlag.AlignAbsolute)  # by the window, whatever the text's own
        how.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        layout.setTextOption(how)
        found = QTextCharFormat()
        found.setBackground(self._theme.color("selection"))
        found.setForeground(self._theme.color("ink"))
        ranges = []
        for start, end in marks:
            if start < len(text):
                piece = QTextLayout.FormatRange()
                piece.start, piece.length, piece.format = start, min(end, len(text)) - start, found
                ranges.append(piece)
        layout.setFormats(ranges)
        layout.beginLayout()
        for number in range(lines):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(place.width())
            line.setPosition(QRectF(0, number * metrics.height(), 0, 0).topLeft())
        layout.endLayout()
        painter.setPen(color)
        layout.draw(painter, QRectF(place).topLeft())

    # Renaming

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName("renameEditor")
        editor.setAccessibleName(self.tr("Title"))
        editor.setAccessibleDescription(self.tr("Enter keeps the new title, Escape the old one."))
        return editor

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if escape and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # Escape gives up the new title before it stops a reply
            return True
        return super().eventFilter(editor, event)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        assert isinstance(editor, QLineEdit)
        row: Row = index.data(ROW)
        title = editor.text().strip()
        if row.summary is not None and title and title != row.summary.title:
            self.renamed.emit(row.summary.id, title)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        height = QFontMetrics(self._theme.font(Size.CONTROL)).height() + 2 * Space.S - 4
        editor.setGeometry(option.rect.left(), option.rect.top() + 1, option.rect.width(), height)
