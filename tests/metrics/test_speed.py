"""Figures read as people write them."""

from __future__ import annotations

import pytest

from tern.metrics.speed import (
    format_count,
    format_rate,
    format_seconds,
    format_speed,
)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.0"), (42.14, "42.1"), (99.94, "99.9"), (99.96, "100"), (1203.6, "1,204")]
)
def test_rates_carry_the_digits_that_are_true(value: float, text: str) -> None:
    assert format_rate(value) == text
    assert format_speed(value) == f"{text}\u2009tokens/s"


def test_units_follow_a_thin_space() -> None:
    assert format_count(128_256) == "128,256"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0123, "12 ms"),
        (0.0999, "0.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 0 s"),
        (200.0, "3 min 20 s"),
    ],
)
def test_seconds(seconds: float, text: str) -> None:
    unit_spaces = text.replace(" ms", "\u2009ms").replace(" s", "\u2009s").replace(" min", "\u2009min")
    assert format_seconds(seconds) == unit_spaces
