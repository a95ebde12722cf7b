"""Every action of the window by name, with its words and keys. Menus, buttons, the help page and the palette are
made from here. Knows no part of the window: what an action does is given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from tern.ui.style.theme import Mode, Theme


class Actions:
    """``actions["new"]`` is a QAction of ``owner``, whose keys work anywhere in its window."""

    def __init__(self, owner: QWidget) -> None:
        self._owner = owner
        self._actions: dict[str, QAction] = {}

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __contains__(self, name: str) -> bool:
        return name in self._actions

    def add(self, name: str, text: str, keys: str, act: Callable[[], object]) -> QAction:
        """``keys`` as Qt writes them; empty for none."""
        action = QAction(text, self._owner)
        action.setObjectName(name)
        action.setIconVisibleInMenu(False)
        action.setToolTip(text)
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setToolTip(f"{text} ({self.keys_of(action)})")
        action.triggered.connect(lambda: act())
        self._owner.addAction(action)
        self._actions[name] = action
        return action

    @staticmethod
    def keys_of(action: QAction) -> str:
        """Its keys as the system writes them."""
        return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)

    def all(self) -> Sequence[QAction]:
        """In the order in which they were added."""
        return tuple(self._actions.values())

    def with_keys(self) -> list[tuple[str, str]]:
        """(keys as Qt writes them, what they do) of the actions that have keys."""
        return [(a.shortcut().toString(), a.text()) for a in self.all() if not a.shortcut().isEmpty()]


def look_menu(theme: Theme, choose: Callable[[Mode], object], parent: QWidget) -> QMenu:
    """Light, dark or like the system; ticked is what is in force when it opens."""
    menu = QMenu(_tr("Appearance"), parent)
    group = QActionGroup(menu)
    actions: dict[Mode, QAction] = {}
    for mode, text in (
        (Mode.SYSTEM, _tr("Like the system")),
        (Mode.LIGHT, _tr("Light")),
        (Mode.DARK, _tr("Dark")),
    ):
        actions[mode] = menu.addAction(text)
        actions[mode].setCheckable(True)
        actions[mode].triggered.connect(lambda _=False, mode=mode: choose(mode))
        group.addAction(actions[mode])
    menu.aboutToShow.connect(lambda: actions[theme.mode].setChecked(True))
    return menu


def _tr(text: str) -> str:
    return QCoreApplication.translate("actions", text)
