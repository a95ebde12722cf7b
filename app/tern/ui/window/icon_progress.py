"""How far downloads have come, on Tern's icon: a label like "42%" in macOS's Dock, a bar in the docks of Ubuntu and
Plasma (com.canonical.Unity.LauncherEntry). Other desktops show nothing, and nothing fails there.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
import os
import queue
import sys
from collections.abc import Callable
from threading import Thread

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QGuiApplication

from tern.ui.style.number_text import percent_text

log = logging.getLogger(__name__)

_INTERFACE, _PATH = "com.canonical.Unity.LauncherEntry", "/org/tern/Downloads"
_STEP = 0.01  # less than that no icon can show


class IconProgress(QObject):
    """Shows what it is told; takes it away when the application ends."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._part: float | None = None
        self._show: Callable[[float | None], None] = lambda part: None
        if sys.platform == "darwin":
            self._show = _label_in_the_dock
        elif sys.platform == "linux" and os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
            self._show = _Launcher().tell
        if (app := QCoreApplication.instance()) is not None:
            app.aboutToQuit.connect(lambda: self.show_part(None))

    def show_part(self, part: float | None) -> None:
        """Of all downloads under way, 0 to 1; None when there is none."""
        rounded = None if part is None else int(part / _STEP) * _STEP
        if rounded == self._part:
            return
        self._part = rounded
        self._show(rounded)


class _Launcher:
    """Says it on the session's bus, from a thread of its own that begins with the first download."""

    def __init__(self) -> None:
        self._parts: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self._begun = False

    def tell(self, part: float | None) -> None:
        if not self._begun:
            self._begun = True
            Thread(target=self._serve, name="icon progress", daemon=True).start()
        self._parts.put(part)

    def _serve(self) -> None:
        try:
            from jeepney import DBusAddress, new_signal
            from jeepney.io.blocking import open_dbus_connection

            entry = DBusAddress(_PATH, interface=_INTERFACE)
            name = f"application://{QGuiApplication.desktopFileName() or 'tern'}.desktop"
            with open_dbus_connection(bus="SESSION") as bus:
                while True:
                    part = self._parts.get()
                    shown = {"progress": ("d", part or 0.0), "progress-visible": ("b", part is not None)}
                    bus.send(new_signal(entry, "Update", "sa{sv}", (name, shown)))
        except Exception as error:  # no bus, or one that has gone: nothing is lost by it
            log.info("no progress on the icon: %r", error)


def _label_in_the_dock(part: float | None, objc: ctypes.CDLL | None = None) -> None:
    """``NSApp.dockTile.badgeLabel``, by Objective-C's runtime; Qt has loaded AppKit. ``objc``: the runtime."""
    objc = objc or ctypes.CDLL(ctypes.util.find_library("objc") or "libobjc.dylib")
    objc.objc_getClass.restype = objc.sel_registerName.restype = ctypes.c_void_p
    objc.objc_getClass.argtypes = objc.sel_registerName.argtypes = [ctypes.c_char_p]
    address = ctypes.cast(objc.objc_msgSend, ctypes.c_void_p).value or 0

    def send(to: int | None, name: bytes, *values: object, of: tuple[type, ...] = ()) -> int | None:
        function = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, *of)(address)
        answer: int | None = function(to, objc.sel_registerName(name), *values)
        return answer

    label = None
    if part is not None:
        words = percent_text(part).encode()
        label = send(objc.objc_getClass(b"NSString"), b"stringWithUTF8String:", words, of=(ctypes.c_char_p,))
    tile = send(send(objc.objc_getClass(b"NSApplication"), b"sharedApplication"), b"dockTile")
    send(tile, b"setBadgeLabel:", label, of=(ctypes.c_void_p,))
