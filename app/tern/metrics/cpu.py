"""What processor this is: its name, the instruction sets that matter to Tern, its cores and any limit on them.

Which kernels can run is the kernels' own word (engine.kernels); this is what the system says, for people.
"""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tern.engine.threads import cpu_limit, performance_cores

_SYSTEM = platform.system()

# Linux's flag to the name people use; the instruction sets that integer dot products and conversions gain from
_X86 = {
    "avx2": "AVX2",
    "fma": "FMA",
    "f16c": "F16C",
    "avx_vnni": "AVX-VNNI",
    "avx512f": "AVX-512F",
    "avx512bw": "AVX-512BW",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512vbmi": "AVX-512 VBMI",
    "avx512_bf16": "AVX-512 BF16",
    "amx_int8": "AMX-INT8",
}
_ARM = {"asimd": "NEON", "asimddp": "dotprod", "i8mm": "i8mm", "sve": "SVE", "sve2": "SVE2", "bf16": "BF16"}
_MAC_ARM = {
    "hw.optional.neon": "NEON",
    "hw.optional.arm.FEAT_DotProd": "dotprod",
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_BF16": "BF16",
}


@dataclass(frozen=True, slots=True)
class CpuInfo:
    """``limit`` is a container's limit in CPUs, None without one; ``features`` empty where the system won't say."""

    name: str
    machine: str
    features: tuple[str, ...]
    logical_cores: int
    physical_cores: int
    performance_cores: int
    limit: float | None


def cpu() -> CpuInfo:
    """Ask the system about its processor; a few milliseconds."""
    import psutil

    logical = os.cpu_count() or 1
    return CpuInfo(
        name=_name() or platform.processor() or "unknown processor",
        machine=platform.machine(),
        features=_features(),
        logical_cores=logical,
        physical_cores=psutil.cpu_count(logical=False) or logical,
        performance_cores=performance_cores(),
        limit=cpu_limit(),
    )


class OtherLoad:
    """How much of all processors other programs (and a virtual machine's host) take, from its making on."""

    def __init__(self) -> None:
        self._others, self._total = _cpu_seconds()

    def share(self) -> float:
        """0 to 1."""
        others, total = _cpu_seconds()
        elapsed = total - self._total
        return min(1.0, max(0.0, (others - self._others) / elapsed)) if elapsed > 0 else 0.0


def _cpu_seconds() -> tuple[float, float]:
    """Seconds of all processors so far: busy with others than this process and its ended children; and in all."""
    import psutil

    system, own = psutil.cpu_times(), psutil.Process().cpu_times()
    seconds = system._asdict()
    # guest time is in user time already
    total = sum(value for name, value in seconds.items() if not name.startswith("guest"))
    busy = total - seconds["idle"] - seconds.get("iowait", 0.0)
    ours = own.user + own.system + getattr(own, "children_user", 0.0) + getattr(own, "children_system", 0.0)
    return busy - ours, total


def _name() -> str:
    if _SYSTEM == "Linux":
        return _field(_cpuinfo(), "model name") or _field(_cpuinfo(), "Model")
    if _SYSTEM == "Darwin":
        return _sysctl("machdep.cpu.brand_string")
    return os.environ.get("PROCESSOR_IDENTIFIER", "")


def _features() -> tuple[str, ...]:
    if _SYSTEM == "Linux":
        return _linux_features(_cpuinfo())
    if _SYSTEM == "Darwin":
        if platform.machine() == "arm64":
            return tuple(name for key, name in _MAC_ARM.items() if _sysctl(key) == "1")
        flags = f"{_sysctl('machdep.cpu.features')} {_sysctl('machdep.cpu.leaf7_features')}".lower().split()
        return tuple(name for flag, name in _X86.items() if flag in flags)
    return ()


def _linux_features(cpuinfo: str) -> tuple[str, ...]:
    flags = set((_field(cpuinfo, "flags") or _field(cpuinfo, "Features")).split())
    return tuple(name for flag, name in {**_X86, **_ARM}.items() if flag in flags)


def _field(cpuinfo: str, name: str) -> str:
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def _sysctl(name: str) -> str:
    answer = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, check=False)
    return answer.stdout.strip()
