"""Conversations to files and back: asks for the file, works beside the window, says how it went."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from tern.chat.importing import import_file
from tern.chat.store import Store
from tern.errors import UserError
from tern.ui.files import ask_where_from, ask_where_to, write
from tern.ui.jobs import Job
from tern.ui.notice import Notice

_SAID_S = 10
_LONG_MS = 500  # work that takes longer is said to be under way
_Told = Callable[[float], None]


class Carrying(QObject):
    """Of ``store``. Call :meth:`close` before the store is closed: what is under way ends there."""

    imported = Signal()

    def __init__(self, store: Store, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self._store, self._notice, self._window = store, notice, parent
        self._jobs: list[Job] = []

    def ask_export(self, conversation: int | None) -> None:
        """Ask for a file, and write one conversation into it; None for all of them."""
        every = self._store.summaries() if conversation is None else [self._store.summary(conversation)]
        if not every:
            return
        title = self.tr("Conversations") if conversation is None else every[0].title
        ids = [summary.id for summary in every]
        ask_where_to(self._window, title, lambda path: self.export_to(ids, path))

    def export_to(self, conversations: list[int], path: Path) -> None:
        def work(store: Store, told: _Told) -> str:
            write(store, conversations, path, told)
            return self.tr("Exported to {0}.").format(path)

        self._start(self.tr("Exporting…"), work)

    def ask_import(self) -> None:
        """Ask for a file, and add the conversations in it."""
        ask_where_from(self._window, self.import_from)

    def import_from(self, path: Path) -> None:
        def work(store: Store, told: _Told) -> str:
            count = len(import_file(store, path, told).ids)
            if count == 1:
                return self.tr("1 conversation was imported.")
            return self.tr("{0} conversations were imported.").format(f"{count:,}")

        self._start(self.tr("Importing…"), work, self.imported.emit)

    def close(self) -> None:
        for job in self._jobs:
            job.blockSignals(True)  # nobody is there any more
            job.cancel()
            job.wait()

    def _start(
        self, label: str, work: Callable[[Store, _Told], str], then: Callable[[], object] = lambda: None
    ) -> None:
        if self._store.path is None:  # nothing is kept: there is only this connection, and it is the window's
            try:
                self._say(work(self._store, lambda fraction: None), _SAID_S)
                then()
            except UserError as error:
                self._notice.show_message(str(error))
            return

        outcome: list[str] = []

        def apart(told: _Told) -> None:
            with closing(self._store.another()) as store:
                outcome.append(work(store, told))

        def finish() -> None:
            slow.stop()
            self._jobs.remove(job)
            if outcome:
                self._say(outcome[0], _SAID_S)
                then()

        job = Job(label, apart, self)
        slow = QTimer(job, interval=_LONG_MS)
        slow.timeout.connect(lambda: self._say(f"{label} {job.percent}\u2009%"))
        job.failed.connect(self._notice.show_message)
        job.ended.connect(finish)  # on this thread
        self._jobs.append(job)
        slow.start()
        job.start()

    def _say(self, sentence: str, seconds: float = 0) -> None:
        self._notice.show_message(sentence, tone="calm", seconds=seconds)
