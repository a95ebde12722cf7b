"""A message as the transcript is given it, and as it stands there. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from tern.chat.attaching import Attachment, Kind
from tern.chat.thinking import answer_or_all
from tern.ui.chips import attachment_text
from tern.ui.document import Attached, Slot
from tern.ui.folding import FoldingReader
from tern.ui.markdown import StreamParser

ATTACHMENT_LINK = "tern-attachment:"  # then the message's key, "/" and which of its attachments
_ICONS = {Kind.FILE: "file-text", Kind.PASTE: "clipboard-text"}


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
    details: str = ""  # of a reply, shown while the pointer rests on its note


@dataclass(slots=True)
class Shown:
    """A message on show. ``source`` is its text as it was written (Markdown in replies)."""

    slot: Slot
    item: Item
    pieces: list[str] = field(default_factory=list)
    note: str = ""
    parser: FoldingReader | None = None
    turned: set[int] = field(default_factory=set)  # thoughts that the person has opened, or folded again

    def reader(self) -> FoldingReader:
        """A new one, for this reply."""
        return FoldingReader(StreamParser, self.item.key, self.turned)

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
            Attached(attachment_text(one), _ICONS[one.kind], f"{ATTACHMENT_LINK}{self.item.key}/{number}")
            for number, one in enumerate(self.item.attachments)
        ]

    @property
    def source(self) -> str:
        return "".join(self.pieces)
