"""Conversations to files and back: asks for the file, works beside the window, says how it went."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from tern import paths
from tern.chat.export import ExportFormat, write
from tern.chat.store import Store
from tern.errors import UserError
from tern.ui.shared.jobs import Job
from tern.ui.shared.notice import Notice
from tern.ui.style.theme import Theme
from tern.ui.window.file_dialogs import ask_where_from, ask_where_to

if TYPE_CHECKING:
    from tern.chat.import_report import Report

_SAID_S = 10
_LONG_MS = 500  # work that takes longer is said to be under way
_Told = Callable[[float], None]


class Transfer(QObject):
    """Of ``store``. Call :meth:`close` before the store is closed: what is under way ends there."""

    imported = Signal()

    def __init__(self, store: Store, notice: Notice, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._store, self._notice, self._theme, self._window = store, notice, theme, parent
        self._jobs: list[Job] = []
        self._steps: Generator[float, None, Report] | None = None

    def ask_export(self, conversations: Sequence[int] | None) -> None:
        """Ask for a file, and write these conversations into it; None for all of them."""
        every = (
            self._store.summaries()
            if conversations is None
            else [self._store.summary(number) for number in conversations]
        )
        if not every:
            return
        title = every[0].title if len(every) == 1 else self.tr("Conversations")
        ids = [summary.id for summary in every]
        ask_where_to(self._window, title, lambda path, kind: self.export_to(ids, path, kind))

    def export_to(self, conversations: list[int], path: Path, kind: ExportFormat | None = None) -> None:
        """``kind`` None: what the name of ``path`` says."""
        kinds = {f".{one}": one for one in ExportFormat}
        kind = kind or kinds.get(path.suffix.lower(), ExportFormat.MARKDOWN)

        def work(told: _Told) -> str:
            with closing(self._store.another()) as store:
                write(store, conversations, path, kind, told)
            return self.tr("Exported to {0}.").format(path)

        if self._store.path is not None:
            self._start(self.tr("Exporting…"), work, lambda sentence: self._say(sentence, _SAID_S))
            return
        try:  # nothing is kept: there is only this connection, and it is the window's
            write(self._store, conversations, path, kind)
            self._say(self.tr("Exported to {0}.").format(path), _SAID_S)
        except UserError as error:
            self._notice.show_message(error.sentence)

    def ask_import(self) -> None:
        """Ask for a file, and add the conversations in it."""
        ask_where_from(self._window, self.import_from)

    def import_from(self, path: Path) -> None:
        from tern.chat.import_process import RELAY, import_apart
        from tern.chat.importing import importing
        from tern.metrics.fresh_process import tern_command

        kept_in = self._store.path
        if kept_in is None:
            self._steps = importing(self._store, path)
            self._step()
            return
        command = [*tern_command(), *RELAY]
        if (folder := paths.override()) is not None:
            command += ["--data-dir", str(folder)]
        self._start(
            self.tr("Importing…"), lambda told: import_apart(command, kept_in, path, told), self._say_imported
        )

    def close(self) -> None:
        if self._steps is not None:
            self._steps.close()
            self._steps = None
        for job in self._jobs:
            job.blockSignals(True)  # nobody is there any more
            job.cancel()
            job.wait()

    def _step(self) -> None:
        """A little of an import into a store that only this thread can reach, then whatever else waits."""
        if self._steps is None:
            return
        try:
            next(self._steps)
        except StopIteration as end:
            self._steps = None
            self._say_imported(end.value)
        except UserError as error:
            self._steps = None
            self._notice.show_message(error.sentence)
        else:
            QTimer.singleShot(0, self._step)

    def _say_imported(self, report: Report) -> None:
        from tern.chat.import_report import Why
        from tern.ui.window.import_page import summary

        plain = report.is_plain
        failed = not report.ids and not report.count(Why.HERE)
        self._notice.show_message(
            summary(report), "" if plain else self.tr("Details"), lambda: self._show_details(report),
            tone="error" if failed else "calm", seconds=_SAID_S if plain else 0,
        )  # fmt: skip
        self.imported.emit()

    def _show_details(self, report: Report) -> None:
        from tern.ui.window.import_page import ImportPage

        ImportPage(self._theme, report, self._window).show()

    def _start(self, label: str, work: Callable[[_Told], Any], then: Callable[[Any], object]) -> None:
        said = ""  # last of how far it is

        def tell() -> None:
            nonlocal said
            now = f"{label} {job.percent}\u2009%"
            if now == said or (said and (self._notice.isHidden() or self._notice.message != said)):
                return  # dismissed, or something else has been said since
            self._notice.show_message(now, self.tr("Cancel"), job.cancel, tone="calm")
            said = now

        def finish() -> None:
            slow.stop()
            self._jobs.remove(job)

        job = Job(label, work, self)
        slow = QTimer(job, interval=_LONG_MS)
        slow.timeout.connect(tell)
        job.done.connect(then)
        job.failed.connect(self._notice.show_message)
        job.cancelled.connect(lambda: self._say(self.tr("Cancelled; nothing was changed."), _SAID_S))
        job.ended.connect(finish)  # on this thread
        self._jobs.append(job)
        slow.start()
        job.start()

    def _say(self, sentence: str, seconds: float = 0) -> None:
        self._notice.show_message(sentence, tone="calm", seconds=seconds)
