"""Holds off the computer's sleep while something long is under way, and no longer: a lid left open is enough.

Each system has its own way: a lock of systemd's on Linux, caffeinate on macOS, a thread's state on Windows. Where there
is none, nothing is held off and nothing fails. Whatever holds it ends with Tern, even with a killed one.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

log = logging.getLogger(__name__)

_CONTINUOUS, _SYSTEM_REQUIRED = 0x80000000, 0x00000001  # of SetThreadExecutionState


@contextmanager
def awake(why: str) -> Iterator[None]:
    """While this lasts, the computer does not fall asleep by itself. ``why``: said where the system lists it."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetThreadExecutionState(_CONTINUOUS | _SYSTEM_REQUIRED)
        try:
            yield
        finally:
            kernel.SetThreadExecutionState(_CONTINUOUS)
        return
    holder = _holder(_command(why))
    try:
        yield
    finally:
        if holder is not None:
            _end(holder)


def _command(why: str) -> list[str]:
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "-w", str(os.getpid())]
    # cat ends when its input does: with the process that holds the other end.
    return ["systemd-inhibit", "--what=idle:sleep", "--who=Tern", f"--why={why}", "--mode=block", "cat"]


def _holder(command: list[str]) -> subprocess.Popen[bytes] | None:
    if shutil.which(command[0]) is None:
        return None
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        log.info("sleep is not held off: %s", error)
        return None


def _end(holder: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        assert holder.stdin is not None
        holder.stdin.close()
    holder.terminate()
    holder.wait()
