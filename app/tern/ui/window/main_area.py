"""All of the window but the sidebar: the header, the page that is on show, the readouts. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from tern.ui.shared.actions import Actions
from tern.ui.shared.closables import Closables, Layer
from tern.ui.style.theme import Space, Theme
from tern.ui.window.chat_panel import ChatPanel
from tern.ui.window.chat_view import ChatView
from tern.ui.window.header import Header, MenuEntry
from tern.ui.window.page_header import PageHeader
from tern.ui.window.readouts import Readouts
from tern.ui.window.side_panel import SidePanel


class MainArea(QWidget):
    """A stack of pages, of which the first is the chat with its panel. ``menu``: of the header; None makes a
    separator. ``still``: whether nothing may slide.
    """

    def __init__(
        self,
        theme: Theme,
        actions: Actions,
        menu: Sequence[MenuEntry],
        parent: QWidget,
        still: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("centre")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._back = actions["back"]
        self._back.setEnabled(False)
        self._heads = QStackedWidget(self)
        self._heads.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.header = Header(theme, actions["sidebar"], actions["new"], menu, self._heads)
        self.page_header = PageHeader(theme, actions["sidebar"], self._back, self._heads)
        self.page_header.back_requested.connect(self.leave_page)
        self._heads.addWidget(self.header)
        self._heads.addWidget(self.page_header)
        self.pages = QStackedWidget(self)
        self.beside = SidePanel(self.pages, at_end=True)
        self.chat = ChatView(theme, self.beside)
        self.panel = ChatPanel(theme, self.beside)
        self.panel.close_requested.connect(self.beside.hide_side)
        self.beside.set_wanted(False)
        self.beside.fill(self.panel, self.chat, self.panel.wanted_width, still)
        theme.changed.connect(self.beside.arrange)
        self.pages.addWidget(self.beside)
        self.readouts = Readouts(theme, self)
        self.readouts.offer_stage(actions["stage"])
        self._foot = QVBoxLayout()  # of a page: what is said while it is on show
        self._foot.setContentsMargins(Space.L, 0, Space.L, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._heads)
        column.addWidget(self.pages, 1)
        column.addLayout(self._foot)
        column.addWidget(self.readouts)

    def show_page(self, page: QWidget, title: str) -> None:
        """Show ``page``, a child of :attr:`pages`, in the place of the chat."""
        if self.pages.indexOf(page) < 0:
            self.pages.addWidget(page)
        Closables.of(self).close_from(Layer.PANEL)  # which it would cover
        Closables.of(self).opened(page, Layer.PAGE, self.leave_page)
        self.page_header.set_title(title)
        self._turn_to(page)
        focus = self.window().focusWidget()
        chosen = focus is not None and page.isAncestorOf(focus)
        if not chosen or page.focusProxy() is not None:  # else Qt's next best would begin
            page.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def page(self) -> QWidget | None:
        """The page that is in the place of the chat, if any."""
        shown = self.pages.currentWidget()
        return None if shown is self.beside else shown

    def leave_page(self) -> None:
        """Show the chat again; the keyboard goes where it was."""
        page, focus = self.page, self.window().focusWidget()
        here = focus is None or self.isAncestorOf(focus)
        self._turn_to(self.beside)  # first: what had the keyboard may be in what shows now
        if page is not None:
            Closables.of(self).closed(page, give_back=here)

    def show_chat(self) -> None:
        """Show the chat again; what is typed next is written there."""
        page = self.page
        self._turn_to(self.beside)
        if page is not None:
            Closables.of(self).closed(page, give_back=False)
        self.chat.focus_composer()

    def _turn_to(self, page: QWidget) -> None:
        chat = page is self.beside
        self._heads.setCurrentWidget(self.header if chat else self.page_header)
        self._back.setEnabled(not chat)
        self.chat.lend_notice(None if chat else self._foot)
        self.pages.setCurrentWidget(page)
