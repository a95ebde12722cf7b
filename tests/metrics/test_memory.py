"""The memory meter tells its own memory from a mapped file's, and is cheap."""

from __future__ import annotations

import mmap
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from tern.engine import threads
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


def _files(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


MB = 1_000_000
STAT_2 = f"anon {100 * MB}\nactive_file {300 * MB}\ninactive_file {200 * MB}\n"
STAT_1 = f"inactive_file 1\ntotal_active_file {300 * MB}\ntotal_inactive_file {200 * MB}\n"


@pytest.mark.parametrize(
    ("own", "files", "limit", "available"),
    [
        ("0::/a/b\n", {}, None, None),
        ("0::/a/b\n", {"a/b/memory.max": "max\n"}, None, None),
        ("0::/a/b\n", {"a/b/memory.max": f"{900 * MB}\n", "a/b/memory.current": f"{200 * MB}\n"}, 900, 700),
        # the pages of files leave when room is needed
        (
            "0::/a/b\n",
            {"a/b/memory.max": f"{900 * MB}", "a/b/memory.current": f"{800 * MB}", "a/b/memory.stat": STAT_2},
            900,
            600,
        ),
        # a limit further up holds too, and so does the one that only slows down
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": f"{500 * MB}"}, 500, 500),
        ("0::/a/b\n", {"a/b/memory.max": f"{700 * MB}", "memory.high": f"{400 * MB}"}, 400, 400),
        # a container sees its own group as the root, whatever the path says
        ("0::/../other\n", {"memory.max": f"{300 * MB}"}, 300, 300),
        # the first version, which says a huge number where there is no limit
        (
            "3:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n",
            {
                "memory/docker/1/memory.limit_in_bytes": "9223372036854771712",
                "memory/docker/memory.limit_in_bytes": f"{900 * MB}",
                "memory/docker/memory.usage_in_bytes": f"{800 * MB}",
                "memory/docker/memory.stat": STAT_1,
            },
            900,
            600,
        ),
        ("4:memory:/gone\n", {"memory/memory.limit_in_bytes": f"{200 * MB}"}, 200, 200),
    ],
)
def test_a_containers_limit_is_the_memory_there_is(
    own: str,
    files: dict[str, str],
    limit: int | None,
    available: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _files(tmp_path, files)
    monkeypatch.setattr(meter, "own_cgroups", lambda: own)
    monkeypatch.setattr(
        meter, "cgroup_folders", lambda controller, own: threads.cgroup_folders(controller, own, tmp_path)
    )
    monkeypatch.setattr(meter, "_SYSTEM", "Linux")
    monkeypatch.setattr(meter, "_own_limits", lambda: iter(()))
    system = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: system)
    assert meter.memory_limit() == (None if limit is None else limit * MB)
    assert meter.usable_memory() == (system.total if limit is None else limit * MB)
    assert meter.available_memory() == (system.available if available is None else available * MB)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold such limits")
@pytest.mark.parametrize("option", ["-v", "-d"])
def test_a_shells_limit_is_the_memory_there_is(option: str) -> None:
    """As in ``ulimit -v 1000000``: kilobytes of 1,024."""
    script = "from tern.metrics.memory import *; print(memory_limit(), usable_memory(), available_memory())"
    run = subprocess.run(
        ["sh", "-c", f'ulimit {option} 1000000; exec "$0" -c "$1"', sys.executable, script],
        capture_output=True,
        check=True,
    )
    limit, usable, available = map(int, run.stdout.split())
    assert limit == usable == 1_024_000_000
    assert 0 < available < limit


@pytest.mark.skipif(sys.platform != "linux", reason="smaps_rollup is Linux's")
def test_the_account_agrees_with_the_kernel_mapped_pages_included(tmp_path: Path) -> None:
    path = tmp_path / "mapped"
    path.write_bytes(bytes(SIZE))
    before = meter.memory_account()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapping:
        assert np.frombuffer(mapping, np.uint8)[:: mmap.PAGESIZE].sum() == 0
        after = meter.memory_account()
        fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
        resident = int(fields["VmRSS"].split()[0]) * 1024
    assert after.resident_bytes == pytest.approx(resident, rel=0.02)
    assert after.private_bytes + after.reclaimable_bytes == after.resident_bytes
    assert 0.95 * SIZE < after.reclaimable_bytes - before.reclaimable_bytes < 1.05 * SIZE
    assert after.proportional_bytes is not None
    assert after.proportional_bytes <= after.resident_bytes


def test_a_recorded_account() -> None:
    text = (
        "55d-7ff ---p 00000000 00:00 0 [rollup]\nRss:  900 kB\nPss:  700 kB\nPss_Dirty: 1 kB\n"
        "Anonymous:  300 kB\nLocked: 0 kB\n"
    )
    account = meter.account_of_rollup(text)
    assert account == meter.MemoryAccount(900 << 10, 300 << 10, 600 << 10, 700 << 10)
