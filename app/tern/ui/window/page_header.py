"""The line above a page that stands in the place of the conversation: the way back, and what the page is."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from tern.ui.style.controls import ActionButton
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Space, Theme


class PageHeader(QFrame):
    """``back_requested``: the person wants the conversation again. ``sidebar`` stands beside as a button."""

    back_requested = Signal()

    def __init__(self, theme: Theme, sidebar: QAction, back: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._back_action = back
        self.setObjectName("header")
        self._side = ActionButton(sidebar, self)
        self._side.setObjectName("pageSidebarButton")
        self._side.setAccessibleName(sidebar.text())
        self._side.setAccessibleDescription(sidebar.toolTip())
        self._side.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.back = QToolButton(self)  # not the action's: its key is for the places where nothing is written
        self.back.setObjectName("backButton")
        self.back.setText(back.text())
        self.back.setToolTip(back.toolTip())
        self.back.setAccessibleName(back.text())
        self.back.setAccessibleDescription(self.tr("Goes back to the chat."))
        self.back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.back.clicked.connect(self.back_requested)
        for button in (self._side, self.back):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._title = QLabel(self)
        self._title.setObjectName("chatTitle")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, Space.S, Space.M, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self._side)
        row.addWidget(self.back)
        row.addWidget(self._title, 1)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_title(self, title: str) -> None:
        self._title.setText(title)
        self._title.setAccessibleName(title)

    def _restyle(self) -> None:
        self._side.show_icon(partial(action_icon, "list", self._theme))
        mirrored = self.isRightToLeft()
        self.back.setIcon(action_icon("arrow-right" if mirrored else "arrow-left", self._theme))
        for button in (self._side, self.back):
            button.setIconSize(self._theme.icon_size)
