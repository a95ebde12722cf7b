"""The line over the composer that says that a chat is private."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from tern.ui.shared.labels import text
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme


class PrivateLine(QWidget):
    """An icon, one sentence, and the way out of it."""

    end_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = QLabel(self)
        self._icon.setAccessibleName(self.tr("Private"))
        self._words = text(
            theme,
            self.tr("Private: nothing is saved. It is gone when you close it."),
            Size.SMALL,
            self,
            quiet=True,
        )
        self._words.setObjectName("privateLine")
        self._end = QPushButton(self.tr("Close"), self)
        self._end.setObjectName("privateEnd")
        self._end.setProperty("kind", "small")
        self._end.setAutoDefault(False)
        self._end.setAccessibleName(self.tr("Close private chat"))
        self._end.setAccessibleDescription(self.tr("Closes the private chat. Nothing of it is kept."))
        self._end.clicked.connect(self.end_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, 0, Space.S, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self._end)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self._icon.setPixmap(
            action_icon("eye-slash", self._theme, "quiet").pixmap(self._theme.icon_size * 0.8)
        )
