"""The replies since Tern was started: the speed of the present one, by tokens, and the numbers of the others. No Qt."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tern.engine.types import Stats

_STEP = 8  # tokens to a point
_POINTS = 512
_REPLIES = 200


@dataclass(slots=True)
class SessionHistory:
    """``speed``: (tokens so far, tokens/s since the point before) of the reply under way, or of the last."""

    speed: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_POINTS))
    replies: deque[Stats] = field(default_factory=lambda: deque(maxlen=_REPLIES))
    stats: Stats | None = None
    _tokens: int = 0
    _at: float | None = None

    def begin(self) -> None:
        """A reply begins, or another conversation is on show: nothing old stands beside it."""
        self.speed.clear()
        self.stats, self._tokens, self._at = None, 0, None

    def add(self, stats: Stats, now: float) -> None:
        """The newest numbers, ``now`` by any clock in seconds."""
        self.stats = stats
        if self._at is None:
            self._tokens, self._at = stats.tokens, now
        elif stats.tokens - self._tokens >= _STEP and now > self._at:
            self.speed.append((stats.tokens, (stats.tokens - self._tokens) / (now - self._at)))
            self._tokens, self._at = stats.tokens, now
        if stats.finish_reason is not None:
            self.replies.append(stats)

    @property
    def now_per_s(self) -> float | None:
        """The speed of the latest tokens."""
        return self.speed[-1][1] if self.speed else None

    @property
    def joules(self) -> float | None:
        """Of all replies that were measured; None where none was."""
        found = [
            stats.energy.joules
            for stats in self.replies
            if stats.energy is not None and stats.energy.joules is not None
        ]
        return sum(found) if found else None
