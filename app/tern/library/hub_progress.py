"""Where a download stands, how fast it goes, and the words for it. Plain data; knows no network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tern.errors import format_size
from tern.library.rate_meter import RateMeter

_RATE_S = 5.0  # the rate is the mean of so long
_REPORT_S = 0.1

# What is being done to a download: in the terminal as it stands here, in the window in the person's own language.
_PHASES = {
    "checking": "Checking what is here already…",
    "verifying": "Verifying…",
    "repairing": "Repairing…",
}
_AMOUNTS, _LEFT = "{0} of {1}", "{0} left"
WORDS = (*_PHASES.values(), _AMOUNTS, _LEFT)
THIN_SPACE = "\u2009"
Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class DownloadProgress:
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

    @property
    def fraction(self) -> float:
        return self.done / self.total if self.total else 0.0


class Reporter:
    """Tells the progress of one file of ``total`` bytes, with its rate, not more often than anybody could see."""

    def __init__(self, total: int, on_progress: Callable[[DownloadProgress], None]) -> None:
        self.done = 0  # as told last
        self._total, self._on_progress = total, on_progress
        self._meter = RateMeter(_RATE_S)
        self._told = 0.0

    def came(self, count: int) -> None:
        """So many bytes came over the network."""
        self._meter.add(count, time.monotonic())

    def tell(self, phase: str, done: int, note: str = "", force: bool = False) -> None:
        """``force`` and a ``note`` are told at once."""
        now = time.monotonic()
        if not force and not note and now - self._told < _REPORT_S:
            return
        self._told, self.done = now, done
        rate = self._meter.rate(now) if phase == "downloading" else 0.0
        left = (self._total - done) / rate if rate > 0 else None
        self._on_progress(DownloadProgress(phase, done, self._total, rate, left, note))


def phase_words(progress: DownloadProgress, translate: Translate = str) -> str:
    """What is being done, where that is more than downloading; else empty."""
    return translate(_PHASES[progress.phase]) if progress.phase in _PHASES else ""


def amounts(progress: DownloadProgress, translate: Translate = str) -> str:
    """``540 MB of 1.19 GB``, with a thin space before each unit, as everywhere here."""
    return translate(_AMOUNTS).format(format_size(progress.done), format_size(progress.total))


def figures(progress: DownloadProgress, translate: Translate = str) -> str:
    """``540 MB of 1.19 GB · 12.3 MB/s · 52 s left``"""
    parts = [amounts(progress, translate)]
    if progress.rate:
        parts.append(f"{format_size(progress.rate)}/s")
    if progress.seconds_left is not None:
        parts.append(translate(_LEFT).format(time_left(progress.seconds_left)))
    return " · ".join(parts)


def time_left(seconds: float) -> str:
    """``52 s``, ``3 min``, ``2 h 10 min``: no more digits than are true."""
    if seconds < 100:
        return f"{seconds:.0f}{THIN_SPACE}s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes}{THIN_SPACE}min"
    return f"{minutes // 60}{THIN_SPACE}h {minutes % 60}{THIN_SPACE}min"
