"""The Arm kernels on any x86 Linux machine: cross-compiled, run under qemu-user, equal to the scalar reference."""

from __future__ import annotations

from pathlib import Path

import driver_build
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    driver_build.require_arm_emulator()
    compiler = f"-DCMAKE_C_COMPILER={driver_build.ARM_COMPILER}"
    return driver_build.build(tmp_path_factory.mktemp("arm"), *driver_build.ARM_OPTIONS, compiler)


@pytest.mark.parametrize(("cpu", "available"), driver_build.ARM_CPUS)
def test_arm_equals_scalar(driver: Path, cpu: str, available: str) -> None:
    driver_build.check_on_arm(driver, cpu, available)
