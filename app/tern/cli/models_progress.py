"""A download in the terminal: one line that fills up, and Ctrl-C as pause."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from tern.cli.streams import note, screen
from tern.library.hub_model import ModelDownload
from tern.library.hub_progress import Progress

_BAR = 24
_PHASES = {"checking": "checking what is here", "verifying": "verifying", "repairing": "repairing"}


class Bar:
    """Called with each :class:`Progress`. Without a terminal it prints only what matters: the waits."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._screen = screen()
        self._noted = ""

    def __call__(self, progress: Progress) -> None:
        if progress.note and progress.note != self._noted:
            self._noted = progress.note
            note(f"tern: {progress.note}")
        self._screen.draw(line(self._label, progress))

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen.clear()


def line(label: str, progress: Progress) -> str:
    """``model.gguf ━━━━━╌╌╌╌  45%  540 of 1,188 MB · 12.3 MB/s · 52 s left``"""
    part = progress.done / progress.total if progress.total else 0.0
    full = int(part * _BAR)
    head = f"{label} {'━' * full}{'╌' * (_BAR - full)} {part:>4.0%}"
    if progress.phase in _PHASES:
        return f"{head}  {_PHASES[progress.phase]}"
    words = [f"{progress.done / 1e6:,.0f} of {progress.total / 1e6:,.0f} MB"]
    if progress.rate:
        words.append(f"{progress.rate / 1e6:,.1f} MB/s")
    if progress.seconds_left is not None:
        words.append(f"{time_left(progress.seconds_left)} left")
    return f"{head}  {' · '.join(words)}"


def time_left(seconds: float) -> str:
    """``52 s``, ``3 min``, ``2 h 10 min``: no more digits than are true."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def pause_on_interrupt(download: ModelDownload) -> Iterator[None]:
    """While entered, Ctrl-C (or being asked to end) pauses the download: it stops soon and keeps what there is."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        download.pause()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
