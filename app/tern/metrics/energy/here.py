"""The energy counters of the system Tern runs on, best first."""

from __future__ import annotations

import platform

from tern.metrics.energy.counter import Counter
from tern.metrics.energy.meter import Meter, Source, first_readable


def counters(system: str = platform.system()) -> list[Counter]:
    """Those worth trying. A CPU package's counter is steadier than a battery's."""
    if system == "Linux":
        from tern.metrics.energy.battery import Battery
        from tern.metrics.energy.perf import Perf
        from tern.metrics.energy.powercap import Powercap

        return [Powercap(), Perf(), Battery()]
    if system == "Windows":
        from tern.metrics.energy.emi import Emi

        return [Emi()]
    return []


def source() -> Source:
    """What can be read here. A new counter each time: one belongs to one thread."""
    return first_readable(counters())


def meter() -> Meter:
    """A meter on this computer's counter."""
    return Meter(source())


def advice(system: str = platform.system()) -> str:
    """What would make a counter readable, where that is known; else empty."""
    from tern.metrics.energy.powercap import FOLDER, UDEV_FILE, UDEV_RULE

    closed = system == "Linux" and source().counter is None and any(FOLDER.glob("intel-rapl:*"))
    return f"Put this line into {UDEV_FILE}, then restart:\n{UDEV_RULE}" if closed else ""
