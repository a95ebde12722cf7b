"""Whether there is a newer Tern, on a sheet: asks once when it is opened, and never by itself."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from tern import __version__
from tern.library import newer_version
from tern.library.network import NetworkOptions
from tern.library.newer_version import Release
from tern.settings import Settings
from tern.ui.shared.jobs import Job
from tern.ui.shared.labels import text
from tern.ui.shared.sheet import Sheet
from tern.ui.style.theme import Size, Space, Theme


class NewerVersionPage(Sheet):
    """``address`` is asked; empty: this copy of Tern knows of none."""

    def __init__(self, theme: Theme, settings: Settings, address: str, parent: QWidget) -> None:
        title = QCoreApplication.translate("NewerVersionPage", "Look for a newer version")
        super().__init__(theme, title, parent, QSize(560, 0))
        self.setObjectName("newerVersionPage")
        self._settings, self._address = settings, address
        self._release: Release | None = None
        self._job: Job | None = None
        self.said = text(theme, "", Size.BODY, self.body)
        self.said.setObjectName("newerVersionSaid")
        self.notes = QPlainTextEdit(self.body)
        self.notes.setObjectName("newerVersionNotes")
        self.notes.setAccessibleName(self.tr("What is new"))
        self.notes.setAccessibleDescription(self.tr("As whoever published that version wrote it."))
        self.notes.setReadOnly(True)
        self.notes.setTabChangesFocus(True)
        self.notes.setFont(theme.font(Size.CONTROL))
        self.page = text(theme, "", Size.SMALL, self.body, quiet=True)
        self.open_button = QPushButton(self.tr("Open the download page"), self.body)
        self.open_button.setObjectName("openDownloadPage")
        self.open_button.setProperty("kind", "accent")
        self.open_button.setAccessibleDescription(self.tr("Opens that page in your browser."))
        self.open_button.clicked.connect(self._open)
        self.again_button = QPushButton(self.tr("Try again"), self.body)
        self.again_button.setObjectName("lookAgain")
        self.again_button.setProperty("kind", "floating")
        self.again_button.setAccessibleDescription(self.tr("Asks once more."))
        self.again_button.clicked.connect(self.look)
        row = QHBoxLayout()
        row.addWidget(self.open_button)
        row.addWidget(self.again_button)
        row.addStretch(1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        column.setSpacing(Space.M)
        for part in (self.said, self.notes, self.page):
            column.addWidget(part)
        column.addLayout(row)
        column.addStretch(1)
        self._show(self.tr("Looking…"))

    def look(self) -> None:
        """Ask, unless an answer is on its way."""
        if not self._address:
            self._show(
                self.tr(
                    "This is Tern {0}. This copy does not know where newer ones are published; look where you got it."
                ).format(__version__)
            )
            return
        if self._job is not None:
            return
        self._show(self.tr("Looking…"))
        options = NetworkOptions.from_settings(self._settings)
        self._job = job = Job(
            "newer version", lambda told: newer_version.newest(options, self._address), self
        )
        job.done.connect(self._found)
        job.failed.connect(lambda sentence: self._show(sentence, again=True))
        job.ended.connect(self._ended)
        job.start()

    def _ended(self) -> None:
        self._job = None

    def _found(self, release: Release) -> None:
        if not release.newer:
            self._show(self.tr("Tern {0} is the newest version.").format(__version__))
            return
        said = self.tr("Tern {0} is available. This is {1}.").format(release.version, __version__)
        self._show(said, release)

    def _show(self, said: str, release: Release | None = None, again: bool = False) -> None:
        self._release = release
        self.said.setText(said)
        self.said.setAccessibleName(said)
        self.notes.setPlainText(release.notes if release is not None else "")
        self.notes.setVisible(release is not None and bool(release.notes.strip()))
        self.page.setText(release.page if release is not None else "")
        self.page.setVisible(release is not None)
        self.open_button.setVisible(release is not None)
        self.again_button.setVisible(again)
        if self.isVisible():
            self.fit()

    def _open(self) -> None:
        if self._release is not None:
            QDesktopServices.openUrl(QUrl(self._release.page))
