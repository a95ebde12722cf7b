"""Brings models into the window: the page, the first-run card, and which model the conversation uses. Wires only.

To use it: ``host = ModelsHost(window, theme, settings, save, engine_options)`` once the window is built,
``host.open_first(asked)`` instead of opening a model oneself, ``host.close()`` when the window is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QWidget

from tern import paths
from tern.chat.session import Session
from tern.context import open_any_engine
from tern.engine import can_chat
from tern.engine.generic import chat_template
from tern.engine.types import Engine, EngineOptions
from tern.errors import UserError
from tern.library import shelf
from tern.library.network import NetworkOptions
from tern.library.shelf import Installed
from tern.settings import DOWNLOAD_LIMIT, MODEL_PATH, OFFLINE, Settings
from tern.ui import first_run
from tern.ui.downloads import Downloads
from tern.ui.first_run import FirstModelCard
from tern.ui.main_window import MainWindow
from tern.ui.models_page import ModelsPage
from tern.ui.network_page import NetworkPage
from tern.ui.speed_probe import SpeedProbe
from tern.ui.theme import Theme

log = logging.getLogger(__name__)
_ENOUGH_TOKENS = 16  # of a reply, to measure a speed by


class ModelsHost(QObject):
    """``options`` says how a model is opened now; ``save`` keeps the settings."""

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        settings: Settings,
        save: Callable[[], None],
        options: Callable[[], EngineOptions],
        downloads: Downloads | None = None,
    ) -> None:
        super().__init__(window)
        self._window, self._theme, self._settings = window, theme, settings
        self._save, self._options = save, options
        self.downloads = downloads or Downloads(parent=self)
        self._page: ModelsPage | None = None
        self._network: NetworkPage | None = None
        self._path: Path | None = None  # of the model that answers
        self.card: FirstModelCard | None = None
        self._probe: SpeedProbe | None = None
        window.models_requested.connect(self.show_page)
        window.network_requested.connect(self.show_network)
        window.header.model_menu.aboutToShow.connect(self._fill_menu)
        window.desk.ended.connect(self._replied)
        window.setting_changed.connect(self._setting_changed)
        self.downloads.installed.connect(self._arrived)
        if not any(model.present for model in shelf.installed()):
            self.card, self._probe = first_run.offer(window, theme, settings, save, self.downloads)

    def open_first(self, asked: Path | None = None) -> None:
        """Open the model asked for, or the last one used, or the built-in guide."""
        kept = Path(self._settings[MODEL_PATH]) if self._settings[MODEL_PATH] else None
        if asked is None and kept is not None and not kept.is_file():
            self._window.notice.show_message(
                self.tr("The model {0} is gone, so the built-in guide answers.").format(kept.name),
                self.tr("Models"), self.show_page,
            )  # fmt: skip
            kept = None
        self._open(asked or kept or paths.guide_model())

    def show_page(self) -> None:
        """Bring the models page to the front."""
        page = self._made_page()
        page.reload()
        _raise(page)

    def show_network(self) -> None:
        """Bring the log of connections and the token to the front."""
        if self._network is None:
            self._network = NetworkPage(self._theme, self._window)
            self._network.settings_requested.connect(self._window.show_settings)
        self._network.reload()
        _raise(self._network)

    @property
    def page(self) -> ModelsPage | None:
        return self._page

    def use(self, model: Installed | None) -> None:
        """Chat with ``model`` (None: the built-in guide) from now on; the conversation on show goes on with it.

        A foreign chat template that has to be run is asked about first.
        """
        if model is None:
            self._choose(None)
            return
        try:
            can_chat.check(model.path)
            template, known = chat_template(model.path)
        except UserError as error:
            self._window.show_error(str(error))
            return
        if known or shelf.template_trusted(model.path):
            self._choose(model.path)
            return
        asked = self._made_page().show_template(model, template, known)
        asked.answered.connect(lambda allowed: self._choose(model.path) if allowed else None)

    def close(self) -> None:
        """Pause downloads, stop hashing, and wait for both."""
        self.downloads.close()
        if self._probe is not None:
            self._probe.close()
        if self._page is not None:
            self._page.close_page()
            self._page.close()
        if self._network is not None:
            self._network.close_page()
            self._network.close()

    def _made_page(self) -> ModelsPage:
        if self._page is None:
            self._page = _PageWindow(self._theme, self.downloads, self._window)
            self._page.model_chosen.connect(self.use)
            self._page.template_requested.connect(self._show_template)
            self._page.network_requested.connect(self.show_network)
            self._page.acts.leaving.connect(self._let_go)
            self._page.set_current(self._path)
        return self._page

    def _show_template(self, model: Installed) -> None:
        try:
            template, known = chat_template(model.path)
        except UserError as error:
            self._window.show_error(str(error))
            return
        asked = self._made_page().show_template(model, template, known)
        asked.answered.connect(lambda: self._open(model.path) if model.path == self._path else None)

    def _choose(self, path: Path | None) -> None:
        self._settings[MODEL_PATH] = str(path) if path is not None else ""
        self._save()
        self._open(path or paths.guide_model())

    def _open(self, path: Path) -> None:
        self._path = path
        if self._page is not None:
            self._page.set_current(path)

        def factory(progress: Callable[[float], None]) -> Engine:
            # Asked for when it opens, and again when changed settings open it anew.
            return open_any_engine(path, self._options(), progress, shelf.template_trusted(path))

        self._window.open_model(factory)

    def _fill_menu(self) -> None:
        """The models that are here, the one in use marked; then the page."""
        menu = self._window.header.model_menu
        menu.clear()
        menu.setLayoutDirection(self._window.layoutDirection())  # its button is turned round for the caret
        for path, title, model in [
            *((model.path, model.title, model) for model in shelf.installed() if _can_chat(model)),
            (paths.guide_model(), self.tr("Tern's guide"), None),
        ]:
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(path == self._path)
            action.triggered.connect(partial(self.use, model))
        menu.addSeparator()
        menu.addAction(self._window.actions_["models"])

    def _let_go(self, model: Installed) -> None:
        """A model that is being removed no longer answers."""
        if model.path == self._path:
            self._choose(None)

    def _replied(self, session: Session, sentence: str) -> None:
        """Remember how fast this model is here."""
        info, path = self._window.desk.info, session.path
        if sentence or info is None or not path or path[-1].stats.tokens < _ENOUGH_TOKENS:
            return
        try:
            shelf.note_speed(info.path, path[-1].stats.decode_tokens_per_s)
        except UserError as error:
            log.warning("speed not noted: %s", error)

    def _setting_changed(self, setting: object) -> None:
        if (
            setting is OFFLINE and self._settings[OFFLINE]
        ):  # at once, and not only from the next connection on
            self.downloads.pause()
        if setting is DOWNLOAD_LIMIT:
            self.downloads.set_limit(NetworkOptions.from_settings(self._settings).limit)

    def _arrived(self, model: Installed) -> None:
        if self.card is not None:
            self.card.hide()
        if model.path.suffix != ".gguf":
            return
        if model.path == self._path:  # mended, or a newer one in its place
            self._open(model.path)
            return
        self._window.notice.show_message(
            self.tr("{0} is here and verified.").format(model.title),
            self.tr("Chat with it"), lambda: self.use(model), tone="calm",
        )  # fmt: skip


class _PageWindow(ModelsPage):
    """The page in a window of its own, over the chat's."""

    def __init__(self, theme: Theme, downloads: Downloads, owner: QWidget) -> None:
        super().__init__(theme, downloads, owner)
        self.setWindowFlag(Qt.WindowType.Window)  # its own, and gone with the chat's
        self.setWindowTitle(self.tr("Models"))
        self.setWindowIcon(owner.windowIcon())
        self.resize(640, 640)
        self._restyle()  # becoming a window has cost its labels their fonts (Qt 6)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.hide()
        super().closeEvent(event)


def _can_chat(model: Installed) -> bool:
    here = model.present and not model.damaged and model.path.suffix == ".gguf"
    return here and not can_chat.problem(model.path)


def _raise(page: QWidget) -> None:
    page.show()
    page.raise_()
    page.activateWindow()
