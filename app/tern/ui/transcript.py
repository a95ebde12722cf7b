"""The conversation as one document: shows messages, follows a reply as it is written, offers to copy.
Knows nothing of engines; is told text and notes, and asks for nothing.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QTextBrowser, QWidget

from tern.ui.announcer import Announcer
from tern.ui.copying import CopyButton, code_text, selected_text
from tern.ui.document import DocumentWriter, Slot
from tern.ui.formats import CODE
from tern.ui.grounds import Grounds
from tern.ui.icons import action_icon
from tern.ui.markdown import StreamParser
from tern.ui.theme import Size, Space, Theme

_NEAR_BOTTOM = 12


@dataclass(slots=True)
class _Shown:
    """A message on show. ``source`` is its text as it was written (Markdown in replies)."""

    slot: Slot
    user: bool
    pieces: list[str] = field(default_factory=list)
    note: str = ""
    parser: StreamParser | None = None

    @property
    def source(self) -> str:
        return "".join(self.pieces)


class Transcript(QTextBrowser):
    """Messages are added at the end; the last reply may grow. Selections and the scroll position are the person's."""

    link_activated = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._writer = DocumentWriter(self.document(), theme)
        self._grounds = Grounds(theme)
        self._messages: list[_Shown] = []
        self._open: _Shown | None = None
        self._stick = True
        self._caret = QRect()
        self._announcer = Announcer(self)

        self.setObjectName("transcript")
        self.setAccessibleName(self.tr("Conversation"))
        self.setAccessibleDescription(self.tr("What you and the model have said, oldest first."))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.anchorClicked.connect(lambda url: self.link_activated.emit(url.toString()))

        self._jump = QPushButton(self.tr("Jump to latest"), self)
        self._jump.setObjectName("jumpButton")
        self._jump.setProperty("kind", "floating")
        self._jump.setAccessibleDescription(self.tr("Scrolls to the end of the conversation."))
        self._jump.clicked.connect(self.jump_to_latest)
        self._jump.hide()
        self._copy_reply = CopyButton(theme, self.tr("Copy this reply"), self.viewport())
        self._copy_reply.setObjectName("copyReplyButton")
        self._copy_reply.clicked.connect(self._copy_pointed_reply)
        self._copy_code = CopyButton(theme, self.tr("Copy this code"), self.viewport())
        self._copy_code.setObjectName("copyCodeButton")
        self._copy_code.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keyboard: the context menu
        self._copy_code.clicked.connect(self._copy_pointed_code)
        self._pointed: _Shown | None = None
        self._pointed_code: QTextBlock | None = None

        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(self._range_changed)
        theme.changed.connect(self._rebuild)
        self._rebuild()

    # What is shown

    def add_user(self, text: str) -> None:
        """Show what the person said, and follow the end from here on."""
        slot = self._writer.add_user(text, self._column())
        self._messages.append(_Shown(slot, user=True, pieces=[text]))
        self.jump_to_latest()

    def begin_reply(self) -> None:
        """Open an empty reply; :meth:`append` fills it."""
        self._open = _Shown(self._writer.add_reply(), user=False, parser=StreamParser())
        self._messages.append(self._open)
        self._place_reply_button()
        self._update_caret()

    def append(self, text: str) -> None:
        """Add a piece to the open reply."""
        if self._open is None or not text:
            return
        self._open.pieces.append(text)
        self._announcer.add(text)
        self._write(self._open, text)
        self._update_caret()

    def set_status(self, text: str) -> None:
        """Show what the open reply waits for, in the place of its note."""
        if self._open is not None and self._open.note != text:
            self._open.note = text
            self._writer.set_note(self._open.slot, text)

    def finish_reply(self, note: str) -> None:
        """Close the open reply with the quiet line under it."""
        if self._open is None:
            return
        shown, self._open = self._open, None
        self._write(shown, "", last=True)
        shown.note = note
        self._writer.set_note(shown.slot, note)
        shown.parser = None
        shown.slot.written.clear()
        self._announcer.finish()
        self._update_caret()
        QTimer.singleShot(0, self._place_reply_button)

    def discard_last_reply(self) -> None:
        """Take the last reply off the page, to be asked for again."""
        if self._messages and not self._messages[-1].user:
            self._messages.pop()
            self._open = None
            self._rebuild()

    def clear_conversation(self) -> None:
        self._messages.clear()
        self._open = None
        self._rebuild()

    def last_reply(self) -> str:
        """The newest reply as the model wrote it; empty when there is none."""
        return next((shown.source for shown in reversed(self._messages) if not shown.user), "")

    @property
    def following(self) -> bool:
        """Whether the end stays in view as text arrives."""
        return self._stick

    def jump_to_latest(self) -> None:
        self._stick = True
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
        self._jump.hide()

    def _write(self, shown: _Shown, text: str, last: bool = False) -> None:
        assert shown.parser is not None
        index = shown.parser.append(text, last)
        cursor = self.textCursor()
        selection = (cursor.anchor(), cursor.position()) if cursor.hasSelection() else None
        self._writer.update(shown.slot, index, shown.parser.blocks[index:])
        if selection is not None:
            self._restore_selection(*selection)

    def _restore_selection(self, anchor: int, position: int) -> None:
        cursor = self.textCursor()
        if (cursor.anchor(), cursor.position()) == (anchor, position):
            return
        end = self.document().characterCount() - 1
        cursor.setPosition(min(anchor, end))
        cursor.setPosition(min(position, end), QTextCursor.MoveMode.KeepAnchor)
        scrolled = self.verticalScrollBar().value()
        self.setTextCursor(cursor)  # makes the cursor visible, which nobody asked for
        self.verticalScrollBar().setValue(scrolled)

    def _rebuild(self) -> None:
        """Write everything anew: the look has changed, or messages were taken away."""
        bar = self.verticalScrollBar()
        scrolled = bar.value()
        self._writer.restyle()
        self._grounds.restyle()
        self._pointed = self._pointed_code = None
        column = self._column()
        messages, self._messages = self._messages, []  # clearing took their frames away: none may be asked
        self._writer.clear()
        self._fit_column()
        for shown in messages:
            if shown.user:
                shown.slot = self._writer.add_user(shown.source, column)
                self._messages.append(shown)
                continue
            shown.slot = self._writer.add_reply()
            parser = StreamParser()
            parser.append(shown.source, last=shown is not self._open)
            self._writer.update(shown.slot, 0, parser.blocks)
            self._writer.set_note(shown.slot, shown.note)
            shown.parser = parser if shown is self._open else None
            self._messages.append(shown)
        for button in (self._copy_reply, self._copy_code):
            button.restyle()
            button.hide()
        self._jump.setIcon(action_icon("arrow-down", self._theme))
        bar.setValue(bar.maximum() if self._stick else scrolled)
        QTimer.singleShot(0, self._place_reply_button)

    # Geometry

    def _column(self) -> float:
        width = self.width()
        padding = Space.XL if width >= 560 else Space.L
        return max(120.0, min(self._theme.column_width(), width - 2 * padding))

    def _fit_column(self) -> None:
        """Centre the column in the whole widget, so that a scroll bar's coming moves nothing."""
        column = self._column()
        left = max(0.0, (self.width() - column) // 2)
        self._writer.column(left, max(0.0, self.viewport().width() - left - column), Space.L)

    def resizeEvent(self, event: QResizeEvent) -> None:
        column = self._column()
        self._fit_column()
        for shown in self._messages:
            if shown.user:
                self._writer.fit_bubble(shown.slot, column)
        super().resizeEvent(event)
        self._place_jump()
        self._update_caret()
        self._place_reply_button()

    def _place_jump(self) -> None:
        size = self._jump.sizeHint()
        self._jump.resize(size)
        self._jump.move((self.width() - size.width()) // 2, self.height() - size.height() - Space.M)

    def _range_changed(self) -> None:
        if self._stick:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())
        self._show_jump()

    def _scrolled(self) -> None:
        bar = self.verticalScrollBar()
        self._stick = bar.value() >= bar.maximum() - _NEAR_BOTTOM
        self._copy_code.hide()
        self._place_reply_button()
        self._show_jump()

    def _show_jump(self) -> None:
        wanted = not self._stick
        if wanted and not self._jump.isVisible():
            self._place_jump()
            self._jump.raise_()
        self._jump.setVisible(wanted)

    def _offset(self) -> QPointF:
        """Document coordinates of the viewport's top left."""
        return QPointF(self.horizontalScrollBar().value(), self.verticalScrollBar().value())

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        offset = self._offset()
        clip = QRectF(event.rect()).translated(offset)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-offset)
        # From a little higher: what is painted above a block may be all of it that shows.
        first = self.cursorForPosition(QPoint(0, max(0, event.rect().top() - 60))).block()
        self._grounds.paint(painter, first, clip, self._column())
        painter.end()
        super().paintEvent(event)
        if self._open is not None and not self._caret.isNull():
            painter = QPainter(self.viewport())
            painter.fillRect(self._caret, self._theme.color("accent"))
            painter.end()

    def _update_caret(self) -> None:
        """Keep the thin mark at the end of the reply that is being written."""
        old = self._caret
        self._caret = QRect()
        if self._open is not None:
            cursor = QTextCursor(self.document())
            cursor.setPosition(self._open.slot.end)
            rect = self.cursorRect(cursor)
            height = round(self._theme.px(Size.BODY) * 1.25)
            self._caret = QRect(rect.left() + 2, rect.bottom() - height - 1, 2, height)
        self.viewport().update(old.united(self._caret).adjusted(-1, -1, 1, 1))

    # Copying

    def createMimeDataFromSelection(self) -> QMimeData:
        """The selection with list marks, without notes."""
        data = QMimeData()
        data.setText(selected_text(self.textCursor()))
        return data

    def _copy_pointed_reply(self) -> None:
        shown = self._pointed or self._last_settled()
        if shown is not None:
            QGuiApplication.clipboard().setText(shown.source)
            self._copy_reply.confirm()

    def _copy_pointed_code(self) -> None:
        if self._pointed_code is not None:
            QGuiApplication.clipboard().setText(code_text(self._pointed_code))
            self._copy_code.confirm()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        shown, code = self._at(event.pos())
        menu = QMenu(self)
        copy = menu.addAction(self.tr("Copy"), QKeySequence(QKeySequence.StandardKey.Copy), self.copy)
        copy.setEnabled(self.textCursor().hasSelection())
        if code is not None:
            text = code_text(code)
            menu.addAction(self.tr("Copy code"), lambda: QGuiApplication.clipboard().setText(text))
        if shown is not None:
            label = self.tr("Copy message") if shown.user else self.tr("Copy reply")
            menu.addAction(label, lambda: QGuiApplication.clipboard().setText(shown.source))
        menu.addSeparator()
        menu.addAction(
            self.tr("Select all"), QKeySequence(QKeySequence.StandardKey.SelectAll), self.selectAll
        )
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    # Pointing

    def _last_settled(self) -> _Shown | None:
        last = self._messages[-1] if self._messages else None
        return last if last is not None and not last.user and last is not self._open and last.pieces else None

    def _at(self, point: QPoint) -> tuple[_Shown | None, QTextBlock | None]:
        """The message and the code at a place of the viewport."""
        cursor = self.cursorForPosition(point)
        index = bisect.bisect_right(
            self._messages, cursor.position(), key=lambda shown: shown.slot.start.position()
        )
        shown = self._messages[index - 1] if index else None
        block = cursor.block()
        if block.blockFormat().hasProperty(CODE):
            rect = self._grounds.code_rect(block, self._column())
            if rect.contains(QPointF(point) + self._offset()):
                return shown, block
        return shown, None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if event.buttons() != Qt.MouseButton.NoButton:
            return
        shown, code = self._at(event.position().toPoint())
        pointed = shown if shown is not None and not shown.user and shown is not self._open else None
        if pointed is not self._pointed:
            self._pointed = pointed
            self._place_reply_button()
        self._pointed_code = code
        if code is None:
            self._copy_code.hide()
            return
        rect = self._grounds.code_rect(code, self._column()).translated(-self._offset())
        self._copy_code.show_at(int(rect.right()) - Space.S, max(int(rect.top()), 0) + 5)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._pointed = None
        self._copy_code.hide()
        self._place_reply_button()

    def _place_reply_button(self) -> None:
        """Copy stands beside the note of the reply under the pointer, or else of the last one."""
        shown = self._pointed or self._last_settled()
        if shown is None or not shown.pieces:
            self._copy_reply.hide()
            return
        assert shown.slot.note is not None
        note = QTextCursor(shown.slot.note)
        note.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        rect = self.cursorRect(note)
        if rect.bottom() < 0 or rect.top() > self.viewport().height():
            self._copy_reply.hide()
            return
        self._copy_reply.place(rect.right() + Space.S, rect.center().y())
