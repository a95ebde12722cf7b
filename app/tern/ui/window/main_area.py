"""The parts of the window and where they stand. Decides nothing."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from tern.settings import Settings
from tern.ui.composer.composer import Composer
from tern.ui.shared.actions import Actions
from tern.ui.shared.notice import Notice
from tern.ui.sidebar.sidebar import Sidebar
from tern.ui.style.icons import app_icon
from tern.ui.style.theme import Space, Theme
from tern.ui.transcript.transcript import Transcript
from tern.ui.window.greeting import Greeting
from tern.ui.window.header import Header, MenuEntry
from tern.ui.window.readouts import Readouts
from tern.ui.window.side_panel import Sides

_START = QSize(1100, 760)
_SMALLEST = QSize(480, 420)


class WindowFrame(QMainWindow):
    """Fill :attr:`actions_`, then call :meth:`_build`."""

    def __init__(self, theme: Theme, settings: Settings) -> None:
        super().__init__()
        self._theme = theme
        self._settings = settings
        self.actions_ = Actions(self)
        self.setWindowTitle("Tern")
        self.setWindowIcon(app_icon())
        self.resize(_START)
        self.setMinimumSize(_SMALLEST)

    def _build(self, menu: list[MenuEntry]) -> None:
        """``menu``: of the header; None makes a separator."""
        # Each part is born where it stays: a widget that changes its parent loses the fonts set on it (Qt 6).
        self.sides = Sides(self)
        self.centre = centre = QWidget(self.sides)
        centre.setObjectName("centre")
        acts = self.actions_
        self.sidebar = Sidebar(self._theme, [acts["new"], acts["models"], acts["settings"]], self.sides)
        self.header = Header(self._theme, acts["sidebar"], acts["new"], menu, centre)
        self.pages = QStackedWidget(centre)
        # Takes what the foot leaves, which in a low window with a notice is little.
        self.pages.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.pages.setMinimumHeight(Space.L)
        self.greeting = Greeting(self._theme, self.pages)
        self.transcript = Transcript(self._theme, self.pages)
        self.pages.addWidget(self.greeting)
        self.pages.addWidget(self.transcript)
        self._foot = QWidget(centre)
        self.notice = Notice(self._theme, self._foot)
        self.composer = Composer(self._theme, self._foot)
        self.readouts = Readouts(self._theme, centre)

        foot = QVBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(Space.S)
        foot.addWidget(self.notice)
        foot.addWidget(self.composer)
        middle = QHBoxLayout()
        middle.setContentsMargins(Space.S, Space.S, Space.S, Space.L)
        middle.addStretch(1)
        middle.addWidget(self._foot, 1000)
        middle.addStretch(1)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.pages, 1)
        column.addLayout(middle)
        column.addWidget(self.readouts)
        self.sides.changed.connect(self.header.set_sidebar_shown)
        self.sides.fill(self.sidebar, centre, self.sidebar.wanted_width, lambda: self._theme.still)
        self.setCentralWidget(self.sides)
        self._fit()
        self._theme.changed.connect(self._fit)
        box = self.composer
        order = (box.editor, box.send_button, box.stop_button, box.attach_button, box.preset_button)
        for first, second in pairwise(order):
            QWidget.setTabOrder(first, second)

    def _fit(self) -> None:
        """The composer's text stands exactly under the conversation's."""
        self._foot.setMaximumWidth(round(self._theme.column_width()) + 2 * Space.L)
        self.sides.arrange()
