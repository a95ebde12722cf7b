"""One question with its answer, and what may follow from it. Plain data."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Exchange:
    """``ask`` as a person types it and ``reply``; ``value`` of a sum, ``kind`` and ``more`` for follow-ups."""

    ask: str
    reply: str
    kind: str = ""
    value: int | None = None
    more: tuple[str, ...] = field(default=())


Skill = Callable[[random.Random], Exchange]
