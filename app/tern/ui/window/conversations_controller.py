"""The conversations there are: new, shown, found, renamed, pinned, deleted. Keeps the sidebar true to the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft, Manner
from tern.errors import UserError
from tern.log import withhold_words
from tern.ui.reply_queue import ReplyQueue
from tern.ui.shared.actions import Actions
from tern.ui.sidebar.sidebar import Sidebar
from tern.ui.style.theme import Theme
from tern.ui.window.chat_controller import ChatController
from tern.ui.window.deletions import Deletions
from tern.ui.window.main_area import MainArea
from tern.ui.window.side_panel import SidePanel
from tern.ui.window.upkeep import Upkeep

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
        theme: Theme,
        queue: ReplyQueue,
        chat: ChatController,
        area: MainArea,
        sidebar: Sidebar,
        panel: SidePanel,
        upkeep: Upkeep,
        actions: Actions,
    ) -> None:
        super().__init__(chat)
        self._store = queue.store
        self._queue = queue
        self._chat = chat
        self._area = area
        view = area.chat
        self._notice, self._composer, self._transcript = view.notice, view.composer, view.transcript
        self._sidebar = sidebar
        self._panel = panel
        self._actions = actions
        self._noted = self._store.fact(_SHOWN)
        self._new_manner = Manner()  # of the conversation that was begun, with its draft, and not yet asked
        self._private: Session | None = None  # while there is one, on show or not
        self._agreed = False  # that it may be lost
        self._ending: list[Session] = []  # private chats that are closed when their replies have ended
        self.deletions = Deletions(theme, queue, chat, area, upkeep, actions["undo"], actions["deleted"])
        sidebar.chosen.connect(self.show)
        sidebar.searched.connect(self.search_for)
        sidebar.renamed.connect(self.rename)
        sidebar.pin_requested.connect(self.pin)
        sidebar.delete_requested.connect(self.delete)
        sidebar.private_requested.connect(self.show_private)
        sidebar.private_end_requested.connect(self.end_private)
        area.chat.private_line.end_requested.connect(self.end_private)
        self.deletions.gone.connect(self._deleted)
        self.deletions.back.connect(self._restored)
        self.deletions.any_deleted.connect(sidebar.show_deleted)
        self.deletions.show_state()
        queue.conversation_changed.connect(self._list_one)
        queue.conversation_changed.connect(self._close_ended)
        chat.shown.connect(self._mark_shown)
        chat.sent.connect(self._note_shown)

    # Which one is on show

    @property
    def shown(self) -> int | None:
        """The conversation on show, if it is kept."""
        session = self._chat.session
        return None if session.store.is_private else session.conversation

    def new(self) -> None:
        """An empty conversation; a reply still running goes on where it belongs."""
        if self._private is not None and self._private is self._chat.session:
            self._end_private_first(self.tr("Close private chat"), self._begin_new)
        else:
            self._begin_new()

    def _begin_new(self) -> None:
        session = self._chat.session
        begun = session.conversation is None and not session.store.is_private
        waits = not begun and self._store.draft(None) != Draft()
        self._switch(Session(self._store, manner=self._new_manner if waits else None))
        self._come_to_chat()

    def show(self, conversation: int, message: int | None = None) -> None:
        """Open a conversation, at ``message`` when a search found one."""
        if conversation != self._chat.session.conversation:
            self._switch(self._queue.session(conversation))
        self._come_to_chat()
        if message is not None:
            self._chat.show_version_with(message)
            self._transcript.reveal(message, self._sidebar.words_found(message))
        self._come_to_chat()

    def _come_to_chat(self) -> None:
        """What was chosen is seen: no page and no sidebar lies over it."""
        self.opened.emit()

    def _switch(self, session: Session) -> None:
        left = self._chat.session
        if left.conversation is None and not left.store.is_private:
            self._new_manner = left.manner
        self._chat.show(session)
        self._sidebar.show_private(self._private is not None and session is not self._private)
        self._note_shown()

    def _note_shown(self) -> None:
        """The next start opens what is on show now; of a private chat the disk hears nothing."""
        session = self._chat.session
        if not session.store.is_private and (fact := str(session.conversation or "")) != self._noted:
            self._noted = fact
            self._notice.attempt(lambda: self._store.note(_SHOWN, fact))

    def _mark_shown(self, shown: int | None) -> None:
        for name in _OF_ONE:
            self._actions[name].setEnabled(shown is not None)
        self._name_pin()
        self._sidebar.show_current(shown)

    def _name_pin(self) -> None:
        """The action says what it would do now."""
        shown = self.shown
        pinned = shown is not None and self._store.summary(shown).pinned
        self._actions["pin"].setText(self.tr("Unpin this chat") if pinned else self.tr("Pin this chat"))

    # What is done with one

    def rename(self, conversation: int, title: str) -> None:
        self.deletions.let_go()
        self._notice.attempt(lambda: self._store.rename(conversation, title))
        self._list_one(conversation)

    def pin(self, conversations: int | Sequence[int], pinned: bool) -> None:
        self.deletions.let_go()
        self._notice.attempt(lambda: self._store.set_pinned(conversations, pinned))
        if isinstance(conversations, int):
            self._list_one(conversations)
        else:
            self.list_all()
        self._name_pin()

    def pin_shown(self) -> None:
        if (shown := self.shown) is not None:
            self.pin(shown, not self._store.summary(shown).pinned)

    def delete(self, conversations: int | Sequence[int]) -> None:
        """Take conversations away; it can be undone."""
        self.deletions.delete([conversations] if isinstance(conversations, int) else conversations)

    def delete_all(self) -> None:
        """All of them; it can be undone."""
        self.delete([summary.id for summary in self._store.summaries()])

    def delete_shown(self) -> None:
        if (shown := self.shown) is not None:
            self.delete(shown)

    def show_deleted(self) -> None:
        """What was deleted lately."""
        self._panel.close_over()
        self.deletions.show_page()

    def _deleted(self, gone: list[int]) -> None:
        if self._chat.session.conversation in gone:
            self._begin_new()
        if len(gone) == 1:
            self._list_one(gone[0])
        else:
            self.list_all()

    def _restored(self, shown: list[int]) -> None:
        self.list_all()
        for conversation in shown:
            self.show(conversation)

    # The private chat

    def new_private(self) -> None:
        """An empty private chat; or the one that there is, where another one is on show."""
        if self._private is not None and self._private is self._chat.session:
            self._end_private_first(self.tr("Close private chat"), self._begin_private)
        elif self._private is not None:
            self.show_private()
        else:
            self._begin_private()

    def show_private(self) -> None:
        """Back to the private chat."""
        if self._private is not None:
            self._switch(self._private)
            self._come_to_chat()

    def end_private(self) -> None:
        """Be rid of the private chat, after asking once."""
        self._end_private_first(self.tr("Close private chat"), self._begin_new)

    def may_close(self, again: Callable[[], object]) -> bool:
        """Whether the window may close now; if not, the person is asked, and the answer does ``again``."""
        app = QGuiApplication.instance()
        session_ends = isinstance(app, QGuiApplication) and app.isSavingSession()
        return session_ends or self._may_end_private(self.tr("Quit"), again)

    def close(self) -> None:
        """All replies have ended: nothing of the private chat stays."""
        for session in (self._private, *self._ending):
            if session is not None:
                session.store.close()
        self._private, self._ending = None, []
        withhold_words(False)

    def _begin_private(self) -> None:
        withhold_words(True)
        self._private = Session(Store.private())
        self._switch(self._private)
        self._come_to_chat()

    def _end_private_first(self, button: str, then: Callable[[], object]) -> None:
        """End the private chat and do ``then``; or ask before, and do it when that is answered."""

        def end() -> None:
            ended, self._private = self._private, None
            if self._chat.session is ended:
                then()
            self._sidebar.show_private(False)
            if ended is not None:
                self._queue.stop(ended)
                self._ending.append(ended)
                self._close_ended()

        if self._may_end_private(button, end):
            end()

    def _may_end_private(self, button: str, then: Callable[[], object]) -> bool:
        """Whether nothing would be lost, or the person has agreed, by the button or by asking for it once more; if not,
        they are asked now, and the button does ``then``."""
        question = self.tr("The private chat will be gone for good.")
        asked = self._notice.isVisible() and self._notice.message == question
        if self._private is None or not self._private.path or self._agreed or asked:
            return True

        def agree() -> None:
            self._agreed = True
            then()
            self._agreed = False

        if self._private is not self._chat.session:
            self.show_private()
        self._area.show_chat()
        self._notice.show_message(question, button, agree, tone="calm")
        self._notice.focus_button()
        return False

    def _close_ended(self) -> None:
        """A private chat whose last reply has ended is no more."""
        for session in list(self._ending):
            if not session.busy:
                self._ending.remove(session)
                session.store.close()
        if self._private is None and not self._ending:
            withhold_words(False)

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
        shown = self.shown
        if shown is not None and not self._chat.session.busy and self._store.listed(shown) is None:
            written = self._composer.draft
            self._begin_new()
            if written.text.strip() and not self._composer.text:
                self._composer.put(written)
        self.list_all()
        self.deletions.show_state()

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
