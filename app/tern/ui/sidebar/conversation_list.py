"""The list of conversations as it is used: what is reached, what is marked, and the button of the row under the
pointer. Which conversation is open is the model's matter, and no key or button here changes it. Asks by signals.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QCursor, QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QListView, QToolButton, QWidget

from tern.ui.sidebar.conversation_model import ROW, ConversationModel, Row
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Space, Theme

_KEEPS = Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason  # the keys come back to it
_SELECT = QItemSelectionModel.SelectionFlag


class ConversationList(QListView):
    """A click or Enter opens, F2 renames, Delete deletes. Ctrl and Shift, with a click or an arrow, mark several."""

    opened = Signal(object)  # Row
    delete_pressed = Signal()
    menu_wanted = Signal(object, QPoint)  # Row, where on the screen
    left = Signal()  # by the focus

    def __init__(self, theme: Theme, model: ConversationModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows = model
        self._several = False
        self._pointed: int | None = None  # the conversation under the pointer
        self._asked: int | None = None  # the one whose menu is open
        self._held = Qt.KeyboardModifier.NoModifier  # with the last click
        self.setModel(model)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QListView.EditTrigger.EditKeyPressed)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setMouseTracking(True)
        self._more = QToolButton(self.viewport())
        self._more.setObjectName("rowMenuButton")
        self._more.setProperty("kind", "chip")
        self._more.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys have the menu key, and Shift with F10
        self._more.setAccessibleDescription(self.tr("Opens this chat's menu."))
        self._more.setCursor(Qt.CursorShape.ArrowCursor)
        self._more.clicked.connect(self._ask_under_button)
        self._more.hide()
        self.clicked.connect(self._clicked)
        self.activated.connect(self._activated)
        self.verticalScrollBar().valueChanged.connect(self._point)
        model.modelReset.connect(self._point)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def is_editing(self) -> bool:
        """Whether a title is being typed."""
        return self.state() == QListView.State.EditingState

    # What is reached, and what is marked

    @property
    def reached(self) -> Row | None:
        """The conversation that the keys have got to."""
        row: Row | None = self.currentIndex().data(ROW)
        return row if row is not None and row.summary is not None else None

    @property
    def marked(self) -> Sequence[int]:
        """The conversations that what is done next is done with, from the top; mostly one."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        marked = [row.summary.id for row in map(self._rows.row, rows) if row.summary is not None]
        if not marked and self.reached is not None and self.reached.summary is not None:
            return [self.reached.summary.id]
        return marked

    @property
    def has_several(self) -> bool:
        """Whether more than one is marked."""
        return self._several

    def reach(self, number: int) -> None:
        """Put the keys on a row, -1 for none, and mark it alone; whatever keys are held."""
        index = self._rows.index(number) if number >= 0 else QModelIndex()
        self.selectionModel().setCurrentIndex(index, _SELECT.ClearAndSelect)
        if number < 0:
            self.selectionModel().clear()

    def mark(self, numbers: Sequence[int]) -> None:
        """Mark these rows besides."""
        selection = QItemSelection()
        for number in numbers:
            index = self._rows.index(number)
            selection.select(index, index)
        self.selectionModel().select(selection, _SELECT.Select)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        several = len(self.selectionModel().selectedIndexes()) > 1
        if several or self._several:
            self.viewport().update()
        self._several = several

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in _KEEPS:
            self.left.emit()

    # Keys

    def event(self, event: QEvent) -> bool:
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if escape and event.type() == QEvent.Type.ShortcutOverride and self._several and not self.is_editing:
            event.accept()  # Escape unmarks before it stops a reply
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.is_editing:  # Enter ends the editing first, and comes here then
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Delete or (
            sys.platform == "darwin" and event.key() == Qt.Key.Key_Backspace  # the key that is there
        ):
            self.delete_pressed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._activated(self.currentIndex())
        elif event.key() == Qt.Key.Key_Escape and self._several:
            self.reach(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    # The pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.RightButton:  # which asks for a menu, and marks nothing
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = event.modifiers()
        super().mouseReleaseEvent(event)
        self._held = Qt.KeyboardModifier.NoModifier

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._point_at(event.position().toPoint())

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._point_at(None)
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._point()

    def _clicked(self, index: QModelIndex) -> None:
        several = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        if not self._held & several:
            self._activated(index)

    def _activated(self, index: QModelIndex) -> None:
        row: Row | None = index.data(ROW)
        if row is not None and row.summary is not None:
            self.opened.emit(row)

    # The menu of a row

    def is_pointed(self, conversation: int) -> bool:
        """Whether its row is under the pointer, or its menu open."""
        return conversation in (self._pointed, self._asked)

    def hold(self, conversation: int | None) -> None:
        """Show whose menu is open; None for none."""
        self._asked = conversation
        self._point()
        self.viewport().update()

    def button_room(self) -> int:
        """What the button takes of the end of a row, px."""
        return self._more.width() + Space.XS

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            place = self.visualRect(index).bottomLeft() + QPoint(Space.L, 0)
        else:
            place = event.pos()
            index = self.indexAt(place)
        self._ask(index, self.viewport().mapToGlobal(place))

    def _ask_under_button(self) -> None:
        corner = self._more.geometry()
        index = self.indexAt(corner.center())
        self._ask(index, self.viewport().mapToGlobal(corner.bottomLeft() + QPoint(0, Space.XS)))

    def _ask(self, index: QModelIndex, place: QPoint) -> None:
        row: Row | None = index.data(ROW)
        if row is not None and row.summary is not None:
            self.menu_wanted.emit(row, place)

    def _point(self) -> None:
        """The rows have moved under the pointer."""
        place = self.viewport().mapFromGlobal(QCursor.pos())
        self._point_at(place if self.viewport().underMouse() or self._more.underMouse() else None)

    def _point_at(self, place: QPoint | None) -> None:
        index = self.indexAt(place) if place is not None else QModelIndex()
        row: Row | None = index.data(ROW)
        pointed = row.summary if row is not None else None
        if (pointed.id if pointed is not None else None) != self._pointed:
            self._pointed = pointed.id if pointed is not None else None
            self.viewport().update()
        self._more.setVisible(pointed is not None)
        if pointed is not None:
            self._more.setAccessibleName(self.tr("Menu for “{0}”").format(pointed.title))
            self._more.setGeometry(self._button_place(self.visualRect(index)))

    def _button_place(self, row: QRect) -> QRect:
        side = self._more.width()
        inset = (self._line_height() - side) // 2
        left = row.left() + inset if self.isRightToLeft() else row.right() + 1 - inset - side
        return QRect(left, row.top() + inset, side, side)

    def _line_height(self) -> int:
        """Of a row with nothing but a title, px."""
        return self.fontMetrics().height() + 2 * self._theme.space(Space.S) - 2

    def _restyle(self) -> None:
        self._more.setIcon(action_icon("dots-three-bold", self._theme))
        self._more.setIconSize(self._theme.icon_size)
        side = self._theme.icon_size.width() + Space.S
        self._more.setFixedSize(QSize(side, side))
        self._point()

    def viewportSizeHint(self) -> QSize:
        return QSize(120, 120)
