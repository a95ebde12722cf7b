"""A laptop's battery on Linux: what it gives while it discharges is what the whole machine takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tern.metrics.energy.counter import CannotReadError, Reading

FOLDER = Path("/sys/class/power_supply")


class Battery:
    """Power is integrated between readings (trapezoids), because the charge counter moves in steps of minutes."""

    name = "battery"
    scope = "whole machine"

    def __init__(self, folder: Path = FOLDER, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._joules = 0.0
        self._last: tuple[float, float] | None = None

    def read(self) -> Reading:
        batteries = [place for place in sorted(self._folder.glob("*")) if _is_battery(place)]
        if not batteries:
            raise CannotReadError("this computer shows no battery")
        if any(_text(place / "status") != "Discharging" for place in batteries):
            self._last = None
            return Reading(self._joules, steady=False, why="the computer does not run on its battery")
        watts, now = sum(map(_watts, batteries)), self._clock()
        if self._last is not None:
            before, then = self._last
            self._joules += (watts + before) / 2 * (now - then)
        self._last = watts, now
        return Reading(self._joules)


def _is_battery(place: Path) -> bool:
    # "Device": a mouse or a headset with a battery of its own
    return _text(place / "type") == "Battery" and _text(place / "scope") != "Device"


def _watts(place: Path) -> float:
    """Micro-watts, or micro-amperes times micro-volts; some drivers give discharge a minus."""
    try:
        if power := _text(place / "power_now"):
            return abs(int(power)) / 1e6
        return abs(int(_text(place / "current_now")) * int(_text(place / "voltage_now"))) / 1e12
    except ValueError as error:
        raise CannotReadError("the battery does not tell its power") from error


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
