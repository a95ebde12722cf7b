"""An instruction set is executed before it is chosen: what a CPU announces and cannot do ends nothing here."""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path

import driver_build
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the driver raises signals"),
]
EMULATOR = "qemu-x86_64"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return driver_build.build(tmp_path_factory.mktemp("trial"), "-DCMAKE_BUILD_TYPE=Release").parent


def test_what_ends_the_process_that_tries_it_does_not_work(folder: Path) -> None:
    driver_build.check_trials(folder / "kernel_driver")


@pytest.mark.parametrize(
    ("cpu", "available"),
    [
        ("qemu64", "scalar"),  # plain x86-64
        ("Westmere", "scalar"),  # SSE4.2
        ("max", "avx2,scalar"),  # all that the emulator knows
    ],
)
def test_an_x86_processor_without_them_runs_the_reference(cpu: str, available: str, folder: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("these are x86 processors")
    if shutil.which(EMULATOR) is None:
        pytest.skip(f"not installed: {EMULATOR} (Debian: qemu-user)")
    output = driver_build.run([EMULATOR, "-cpu", cpu, str(folder / "kernel_driver"), "11", "2"])
    assert f"instruction sets: {available}\nchosen: {available.partition(',')[0]}\n" in output
