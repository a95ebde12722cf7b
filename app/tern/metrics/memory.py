"""What this process holds in memory, split so that no figure misleads.

The pages of a mapped model file are resident once they were read, but the system takes them back whenever it
needs room; private memory it cannot take. Cheap enough to read twice a second. Knows no engine.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

_SYSTEM = platform.system()
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """``resident_bytes`` in physical memory now: ``private_bytes`` of its own, ``mapped_bytes`` of files and shared.

    Where a system cannot tell the two apart for resident pages (Windows, macOS), private is what the system
    charges to the process alone and mapped is the rest of what is resident.
    """

    resident_bytes: int
    private_bytes: int
    mapped_bytes: int


def memory() -> MemoryReading:
    """Read this process's memory now."""
    if _SYSTEM == "Linux":
        return _from_statm(_STATM.read_text(), os.sysconf("SC_PAGE_SIZE"))
    if _SYSTEM == "Windows":
        info = psutil.Process().memory_info()
        return MemoryReading(info.rss, info.private, max(0, info.rss - info.private))
    full = psutil.Process().memory_full_info()
    return MemoryReading(full.rss, full.uss, max(0, full.rss - full.uss))


def total_memory() -> int:
    """Bytes of physical memory in this computer."""
    return int(psutil.virtual_memory().total)


def available_memory() -> int:
    """Bytes that could be used now without swapping."""
    return int(psutil.virtual_memory().available)


def _from_statm(text: str, page: int) -> MemoryReading:
    """``text`` is /proc/self/statm: size, resident, shared (file-backed and shared memory), ... in pages."""
    _, resident, shared, *_ = (int(field) for field in text.split())
    return MemoryReading(resident * page, (resident - shared) * page, shared * page)
