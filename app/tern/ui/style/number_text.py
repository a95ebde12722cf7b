"""Numbers in the window's words: figures as metrics format them, written as in the person's language."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, QLocale

from tern.engine.types import Stats
from tern.errors import format_size
from tern.metrics.speed import format_count, format_seconds, format_speed

_SEPARATOR = re.compile(r"(?<=\d)[.,](?=\d)")


def localized(text: str) -> str:
    """``text`` with the figures in it as the language writes them: ``1,188.5`` is ``1.188,5`` in German."""
    locale = QLocale()
    own = {".": locale.decimalPoint(), ",": locale.groupSeparator()}
    return _SEPARATOR.sub(lambda found: own[found[0]], text)


def size_text(n_bytes: float, rough: bool = False) -> str:
    """``1.19 GB``, ``857 MB``, ``12 KB``, ``812 bytes``: of files, disks, memory, and what came over the network.
    ``rough``: of what is only known roughly, ``1.2 GB``."""
    return localized(format_size(n_bytes, rough)).replace("bytes", _tr("bytes"))


def percent_text(fraction: float) -> str:
    """``42%`` as the person's language writes it. Never 100 before all is done."""
    return _tr("{0}%").format(int(100 * fraction + 1e-9))


def rate_text(bytes_per_s: float) -> str:
    """``3.4 MB/s``."""
    return f"{size_text(bytes_per_s)}/s"


def count_text(count: int) -> str:
    """``1,190``."""
    return localized(format_count(count))


def seconds_text(seconds: float) -> str:
    """``0.3 s``, ``42 s``, ``3 min 20 s``."""
    return localized(format_seconds(seconds))


def context_text(used: int, size: int) -> str:
    """How much of the context is in use, in tokens: ``612 / 4,096``."""
    return f"{count_text(used)} / {count_text(size)}"


def speed_text(per_second: float) -> str:
    """``38.4 tokens/s``."""
    return localized(format_speed(per_second)).replace("tokens/s", _tr("tokens/s"))


def reply_text(stats: Stats) -> str:
    """The numbers of one reply in a line. The rate is left out where there were too few tokens to measure one."""
    parts = [speed_text(stats.decode_tokens_per_s)] if stats.decode_tokens_per_s > 0 else []
    parts.append(_tr("first word after {0}").format(seconds_text(stats.time_to_first_token_s)))
    parts.append(tokens_text(stats.tokens))
    return " · ".join(parts)


def tokens_text(count: int) -> str:
    """``1 token``, ``1,190 tokens``."""
    return _tr("1 token") if count == 1 else _tr("{0} tokens").format(count_text(count))


def _tr(text: str) -> str:
    return QCoreApplication.translate("figures", text)
