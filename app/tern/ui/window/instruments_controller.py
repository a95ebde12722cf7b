"""The instruments: the panel beside the chat and the page of the model from inside, made when first asked for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QWidget

from tern.chat.session import Session
from tern.engine.types import Stats
from tern.ui.instruments.session_history import SessionHistory
from tern.ui.reply_queue import ReplyQueue
from tern.ui.style.theme import Theme
from tern.ui.window.chat_controller import ChatController
from tern.ui.window.main_area import MainArea

if TYPE_CHECKING:
    from tern.ui.instruments.benchmark_page import BenchmarkPage
    from tern.ui.instruments.inside_page import InsidePage
    from tern.ui.instruments.panel import InstrumentPanel


_DRAW_MS = 1000  # between two looks of the panel during a reply


class InstrumentsController(QObject):
    """Keeps the history of the session; shows it while the panel is open."""

    def __init__(
        self, theme: Theme, queue: ReplyQueue, chat: ChatController, area: MainArea, window: QWidget
    ) -> None:
        super().__init__(window)
        self._theme, self._queue, self._chat, self._area, self._window = theme, queue, chat, area, window
        self._history = SessionHistory()
        # Each drawing costs the model a part of a core.
        self._due = QTimer(self, singleShot=True, interval=_DRAW_MS)
        self._due.timeout.connect(self._show_history)
        self._of: Session | None = None  # whose reply the history has
        self.panel: InstrumentPanel | None = None
        self.inside: InsidePage | None = None
        self.benchmark: BenchmarkPage | None = None
        queue.grew.connect(self._grew)
        queue.prefilling.connect(self._prefilling)
        queue.ended.connect(self._ended)
        queue.observed.connect(self._observed)
        queue.model_loaded.connect(self._show_model)
        chat.shown.connect(self._forget_others)
        area.readouts.instruments_requested.connect(self.show_panel)

    def show_panel(self) -> None:
        """The instruments beside the chat; if they are there already, they go."""
        beside = self._area.beside
        if beside.side_shown and self.panel is not None and self._area.panel.content is self.panel:
            beside.hide_side()
            return
        from tern.ui.instruments.panel import InstrumentPanel

        self._area.show_chat()
        self.panel = InstrumentPanel(self._theme, self._history, self._area.panel.place)
        self.panel.destroyed.connect(self._panel_gone)
        self.panel.inside_requested.connect(self.show_inside)
        self.panel.benchmark_requested.connect(self.show_benchmark)
        self.panel.show_model(self._queue.info)
        self._area.panel.fill(self.panel)
        beside.show_side()
        self.panel.setFocus(Qt.FocusReason.OtherFocusReason)

    def _panel_gone(self, panel: QObject) -> None:
        if panel is self.panel:
            self.panel = None

    def show_inside(self) -> None:
        """What a BitNet is, live."""
        if self.inside is None:
            from tern.ui.instruments.inside_page import InsidePage

            self.inside = InsidePage(self._theme, self._ask_path, self._area.pages)
            self.inside.watched.connect(self._queue.watch)
        self.inside.show_model(self._queue.info)
        if self._history.stats is not None:
            self.inside.show_stats(self._history.stats)
        self._area.show_page(self.inside, self.tr("Inside the model"))

    def show_benchmark(self) -> None:
        """How fast the open model is here."""
        if self.benchmark is None:
            from tern.ui.instruments.benchmark_page import BenchmarkPage

            self.benchmark = BenchmarkPage(self._theme, self._ask_path, self._area.pages)
        self.benchmark.show_model(self._queue.info)
        self._area.show_page(self.benchmark, self.tr("Benchmark"))

    def close(self) -> None:
        """End what runs."""
        if self.benchmark is not None:
            self.benchmark.close_page()

    def _ask_path(self, name: str) -> Path | None:
        path, _ = QFileDialog.getSaveFileName(self._window, self.tr("Save"), name)
        return Path(path) if path else None

    def _grew(self, session: Session, text: str, stats: Stats) -> None:
        if session is not self._of:
            self._of = session
            self._history.begin()
        self._history.add(stats, time.monotonic())
        if self.inside is not None and self.inside.isVisible():
            self.inside.show_stats(stats)
        if session is self._chat.session and self._shown and not self._due.isActive():
            self._due.start()

    def _show_history(self) -> None:
        if self.panel is not None:
            self.panel.show_history()

    def _ended(self, session: Session, sentence: str) -> None:
        self._due.stop()
        if session is self._chat.session and self._shown:
            self._show_history()
        self._of = None  # the next reply begins anew, in this chat too

    def _prefilling(self, session: Session, done: int, total: int) -> None:
        if session is not self._of:
            self._of = session
            self._history.begin()
        if self._shown and session is self._chat.session:
            assert self.panel is not None
            self.panel.show_prefill(done, total)

    def _observed(self, observation: object) -> None:
        if self.inside is not None and self.inside.isVisible():
            self.inside.show_observation(observation)  # type: ignore[arg-type]

    def _show_model(self) -> None:
        self._history.begin()
        if self.panel is not None:
            self.panel.show_model(self._queue.info)
            self.panel.show_history()
        if self.inside is not None:
            self.inside.show_model(self._queue.info)
        if self.benchmark is not None:
            self.benchmark.show_model(self._queue.info)

    def _forget_others(self) -> None:
        """Another chat is on show, and the reply under way is not its own."""
        if (self._of is not None and self._of is not self._chat.session) or not self._chat.session.path:
            self._history.begin()
            if self.panel is not None:
                self.panel.show_history()

    @property
    def _shown(self) -> bool:
        return self.panel is not None and self.panel.isVisible()
