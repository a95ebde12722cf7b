"""The memory meter tells its own memory from a mapped file's, and is cheap."""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from tern.metrics import memory as meter

SIZE = 64 << 20


def test_private_memory_grows_by_what_is_allocated() -> None:
    before = meter.memory()
    block = np.ones(SIZE, np.uint8)
    after = meter.memory()
    assert 0.8 * SIZE < after.private_bytes - before.private_bytes < 1.3 * SIZE
    assert after.resident_bytes - before.resident_bytes > 0.8 * SIZE
    assert block[0] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not tell resident pages apart")
def test_a_mapped_file_is_no_private_memory(tmp_path: Path) -> None:
    path = tmp_path / "mapped"
    path.write_bytes(bytes(SIZE))
    before = meter.memory()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapping:
        assert np.frombuffer(mapping, np.uint8)[:: mmap.PAGESIZE].sum() == 0
        after = meter.memory()
    assert after.mapped_bytes - before.mapped_bytes > 0.8 * SIZE
    assert after.private_bytes - before.private_bytes < 0.2 * SIZE


def test_parts_make_the_whole() -> None:
    reading = meter.memory()
    assert reading.resident_bytes <= reading.private_bytes + reading.mapped_bytes
    assert reading.resident_bytes < meter.total_memory()
    assert 0 < meter.available_memory() <= meter.total_memory()
