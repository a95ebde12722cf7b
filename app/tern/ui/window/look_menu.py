"""The menu of the appearance: light, dark or like the system."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from tern.ui.style.theme import Mode, Theme


class LookMenu(QMenu):
    """Ticked is what is in force when it opens."""

    chosen = Signal(object)  # Mode

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(_tr("Appearance"), parent)
        self._theme = theme
        group = QActionGroup(self)
        self._actions = {
            Mode.SYSTEM: self.addAction(_tr("Like the system")),
            Mode.LIGHT: self.addAction(_tr("Light")),
            Mode.DARK: self.addAction(_tr("Dark")),
        }
        for mode, action in self._actions.items():
            action.setObjectName(mode.value)
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, mode=mode: self.chosen.emit(mode))
            group.addAction(action)
        self.aboutToShow.connect(self._tick)

    def _tick(self) -> None:
        self._actions[self._theme.mode].setChecked(True)


def _tr(text: str) -> str:
    return QCoreApplication.translate("look_menu", text)
