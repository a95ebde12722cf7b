"""The keys and what they do, on a sheet."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tern.ui.shared.sheet import Sheet
from tern.ui.style.theme import Space, Theme


class HelpPage(Sheet):
    """Shows ``keys``: pairs of a key sequence as Qt writes it and what it does."""

    about_requested = Signal()

    def __init__(self, theme: Theme, keys: Sequence[tuple[str, str]], parent: QWidget) -> None:
        super().__init__(
            theme, QCoreApplication.translate("HelpPage", "Keyboard shortcuts"), parent, QSize(560, 0)
        )
        self.setObjectName("helpPage")
        self.area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # its keys scroll
        self.area.setAccessibleDescription(self.tr("Every key that does something in Tern."))
        self.begin_with(self.area)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(Space.XL, Space.S, Space.XL, Space.S)
        column.setSpacing(Space.L)
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.XL)
        grid.setVerticalSpacing(Space.S)
        grid.setColumnStretch(0, 1)
        for row, (key, action) in enumerate(keys):
            shown = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
            shown = shown.replace("Enter", self.tr("Enter"))  # as it is called elsewhere in Tern
            words = QLabel(action, self.body)
            words.setWordWrap(True)
            grid.addWidget(words, row, 0)
            label = QLabel(shown, self.body)
            label.setProperty("kind", "quiet")
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(label, row, 1)
        column.addLayout(grid)
        about = QPushButton(self.tr("About Tern"), self.body)
        about.setObjectName("helpAbout")
        about.setAccessibleDescription(self.tr("Shows the version and the licences."))
        about.setProperty("kind", "floating")
        about.clicked.connect(self.about_requested)
        column.addWidget(about, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
