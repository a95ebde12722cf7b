"""A reply with each of its thoughts folded into a line that opens it: blocks, whole or while it is still being written.
Draws nothing; the Markdown is read by whatever reader it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace
from itertools import groupby
from typing import Protocol

from PySide6.QtCore import QCoreApplication

from tern.chat.thinking import CLOSING, TAGS, Event, Splitter, What
from tern.markup.blocks import THOUGHT_LINK, Block, BlockKind, Run


class BlockReader(Protocol):
    """Reads Markdown that grows; ``append`` returns the index of the first block that may have changed."""

    blocks: list[Block]

    def append(self, piece: str, last: bool = False) -> int: ...


class FoldingReader:
    """Reads a reply as the readers that ``make`` makes, its thoughts apart. ``key``: of the message.

    A thought is folded, unless the reply came to no answer; ``turned`` has the numbers of those that are the other way.
    """

    def __init__(self, make: Callable[[], BlockReader], key: int = 0, turned: Set[int] = frozenset()) -> None:
        self._make = make
        self._key = key
        # Asked for here: reading gives way to others in the middle (pacing.py), where Qt must not be called.
        self._words = _tr("Thinking…"), _tr("Thought for a moment")
        self._turned = turned
        self._splitter = Splitter()
        self._parts: list[_Part] = [_Part(make())]
        self.blocks: list[Block] = []

    @property
    def folded(self) -> list[tuple[str, str]]:
        """The thoughts that only their line is shown of: its link, and what was thought."""
        return [(part.link, part.text) for part in self._parts if part.folded]

    def append(self, piece: str, last: bool = False) -> int:
        """Add ``piece``; returns the index of the first block that may have changed. ``last``: nothing more comes."""
        changed = len(self._parts), 0  # the first part that did, and its first block
        found = self._splitter.feed(piece)
        if last:
            found += self._splitter.end()
        joined = _joined(found)  # a whole text is read once, and not line by line
        for number, (what, text) in enumerate(joined, 1):
            changed = min(changed, self._take(what, text, last and number == len(joined)))
        if last:
            changed = min(changed, self._end())
        first, block = changed
        start = sum(len(part) for part in self._parts[:first]) + block
        start = min(start, len(self.blocks))
        del self.blocks[start:]
        for part in self._parts[first:]:
            self.blocks += part.shown(block)
            block = 0
        return start

    def _take(self, what: What, text: str, last: bool) -> tuple[int, int]:
        index, part = len(self._parts) - 1, self._parts[-1]
        if what is What.TEXT:
            return index, part.add(text, last)
        if what is What.ALL_THOUGHT:
            text = "".join(one.text for one in self._parts)
            self._parts = [self._thought(0)]
            self._parts[0].add(text)
            index, part = 0, self._parts[0]
        found = index, part.close()
        number = sum(one.thought for one in self._parts)
        self._parts.append(self._thought(number) if what is What.THOUGHT else _Part(self._make()))
        return found

    def _thought(self, number: int) -> _Part:
        reader = self._make() if number in self._turned else None
        return _Part(reader, f"{THOUGHT_LINK}{self._key}/{number}", self._words)

    def _end(self) -> tuple[int, int]:
        index = len(self._parts) - 1
        found = index, self._parts[-1].close()
        thoughts = [part for part in self._parts if part.thought]
        if not thoughts or not all(part.blank for part in self._parts if not part.thought):
            return found
        for number, part in enumerate(thoughts):
            part.turn(None if number in self._turned else self._make())
        return 0, 0


def folded_thoughts(
    reply: str, key: int = 0, turned: Set[int] = frozenset(), last: bool = True
) -> list[tuple[str, str]]:
    """The thoughts of a reply that are folded: what opens each, and what was thought. ``last``: it has ended."""
    if not any(tag in reply for tag in (*TAGS, *CLOSING)):
        return []
    reader = FoldingReader(_Unread, key, turned)
    reader.append(reply, last)
    return reader.folded


class _Unread:
    """Reads nothing: who looks for what is folded has no use for the rest."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []

    def append(self, piece: str, last: bool = False) -> int:
        return 0


class _Part:
    """A piece of the answer, or (``link``) a thought, which is shown where it has a ``reader``."""

    def __init__(self, reader: BlockReader | None, link: str = "", words: tuple[str, str] = ("", "")) -> None:
        self.thought = bool(link)
        self.text = ""
        self.blank = True
        self._reader = reader
        self.link = link
        self._words = words
        self._closed = False

    @property
    def folded(self) -> bool:
        return self.thought and not self.blank and self._reader is None

    def __len__(self) -> int:
        read = len(self._reader.blocks) if self._reader is not None else 0
        return read + self._head

    @property
    def _head(self) -> int:
        """How many lines stand above what is read: a thought that says nothing is not worth one."""
        return 1 if self.thought and not self.blank else 0

    def add(self, text: str, last: bool = False) -> int:
        """The first block that may have changed."""
        before = len(self)
        head = self._head
        self.text += text
        self.blank = self.blank and not text.strip()
        if self._reader is None:
            return before if head == self._head else 0
        at = self._reader.append(text, last)
        self._closed = last
        return at + head if head == self._head else 0

    def close(self) -> int:
        if self._closed:
            return 0 if self.thought else len(self)
        self._closed = True
        at = self._reader.append("", last=True) if self._reader is not None else 0
        return 0 if self.thought else at

    def turn(self, reader: BlockReader | None) -> None:
        """Show what is read by ``reader``; None: nothing of it."""
        self._reader = reader
        if reader is not None:
            reader.append(self.text, last=True)

    def shown(self, start: int) -> list[Block]:
        """Its blocks from the one with that number on."""
        if not self.thought:
            assert self._reader is not None
            return self._reader.blocks[start:]
        if not self._head:
            return []
        label = [self._label()] if start == 0 else []
        read = self._reader.blocks[max(0, start - 1) :] if self._reader is not None else []
        return label + [replace(block, quote=block.quote + 1) for block in read]

    def _label(self) -> Block:
        words = self._words[self._closed]
        arrow = "▸" if self._reader is None else "▾"
        return Block(BlockKind.LABEL, runs=(Run(f"{arrow} {words}", link=self.link),))


def _joined(found: list[Event]) -> list[Event]:
    """The same with what follows each other as text in one."""
    out: list[Event] = []
    for what, group in groupby(found, lambda event: event[0]):
        if what is What.TEXT:
            out.append((what, "".join(text for _, text in group)))
        else:
            out += group
    return out


def _tr(text: str) -> str:
    return QCoreApplication.translate("folding", text)
