"""What is written and not sent, kept with its conversation: a little after the typing pauses, and when it is left.
Knows the composer and the store. While an earlier message is edited the draft waits, and what becomes of the message
is kept with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer

from tern.chat.attachments import Attachment
from tern.chat.normalize import as_written
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft, Entry
from tern.ui.composer.composer import Composer

_PAUSE_MS = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation, or a message of it that is edited."""

    store: Store
    conversation: int | None
    edited: Entry | None


class Drafts(QObject):
    """``shown`` gives the conversation on show: what is written is kept where it is, of a private chat in memory alone.
    ``do`` says it where the disk refuses."""

    def __init__(
        self,
        composer: Composer,
        shown: Callable[[], Session],
        do: Callable[[Callable[[], object]], bool],
    ) -> None:
        super().__init__(composer)
        self._composer = composer
        self._shown = shown
        self._do = do
        self._edited: Entry | None = None  # what is in the composer is made of it
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self.keep)
        composer.changed.connect(self._timer.start)

    @property
    def _store(self) -> Store:
        return self._shown().store

    def keep(self) -> None:
        """Write down what is there, if that is not what is kept already."""
        self._timer.stop()
        draft = self._composer.draft
        if (edited := self._edited) is not None:
            same = draft == Draft(as_written(edited.text), edited.attachments)
            edit = None if same else draft
            if edit != self._store.edit(edited.id):
                self._do(lambda: self._store.set_edit(edited.id, edit))
        elif draft != self._store.draft(conversation := self._shown().conversation):
            self._do(lambda: self._store.set_draft(conversation, draft))

    def edit(self, entry: Entry) -> None:
        """Put a message that was sent into the composer, or what was made of it before; the draft waits."""
        self.keep()
        self._edited = entry
        draft = self._store.edit(entry.id) or Draft(entry.text, entry.attachments)
        self._composer.put(draft, recalled=True)

    def last_edited(self, entries: Sequence[Entry]) -> Entry | None:
        """The last of these that was changed and not sent again."""
        return next((entry for entry in reversed(entries) if self._store.edit(entry.id) is not None), None)

    def drop_edit(self) -> None:
        """What was made of the message is not wanted, or was sent."""
        self._timer.stop()
        edited, self._edited = self._edited, None
        if edited is not None and self._store.edit(edited.id) is not None:
            self._do(lambda: self._store.set_edit(edited.id, None))

    def add(self, place: Place, attachment: Attachment) -> None:
        """A file was read after what it is for had been left."""
        store = place.store
        if place == self.place:
            self._composer.shelf.add(attachment)
        elif store.is_closed:
            return  # a private chat that is gone
        elif place.edited is not None:
            entry = place.edited
            draft = store.edit(entry.id) or Draft(entry.text, entry.attachments)
            draft = Draft(draft.text, (*draft.attachments, attachment))
            self._do(lambda: store.set_edit(entry.id, draft))
        else:
            draft = store.draft(place.conversation)
            draft = Draft(draft.text, (*draft.attachments, attachment))
            self._do(lambda: store.set_draft(place.conversation, draft))

    @property
    def place(self) -> Place:
        """What is written for."""
        shown = self._shown()
        return Place(shown.store, shown.conversation, self._edited)

    def forget(self, conversation: int | None) -> None:
        """It was sent."""
        self._timer.stop()
        if self._store.draft(conversation) != Draft():
            self._do(lambda: self._store.set_draft(conversation, Draft()))

    def restore(self) -> None:
        """Put the kept draft of the conversation on show into the composer."""
        self._edited = None
        self._composer.put(self._store.draft(self._shown().conversation))
        self._timer.stop()
