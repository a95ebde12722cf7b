"""Whether a model has room on this computer, in a few words. Asks the disk and the memory; fetches nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from tern.library import shelf
from tern.library.catalog import CatalogEntry
from tern.library.shelf import SPARE
from tern.metrics.memory import usable_memory
from tern.ui.style.number_text import size_text

_BESIDE = 1.1  # of a file's bytes: the memory that it takes with a conversation, at least


@dataclass(frozen=True, slots=True)
class Fit:
    """``words``: that it fits, or what is too small."""

    fits: bool
    words: str


def fit_of_entry(entry: CatalogEntry) -> Fit:
    """Of a model of the catalogue."""
    return _fit(entry.disk or 0, entry.memory)


def fit_of_file(size: int) -> Fit:
    """Of a file of ``size`` bytes of which nothing else is known."""
    return _fit(size, round(size * _BESIDE))


def _fit(disk: int, memory: int) -> Fit:
    free, has = shutil.disk_usage(shelf.models_dir()).free, usable_memory()
    if disk + SPARE > free:
        return Fit(False, _tr("too large for the disk: {0} free").format(size_text(free, rough=True)))
    if memory > has:
        return Fit(False, _tr("too large for this computer's memory: {0}").format(size_text(has, rough=True)))
    return Fit(True, _tr("fits this computer"))


def _tr(text: str) -> str:
    return QCoreApplication.translate("fit", text)
