"""A reply beside a reader: words a minute, and where the reader is."""

from __future__ import annotations

from tern.engine.types import Stats
from tern.metrics.reading import calibrated_pace, times_as_fast, words_per_minute, words_read


def test_words_a_minute_are_this_replys_words_at_the_rate_of_its_tokens() -> None:
    stats = Stats(tokens=80, decode_tokens_per_s=40.0)
    assert words_per_minute(60, stats) == 60 * 40 * 60 / 80
    assert words_per_minute(1, Stats(tokens=1)) == 0
    assert words_per_minute(0, Stats()) == 0


def test_a_reader_is_never_ahead_of_what_is_written() -> None:
    assert words_read(240, 0.0, 100) == 0
    assert words_read(240, 1.0, 100) == 4
    assert words_read(240, 60.0, 100) == 100
    assert times_as_fast(720, 240) == 3


def test_a_calibration_is_two_minutes_worth_and_bounded() -> None:
    assert calibrated_pace(121, 60, 1500) == 240
    assert calibrated_pace(1, 60, 1500) == 60
    assert calibrated_pace(5000, 60, 1500) == 1500
