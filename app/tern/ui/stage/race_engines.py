"""What a race needs of whoever opens models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tern.engine.types import Request
from tern.metrics.race import Race


@dataclass(frozen=True, slots=True)
class RaceEngines:
    """``problem``: why there can be no race now, a sentence; empty: there can. ``start`` gives the model up for the
    race of a request, and opens it again when that is over."""

    problem: Callable[[], str]
    start: Callable[[Request], Race]
