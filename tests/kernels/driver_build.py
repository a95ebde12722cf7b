"""Builds and runs driver.c: with sanitizers here, or for another CPU under an emulator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from patience import HANG_S


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
