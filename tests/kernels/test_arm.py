"""The Arm kernels on any x86 Linux machine: cross-compiled, run under qemu-user, equal to the scalar reference."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import driver_build
import pytest

pytestmark = pytest.mark.slow

COMPILER, EMULATOR, ROOT = "aarch64-linux-gnu-gcc", "qemu-aarch64", "/usr/aarch64-linux-gnu"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if platform.machine() in ("aarch64", "arm64"):
        pytest.skip("this machine is Arm: the other kernel tests run these instruction sets natively")
    missing = [tool for tool in (COMPILER, EMULATOR) if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: gcc-aarch64-linux-gnu qemu-user)")
    return driver_build.build(
        tmp_path_factory.mktemp("arm"),
        "-DCMAKE_SYSTEM_NAME=Linux",
        "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
        f"-DCMAKE_C_COMPILER={COMPILER}",
        "-DCMAKE_BUILD_TYPE=Release",
    )


@pytest.mark.parametrize(
    ("cpu", "available"),
    [
        ("max", "neon-i8mm,neon-dotprod,scalar"),
        ("neoverse-n1", "neon-dotprod,scalar"),  # has the dot product, lacks the matrix multiply
        ("cortex-a53", "scalar"),  # has neither: must fall back, not die of an illegal instruction
    ],
)
def test_arm_equals_scalar(driver: Path, cpu: str, available: str) -> None:
    rounds = "2" if available == "scalar" else "40"
    for program in (driver, driver.with_name("kernel_attention_driver")):
        output = driver_build.run([EMULATOR, "-cpu", cpu, "-L", ROOT, str(program), "11", rounds])
        assert f"instruction sets: {available}\n" in output
        if program == driver:  # and the best of them passes its trial
            assert f"chosen: {available.partition(',')[0]}\n" in output
