"""Rates over the last moments, and figures as people read them: en-US, a thin space before the unit. Pure.

Never more digits than are true: tokens a second carry one decimal under 100, and none above.
"""

from __future__ import annotations

from collections import deque

THIN_SPACE = "\u2009"


def format_rate(per_second: float) -> str:
    """The number alone: ``42.1``, ``1,204``."""
    return f"{per_second:.1f}" if per_second < 99.95 else f"{per_second:,.0f}"


def format_speed(per_second: float) -> str:
    """``42.1 tokens/s``."""
    return f"{format_rate(per_second)}{THIN_SPACE}tokens/s"


def format_count(count: int) -> str:
    """``1,190``."""
    return f"{count:,}"


def format_megabytes(n_bytes: int) -> str:
    """``1,190 MB``: decimal megabytes, as disks and downloads count them."""
    return f"{n_bytes / 1e6:,.0f}{THIN_SPACE}MB"


def format_seconds(seconds: float) -> str:
    """``0.3 s``, ``42 s``, ``3 min 20 s``; milliseconds under a tenth of a second."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f}{THIN_SPACE}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}{THIN_SPACE}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{THIN_SPACE}s"
    return f"{whole // 60}{THIN_SPACE}min {whole % 60}{THIN_SPACE}s"


class RateMeter:
    """Events a second over the last ``window_s`` seconds. Times are seconds of any one clock, never decreasing."""

    def __init__(self, window_s: float = 2.0) -> None:
        self._window_s = window_s
        self._events: deque[tuple[float, int]] = deque()

    def add(self, count: int, now: float) -> None:
        """``count`` more happened at ``now``."""
        self._events.append((now, count))
        self._forget(now)

    def rate(self, now: float) -> float:
        """Events a second; 0.0 until two moments lie in the window. The first moment only opens the interval."""
        self._forget(now)
        if len(self._events) < 2:
            return 0.0
        first, last = self._events[0][0], self._events[-1][0]
        counted = sum(count for _, count in self._events) - self._events[0][1]
        return counted / (last - first) if last > first else 0.0

    def reset(self) -> None:
        self._events.clear()

    def _forget(self, now: float) -> None:
        while self._events and now - self._events[0][0] > self._window_s:
            self._events.popleft()
