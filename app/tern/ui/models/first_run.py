"""The card under the greeting while only the guide is here: the real model, what it needs, how fast it will be on
this computer, and one button that becomes the progress.
"""

from __future__ import annotations

import shutil

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from tern import paths
from tern.library import catalog
from tern.metrics.forecast import Forecast
from tern.metrics.memory import usable_memory
from tern.ui.models.download_row import DownloadRow
from tern.ui.models.downloads import Downloads
from tern.ui.style.theme import Size, Space, Theme

_PREPARED = 610_000_000  # bytes that the engine keeps beside this model in the cache (engine/prepared.py)


class FirstModelCard(QFrame):
    """Offers the catalogue's first entry. ``probe`` tells how fast it will be; until then the card says no speed."""

    def __init__(self, theme: Theme, downloads: Downloads, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        entry = catalog.entries()[0]
        self._entry = entry
        self.setObjectName("firstModelCard")
        self._heading = QLabel(self.tr("Get {0}").format(entry.title), self)
        self.setAccessibleName(self._heading.text())
        self._needs, self._speed = QLabel(self), QLabel(self)
        self._speed.setObjectName("forecast")
        self._needs.setText(self._needs_text())
        for label in (self._needs, self._speed):
            label.setProperty("kind", "quiet")
            label.setWordWrap(True)
        self._speed.hide()
        self.row = DownloadRow(theme, downloads.of_entry(entry), self)
        self.task = downloads.of_entry(entry)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        column.setSpacing(Space.XS)
        for widget in (self._heading, self._needs, self._speed):
            column.addWidget(widget)
        column.addSpacing(Space.XS)
        column.addWidget(self.row)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_forecast(self, forecast: Forecast) -> None:
        """Say how fast it will be here."""
        said = self.tr("About %n word(s) a second on this computer.", "", forecast.words_per_s)
        self._speed.setText(said)
        self._speed.setAccessibleName(said)
        self._speed.show()

    def _needs_text(self) -> str:
        """What it needs; and what of that this computer has too little of."""
        entry, size = self._entry, self._entry.size or 0
        room = size + _PREPARED
        parts = [
            self.tr(
                "{0:.2f}\u2009GB to download; needs {1:.1f}\u2009GB of disk and about {2:.1f}\u2009GB of memory. "
                "After that it answers without any network."
            ).format(size / 1e9, room / 1e9, entry.memory / 1e9)
        ]
        free, memory = shutil.disk_usage(paths.data_dir()).free, usable_memory()
        if free < room:
            parts.append(self.tr("Only {0:.1f}\u2009GB of the disk are free.").format(free / 1e9))
        if memory < entry.memory:
            parts.append(self.tr("This computer has only {0:.1f}\u2009GB of memory.").format(memory / 1e9))
        return " ".join(parts)

    def _restyle(self) -> None:
        self._heading.setFont(self._theme.font(Size.BODY, weight=QFont.Weight.DemiBold))
        for label in (self._needs, self._speed):
            label.setFont(self._theme.font(Size.CONTROL, tabular=True))
