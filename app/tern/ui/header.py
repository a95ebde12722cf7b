"""The line above the conversation: its title, the model's name and state, and a menu. Asks by signals."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from tern.ui.icons import action_icon
from tern.ui.theme import Space, Theme


class Header(QFrame):
    """``actions`` fill the menu, None making a separator; the first also stands beside the title as a button."""

    def __init__(self, theme: Theme, actions: Sequence[QAction | QMenu | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._full_title = ""
        self.setObjectName("header")
        self._title = QLabel(self)
        self._title.setObjectName("chatTitle")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._model = QLabel(self)
        self._model.setObjectName("modelName")
        self._model.setTextFormat(Qt.TextFormat.PlainText)
        self._model.setAccessibleDescription(self.tr("The model that answers."))
        self._new = QToolButton(self)
        first = actions[0]
        assert isinstance(first, QAction)
        self._new.setDefaultAction(first)
        self._new.setObjectName("newChatButton")
        self._new.setAccessibleName(first.text())
        self._new.setAccessibleDescription(first.toolTip())
        self._more = QToolButton(self)
        self._more.setObjectName("menuButton")
        self._more.setAccessibleName(self.tr("Menu"))
        self._more.setAccessibleDescription(self.tr("Opens the list of everything Tern can do."))
        self._more.setToolTip(self.tr("Menu"))
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._more)
        for action in actions:
            if action is None:
                menu.addSeparator()
            elif isinstance(action, QMenu):
                menu.addMenu(action)
            else:
                menu.addAction(action)
        self._more.setMenu(menu)
        for button in (self._new, self._more):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, Space.S, Space.M, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self._title, 1)
        row.addWidget(self._model)
        row.addSpacing(Space.S)
        row.addWidget(self._new)
        row.addWidget(self._more)
        self._row = row
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_title(self, title: str) -> None:
        self._full_title = " ".join(title.split())
        self._title.setAccessibleName(self._full_title)
        self._elide()

    def set_model(self, text: str) -> None:
        """The model's name, or what is happening to it."""
        self._model.setText(text)
        self._model.setAccessibleName(self.tr("Model: {0}").format(text))

    def _elide(self) -> None:
        metrics = QFontMetrics(self._title.font())
        self._title.setText(
            metrics.elidedText(self._full_title, Qt.TextElideMode.ElideRight, max(40, self._title.width()))
        )

    def _restyle(self) -> None:
        self._new.defaultAction().setIcon(action_icon("note-pencil", self._theme))
        for button in (self._new, self._more):
            button.setIconSize(self._theme.icon_size)
        self._more.setIcon(action_icon("dots-three-bold", self._theme))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        side = Space.L if self.width() < 560 else Space.XL
        self._row.setContentsMargins(side, Space.S, Space.M, Space.S)
        self._row.activate()
        self._elide()
