"""What is written and not sent, kept with its conversation: a little after the typing pauses, and when it is left.
Knows the composer and the store; while an earlier message is edited, the draft waits.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from tern.chat.attaching import Attachment
from tern.chat.store import Store
from tern.chat.types import Draft
from tern.ui.composer import Composer

_PAUSE_MS = 2000


class Drafts(QObject):
    """``shown`` gives the conversation on show, None for one that does not exist yet; ``do`` says it where the disk
    refuses."""

    def __init__(
        self,
        store: Store,
        composer: Composer,
        shown: Callable[[], int | None],
        do: Callable[[Callable[[], object]], bool],
    ) -> None:
        super().__init__(composer)
        self._store = store
        self._composer = composer
        self._shown = shown
        self._do = do
        self._held = False
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self.keep)
        composer.changed.connect(self._timer.start)

    def keep(self) -> None:
        """Write down what is there, if that is not what is kept already."""
        self._timer.stop()
        if self._held:
            return
        draft = Draft(self._composer.text, self._composer.attachments)
        if draft != self._store.draft(self._shown()):
            self._do(lambda: self._store.set_draft(self._shown(), draft))

    def leave(self, recalled: Draft) -> None:
        """Keep it, for another conversation comes. While an earlier message is edited: what was made of ``recalled``,
        unless a draft waits already."""
        if self._held and self._store.draft(self._shown()) == Draft():
            self._held = Draft(self._composer.text, self._composer.attachments) == recalled
        self.keep()

    def add(self, conversation: int | None, attachment: Attachment) -> None:
        """A file was read after its conversation had been left."""
        if conversation == self._shown() and not self._held:
            self._composer.shelf.add(attachment)
            return
        draft = self._store.draft(conversation)
        draft = Draft(draft.text, (*draft.attachments, attachment))
        self._do(lambda: self._store.set_draft(conversation, draft))

    def forget(self, conversation: int | None) -> None:
        """It was sent."""
        self._timer.stop()
        if self._store.draft(conversation) != Draft():
            self._do(lambda: self._store.set_draft(conversation, Draft()))

    def hold(self) -> None:
        """Something else is put into the composer: the draft stays as it is."""
        self.keep()
        self._held = True

    def restore(self) -> None:
        """Put the kept draft of the conversation on show into the composer."""
        self._held = False
        draft = self._store.draft(self._shown())
        self._composer.put(draft.text, draft.attachments)
        self._timer.stop()
