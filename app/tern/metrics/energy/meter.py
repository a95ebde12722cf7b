"""Energy between two moments, from a counter that is not believed blindly.

A counter that stands still while the processor is busy, runs backwards, or was read across a suspend measures
nothing: the answer then is "not available" with the reason, never 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tern.engine.types import Energy
from tern.metrics.energy.counter import CannotReadError, Counter, Reading

_LEAST_S = 0.5  # a shorter span is a handful of counter steps
_MOST_W = 2000.0  # more than any computer on a desk takes: the counter jumped
_FROZEN_S = 2.0  # a busy counter that stood so long in the middle is frozen
_SUSPEND_S = 1.0
_IDLE_S = 1.0


def awake_and_asleep() -> tuple[float, float]:
    """Seconds awake, and seconds suspended so far (0 where the system does not tell)."""
    awake = time.monotonic()
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return awake, 0.0 if boot is None else time.clock_gettime(boot) - awake


@dataclass(frozen=True, slots=True)
class Source:
    """The counter that is used; None with the reason where none is readable."""

    counter: Counter | None
    why: str = ""


class Meter:
    """Measures one span after another. Not thread-safe. ``idle_w``: the machine at rest, None while unknown."""

    def __init__(self, source: Source, clock: Callable[[], tuple[float, float]] = awake_and_asleep) -> None:
        self._source, self._clock = source, clock
        self.idle_w: float | None = None
        self._trouble = ""
        self._first: tuple[float, float] | None = None  # when: awake, asleep
        self._last_s = self._moved_s = 0.0
        self._last_j: Reading | None = None
        self._joules = 0.0

    def begin(self) -> None:
        """A span begins now."""
        self._trouble, self._joules, self._first, self._last_j = "", 0.0, None, None
        self.sample()

    def sample(self) -> None:
        """Read between the two ends, at most a second apart: what freezes or is unplugged in between is noticed."""
        counter = self._source.counter
        if counter is None or self._trouble:
            return
        awake, asleep = self._clock()
        try:
            reading = counter.read()
        except CannotReadError as error:
            self._trouble = str(error)
            return
        if not reading.steady:
            self._trouble = reading.why
        elif self._first is None or self._last_j is None:
            self._first, self._moved_s = (awake, asleep), awake
        elif asleep - self._first[1] > _SUSPEND_S:
            self._trouble = "the computer slept meanwhile"
        else:
            self._add(reading, self._last_j, awake)
        self._last_s, self._last_j = awake, reading

    def _add(self, reading: Reading, before: Reading, now: float) -> None:
        step = reading.joules - before.joules
        if step < 0:
            if reading.range_j is None:
                self._trouble = "the energy counter went backwards"
                return
            step += reading.range_j
        if step > _MOST_W * max(now - self._last_s, 0.001):
            self._trouble = "the energy counter jumped"
            return
        if step > 0:
            self._moved_s = now
        elif now - self._moved_s > _FROZEN_S:
            self._trouble = "the energy counter stands still"
        self._joules += step

    def end(self, tokens: int) -> Energy:
        """What the span took, with the tokens made in it; it may go on and be ended again."""
        self.sample()
        counter = self._source.counter
        if counter is None:
            return Energy(why=self._source.why)
        named = Energy(source=counter.name, scope=counter.scope)
        if self._trouble:
            return Energy(source=named.source, scope=named.scope, why=self._trouble)
        seconds = self._last_s - self._first[0] if self._first is not None else 0.0
        if seconds < _LEAST_S:
            return Energy(source=named.source, scope=named.scope, why="too short to measure")
        if self._joules <= 0:
            return Energy(source=named.source, scope=named.scope, why="the energy counter reads zero")
        watts = self._joules / seconds
        return Energy(
            source=counter.name,
            scope=counter.scope,
            joules=self._joules,
            seconds=seconds,
            watts=watts,
            idle_watts=self.idle_w,
            joules_per_token=self._joules / tokens if tokens else None,
            joules_per_token_above_idle=(
                (self._joules - self.idle_w * seconds) / tokens
                if tokens and self.idle_w is not None and self.idle_w < watts
                else None
            ),
        )

    def measure_idle(self, wait: Callable[[float], None] = time.sleep) -> None:
        """Take ``idle_w`` from a second in which Tern computes nothing. Never on a GUI thread."""
        if self._source.counter is None:
            return
        self.begin()
        wait(_IDLE_S)
        self.idle_w = self.end(0).watts


def first_readable(counters: Sequence[Counter]) -> Source:
    """The first counter that can be read here and applies; else why the first that exists at all cannot."""
    reasons = []
    for counter in counters:
        try:
            reading = counter.read()
        except CannotReadError as error:
            reasons.append(str(error))
            continue
        if reading.steady:
            return Source(counter)
        reasons.append(reading.why)
    return Source(None, "; ".join(dict.fromkeys(reasons)) or "no energy counter is known for this system")
