"""Forgets all that a person ever wrote to Tern: conversations, what was deleted lately, drafts, backups, what was put
aside as damaged, what was prepared from models, the log. Models, settings and files that a person exported stay.

For whoever has the folder to itself (data_lock.py), while no reply is on its way.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from tern import log as logs
from tern import paths
from tern.chat import database_file
from tern.chat.store import Store

log = logging.getLogger(__name__)


def forget_everything(store: Store) -> list[Path]:
    """Do it, in the file of ``store`` and beside it; returns what could not be deleted. Raises UserError when the disk
    refuses to change the conversations."""
    store.delete([one.id for one in store.summaries()])
    store.forget()
    store.forget_words()
    if store.path is None:
        return []
    left = []
    for path in _beside(store.path):
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("not deleted: %s", error)
            left.append(path)
    logs.clear()
    return left


def _beside(file: Path) -> Iterator[Path]:
    """What else holds words of the person, or tells what they did."""
    yield file.parent / database_file.BACKUPS
    yield from file.parent.glob(f"{file.stem}.damaged-*")
    with suppress(OSError):
        yield from list(paths.cache_dir().iterdir())
    yield from paths.log_dir().glob("*-crash.log")
    yield from paths.log_dir().glob(f"{logs.FILE_NAME}.*")


def forget_in(folder: Path) -> list[Path]:
    """The same for the data folder of a Tern that is not open."""
    with closing(Store.open(folder)) as store:
        return forget_everything(store)
