"""Numbers in the window's words: figures as metrics format them, in sentences of the person's language."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from tern.engine.types import Stats
from tern.metrics.speed import THIN_SPACE, format_count, format_seconds

_KB, _MB, _GB = 1e3, 1e6, 1e9


def size_text(n_bytes: float, rough: bool = False) -> str:
    """``1.19 GB``, ``857 MB``, ``14 KB``: of disks, memory and downloads, in the window's one form, with the decimal
    sign of the person's language. Three figures of gigabytes, whole numbers below. ``rough``: of what is only known
    roughly, or changes while one looks, ``1.2 GB`` and ``75 GB``."""
    if n_bytes < 999.5 * _KB:
        return f"{_decimal(max(n_bytes / _KB, 1) if n_bytes else 0, 0)}{THIN_SPACE}KB"
    if n_bytes < 999.5 * _MB:
        return f"{_decimal(n_bytes / _MB, 0)}{THIN_SPACE}MB"
    size = n_bytes / _GB
    digits = (2 if size < 9.995 else 1 if size < 99.95 else 0) - rough
    return f"{_decimal(size, max(digits, 0))}{THIN_SPACE}GB"


def rate_text(bytes_per_s: float) -> str:
    """``12.3 MB/s``, ``840 KB/s``: of a download."""
    if bytes_per_s < 999.5 * _KB:
        return f"{size_text(bytes_per_s)}/s"
    size = bytes_per_s / _MB
    return f"{_decimal(size, 1 if size < 99.95 else 0)}{THIN_SPACE}MB/s"


def percent_text(fraction: float) -> str:
    """``42 %`` as the person's language writes it. Never 100 before all is done."""
    return _tr("{0}%").format(int(100 * fraction + 1e-9))


def count_text(count: int) -> str:
    """``12,345``, with the person's own sign between the thousands."""
    return _locale().toString(count)


def _decimal(value: float, digits: int) -> str:
    return _locale().toString(float(value), "f", digits)


def _locale() -> QLocale:
    """The person's, with a sign between the thousands even where the system's has none."""
    locale = QLocale()
    locale.setNumberOptions(locale.numberOptions() & ~QLocale.NumberOption.OmitGroupSeparator)
    return locale


def context_text(used: int, size: int) -> str:
    """How much of the context is in use, in tokens: ``612 / 4,096``."""
    return f"{format_count(used)} / {format_count(size)}"


def speed_text(per_second: float) -> str:
    """``38.4 tokens/s``."""
    return f"{_decimal(per_second, 1 if per_second < 99.95 else 0)}{THIN_SPACE}{_tr('tokens/s')}"


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
