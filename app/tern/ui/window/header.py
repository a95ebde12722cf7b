"""The line above the conversation: its title, the model that answers, and a menu. Whoever knows the models fills
``model_menu`` when it is about to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from tern.ui.style.controls import ActionButton
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Space, Theme

_MODEL_WIDTH = 260  # px of the longest name

MenuEntry = QAction | QMenu | None


class Header(QFrame):
    """``entries`` fill the menu, None making a separator; ``sidebar`` and ``new`` stand beside the title as buttons."""

    def __init__(
        self, theme: Theme, sidebar: QAction, new: QAction, entries: Sequence[MenuEntry], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._full_title = self._full_model = ""
        self.setObjectName("header")
        self._title = QLabel(self)
        self._title.setObjectName("chatTitle")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._private = QLabel(self)
        self._private.setObjectName("privateIcon")
        self._private.setAccessibleName(self.tr("Private"))
        self._private.hide()
        self._model = QPushButton(self)
        self._model.setObjectName("modelName")
        self._model.setAccessibleDescription(
            self.tr("The model that answers. Opens a list to choose another.")
        )
        self._model.setToolTip(self.tr("The model that answers"))
        self._model.setLayoutDirection(
            Qt.LayoutDirection.LeftToRight if self.isRightToLeft() else Qt.LayoutDirection.RightToLeft
        )  # the caret stands after the name
        self.model_menu = QMenu(self._model)
        self.model_menu.setAccessibleName(self.tr("Models"))
        self._model.setMenu(self.model_menu)
        self._side = self._icon_button("sidebarButton", sidebar)
        self._new = self._icon_button("newChatButton", new)
        self._more = QToolButton(self)
        self._more.setObjectName("menuButton")
        self._more.setAccessibleName(self.tr("Menu"))
        self._more.setAccessibleDescription(self.tr("Opens the list of everything Tern can do."))
        self._more.setToolTip(self.tr("Menu"))
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._more)
        for action in entries:
            if action is None:
                menu.addSeparator()
            elif isinstance(action, QMenu):
                menu.addMenu(action)
            else:
                menu.addAction(action)
        self._more.setMenu(menu)
        self._more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, Space.S, Space.M, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self._side)
        row.addWidget(self._private)
        row.addWidget(self._title, 1)
        row.addWidget(self._model)
        row.addSpacing(Space.S)
        row.addWidget(self._new)
        row.addWidget(self._more)
        self._row = row
        theme.changed.connect(self._restyle)
        self._restyle()

    def _icon_button(self, name: str, action: QAction) -> ActionButton:
        button = ActionButton(action, self)
        button.setObjectName(name)
        button.setAccessibleName(action.text())
        button.setAccessibleDescription(action.toolTip())
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def set_sidebar_shown(self, shown: bool) -> None:
        """Beside the sidebar, which has its own, the header needs no button for a new chat."""
        self._new.setVisible(not shown)
        self._elide()

    def set_title(self, title: str) -> None:
        self._full_title = " ".join(title.split())
        self._title.setAccessibleName(self._full_title)
        self._elide()

    def set_private(self, private: bool) -> None:
        """Whether nothing of the conversation is kept."""
        self._private.setVisible(private)
        self._elide()

    def set_model(self, text: str) -> None:
        """The model's name, or what is happening to it."""
        self._full_model = " ".join(text.split())
        self._model.setAccessibleName(self.tr("Model: {0}").format(self._full_model))
        self._elide()

    def _elide(self) -> None:
        model = QFontMetrics(self._model.font())
        widest = min(_MODEL_WIDTH, self.width() // 3)
        shown = model.elidedText(self._full_model, Qt.TextElideMode.ElideRight, widest)
        self._model.setText(shown.replace("&", "&&"))
        self._row.activate()
        metrics = QFontMetrics(self._title.font())
        self._title.setText(
            metrics.elidedText(self._full_title, Qt.TextElideMode.ElideRight, max(40, self._title.width()))
        )

    def _restyle(self) -> None:
        self._new.show_icon(partial(action_icon, "note-pencil", self._theme))
        self._side.show_icon(partial(action_icon, "list", self._theme))
        for button in (self._side, self._new, self._more):
            button.setIconSize(self._theme.icon_size)
        self._model.setIcon(action_icon("caret-down", self._theme, "quiet"))
        self._model.setIconSize(self._theme.icon_size * 0.7)
        self._private.setPixmap(action_icon("eye-slash", self._theme).pixmap(self._theme.icon_size))
        self._more.setIcon(action_icon("dots-three-bold", self._theme))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._row.setContentsMargins(Space.S, Space.S, Space.M, Space.S)
        self._elide()
