"""Linux's RAPL counters through powercap: the energy of the CPU packages. Readable by root, or after a udev rule."""

from __future__ import annotations

from pathlib import Path

from tern.metrics.energy.counter import CannotReadError, Reading

FOLDER = Path("/sys/class/powercap")
# Closed since CVE-2020-8694: a fine counter betrays secrets of other programs. The rule opens it to all of them.
UDEV_RULE = (
    'SUBSYSTEM=="powercap", KERNEL=="intel-rapl:*", RUN+="/bin/chmod a+r /sys/class/powercap/%k/energy_uj"'
)
UDEV_FILE = "/etc/udev/rules.d/70-energy-counters.rules"


class Powercap:
    """The packages' counters, added up, each with its own wrap. AMD's are named intel-rapl too."""

    name = "RAPL (powercap)"
    scope = "CPU package"

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._last: dict[str, int] = {}
        self._total_uj = 0

    def read(self) -> Reading:
        """Wraps are undone here, package by package: two counters may wrap at different moments."""
        found = self._packages()
        if self._last and set(found) != set(self._last):
            raise CannotReadError("the CPU's energy counters changed while they were read")
        for zone, (value, most) in found.items():
            before = self._last.get(zone)
            if before is not None:
                step = value - before
                if step < 0:
                    if most <= 0:
                        raise CannotReadError("the CPU's energy counter went backwards")
                    step += most
                self._total_uj += step
            self._last[zone] = value
        return Reading(self._total_uj / 1e6)

    def _packages(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for zone in sorted(self._folder.glob("intel-rapl:*")):
            if zone.name.count(":") != 1:  # parts of a package, which it counts already
                continue
            try:
                if not (zone / "name").read_text().startswith("package"):
                    continue
                value = int((zone / "energy_uj").read_text())
                most = int((zone / "max_energy_range_uj").read_text())
            except PermissionError as error:
                raise CannotReadError(
                    "the CPU's energy counter may be read by the administrator only"
                ) from error
            except (OSError, ValueError) as error:
                raise CannotReadError("the CPU's energy counter cannot be read") from error
            found[zone.name] = value, most
        if not found:
            raise CannotReadError("this system shows no energy counter of the CPU")
        return found
