"""What the person sets, for everything and for the conversation on show: where, and what follows from a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from tern.settings import (
    ACCENT,
    CONTEXT_SIZE,
    DENSITY,
    ENTER_SENDS,
    FONT_SIZE,
    INSTRUMENTS,
    KEEP_DELETED,
    KERNELS,
    KV_TYPE,
    OFFLINE,
    QUIET,
    REDUCED_MOTION,
    THEME,
    THREADS,
    TRAY,
    Setting,
    Settings,
)
from tern.ui.style.theme import Mode, Theme
from tern.ui.window import tray
from tern.ui.window.chat_controller import ChatController
from tern.ui.window.main_area import MainArea
from tern.ui.window.tray import Tray

if TYPE_CHECKING:
    from tern.ui.settings.data_section import DataSection
    from tern.ui.settings.models_folder_section import ModelsFolderSection
    from tern.ui.settings.network_section import NetworkSection
    from tern.ui.settings.reply_options_page import ReplyOptionsPage
    from tern.ui.settings.settings_page import SettingsPage

_RELOAD_MS = 800  # after the last change: a number is turned in several steps
_DENSITIES = {"comfortable": 1.0, "compact": 0.6}
_TEXT_SIZES = (
    11,
    12,
    13,
    14,
    15,
    16,
    18,
    20,
    22,
    24,
    28,
    32,
)  # px: steps that can be seen, within the bounds
_OF_THE_MODEL = (THREADS, QUIET, KV_TYPE, CONTEXT_SIZE, KERNELS)  # take effect by opening it again


class SettingsController(QObject):
    """``save`` keeps ``settings``; ``reload`` opens the model anew. Sheets belong to ``window``; the settings of the
    chat on show stand beside it, in ``area``."""

    changed = Signal(object)  # Setting
    delete_all = Signal()  # chats
    move_models = Signal(object)  # the folder to move them into, None: back

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        save: Callable[[], None],
        reload: Callable[[], None],
        chat: ChatController,
        area: MainArea,
        tray_icon: Tray,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._theme, self._settings, self.save = theme, settings, save
        self._chat, self._area, self._tray, self._window = chat, area, tray_icon, window
        self.page: SettingsPage | None = None
        self.network: NetworkSection | None = None
        self._data: DataSection | None = None
        self.models_folder: ModelsFolderSection | None = None
        self.reply_options: ReplyOptionsPage | None = None
        self._reload = QTimer(self, singleShot=True, interval=_RELOAD_MS)
        self._reload.timeout.connect(reload)
        chat.leaving.connect(self.close_reply_options)
        chat.settings_requested.connect(self.show_page)

    def show_page(self) -> None:
        """The settings, at the section that was on show last."""
        page = self._made_page()
        if not page.isVisible():
            page.search.clear()  # what was looked for last time hides what is looked for now
        self._bring_up()

    def show_setting(self, setting: Setting[Any]) -> None:
        """The settings, at this one."""
        self._bring_up()
        self._made_page().show_setting(setting)

    def show_network(self) -> None:
        """The settings, at the log of connections and the token."""
        self._made_page().show_section(OFFLINE.section)
        self._bring_up()

    def _bring_up(self) -> None:
        page = self._made_page()
        page.load()
        for part in (self.network, self._data, self.models_folder):
            if part is not None:
                part.reload()
        page.show()

    def _made_page(self) -> SettingsPage:
        if self.page is None:
            from tern.ui.settings.data_section import DataSection
            from tern.ui.settings.models_folder_section import ModelsFolderSection
            from tern.ui.settings.network_section import NetworkSection
            from tern.ui.settings.settings_page import settings_page

            self.page = page = settings_page(self._theme, self._settings, self._window)
            page.changed.connect(self.take)
            if not tray.available():
                page.disable(TRAY, self.tr("This system has no notification area."))
            self.network = NetworkSection(self._theme, page.list.body)
            words = self.tr("network log connections token hugging face")
            page.add_part(OFFLINE.section, self.network, words)
            self._data = DataSection(self._theme, page.list.body)
            self._data.delete_all.connect(self._delete_all)
            page.add_part(
                KEEP_DELETED.section, self._data, self.tr("data folder disk backups export delete all chats")
            )
            self.models_folder = ModelsFolderSection(self._theme, page.list.body)
            self.models_folder.move_asked.connect(self.move_models)
            words = self.tr("models folder move another disk drive external location path")
            page.add_part(CONTEXT_SIZE.section, self.models_folder, words)
        return self.page

    def _delete_all(self) -> None:
        """The sheet goes: the bar that undoes it stands below."""
        if self.page is not None:
            self.page.close()
        self.delete_all.emit()

    def show_reply_options(self) -> None:
        """The settings of the chat on show, beside it; if they are there already, they go."""
        if self._reply_options_shown:
            self.close_reply_options()
            return
        from tern.ui.settings.reply_options_page import ReplyOptionsPage

        page = ReplyOptionsPage(self._theme, self._chat.session, self._settings, self._area.panel.place)
        page.changed.connect(self._chat.show_reply_options)
        page.presets_changed.connect(self.save)
        page.presets_changed.connect(self._chat.show_reply_options)
        self.reply_options = page
        self._area.panel.fill(page)
        self._area.beside.show_side()
        page.preset.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_reply_options(self) -> None:
        """Another conversation comes: the panel is about this one."""
        if self._reply_options_shown:
            self._area.beside.hide_side()

    @property
    def _reply_options_shown(self) -> bool:
        content = self._area.panel.content
        return self._area.beside.side_shown and content is not None and content is self.reply_options

    def take(self, setting: Setting[Any]) -> None:
        """A setting was changed: keep it, and do what it says."""
        self.save()
        self.apply()
        self.changed.emit(setting)
        if setting in _OF_THE_MODEL:
            self._reload.start()

    def change_text_size(self, step: int) -> None:
        """One size larger (+1) or smaller (-1), or the default (0)."""
        now, sizes = self._settings[FONT_SIZE], _TEXT_SIZES
        if step == 0:
            size = FONT_SIZE.default
        elif step > 0:
            size = next((each for each in sizes if each > now), now)
        else:
            size = next((each for each in reversed(sizes) if each < now), now)
        if size != now:
            self._settings[FONT_SIZE] = size
            self.take(FONT_SIZE)
            if self.page is not None:
                self.page.load()

    def choose_look(self, mode: Mode) -> None:
        self._settings[THEME] = mode.value
        self.take(THEME)

    def apply(self) -> None:
        """Make the window look and behave as the settings say."""
        settings = self._settings
        self._theme.set_mode(Mode(settings[THEME]))
        self._theme.set_scale(settings[FONT_SIZE] / FONT_SIZE.default)
        self._theme.set_accent(settings[ACCENT])
        self._theme.set_still(settings[REDUCED_MOTION])
        self._tray.apply()
        self._area.readouts.setVisible(settings[INSTRUMENTS])
        self._theme.set_density(_DENSITIES[settings[DENSITY]])
        self._area.chat.composer.set_enter_sends(settings[ENTER_SENDS])
        self._chat.fit.count()

    def close(self) -> None:
        """Wait for a question to the keyring."""
        if self.network is not None:
            self.network.close_section()
