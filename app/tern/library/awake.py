"""Holds off the computer's sleep while something long is under way, and no longer: a lid left open is enough. And the
screen's, while somebody looks without touching anything.

Each system has its own way: a lock of systemd's on Linux, caffeinate on macOS, a thread's state on Windows. The screens
of Linux are the desktop's, which is asked over D-Bus. Where there is no way, nothing is held off and nothing fails.
Whatever holds it ends with Tern, even with a killed one.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress

log = logging.getLogger(__name__)

_CONTINUOUS, _SYSTEM_REQUIRED, _DISPLAY_REQUIRED = (
    0x80000000,
    0x00000001,
    0x00000002,
)  # of SetThreadExecutionState
# What desktops of every make answer to: GNOME, KDE Plasma, Xfce, Cinnamon, MATE.
_SAVER, _SAVER_PATH = "org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"
_PATIENCE_S = 2.0  # for the desktop's answer


@contextmanager
def awake(why: str, screen: bool = False) -> Iterator[None]:
    """While this lasts, the computer does not fall asleep by itself, nor, with ``screen``, does its screen. ``why``:
    said where the system lists it. Begin and end it on one thread, which may wait for a slow desktop."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        display = _DISPLAY_REQUIRED if screen else 0
        kernel.SetThreadExecutionState(_CONTINUOUS | _SYSTEM_REQUIRED | display)
        try:
            yield
        finally:
            kernel.SetThreadExecutionState(_CONTINUOUS)
        return
    holder = _holder(_command(why, screen))
    try:
        with _screen_on(why) if screen and sys.platform == "linux" else nullcontext():
            yield
    finally:
        if holder is not None:
            _end(holder)


@contextmanager
def _screen_on(why: str) -> Iterator[None]:
    """Ask the desktop to leave the screen on; it does so until it is told otherwise or the connection ends."""
    with ExitStack() as held:
        try:
            from jeepney import DBusAddress, new_method_call
            from jeepney.io.blocking import open_dbus_connection
            from jeepney.wrappers import unwrap_msg

            saver = DBusAddress(_SAVER_PATH, bus_name=_SAVER, interface=_SAVER)
            bus = held.enter_context(open_dbus_connection(bus="SESSION"))
            asked = new_method_call(saver, "Inhibit", "ss", ("Tern", why))
            (cookie,) = unwrap_msg(bus.send_and_get_reply(asked, timeout=_PATIENCE_S))
            held.callback(bus.send, new_method_call(saver, "UnInhibit", "u", (cookie,)))
        except (
            Exception
        ) as error:  # no desktop, one without a screen saver, a bus that has gone: the screen may sleep
            log.info("the screen's sleep is not held off: %r", error)
        yield


def _command(why: str, screen: bool) -> list[str]:
    if sys.platform == "darwin":
        return ["caffeinate", "-di" if screen else "-i", "-w", str(os.getpid())]
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
