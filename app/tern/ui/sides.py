"""Sidebar and page side by side. Where the window is narrow the sidebar hides, and lies over the page when asked for.
Only geometry: knows neither part.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

NARROWEST_PAGE = 472  # px beside the sidebar


class Sides(QWidget):
    """Give it its two children with :meth:`fill`. ``changed`` tells whether the sidebar is in view now."""

    changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side: QWidget | None = None
        self._page: QWidget | None = None
        self._wanted = True  # beside the page
        self._over = False  # lying over it, in a narrow window
        self._shown: bool | None = None

    def fill(self, side: QWidget, page: QWidget, width: Callable[[], int]) -> None:
        """``width``: of the sidebar, in px."""
        self._side, self._page, self._width = side, page, width
        self.arrange()

    @property
    def wanted(self) -> bool:
        """Whether the person wants the sidebar where there is room for it."""
        return self._wanted

    def set_wanted(self, wanted: bool) -> None:
        self._wanted = wanted
        self.arrange()

    def toggle(self) -> None:
        """Show the sidebar, or hide it."""
        if self._is_narrow():
            self._over = not self._over
        else:
            self._wanted = not self._wanted
        self.arrange()

    def reveal(self) -> None:
        """Show the sidebar, if it is not in view."""
        if not self._shown:
            self.toggle()

    def close_over(self) -> None:
        """Something was chosen in a sidebar that covers the page."""
        if self._over:
            self._over = False
            self.arrange()

    def arrange(self) -> None:
        """Give both parts their places."""
        if self._side is None or self._page is None:
            return
        width, narrow = self._width(), self._is_narrow()
        self._over = self._over and narrow
        shown = self._over or (self._wanted and not narrow)
        left = width if shown and not self._over else 0
        self._side.setGeometry(0, 0, width, self.height())
        self._page.setGeometry(left, 0, self.width() - left, self.height())
        self._side.setVisible(shown)
        if self._over:
            self._side.raise_()
        if shown is not self._shown:
            self._shown = shown
            self.changed.emit(shown)

    def _is_narrow(self) -> bool:
        return self.width() < self._width() + NARROWEST_PAGE

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()
