"""Numbers in the window's words: figures as metrics format them, in sentences of the person's language."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from tern.engine.types import Stats
from tern.metrics.speed import format_count, format_seconds, format_speed


def context_text(used: int, size: int) -> str:
    """How much of the context is in use, in tokens: ``612 / 4,096``."""
    return f"{format_count(used)} / {format_count(size)}"


def speed_text(per_second: float) -> str:
    """``38.4 tokens/s``."""
    return format_speed(per_second).replace("tokens/s", _tr("tokens/s"))


def reply_text(stats: Stats) -> str:
    """The numbers of one reply in a line. The rate is left out where there were too few tokens to measure one."""
    parts = [speed_text(stats.decode_tokens_per_s)] if stats.decode_tokens_per_s > 0 else []
    parts.append(_tr("first word after {0}").format(format_seconds(stats.time_to_first_token_s)))
    parts.append(tokens_text(stats.tokens))
    return " · ".join(parts)


def tokens_text(count: int) -> str:
    """``1 token``, ``1,190 tokens``."""
    return _tr("1 token") if count == 1 else _tr("{0} tokens").format(format_count(count))


def _tr(text: str) -> str:
    return QCoreApplication.translate("figures", text)
