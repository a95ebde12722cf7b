"""Work that takes a while on a thread of its own (hashing, copying, converting), seen as signals. Draws nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Signal

from tern.errors import TernError
from tern.ui.shared import translate_errors

log = logging.getLogger(__name__)

_PATIENCE_S = 5.0

Work = Callable[[Callable[[float], None]], Any]


class _CancelledError(Exception):
    """Raised inside the work where it tells its progress; what it was writing vanishes with it."""


class Job(QObject):
    """Runs ``work``, which is handed a function to tell fractions to and says what came of it.

    Signals come on the thread that made the job. ``label`` says in a few words what is being done.
    """

    progressed = Signal(int)  # percent
    done = Signal(object)  # what ``work`` returned
    failed = Signal(str)  # sentence
    cancelled = Signal()
    ended = Signal()  # after any of the three

    def __init__(self, label: str, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.label = label
        self.percent = 0
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tern-job", daemon=True)
        for outcome in (self.done, self.failed):
            outcome.connect(self._finish)
        self.cancelled.connect(self._finish)

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """Stop at the next step; nothing half done stays."""
        self._stop.set()

    def wait(self) -> None:
        """Until the thread has ended, but not for ever: a file that does not come (a pipe, a disk that has gone) must
        not keep a window open."""
        if self._thread.is_alive():
            self._thread.join(_PATIENCE_S)

    def _told(self, fraction: float) -> None:
        if self._stop.is_set():
            raise _CancelledError
        percent = int(100 * fraction)
        if percent != self.percent:
            self.percent = percent
            self.progressed.emit(percent)

    def _run(self) -> None:
        try:
            self._told(0.0)
            found = self._work(self._told)
        except _CancelledError:
            self.cancelled.emit()
        except TernError as error:
            self.failed.emit(translate_errors.said(error))
        except OSError as error:
            said = QCoreApplication.translate("jobs", "The disk reported an error ({0}).")
            self.failed.emit(said.format(error.strerror or error))
        except Exception:
            log.exception("job: %s", self.label)
            said = QCoreApplication.translate(
                "jobs", "Something went wrong inside Tern. The details are in its log; try again."
            )
            self.failed.emit(said)
        else:
            self.done.emit(found)

    def _finish(self, what: object = None) -> None:
        self.wait()
        self.ended.emit()
