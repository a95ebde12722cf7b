"""All of the window but the sidebar: the header, the page that is on show, the readouts. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from tern.ui.shared.actions import Actions
from tern.ui.style.theme import Theme
from tern.ui.window.chat_view import ChatView
from tern.ui.window.header import Header, MenuEntry
from tern.ui.window.readouts import Readouts


class MainArea(QWidget):
    """A stack of pages, of which the first is the chat. ``menu``: of the header; None makes a separator."""

    def __init__(self, theme: Theme, actions: Actions, menu: Sequence[MenuEntry], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("centre")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.header = Header(theme, actions["sidebar"], actions["new"], menu, self)
        self.pages = QStackedWidget(self)
        self.chat = ChatView(theme, self.pages)
        self.pages.addWidget(self.chat)
        self.readouts = Readouts(theme, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.pages, 1)
        column.addWidget(self.readouts)

    def show_page(self, page: QWidget) -> None:
        """Show ``page``, a child of :attr:`pages`, in the place of the chat."""
        if self.pages.indexOf(page) < 0:
            self.pages.addWidget(page)
        self.pages.setCurrentWidget(page)
        page.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_chat(self) -> None:
        """Show the chat again; what is typed next is written there."""
        self.pages.setCurrentWidget(self.chat)
        self.chat.focus_composer()
