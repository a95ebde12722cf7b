"""The page of chats that were deleted lately: to read, to restore, or to be rid of. Decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tern.chat.types import Deleted
from tern.ui.shared.labels import button, text
from tern.ui.shared.notice import Notice
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import RADIUS, Size, Space, Theme
from tern.ui.transcript.items import Item
from tern.ui.transcript.transcript import Transcript

_WIDEST = 760
_WHEN = Qt.ItemDataRole.UserRole
_NUMBER = Qt.ItemDataRole.UserRole + 1


class DeletedPage(QWidget):
    """Lists what :meth:`show_deleted` is given; one can be read. Asks by signals, with lists of conversations."""

    restore_requested = Signal(object)
    erase_requested = Signal(object)
    read_requested = Signal(int)
    left = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._count = 0
        self._read: int | None = None  # the conversation that is being read
        self._transcript: Transcript | None = None
        self.setObjectName("deletedPage")
        self.setAccessibleName(self.tr("Recently deleted"))
        self._back = QToolButton(self)
        self._back.setObjectName("deletedBack")
        self._back.setProperty("kind", "chip")
        self._back.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._back.setAccessibleName(self.tr("Back"))
        self._back.setAccessibleDescription(self.tr("Goes back to where you were. Key: Escape."))
        self._back.setToolTip(self.tr("Back (Esc)"))
        self._back.clicked.connect(self.go_back)
        self._title = QLabel(self)
        self._title.setObjectName("deletedTitle")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.installEventFilter(self)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._title_words = ""
        self._about = text(theme, "", Size.SMALL, self, quiet=True)
        self._about.setObjectName("deletedAbout")
        self._restore = button(self, "restoreButton", self.tr("Restore"), "", self._ask_restore)
        self._open = button(self, "readButton", self.tr("Read"), "", self._ask_read)
        self._erase = button(self, "eraseButton", self.tr("Delete now"), "", self._ask_erase)
        self._empty = button(self, "emptyButton", self.tr("Empty"), "", self._ask_empty)
        for each, description in (
            (self._restore, self.tr("Brings the selected chats back as they were.")),
            (self._open, self.tr("Shows the selected chat without restoring it.")),
            (self._erase, self.tr("Erases the selected chats for good, after asking once.")),
            (self._empty, self.tr("Erases all deleted chats for good, after asking once.")),
        ):
            each.setAccessibleDescription(description)
        self._pages = QStackedWidget(self)
        self._list = QListWidget(self._pages)
        self._list.setObjectName("deletedList")
        self._list.setAccessibleName(self.tr("Deleted chats"))
        self._list.setAccessibleDescription(
            self.tr("Enter reads a chat. Shift and arrow keys select several.")
        )
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self._list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self._list.setUniformItemSizes(True)
        self._list.setMouseTracking(True)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._rows = _Rows(theme, self._list)
        self._list.setItemDelegate(self._rows)
        self._list.itemSelectionChanged.connect(self._fit)
        self._list.customContextMenuRequested.connect(self._menu)
        self._list.itemDoubleClicked.connect(lambda item: self.read_requested.emit(item.data(_NUMBER)))
        self._pages.addWidget(self._list)
        self.notice = Notice(theme, self)
        self._lay_out()
        theme.changed.connect(self._restyle)
        self._restyle()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(self._back)
        head.addWidget(self._title, 1)
        acts = QHBoxLayout()
        acts.setSpacing(Space.S)
        for each in (self._restore, self._open, self._erase):
            acts.addWidget(each)
        acts.addStretch(1)
        acts.addWidget(self._empty)
        middle = QVBoxLayout()
        middle.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        middle.setSpacing(Space.M)
        middle.addLayout(head)
        middle.addWidget(self._about)
        middle.addLayout(acts)
        middle.addWidget(self._pages, 1)
        middle.addWidget(self.notice)
        within = QWidget(self)
        within.setLayout(middle)
        within.setMaximumWidth(_WIDEST)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(within, 1000)
        row.addStretch(1)
        self.setFocusProxy(self._list)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._set_reading(False)

    # What is shown

    def show_deleted(self, deleted: Sequence[Deleted], days: int) -> None:
        """All that can be restored, within ``days``."""
        held = self.isAncestorOf(QApplication.focusWidget() or self)
        marked, place = set(self._marked()), self._list.currentRow()
        self._list.blockSignals(True)  # what can be done is looked at when all of it is there
        today = dt.date.today()
        self._count = len(deleted)
        self._list.clear()
        for one in deleted:
            item = QListWidgetItem(one.conversation.title)
            when = self._when(one, today)
            item.setData(_WHEN, when)
            item.setData(_NUMBER, one.conversation.id)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{one.conversation.title}, {when}")
            self._list.addItem(item)
            item.setSelected(one.conversation.id in marked)
        flags = QItemSelectionModel.SelectionFlag
        if deleted:
            keep = flags.NoUpdate if self._list.selectedItems() else flags.ClearAndSelect
            self._list.setCurrentRow(max(0, min(place, len(deleted) - 1)), keep)
        self._list.blockSignals(False)
        if not deleted:
            about = self.tr("Nothing to restore.")
        elif days > 0:
            about = self.tr("You can restore a chat for {0} days. After that it is erased for good.").format(
                days
            )
        else:
            about = self.tr("These chats are about to be erased.")
        self._about.setText(about)
        self.notice.hide()
        if self._read is not None and self._read not in {one.conversation.id for one in deleted}:
            self.show_list()
        self._fit()
        if held and not deleted:
            self.setFocusProxy(None)  # type: ignore[arg-type] # none is allowed
            self.setFocus(Qt.FocusReason.OtherFocusReason)  # for Escape

    def show_list(self) -> None:
        """All of them."""
        reading, self._read = self._read is not None, None
        self._set_reading(False)
        self._pages.setCurrentWidget(self._list)
        self.setFocusProxy(self._list)
        self.notice.hide()
        self._fit()
        if reading and self.isVisible():
            self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_reading(self, conversation: int, title: str, items: Sequence[Item]) -> None:
        """One of them, to be read."""
        if self._transcript is None:
            self._transcript = Transcript(self._theme, self._pages)
            self._transcript.setObjectName("deletedTranscript")
            self._transcript.set_read_only()
            self._pages.addWidget(self._transcript)
        self._read = conversation
        self._set_title(title)
        self._set_reading(True)
        self._pages.setCurrentWidget(self._transcript)
        self._transcript.show_items(items)
        self.notice.hide()
        self._fit()
        self.setFocusProxy(self._transcript)
        self._transcript.setFocus(Qt.FocusReason.OtherFocusReason)

    def go_back(self) -> None:
        """One step: from the question to the chat, from the chat to the list, from the list to where one was."""
        if self.notice.isVisible():
            self.notice.hide()
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self._read is not None:
            self.show_list()
        else:
            self.left.emit()

    def _when(self, deleted: Deleted, today: dt.date) -> str:
        age = (today - dt.date.fromtimestamp(deleted.when)).days
        if age <= 0:
            return self.tr("Deleted today")
        return self.tr("Deleted yesterday") if age == 1 else self.tr("Deleted %n days ago", "", age)

    def _fit(self) -> None:
        """What can be done now."""
        reading, marked = self._read is not None, len(self._marked())
        for each in (self._restore, self._erase):
            each.setVisible(bool(self._count))
            each.setEnabled(bool(marked))
        self._open.setVisible(bool(self._count) and not reading)
        self._open.setEnabled(marked == 1)
        self._empty.setVisible(bool(self._count) and not reading)
        self._about.setVisible(not reading)
        self._list.setVisible(bool(self._count) or reading)

    # What the person does

    def _marked(self) -> list[int]:
        if self._read is not None:
            return [self._read]
        return [item.data(_NUMBER) for item in self._list.selectedItems()]

    def _ask_restore(self) -> None:
        if marked := self._marked():
            self._leave_reading()
            self.restore_requested.emit(marked)

    def _ask_read(self) -> None:
        marked = self._marked()
        if len(marked) == 1 and self._read is None:
            self.read_requested.emit(marked[0])

    def _ask_erase(self) -> None:
        self._ask_once(self._marked())

    def _ask_empty(self) -> None:
        self._ask_once([self._list.item(n).data(_NUMBER) for n in range(self._list.count())])

    def _ask_once(self, conversations: Sequence[int]) -> None:
        if not conversations:
            return
        said = self.tr("{0} chats will be gone for good, from Tern's backups too.").format(len(conversations))
        if len(conversations) == 1:
            titles = {
                self._list.item(n).data(_NUMBER): self._list.item(n).text() for n in range(self._list.count())
            }
            title = titles.get(conversations[0], self._title_words)
            said = self.tr("“{0}” will be gone for good, from Tern's backups too.").format(title)

        def erase() -> None:
            self._leave_reading()
            self.erase_requested.emit(conversations)
            self._list.setFocus(Qt.FocusReason.OtherFocusReason)

        self.notice.show_message(said, self.tr("Delete now"), erase, tone="calm")
        self.notice.focus_button()

    def _leave_reading(self) -> None:
        if self._read is not None:
            self.show_list()

    def _menu(self, point: QPoint) -> None:
        if self._list.itemAt(point) is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if len(self._marked()) == 1:
            menu.addAction(self.tr("Read"), self._ask_read)
        menu.addAction(self.tr("Restore"), self._ask_restore)
        menu.addSeparator()
        menu.addAction(self.tr("Delete now"), self._ask_erase)
        menu.popup(self._list.viewport().mapToGlobal(point))

    def event(self, event: QEvent) -> bool:
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if escape and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # Escape goes back before it stops a reply
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.go_back()
        elif self._list.hasFocus() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._ask_read()
        elif self._list.hasFocus() and event.key() == Qt.Key.Key_Delete:
            self._ask_erase()
        else:
            super().keyPressEvent(event)

    # Its look

    def _set_reading(self, reading: bool) -> None:
        """Of the list the title stands above the page, with the way back; of a chat here."""
        self._back.setVisible(reading)
        self._title.setVisible(reading)

    def _set_title(self, title: str) -> None:
        self._title_words = " ".join(title.split())
        self._title.setAccessibleName(self._title_words)
        self._elide()

    def _elide(self) -> None:
        metrics = QFontMetrics(self._title.font())
        room = max(40, self._title.width())
        self._title.setText(metrics.elidedText(self._title_words, Qt.TextElideMode.ElideRight, room))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._title and event.type() == QEvent.Type.Resize:
            self._elide()
        return super().eventFilter(watched, event)

    def _restyle(self) -> None:
        self._title.setFont(self._theme.font(Size.LARGE, weight=QFont.Weight.DemiBold))
        self._back.setIcon(action_icon("arrow-left", self._theme))
        self._back.setIconSize(self._theme.icon_size)
        self._list.doItemsLayout()
        self._elide()


class _Rows(QStyledItemDelegate):
    """A title, and under it when the chat was deleted."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def _heights(self) -> tuple[int, int]:
        return tuple(QFontMetrics(self._theme.font(size)).height() for size in (Size.CONTROL, Size.SMALL))  # type: ignore[return-value]

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, sum(self._heights()) + 2 * self._theme.space(Space.S) + 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        state, box = option.state, option.rect.adjusted(0, 1, 0, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marked = bool(state & QStyle.StateFlag.State_Selected)
        if marked or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("chosen" if marked else "hover"))
            painter.drawRoundedRect(box, RADIUS, RADIUS)
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self._theme.color("accent"))
            painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        top = box.top() + self._theme.space(Space.S)
        title_height, when_height = self._heights()
        width = box.width() - 2 * Space.M
        for words, size, role, y, height in (
            (index.data(), Size.CONTROL, "ink", top, title_height),
            (index.data(_WHEN), Size.SMALL, "ink" if marked else "quiet", top + title_height, when_height),
        ):
            font = self._theme.font(size)
            painter.setFont(font)
            painter.setPen(self._theme.color(role))
            line = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, width)
            place = QRect(box.left() + Space.M, y, width, height)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter, line)
        painter.restore()
