"""What a source of energy readings is: a cumulative counter in joules, with its name and what it covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reading:
    """A counter's ``joules`` so far. ``range_j``: where it begins again at 0, None where that is not known.

    ``steady`` is False where the counter does not apply at the moment, as a battery's while it charges; ``why`` then
    says so in a few words.
    """

    joules: float
    range_j: float | None = None
    steady: bool = True
    why: str = ""


class CannotReadError(Exception):
    """A counter that is absent or may not be read; its text says why, as a phrase for the person."""


class Counter(Protocol):
    """A counter. ``scope`` names what it covers: "CPU package" or "whole machine"."""

    name: str
    scope: str

    def read(self) -> Reading:
        """The counter now; raises CannotReadError."""
        ...
