"""How long work says how far it is, and what to hand it where nobody asks."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[float], None]  # told the part that is done, 0 to 1


def ignore_progress(*done: object) -> None:
    """The listener that does nothing, whatever it is told."""
