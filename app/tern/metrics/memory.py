"""What this process holds in memory, split so that no figure misleads.

The pages of a mapped model file are resident once they were read, but the system takes them back whenever it
needs room; private memory it cannot take. Cheap enough to read twice a second. And what memory there
is for it: the computer's, or less where a container or the shell sets a limit. Knows no model.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tern.engine.threads import cgroup_folders, own_cgroups

_SYSTEM = platform.system()
_STATM = Path("/proc/self/statm")
_ROLLUP = Path("/proc/self/smaps_rollup")


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """``resident_bytes`` in physical memory now: ``private_bytes`` of its own, ``mapped_bytes`` of files and shared.

    Where a system cannot tell the two apart for resident pages (Windows, macOS), private is what the system
    charges to the process alone and mapped is the rest of what is resident.
    """

    resident_bytes: int
    private_bytes: int
    mapped_bytes: int


@dataclass(frozen=True, slots=True)
class MemoryAccount:
    """Resident memory by whether the system can have it back. ``reclaimable_bytes``: pages of mapped files, the model's
    above all, which leave when room is needed and come from the disk again. ``proportional_bytes`` (PSS) counts pages
    shared with other programs by their share; None where the system does not tell.
    """

    resident_bytes: int
    private_bytes: int
    reclaimable_bytes: int
    proportional_bytes: int | None = None


def memory_account() -> MemoryAccount:
    """The kernel's own account. On Linux it walks every page: milliseconds, never on the GUI thread."""
    if _SYSTEM == "Linux":
        try:
            return account_of_rollup(_ROLLUP.read_text())
        except OSError:  # a kernel before 4.14, or a sandbox that hides it
            pass
    reading = memory()
    return MemoryAccount(reading.resident_bytes, reading.private_bytes, reading.mapped_bytes)


def account_of_rollup(text: str) -> MemoryAccount:
    """``text`` is a smaps_rollup: anonymous pages are the program's own, the rest of what is resident is of files."""
    fields = {
        parts[0].rstrip(":"): int(parts[1]) * 1024
        for line in text.splitlines()
        if len(parts := line.split()) == 3 and parts[2] == "kB"
    }
    resident, own = fields["Rss"], fields["Anonymous"]
    return MemoryAccount(resident, own, resident - own, fields.get("Pss"))


def memory() -> MemoryReading:
    """Read this process's memory now."""
    if _SYSTEM == "Linux":
        return _from_statm(_STATM.read_text(), os.sysconf("SC_PAGE_SIZE"))
    import psutil

    if _SYSTEM == "Windows":
        info = psutil.Process().memory_info()
        return MemoryReading(info.rss, info.private, max(0, info.rss - info.private))
    full = psutil.Process().memory_full_info()
    return MemoryReading(full.rss, full.uss, max(0, full.rss - full.uss))


def total_memory() -> int:
    """Bytes of physical memory in this computer."""
    import psutil

    return int(psutil.virtual_memory().total)


def memory_limit() -> int | None:
    """Bytes that this process may use at most, where something allows it less than the computer has; else None."""
    lowest = min((limit for limit, _ in _limits()), default=None)
    return lowest if lowest is not None and lowest < total_memory() else None


def usable_memory() -> int:
    """Bytes of memory that this process could ever have: the computer's, or its limit."""
    return memory_limit() or total_memory()


def available_memory() -> int:
    """Bytes that could be used now without swapping, and within every limit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    return max(0, min([free, *(limit - used for limit, used in _limits())]))


def _limits() -> list[tuple[int, int]]:
    """Every limit on this process's memory, and what counts against it so far, in bytes."""
    if _SYSTEM != "Linux":
        return []
    groups = cgroup_folders("memory", own_cgroups())
    return [*_own_limits(), *(found for place in groups for found in _group_limits(place))]


def _own_limits() -> Iterator[tuple[int, int]]:
    """``ulimit -v`` and ``ulimit -d``: addresses in use, mapped files among them, and data."""
    import resource

    page = os.sysconf("SC_PAGE_SIZE")
    size, _, _, _, _, data, *_ = (int(field) * page for field in _STATM.read_text().split())
    for kind, used in ((resource.RLIMIT_AS, size), (resource.RLIMIT_DATA, data)):
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY:
            yield limit, used


def _group_limits(group: Path) -> Iterator[tuple[int, int]]:
    """A control group's. Pages of files count too, but leave when room is needed."""
    used = _number(group / "memory.current") or _number(group / "memory.usage_in_bytes") or 0
    fields = dict(line.split() for line in _text(group / "memory.stat").splitlines())
    # Version 1 names what groups below hold apart.
    prefix = "total_" if "total_inactive_file" in fields else ""
    files = sum(int(fields.get(f"{prefix}{kind}_file", 0)) for kind in ("active", "inactive"))
    for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
        limit = _number(group / name)  # the word "max" where there is none
        if limit is not None:
            yield limit, max(0, used - files)


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _from_statm(text: str, page: int) -> MemoryReading:
    """``text`` is /proc/self/statm: size, resident, shared (file-backed and shared memory), ... in pages."""
    _, resident, shared, *_ = (int(field) for field in text.split())
    return MemoryReading(resident * page, (resident - shared) * page, shared * page)
