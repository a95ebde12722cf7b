"""The inline bar: says what happened and offers one thing that helps. Never modal, never in the way of typing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from tern.ui.announcer import Announcer
from tern.ui.error_words import said
from tern.ui.icons import action_icon
from tern.ui.theme import Space, Theme


class Notice(QFrame):
    """Hidden until :meth:`show_message`. ``tone`` "error" or "calm"."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._act: Callable[[], object] | None = None
        self._lasting = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self.setObjectName("notice")
        self.setAccessibleName(self.tr("Notice"))
        self._label = QLabel(self)
        self._label.setObjectName("noticeText")
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = QPushButton(self)
        self._button.setObjectName("noticeButton")
        self._button.setAccessibleDescription(self.tr("Does what the notice offers."))
        self._button.clicked.connect(self._do)
        self._close = QToolButton(self)
        self._close.setObjectName("noticeClose")
        self._close.setAccessibleName(self.tr("Dismiss"))
        self._close.setAccessibleDescription(self.tr("Hides this notice."))
        self._close.setToolTip(self.tr("Dismiss"))
        self._close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self._label, 1)
        row.addWidget(self._button)
        row.addWidget(self._close)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    @property
    def message(self) -> str:
        return self._label.text()

    def show_message(
        self,
        message: str,
        action: str = "",
        act: Callable[[], object] | None = None,
        tone: str = "error",
        seconds: float = 0,
        lasting: bool = False,
    ) -> None:
        """Say ``message``; ``action`` labels the button that calls ``act``. ``seconds`` 0: until it is dismissed.

        ``lasting``: it is about no one conversation, and :meth:`clear` leaves it alone.
        """
        message = said(message)
        self._lasting = lasting
        self._timer.stop()
        if seconds:
            self._timer.start(round(1000 * seconds))
        self._label.setText(message)
        self._label.setAccessibleName(message)
        self._act = act
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self.setProperty("tone", tone)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()
        Announcer(self).say(message)

    def clear(self) -> None:
        """What was said of a conversation is past."""
        if not self._lasting:
            self.hide()

    def _do(self) -> None:
        act, self._act = self._act, None
        self.hide()
        if act is not None:
            act()

    def _restyle(self) -> None:
        self._close.setIcon(action_icon("x", self._theme))
