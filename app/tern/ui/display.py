"""Whether a window can be opened here, found out by trying: what the variables say may be out of date, and Qt ends the
whole process when it finds no screen. So a child process tries first, forked before Qt has begun anything, which takes
some 50 ms that the imports of the window take anyway. Only on Linux: elsewhere there is one screen, and it is there.

The child keeps its connection until the window has its own: an X server without any would begin anew in between.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import re
import select
import signal
import sys
from contextlib import suppress

from PySide6.QtCore import QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication

log = logging.getLogger(__name__)

_NO_WINDOWS = "QT_QPA_PLATFORM asks for “minimal”, which shows no windows"
_PATIENCE_S = 30.0  # for a screen that answers late; most take a twentieth of a second
_READY = b"ready"
_FATAL = 3

_NO_PLUGIN = re.compile(r'Could not find the Qt platform plugin "(.*?)"')
_NO_LIBRARY = re.compile(r"Cannot load library \S*libq(?:xcb|wayland)\S*: (\S+?\.so[^\s:]*): (.*)")
_ANY_LIBRARY = re.compile(r"Cannot load library \S+: (\S+?\.so[^\s:]*): (.*)")
_NO_DISPLAY = re.compile(r"could not connect to display (\S+)")
_NO_WAYLAND = re.compile(r'Could not load the Qt platform plugin "wayland"')
_REFUSED = ("Authorization required", "No protocol specified", "Invalid MIT-MAGIC-COOKIE")
_TROUBLE = re.compile("cannot|could not|failed|required|no screen", re.IGNORECASE)
_ALWAYS = ("This application failed to start", "Could not load the Qt platform plugin", "From 6.5.0")
_LONGEST = 160  # characters of Qt's own words
_PACKAGES = {"libxcb-cursor.so.0": "libxcb-cursor0"}


class Attempt:
    """A try that has begun. Ask :meth:`problem`, open the window, then :meth:`release`."""

    def __init__(self) -> None:
        self._child = 0
        if sys.platform != "linux":
            return
        self._said = os.memfd_create("tern-display")
        self._heard, ready = os.pipe()
        waits, self._keep = os.pipe()
        self._child = os.fork()
        if not self._child:
            try:
                os.close(self._heard)
                os.close(self._keep)
                _try(self._said, ready, waits)
            finally:
                os._exit(_FATAL)
        os.close(ready)
        os.close(waits)

    def problem(self) -> str:
        """Why no window can be opened, as part of a sentence; empty when one can."""
        if not self._child:
            return ""
        answered, _, _ = select.select([self._heard], [], [], _PATIENCE_S)
        if answered and os.read(self._heard, len(_READY)) == _READY:
            return ""
        if not answered:
            os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        self._child = 0
        said = os.pread(self._said, 1 << 20, 0).decode(errors="replace")
        log.warning("no window: %s", "\n".join(_plain(said)))
        for end in (self._said, self._heard, self._keep):
            os.close(end)
        return _cause(said) if answered else "the display does not answer"

    def release(self) -> None:
        """The window has its own connection, or there will be none."""
        if not self._child:
            return
        for end in (self._said, self._heard, self._keep):
            os.close(end)
        os.waitpid(self._child, 0)
        self._child = 0


def _try(said: int, ready: int, waits: int) -> None:
    """In the child: begin as the window will, and say so; Qt's messages go to ``said``."""
    import resource

    def hear(kind: QtMsgType, context: object, message: str) -> None:
        os.write(said, f"{message}\n".encode())
        if kind is QtMsgType.QtFatalMsg:
            os._exit(_FATAL)  # before Qt aborts: there is nothing to keep of this process

    faulthandler.disable()  # whatever becomes of this process is no crash of Tern's
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for stream in (1, 2):  # the libraries beneath Qt write there themselves
        os.dup2(said, stream)
    os.environ["QT_DEBUG_PLUGINS"] = "1"  # says which library is missing
    qInstallMessageHandler(hear)
    application = QGuiApplication(["tern"])
    if application.platformName() == "minimal":  # draws nowhere, and ends the process at the first window
        os.write(said, _NO_WINDOWS.encode())
        os._exit(_FATAL)
    if not application.screens():
        os.write(said, b"There is a display, and no screen could be opened on it.\n")
        os._exit(_FATAL)
    os.write(ready, _READY)
    os.read(waits, 1)  # nothing comes: it ends when the parent lets go
    del application
    os._exit(0)


def _cause(said: str) -> str:
    """What Qt's messages come down to."""
    if _NO_WINDOWS in said:
        return _NO_WINDOWS
    if found := _NO_PLUGIN.search(said):
        return f"QT_QPA_PLATFORM asks for “{found[1]}”, which this Qt does not have"
    if found := _NO_LIBRARY.search(said):
        return _library(*found.groups())
    causes = []
    if _NO_WAYLAND.search(said):
        name = os.environ.get("WAYLAND_DISPLAY", "wayland-0")
        causes.append(f"the Wayland display {name} cannot be reached")
    if found := _NO_DISPLAY.search(said):
        refused = any(words in said for words in _REFUSED)
        causes.append(
            f"the X display {found[1]} "
            + ("lets nobody in without its key" if refused else "cannot be reached")
        )
    if causes:
        return " and ".join(causes)
    lines = _plain(said)
    return f"Qt says: {lines[0]}" if lines else "there is no display"


def _library(path: str, reason: str) -> str:
    name = os.path.basename(path)  # noqa: PTH119  # the loader's words
    package = _PACKAGES.get(name)
    what = "is missing" if "No such file" in reason else f"cannot be used ({reason.rstrip()})"
    return f"the system library {name} {what}" + (f": install {package}" if package else "")


def _plain(said: str) -> list[str]:
    """The lines that are about what went wrong."""
    return [
        line
        for line in said.splitlines()
        if re.search("cannot|could not|failed|required", line, re.IGNORECASE)
    ]
