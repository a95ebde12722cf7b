"""Where a process's resident memory goes, to the page: each mapping of Linux's smaps, and named ranges within them.

The kernel may merge neighbouring mappings, so a range (KV cache, repacked weights, one part of the mapped file) is
counted page by page in pagemap. Other systems do not tell; there the parts are empty. Knows no engine.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Range = tuple[int, int]  # address, bytes

_SMAPS, _PAGEMAP, _STATUS = Path("/proc/self/smaps"), Path("/proc/self/pagemap"), Path("/proc/self/status")
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+) *(.*)")
_PRESENT = 1 << 63  # pagemap's bit for a page in memory [Documentation/admin-guide/mm/pagemap.rst]

LIBRARIES, FILES, PRIVATE = "program and libraries", "other mapped files", "Python and buffers"


@dataclass(frozen=True, slots=True)
class Region:
    """One mapping: its addresses, its file (empty: memory of no file), its resident bytes."""

    start: int
    end: int
    file: str
    resident: int


def resident_parts(ranges: Mapping[str, Iterable[Range]]) -> dict[str, int]:
    """Resident bytes of this process: of each named range, then of everything else by kind. Empty off Linux.

    The parts add up to the process's resident memory.
    """
    if sys.platform != "linux":
        return {}
    found = list(mappings(_SMAPS.read_text()))
    parts = dict.fromkeys(ranges, 0)
    left = [mapping.resident for mapping in found]
    with _PAGEMAP.open("rb") as pagemap:
        for name, pieces in ranges.items():
            for address, size in pieces:
                for index, mapping in enumerate(found):
                    start, end = max(address, mapping.start), min(address + size, mapping.end)
                    if start < end:
                        inside = min(_resident(pagemap.fileno(), start, end), left[index])
                        parts[name] += inside
                        left[index] -= inside
    for mapping, rest in zip(found, left, strict=True):
        kind = _kind(mapping.file)
        parts[kind] = parts.get(kind, 0) + rest
    return parts


def peak_resident() -> int | None:
    """Most bytes that were ever resident, or None where the system does not tell."""
    if sys.platform != "linux":
        return None
    found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def mappings(smaps: str) -> Iterator[Region]:
    """The mappings in the text of a smaps file."""
    current: tuple[int, int, str] | None = None
    for line in smaps.splitlines():
        header = _MAPPING.fullmatch(line)
        if header:
            current = int(header[1], 16), int(header[2], 16), header[5] if header[4] != "0" else ""
        elif line.startswith("Rss:") and current is not None:
            yield Region(*current, resident=int(line.split()[1]) * 1024)


def _resident(pagemap: int, start: int, end: int) -> int:
    """Bytes of the pages in memory that begin in [start, end): neighbours never count one page twice."""
    page = os.sysconf("SC_PAGE_SIZE")
    first, last = -(-start // page), -(-end // page)
    import numpy as np  # here: the window's first frame must not wait for it

    entries = np.frombuffer(os.pread(pagemap, 8 * (last - first), 8 * first), np.uint64)
    return int(np.count_nonzero(entries & np.uint64(_PRESENT))) * page


def _kind(file: str) -> str:
    if not file or file.startswith("/dev/zero"):  # shared memory of no file goes by that name
        return PRIVATE
    name = file.rpartition("/")[2]
    program = name.endswith(".so") or ".so." in name or file == os.path.realpath(sys.executable)
    return LIBRARIES if program else FILES
