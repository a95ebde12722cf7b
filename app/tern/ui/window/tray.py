"""Tern in the notification area, where the person wants that and the system has one. While it is there, closing the
window only hides it; Quit ends Tern.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from tern.settings import TRAY, Settings
from tern.ui.shared.actions import Actions
from tern.ui.style.icons import app_icon


def available() -> bool:
    """Whether this system shows such icons."""
    return QSystemTrayIcon.isSystemTrayAvailable()


def hide_with_pages(window: QWidget) -> None:
    """Take ``window`` and the windows that belong to it from the screen; nothing is closed."""
    for page in window.findChildren(QWidget):
        if page.isWindow():
            page.hide()
    window.hide()


class Tray(QObject):
    """Of ``window``, whose ``actions`` have "new" and "quit"; ``show`` brings it up."""

    def __init__(
        self, window: QWidget, actions: Actions, settings: Settings, show: Callable[[], object]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._actions = actions
        self._settings = settings
        self._show = show
        self._icon: QSystemTrayIcon | None = None
        self._menu: QMenu | None = None
        self._ending = False

    @property
    def shown(self) -> bool:
        return self._icon is not None

    def apply(self) -> None:
        """Be there or not, as the settings say."""
        wanted = self._settings[TRAY] and available()
        if wanted and self._icon is None:
            self._put_up()
        elif not wanted and self._icon is not None:
            self._take_down()

    def hides(self, event: QCloseEvent) -> bool:
        """Whether closing only hides the window; then it has. Not when Tern or the session ends."""
        app = QGuiApplication.instance()
        session_ends = isinstance(app, QGuiApplication) and app.isSavingSession()
        if not self.shown or self._ending or session_ends:
            return False
        event.ignore()
        hide_with_pages(self._window)
        return True

    def quit(self) -> None:
        """Close the window for good."""
        self._ending = True
        self._ending = self._window.close()  # it may ask before it does
        if self._ending and self.shown:  # a hidden window is not the last one closed
            self._take_down()
            QApplication.quit()

    def _put_up(self) -> None:
        self._menu = QMenu(self._window)
        show = QAction(self.tr("Show or hide Tern"), self._menu)
        show.setObjectName("trayShow")
        show.triggered.connect(self._toggle)
        new = QAction(self._actions["new"].text(), self._menu)
        new.triggered.connect(self._new_chat)
        self._menu.addActions([show, new])
        self._menu.addSeparator()
        self._menu.addAction(self._actions["quit"])
        icon = self._icon = QSystemTrayIcon(app_icon(), self)
        icon.setToolTip("Tern")
        icon.setContextMenu(self._menu)
        icon.activated.connect(self._activated)
        icon.show()
        QApplication.setQuitOnLastWindowClosed(False)

    def _take_down(self) -> None:
        QApplication.setQuitOnLastWindowClosed(True)
        if self._icon is not None:
            self._icon.hide()
            self._icon.deleteLater()
        if self._menu is not None:
            self._menu.deleteLater()
        self._icon = self._menu = None

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:  # a click; a right one opens the menu
            self._toggle()

    def _toggle(self) -> None:
        if self._window.isVisible() and not self._window.isMinimized():
            self._window.hide()
        else:
            self._show()

    def _new_chat(self) -> None:
        self._show()
        self._actions["new"].trigger()
