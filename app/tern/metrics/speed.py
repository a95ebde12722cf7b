"""Figures as people read them: en-US, a thin space before the unit. Pure.

Never more digits than are true: tokens a second carry one decimal under 100, and none above.
"""

from __future__ import annotations

THIN_SPACE = "\u2009"


def format_rate(per_second: float) -> str:
    """The number alone: ``42.1``, ``1,204``."""
    return f"{per_second:.1f}" if per_second < 99.95 else f"{per_second:,.0f}"


def format_speed(per_second: float) -> str:
    """``42.1 tokens/s``."""
    return f"{format_rate(per_second)}{THIN_SPACE}tokens/s"


def format_count(count: int) -> str:
    """``1,190``."""
    return f"{count:,}"


def format_seconds(seconds: float) -> str:
    """``0.3 s``, ``42 s``, ``3 min 20 s``; milliseconds under a tenth of a second."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f}{THIN_SPACE}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}{THIN_SPACE}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{THIN_SPACE}s"
    return f"{whole // 60}{THIN_SPACE}min {whole % 60}{THIN_SPACE}s"
