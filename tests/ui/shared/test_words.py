"""Words are counted as people count them, in any script."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from tern.metrics.forecast import Forecast
from tern.ui.shared.pace_words import forecast_words, pace_words
from tern.ui.shared.words import count_words, words

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("— … ! 👍", 0),
        ("Don't stop, long-haul U.S. pilot: 3.14 and **bold**; x=1.", 9),
        ("See https://example.org/a_b?c=1 or and/or.", 4),
        ("well - no", 2),  # a dash between spaces joins nothing
        ("我今天去了北京/上海。", 9),  # each character, as word processors there count
        ("カタカナ語です", 4),  # katakana stands together
        ("안녕하세요 세계", 2),
        ("😀 café naïve 𠀀𠀁", 4),  # beyond the first plane
        ("שלום עולם, مرحبا", 3),
        ("A Straße\nüber Öl", 4),
    ],
)
def test_words_are_what_a_person_would_count(text: str, expected: int) -> None:
    assert count_words(text) == expected


def test_a_words_place_is_in_the_units_of_qt() -> None:
    text = "😀 hi 😀 there"
    units = text.encode("utf-16-le")
    assert [units[2 * w.start : 2 * w.end].decode("utf-16-le") for w in words(text)] == ["hi", "there"]


@pytest.mark.parametrize(
    ("per_minute", "expected"),
    [
        (0, ""),
        (100, "slower than you read"),
        (250, "about as fast as you read"),
        (360, "about one and a half times as fast as you read"),
        (480, "about twice as fast as you read"),
        (730, "about three times as fast as you read"),
        (240 * 13, "about 13 times as fast as you read"),
        (240 * 1234, "about 1,230 times as fast as you read"),
    ],
)
def test_a_pace_beside_a_readers_is_said_in_words(
    qapp: QApplication, per_minute: float, expected: str
) -> None:
    assert pace_words(per_minute, 240) == expected


def test_a_forecast_goes_by_the_persons_own_pace() -> None:
    forecast = Forecast(40.0, "here")  # 30 words a second
    assert forecast_words(forecast, 180) == "about ten times as fast as you read"
    assert forecast_words(forecast, 600) == "about three times as fast as you read"
