"""Where the models lie, and moving them to another disk: the end of the settings' section about models."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from tern.errors import UserError
from tern.library import models_folder
from tern.ui.shared.job_row import JobRow
from tern.ui.shared.jobs import Job
from tern.ui.shared.labels import breakable, button, text
from tern.ui.shared.translate_errors import said
from tern.ui.style.theme import Size, Space, Theme


class ModelsFolderSection(QWidget):
    """Moves nothing itself. Call :meth:`reload` when it comes into view."""

    move_asked = Signal(object)  # the folder to move them into, None: back

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._row: JobRow | None = None
        self.setObjectName("modelsFolderSection")
        self.setAccessibleName(self.tr("Models folder"))
        self._heading = text(theme, self.tr("Models folder"), Size.CONTROL, self)
        self.folder = text(theme, "", Size.SMALL, self, quiet=True)
        self.folder.setObjectName("modelsFolder")
        self.folder.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.word = text(theme, "", Size.SMALL, self, quiet=True)
        self.word.setObjectName("modelsFolderWord")
        about = self.tr("all models, for instance to another disk")
        self.move_button = button(self, "moveModels", self.tr("Move…"), about, self._ask)
        self.back_button = button(
            self, "moveModelsBack", self.tr("Move back"), self.tr("all models, to where Tern keeps its data"),
            lambda: self.move_asked.emit(None),
        )  # fmt: skip
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self._heading, self.folder, self.word):
            words.addWidget(label)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addWidget(self.move_button)
        buttons.addWidget(self.back_button)
        buttons.addStretch(1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, Space.S, 0, 0)
        self._column.setSpacing(Space.S)
        self._column.addLayout(words)
        self._column.addLayout(buttons)
        theme.changed.connect(self._restyle)
        self._restyle()

    def reload(self) -> None:
        """Look at where they are."""
        try:
            away, missing = models_folder.chosen(), models_folder.missing()
            self.folder.setText(breakable(str(away or models_folder.usual())))
        except UserError as error:
            self.folder.setText(said(error))
            away = missing = None
        self.back_button.setVisible(away is not None and missing is None)
        self.say(self.tr("That disk is not connected. Connect it, then start Tern again.") if missing else "")
        self.move_button.setEnabled(missing is None)

    def say(self, sentence: str) -> None:
        """How it went."""
        self.word.setText(sentence)
        self.word.setVisible(bool(sentence))

    def show_job(self, job: Job) -> None:
        """``job`` is moving them; nothing else can be asked for meanwhile."""
        self._row = JobRow(self._theme, job, self)
        self._column.addWidget(self._row)
        self.say("")
        for each in (self.move_button, self.back_button):
            each.setEnabled(False)
        job.ended.connect(self._ended)

    def _ended(self) -> None:
        if self._row is not None:
            self._row.hide()
            self._row.deleteLater()
            self._row = None
        for each in (self.move_button, self.back_button):
            each.setEnabled(True)

    def _ask(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self.window(), self.tr("Folder to move the models into"))
        if chosen:
            self.move_asked.emit(Path(chosen))

    def _restyle(self) -> None:
        self._heading.setFont(self._theme.font(Size.CONTROL, weight=QFont.Weight.DemiBold))
        for label in (self.folder, self.word):
            label.setFont(self._theme.font(Size.SMALL))
