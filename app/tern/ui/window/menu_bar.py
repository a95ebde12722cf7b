"""The menus that a desktop expects: in the system's own bar where there is one, as on a Mac; elsewhere in the window,
out of sight until F10. Every action is in one of them.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar

from tern.ui.shared.actions import Actions

_MENUS = (
    (
        "new",
        "private",
        None,
        "models",
        "network",
        "import",
        "export",
        "export_all",
        None,
        "settings",
        None,
        "close",
        "quit",
    ),
    ("focus", "edit", "stop", "regenerate", "copy", "reply_options", None, "rename", "pin", "delete", "undo"),
    (
        "find",
        "search",
        "palette",
        "back",
        None,
        "stage",
        "sidebar",
        "deleted",
        "menus",
        None,
        "larger",
        "smaller",
        "default_size",
    ),
    ("help", "newer", "about"),
)
_CONVERSATION = 1  # takes every action that stands nowhere
_VIEW = 2  # the appearance is chosen there
_ROLES = {
    "settings": QAction.MenuRole.PreferencesRole,
    "about": QAction.MenuRole.AboutRole,
    "quit": QAction.MenuRole.QuitRole,
}


class MenuBar(QMenuBar):
    """Fills itself with ``actions``, all of which must be there, and ``look``, a menu of its own."""

    def __init__(self, window: QMainWindow, actions: Actions, look: QMenu) -> None:
        super().__init__(window)
        self.setObjectName("menuBar")
        self.setAccessibleName(_tr("Menus"))
        titles = (_tr("&File"), _tr("&Chat"), _tr("&View"), _tr("&Help"))
        listed = {name for names in _MENUS for name in names}
        others = [action for action in actions.all() if action.objectName() not in listed]
        for title, names in zip(titles, _MENUS, strict=True):
            menu = QMenu(title, self)
            for name in names:
                if name is None:
                    menu.addSeparator()
                elif name in actions:
                    menu.addAction(actions[name])
            if title == titles[_CONVERSATION] and others:
                menu.addSeparator()
                menu.addActions(others)
            if title == titles[_VIEW]:
                menu.addSeparator()
                menu.addMenu(look)
            menu.aboutToHide.connect(lambda: QTimer.singleShot(0, self, self._hide_again))
            self.addMenu(menu)
        for action in actions.all():
            action.setMenuRole(_ROLES.get(action.objectName(), QAction.MenuRole.NoRole))
        window.setMenuBar(self)
        self.setVisible(self.isNativeMenuBar())

    def open(self) -> None:
        """Show the menus and open the first."""
        self.show()
        self.setFocus()
        self.setActiveAction(self.actions()[0])

    def _hide_again(self) -> None:
        """When nobody chooses in them any more."""
        if not self.isNativeMenuBar() and self.activeAction() is None:
            self.hide()


def _tr(text: str) -> str:
    return QCoreApplication.translate("menu_bar", text)
