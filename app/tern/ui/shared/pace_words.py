"""How fast something is written beside how fast people read, in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from tern.metrics.forecast import Forecast
from tern.metrics.reading import times_as_fast
from tern.ui.style.number_text import localized

_ALIKE = (0.9, 1.25)  # times as fast: about as fast


def pace_words(words_a_minute: float, pace: float) -> str:
    """``about three times as fast as you read``; ``pace``: words a minute that the person reads. Empty for none."""
    times = times_as_fast(words_a_minute, pace)
    if times <= 0:
        return ""
    if times < _ALIKE[0]:
        return _tr("slower than you read")
    if times < _ALIKE[1]:
        return _tr("about as fast as you read")
    if times < 1.75:
        return _tr("about one and a half times as fast as you read")
    count = round(times)
    said = {
        2: _tr("about twice as fast as you read"),
        3: _tr("about three times as fast as you read"),
        4: _tr("about four times as fast as you read"),
        5: _tr("about five times as fast as you read"),
        6: _tr("about six times as fast as you read"),
        7: _tr("about seven times as fast as you read"),
        8: _tr("about eight times as fast as you read"),
        9: _tr("about nine times as fast as you read"),
        10: _tr("about ten times as fast as you read"),
    }
    step = 1 if count < 20 else 5 if count < 100 else 10
    figure = localized(f"{round(count / step) * step:,}")
    return said.get(count) or _tr("about {0} times as fast as you read").format(figure)


def forecast_words(forecast: Forecast, pace: float) -> str:
    """How the forecast of a model compares with that pace."""
    return pace_words(60 * forecast.words_per_s, pace)


def _tr(text: str) -> str:
    return QCoreApplication.translate("pace", text)
