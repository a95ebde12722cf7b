"""How fast people read, and a reply beside that: where a reader stands in it, and how many times as fast it comes.

Words are whatever the caller counts as such; here is the arithmetic alone.
"""

from __future__ import annotations

from tern.engine.types import Stats

CALIBRATION_S = 30.0  # of reading, to find out a person's pace


def words_per_minute(words: int, stats: Stats) -> float:
    """Words a minute of a reply with ``words`` so far, while it was being decoded: 0 until there is a rate.

    The words that its tokens made up, at the rate at which those came.
    """
    if stats.tokens < 1 or stats.decode_tokens_per_s <= 0:
        return 0.0
    return 60 * stats.decode_tokens_per_s * words / stats.tokens


def words_read(pace: float, seconds: float, written: int) -> int:
    """Words that someone has read who began ``seconds`` ago, at ``pace`` words a minute: never more than there are."""
    return max(0, min(written, int(pace * seconds / 60)))


def times_as_fast(words_a_minute: float, pace: float) -> float:
    """How many times as fast as a reader of that pace."""
    return words_a_minute / pace if pace > 0 else 0.0


def calibrated_pace(words: int, low: float, high: float) -> int:
    """Words a minute of someone who read ``words`` in the time of a calibration, within the bounds, to five."""
    return int(min(high, max(low, 5 * round(words * 60 / CALIBRATION_S / 5))))
