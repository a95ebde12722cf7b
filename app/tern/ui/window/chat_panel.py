"""The panel at the side of the conversation: a title, a button that closes it, and what it is filled with."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme

_WIDTH = 320


class ChatPanel(QFrame):
    """Give what it shows to :meth:`fill`; born as a child of :attr:`place`."""

    close_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("chatPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._title = QLabel(self)
        self._title.setWordWrap(True)
        self._close = QToolButton(self)
        self._close.setObjectName("panelClose")
        self._close.setAccessibleName(self.tr("Close"))
        self._close.setAccessibleDescription(self.tr("Closes this panel. Key: Escape."))
        self._close.setToolTip(self.tr("Close (Esc)"))
        self._close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._close.clicked.connect(self.close_requested)
        self.content: QWidget | None = None
        self.place = QWidget(self)
        self._column = QVBoxLayout(self.place)
        self._column.setContentsMargins(0, 0, 0, 0)
        head = QHBoxLayout()
        head.setContentsMargins(Space.L, Space.M, Space.S, 0)
        head.addWidget(self._title, 1)
        head.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 1, 0)
        column.setSpacing(Space.S)
        column.addLayout(head)
        column.addWidget(self.place, 1)
        theme.changed.connect(self._restyle)
        self._restyle()

    def fill(self, content: QWidget) -> None:
        """Show ``content`` in the place of what was there, which is deleted."""
        while (item := self._column.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._title.setText(content.accessibleName())
        self.setAccessibleName(content.accessibleName())
        self.content = content
        self._column.addWidget(content)
        content.show()

    def wanted_width(self) -> int:
        over = self.parentWidget()
        most = over.width() - 2 * Space.XL if over is not None else _WIDTH
        return min(round(_WIDTH * self._theme.scale), max(most, 1))

    def _restyle(self) -> None:
        self._title.setFont(self._theme.font(Size.BODY, weight=QFont.Weight.DemiBold))
        self._close.setIcon(action_icon("x", self._theme))
        self._close.setIconSize(self._theme.icon_size)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(self._theme.color("line"))
        edge = self.width() - 1 if self.isRightToLeft() else 0
        painter.drawLine(edge, 0, edge, self.height())
