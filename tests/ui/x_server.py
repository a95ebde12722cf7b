"""An X server of the test's own, without a screen."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def x_server(*options: str) -> Iterator[str]:
    """Its address. Skips where Xvfb is not installed."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    heard, said = os.pipe()
    command = ["Xvfb", "-displayfd", str(said), "-nolisten", "tcp", *options]
    with subprocess.Popen(command, pass_fds=(said,), stderr=subprocess.DEVNULL) as server:
        os.close(said)
        try:
            with os.fdopen(heard) as lines:
                yield f":{lines.readline().strip()}"
        finally:
            server.terminate()
