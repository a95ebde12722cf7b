"""The sliding rate counts intervals and forgets."""

from __future__ import annotations

import pytest

from tern.library.rate_meter import RateMeter


def test_rate_counts_the_intervals_and_forgets() -> None:
    meter = RateMeter(window_s=2.0)
    assert meter.rate(0.0) == 0.0
    meter.add(1, 0.0)
    assert meter.rate(0.0) == 0.0  # one moment is no interval
    for n in range(1, 21):
        meter.add(1, n / 10)
    assert meter.rate(2.0) == pytest.approx(10.0)
    for n in range(1, 11):
        meter.add(4, 2.0 + n / 10)
    meter.add(4, 3.5)
    assert 10.0 < meter.rate(3.5) < 40.0
    assert meter.rate(100.0) == 0.0
    meter.add(1, 100.0)
    meter.add(1, 100.5)
    meter.reset()
    assert meter.rate(100.5) == 0.0
