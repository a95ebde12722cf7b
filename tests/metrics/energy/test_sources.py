"""Sources of energy against recorded folders and bytes: wrap, permission, absence, unplugging."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tern.metrics.energy import emi
from tern.metrics.energy.battery import Battery
from tern.metrics.energy.counter import CannotReadError
from tern.metrics.energy.perf import Perf
from tern.metrics.energy.powercap import Powercap


def _zone(folder: Path, zone: str, name: str, value: int, most: int = 262_143_328_850) -> None:
    place = folder / zone
    place.mkdir(exist_ok=True)
    (place / "name").write_text(f"{name}\n")
    (place / "energy_uj").write_text(f"{value}\n")
    (place / "max_energy_range_uj").write_text(f"{most}\n")


def test_packages_add_up_and_their_parts_are_not_counted_twice(tmp_path: Path) -> None:
    def write(first: int, second: int) -> None:
        _zone(tmp_path, "intel-rapl:0", "package-0", first)
        _zone(tmp_path, "intel-rapl:0:0", "core", first)
        _zone(tmp_path, "intel-rapl:1", "package-1", second)
        _zone(tmp_path, "intel-rapl:2", "psys", first)

    counter = Powercap(tmp_path)
    write(5_000_000, 7_000_000)
    assert counter.read().joules == 0
    write(6_500_000, 7_250_000)
    assert counter.read().joules == pytest.approx(1.75)


def test_one_package_wraps_and_the_other_does_not(tmp_path: Path) -> None:
    _zone(tmp_path, "intel-rapl:0", "package-0", 9_000_000, 10_000_000)
    _zone(tmp_path, "intel-rapl:1", "package-1", 1_000_000, 10_000_000)
    counter = Powercap(tmp_path)
    counter.read()
    _zone(tmp_path, "intel-rapl:0", "package-0", 500_000, 10_000_000)
    _zone(tmp_path, "intel-rapl:1", "package-1", 3_000_000, 10_000_000)
    assert counter.read().joules == pytest.approx(1.5 + 2.0)


def test_a_closed_counter_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _zone(tmp_path, "intel-rapl:0", "package-0", 1)
    read = Path.read_text

    def closed(path: Path, *args: str) -> str:
        if path.name == "energy_uj":  # root may read everything, whatever the mode says
            raise PermissionError(13, "Permission denied")
        return read(path, *args)

    monkeypatch.setattr(Path, "read_text", closed)
    with pytest.raises(CannotReadError, match="administrator"):
        Powercap(tmp_path).read()


def test_absent_counters_say_so(tmp_path: Path) -> None:
    for counter in (Powercap(tmp_path), Perf(tmp_path), Battery(tmp_path)):
        with pytest.raises(CannotReadError, match="shows no"):
            counter.read()


def _battery(folder: Path, **files: str) -> None:
    place = folder / "BAT0"
    place.mkdir(exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    for name, text in {"type": "Battery", **files}.items():
        (place / name).write_text(f"{text}\n")


def test_a_battery_is_integrated_while_it_discharges(tmp_path: Path) -> None:
    now = [0.0]
    counter = Battery(tmp_path, lambda: now[0])
    _battery(tmp_path, status="Discharging", power_now="10000000")
    assert counter.read().joules == 0
    now[0] = 2.0
    _battery(tmp_path, status="Discharging", current_now="-1000000", voltage_now="12000000")  # 12 W
    assert counter.read().joules == pytest.approx(22)
    _battery(tmp_path, status="Charging", power_now="30000000")
    reading = counter.read()
    assert not reading.steady
    assert "battery" in reading.why


def test_a_mouse_is_no_battery_of_the_computer(tmp_path: Path) -> None:
    _battery(tmp_path, scope="Device", status="Discharging", power_now="1000")
    with pytest.raises(CannotReadError):
        Battery(tmp_path).read()


def test_windows_meter_is_read_by_its_structures() -> None:
    def channel(name: str) -> bytes:
        text = (name + "\0").encode("utf-16-le")
        return struct.pack("<IH", 0, len(text)) + text

    head = bytes(64) + struct.pack("<HH", 1, 2)
    names = emi.channel_names(head + channel("RAPL_Package0_PP0") + channel("RAPL_Package0_PKG"))
    assert names == ["RAPL_Package0_PP0", "RAPL_Package0_PKG"]
    measured = struct.pack("<QQQQ", 5, 0, 10**12, 0)  # a watt-hour
    assert emi.package_joules(measured, names) == pytest.approx(3600)
    with pytest.raises(CannotReadError):
        emi.package_joules(measured, ["RAPL_Package0_PP0", "RAPL_Package0_DRAM"])
