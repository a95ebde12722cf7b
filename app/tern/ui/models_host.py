"""Brings models into the window: the page, the first-run card, and which model the conversation uses. Wires only.

To use it: ``host = ModelsHost(window, theme, settings, save, engine_options)`` once the window is built,
``host.open_first(asked)`` instead of opening a model oneself, ``host.close()`` when the window is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QWidget

from tern import paths
from tern.context import open_any_engine
from tern.engine.types import EngineOptions
from tern.library import catalog, shelf
from tern.library.shelf import Installed
from tern.settings import MODEL_PATH, Settings
from tern.ui import first_run
from tern.ui.downloads import Downloads
from tern.ui.first_run import FirstModelCard
from tern.ui.main_window import MainWindow
from tern.ui.models_page import ModelsPage
from tern.ui.speed_probe import SpeedProbe
from tern.ui.theme import Theme


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
        self.card: FirstModelCard | None = None
        self._probe: SpeedProbe | None = None
        window.models_requested.connect(self.show_page)
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
        if self._page is None:
            self._page = _PageWindow(self._theme, self.downloads, self._window)
            self._page.model_chosen.connect(self.use)
        self._page.reload()
        self._page.show()
        self._page.raise_()
        self._page.activateWindow()

    @property
    def page(self) -> ModelsPage | None:
        return self._page

    def use(self, model: Installed) -> None:
        """Chat with ``model`` from now on; the conversation on show goes on with it."""
        self._settings[MODEL_PATH] = str(model.path)
        self._save()
        self._open(model.path)

    def close(self) -> None:
        """Pause downloads, stop hashing, and wait for both."""
        self.downloads.close()
        if self._probe is not None:
            self._probe.close()
        if self._page is not None:
            self._page.close_page()
            self._page.close()

    def _open(self, path: Path) -> None:
        known = {f"{entry.repo}/{entry.file}" for entry in catalog.entries()}
        trusted = any(
            model.path == path and model.origin in known and model.verified for model in shelf.installed()
        )
        # The options are asked for when it opens, and again when changed settings open it anew.
        self._window.open_model(lambda progress: open_any_engine(path, self._options(), progress, trusted))

    def _arrived(self, model: Installed) -> None:
        if self.card is not None:
            self.card.hide()
        if model.path.suffix != ".gguf":
            return
        self._window.notice.show_message(
            self.tr("{0} is here and verified.").format(model.title),
            self.tr("Chat with it"), lambda: self.use(model), tone="calm",
        )  # fmt: skip


class _PageWindow(ModelsPage):
    """The page in a window of its own, over the chat's."""

    def __init__(self, theme: Theme, downloads: Downloads, owner: QWidget) -> None:
        super().__init__(theme, downloads, None)
        self.setWindowTitle(self.tr("Models"))
        self.setWindowIcon(owner.windowIcon())
        self.resize(640, 640)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.hide()
        super().closeEvent(event)
