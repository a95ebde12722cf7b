"""Random models to talk to, and a way to run ``tern`` as its user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from patience import HANG_S
from tern.engine.convert.synthetic import SHAPES, write_synthetic

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    write_synthetic(path, SHAPES["tiny"])
    return path


@pytest.fixture
def tern() -> Run:
    """Run ``tern`` in a process of its own, without a display."""
    screen = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")

    def run(*args: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if key not in screen}
        command = [sys.executable, "-m", "tern", *map(str, args)]
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env=environment,
            timeout=HANG_S,
            check=False,
        )

    return run
