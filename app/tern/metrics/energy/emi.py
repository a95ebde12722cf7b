"""Windows' Energy Meter Interface: counters of the CPU package in picowatt-hours, by DeviceIoControl.

Structures and codes as in the Windows SDK's emi.h, version 2 of the interface.
"""

from __future__ import annotations

import ctypes
import platform
import struct
from typing import Any

from tern.metrics.energy.counter import CannotReadError, Reading

J_PER_PICOWATT_HOUR = 3.6e-9
_GET_VERSION, _GET_METADATA_SIZE, _GET_METADATA, _GET_MEASUREMENT = 0x224000, 0x224004, 0x224008, 0x22400C
_GUID = "{45BD8344-7ED6-49CF-A440-C276C933B053}"  # GUID_DEVICE_ENERGY_METER
_METADATA_HEAD = 68  # bytes: model and oem name, 16 UTF-16 each; revision; channels


def channel_names(metadata: bytes) -> list[str]:
    """The names in EMI_METADATA_V2, in the order of their measurements."""
    (count,) = struct.unpack_from("<H", metadata, _METADATA_HEAD - 2)
    names, at = [], _METADATA_HEAD
    for _ in range(count):
        _unit, size = struct.unpack_from("<IH", metadata, at)
        names.append(metadata[at + 6 : at + 6 + size].decode("utf-16-le").rstrip("\0"))
        at += 6 + size
    return names


def package_joules(measurement: bytes, names: list[str]) -> float:
    """Joules of the package's channel in an array of EMI_CHANNEL_MEASUREMENT_DATA (energy, time: 64 bits each)."""
    wanted = [index for index, name in enumerate(names) if "PKG" in name.upper()]
    if not wanted:
        raise CannotReadError("Windows shows no energy meter of the CPU package")
    counted: list[int] = [struct.unpack_from("<Q", measurement, 16 * index)[0] for index in wanted]
    return sum(counted) * J_PER_PICOWATT_HOUR


class Emi:
    """The first energy meter that has a channel of the CPU package."""

    name = "EMI"
    scope = "CPU package"

    def __init__(self) -> None:
        self._handle: Any = None
        self._names: list[str] = []

    def read(self) -> Reading:
        if platform.system() != "Windows":
            raise CannotReadError("this system has no energy meter interface")
        if self._handle is None:
            self._open()
        data = self._ask(_GET_MEASUREMENT, 16 * len(self._names))
        return Reading(package_joules(data, self._names))

    def _open(self) -> None:
        for path in _device_paths():
            kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
            kernel.CreateFileW.restype = ctypes.c_void_p
            handle = kernel.CreateFileW(path, 0x80000000, 3, None, 3, 0, None)
            if handle in (None, ctypes.c_void_p(-1).value):
                continue
            self._handle = ctypes.c_void_p(handle)
            try:
                (version,) = struct.unpack("<H", self._ask(_GET_VERSION, 2))
                if version == 2:
                    (size,) = struct.unpack("<I", self._ask(_GET_METADATA_SIZE, 4))
                    self._names = channel_names(self._ask(_GET_METADATA, size))
                    if any("PKG" in name.upper() for name in self._names):
                        return
            except CannotReadError:
                pass
            kernel.CloseHandle(self._handle)
            self._handle = None
        raise CannotReadError("Windows shows no energy meter of the CPU package")

    def _ask(self, code: int, size: int) -> bytes:
        kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
        answer = ctypes.create_string_buffer(size)
        given = ctypes.c_ulong()
        ok = kernel.DeviceIoControl(self._handle, code, None, 0, answer, size, ctypes.byref(given), None)
        if not ok:
            raise CannotReadError("Windows' energy meter cannot be read")
        return answer.raw


def _device_paths() -> list[str]:
    """The paths of the energy meters, from the configuration manager."""
    import uuid

    manager = ctypes.WinDLL("cfgmgr32")  # type: ignore[attr-defined,unused-ignore]
    guid = ctypes.create_string_buffer(uuid.UUID(_GUID).bytes_le, 16)
    length = ctypes.c_ulong()
    if manager.CM_Get_Device_Interface_List_SizeW(ctypes.byref(length), guid, None, 0) or length.value < 2:
        return []
    paths = ctypes.create_unicode_buffer(length.value)
    if manager.CM_Get_Device_Interface_ListW(guid, None, paths, length, 0):
        return []
    return [path for path in "".join(paths[:]).split("\0") if path]
