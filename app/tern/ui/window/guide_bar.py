"""The slim bar above the composer while only the built-in guide is here: the way to the real model stays open."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme


class GuideBar(QFrame):
    """Hidden until it is needed and there are messages: beside the greeting stands the card, which says more. Gives way
    to ``notice``, so that one thing at a time stands above the composer.
    """

    asked = Signal()  # for the real model

    def __init__(self, theme: Theme, notice: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._notice = notice
        notice.installEventFilter(self)
        self._needed = self._messages = self._dismissed = False
        self.setObjectName("guideBar")
        self.setAccessibleName(self.tr("Built-in guide"))
        self._words = QLabel(
            self.tr("This is the small built-in guide. For real conversations, get BitNet."), self
        )
        self._words.setWordWrap(True)
        self._words.setAccessibleName(self._words.text())
        self.button = QPushButton(self.tr("Get BitNet"), self)
        self.button.setObjectName("getModelButton")
        self.button.setProperty("kind", "floating")
        self.button.setAccessibleDescription(self.tr("Opens Models."))
        self.button.clicked.connect(self.asked)
        self.close_button = QToolButton(self)
        self.close_button.setObjectName("guideBarClose")
        self.close_button.setProperty("kind", "small")
        self.close_button.setAccessibleName(self.tr("Dismiss"))
        self.close_button.setAccessibleDescription(self.tr("Hides this bar until Tern is started again."))
        self.close_button.setToolTip(self.tr("Dismiss"))
        self.close_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.close_button.clicked.connect(self._dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.XS, Space.XS, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(self._words, 1)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        theme.changed.connect(self._restyle)
        self._restyle()
        self._show()

    def set_needed(self, needed: bool) -> None:
        """Whether the guide answers, and no other model is here."""
        self._needed = needed
        self._show()

    def set_downloading(self, downloading: bool) -> None:
        """Whether the real model is on its way."""
        self.button.setText(self.tr("Show download") if downloading else self.tr("Get BitNet"))

    def set_messages(self, messages: bool) -> None:
        """Whether messages are on show, or the greeting."""
        self._messages = messages
        self._show()

    def _dismiss(self) -> None:
        self._dismissed = True
        self._show()

    def _show(self) -> None:
        wanted = self._needed and self._messages and not self._dismissed
        self.setVisible(wanted and self._notice.isHidden())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._show()
        return False

    def _restyle(self) -> None:
        self._words.setFont(self._theme.font(Size.CONTROL))
        self.close_button.setIcon(action_icon("x", self._theme, "quiet"))
        self.close_button.setIconSize(self._theme.icon_size * 0.8)
