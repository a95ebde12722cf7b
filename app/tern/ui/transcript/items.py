"""A message as the transcript is given it, and as it stands there. Draws nothing."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.thinking import answer_or_all
from tern.ui.shared.attachment_text import details_text, name_text
from tern.ui.transcript.document import Attached, Slot
from tern.ui.transcript.thought_folding import FoldingReader, folded_thoughts

if TYPE_CHECKING:
    from tern.ui.transcript.reply_setter import ReplySetter

MORE_LINK = "tern-more:"  # then the message's key
ATTACHMENT_LINK = "tern-attachment:"  # then the message's key, "/" and which of its attachments
MODELS_LINK = "tern-models:"  # then the key of a reply of the guide's, which names that page
SHOWN, SHOWN_LINES = 200_000, 10_000  # of a message at first, in characters and in lines; then as many more
_ICONS = {
    AttachmentKind.FILE: "file-text",
    AttachmentKind.PASTE: "clipboard-text",
    AttachmentKind.FOLDER: "folder",
    AttachmentKind.PARTS: "file-text",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A message to show. ``key`` names it in signals; ``place``: which of how many branches it stands on."""

    key: int
    user: bool
    text: str
    note: str = ""
    place: tuple[int, int] = (1, 1)
    unfinished: bool = False
    attachments: tuple[Attachment, ...] = ()  # of the person's message; ``text`` is without them
    figures: str = ""  # of a reply: part of its note while it is the newest
    when: str = ""  # it was written: the time
    day: str = ""  # that stands over it, where it is the first message of one
    details: str = ""  # of a reply, shown while the pointer rests on its note
    guide: bool = False  # whether the built-in guide wrote it


@dataclass(slots=True, eq=False)
class Shown:
    """A message on show. ``source`` is its text as it was written (Markdown in replies)."""

    item: Item
    number: int  # of the messages on show, from 0
    pieces: list[str] = field(default_factory=list)
    note: str = ""
    slot: Slot = field(default_factory=Slot)
    placed: bool = False  # whether the slot is in the document
    setter: ReplySetter | None = None  # of a reply that is not all set
    more: int = 0  # how often more of it was asked for
    turned: set[int] = field(default_factory=set)  # thoughts that the person has opened, or folded again

    def reader(self) -> FoldingReader:
        """A new one, for this reply."""
        from tern.markup.incremental import ReplyReader  # a window that greets need not wait for it

        return FoldingReader(ReplyReader, self.item.key, self.turned)

    def folded(self, grows: bool) -> list[tuple[str, str]]:
        """The thoughts folded in it: what opens each, and what stands in it. ``grows``: it is still being written."""
        if self.user:
            return []
        return folded_thoughts(self.source[: self.cut()], self.item.key, self.turned, not grows)

    @property
    def whole_note(self) -> str:
        """What stands under it while it is the newest."""
        return "  ".join(filter(None, (self.item.note, self.item.figures)))

    def about(self, newest: bool) -> str:
        """What is shown beside it while the pointer is there."""
        figures = "" if newest else self.item.figures
        when = "" if newest and not self.user else self.item.when
        return " · ".join(filter(None, (figures, when)))

    @property
    def said(self) -> str:
        """What is copied of it: a reply without what the model thought."""
        return self.source if self.user else answer_or_all(self.source)

    @property
    def user(self) -> bool:
        return self.item.user

    @property
    def attached(self) -> list[Attached]:
        return [
            Attached(
                name_text(one),
                details_text(one),
                _ICONS[one.kind],
                f"{ATTACHMENT_LINK}{self.item.key}/{number}",
                beginning=one.kind is AttachmentKind.PASTE,
            )
            for number, one in enumerate(self.item.attachments)
        ]

    def cut(self) -> int:
        """How many characters of it are shown."""
        source, times = self.source, self.more + 1
        if len(source) <= SHOWN * times and source.count("\n") <= SHOWN_LINES * times:
            return len(source)
        lines = source.split("\n", SHOWN_LINES * times)
        most = len(source) - len(lines[-1]) if len(lines) > SHOWN_LINES * times else len(source)
        if most <= SHOWN * times:
            return most
        return source.rfind("\n", SHOWN * times - 1000, SHOWN * times) + 1 or SHOWN * times

    @property
    def source(self) -> str:
        return "".join(self.pieces)


@dataclass(slots=True)
class Messages:
    """The messages of a conversation on show."""

    all: list[Shown] = field(default_factory=list)
    # Of them, those that the document has a place for, in order.
    placed: list[Shown] = field(default_factory=list)
    open: Shown | None = None  # the reply that still grows

    def at(self, position: int) -> Shown | None:
        """The message that stands at a position of the document."""
        after = bisect.bisect_right(self.placed, position, key=lambda shown: shown.slot.start.position())
        return self.placed[after - 1] if after else None

    def first_after(self, number: int) -> int:
        """Which of the placed ones is the first to stand after the message of that number."""
        return bisect.bisect_right(self.placed, number, key=lambda shown: shown.number)

    @property
    def last_settled(self) -> Shown | None:
        """The last one, if it is a reply that has ended."""
        last = self.all[-1] if self.all else None
        return last if last is not None and not last.user and last is not self.open else None
