"""The conversation as it is seen: greeting or messages, under them the notice and the composer. Decides nothing."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from tern.ui.composer.composer import Composer
from tern.ui.shared.notice import Notice
from tern.ui.style.theme import Space, Theme
from tern.ui.transcript.transcript import Transcript
from tern.ui.window.greeting import Greeting
from tern.ui.window.guide_bar import GuideBar
from tern.ui.window.private_line import PrivateLine


class ChatView(QWidget):
    """Its parts are public: whoever knows the conversation fills them."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        # Each part is born where it stays: a widget that changes its parent loses the fonts set on it (Qt 6).
        self._pages = QStackedWidget(self)
        # Takes what the foot leaves, which in a low window with a notice is little.
        self._pages.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._pages.setMinimumHeight(Space.M)
        self.greeting = Greeting(theme, self._pages)
        self.transcript = Transcript(theme, self._pages)
        self._pages.addWidget(self.greeting)
        self._pages.addWidget(self.transcript)
        self._foot = QWidget(self)
        self.notice = Notice(theme, self._foot)
        self.guide_bar = GuideBar(theme, self.notice, self._foot)
        self.private_line = PrivateLine(theme, self._foot)
        self.private_line.hide()
        self.composer = Composer(theme, self._foot)

        self._foot_column = foot = QVBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(Space.S)
        foot.addWidget(self.notice)
        foot.addWidget(self.guide_bar)
        foot.addWidget(self.private_line)
        foot.addWidget(self.composer)
        middle = QHBoxLayout()
        middle.setContentsMargins(Space.S, Space.S, Space.S, Space.L)
        middle.addStretch(1)
        middle.addWidget(self._foot, 1000)
        middle.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._pages, 1)
        column.addLayout(middle)
        theme.changed.connect(self._fit)
        self._fit()
        box = self.composer
        order = (box.editor, box.send_button, box.stop_button, box.attach_button, box.preset_button)
        for first, second in pairwise(order):
            QWidget.setTabOrder(first, second)

    def show_messages(self, messages: bool) -> None:
        """The messages, or the greeting where there are none."""
        self._pages.setCurrentWidget(self.transcript if messages else self.greeting)
        self.guide_bar.set_messages(messages)

    def lend_notice(self, place: QBoxLayout | None) -> None:
        """Have the notice in ``place`` while a page covers this view, so that what is said is seen; None: here."""
        (self._foot_column if place is None else place).insertWidget(0, self.notice)

    def focus_composer(self) -> None:
        self.composer.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _fit(self) -> None:
        """The composer's text stands exactly under the conversation's."""
        self._foot.setMaximumWidth(round(self._theme.column_width()) + 2 * Space.L)
