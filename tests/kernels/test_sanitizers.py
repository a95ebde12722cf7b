"""Every kernel once under AddressSanitizer and UBSan, on buffers of exactly the promised size."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import driver_build
import pytest

from tern.engine.kernels import loader

pytestmark = pytest.mark.slow


def require_sanitizers(folder: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if sys.platform == "win32" or not compiler:
        pytest.skip("no C compiler with AddressSanitizer here")
    program = folder / "probe.c"
    program.write_text("int main(void) { return 0; }\n")
    probe = [compiler, "-fsanitize=address,undefined", str(program), "-o", str(folder / "probe")]
    if (
        subprocess.run(probe, capture_output=True).returncode
        or subprocess.run([str(folder / "probe")]).returncode
    ):
        pytest.skip(f"{compiler} cannot build or run programs with -fsanitize=address,undefined")


def test_drivers_are_clean_under_sanitizers(tmp_path: Path, kernels: loader.Kernels) -> None:
    require_sanitizers(tmp_path)
    driver = driver_build.build(tmp_path / "build", "-DTERN_SANITIZE=ON", "-DCMAKE_BUILD_TYPE=None")
    for program in (driver, driver.with_name("kernel_attention_driver")):
        output = driver_build.run([str(program), "7", "40"], {"UBSAN_OPTIONS": "print_stacktrace=1"})
        assert f"instruction sets: {','.join(kernels.available)}" in output
