"""Which preset the conversation is answered by, in the composer's row, and a menu to choose another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from tern.chat.presets import PRESETS, Preset, preset_of
from tern.chat.types import Manner
from tern.ui.shared.preset_names import preset_name
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Theme

_LONGEST = 20  # characters of a name: the meter beside it needs room


class PresetButton(QPushButton):
    """``chosen`` carries the manner of the preset; ``more_requested``: everything it sets, to change by hand."""

    chosen = Signal(object)  # Manner
    more_requested = Signal()
    assistants_requested = Signal()
    relabelled = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        # The person's presets, asked for when they are needed.
        self.own: Callable[[], Sequence[Preset]] = tuple
        self._manner = Manner()
        self._label = ""
        self._icon = "sliders-horizontal"
        self._wordy = True
        self.setObjectName("presetButton")
        self.setProperty("kind", "small")
        self.setToolTip(self.tr("Preset of this chat"))
        self.setAccessibleDescription(
            self.tr("Chooses this chat's system prompt and the sampling that suits it.")
        )
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.show_manner(Manner())

    def show_manner(self, manner: Manner) -> None:
        """What the conversation on show does."""
        self._manner = manner
        preset = preset_of(manner, (*PRESETS, *self.own()))
        self._icon = preset.icon if preset is not None and preset.icon else "sliders-horizontal"
        self._restyle()
        if preset is None:
            name = self.tr("Custom")
        else:
            name = self.tr("Preset") if preset is PRESETS[0] else preset_name(preset)
        self._label = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
        self.set_wordy(self._wordy)
        self.relabelled.emit()
        self.setAccessibleName(self.tr("Preset: {0}").format(name if preset is None else preset_name(preset)))

    def set_wordy(self, wordy: bool) -> None:
        """Whether there is room for its words beside the icon."""
        self._wordy = wordy
        self.setText(self._label if wordy else "")

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        group = QActionGroup(menu)
        presets = (*PRESETS, *self.own())
        shown = preset_of(self._manner, presets)
        for preset in presets:
            action = menu.addAction(preset_name(preset).replace("&", "&&"))
            if preset.icon:
                action.setIcon(action_icon(preset.icon, self._theme))
            action.setCheckable(True)
            action.setChecked(preset is shown)
            group.addAction(action)
            manner = Manner(preset.manner.system, dict(preset.manner.sampling))
            action.triggered.connect(lambda _=False, manner=manner: self.chosen.emit(manner))
        menu.addSeparator()
        menu.addAction(self.tr("Customize…"), self.more_requested.emit)
        menu.addAction(self.tr("Assistants and prompts…"), self.assistants_requested.emit)

    def _restyle(self) -> None:
        self.setIcon(action_icon(self._icon, self._theme, "quiet"))
        self.setIconSize(self._theme.icon_size * 0.8)
