"""A long text summarized in pieces: gives one request after another, is told each reply, and ends with a summary of
the whole. Pure; knows no window, and no model but by what it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tern.chat.attachments import Attachment, AttachmentKind, told
from tern.chat.passages import cut, place
from tern.engine.types import Message, Request, SamplingParams

_SHARE = 0.6  # of the longest prompt, that a piece takes: tokens are estimated from characters, and differ
_PIECE_TOKENS, _WHOLE_TOKENS = 220, 500  # of a summary, at most; or a quarter of a small context
_CHARACTERS = 3.0  # a token of a summary has more
_SMALLEST = 200  # characters of a piece that is not halved again

_PIECE = "Summarize this part of {name} ({place}) in a few sentences. Give only the summary."
_MERGE = (
    "These are summaries of consecutive parts of {name}. Join them into one shorter summary. "
    "Give only the summary."
)
_WHOLE = (
    "These are summaries of all parts of {name}, in order. Write one summary of the whole: what it is about, and what "
    "matters most in it. Give only the summary."
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an attachment that is read at once. ``place``: where it stands."""

    name: str
    place: str
    text: str
    source: Attachment
    start: int


@dataclass(frozen=True, slots=True)
class Headings:
    """How the parts of the reply are called: ``part`` with the number, how many there are, and the place."""

    part: str = "Part {0} of {1}: {2}"
    whole: str = "Summary of the whole"


class Summarizing:
    """Ask :attr:`request`, show :attr:`opening` and the reply to it, tell :meth:`ended`; until there is none.

    ``tokens``: of all attachments together; ``limit``: the longest prompt. Where the model refuses a piece as too long
    all the same, :meth:`too_long` makes two of it.
    """

    def __init__(
        self,
        attachments: Sequence[Attachment],
        tokens: int,
        limit: int,
        sampling: SamplingParams | None = None,
        headings: Headings | None = None,
    ) -> None:
        self._limit = limit
        self._sampling = sampling or SamplingParams()
        self._headings = headings or Headings()
        self.names = ", ".join(_name(one) for one in attachments)
        characters = sum(len(one.text) for one in attachments)
        room = max(_SMALLEST, round(_SHARE * limit * characters / max(1, tokens)))
        self.pieces = [piece for one in attachments for piece in _pieces(one, room)]
        self._done: list[str] = []  # summaries of the pieces
        self._groups: list[list[str]] = []  # of summaries that are joined before the whole is told
        self._joined: list[str] = []
        self._over = False

    @property
    def step(self) -> tuple[int, int]:
        """How many of the pieces are summarized, and how many there are."""
        return len(self._done), len(self.pieces)

    @property
    def opening(self) -> str:
        """The heading over the reply that comes; empty for one that is not shown."""
        number, total = self.step
        if number < total:
            piece = self.pieces[number]
            where = (
                piece.place if len({one.name for one in self.pieces}) == 1 else f"{piece.name}, {piece.place}"
            )
            return f"### {self._headings.part.format(number + 1, total, where)}\n\n" if total > 1 else ""
        if self._groups:
            return ""
        return f"## {self._headings.whole}\n\n"

    @property
    def shown(self) -> bool:
        """Whether the reply that comes is to be read: of a piece, or of the whole; not what is only joined."""
        return len(self._done) < len(self.pieces) or not self._groups

    @property
    def request(self) -> Request | None:
        """What to ask now; None when all is told."""
        if self._over:
            return None
        if len(self._done) < len(self.pieces):
            piece = self.pieces[len(self._done)]
            part = Attachment(piece.name, piece.text, len(piece.text), AttachmentKind.FILE)
            return self._ask(told(part), _PIECE.format(name=piece.name, place=piece.place), _PIECE_TOKENS)
        texts = self._groups[0] if self._groups else self._joined
        asked = (_MERGE if self._groups else _WHOLE).format(name=self.names)
        most = _PIECE_TOKENS if self._groups else _WHOLE_TOKENS
        return self._ask("\n\n".join(texts), asked, most)

    def ended(self, text: str) -> None:
        """The reply to :attr:`request` has ended; ``text`` is all of it, without what the model thought."""
        text = text.strip()
        if len(self._done) < len(self.pieces):
            self._done.append(text)
            if len(self._done) < len(self.pieces):
                return
            self._over = len(self.pieces) == 1  # its summary is that of the whole
            self._regroup(self._done)
        elif self._groups:
            self._joined.append(text)
            del self._groups[0]
            if not self._groups:
                self._regroup(self._joined)
        else:
            self._over = True

    def too_long(self) -> bool:
        """The model cannot read the piece that was asked: make two of it; whether that could be done."""
        number = len(self._done)
        if number >= len(self.pieces):
            return False
        piece = self.pieces[number]
        if len(piece.text) < 2 * _SMALLEST:
            return False
        passages = cut(piece.text)
        if len(passages) < 2:
            middle = len(piece.text) // 2
        else:
            middle = min((one.start for one in passages[1:]), key=lambda at: abs(at - len(piece.text) // 2))
        halves = [
            _piece(piece.source, piece.start, piece.start + middle),
            _piece(piece.source, piece.start + middle, piece.start + len(piece.text)),
        ]
        self.pieces[number : number + 1] = [half for half in halves if half.text.strip()]
        return True

    def _regroup(self, texts: Sequence[str]) -> None:
        """Have summaries joined in groups, as long as they are too long together to be told at once."""
        room = max(_SMALLEST, round(_SHARE * self._limit * _CHARACTERS))
        texts = [text[: room // 2] for text in texts]  # two have room at least, so that there are ever fewer
        self._joined, self._groups = [], []
        if sum(map(len, texts)) <= room:
            self._joined = texts
            return
        length = room
        for text in texts:
            if length + len(text) > room:
                self._groups.append([])
                length = 0
            self._groups[-1].append(text)
            length += len(text)

    def _ask(self, text: str, asked: str, most: int) -> Request:
        longest = min(most, max(32, self._limit // 4))
        return Request([Message("user", f"{text}\n\n{asked}")], self._sampling, longest)


def _pieces(attachment: Attachment, room: int) -> list[Piece]:
    """An attachment in pieces of about ``room`` characters, cut where a passage begins; the last ones alike, so that no
    crumb is left."""
    passages = cut(attachment.text)
    count = -(-len(attachment.text) // room)
    each = -(-len(attachment.text) // max(1, count))
    found: list[Piece] = []
    start = 0
    for passage in passages:
        if passage.end - start > room or (passage.start - start >= each and passage.start > start):
            if passage.start > start:
                found.append(_piece(attachment, start, passage.start))
            start = passage.start
    found.append(_piece(attachment, start, len(attachment.text)))
    return [piece for piece in found if piece.text.strip()]


def _piece(attachment: Attachment, start: int, end: int) -> Piece:
    text = attachment.text[start:end]
    where = place(attachment, start, start + len(text.rstrip()))
    return Piece(_name(attachment), where, text, attachment, start)


def _name(attachment: Attachment) -> str:
    return " ".join(attachment.name.split()) or "the pasted text"
