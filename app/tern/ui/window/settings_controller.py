"""What the person sets, for everything and for the conversation on show: its pages, and what follows from a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from tern.settings import (
    ACCENT,
    CONTEXT_SIZE,
    DENSITY,
    ENTER_SENDS,
    FONT_SIZE,
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
from tern.ui.composer.composer import Composer
from tern.ui.settings.reply_options_page import ReplyOptionsPage
from tern.ui.settings.settings_page import SettingsPage, settings_page
from tern.ui.shared.page import bring_up
from tern.ui.style.theme import Mode, Theme
from tern.ui.window import tray
from tern.ui.window.chat_controller import ChatController
from tern.ui.window.tray import Tray

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
_OF_THE_MODEL = (THREADS, QUIET, KV_TYPE, CONTEXT_SIZE)  # take effect by opening it again


class SettingsController(QObject):
    """``save`` keeps ``settings``; ``reload`` opens the model anew; ``network`` shows the connections. Pages belong to
    ``window``."""

    changed = Signal(object)  # Setting

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        save: Callable[[], None],
        reload: Callable[[], None],
        chat: ChatController,
        composer: Composer,
        tray_icon: Tray,
        network: QAction,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._theme, self._settings, self.save = theme, settings, save
        self._chat, self._composer, self._tray = chat, composer, tray_icon
        self._network, self._window = network, window
        self.page: SettingsPage | None = None
        self.reply_options: ReplyOptionsPage | None = None
        self._reload = QTimer(self, singleShot=True, interval=_RELOAD_MS)
        self._reload.timeout.connect(reload)
        chat.leaving.connect(self.close_reply_options)
        chat.settings_requested.connect(self.show_page)

    def show_page(self) -> None:
        if self.page is None:
            self.page = settings_page(self._theme, self._settings, self._window)
            self.page.changed.connect(self.take)
            if not tray.available():
                self.page.disable(
                    TRAY, self.tr("This system has no notification area that Tern could stay in.")
                )
            self.page.add_action(OFFLINE.group, "networkButton", self._network)
        if not self.page.isVisible():
            self.page.search.clear()  # what was looked for last time hides what is looked for now
        self.page.load()
        bring_up(self.page)

    def show_setting(self, setting: Setting[Any]) -> None:
        """Open Settings at one of them."""
        self.show_page()
        assert self.page is not None
        self.page.show_setting(setting)

    def show_reply_options(self) -> None:
        """The system prompt and the sampling of the conversation on show."""
        if self.reply_options is not None:
            self.reply_options.close()
            self.reply_options.deleteLater()
        page = self.reply_options = ReplyOptionsPage(
            self._theme, self._chat.session, self._settings, self._window
        )
        page.changed.connect(self._chat.show_reply_options)
        page.presets_changed.connect(self.save)
        page.presets_changed.connect(self._chat.show_reply_options)
        bring_up(page)

    def close_reply_options(self) -> None:
        """Another conversation comes: the page is about this one."""
        if self.reply_options is not None:
            self.reply_options.close()

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
        self._theme.set_density(_DENSITIES[settings[DENSITY]])
        self._composer.set_enter_sends(settings[ENTER_SENDS])
        self._chat.fit.count()

    def close(self) -> None:
        for page in (self.page, self.reply_options):
            if page is not None:
                page.close()
