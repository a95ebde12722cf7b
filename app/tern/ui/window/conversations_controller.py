"""The conversations there are: new, shown, found, renamed, pinned, deleted. Keeps the sidebar true to the store."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Signal

from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft, Manner
from tern.errors import UserError
from tern.ui.reply_queue import ReplyQueue
from tern.ui.shared.actions import Actions
from tern.ui.sidebar.sidebar import Sidebar
from tern.ui.style.timing import UNDO_S
from tern.ui.window.chat_controller import ChatController
from tern.ui.window.chat_view import ChatView
from tern.ui.window.side_panel import SidePanel

_SHOWN = "shown"  # a fact in the store: the conversation on show
_OF_ONE = ("rename", "pin", "delete", "export")  # actions, for a conversation that is kept


def last_shown(store: Store, queue: ReplyQueue) -> Session:
    """The conversation that was on show when Tern ended, or a new one."""
    shown = store.fact(_SHOWN)
    if shown.isdigit() and any(summary.id == int(shown) for summary in store.summaries()):
        return queue.session(int(shown))
    return Session(store)


class ConversationsController(QObject):
    """Chooses what ``chat`` shows, as the person asks for it in the ``sidebar`` or by an action."""

    opened = Signal()  # the person wants to see one, a new one or one that there is

    def __init__(
        self,
        queue: ReplyQueue,
        chat: ChatController,
        view: ChatView,
        sidebar: Sidebar,
        panel: SidePanel,
        actions: Actions,
    ) -> None:
        super().__init__(chat)
        self._store = queue.store
        self._queue = queue
        self._chat = chat
        self._notice, self._composer, self._transcript = view.notice, view.composer, view.transcript
        self._sidebar = sidebar
        self._panel = panel
        self._actions = actions
        self._noted = self._store.fact(_SHOWN)
        self._new_manner = Manner()  # of the conversation that was begun, with its draft, and not yet asked
        # Conversations that can be brought back, and when they were deleted.
        self._deleted: dict[int, float] = {}
        sidebar.chosen.connect(self.show)
        sidebar.searched.connect(self.search_for)
        sidebar.renamed.connect(self.rename)
        sidebar.pin_requested.connect(self.pin)
        sidebar.delete_requested.connect(self.delete)
        queue.conversation_changed.connect(self._list_one)
        chat.shown.connect(self._mark_shown)
        chat.sent.connect(self._note_shown)

    # Which one is on show

    def new(self) -> None:
        """An empty conversation; a reply still running goes on where it belongs."""
        waits = self._chat.session.conversation is not None and self._store.draft(None) != Draft()
        self._switch(Session(self._store, manner=self._new_manner if waits else None))
        self.opened.emit()

    def show(self, conversation: int, message: int | None = None) -> None:
        """Open a conversation, at ``message`` when a search found one."""
        if conversation != self._chat.session.conversation:
            self._switch(self._queue.session(conversation))
        if message is not None:
            self._chat.show_version_with(message)
            self._transcript.reveal(message, self._sidebar.words_found(message))
        self.opened.emit()

    def _switch(self, session: Session) -> None:
        left = self._chat.session
        if left.conversation is None:
            self._new_manner = left.manner
        self._chat.show(session)
        self._note_shown()

    def _note_shown(self) -> None:
        """The next start opens what is on show now."""
        if (fact := str(self._chat.session.conversation or "")) != self._noted:
            self._noted = fact
            self._notice.attempt(lambda: self._store.note(_SHOWN, fact))

    def _mark_shown(self, shown: int | None) -> None:
        for name in _OF_ONE:
            self._actions[name].setEnabled(shown is not None)
        self._sidebar.show_current(shown)

    # What is done with one

    def rename(self, conversation: int, title: str) -> None:
        self._notice.attempt(lambda: self._store.rename(conversation, title))
        self._list_one(conversation)

    def rename_shown(self) -> None:
        self._panel.reveal()
        self._sidebar.rename_current()

    def pin(self, conversation: int, pinned: bool) -> None:
        self._notice.attempt(lambda: self._store.set_pinned(conversation, pinned))
        self._list_one(conversation)

    def pin_shown(self) -> None:
        if (shown := self._chat.session.conversation) is not None:
            self.pin(shown, not self._store.summary(shown).pinned)

    def delete(self, conversation: int) -> None:
        """Take a conversation away; it can be undone for ten seconds."""

        def undo() -> None:
            self._notice.attempt(lambda: self._store.restore(together))
            self.list_all()
            self.show(conversation)
            self._deleted.clear()

        title = self._store.summary(conversation).title
        if not self._notice.attempt(lambda: self._store.delete(conversation)):
            return
        now = time.monotonic()
        self._deleted = {number: at for number, at in self._deleted.items() if now - at < UNDO_S}
        self._deleted[conversation] = now
        together = list(self._deleted)
        self._queue.stop(self._queue.session(conversation))
        if conversation == self._chat.session.conversation:
            self.new()
        self._list_one(conversation)
        said = self.tr("“{0}” was deleted.").format(title)
        if len(together) > 1:
            said = self.tr("{0} conversations were deleted.").format(len(together))
        self._notice.show_message(said, self.tr("Undo"), undo, tone="calm", seconds=UNDO_S, lasting=True)

    def delete_shown(self) -> None:
        if (shown := self._chat.session.conversation) is not None:
            self.delete(shown)

    # The list

    def list_all(self) -> None:
        """Show what conversations there are now."""
        summaries = self._store.summaries()
        busy = {summary.id for summary in summaries if self._queue.is_busy(summary.id)}
        self._sidebar.show_conversations(summaries, busy)
        self._search_again()
        self._chat.show_title()

    def _list_one(self, conversation: int) -> None:
        """Show what became of one conversation: reading ten thousand to say so would be felt."""
        summary = self._store.listed(conversation)
        self._sidebar.show_change(conversation, summary, self._queue.is_busy(conversation))
        self._search_again()
        self._chat.show_title()

    def look_again(self) -> None:
        """Show what `tern chats` has added or deleted meanwhile."""
        try:
            if not self._store.changed_elsewhere():
                return
        except UserError:
            return  # what is done next says that the disk refuses
        session = self._chat.session
        if (
            session.conversation is not None
            and not session.busy
            and self._store.listed(session.conversation) is None
        ):
            written = self._composer.draft
            self.new()
            if written.text.strip() and not self._composer.text:
                self._composer.put(written)
        self.list_all()

    def search(self) -> None:
        """Let the person write what to search for."""
        self._panel.reveal()
        self._sidebar.focus_search()

    def search_for(self, query: str) -> None:
        """Show what has these words; all of them for none."""
        if query:
            self._sidebar.show_hits(self._store.search(query))
        else:
            self._sidebar.show_all()

    def _search_again(self) -> None:
        if self._sidebar.query:
            self.search_for(self._sidebar.query)
