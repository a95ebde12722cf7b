"""How many threads the engine should use here: what the person set, else what was measured on this computer."""

from __future__ import annotations

from collections.abc import Mapping

from tern.engine.threads import performance_cores
from tern.metrics.cpu import cpu
from tern.settings import QUIET, THREADS, THREADS_MEASURED, THREADS_MEASURED_ON, Settings, most_threads

WORTH = 0.03  # a count that gains less than this part over a smaller one costs more heat than it brings


def thread_count(settings: Settings) -> int | None:
    """Threads for ``EngineOptions``: the setting, else the count measured here; None leaves it to the model's size.

    The quiet profile takes half, at least 1: of one a performance core where nothing else is known.
    """
    count = settings[THREADS]
    if not count and settings[THREADS_MEASURED] and settings[THREADS_MEASURED_ON] == this_computer():
        count = min(settings[THREADS_MEASURED], most_threads())
    if settings[QUIET]:
        return max(1, (count or performance_cores()) // 2)
    return count or None


def remember(settings: Settings, count: int) -> None:
    """Keep ``count`` as the best one for this computer."""
    settings[THREADS_MEASURED] = count
    settings[THREADS_MEASURED_ON] = this_computer()


def candidates(logical_cores: int) -> list[int]:
    """Counts worth a try: all up to 4, then in steps of about a third, and every core."""
    counts = [*range(1, min(4, logical_cores) + 1)]
    while counts[-1] < logical_cores:
        counts.append(min(logical_cores, counts[-1] + max(2, counts[-1] // 6 * 2)))
    return counts


def best(rates: Mapping[int, float]) -> int:
    """The smallest count whose decode rate is within 3% of the fastest."""
    fastest = max(rates.values())
    return min(count for count, rate in rates.items() if rate >= (1 - WORTH) * fastest)


def this_computer() -> str:
    """A name that another computer, or this one with fewer cores for us, would not have."""
    info = cpu()
    return f"{info.name}, {info.performance_cores} of {info.logical_cores} cores"
