"""Cores and features, from the system this runs on and from others' files."""

from __future__ import annotations

import os
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tern.engine import threads
from tern.metrics import cpu


def test_this_computer() -> None:
    info = cpu.cpu()
    assert info.name
    assert 1 <= info.performance_cores <= info.logical_cores
    assert 1 <= info.physical_cores <= info.logical_cores
    assert info.machine


def test_features_of_a_server_and_of_an_arm_board() -> None:
    server = "processor : 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 fma f16c avx512f avx512_vnni\n"
    assert cpu._linux_features(server) == ("AVX2", "FMA", "F16C", "AVX-512F", "AVX-512 VNNI")
    assert cpu._field(server, "model name") == "Some CPU"
    board = "processor : 0\nFeatures\t: fp asimd asimddp i8mm\n"
    assert cpu._linux_features(board) == ("NEON", "dotprod", "i8mm")


def _topology(root: Path, siblings: list[str], capacities: list[int] | None = None) -> Path:
    for number, group in enumerate(siblings):
        folder = root / f"cpu{number}" / "topology"
        folder.mkdir(parents=True)
        (folder / "core_cpus_list").write_text(f"{group}\n")
        if capacities:
            (root / f"cpu{number}" / "cpu_capacity").write_text(f"{capacities[number]}\n")
    return root


def test_hyperthreads_count_once(tmp_path: Path) -> None:
    cpus = _topology(tmp_path, ["0,2", "1,3", "0,2", "1,3"])
    assert threads._linux_cores(range(4), cpus, tmp_path / "none") == 2
    assert threads._linux_cores([0, 2], cpus, tmp_path / "none") == 1  # taskset
    assert threads._linux_cores([1], cpus, tmp_path / "none") == 1


def test_efficiency_cores_do_not_count(tmp_path: Path) -> None:
    intel = _topology(tmp_path / "intel", ["0-1", "0-1", "2-3", "2-3", "4", "5", "6", "7"])
    (tmp_path / "fast").write_text("0-3\n")
    assert threads._linux_cores(range(8), intel, tmp_path / "fast") == 2
    assert threads._linux_cores([4, 5, 6], intel, tmp_path / "fast") == 3  # only slow ones are allowed
    arm = _topology(tmp_path / "arm", [str(n) for n in range(8)], [446] * 4 + [871] * 3 + [1024])
    assert threads._linux_cores(range(8), arm, tmp_path / "none") == 4


def test_an_unreadable_topology_counts_logical_cores(tmp_path: Path) -> None:
    assert threads._linux_cores(range(3), tmp_path, tmp_path / "none") == 3


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, None),
        ({"a/b/cpu.max": "max 100000"}, None),
        ({"a/b/cpu.max": "150000 100000"}, 1.5),
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, 2.0),
        ({"a/b/cpu.max": "300000 100000", "a/cpu.max": "200000 100000"}, 2.0),
    ],
)
def test_container_limits_of_cgroup_2(tmp_path: Path, files: dict[str, str], limit: float | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert threads._cgroup_limit("0::/a/b\n", tmp_path) == limit


def test_container_limits_of_cgroup_1(tmp_path: Path) -> None:
    folder = tmp_path / "cpu" / "docker"
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text("50000")
    (folder / "cpu.cfs_period_us").write_text("100000")
    assert threads._cgroup_limit("4:cpu,cpuacct:/docker\n1:name=systemd:/\n", tmp_path) == 0.5
    (folder / "cpu.cfs_quota_us").write_text("-1")
    assert threads._cgroup_limit("4:cpu,cpuacct:/docker\n", tmp_path) is None


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
def test_affinity_is_respected() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert threads.performance_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_other_programs_are_seen_and_this_one_is_not() -> None:
    """The real counters of the system; what they say is arithmetic, so the arithmetic gets known ones."""
    load = cpu.OtherLoad()
    assert 0 <= load.share() <= 1


def test_the_load_of_others_is_what_is_busy_less_what_this_program_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    System = namedtuple("System", "user nice system idle iowait guest")
    Own = namedtuple("Own", "user system children_user children_system")
    system, own = System(100, 0, 20, 500, 10, 7), Own(30, 5, 4, 1)
    monkeypatch.setattr(psutil, "cpu_times", lambda: system)
    monkeypatch.setattr(psutil, "Process", lambda: SimpleNamespace(cpu_times=lambda: own))
    load = cpu.OtherLoad()
    assert load.share() == 0  # no time has passed
    # 20 s of all cores: 8 busy, 5 of them ours.
    system, own = System(106, 0, 22, 510, 12, 9), Own(33, 6, 5, 1)
    assert load.share() == pytest.approx(3 / 20)
    own = Own(60, 6, 5, 1)  # counters are read one after the other
    assert load.share() == 0
