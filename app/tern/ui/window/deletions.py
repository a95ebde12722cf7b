"""What was deleted: undone by the bar or by Ctrl+Z, restored from the list of what was deleted lately, or erased."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction

from tern.chat.session import Session
from tern.errors import UserError
from tern.settings import KEEP_DELETED
from tern.ui.reply_queue import ReplyQueue
from tern.ui.style.theme import Theme
from tern.ui.style.timing import UNDO_S
from tern.ui.transcript.items_of_session import items_of
from tern.ui.window.chat_controller import ChatController
from tern.ui.window.main_area import MainArea
from tern.ui.window.upkeep import Upkeep

if TYPE_CHECKING:
    from tern.ui.window.deleted_page import DeletedPage

_AGAIN_MS = 1000


class Deletions(QObject):
    """``undo_action`` is enabled while a deletion was the last act, ``page_action`` while something can be restored."""

    gone = Signal(object)  # conversations
    back = Signal(object)
    any_deleted = Signal(bool)  # whether something can be restored

    def __init__(
        self,
        theme: Theme,
        queue: ReplyQueue,
        chat: ChatController,
        area: MainArea,
        upkeep: Upkeep,
        undo_action: QAction,
        page_action: QAction,
    ) -> None:
        super().__init__(chat)
        self._theme, self._queue, self._chat, self._area, self._upkeep = theme, queue, chat, area, upkeep
        self._store, self._notice = queue.store, area.chat.notice
        self._undo_action, self._page_action = undo_action, page_action
        self._last: Callable[[], object] | None = None  # undoes the last deletion
        self._said = ""  # of it, by the bar
        self._of_one_chat = False  # it was of messages, of the conversation on show
        self._recent: dict[int, float] = {}  # what the bar brings back, and when it was deleted
        self._shown: int | None = None  # of these, the one that was on show
        self._erasing: set[int] = set()
        self._page: DeletedPage | None = None
        self._forgetting = QTimer(self, singleShot=True)
        self._forgetting.timeout.connect(self._forget_recent)
        chat.undoable.connect(self._offer_of_chat)
        chat.leaving.connect(self._leave_chat)
        chat.sent.connect(self.let_go)
        upkeep.erased.connect(self._erased)
        upkeep.trouble.connect(self._refused)
        self.let_go()

    # Deleting, and undoing it

    def delete(self, conversations: Sequence[int]) -> None:
        """Take conversations away; what was deleted within the last seconds is undone together with it."""
        title = self._store.summary(conversations[0]).title if conversations else ""
        gone: list[int] = []
        if not self._notice.attempt(lambda: gone.extend(self._store.delete(conversations))) or not gone:
            return
        now, shown = time.monotonic(), self._chat.session.conversation
        self._recent = {number: at for number, at in self._recent.items() if now - at < UNDO_S}
        if not self._recent:
            self._shown = None
        self._recent |= dict.fromkeys(gone, now)
        for number in gone:
            if self._queue.is_busy(number):
                self._queue.stop(self._queue.session(number))
        if shown in gone:
            self._shown = shown
        self.gone.emit(gone)
        together = list(self._recent)
        said = self.tr("“{0}” was deleted.").format(title)
        if len(together) > 1:
            said = self.tr("{0} chats were deleted.").format(len(together))
        self._offer(said, lambda: self.restore(together, self._shown))
        if self._forgets_at_once:
            self._forgetting.start(UNDO_S * 1000)
        self.show_state()

    def restore(self, conversations: Sequence[int], shown: int | None = None) -> None:
        """Bring deleted conversations back; ``shown``: the one of them that is to be on show."""
        back: list[int] = []
        if not self._notice.attempt(lambda: back.extend(self._store.restore(conversations))):
            return
        self._recent.clear()
        self._take_back()
        self.back.emit([shown] if shown in back else [])
        self.show_state()

    def undo(self) -> None:
        """Undo the last deletion, if nothing else was done since."""
        act = self._last
        self._take_back()
        if act is not None:
            act()

    def let_go(self) -> None:
        """The last deletion is no longer the last act; the bar offers to undo it as long as it is there."""
        self._last = None
        self._undo_action.setEnabled(False)

    def _take_back(self) -> None:
        """What the bar offers is done, or can be done no more."""
        self.let_go()
        if self._offered:
            self._notice.hide()
        self._said = ""

    @property
    def _offered(self) -> bool:
        """Whether the bar still offers to undo a deletion."""
        return bool(self._said) and self._notice.isVisible() and self._notice.message == self._said

    def _offer(self, said: str, undo: Callable[[], object], of_one_chat: bool = False) -> None:
        def undo_by_bar() -> None:
            self._take_back()
            undo()

        self._last, self._said, self._of_one_chat = undo, said, of_one_chat
        self._undo_action.setEnabled(True)
        self._notice.show_message(
            said, self.tr("Undo"), undo_by_bar, tone="calm", seconds=UNDO_S, lasting=not of_one_chat
        )

    def _offer_of_chat(self, said: str, undo: Callable[[], object]) -> None:
        self._offer(said, undo, of_one_chat=True)

    def _leave_chat(self) -> None:
        if self._of_one_chat:
            self.let_go()

    # Forgetting

    @property
    def _forgets_at_once(self) -> bool:
        return self._queue.settings[KEEP_DELETED] <= 0

    def _forget_recent(self) -> None:
        """The time to undo is over, where the settings keep nothing; the bar may be waiting under the pointer."""
        if self._offered or any(self._queue.is_busy(number) for number in self._recent):
            self._forgetting.start(_AGAIN_MS)
        elif self._recent:
            self.erase(list(self._recent))

    def erase(self, conversations: Sequence[int]) -> None:
        """Erase deleted conversations for good."""
        idle = [number for number in conversations if not self._queue.is_busy(number)]
        if set(idle) & set(self._recent):
            self._recent.clear()
            self._take_back()
        self._erasing |= set(idle)
        self.show_state()
        try:
            self._upkeep.erase(idle)
        except UserError as error:
            self._refused(error.sentence)

    def _erased(self) -> None:
        self._erasing.clear()
        if not self._store.is_closed:  # else it was the last thing that was done
            self.show_state()

    def _refused(self, sentence: object) -> None:
        self._notice.show_message(str(sentence))
        self._erased()

    # What was deleted lately

    def show_state(self) -> None:
        """Say what can be restored, wherever it is said."""
        kept = [one for one in self._store.deleted() if one.conversation.id not in self._erasing]
        any_kept = bool(kept) and not self._forgets_at_once
        self._page_action.setEnabled(any_kept)
        self.any_deleted.emit(any_kept)
        if self._page is not None:
            self._page.show_deleted(kept, self._queue.settings[KEEP_DELETED])

    def show_page(self) -> None:
        """The list of what was deleted, in the place of the chat."""
        if self._page is None:
            from tern.ui.window.deleted_page import DeletedPage

            page = self._page = DeletedPage(self._theme, self._area.pages)
            page.restore_requested.connect(self.restore)
            page.erase_requested.connect(self.erase)
            page.read_requested.connect(self._read)
            page.left.connect(self._area.show_chat)
        self.show_state()
        self._page.show_list()
        self._area.show_page(self._page, self.tr("Recently deleted"))

    def _read(self, conversation: int) -> None:
        if self._page is not None:
            title = self._store.summary(conversation).title
            self._page.show_reading(conversation, title, items_of(Session(self._store, conversation)))
