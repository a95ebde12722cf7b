"""A reply's stream with its energy: the same numbers for the window, the terminal and the benchmark."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from tern.engine.types import Chunk
from tern.metrics.energy.meter import Meter

_SAMPLE_S = 0.5


def measured(chunks: Iterator[Chunk], meter: Meter) -> Iterator[Chunk]:
    """``chunks`` as they come; each has the energy so far, taken anew twice a second and at the end."""
    meter.begin()
    energy, due = None, time.monotonic() + _SAMPLE_S
    for chunk in chunks:
        stats, now = chunk.stats, time.monotonic()
        if stats.finish_reason is not None or now >= due:
            energy, due = meter.end(stats.tokens), now + _SAMPLE_S
        yield Chunk(chunk.text, replace(stats, energy=energy)) if energy is not None else chunk


class ReplyEnergy:
    """Measures reply after reply of one program. ``make_meter`` is called on the thread that needs the meter."""

    def __init__(self, make_meter: Callable[[], Meter]) -> None:
        self._make_meter = make_meter
        self._meter: Meter | None = None
        self._replies = 0
        self._busy = False
        self._idle_w: float | None = None

    def __call__(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """A ``worker.Measure``; on the engine's thread."""
        self._replies, self._busy = self._replies + 1, True
        try:
            if self._meter is None:
                self._meter = self._make_meter()
            self._meter.idle_w = self._idle_w
            yield from measured(chunks, self._meter)
        finally:
            self._busy = False

    def find_idle(self) -> None:
        """Measure the computer at rest, on a thread of its own; a reply that begins meanwhile spoils it."""
        if not self._busy and self._idle_w is None:
            threading.Thread(target=self._rest, name="tern-idle", daemon=True).start()

    def _rest(self) -> None:
        before = self._replies
        meter = self._make_meter()
        meter.measure_idle()
        if self._replies == before and not self._busy:
            self._idle_w = meter.idle_w
