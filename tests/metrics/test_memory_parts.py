"""Resident memory is split without a page missing or counted twice."""

from __future__ import annotations

import ctypes
import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from tern.metrics import memory_parts
from tern.metrics.memory import memory

MIB = 1 << 20

SMAPS = """\
55d0c0400000-55d0c0421000 r-xp 00001000 fe:00 1234  /usr/bin/a name with spaces
Size:                132 kB
Rss:                 100 kB
Pss:                  50 kB
7f0000000000-7f0000100000 rw-p 00000000 00:00 0 
Size:               1024 kB
Rss:                   8 kB
7f0000200000-7f0000300000 rw-s 00000000 00:01 9  /dev/zero (deleted)
Rss:                   4 kB
ffff0000-ffff1000 r-xp 00000000 00:00 0  [vdso]
Rss:                   4 kB
"""  # noqa: W291


def test_smaps_are_read() -> None:
    found = list(memory_parts.mappings(SMAPS))
    assert [region.resident for region in found] == [100 * 1024, 8 * 1024, 4096, 4096]
    assert found[0].file == "/usr/bin/a name with spaces"
    assert (found[0].start, found[0].end) == (0x55D0C0400000, 0x55D0C0421000)
    assert [region.file for region in found[1:]] == ["", "/dev/zero (deleted)", ""]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")
def test_named_ranges_and_the_rest_make_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(32 * MIB))
    block = np.ones(8 * MIB, np.uint8)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        view = np.frombuffer(mapping, np.uint8)
        start = view.ctypes.data
        assert view[: 8 * MIB].sum() == 0  # of four quarters the first is read, the third too
        assert view[16 * MIB : 24 * MIB].sum() == 0
        names = ("read", "untouched", "read too", "untouched too")
        ranges = {name: [(start + index * 8 * MIB, 8 * MIB)] for index, name in enumerate(names)}
        parts = memory_parts.resident_parts({**ranges, "block": [(block.ctypes.data, block.nbytes)]})
        whole = memory().resident_bytes
        del view
    assert parts["read"] == pytest.approx(8 * MIB, abs=MIB)
    assert parts["read too"] == pytest.approx(8 * MIB, abs=MIB)
    assert parts["untouched"] < 2 * MIB  # the system reads a little ahead
    assert parts["block"] == pytest.approx(8 * MIB, abs=8192)
    assert parts[memory_parts.LIBRARIES] > MIB
    assert parts[memory_parts.PRIVATE] > MIB
    assert sum(parts.values()) == pytest.approx(whole, rel=0.05)
    assert (memory_parts.peak_resident() or 0) >= 0.95 * sum(parts.values())


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")
def test_a_page_belongs_to_one_range() -> None:
    page = mmap.PAGESIZE
    memory_ = mmap.mmap(-1, 4 * page)
    memory_[:] = b"x" * (4 * page)
    buffer = ctypes.c_char.from_buffer(memory_)
    start = ctypes.addressof(buffer)
    parts = memory_parts.resident_parts(
        {"first": [(start, page + 100)], "second": [(start + page + 100, 3 * page - 100)]}
    )
    assert (parts["first"], parts["second"]) == (2 * page, 2 * page)
    del buffer
    memory_.close()
