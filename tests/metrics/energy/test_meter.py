"""The energy meter against simulated counters: whatever does not measure is "not available", never 0."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tern.engine.types import Chunk, Energy, FinishReason, Stats
from tern.metrics.energy import here
from tern.metrics.energy.counter import CannotReadError, Reading
from tern.metrics.energy.meter import Meter, Source, first_readable
from tern.metrics.energy.replies import measured


class Simulated:
    """A counter and a clock that a test moves."""

    name, scope = "simulated", "CPU package"

    def __init__(self, joules: Callable[[float], Reading | str]) -> None:
        self.now, self.asleep = 100.0, 0.0
        self._joules = joules

    def read(self) -> Reading:
        found = self._joules(self.now - 100.0)
        if isinstance(found, str):
            raise CannotReadError(found)
        return found

    def span(self, seconds: float, tokens: int = 10, idle: float | None = None) -> Energy:
        meter = Meter(Source(self), lambda: (self.now, self.asleep))
        meter.idle_w = idle
        meter.begin()
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            meter.sample()
        return meter.end(tokens)


def test_watts_joules_and_idle() -> None:
    energy = Simulated(lambda t: Reading(20 * t)).span(4, tokens=40, idle=5.0)
    assert energy.joules == pytest.approx(80)
    assert energy.watts == pytest.approx(20)
    assert energy.joules_per_token == pytest.approx(2)
    assert energy.joules_per_token_above_idle == pytest.approx(1.5)
    assert (energy.source, energy.scope, energy.idle_watts, energy.why) == (
        "simulated",
        "CPU package",
        5.0,
        "",
    )


def test_a_counter_that_wraps_goes_on() -> None:
    energy = Simulated(lambda t: Reading((90 + 20 * t) % 100, range_j=100)).span(4)
    assert energy.joules == pytest.approx(80)


@pytest.mark.parametrize(
    ("joules", "why"),
    [
        (lambda t: Reading(0.0), "stands still"),
        (lambda t: Reading(20 * min(t, 1.0)), "stands still"),
        (lambda t: Reading(100 - t), "backwards"),
        (lambda t: Reading(1e9 * (t > 2)), "jumped"),
        (lambda t: Reading(20 * t, steady=t < 2, why="unplugged"), "unplugged"),
        (lambda t: Reading(20 * t) if t < 2 else "gone", "gone"),
    ],
)
def test_what_does_not_measure_is_not_available(joules: Callable[[float], Reading | str], why: str) -> None:
    energy = Simulated(joules).span(6)
    assert energy.joules is None
    assert energy.watts is None
    assert energy.joules_per_token is None
    assert why in energy.why
    assert energy.source == "simulated"


def test_zero_over_a_short_busy_span_is_not_available() -> None:
    assert Simulated(lambda t: Reading(7.0)).span(1.5).why == "the energy counter reads zero"
    assert Simulated(lambda t: Reading(20 * t)).span(0).why == "too short to measure"


def test_a_suspend_spoils_the_span_and_not_the_next() -> None:
    counter = Simulated(lambda t: Reading(20 * t))
    meter = Meter(Source(counter), lambda: (counter.now, counter.asleep))
    meter.begin()
    counter.now, counter.asleep = 102.0, 3600.0
    assert meter.end(5).why == "the computer slept meanwhile"
    meter.begin()
    counter.now = 104.0
    assert meter.end(5).watts == pytest.approx(20)


def test_the_first_counter_that_applies_is_taken_and_else_the_reasons_are_told() -> None:
    closed = Simulated(lambda t: "closed")
    charging = Simulated(lambda t: Reading(0, steady=False, why="on mains"))
    good = Simulated(lambda t: Reading(1))
    assert first_readable([closed, charging, good]).counter is good
    assert first_readable([closed, charging]).why == "closed; on mains"
    assert Meter(first_readable([closed])).end(3) == Energy(why="closed")


def test_a_reply_ends_with_its_energy() -> None:
    counter = Simulated(lambda t: Reading(20 * t))

    def chunks():  # type: ignore[no-untyped-def]
        for tokens in (1, 2, 3):
            counter.now += 1.0
            reason = FinishReason.END_OF_TURN if tokens == 3 else None
            yield Chunk("a", Stats(tokens=tokens, finish_reason=reason))

    last = list(measured(chunks(), Meter(Source(counter), lambda: (counter.now, 0.0))))[-1]
    assert last.stats.energy is not None
    assert last.stats.energy.joules_per_token == pytest.approx(20)


def test_here_there_is_a_measurement_or_a_reason() -> None:
    source = here.source()
    assert (source.counter is None) == bool(source.why)
