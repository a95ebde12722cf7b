"""Events a second over the last moments: bytes of a download, tokens of a reply. Reads no clock."""

from __future__ import annotations

from collections import deque


class RateMeter:
    """Events a second over the last ``window_s`` seconds. Times are seconds of any one clock, never decreasing."""

    def __init__(self, window_s: float = 2.0) -> None:
        self._window_s = window_s
        self._events: deque[tuple[float, int]] = deque()
        self._count = 0  # in all of them: there may be thousands

    def add(self, count: int, now: float) -> None:
        """``count`` more happened at ``now``."""
        self._events.append((now, count))
        self._count += count
        self._forget(now)

    def rate(self, now: float) -> float:
        """Events a second; 0.0 until two moments lie in the window. The first moment only opens the interval."""
        self._forget(now)
        if len(self._events) < 2:
            return 0.0
        (first, opening), (last, _) = self._events[0], self._events[-1]
        return (self._count - opening) / (last - first) if last > first else 0.0

    def reset(self) -> None:
        self._events.clear()
        self._count = 0

    def _forget(self, now: float) -> None:
        while self._events and now - self._events[0][0] > self._window_s:
            self._count -= self._events.popleft()[1]
