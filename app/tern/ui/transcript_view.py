"""The conversation as one document: shows messages, follows a reply as it is written, offers what can be done.
Knows nothing of engines; is told text and notes, and asks by signals.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QPushButton, QTextBrowser, QWidget

from tern.ui.announcer import Announcer
from tern.ui.context_line import ContextLine
from tern.ui.document import DocumentWriter, Slot
from tern.ui.grounds import Grounds
from tern.ui.icons import action_icon
from tern.ui.markdown_types import THOUGHT_LINK
from tern.ui.messages import ATTACHMENT_LINK, Item, Shown
from tern.ui.theme import Size, Space, Theme

_NEAR_BOTTOM = 12


class TranscriptView(QTextBrowser):
    """A conversation is shown at once; its last reply may grow. Selections and the scroll position are the person's."""

    link_activated = Signal(str)
    attachment_requested = Signal(int, int)  # key, which of its attachments

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._writer = DocumentWriter(self.document(), theme)
        self._grounds = Grounds(theme)
        self._context_line = ContextLine(self.document())
        self._dropped = 0  # of the messages, which the model no longer sees
        self._messages: list[Shown] = []
        self._open: Shown | None = None
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
        encoded = QUrl.ComponentFormattingOption.FullyEncoded
        self.anchorClicked.connect(lambda url: self._activate(url.toString(encoded)))

        self._jump = QPushButton(self.tr("Jump to latest"), self)
        self._jump.setObjectName("jumpButton")
        self._jump.setProperty("kind", "floating")
        self._jump.setAccessibleDescription(self.tr("Scrolls to the end of the conversation."))
        self._jump.clicked.connect(self.jump_to_latest)
        self._jump.hide()

        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(self._range_changed)
        sideways = self.horizontalScrollBar()  # wide code scrolls by itself
        sideways.rangeChanged.connect(lambda: sideways.setRange(0, 0))
        theme.changed.connect(self._rebuild)

    # What is shown

    def show_items(self, items: Sequence[Item], last_open: bool = False) -> None:
        """Show a conversation, its end in view. ``last_open``: its last message is a reply that still grows."""
        self._messages = [Shown(Slot(QTextCursor()), item, [item.text], item.note) for item in items]
        self._open = self._messages[-1] if last_open else None
        self._announcer.finish()
        self._stick = True
        self._dropped = 0
        self._rebuild()
        self.jump_to_latest()

    def begin_turn(self, question: Item, reply: Item) -> None:
        """Add a question and open the empty reply to it, and follow the end from here on."""
        asked = Shown(Slot(QTextCursor()), question, [question.text])
        asked.slot = self._writer.add_user(question.text, self._column(), asked.attached)
        self._messages.append(asked)
        self._open = Shown(self._writer.add_reply(), reply)
        self._open.parser = self._open.reader()
        self._messages.append(self._open)
        self.jump_to_latest()
        self._update_caret()
        self._place_bars()

    def append(self, text: str) -> None:
        """Add a piece to the open reply."""
        if self._open is None or not text:
            return
        self._open.pieces.append(text)
        self._announcer.add(text)
        self._write(self._open, text)
        self._update_caret()

    def set_dropped(self, message_count: int) -> None:
        """The model no longer sees so many of the oldest messages."""
        old, self._dropped = self._dropped, max(0, min(message_count, len(self._messages)))
        if self._dropped < old:
            self._rebuild()
        elif self._dropped > old:
            top = self.cursorForPosition(QPoint(0, 0))
            stood = self.cursorRect(top).top()
            self._draw_context_line(old)
            if not self._stick:  # what is being read stays where it is
                bar = self.verticalScrollBar()
                bar.setValue(bar.value() + self.cursorRect(top).top() - stood)
            self._update_caret()
            self._place_bars()

    def _draw_context_line(self, dimmed: int) -> None:
        """``dimmed``: how many of the messages are dimmed already."""
        if self._dropped <= dimmed:
            return
        first = self._messages[dimmed].slot.start.position()
        rest = self._messages[self._dropped :]
        end = rest[0].slot.start.position() if rest else self.document().characterCount()
        self._context_line.draw(first, end, self._writer.formats)

    def set_status(self, text: str) -> None:
        """Show what the open reply waits for, in the place of its note."""
        if self._open is not None and self._open.note != text:
            self._open.note = text
            self._writer.set_note(self._open.slot, text)

    def finish_reply(self, item: Item) -> None:
        """Close the open reply with the quiet line under it."""
        if self._open is None:
            return
        shown, self._open = self._open, None
        self._write(shown, "", last=True)
        shown.item, shown.note = item, item.note
        self._writer.set_note(shown.slot, item.note)
        shown.parser = None
        shown.slot.written.clear()
        self._writer.highlighter.settle()
        self._announcer.finish()
        self._update_caret()
        QTimer.singleShot(0, self, self._place_bars)

    def last_reply(self) -> str:
        """The newest reply, without what the model thought; empty when there is none."""
        return next((shown.said for shown in reversed(self._messages) if not shown.user), "")

    def reveal(self, key: int, words: Sequence[str] = ()) -> None:
        """Bring a message into view, and select the first of ``words`` in it."""
        number = next((n for n, shown in enumerate(self._messages) if shown.item.key == key), None)
        if number is None:
            return
        shown, rest = self._messages[number], self._messages[number + 1 :]
        end = rest[0].slot.start.position() if rest else self.document().characterCount()
        start = QTextCursor(shown.slot.start)
        start.setPosition(start.position())
        self._stick = False
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + self.cursorRect(start).top() - Space.XL)
        for word in words:
            found = self.document().find(word, start)
            if not found.isNull() and found.position() < end:
                self.setTextCursor(found)
                break

    def _activate(self, link: str) -> None:
        """Show an attachment that is on show here, or ask for a link, whoever wrote it and whatever it is."""
        for shown in self._messages if link.startswith(ATTACHMENT_LINK) else ():
            for number, one in enumerate(shown.attached if shown.user else ()):
                if one.link == link:
                    self.attachment_requested.emit(shown.item.key, number)
                    return
        if not self._turn_thought(link):
            self.link_activated.emit(link)

    def _turn_thought(self, link: str) -> bool:
        """Open a thought, or fold it again; what is being read stays where it is. Whether ``link`` is of one."""
        key, _, number = link.removeprefix(THOUGHT_LINK).partition("/")
        for shown in self._messages if link.startswith(THOUGHT_LINK) else ():
            if str(shown.item.key) == key and number.isdecimal():
                shown.turned ^= {int(number)}
                self._stick = False
                self._rebuild()
                return True
        return False

    @property
    def following(self) -> bool:
        """Whether the end stays in view as text arrives."""
        return self._stick

    def jump_to_latest(self) -> None:
        self._stick = True
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
        self._jump.hide()

    def _write(self, shown: Shown, text: str, last: bool = False) -> None:
        assert shown.parser is not None
        index = shown.parser.append(text, last)
        cursor = self.textCursor()
        selection = (cursor.anchor(), cursor.position()) if cursor.hasSelection() else None
        self._writer.update(shown.slot, index, shown.parser.blocks[index:], growing=True)
        if selection is not None:
            self._restore_selection(*selection)

    def _restore_selection(self, anchor: int, position: int) -> None:
        cursor = self.textCursor()
        if cursor.position() - cursor.anchor() == position - anchor:
            return  # it is where it was, or moved with its text
        end = self.document().characterCount() - 1
        cursor.setPosition(min(anchor, end))
        cursor.setPosition(min(position, end), QTextCursor.MoveMode.KeepAnchor)
        scrolled = self.verticalScrollBar().value()
        self.setTextCursor(cursor)  # makes the cursor visible, which nobody asked for
        self.verticalScrollBar().setValue(scrolled)

    def _rebuild(self) -> None:
        """Write everything anew: the look has changed, or the conversation."""
        bar = self.verticalScrollBar()
        scrolled = bar.value()
        self._writer.restyle()
        self._grounds.restyle()
        self._forget_pointed()
        column = self._column()
        # Clearing takes their frames away, and the scroll bar, which resizes this: none may be asked meanwhile.
        messages, self._messages = self._messages, []
        still_open, self._open = self._open, None
        self._writer.clear()
        self._context_line.forget()
        self._fit_column()
        edit = QTextCursor(self.document())
        edit.beginEditBlock()  # one layout for all of it
        for shown in messages:
            self._messages.append(shown)
            if shown.user:
                shown.slot = self._writer.add_user(shown.source, column, shown.attached)
                continue
            shown.slot = self._writer.add_reply()
            parser = shown.reader()
            parser.append(shown.source, last=shown is not still_open)
            self._writer.update(shown.slot, 0, parser.blocks)
            self._writer.set_note(shown.slot, shown.note)
            shown.parser = parser if shown is still_open else None
        self._open = still_open
        self._draw_context_line(0)
        edit.endEditBlock()
        self._jump.setIcon(action_icon("arrow-down", self._theme))
        bar.setValue(bar.maximum() if self._stick else scrolled)
        self._update_caret()
        QTimer.singleShot(0, self, self._place_bars)

    def _forget_pointed(self) -> None:
        """Nothing under the pointer is known any more."""

    def _place_bars(self) -> None:
        """Put what floats over the text where it belongs now."""

    # Geometry

    def _column(self) -> float:
        width = self.width()
        padding = Space.XL if width >= 560 else Space.L
        return max(120.0, min(self._theme.column_width(), width - 2 * padding))

    def _fit_column(self) -> None:
        """Centre the column in the whole widget, so that a scroll bar's coming moves nothing."""
        column = self._column()
        left = self._offset_of_column()
        self._writer.column(left, max(0.0, self.viewport().width() - left - column), Space.XXL)

    def resizeEvent(self, event: QResizeEvent) -> None:
        column = self._column()
        self._fit_column()
        for shown in self._messages:
            if shown.user:
                self._writer.fit_bubble(shown.slot, column)
        super().resizeEvent(event)
        self._place_jump()
        self._update_caret()
        self._place_bars()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_column()  # a scroll bar that went while it was hidden announced no new size

    def _offset_of_column(self) -> float:
        """Where the column begins in the viewport, px."""
        return max(
            0.0, (self.width() - self._column()) // 2 - self.viewport().x()
        )  # a bar may stand before it

    def _place_jump(self) -> None:
        size = self._jump.sizeHint()
        self._jump.resize(size)
        self._jump.move((self.width() - size.width()) // 2, self.height() - size.height() - Space.M)

    def _range_changed(self) -> None:
        self._fit_column()  # a scroll bar that comes before the window is shown announces no new size
        if self._stick:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())
        self._show_jump()

    def _scrolled(self) -> None:
        bar = self.verticalScrollBar()
        self._stick = bar.value() >= bar.maximum() - _NEAR_BOTTOM
        self._place_bars()
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
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-offset)
        self._grounds.paint_over(painter, first, clip, self._column(), self.viewport().width())
        painter.end()
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
