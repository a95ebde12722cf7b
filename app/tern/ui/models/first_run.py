"""The card under the greeting while only the guide is here: the real model, what it needs, how fast it will be on
this computer, and one button that becomes the progress.
"""

from __future__ import annotations

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from tern.library import catalog
from tern.metrics.forecast import Forecast
from tern.settings import READING_PACE
from tern.ui.models.download_row import DownloadRow
from tern.ui.models.downloads import Downloads
from tern.ui.models.fit import fit_of_entry
from tern.ui.shared.pace_words import forecast_words
from tern.ui.style.number_text import size_text
from tern.ui.style.theme import Size, Space, Theme


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
        keep = self._speed.sizePolicy()
        keep.setRetainSizeWhenHidden(True)  # nothing may move when it comes
        self._speed.setSizePolicy(keep)
        self._speed.hide()
        self.row = DownloadRow(theme, downloads.of_entry(entry), self, prominent=True)
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

    def show_forecast(self, forecast: Forecast, pace: int = READING_PACE.default) -> None:
        """Say how fast it will be here, also beside someone who reads ``pace`` words a minute."""
        said = self.tr("About %n word(s) a second on this computer: {0}.", "", forecast.words_per_s)
        said = said.format(forecast_words(forecast, pace))
        self._speed.setText(said)
        self._speed.setAccessibleName(said)
        self._speed.show()

    def _needs_text(self) -> str:
        """What it needs; and what of that this computer has too little of."""
        entry = self._entry
        size = size_text(entry.size or 0)
        disk, memory = (size_text(each or 0, rough=True) for each in (entry.disk, entry.memory))
        parts = [self.tr("{0} to download; takes {1} of disk and {2} of memory.").format(size, disk, memory)]
        fit = fit_of_entry(entry)
        parts.append(
            self.tr("Then it works without a network.")
            if fit.fits
            else f"{fit.words[:1].upper()}{fit.words[1:]}."
        )
        return " ".join(parts)

    def _restyle(self) -> None:
        self._heading.setFont(self._theme.font(Size.BODY, weight=QFont.Weight.DemiBold))
        for label in (self._needs, self._speed):
            label.setFont(self._theme.font(Size.CONTROL, tabular=True))
        self._speed.setMinimumHeight(self._speed.fontMetrics().lineSpacing())
