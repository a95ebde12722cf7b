"""The kernels as Clang compiles them, which is how they reach Macs: here, and for Arm under qemu-user.

GCC and Clang get different texts (instructions written out for GCC) and optimize differently, so that each may be wrong
alone.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import driver_build
import pytest

from tern.engine.kernels import loader

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the trial's driver raises signals"),
]
NAMES = ("clang", *(f"clang-{version}" for version in range(21, 13, -1)))


@pytest.fixture(scope="module")
def clang() -> str:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if not found:
        pytest.skip(f"not installed: any of {', '.join(NAMES)} (Debian: clang)")
    return f"-DCMAKE_C_COMPILER={found}"


@pytest.fixture(scope="module")
def driver(clang: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return driver_build.build(tmp_path_factory.mktemp("clang"), clang, "-DCMAKE_BUILD_TYPE=Release")


@pytest.fixture(scope="module")
def arm_driver(clang: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    driver_build.require_arm_emulator()  # with GCC for Arm come the linker and the libraries that Clang uses
    target = "-DCMAKE_C_COMPILER_TARGET=aarch64-linux-gnu"
    return driver_build.build(tmp_path_factory.mktemp("clang_arm"), *driver_build.ARM_OPTIONS, clang, target)


def test_this_machines_instruction_sets_equal_scalar(driver: Path, kernels: loader.Kernels) -> None:
    driver_build.check(driver, ",".join(kernels.available), 7, 40)


def test_what_ends_the_process_that_tries_it_does_not_work(driver: Path) -> None:
    driver_build.check_trials(driver)


@pytest.mark.parametrize(("cpu", "available"), driver_build.ARM_CPUS)
def test_arm_equals_scalar(arm_driver: Path, cpu: str, available: str) -> None:
    driver_build.check_on_arm(arm_driver, cpu, available)
