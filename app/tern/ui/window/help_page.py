"""The keys, on a page that does not get in the way: a window of its own that one may leave open."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QKeySequence
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tern.ui.shared.page import Page
from tern.ui.style.theme import Size, Space, Theme


class HelpPage(Page):
    """Shows ``keys``: pairs of a key sequence as Qt writes it and what it does."""

    about_requested = Signal()

    def __init__(self, theme: Theme, keys: Sequence[tuple[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("helpPage")
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.setAccessibleName(self.tr("Keyboard shortcuts"))
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.L)
        self._title = QLabel(self.tr("Keyboard shortcuts"), self)
        column.addWidget(self._title)
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.XXL)
        grid.setVerticalSpacing(Space.S)
        for row, (key, action) in enumerate(keys):
            shown = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
            shown = shown.replace("Enter", self.tr("Enter"))  # as it is called elsewhere in Tern
            grid.addWidget(QLabel(action, self), row, 0)
            label = QLabel(shown, self)
            label.setProperty("kind", "quiet")
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(label, row, 1)
        column.addLayout(grid)
        close = QPushButton(self.tr("Close"), self)
        close.setObjectName("helpClose")
        close.setAccessibleDescription(self.tr("Closes this page. Key: Escape."))
        close.clicked.connect(self.close)
        about = QPushButton(self.tr("About Tern"), self)
        about.setObjectName("helpAbout")
        about.setAccessibleDescription(self.tr("Shows the version and the licences."))
        about.clicked.connect(self.about_requested)
        for button in (about, close):
            button.setProperty("kind", "floating")
        foot = QHBoxLayout()
        foot.addWidget(about)
        foot.addStretch(1)
        foot.addWidget(close)
        column.addSpacing(Space.S)
        column.addLayout(foot)
        column.addStretch(1)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self._title.setFont(self._theme.font(Size.LARGE, weight=QFont.Weight.DemiBold))
