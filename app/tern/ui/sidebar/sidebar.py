"""The sidebar: search, new, and every conversation. Asks by signals; the owner tells it what there is."""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from tern.chat.types import Hit, Summary
from tern.ui.sidebar.conversation_list import ConversationList
from tern.ui.sidebar.conversation_model import ROW, ConversationModel, Row
from tern.ui.sidebar.conversation_rows import RowDelegate
from tern.ui.sidebar.download_ring import RingButton
from tern.ui.sidebar.private_row import PrivateRow
from tern.ui.style.controls import ActionButton
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme

WIDTH = 248
_SEARCH_MS = 60
_ICONS = {
    "new": "note-pencil",
    "deleted": "trash",
    "settings": "gear",
    "models": "cube",
}  # by the name of the action


class Sidebar(QFrame):
    """``actions`` stand as buttons: the first at the top, the others at the foot.

    What can be done with several conversations at once is asked for with a list of them.
    """

    chosen = Signal(int, object)  # conversation, message found or None
    searched = Signal(str)
    renamed = Signal(int, str)
    delete_requested = Signal(object)  # conversations
    pin_requested = Signal(object, bool)
    export_requested = Signal(object)
    private_requested = Signal()  # back to it
    private_end_requested = Signal()

    def __init__(self, theme: Theme, actions: Sequence[QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._summaries: Sequence[Summary] = ()
        self._busy: set[int] = set()
        self._listed_on = dt.date.today()
        self._listed_for: str | None = None  # the query that the rows answer; empty for all of them
        self._late: Callable[[], None] | None = None  # what to show when the title has been typed
        self.setObjectName("sidebar")
        self.setAccessibleName(self.tr("Conversations"))

        self.search = QLineEdit(self)
        self.search.setObjectName("searchField")
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setAccessibleDescription(self.tr("Searches every chat. Down goes to the results."))
        self.search.setToolTip(self.tr("Search all chats (Ctrl+Shift+F)"))
        self._glass = self.search.addAction(
            action_icon("magnifying-glass", theme, "quiet"), QLineEdit.ActionPosition.LeadingPosition
        )
        for button in self.search.findChildren(QToolButton):
            button.setAccessibleName(self.tr("Search"))
            button.setAccessibleDescription(self.tr("Marks the search field."))
        self._model = ConversationModel()
        self._model.setParent(self)
        self.list = ConversationList(theme, self._model, self)
        self.list.setObjectName("conversationList")
        self.list.setAccessibleName(self.tr("Conversations"))
        self.list.setAccessibleDescription(
            self.tr("Enter opens, F2 renames, Delete deletes. Shift and arrow keys select several.")
        )
        self._delegate = RowDelegate(theme, self.list)
        self.list.setItemDelegate(self._delegate)
        self._empty = QLabel(self)
        self._empty.setProperty("kind", "quiet")
        self._empty.setWordWrap(True)
        self._empty.setContentsMargins(Space.M, Space.L, Space.M, 0)

        self._buttons = [self._button(action) for action in actions]
        self.private_row = PrivateRow(theme, self)
        self.private_row.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        column.setSpacing(Space.XS)
        column.addWidget(self.search)
        column.addWidget(self._buttons[0])
        column.addWidget(self._empty)
        column.addWidget(self.list, 1)
        column.addWidget(self.private_row)
        for button in self._buttons[1:]:
            column.addWidget(button)

        self._timer = QTimer(self, singleShot=True, interval=_SEARCH_MS)
        self._timer.timeout.connect(lambda: self.searched.emit(self.query))
        self.search.textChanged.connect(lambda: self._timer.start())
        self.search.installEventFilter(self)
        self.list.opened.connect(self._choose)
        self.list.delete_pressed.connect(self._delete_marked)
        self.list.left.connect(self._reach_open)
        self.list.menu_wanted.connect(self._menu)
        self.private_row.opened.connect(self.private_requested)
        self.private_row.end_requested.connect(self.private_end_requested)
        self._delegate.renamed.connect(self.renamed)
        self._delegate.closeEditor.connect(self._catch_up, Qt.ConnectionType.QueuedConnection)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _button(self, action: QAction) -> ActionButton:
        models = action.objectName() == "models"
        button = RingButton(action, self._theme, self) if models else ActionButton(action, self)
        button.setObjectName(f"sidebar-{action.objectName()}")
        button.setProperty("kind", "row")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setAccessibleName(action.text())
        button.setAccessibleDescription(action.toolTip())
        policy = button.sizePolicy()
        policy.setHorizontalPolicy(policy.Policy.Expanding)
        button.setSizePolicy(policy)
        return button

    # What it is told

    @property
    def query(self) -> str:
        return self.search.text().strip()

    def show_conversations(self, summaries: Sequence[Summary], busy: set[int]) -> None:
        """Everything there is; seen when nothing is searched for."""
        self._summaries, self._busy = summaries, busy
        if not self.query:
            self.show_all()

    def show_change(self, conversation: int, summary: Summary | None, busy: bool) -> None:
        """One conversation is as ``summary`` says now, or (None) is no longer there."""
        others = [one for one in self._summaries if one.id != conversation]
        if summary is not None:
            others.insert(bisect.bisect(others, _rank(summary), key=_rank), summary)
        self.show_conversations(others, self._busy | {conversation} if busy else self._busy - {conversation})

    def show_all(self) -> None:
        """The search is over: everything there is."""

        def fill() -> None:
            self._listed_on = dt.date.today()
            self.list.setUniformItemSizes(True)
            self._model.show_all(self._summaries, self._busy, self._listed_on)

        self._fill(fill, self.tr("Your chats will appear here."))

    def show_hits(self, hits: Sequence[Hit]) -> None:
        """What the search for :attr:`query` found."""

        def fill() -> None:
            self.list.setUniformItemSizes(False)
            self._model.show_hits(hits, self._busy)

        self._fill(fill, self.tr("Nothing was found for “{0}”.").format(self.query))

    def show_download(self, part: float | None, words: str) -> None:
        """How far the downloads under way are, on the row that leads to the models; None: there is none."""
        for button in self.findChildren(RingButton):
            button.show_download(part, words)

    def show_current(self, conversation: int | None) -> None:
        """Which conversation is on show."""
        if conversation != self._model.open:
            self._model.set_open(conversation)
            self._reach_open()

    def show_private(self, waiting: bool) -> None:
        """Whether a private chat waits to be gone back to."""
        self.private_row.setVisible(waiting)

    def show_deleted(self, any_deleted: bool) -> None:
        """Whether there is something that can be restored."""
        for button in self._buttons:
            if button.defaultAction().objectName() == "deleted":
                button.setVisible(any_deleted)

    def words_found(self, message: int) -> list[str]:
        """The words that the search found in a message, as they stand there: what is typed may only begin them."""
        for number in range(self._model.rowCount()):
            row: Row = self._model.index(number).data(ROW)
            if row.hit is not None and row.hit.message == message:
                return [row.hit.text[start:end] for start, end in row.hit.marks]
        return []

    def focus_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _rename(self, conversation: int | None) -> None:
        row = self._model.row_of(conversation)
        if row >= 0:
            self.list.scrollTo(self._model.index(row))
            self.list.edit(self._model.index(row))

    def _fill(self, fill: Callable[[], None], when_empty: str) -> None:
        """Put other rows into the list. In the same list as before the person stays where they are."""
        if self.list.is_editing:
            self._late = lambda: self._fill(fill, when_empty)
            return
        stay, self._listed_for = self._listed_for == self.query, self.query
        number, reached = self.list.currentIndex().row(), self.list.reached
        marked = self.list.marked if self.list.has_several else ()
        bar = self.list.verticalScrollBar()
        scrolled = bar.value() if stay else 0
        fill()
        empty = self._model.rowCount() == 0
        self._empty.setText(when_empty)
        self._empty.setVisible(empty)
        self.list.setAutoScroll(False)
        if stay and self.list.hasFocus() and reached is not None and reached.summary is not None:
            there = self._model.row_of(reached.summary.id)
            self.list.reach(there if there >= 0 else self._nearest(number))
            self.list.mark(self._model.rows_of(marked))
        else:
            self._reach_open()
        self.list.setAutoScroll(True)
        bar.setValue(scrolled)
        if not stay and not self.query:
            self.list.scrollTo(self.list.currentIndex())

    def _nearest(self, number: int) -> int:
        """The conversation that has moved up to a row, or the last before it; -1 when there is none."""
        after = (n for n in range(number, self._model.rowCount()) if self._is_conversation(n))
        before = (
            n for n in range(min(number, self._model.rowCount()) - 1, -1, -1) if self._is_conversation(n)
        )
        return next(after, next(before, -1))

    def _catch_up(self) -> None:
        """Show what came while a title was being typed."""
        late, self._late = self._late, None
        if late is not None:
            late()

    def _reach_open(self) -> None:
        """The keys begin at the conversation on show."""
        if not self.list.is_editing:
            self.list.reach(self._model.row_of(self._model.open))

    # What the person does

    def _choose(self, row: Row) -> None:
        assert row.summary is not None
        self.chosen.emit(row.summary.id, row.hit.message if row.hit is not None else None)

    def _delete_marked(self) -> None:
        if marked := self.list.marked:
            self.delete_requested.emit(list(marked))

    def _menu(self, row: Row, place: QPoint) -> None:
        """Of a row, or of all that are marked if it is one of these."""
        assert row.summary is not None
        summary, hit = row.summary, row.hit  # the rows may be others when something is chosen
        marked = list(self.list.marked)
        about = marked if self.list.has_several and summary.id in marked else [summary.id]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if len(about) == 1:
            message = hit.message if hit is not None else None
            menu.addAction(self.tr("Open"), lambda: self.chosen.emit(summary.id, message))
            menu.addAction(self.tr("Rename"), lambda: self._rename(summary.id))
        pinned = all(one.pinned for one in self._summaries if one.id in set(about))
        label = self.tr("Unpin") if pinned else self.tr("Pin")
        menu.addAction(label, lambda: self.pin_requested.emit(about, not pinned))
        menu.addAction(self.tr("Export…"), lambda: self.export_requested.emit(about))
        menu.addSeparator()
        label = self.tr("Delete") if len(about) == 1 else self.tr("Delete {0} chats").format(len(about))
        menu.addAction(label, lambda: self.delete_requested.emit(about))
        self.list.hold(summary.id)
        menu.aboutToHide.connect(lambda: self.list.hold(None))
        menu.popup(place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self.search or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and event.key() == Qt.Key.Key_Escape
            and self.search.text()
        ):
            event.accept()  # Escape empties the field before it stops a reply
            return True
        undoes = event.matches(QKeySequence.StandardKey.Undo) and not self.search.isUndoAvailable()
        if event.type() == QEvent.Type.ShortcutOverride and undoes:
            event.ignore()  # then it may bring back what was deleted
            return True
        if event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down:
                self._timer.stop()
                self.searched.emit(self.query)
                first = next((n for n in range(self._model.rowCount()) if self._is_conversation(n)), -1)
                if first >= 0:
                    self.list.reach(first)
                    self.list.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return True
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
        return super().eventFilter(watched, event)

    def _is_conversation(self, number: int) -> bool:
        row: Row = self._model.index(number).data(ROW)
        return row.summary is not None

    # Its look

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self._listed_on != dt.date.today():
            self.show_conversations(self._summaries, self._busy)  # "Today" is another day

    def wanted_width(self) -> int:
        return round(WIDTH * self._theme.scale)

    def _restyle(self) -> None:
        self._glass.setIcon(action_icon("magnifying-glass", self._theme, "quiet"))
        self.search.setFont(self._theme.font(Size.CONTROL))
        for button in self._buttons:
            if icon := _ICONS.get(button.defaultAction().objectName()):
                button.show_icon(partial(action_icon, icon, self._theme))
            button.setIconSize(self._theme.icon_size)
        self.list.doItemsLayout()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(self._theme.color("line"))
        edge = 0 if self.isRightToLeft() else self.width() - 1
        painter.drawLine(edge, 0, edge, self.height())


def _rank(summary: Summary) -> tuple[bool, float, int]:
    """By which the store orders them: what is less stands higher."""
    return not summary.pinned, -summary.updated, -summary.id
