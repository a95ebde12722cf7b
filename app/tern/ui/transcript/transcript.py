"""What can be done with the messages on show: bars of buttons under the pointer, the context menu, copying.
Asks by signals, which name a message by its key.
"""

from __future__ import annotations

import bisect

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QTextBlock,
    QTextCursor,
    QTextTable,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QToolTip, QWidget

from tern.ui.style.theme import Space, Theme
from tern.ui.transcript import tables
from tern.ui.transcript.clipboard import code_text, selected_text
from tern.ui.transcript.code_bar import CodeBar, SideSlider
from tern.ui.transcript.formats import CODE, CODE_SIDE, PADDING
from tern.ui.transcript.items import ATTACHMENT_LINK, Shown
from tern.ui.transcript.message_bar import MessageBar
from tern.ui.transcript.transcript_view import TranscriptView
from tern.ui.transcript.wide_code import is_wide, overflow, scroll_to, scrolled, set_wide


class Transcript(TranscriptView):
    """The conversation, with what one can do about each message."""

    edit_requested = Signal(int)
    regenerate_requested = Signal(int)
    continue_requested = Signal()
    branch_requested = Signal(int, int)  # key, -1 or +1
    delete_requested = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._idle = True
        self._pointed: Shown | None = None
        self._pointed_code: QTextBlock | None = None
        self._question_bar = MessageBar(theme, True, self.viewport())
        self._reply_bar = MessageBar(theme, False, self.viewport())
        for bar, of in ((self._question_bar, self._barred_question), (self._reply_bar, self._barred_reply)):
            bar.copy_clicked.connect(lambda bar=bar, of=of: self._copy(bar, of()))
            bar.branch_clicked.connect(lambda step, of=of: self._ask(self.branch_requested, of(), step))
        self._question_bar.change_clicked.connect(
            lambda: self._ask(self.edit_requested, self._barred_question())
        )
        self._reply_bar.change_clicked.connect(
            lambda: self._ask(self.regenerate_requested, self._barred_reply())
        )
        self._reply_bar.continue_clicked.connect(self.continue_requested)
        self._code_bar = CodeBar(theme, self.viewport())
        self._code_bar.copy_clicked.connect(self._copy_pointed_code)
        self._code_bar.wrap_clicked.connect(lambda: self._turn_wrapping(self._pointed_code))
        self._code_bar.scrolled.connect(self._scroll_code)
        self._pointed_table: QTextTable | None = None
        self._table_slider = SideSlider(self.tr("Scroll this table sideways"), self.viewport())
        self._table_slider.setObjectName("tableScrollBar")
        self._table_slider.valueChanged.connect(self._scroll_table)
        self._rebuild()

    def set_idle(self, idle: bool) -> None:
        """Whether the conversation can be changed now: no reply is on its way in it."""
        self._idle = idle
        self._place_bars()

    # Copying

    def copy(self) -> None:
        """Put the selection on the clipboard. As text, which the clipboard owns: it outlives Python at exit."""
        if self.textCursor().hasSelection():
            QGuiApplication.clipboard().setText(selected_text(self.textCursor(), self._elided))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """The selection with list marks, without notes."""
        data = QMimeData()
        data.setText(selected_text(self.textCursor(), self._elided))
        return data

    def _elided(self, key: int) -> str:
        """What is not shown of a message."""
        return "".join(shown.source[shown.cut() :] for shown in self._messages if shown.item.key == key)

    def _copy(self, bar: MessageBar, shown: Shown | None) -> None:
        if shown is not None:
            QGuiApplication.clipboard().setText(shown.said)
            bar.confirm_copy()

    def _copy_pointed_code(self) -> None:
        if self._pointed_code is not None:
            QGuiApplication.clipboard().setText(code_text(self._pointed_code))
            self._code_bar.copy.confirm()
            self._code_bar.adjustSize()

    @staticmethod
    def _ask(signal: object, shown: Shown | None, *more: int) -> None:
        if shown is not None:
            signal.emit(shown.item.key, *more)  # type: ignore[attr-defined]

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._menu(event.pos()).popup(event.globalPos())

    def _menu(self, point: QPoint) -> QMenu:
        """What can be done with what stands at a place of the viewport."""
        shown, code = self._at(point)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = menu.addAction(self.tr("Copy"), QKeySequence(QKeySequence.StandardKey.Copy), self.copy)
        copy.setEnabled(self.textCursor().hasSelection())
        if (link := self.anchorAt(point)).startswith(ATTACHMENT_LINK):
            menu.addAction(self.tr("Show attachment"), lambda: self._activate(link))
        if code is not None:
            text = code_text(code)
            menu.addAction(self.tr("Copy code"), lambda: QGuiApplication.clipboard().setText(text))
            label = self.tr("Wrap long lines") if is_wide(code) else self.tr("Do not wrap long lines")
            menu.addAction(label, lambda: self._turn_wrapping(code))
        if shown is not None:
            self._add_message_actions(menu, shown)
        menu.addSeparator()
        menu.addAction(
            self.tr("Select all"), QKeySequence(QKeySequence.StandardKey.SelectAll), self.selectAll
        )
        return menu

    def _add_message_actions(self, menu: QMenu, shown: Shown) -> None:
        label = self.tr("Copy message") if shown.user else self.tr("Copy reply")
        menu.addAction(label, lambda: QGuiApplication.clipboard().setText(shown.said))
        menu.addSeparator()
        if shown.user:
            changes = [
                menu.addAction(self.tr("Edit and send again"), lambda: self._ask(self.edit_requested, shown))
            ]
        else:
            changes = [
                menu.addAction(self.tr("Regenerate"), lambda: self._ask(self.regenerate_requested, shown))
            ]
            if shown.item.unfinished and shown is self._messages[-1]:
                changes.append(menu.addAction(self.tr("Continue"), self.continue_requested.emit))
        number, total = shown.item.place
        if total > 1:
            ask, step = self._ask, self.branch_requested
            back = menu.addAction(self.tr("Previous version"), lambda: ask(step, shown, -1))
            forth = menu.addAction(self.tr("Next version"), lambda: ask(step, shown, 1))
            back.setEnabled(self._idle and number > 1)
            forth.setEnabled(self._idle and number < total)
        delete = menu.addAction(
            self.tr("Delete from here on"), lambda: self._ask(self.delete_requested, shown)
        )
        for action in (*changes, delete):
            action.setEnabled(self._idle)

    # Pointing

    def _last_settled(self) -> Shown | None:
        last = self._messages[-1] if self._messages else None
        return last if last is not None and not last.user and last is not self._open else None

    def _barred_reply(self) -> Shown | None:
        """Whose buttons stand there: the reply under the pointer, or else the last one."""
        pointed = self._pointed
        return pointed if pointed is not None and not pointed.user else self._last_settled()

    def _barred_question(self) -> Shown | None:
        return self._pointed if self._pointed is not None and self._pointed.user else None

    def _at(self, point: QPoint) -> tuple[Shown | None, QTextBlock | None]:
        """The message and the code at a place of the viewport."""
        cursor = self.cursorForPosition(point)
        index = bisect.bisect_right(
            self._placed, cursor.position(), key=lambda shown: shown.slot.start.position()
        )
        shown = self._placed[index - 1] if index else None
        block = cursor.block()
        if block.blockFormat().hasProperty(CODE):
            rect = self._grounds.code_rect(block, self._column(), self._in_view())
            if rect.contains(QPointF(point) + self._offset()):
                return shown, block
        return shown, None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if event.buttons() != Qt.MouseButton.NoButton:
            return
        shown, code = self._at(event.position().toPoint())
        pointed = shown if shown is not self._open else None
        if pointed is not self._pointed:
            self._pointed = pointed
            self._place_bars()
        self._pointed_code = code
        self._pointed_table = self._table_at(event.position().toPoint())
        self._place_code_bar()

    def _table_at(self, point: QPoint) -> QTextTable | None:
        """The table at a place of the viewport, if it scrolls sideways."""
        table = self.cursorForPosition(point).currentTable()
        if table is None or not tables.overflow(table, self._column()):
            return None
        return (
            table
            if _lies_at(tables.surface(self.document(), table), point.y() + self._offset().y())
            else None
        )

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        across = delta.x() or (delta.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        _, code = self._at(event.position().toPoint())
        if across and code is not None and is_wide(code):
            self._pointed_code = code
            self._scroll_code(scrolled(code) - across)
            event.accept()
        elif across and (table := self._table_at(event.position().toPoint())) is not None:
            self._pointed_table = table
            self._scroll_table(tables.scrolled(table) - across)
            event.accept()
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._details_at(event.pos()), self.viewport())
            return True
        return super().viewportEvent(event)

    def _details_at(self, point: QPoint) -> str:
        """The numbers of the reply whose note stands at a place of the viewport."""
        shown, _ = self._at(point)
        if shown is None or shown.slot.note is None:
            return ""
        on_note = self.cursorForPosition(point).block() == shown.slot.note.block()
        return shown.item.details if on_note else ""

    # Code

    def _place_code_bar(self) -> None:
        self._place_table_slider()
        code = self._pointed_code
        if code is None or not _is_code(code):
            self._code_bar.put_away()
            return
        rect = self._grounds.code_rect(code, self._column(), self._in_view()).translated(-self._offset())
        if rect.bottom() < self._code_bar.height() + Space.L or rect.top() > self.viewport().height():
            self._code_bar.put_away()  # scrolled away from under the pointer
            return
        self._code_bar.show_over(
            rect.toRect(), not is_wide(code), scrolled(code), overflow(code, _room(rect))
        )

    def _in_view(self) -> QRectF:
        """What shows of the document, in its own coordinates."""
        return QRectF(self.viewport().rect()).translated(self._offset())

    def _place_table_slider(self) -> None:
        """Under the table that is pointed at, or at the edge of the window that it goes beyond."""
        table = self._pointed_table
        most = tables.overflow(table, self._column()) if table is not None else 0
        if table is None or most <= 0:
            self._table_slider.hide()
            return
        rect = tables.surface(self.document(), table).translated(-self._offset())
        bottom = min(rect.bottom() + self._table_slider.sizeHint().height(), self.viewport().height())
        if bottom < 0 or rect.top() > self.viewport().height():
            self._table_slider.hide()  # scrolled away from under the pointer
            return
        left, column = int(self._offset_of_column()), int(self._column())
        self._table_slider.show_at(left, int(bottom), column, tables.scrolled(table), most)

    def _scroll_table(self, to: float) -> None:
        if self._pointed_table is not None:
            tables.scroll_to(self.document(), self._pointed_table, to, self._column())
            self._place_table_slider()
            self.viewport().update()

    def _turn_wrapping(self, code: QTextBlock | None) -> None:
        if code is None or not _is_code(code):
            return
        top = self.cursorForPosition(QPoint(0, 0))
        stood = self.cursorRect(top).top()
        set_wide(code, not is_wide(code))
        bar = self.verticalScrollBar()
        if not self._stick:  # what is being read stays where it is
            bar.setValue(bar.value() + self.cursorRect(top).top() - stood)
        self._place_code_bar()
        self.viewport().update()

    def _scroll_code(self, to: float) -> None:
        if self._pointed_code is not None and _is_code(self._pointed_code):
            rect = self._grounds.code_rect(self._pointed_code, self._column(), self._in_view())
            scroll_to(self._pointed_code, to, _room(rect))
            self._place_code_bar()
            self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._pointed = self._pointed_code = self._pointed_table = None
        self._place_bars()

    def _forget_pointed(self) -> None:
        self._pointed = self._pointed_code = self._pointed_table = None
        self._table_slider.hide()
        self._code_bar.restyle()
        self._code_bar.put_away()
        for bar in (self._question_bar, self._reply_bar):
            bar.restyle()
            bar.hide()

    def _place_bars(self) -> None:
        self._place_code_bar()
        right = int(self._offset_of_column() + self._column())
        reply, question = self._barred_reply(), self._barred_question()
        self._place(self._reply_bar, reply, right)
        self._place(self._question_bar, question, right)

    def _place(self, bar: MessageBar, shown: Shown | None, right: int) -> None:
        if shown is None or not shown.placed:
            bar.hide()
            return
        last = QTextCursor(shown.slot.note or shown.slot.last)
        last.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        rect = self.cursorRect(last)
        if rect.bottom() < 0 or rect.top() > self.viewport().height():
            bar.hide()
            return
        unfinished = shown.item.unfinished and shown is self._messages[-1]
        bar.set_message(shown.item.place, self._idle, unfinished)
        bar.copy.setVisible(bool(shown.source))
        if shown.user:
            beside = rect.adjusted(0, PADDING, 0, PADDING)
            beside.moveRight(right + 1)  # no room beside a bubble: under it
        else:
            beside = rect.translated(Space.S, 0)
        bar.place(beside, right)


def _is_code(block: QTextBlock) -> bool:
    """Whether it still is: what is being written may have been read as something else meanwhile."""
    return block.isValid() and block.blockFormat().hasProperty(CODE)


def _lies_at(rect: QRectF, y: float) -> bool:
    return rect.top() <= y <= rect.bottom()


def _room(surface: QRectF) -> float:
    """For a line of code on its surface, px."""
    return surface.width() - 2 * CODE_SIDE
