"""Builds and runs the drivers: with sanitizers here, by another compiler, or for another CPU under an emulator."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from patience import HANG_S

ARM_COMPILER, ARM_EMULATOR, ARM_ROOT = "aarch64-linux-gnu-gcc", "qemu-aarch64", "/usr/aarch64-linux-gnu"
ARM_OPTIONS = ("-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64", "-DCMAKE_BUILD_TYPE=Release")
ARM_CPUS = [
    ("max", "neon-i8mm,neon-dotprod,scalar"),
    ("neoverse-n1", "neon-dotprod,scalar"),  # has the dot product, lacks the matrix multiply
    ("cortex-a53", "scalar"),  # has neither: must fall back, not die of an illegal instruction
]


def cmake() -> str:
    beside_python = Path(sys.executable).with_name("cmake")
    found = str(beside_python) if beside_python.exists() else shutil.which("cmake")
    if not found:
        pytest.skip("cmake is not installed")
    return found


def build(folder: Path, *options: str) -> Path:
    """The compiled driver. Fails the test with the compiler's words if it does not build."""
    tool = cmake()
    source = Path(__file__).parent
    python = f"-DPython_EXECUTABLE={sys.executable}"
    generator = (
        ["-G", "Ninja"] if Path(sys.executable).with_name("ninja").exists() or shutil.which("ninja") else []
    )
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    commands = (
        [tool, "-S", str(source), "-B", str(folder), python, *generator, *options],
        [tool, "--build", str(folder), "--parallel", "2"],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=HANG_S)
        if done.returncode:
            pytest.fail(f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return folder / "kernel_driver"


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Its output; fails the test on any other exit status than 0."""
    done = subprocess.run(
        command, capture_output=True, text=True, env=dict(os.environ, **(environment or {})), timeout=280
    )
    if done.returncode:
        pytest.fail(f"exit status {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-6000:]}")
    return done.stdout


def check(driver: Path, available: str, seed: int, rounds: int, *emulator: str) -> None:
    """Both drivers find all equal on exactly these instruction sets, and the best of them passes its trial."""
    for program in (driver, driver.with_name("kernel_attention_driver")):
        output = run([*emulator, str(program), str(seed), str(rounds)])
        assert f"instruction sets: {available}\n" in output, output
        if program == driver:
            assert f"chosen: {available.partition(',')[0]}\n" in output, output


def check_trials(driver: Path) -> None:
    """An instruction set that traps, and one that reads nowhere, are found not to work."""
    output = run([str(driver.with_name("kernel_trial_driver"))])
    assert output.splitlines() == ["fine 1", "illegal 0", "lost 0"], output


def require_arm_emulator() -> None:
    """Skips where an Arm program cannot be linked and run, or need not be, because this machine is Arm."""
    if platform.machine() in ("aarch64", "arm64"):
        pytest.skip("this machine is Arm: the other kernel tests run these instruction sets natively")
    missing = [tool for tool in (ARM_COMPILER, ARM_EMULATOR) if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: gcc-aarch64-linux-gnu qemu-user)")


def check_on_arm(driver: Path, cpu: str, available: str) -> None:
    """The same on an emulated CPU of ARM_CPUS."""
    rounds = 2 if available == "scalar" else 40
    check(driver, available, 11, rounds, ARM_EMULATOR, "-cpu", cpu, "-L", ARM_ROOT)
