"""Linux's RAPL counters through perf: the event power/energy-pkg, where perf_event_paranoid allows it (0 or less)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
from pathlib import Path

from tern.metrics.energy.counter import CannotReadError, Reading

FOLDER = Path("/sys/bus/event_source/devices/power")
_PERF_EVENT_OPEN = {"x86_64": 298, "AMD64": 298, "aarch64": 241}
_ATTRIBUTE_BYTES = 64  # PERF_ATTR_SIZE_VER0 [linux/perf_event.h]


class Perf:
    """One event a package, opened on that package's first processor and kept open."""

    name = "RAPL (perf)"
    scope = "CPU package"

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._files: list[int] = []
        self._scale = 0.0

    def read(self) -> Reading:
        if not self._files:
            self._open()
        try:
            counts = [struct.unpack("Q", os.read(file, 8))[0] for file in self._files]
        except (OSError, struct.error) as error:
            raise CannotReadError("the CPU's energy event cannot be read") from error
        return Reading(sum(counts) * self._scale)

    def close(self) -> None:
        while self._files:
            os.close(self._files.pop())

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            self.close()

    def _open(self) -> None:
        try:
            kind = int((self._folder / "type").read_text())
            event = (self._folder / "events" / "energy-pkg").read_text()
            self._scale = float((self._folder / "events" / "energy-pkg.scale").read_text())
            masks = (self._folder / "cpumask").read_text()
            code = int(event.strip().partition("event=")[2].partition(",")[0], 16)
            processors = [int(part.partition("-")[0]) for part in masks.strip().split(",")]
        except (OSError, ValueError) as error:
            raise CannotReadError("this system shows no energy event of the CPU") from error
        call = _PERF_EVENT_OPEN.get(platform.machine())
        if call is None:
            raise CannotReadError("this system shows no energy event of the CPU")
        attribute = struct.pack("IIQ", kind, _ATTRIBUTE_BYTES, code).ljust(_ATTRIBUTE_BYTES, b"\0")
        libc = ctypes.CDLL(None, use_errno=True)
        for processor in processors:
            file = libc.syscall(call, attribute, -1, processor, -1, 0)
            if file < 0:
                self.close()
                raise CannotReadError(
                    "the CPU's energy event is not open to programs (kernel.perf_event_paranoid)"
                )
            self._files.append(file)
