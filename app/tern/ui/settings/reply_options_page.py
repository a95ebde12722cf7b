"""The settings of one chat, for the panel beside it: a preset to choose, everything it sets to change by hand, and a
name to save what was set as a preset of one's own.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from tern.chat.presets import PRESETS, Preset, keep_own, own_presets, preset_of, remove_own
from tern.chat.reply_options import REPLY_OPTIONS
from tern.chat.session import Session
from tern.chat.types import Manner
from tern.settings import SYSTEM_PROMPT, Settings
from tern.ui.settings.settings_page import OwnValues, SettingsList
from tern.ui.shared.preset_names import preset_name
from tern.ui.style.controls import Choice
from tern.ui.style.theme import Space, Theme


class ReplyOptionsPage(SettingsList):
    """Of ``session``. ``presets_changed``: the settings have other presets of the person's now."""

    presets_changed = Signal()

    def __init__(self, theme: Theme, session: Session, settings: Settings, parent: QWidget) -> None:
        table = (SYSTEM_PROMPT, *REPLY_OPTIONS)
        title = QCoreApplication.translate("ReplyOptionsPage", "Chat settings")
        super().__init__(theme, title, table, OwnValues(session, settings), parent, Space.L)
        self.setObjectName("chatSettings")
        self._session = session
        self._settings = settings
        self._presets: list[Preset] = []
        self.preset = Choice(self.body)
        self.preset.setMinimumHeight(30)
        self.preset.setObjectName("presetBox")
        self.preset.setAccessibleName(self.tr("Preset"))
        self.preset.setAccessibleDescription(self.tr("Sets the system prompt and the sampling below."))
        self.preset.setPlaceholderText(self.tr("Custom"))
        self.remove = QPushButton(self.tr("Delete"), self.body)
        self.remove.setObjectName("presetRemove")
        self.remove.setAccessibleDescription(self.tr("Deletes this preset. The chat keeps its settings."))
        self.name = QLineEdit(self.body)
        self.name.setObjectName("presetName")
        self.name.setPlaceholderText(self.tr("Preset name"))
        self.name.setAccessibleName(self.tr("Preset name"))
        self.name.setAccessibleDescription(self.tr("Enter saves what is set below under this name."))
        self.keep = QPushButton(self.tr("Save as preset"), self.body)
        self.keep.setObjectName("presetKeep")
        self.keep.setAccessibleDescription(self.tr("It can then be chosen for any chat."))
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
        rows.setContentsMargins(0, 0, 0, Space.S)
        self.column.insertLayout(0, rows)
        often = [row for row in self.rows if not row.setting.rare]
        self._rare = [row for row in self.rows if row.setting.rare]
        self.more = QPushButton(self.body)
        self.more.setObjectName("moreOptions")
        self.more.setAccessibleDescription(self.tr("Shows or hides what most people never change."))
        self.more.setProperty("kind", "small")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_rare)
        for widget in (*often, self.more, *self._rare):
            self.column.insertWidget(self.column.count() - 1, widget)
        self.column.setAlignment(self.more, Qt.AlignmentFlag.AlignLeft)
        self.preset.activated.connect(self._choose)
        self.changed.connect(self._show_preset)
        self.name.textChanged.connect(self._show_buttons)
        self.name.returnPressed.connect(self._keep)
        self.keep.clicked.connect(self._keep)
        self.remove.clicked.connect(self._remove)
        for first, second in ((self.preset, self.remove), (self.remove, self.name), (self.name, self.keep)):
            self.setTabOrder(first, second)
        self.more.setChecked(any(row.is_changed for row in self._rare))
        self._show_rare(self.more.isChecked())
        self._list()

    def _show_rare(self, shown: bool) -> None:
        self.more.setText(self.tr("Fewer options") if shown else self.tr("More options"))
        for row in self._rare:
            row.setVisible(shown)

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
