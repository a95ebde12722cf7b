"""How one conversation is answered: a preset to choose, everything it sets to change by hand, and a name to keep what
was set as a preset of one's own.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from tern.chat.presets import PRESETS, Preset, keep_own, own_presets, preset_of, remove_own
from tern.chat.reply_options import REPLY_OPTIONS
from tern.chat.session import Session
from tern.chat.types import Manner
from tern.settings import SYSTEM_PROMPT, Settings
from tern.ui.settings.settings_page import OwnValues, SettingsPage
from tern.ui.shared.preset_names import preset_name
from tern.ui.style.controls import Choice
from tern.ui.style.theme import Space, Theme


class ReplyOptionsPage(SettingsPage):
    """Of ``session``. ``presets_changed``: the settings have other presets of the person's now."""

    presets_changed = Signal()

    def __init__(self, theme: Theme, session: Session, settings: Settings, parent: QWidget) -> None:
        table = (SYSTEM_PROMPT, *REPLY_OPTIONS)
        title = QCoreApplication.translate("ReplyOptionsPage", "How this conversation is answered")
        super().__init__(theme, title, table, OwnValues(session, settings), parent)
        self._session = session
        self._settings = settings
        self._presets: list[Preset] = []
        self.preset = Choice(self)
        self.preset.setMinimumHeight(30)
        self.preset.setObjectName("presetBox")
        self.preset.setAccessibleName(self.tr("Preset"))
        self.preset.setAccessibleDescription(self.tr("Sets the system prompt and the sampling below."))
        self.preset.setPlaceholderText(self.tr("Changed by hand"))
        self.remove = QPushButton(self.tr("Delete this preset"), self)
        self.remove.setObjectName("presetRemove")
        self.remove.setAccessibleDescription(self.tr("The conversation stays as it is; only the name goes."))
        self.name = QLineEdit(self)
        self.name.setObjectName("presetName")
        self.name.setPlaceholderText(self.tr("Name for what is set below"))
        self.name.setAccessibleName(self.tr("Name of a preset of your own"))
        self.name.setAccessibleDescription(self.tr("Enter keeps what is set below under this name."))
        self.keep = QPushButton(self.tr("Keep as a preset"), self)
        self.keep.setObjectName("presetKeep")
        self.keep.setAccessibleDescription(self.tr("It can then be chosen for any conversation."))
        for button in (self.keep, self.remove):
            button.setProperty("kind", "floating")
        top, below = QHBoxLayout(), QHBoxLayout()
        for row, wide, button in ((top, self.preset, self.remove), (below, self.name, self.keep)):
            row.setSpacing(Space.S)
            row.addWidget(wide, 1)
            row.addWidget(button)
        rows = QVBoxLayout()
        rows.setSpacing(Space.S)
        rows.addLayout(top)
        rows.addLayout(below)
        self.column.insertLayout(0, rows)
        self.search.hide()
        self.preset.activated.connect(self._choose)
        self.changed.connect(self._show_preset)
        self.name.textChanged.connect(self._show_buttons)
        self.name.returnPressed.connect(self._keep)
        self.keep.clicked.connect(self._keep)
        self.remove.clicked.connect(self._remove)
        for first, second in ((self.preset, self.remove), (self.remove, self.name), (self.name, self.keep)):
            self.setTabOrder(first, second)
        self._list()

    def _list(self) -> None:
        self._presets = [*PRESETS, *own_presets(self._settings)]
        self.preset.clear()
        for preset in self._presets:
            self.preset.addItem(preset_name(preset), preset.key)
        self._show_preset()

    def _choose(self, number: int) -> None:
        manner = self._presets[number].manner
        self._session.manner = Manner(manner.system, dict(manner.sampling))
        self.load()
        self.changed.emit(SYSTEM_PROMPT)

    def _show_preset(self) -> None:
        preset = preset_of(self._session.manner, self._presets)
        self.preset.setCurrentIndex(-1 if preset is None else self._presets.index(preset))
        self._show_buttons()

    def _show_buttons(self) -> None:
        preset = preset_of(self._session.manner, self._presets)
        self.remove.setVisible(preset is not None and preset.own)
        self.keep.setEnabled(bool(self.name.text().strip()))

    def _keep(self) -> None:
        if name := self.name.text().strip():
            manner = self._session.manner
            keep_own(self._settings, name, Manner(manner.system, dict(manner.sampling)))
            self.name.clear()
            self._list()
            self.presets_changed.emit()

    def _remove(self) -> None:
        preset = preset_of(self._session.manner, self._presets)
        if preset is not None and preset.own:
            remove_own(self._settings, preset.name)
            self._list()
            self.preset.setFocus()
            self.presets_changed.emit()
