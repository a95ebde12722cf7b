"""The report of a crash, for the person: what was recovered, the trace to copy, the folder it lies in. Not sent."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from tern.ui.shared.labels import button
from tern.ui.shared.reveal import reveal
from tern.ui.shared.sheet import Sheet
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.window.about_page import details

_MOST = 1 << 18  # bytes of a trace


def recovered(cut: int) -> str:
    """What became of the person's words, as a sentence. ``cut``: replies that had not ended."""
    if cut == 0:
        return _tr("Tern closed unexpectedly last time. Your chats are all here.")
    if cut == 1:
        return _tr("Tern closed unexpectedly last time. Your chats are all here; one reply was cut off.")
    return _tr(
        "Tern closed unexpectedly last time. Your chats are all here; {0} replies were cut off."
    ).format(cut)


class CrashPage(Sheet):
    """A sheet over the window. ``report`` is the file with the trace."""

    def __init__(self, theme: Theme, report: Path, sentence: str, parent: QWidget) -> None:
        super().__init__(theme, _tr("What happened"), parent, QSize(680, 520))
        self.setObjectName("crashPage")
        self._said = QLabel(sentence, self.body)
        self._about = QLabel(
            _tr(
                "This report stays on this computer and holds no message of yours. Send it to whoever helps you."
            ),
            self.body,
        )
        for words in (self._said, self._about):
            words.setWordWrap(True)
        try:
            trace = report.read_bytes()[:_MOST].decode(errors="replace")
        except OSError as error:
            trace = str(error)
        self.text = QPlainTextEdit(f"{details()}\n\n{trace}", self.body)
        self.text.setObjectName("crashText")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(_tr("Report"))
        self.copy = button(self.body, "copyCrash", _tr("Copy"), _tr("the report"), self._copy)
        folder = button(
            self.body, "openLogFolder", _tr("Open folder"), _tr("of the log"), lambda: reveal(report)
        )
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for each in (self.copy, folder):
            row.addWidget(each)
        row.addStretch(1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(self._said)
        column.addWidget(self.text, 1)
        column.addWidget(self._about)
        column.addLayout(row)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _restyle(self) -> None:
        self._said.setFont(self._theme.font(Size.BODY))
        self._about.setFont(self._theme.font(Size.SMALL))
        self.text.setFont(self._theme.mono(Size.SMALL))


def _tr(words: str) -> str:
    return QCoreApplication.translate("CrashPage", words)
