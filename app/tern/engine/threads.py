"""How many threads the engine should use: one a physical performance core that this process may run on.

Decoding waits for memory, so a second thread on a core adds little, and a slow core makes the others wait.
Knows only the system.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tern.settings import most_threads

log = logging.getLogger(__name__)

SLOW_CORE = 0.7  # a core of less than this part of the fastest one's capacity is an efficiency core

_CPUS = Path("/sys/devices/system/cpu")
_CGROUP = Path("/sys/fs/cgroup")


def performance_cores() -> int:
    """Physical performance cores this process may use, at least 1; container limits count."""
    if sys.platform == "linux":
        cores = _linux_cores(os.sched_getaffinity(0), _CPUS, Path("/sys/devices/cpu_core/cpus"))
    elif sys.platform == "darwin":
        cores = _mac_cores()
    else:
        import psutil

        cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    limit = cpu_limit()
    return max(1, cores if limit is None else min(cores, int(limit)))


def allowed(count: int) -> int:
    """``count`` threads, or as many as there may be: settings travel to smaller computers, and threads without a
    processor bring the whole computer to a standstill."""
    most = most_threads()
    if count > most:
        log.warning("%d threads asked for; this computer takes at most %d", count, most)
    return max(1, min(count, most))


def cpu_limit() -> float | None:
    """The container's limit in CPUs (1.5: one and a half), or None where nothing limits."""
    return _cgroup_limit(own_cgroups(), _CGROUP)


def own_cgroups() -> str:
    """The control groups of this process as Linux tells them; empty elsewhere."""
    return _read(Path("/proc/self/cgroup"))


def cgroup_folders(controller: str, own: str, root: Path = _CGROUP) -> Iterator[Path]:
    """Folders of the control groups that limit ``controller`` (cpu, memory), the process's own first, then up to the
    outermost one that can be seen from here. ``own``: see :func:`own_cgroups`."""
    for line in own.splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":  # cgroup v2
            top = root
        elif controller in controllers.split(","):
            top = root / controller
        else:
            continue
        folder = top / path.lstrip("/")
        yield from (place for place in (folder, *folder.parents) if place.is_relative_to(top))


def _linux_cores(allowed: Iterable[int], cpus: Path, performance: Path) -> int:
    """Cores among the ``allowed`` logical CPUs, each counted once, without the efficiency cores."""
    names = set(allowed)
    fast = _cpu_list(_read(performance))  # Intel's hybrids list their performance cores there
    if fast & names:
        names &= fast
    # Arm's big.LITTLE.
    capacity = {cpu: int(_read(cpus / f"cpu{cpu}" / "cpu_capacity") or 0) for cpu in names}
    fastest = max(capacity.values(), default=0)
    cores = set()
    for cpu in names:
        if capacity[cpu] >= SLOW_CORE * fastest:
            topology = cpus / f"cpu{cpu}" / "topology"
            siblings = _read(topology / "core_cpus_list") or _read(topology / "thread_siblings_list")
            cores.add(siblings or str(cpu))
    return len(cores)


def _cgroup_limit(own: str, root: Path) -> float | None:
    """The tightest CPU quota from this process's cgroup up to ``root``."""
    limits = []
    for place in cgroup_folders("cpu", own, root):
        quota, _, period = _read(place / "cpu.max").partition(" ")
        limits.append(_quota(quota, period))
        limits.append(_quota(_read(place / "cpu.cfs_quota_us"), _read(place / "cpu.cfs_period_us")))
    return min((limit for limit in limits if limit is not None), default=None)


def _quota(quota: str, period: str) -> float | None:
    try:
        limit = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max", or no such file
        return None
    return limit if limit > 0 else None


def _mac_cores() -> int:
    for name in ("hw.perflevel0.physicalcpu", "hw.physicalcpu"):
        answer = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, check=False)
        if answer.stdout.strip().isdigit():
            return int(answer.stdout)
    return os.cpu_count() or 1


def _cpu_list(text: str) -> set[int]:
    """CPU numbers of the kernel's list format: "0-3,8" is 0, 1, 2, 3 and 8."""
    numbers: set[int] = set()
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
