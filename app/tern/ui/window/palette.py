"""Ctrl+K: one field that finds what the window can do or show. Knows none of it; is given words and what they do."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from tern.ui.style.theme import Size, Space, Theme
from tern.ui.window.palette_match import Command, found

_MOST = 50
_WIDTH = 520
_ROWS = 9
_KEYS = Qt.ItemDataRole.UserRole
_VEIL = QColor(0, 0, 0, 88)
_PADDING = Space.M  # of a row, as in the style sheet, and what the list itself keeps free


class _Veil(QWidget):
    """Dims what the palette lies over; a click on it is ``pressed``."""

    pressed = Signal()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), _VEIL)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()


class _Rows(QStyledItemDelegate):
    """What a command does on one side, its keys on the other."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        room = option.rect.width() - 2 * _PADDING
        if keys := index.data(_KEYS):
            room -= option.fontMetrics.horizontalAdvance(keys) + Space.L
        option.text = option.fontMetrics.elidedText(option.text, Qt.TextElideMode.ElideRight, room)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        if keys := index.data(_KEYS):
            chosen = option.state & QStyle.StateFlag.State_Selected
            painter.setFont(self._theme.font(Size.SMALL))
            painter.setPen(self._theme.color("ink" if chosen else "quiet"))
            place = option.rect.adjusted(_PADDING, 0, -_PADDING, 0)
            side = QStyle.visualAlignment(option.direction, Qt.AlignmentFlag.AlignRight)
            painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # keys are not turned around
            painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, keys)
            painter.setLayoutDirection(option.direction)


class Palette(QFrame):
    """Lies over its parent until something is chosen, Escape is pressed, or the focus goes elsewhere."""

    left_alone = Signal()  # it closes, and what had the keyboard before is gone

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._over = parent
        self._before: QWidget | None = None
        self._commands: Sequence[Command] = ()
        self._veil = _Veil(parent)
        self._veil.hide()
        self._veil.pressed.connect(self._leave)
        parent.installEventFilter(self)
        self._shown: list[Command] = []
        self.setObjectName("palette")
        self.setAccessibleName(self.tr("Find actions, settings and chats"))
        self.field = QLineEdit(self)
        self.field.setObjectName("paletteField")
        self.field.setPlaceholderText(self.tr("Find actions, settings and chats"))
        self.field.setAccessibleName(self.tr("Find actions, settings and chats"))
        self.field.setAccessibleDescription(self.tr("Up and Down choose, Enter does it, Escape closes."))
        self.list = QListWidget(self)
        self.list.setObjectName("paletteList")
        self.list.setAccessibleName(self.tr("Found"))
        self.list.setAccessibleDescription(self.tr("Enter does what is chosen."))
        self.list.setItemDelegate(_Rows(theme, self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        column.setSpacing(Space.S)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._filter)
        self.list.itemClicked.connect(lambda: self._do())
        self.hide()

    def open(self, commands: Sequence[Command]) -> None:
        """Offer ``commands``, in their order."""
        self._commands = commands
        if not self.isVisible():
            self._before = self.window().focusWidget()
        self.field.clear()
        self._filter("")
        self._place()
        self._veil.show()
        self._veil.raise_()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def _place(self) -> None:
        """In the upper part of what it lies over, as high as there is room for whole rows."""
        over = self._over
        self._veil.setGeometry(over.rect())
        width = min(round(_WIDTH * self._theme.scale), over.width() - 2 * Space.L)
        row = max(1, self.list.visualItemRect(self.list.item(0)).height()) if self.list.count() else 1
        rows = max(1, min(_ROWS, (over.height() - 4 * Space.XXL) // row))  # whole ones
        self.list.setFixedHeight(rows * row + 2 * self.list.frameWidth())
        corner = QPoint((over.width() - width) // 2, min(72, over.height() // 8))
        self.setGeometry(corner.x(), corner.y(), width, self.sizeHint().height())

    def _filter(self, text: str) -> None:
        self._shown = found(self._commands, text)[:_MOST]
        self.list.clear()
        for command in self._shown:
            item = QListWidgetItem(command.text)
            item.setData(_KEYS, command.keys)
            spoken = f"{command.text}, {command.keys}" if command.keys else command.text
            item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
            item.setToolTip(command.text)
            self.list.addItem(item)
        if not self._shown:
            none = QListWidgetItem(self.tr("No matches."))
            none.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(none)
        self.list.setCurrentRow(0)

    def _do(self) -> None:
        row = self.list.currentRow()
        self._leave()  # first: what is done may move the focus itself
        if 0 <= row < len(self._shown):
            self._shown[row].act()

    def _leave(self) -> None:
        """Give the keyboard back to whom it was taken from; to the next best, Qt would."""
        before, self._before = self._before, None
        if before is not None and isValid(before) and before.isVisible() and before.isEnabled():
            before.setFocus(Qt.FocusReason.PopupFocusReason)
        else:
            self.left_alone.emit()
        self.hide()

    def hideEvent(self, event: QEvent) -> None:
        self._veil.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        if watched is self.field and isinstance(event, QFocusEvent) and event.lostFocus():
            # It stays while another window is looked at, and while the field's own menu is open.
            kept = Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason
            if event.reason() not in kept:
                self.hide()
        if watched is not self.field or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        match event.key():
            case Qt.Key.Key_Escape:
                self._leave()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._do()
            case Qt.Key.Key_Down | Qt.Key.Key_Up:
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self.list.setCurrentRow((self.list.currentRow() + step) % max(1, self.list.count()))
            case _:
                return False
        return True
