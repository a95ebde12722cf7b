"""The upkeep of the file of conversations: a backup a day, and the erasing of what was deleted. All of it on one thread
beside the window's, one thing at a time: erasing from the backups may not meet the making of one.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

from PySide6.QtCore import QObject, QTimer, Signal

from tern.chat import database_file
from tern.chat.store import Store
from tern.errors import UserError
from tern.settings import KEEP_DELETED, Settings

log = logging.getLogger(__name__)

_FIRST_MS = 5000  # when the window and the model have come up
_LOOK_MS = 3600 * 1000  # Tern may stay open for weeks
_PATIENCE_S = 20
_UNDO_DAYS = 60 / (24 * 3600)  # what was deleted this minute may be undone still, also where nothing is kept


class Upkeep(QObject):
    """Of ``store``. A store that has no file is kept up at once, on the calling thread. Call :meth:`close` before the
    store is closed."""

    erased = Signal()  # deleted conversations are gone for good
    trouble = Signal(object)  # Sentence

    def __init__(self, store: Store, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._settings = store, settings
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self, interval=_FIRST_MS)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Look every hour whether something is due."""
        if self._store.path is not None:
            self._timer.start()

    def erase(self, conversations: Sequence[int]) -> None:
        """Forget deleted conversations for good, in the backups too. No reply may be on its way in them."""
        if self._store.path is None:
            self._store.forget(conversations)
            self.erased.emit()
        else:
            self._do(lambda: self._erase(lambda store: store.forget(conversations)))

    def close(self) -> None:
        """Wait for what is being done, but not for ever."""
        self._timer.stop()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join(_PATIENCE_S)

    def _look(self) -> None:
        self._timer.setInterval(_LOOK_MS)
        days = max(self._settings[KEEP_DELETED], _UNDO_DAYS)
        self._do(lambda: self._keep_up(days))

    def _do(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tern-upkeep", daemon=True)
            self._thread.start()

    # On the thread

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except UserError as error:
                log.warning("upkeep: %s", error)
                with suppress(RuntimeError):  # the window has gone in this very moment
                    self.trouble.emit(error.sentence)
            except Exception:
                log.exception("upkeep")

    def _keep_up(self, days: float) -> None:
        self._erase(lambda store: store.forget_old(days))
        path = self._store.path
        if path is not None and database_file.is_backup_due(path, time.time()):
            database_file.back_up(path)

    def _erase(self, forget: Callable[[Store], list[int]]) -> None:
        with closing(self._store.another()) as store:
            gone = forget(store)
        if gone and self._store.path is not None:
            database_file.erase_from_backups(self._store.path)
            with suppress(RuntimeError):
                self.erased.emit()
