"""A job as it is seen: a bar, what is being done, and Cancel. Decides nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from tern.ui.shared.jobs import Job
from tern.ui.style.theme import Size, Space, Theme


class JobRow(QWidget):
    """Shows ``job`` until it has ended."""

    def __init__(self, theme: Theme, job: Job, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._job = theme, job
        self.bar = QProgressBar(self)
        self.bar.setObjectName("jobProgress")
        self.bar.setAccessibleName(job.label)
        self.bar.setRange(0, 100)
        self.bar.setValue(job.percent)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(Space.S)
        self._label = QLabel(self)
        self._label.setObjectName("jobStatus")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setProperty("kind", "quiet")
        self._label.setWordWrap(True)
        self.cancel_button = QPushButton(self.tr("Cancel"), self)
        self.cancel_button.setObjectName("jobCancel")
        self.cancel_button.setProperty("kind", "floating")
        self.cancel_button.setAccessibleName(self.tr("Cancel: {0}").format(job.label))
        self.cancel_button.setAccessibleDescription(self.tr("Stops it; nothing half done stays."))
        self.cancel_button.clicked.connect(self._cancel)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self._label, 1)
        row.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.bar)
        column.addLayout(row)
        job.progressed.connect(self._show)
        theme.changed.connect(self._restyle)
        self._restyle()
        self._show(job.percent)

    def _show(self, percent: int) -> None:
        self.bar.setValue(percent)
        self._label.setText(f"{self._job.label} {percent}\u2009%")

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self._job.cancel()

    def _restyle(self) -> None:
        self._label.setFont(self._theme.font(Size.SMALL, tabular=True))
        self.bar.setStyleSheet(bar_style(self._theme))


def bar_style(theme: Theme) -> str:
    """A thin bar in the accent colour."""
    line, accent = (theme.color(role).name() for role in ("line", "accent"))
    shape = f"border: none; border-radius: {Space.XS}px;"
    return f"QProgressBar {{ background: {line}; {shape} }} QProgressBar::chunk {{ background: {accent}; {shape} }}"
