"""Where a download stands and how fast it goes. Plain data; knows no network."""

from __future__ import annotations

import time
from dataclasses import dataclass

_RATE_S = 5.0  # the rate is the mean of about this long
_STEP_S = 0.25


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a download stands. ``rate`` in bytes a second; ``seconds_left`` None while it cannot be told.

    ``phase``: checking (what an earlier run left), downloading, waiting (for another try; ``note`` says why),
    repairing, verifying.
    """

    phase: str
    done: int
    total: int
    rate: float = 0.0
    seconds_left: float | None = None
    note: str = ""


class Rate:
    """Bytes a second, the mean of about the last ``_RATE_S`` seconds."""

    def __init__(self) -> None:
        self._mean = 0.0
        self._count = 0
        self._since = time.monotonic()

    def add(self, count: int) -> None:
        self._count += count
        now = time.monotonic()
        passed = now - self._since
        if passed >= _STEP_S:
            weight = min(1.0, passed / _RATE_S) if self._mean else 1.0
            self._mean += weight * (self._count / passed - self._mean)
            self._count, self._since = 0, now

    def per_s(self) -> float:
        return self._mean
