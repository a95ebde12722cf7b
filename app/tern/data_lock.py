"""Which process has a data folder to itself. The lock lies inside the folder, so that every way to the folder (a link,
``..``, a second mount) ends at the same one; the system lets go of it when its process ends, however it ends.

The window holds it as long as it is open. A command of the terminal that opens the conversations holds it while it
opens them: see ``Store.open``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

import filelock

from tern.errors import Sentence

log = logging.getLogger(__name__)

FILE_NAME = "tern.lock"


class Hold(Enum):
    """What came of asking for a folder."""

    OURS = "ours"
    OTHERS = "others"  # another process has it
    UNKNOWN = "unknown"  # nothing can be locked there: a network file system, a folder that cannot be written


class DataLock:
    """The lock of ``folder``. A process that has it may :meth:`take` it again; each take needs its :meth:`release`.
    It is held no longer than an object of this kind lives.
    """

    def __init__(self, folder: Path) -> None:
        path = os.path.join(os.path.realpath(folder), FILE_NAME)  # noqa: PTH118  # one spelling, one object
        self._lock = filelock.FileLock(path, thread_local=False, is_singleton=True)
        self._folder = folder
        self.problem = ""  # a sentence, when nothing can be locked there

    def take(self) -> Hold:
        """Ask for the folder; never waits."""
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            return Hold.OTHERS
        except (OSError, NotImplementedError) as error:
            log.warning("the data folder cannot be locked: %s", error)
            reason = getattr(error, "strerror", None) or str(error)
            self.problem = Sentence(
                "Tern's folder {folder} cannot be locked ({reason}). Do not open a second window with it: "
                "the two would disturb each other.",
                folder=self._folder,
                reason=reason,
            )
            return Hold.UNKNOWN
        return Hold.OURS

    def release(self) -> None:
        """Undo one :meth:`take` that gave ``OURS``."""
        self._lock.release()


@contextmanager
def taken(folder: Path) -> Iterator[Hold]:
    """Hold ``folder`` inside the block, where that can be."""
    lock = DataLock(folder)
    hold = lock.take()
    try:
        yield hold
    finally:
        if hold is Hold.OURS:
            lock.release()
