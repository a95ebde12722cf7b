"""The number of threads: set by hand, measured here, or counted; half of it in quiet."""

from __future__ import annotations

from tern.engine.threads import performance_cores
from tern.metrics.thread_choice import best, candidates, remember, thread_count
from tern.settings import QUIET, THREADS, THREADS_MEASURED_ON, Settings


def test_who_decides() -> None:
    settings = Settings()
    assert thread_count(settings) is None  # the model's size decides
    settings[QUIET] = True
    assert thread_count(settings) == max(1, performance_cores() // 2)
    settings[QUIET] = False
    remember(settings, 6)
    assert thread_count(settings) == 6
    settings[THREADS] = 4
    assert thread_count(settings) == 4
    settings[QUIET] = True
    assert thread_count(settings) == 2
    settings[THREADS] = 1
    assert thread_count(settings) == 1


def test_what_was_measured_on_another_computer_does_not_count() -> None:
    settings = Settings()
    remember(settings, 6)
    settings[THREADS_MEASURED_ON] = "another one"
    assert thread_count(settings) is None


def test_counts_to_try() -> None:
    assert candidates(1) == [1]
    assert candidates(3) == [1, 2, 3]
    assert candidates(8) == [1, 2, 3, 4, 6, 8]
    for cores in (16, 64, 192):
        counts = candidates(cores)
        assert counts == sorted(set(counts))
        assert counts[-1] == cores
        assert len(counts) < 24


def test_more_threads_must_be_worth_it() -> None:
    assert best({1: 10.0, 2: 20.0, 4: 20.5, 8: 15.0}) == 2
    assert best({1: 10.0, 2: 20.0, 4: 25.0}) == 4
    assert best({1: 10.0}) == 1
