"""One download as it is seen: a button that becomes a bar with rate, time left, Pause and Cancel. Decides nothing."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from tern.library.hub_progress import DownloadProgress, amounts, figures, phase_words
from tern.ui.models.downloads import DownloadTask
from tern.ui.shared.translate_errors import said
from tern.ui.style.number_text import localized
from tern.ui.style.theme import Size, Space, Theme

_STEPS = 1000


class DownloadRow(QWidget):
    """Shows ``task`` and asks it to start, pause, go on or cancel."""

    ended = Signal()  # well or not: the list around it may want to look again

    def __init__(self, theme: Theme, task: DownloadTask, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self.task = theme, task
        self.download_button = self._button("downloadButton", self.tr("Download"), self.tr("Fetches {0}."))
        self.pause_button = self._button(
            "pauseButton", self.tr("Pause"), self.tr("Stops fetching {0}; what has arrived is kept.")
        )
        self.cancel_button = self._button(
            "cancelButton", self.tr("Cancel"), self.tr("Stops fetching {0} and deletes what has arrived.")
        )
        self.bar = QProgressBar(self)
        self.bar.setObjectName("downloadProgress")
        self.bar.setAccessibleName(self.tr("Progress of {0}").format(task.title))
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(Space.S)
        self.label = QLabel(self)
        self.label.setObjectName("downloadStatus")
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setProperty("kind", "quiet")
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        for button in (self.download_button, self.pause_button, self.cancel_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.bar)
        column.addWidget(self.label)
        column.addLayout(buttons)
        self.download_button.clicked.connect(task.start)
        self.pause_button.clicked.connect(task.pause)
        self.cancel_button.clicked.connect(task.cancel)
        task.progressed.connect(self._show_progress)
        task.state_changed.connect(self._show_state)
        theme.changed.connect(self._restyle)
        self._restyle()
        self._show_state()

    def _button(self, name: str, text: str, description: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setProperty("kind", "floating")
        button.setAccessibleName(f"{text}: {self.task.title}")
        button.setAccessibleDescription(description.format(self.task.title))
        return button

    def _show_state(self) -> None:
        task = self.task
        begun = task.progress is not None
        buttons = (self.download_button, self.pause_button, self.cancel_button)
        had = next((button for button in buttons if button.hasFocus()), None)
        self.download_button.setText(self.tr("Go on") if begun or task.error else self.tr("Download"))
        self.download_button.setVisible(not task.running)
        self.pause_button.setVisible(task.running)
        self.cancel_button.setText(self.tr("Cancel") if task.running else self.tr("Delete what is here"))
        self.cancel_button.setVisible(task.running or begun)
        if had is not None and (had is not self.cancel_button or had.isHidden()):
            # Not on to the next button, which deletes, nor to the next card's, which downloads something else.
            (self.pause_button if task.running else self.download_button).setFocus()
        self.bar.setVisible(task.running or begun)
        if task.error:
            self.label.setText(task.error)
        elif task.running:
            self.label.setText(self.tr("Looking up the file…"))
        elif task.progress is not None:
            self.bar.setValue(round(_STEPS * task.progress.fraction))
            self.label.setText(self.tr("Paused at {0}.").format(localized(amounts(task.progress, _tr))))
        else:
            self.label.setText("")
        self.label.setVisible(bool(self.label.text()))
        if not task.running:
            self.ended.emit()

    def _show_progress(self, progress: DownloadProgress) -> None:
        self.bar.setValue(round(_STEPS * progress.fraction))
        note = said(progress.note) if progress.note else localized(figures(progress, _tr))
        self.label.setText(phase_words(progress, _tr) or note)
        self.label.setVisible(True)

    def _restyle(self) -> None:
        self.label.setFont(self._theme.font(Size.SMALL, tabular=True))
        line, accent = (self._theme.color(role).name() for role in ("line", "accent"))
        shape = f"border: none; border-radius: {Space.XS}px;"
        self.bar.setStyleSheet(
            f"QProgressBar {{ background: {line}; {shape} }} QProgressBar::chunk {{ background: {accent}; {shape} }}"
        )


def _tr(text: str) -> str:
    return QCoreApplication.translate("downloads", text)
