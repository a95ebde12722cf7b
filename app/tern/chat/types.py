"""What a conversation is made of. Plain data; knows no disk and no window."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum

from tern.chat.attachments import Attachment, words_of
from tern.engine.types import Energy, FinishReason, Role, Stats


class State(StrEnum):
    """Where a message stands. A person's message is always DONE."""

    STREAMING = "streaming"  # waited for, or arriving
    DONE = "done"
    FAILED = "failed"  # the engine gave up; what had come is kept
    CUT = "cut"  # Tern ended while it was being written; kept to the last checkpoint


@dataclass(slots=True)
class Entry:
    """One message of a conversation's tree. ``parent`` None: the first one. ``created``: seconds since 1970.

    ``content`` is what the model is told, ``attachments`` included (attachments.py says how); ``text`` is the person's
    own words. ``model`` names the one that wrote a reply, empty where it is not known.
    """

    id: int
    parent: int | None
    role: Role
    content: str
    state: State = State.DONE
    error: str = ""  # the sentence shown when the reply failed
    stats: Stats = field(default_factory=Stats)
    created: float = 0.0
    attachments: tuple[Attachment, ...] = ()
    model: str = ""

    @property
    def text(self) -> str:
        return words_of(self.content, self.attachments)

    @property
    def unfinished(self) -> bool:
        """Whether the reply ended before the model was done, so that it can be continued."""
        if self.role != "assistant" or not self.content or self.state is State.STREAMING:
            return False
        early = (FinishReason.STOPPED, FinishReason.MAX_TOKENS)
        return self.state in (State.CUT, State.FAILED) or self.stats.finish_reason in early


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written and not sent."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation as a list shows it. ``updated``: seconds since 1970."""

    id: int
    title: str
    updated: float
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """A conversation that can be restored. ``when`` it was deleted: seconds since 1970."""

    conversation: Summary
    when: float


@dataclass(frozen=True, slots=True)
class Manner:
    """How a conversation is to be answered. ``system`` None and keys missing in ``sampling``: as the settings say.

    ``sampling`` maps keys of the settings table to values.
    """

    system: str | None = None
    sampling: dict[str, int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation that a search found. ``message`` None: found by its title.

    ``text`` is the passage around the words found; ``marks`` are their (start, end) within it.
    """

    conversation: Summary
    message: int | None
    text: str
    marks: tuple[tuple[int, int], ...]


def continued(before: Stats, after: Stats) -> Stats:
    """The numbers of a reply that was gone on with: of all its tokens, and the latest of what else there is."""
    parts = [part for part in (before, after) if part.decode_tokens_per_s > 0]
    gaps = sum(part.tokens - 1 for part in parts)
    seconds = sum((part.tokens - 1) / part.decode_tokens_per_s for part in parts)
    return replace(
        after if after.context_size else before,
        tokens=before.tokens + after.tokens,
        decode_tokens_per_s=gaps / seconds if seconds else 0.0,
        time_to_first_token_s=before.time_to_first_token_s or after.time_to_first_token_s,
        finish_reason=after.finish_reason,
        energy=_together(before, after),
    )


def _together(before: Stats, after: Stats) -> Energy | None:
    """The energy of both parts, where both were measured by one counter."""
    first, second = before.energy, after.energy
    if first is None or second is None:
        return None
    if (
        first.joules is None
        or first.seconds is None
        or second.joules is None
        or second.seconds is None
        or first.source != second.source
    ):
        return second if second.joules is None else first if first.joules is None else None
    joules, seconds = first.joules + second.joules, first.seconds + second.seconds
    tokens = before.tokens + after.tokens
    return Energy(
        second.source,
        second.scope,
        joules,
        seconds,
        joules / seconds,
        joules_per_token=joules / max(1, tokens),
    )


def stats_to_json(stats: Stats) -> str:
    """As it is kept on disk: only what differs from nothing measured."""
    empty = Stats()
    if stats == empty:  # most of what is imported
        return "{}"
    return json.dumps({name: value for name, value in asdict(stats).items() if value != getattr(empty, name)})


def stats_from_json(text: str) -> Stats:
    """The inverse; keys that this version does not know are passed over."""
    known = {item.name for item in fields(Stats)}
    values = {name: value for name, value in json.loads(text or "{}").items() if name in known}
    if (reason := values.get("finish_reason")) is not None:
        values["finish_reason"] = FinishReason(reason)
    if (energy := values.get("energy")) is not None:
        names = {item.name for item in fields(Energy)}
        values["energy"] = Energy(**{name: value for name, value in energy.items() if name in names})
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    return Stats(**values)
