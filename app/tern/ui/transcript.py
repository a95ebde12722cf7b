"""The conversation as one document: shows messages, follows a reply as it is written, offers to copy.
Knows nothing of engines; is told text and notes, and asks for nothing.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetricsF,
    QGuiApplication,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextBlock,
    QTextCursor,
    QTextFrame,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QTextBrowser, QToolButton, QWidget

from tern.ui.announcer import Announcer
from tern.ui.document import (
    ASIDE,
    CHECKED,
    CODE_TAIL,
    LANGUAGE,
    MARK,
    QUOTE,
    RULE,
    UNCHECKED,
    DocumentWriter,
    Slot,
)
from tern.ui.icons import action_icon
from tern.ui.markdown import StreamParser
from tern.ui.theme import BLOCK_RADIUS, COLUMN_CHARACTERS, RADIUS, Size, Space, Theme

_SAMPLE = "In March, a Tern of 110 grams leaves the Antarctic; by June it has flown 17,000 km North."
_NEAR_BOTTOM = 12
_COPIED_MS = 1400


def column_width(theme: Theme) -> float:
    """Width in px of a line of about 74 characters of the body font."""
    return QFontMetricsF(theme.font(Size.BODY)).horizontalAdvance(_SAMPLE) / len(_SAMPLE) * COLUMN_CHARACTERS


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
        self._copy_reply = _CopyButton(theme, self.tr("Copy this reply"), self.viewport())
        self._copy_reply.setObjectName("copyReplyButton")
        self._copy_reply.clicked.connect(self._copy_pointed_reply)
        self._copy_code = _CopyButton(theme, self.tr("Copy this code"), self.viewport())
        self._copy_code.setObjectName("copyCodeButton")
        self._copy_code.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keyboard: the context menu
        self._copy_code.clicked.connect(self._copy_pointed_code)
        self._pointed: _Shown | None = None
        self._pointed_code: QTextFrame | None = None

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
            self._writer.note(self._open.slot, text)

    def finish_reply(self, note: str) -> None:
        """Close the open reply with the quiet line under it."""
        if self._open is None:
            return
        shown, self._open = self._open, None
        self._write(shown, "", last=True)
        shown.note = note
        self._writer.note(shown.slot, note)
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
        self._writer.clear()
        self._pointed = self._pointed_code = None
        self._fit_column()
        column = self._column()
        for shown in self._messages:
            if shown.user:
                shown.slot = self._writer.add_user(shown.source, column)
                continue
            shown.slot = self._writer.add_reply()
            parser = StreamParser()
            parser.append(shown.source, last=shown is not self._open)
            self._writer.update(shown.slot, 0, parser.blocks)
            self._writer.note(shown.slot, shown.note)
            shown.parser = parser if shown is self._open else None
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
        return max(120.0, min(column_width(self._theme), width - 2 * padding))

    def _fit_column(self) -> None:
        """Centre the column in the whole widget, so that a scroll bar's coming moves nothing."""
        column = self._column()
        left = max(0.0, (self.width() - column) // 2)
        self._writer.column(left, max(0.0, self.viewport().width() - left - column), Space.XL, Space.L)

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

    def _rect(self, frame: QTextFrame) -> QRectF:
        """A frame's visible box in document coordinates, without its margins."""
        box = self.document().documentLayout().frameBoundingRect(frame)
        fmt = frame.frameFormat()
        return box.adjusted(fmt.leftMargin(), fmt.topMargin(), -fmt.rightMargin(), -fmt.bottomMargin())

    def _visible(self, top: float, bottom: float) -> list[_Shown]:
        layout = self.document().documentLayout()
        first = bisect.bisect_left(
            self._messages, top, key=lambda shown: layout.frameBoundingRect(shown.slot.frame).bottom()
        )
        out = []
        for shown in self._messages[first:]:
            if layout.frameBoundingRect(shown.slot.frame).top() > bottom:
                break
            out.append(shown)
        return out

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        offset = self._offset()
        clip = QRectF(event.rect()).translated(offset)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-offset)
        for shown in self._visible(clip.top(), clip.bottom()):
            if shown.user:
                # Fixed line heights put all their leading above the text: without this it would sit too low.
                leading = self._theme.px(Size.BODY) * 0.2
                box = self._rect(shown.slot.frame).adjusted(0, leading, 0, 0)
                self._box(painter, box, "bubble", BLOCK_RADIUS)
                continue
            for frame in shown.slot.frame.childFrames():
                if frame.frameFormat().hasProperty(LANGUAGE):
                    self._paint_code(painter, frame, clip)
            self._paint_marks(painter, shown.slot.frame, clip)
        painter.end()
        super().paintEvent(event)
        if self._open is not None and not self._caret.isNull():
            painter = QPainter(self.viewport())
            painter.fillRect(self._caret, self._theme.color("accent"))
            painter.end()

    def _box(self, painter: QPainter, rect: QRectF, role: str, radius: float, line: str = "") -> None:
        painter.setPen(QPen(self._theme.color(line), 1) if line else Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(role))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _paint_code(self, painter: QPainter, frame: QTextFrame, clip: QRectF) -> None:
        rect = self._rect(frame).adjusted(0, 0, 0, CODE_TAIL)
        if not rect.intersects(clip):
            return
        self._box(painter, rect, "surface", RADIUS, "line")
        language = frame.frameFormat().property(LANGUAGE)
        if language:
            painter.setFont(self._theme.font(Size.SMALL))
            painter.setPen(self._theme.color("quiet"))
            head = QRectF(rect.left() + Space.L, rect.top() + 6, rect.width(), self._theme.px(Size.SMALL) + 6)
            painter.drawText(head, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, str(language))

    def _paint_marks(self, painter: QPainter, frame: QTextFrame, clip: QRectF) -> None:
        """Bars beside quotations, and rules: what a text format cannot draw."""
        layout = self.document().documentLayout()
        block = self.cursorForPosition(QPoint(0, max(0, int(clip.top() - self._offset().y())))).block()
        block = max(block, frame.firstCursorPosition().block(), key=QTextBlock.position)
        last = frame.lastPosition()
        bar = self._theme.color("edge")
        while block.isValid() and block.position() <= last:
            fmt = block.blockFormat()
            rect = layout.blockBoundingRect(block)
            if rect.top() > clip.bottom():
                break
            if fmt.hasProperty(QUOTE) or fmt.hasProperty(RULE):
                self._paint_mark(painter, block, rect, bar)
            if fmt.hasProperty(MARK):
                self._paint_item_mark(painter, block, rect)
            block = block.next()

    def _paint_mark(self, painter: QPainter, block: QTextBlock, rect: QRectF, color: QColor) -> None:
        fmt = block.blockFormat()
        side = self.document().rootFrame().frameFormat().leftMargin()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        if fmt.hasProperty(RULE):
            painter.fillRect(QRectF(side, rect.center().y(), self._column(), 1), self._theme.color("line"))
            return
        previous = block.previous().blockFormat()
        top = rect.top() - (fmt.topMargin() if previous.hasProperty(QUOTE) else -5)
        for depth in range(int(fmt.property(QUOTE))):
            painter.drawRoundedRect(QRectF(side + depth * Space.L, top, 3, rect.bottom() - top), 1.5, 1.5)

    def _paint_item_mark(self, painter: QPainter, block: QTextBlock, rect: QRectF) -> None:
        """A list item's bullet, number or checkbox, in the room that the item's indent leaves."""
        fmt = block.blockFormat()
        mark = str(fmt.property(MARK))
        ink, body = self._theme.color("ink"), self._theme.px(Size.BODY)
        line = QRectF(rect.left() + fmt.leftMargin() - 24, rect.top(), 24 - 7, fmt.lineHeight())
        middle = line.bottom() - body * 0.62  # of the small letters: fixed line heights put the text low
        if mark in (CHECKED, UNCHECKED):
            side = round(body * 0.87)
            box = QRectF(line.right() - side, round(middle - side / 2), side, side)
            self._box(
                painter, box, "accent" if mark == CHECKED else "surface", 3, "" if mark == CHECKED else "edge"
            )
            if mark == CHECKED:
                painter.setPen(QPen(self._theme.color("on_accent"), 1.6))
                painter.drawPolyline(
                    [
                        box.topLeft() + QPointF(x * side, y * side)
                        for x, y in ((0.25, 0.52), (0.43, 0.7), (0.76, 0.32))
                    ]
                )
        elif mark[0].isdigit():
            painter.setPen(ink)
            painter.setFont(self._theme.font(Size.BODY, tabular=True))
            descent = QFontMetricsF(painter.font()).descent()
            width = QFontMetricsF(painter.font()).horizontalAdvance(mark)
            painter.drawText(QPointF(line.right() - width, line.bottom() - descent), mark)
        else:
            radius = body * 0.17
            painter.setPen(QPen(ink, 1.2))
            painter.setBrush(ink if mark == "•" else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(line.right() - radius - 2, middle), radius, radius)

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
        data.setText(self._plain_text(self.textCursor()))
        return data

    def _plain_text(self, selection: QTextCursor) -> str:
        start, end = selection.selectionStart(), selection.selectionEnd()
        lines: list[str] = []
        block = self.document().findBlock(start)
        while block.isValid() and block.position() <= end:
            if not block.blockFormat().hasProperty(ASIDE):
                text = block.text()
                first = max(0, start - block.position())
                cut = text[first : max(first, end - block.position())].replace("\u2028", "\n")
                fmt = block.blockFormat()
                if first == 0 and fmt.hasProperty(MARK):
                    cut = " " * max(0, round(fmt.leftMargin() / 12) - 2) + f"{fmt.property(MARK)} {cut}"
                row = _table_row(block)
                if row is not None and row == _table_row(block.previous()) and lines:
                    lines[-1] += "\t" + cut
                else:
                    lines.append(cut)
            block = block.next()
        return "\n".join(lines)

    def _code_text(self, frame: QTextFrame) -> str:
        lines = []
        block = frame.firstCursorPosition().block().next()
        while block.isValid() and block.position() <= frame.lastPosition():
            lines.append(block.text())
            block = block.next()
        return "\n".join(lines)

    def _copy_pointed_reply(self) -> None:
        shown = self._pointed or self._last_settled()
        if shown is not None:
            QGuiApplication.clipboard().setText(shown.source)
            self._copy_reply.confirm()

    def _copy_pointed_code(self) -> None:
        if self._pointed_code is not None:
            QGuiApplication.clipboard().setText(self._code_text(self._pointed_code))
            self._copy_code.confirm()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        shown, code = self._at(event.pos())
        menu = QMenu(self)
        copy = menu.addAction(self.tr("Copy"), QKeySequence(QKeySequence.StandardKey.Copy), self.copy)
        copy.setEnabled(self.textCursor().hasSelection())
        if code is not None:
            text = self._code_text(code)
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

    def _at(self, point: QPoint) -> tuple[_Shown | None, QTextFrame | None]:
        """The message and the code at a place of the viewport."""
        at = QPointF(point) + self._offset()
        for shown in self._visible(at.y() - 60, at.y()):  # the note below a reply belongs to it
            box = self.document().documentLayout().frameBoundingRect(shown.slot.frame)
            if not box.top() <= at.y() <= box.bottom() + (0 if shown.user else 60):
                continue
            for frame in shown.slot.frame.childFrames():
                if frame.frameFormat().hasProperty(LANGUAGE) and self._rect(frame).contains(at):
                    return shown, frame
            return shown, None
        return None, None

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
        rect = self._rect(code).translated(-self._offset())
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
        note = shown.slot.note_cursor()
        note.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        rect = self.cursorRect(note)
        if rect.bottom() < 0 or rect.top() > self.viewport().height():
            self._copy_reply.hide()
            return
        self._copy_reply.place(rect.right() + Space.S, rect.center().y())


def _table_row(block: QTextBlock) -> tuple[int, int] | None:
    """Which row of which table a block stands in."""
    table = QTextCursor(block).currentTable()
    return (table.firstPosition(), table.cellAt(block.position()).row()) if table is not None else None


class _CopyButton(QToolButton):
    """A quiet button that floats over the document and says when it has copied."""

    def __init__(self, theme: Theme, description: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("kind", "small")
        self.setText(self.tr("Copy"))
        self.setAccessibleName(description)
        self.setToolTip(description)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._reset = QTimer(self, singleShot=True, interval=_COPIED_MS)
        self._reset.timeout.connect(self.restyle)
        self.hide()

    def restyle(self) -> None:
        self.setText(self.tr("Copy"))
        self.setIcon(action_icon("copy", self._theme, "quiet"))
        self.adjustSize()

    def confirm(self) -> None:
        self.setText(self.tr("Copied"))
        self.setIcon(action_icon("check", self._theme, "quiet"))
        self.adjustSize()
        self._reset.start()

    def place(self, left: int, middle: int) -> None:
        self.adjustSize()
        self.move(left, middle - self.height() // 2)
        self.show()

    def show_at(self, right: int, top: int) -> None:
        self.adjustSize()
        self.move(right - self.width(), top)
        self.show()
