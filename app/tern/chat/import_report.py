"""A conversation as a file holds it, and the report of what became of each. Plain data; knows no format and no disk.

Files come from strangers: the conversation is the unit of failure, and within it the message. What could be read comes
in, what could not is counted.
"""

from __future__ import annotations

import datetime as dt
import heapq
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tern.chat.types import Entry, Manner
from tern.engine.types import Role

ROLES: tuple[Role, Role] = ("user", "assistant")
_HALF = re.compile("[\ud800-\udfff]")  # of a character: where another program cut one in two
_MILLISECONDS = 1e11  # as seconds, the year 5138: such a number counts milliseconds
_LONGEST_TITLE = 200


class Left(StrEnum):
    """What of a conversation was left behind."""

    PICTURES = "pictures"
    RECORDINGS = "recordings"
    FILES = "files"
    HIDDEN = "hidden_messages"  # which the other program did not show either
    TOOLS = "tool_steps"  # what tools were told and said, and thoughts
    UNREADABLE = "unreadable_messages"
    ATTACHMENTS = "attachments"  # of Tern's own that do not belong to their message
    NUMBERS = "numbers"  # of replies (speed, tokens) that no reply could have


class Why(StrEnum):
    """Why a conversation was not taken."""

    HERE = "already_here"
    EMPTY = "no_messages"
    UNREADABLE = "unreadable"


@dataclass(slots=True)
class Found:
    """``entries`` are numbered from 1; ``turns`` counts the person's and the model's messages that the file shows.

    ``dated``: the file says when each message was written. ``why`` is set where there is nothing to take.
    """

    title: str
    entries: list[Entry] = field(default_factory=list)
    leaf: int | None = None
    created: float = 0.0
    manner: Manner = field(default_factory=Manner)
    pinned: bool = False
    turns: int = 0
    dated: bool = False
    left: Counter[Left] = field(default_factory=Counter)
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one conversation: taken as ``conversation`` with ``messages`` of its ``turns``, or ``why`` not."""

    title: str
    conversation: int | None = None
    messages: int = 0
    turns: int = 0
    left: dict[Left, int] = field(default_factory=dict)
    why: Why | None = None


@dataclass(slots=True)
class Report:
    """What became of a file. ``trouble`` is a sentence where it ends early or a part of it cannot be read."""

    outcomes: list[Outcome] = field(default_factory=list)
    trouble: str = ""

    @property
    def ids(self) -> list[int]:
        """The new conversations."""
        return [one.conversation for one in self.outcomes if one.conversation is not None]

    def count(self, why: Why) -> int:
        return sum(one.why is why for one in self.outcomes)

    @property
    def is_plain(self) -> bool:
        """Whether all there was came in whole."""
        return not self.trouble and all(
            one.why is None and one.messages == one.turns and not one.left for one in self.outcomes
        )

    def to_json(self) -> dict[str, Any]:
        outcomes = [
            {"title": one.title, "conversation": one.conversation, "messages": one.messages, "turns": one.turns,
             "left_out": {str(what): count for what, count in one.left.items()}, "why": one.why}
            for one in self.outcomes
        ]  # fmt: skip
        return {"conversations": outcomes, "trouble": self.trouble}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Report:
        outcomes = [
            Outcome(
                one["title"], one["conversation"], one["messages"], one["turns"],
                {Left(what): count for what, count in one["left_out"].items()},
                Why(one["why"]) if one["why"] else None,
            )
            for one in found["conversations"]
        ]  # fmt: skip
        return cls(outcomes, found["trouble"])


@dataclass(slots=True)
class Node:
    """One node of a tree as the file has it; ``entry`` None where it says nothing. ``parent`` and ``children`` are
    whatever the file claims. ``guess``: the file does not say whose words these are.
    """

    name: str | int
    parent: object
    children: Sequence[object] = ()
    entry: Entry | None = None
    guess: bool = False


def planted(
    nodes: Sequence[Node], current: object, several_roots: bool = False
) -> tuple[list[Entry], int | None]:
    """The tree of what ``nodes`` say, numbered from 1 with parents first, and the message that ``current`` stands for.

    Nodes that say nothing are stepped over. A parent that is not there, or that would close a circle, is looked up
    among the children that others claim; a node still without one follows the node before it. ``several_roots``: a
    parent that is null is meant so, and the order is the file's; otherwise children stand as their parent lists them.
    """
    number_of = {node.name: number for number, node in enumerate(nodes)}
    parents = _parents(nodes, number_of, several_roots)
    kids: list[list[int]] = [[] for _ in nodes]
    for number, parent in enumerate(parents):
        if parent is not None:
            kids[parent].append(number)
    entries: list[Entry] = []
    stands_for: list[int | None] = [None] * len(nodes)
    roles: list[Role | None] = [None] * len(nodes)  # of the last message up to each node
    waiting = [(number, number) for number, parent in enumerate(parents) if parent is None]
    pushed = len(nodes)
    while waiting:
        _, number = heapq.heappop(waiting)
        node, parent = nodes[number], parents[number]
        if parent is not None:
            stands_for[number], roles[number] = stands_for[parent], roles[parent]
        if node.entry is not None:
            if node.guess:
                node.entry.role = "assistant" if roles[number] == "user" else "user"
            node.entry.id, node.entry.parent = len(entries) + 1, stands_for[number]
            entries.append(node.entry)
            stands_for[number], roles[number] = node.entry.id, node.entry.role
        for kid in _in_order(kids[number], nodes, number_of, node.children):
            heapq.heappush(waiting, (kid if several_roots else pushed, kid))
            pushed += 1
    at = number_of.get(current) if _is_name(current) else None  # type: ignore[call-overload]
    return entries, stands_for[at] if at is not None else None


def _parents(nodes: Sequence[Node], number_of: dict[str | int, int], several_roots: bool) -> list[int | None]:
    claimed: dict[int, int] = {}  # as the children of others
    for number, node in enumerate(nodes):
        for child in node.children:
            if _is_name(child) and (at := number_of.get(child)) is not None:  # type: ignore[call-overload]
                claimed.setdefault(at, number)
    parents: list[int | None] = [None] * len(nodes)
    above = list(range(len(nodes)))  # towards the root of the tree so far, with shortcuts

    def root(number: int) -> int:
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    def attach(number: int, parent: int | None) -> bool:
        if parent is None or root(parent) == number:
            return False
        parents[number] = above[number] = parent
        return True

    orphans = []
    for number, node in enumerate(nodes):
        said = number_of.get(node.parent) if _is_name(node.parent) else None  # type: ignore[call-overload]
        if attach(number, said) or attach(number, claimed.get(number)):
            continue
        if node.parent is not None or not several_roots:
            orphans.append(number)
    order = _in_time(nodes)
    place = {number: at for at, number in enumerate(order)}
    for number in orphans:
        if place[number]:
            attach(number, order[place[number] - 1])
    return parents


def _in_time(nodes: Sequence[Node]) -> list[int]:
    """The nodes as they were written; in the file's order where it does not say when."""
    times = [node.entry.created if node.entry is not None else None for node in nodes]
    if any(when is None or not when for when in times):
        return list(range(len(nodes)))
    return sorted(range(len(nodes)), key=lambda number: (times[number], number))


def _in_order(
    kids: list[int], nodes: Sequence[Node], number_of: dict[str | int, int], listed: Iterable[object]
) -> list[int]:
    if len(kids) < 2:
        return kids
    place = {number_of[name]: at for at, name in enumerate(listed) if _is_name(name) and name in number_of}
    return sorted(kids, key=lambda kid: (place.get(kid, len(nodes)), kid))


def _is_name(name: object) -> bool:
    return isinstance(name, str | int) and not isinstance(name, bool)


def text_of(text: object) -> str:
    """A text, or a number as one; empty for anything else."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        text = str(text)
    return _HALF.sub("\ufffd", text) if isinstance(text, str) else ""


def title_of(title: object) -> str:
    return text_of(title).strip()[:_LONGEST_TITLE]


def time_of(value: object) -> float | None:
    """Seconds since 1970, of a number of them (or of milliseconds) or a date as ISO 8601 writes it; None for anything
    else, and for what is still to come."""
    seconds: float
    try:
        if isinstance(value, str):
            try:
                seconds = float(value)
            except ValueError:
                date = dt.datetime.fromisoformat(value.strip())
                seconds = (date if date.tzinfo else date.replace(tzinfo=dt.UTC)).timestamp()
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
            seconds = seconds / 1000 if seconds >= _MILLISECONDS else seconds
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if 0 < seconds <= time.time() else None
