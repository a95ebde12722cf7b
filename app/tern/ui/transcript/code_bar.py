"""The quiet buttons over a code under the pointer, and the scroll bar under one whose lines are not wrapped."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollBar, QToolButton, QWidget

from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.transcript.clipboard import CopyButton


class SideSlider(QScrollBar):
    """Under what is wider than the column, over the document."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setAccessibleDescription(self.tr("Shows the ends of long lines."))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()

    def show_at(self, left: int, bottom: int, width: int, at: float, most: float) -> None:
        """``at`` of ``most`` px are scrolled away to the left."""
        self.blockSignals(True)
        self.setRange(0, round(most))
        self.setPageStep(width)
        self.setSingleStep(3 * Space.L)
        self.setValue(round(at))
        self.blockSignals(False)
        height = self.sizeHint().height()
        self.setGeometry(left, bottom - height, width, height)
        self.show()
        self.raise_()


class CodeBar(QWidget):
    """Floats over the document. By keyboard, the context menu offers the same."""

    copy_clicked = Signal()
    wrap_clicked = Signal()
    scrolled = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("codeBar")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._wrap = QToolButton(self)
        self._wrap.setObjectName("wrapCodeButton")
        self._wrap.setProperty("kind", "small")
        self._wrap.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.copy = CopyButton(theme, self.tr("Copy this code"), self)
        self.copy.setObjectName("copyCodeButton")
        self.copy.setVisible(True)
        self.slider = SideSlider(self.tr("Scroll this code sideways"), parent)
        self.slider.setObjectName("codeScrollBar")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for button in (self._wrap, self.copy):
            row.addWidget(button)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.copy.clicked.connect(self.copy_clicked)
        self._wrap.clicked.connect(self.wrap_clicked)
        self.slider.valueChanged.connect(self.scrolled)
        self._name_wrap(True)
        self.put_away()

    def restyle(self) -> None:
        self.copy.restyle()
        self._wrap.setIconSize(self._theme.icon_size * 0.8)
        self._wrap.setIcon(action_icon("arrow-elbow-down-left", self._theme, "quiet"))

    def _name_wrap(self, wrapped: bool) -> None:
        name = self.tr("Do not wrap long lines") if wrapped else self.tr("Wrap long lines")
        self._wrap.setText(self.tr("Unwrap") if wrapped else self.tr("Wrap"))
        self._wrap.setAccessibleName(name)
        self._wrap.setAccessibleDescription(name + ".")
        self._wrap.setToolTip(name)

    def put_away(self) -> None:
        self.hide()
        self.slider.hide()

    def put_over(self, what: QWidget, surface: QRect) -> None:
        """Show ``what`` at the upper right of a code's surface."""
        what.adjustSize()
        middle = 6 + (self._theme.px(Size.SMALL) + 6) // 2  # of the language's name, which the ground paints
        top = max(surface.top(), 0) + middle - what.height() // 2
        what.move(surface.right() - Space.S - what.width(), top)
        what.show()
        what.raise_()

    def show_over(self, surface: QRect, wrapped: bool, at: float, most: float) -> None:
        """``surface``: of the code; ``at`` of ``most`` px of it are scrolled away to the left."""
        self._name_wrap(wrapped)
        self.put_over(self, surface)
        self.slider.setVisible(most > 0)
        if most > 0:
            room = surface.adjusted(Space.S, 0, -Space.S, 0)
            self.slider.show_at(room.left(), surface.bottom(), room.width(), at, most)
