"""Tells a person whose window is away that something has ended: a long reply, a download.

Through the desktop's own notifications on Linux (D-Bus), through an icon of the notification area elsewhere; where
there are none, the window's entry in the task bar asks for attention. What was written is never in them: others may
see the screen.
"""

from __future__ import annotations

import html
import logging
import os
import sys
from collections.abc import Callable
from threading import Thread

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from tern.ui.style.icons import app_icon

log = logging.getLogger(__name__)

_STANDS_MS = 8000
_PATIENCE_S = 600.0  # for a click on it
_NAME, _PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"


class Notifications(QObject):
    """Of ``window``; a click on one calls ``show``."""

    _clicked = Signal()

    def __init__(self, window: QWidget, show: Callable[[], object]) -> None:
        super().__init__(window)
        self._window = window
        self._icon: QSystemTrayIcon | None = None
        self._clicked.connect(show)

    @property
    def away(self) -> bool:
        """Whether the window is not what the person works in."""
        return not self._window.isActiveWindow() or self._window.isMinimized() or not self._window.isVisible()

    def tell(self, title: str, text: str) -> None:
        """Say it, if the window is away."""
        if not self.away:
            return
        QApplication.alert(self._window)
        if sys.platform == "linux":
            if os.environ.get("DBUS_SESSION_BUS_ADDRESS") or os.environ.get("XDG_RUNTIME_DIR"):
                Thread(target=_tell_the_desktop, args=(title, text, self._clicked.emit), daemon=True).start()
        elif QSystemTrayIcon.supportsMessages():
            self._tell_by_icon(title, text)

    def _tell_by_icon(self, title: str, text: str) -> None:
        if self._icon is None:
            self._icon = QSystemTrayIcon(app_icon(), self)
            self._icon.messageClicked.connect(self._clicked)
        self._icon.show()
        self._icon.showMessage(title, text, app_icon(), _STANDS_MS)
        QTimer.singleShot(2 * _STANDS_MS, self._icon, self._icon.hide)


def _tell_the_desktop(title: str, text: str, clicked: Callable[[], None]) -> None:
    """On a thread of its own, which waits for the click."""
    try:
        from jeepney import DBusAddress, MatchRule, message_bus, new_method_call
        from jeepney.io.blocking import open_dbus_connection

        desktop = DBusAddress(_PATH, bus_name=_NAME, interface=_NAME)
        with open_dbus_connection(bus="SESSION") as bus:
            rule = MatchRule(type="signal", interface=_NAME, member="ActionInvoked", path=_PATH)
            bus.send_and_get_reply(message_bus.AddMatch(rule))
            said = html.escape(text, quote=False)
            body: tuple[object, ...] = ("Tern", 0, "tern", title, said, ["default", ""], {}, -1)
            with bus.filter(rule) as invoked:
                reply = bus.send_and_get_reply(
                    new_method_call(desktop, "Notify", "susssasa{sv}i", body), timeout=_STANDS_MS / 1000
                )
                (number,) = reply.body
                while True:
                    told = bus.recv_until_filtered(invoked, timeout=_PATIENCE_S)
                    if told.body[0] == number:
                        clicked()
                        return
    except TimeoutError:
        return  # nobody clicked
    except Exception as error:  # a desktop without notifications, a bus that has gone: nothing is lost by it
        log.info("no notification: %r", error)
