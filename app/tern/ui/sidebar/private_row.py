"""The way back to a private chat while another one is on show: its row at the foot of the sidebar."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Theme


class PrivateRow(QWidget):
    """Hidden where there is no private chat, or where it is on show."""

    opened = Signal()
    end_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._open = QToolButton(self)
        self._open.setObjectName("privateChatButton")
        self._open.setProperty("kind", "row")
        self._open.setText(self.tr("Private chat"))
        self._open.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._open.setAccessibleName(self._open.text())
        self._open.setAccessibleDescription(self.tr("Goes back to the private chat."))
        policy = self._open.sizePolicy()
        policy.setHorizontalPolicy(policy.Policy.Expanding)
        self._open.setSizePolicy(policy)
        self._end = QToolButton(self)
        self._end.setObjectName("privateChatEnd")
        self._end.setAccessibleName(self.tr("Close private chat"))
        self._end.setAccessibleDescription(self.tr("Closes the private chat. Nothing of it is kept."))
        self._end.setToolTip(self._end.accessibleName())
        for button, pressed in ((self._open, self.opened), (self._end, self.end_requested)):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.clicked.connect(lambda _=False, pressed=pressed: pressed.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._open, 1)
        row.addWidget(self._end)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self._open.setIcon(action_icon("eye-slash", self._theme))
        self._end.setIcon(action_icon("x", self._theme, "quiet"))
        for button in (self._open, self._end):
            button.setIconSize(self._theme.icon_size)
