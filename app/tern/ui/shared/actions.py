"""Every action of the window by name, with its words and keys. Menus, buttons, the help page and the palette are
made from here. Knows no part of the window: what an action does is connected by whoever knows the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


class Actions:
    """``actions["new"]`` is a QAction of ``owner``, whose keys work anywhere in its window."""

    def __init__(self, owner: QWidget) -> None:
        self._owner = owner
        self._actions: dict[str, QAction] = {}
        self.about_to: Callable[[str], object] = lambda name: None  # is told which action comes

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __contains__(self, name: str) -> bool:
        return name in self._actions

    def add(self, name: str, text: str, *keys: str) -> QAction:
        """``keys`` as Qt writes them, the one that is shown first. What it does is said by :meth:`connect`."""
        action = QAction(text, self._owner)
        action.setObjectName(name)
        action.setIconVisibleInMenu(False)
        action.setToolTip(text)
        if keys:
            action.setShortcuts([QKeySequence(each) for each in keys])
            action.setToolTip(f"{text} ({self.keys_of(action)})")
        self._owner.addAction(action)
        self._actions[name] = action
        return action

    def connect(self, name: str, act: Callable[[], object]) -> None:
        """Have the action do ``act``."""

        def run() -> None:
            self.about_to(name)
            act()

        self._actions[name].triggered.connect(run)

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
