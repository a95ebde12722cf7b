"""A side and a page beside each other. Where there is little room the side hides, and lies over the page when asked
for. Only geometry: knows neither part.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QAbstractAnimation, QEasingCurve, QPoint, QPropertyAnimation, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from tern.ui.shared.closables import Closables, Layer
from tern.ui.style.timing import SLIDE_MS

NARROWEST_PAGE = 472  # px beside the side
_VEIL = 0.7  # of the paper


class _Veil(QWidget):
    """Over the page while the side covers a part of it; ``pressed`` when it is clicked."""

    pressed = Signal()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(_VEIL)
        painter.fillRect(self.rect(), self.palette().window())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()


class SidePanel(QWidget):
    """Give it its two children with :meth:`fill`. ``changed`` tells whether the side is in view now.

    The side stands where reading begins, as the sidebar does, and can be closed where it lies over the page; ``at_end``
    it stands at the other edge, as a panel does that is opened for a while, and can always be closed.
    """

    changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None, at_end: bool = False) -> None:
        super().__init__(parent)
        self._at_end = at_end
        self._side: QWidget | None = None
        self._page: QWidget | None = None
        self._wanted = True  # beside the page
        self._over = False  # lying over it, in a narrow window
        self._shown: bool | None = None
        self._still: Callable[[], bool] = lambda: True
        self._slide: QPropertyAnimation | None = None
        self._veil = _Veil(self)
        self._veil.hide()
        self._veil.pressed.connect(self.close_over)

    def fill(self, side: QWidget, page: QWidget, width: Callable[[], int], still: Callable[[], bool]) -> None:
        """``width``: of the side, in px. ``still``: whether it may not slide when the person asks for it."""
        self._side, self._page, self._width, self._still = side, page, width, still
        self._slide = QPropertyAnimation(side, b"pos", self)
        self._slide.setDuration(SLIDE_MS)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._slide.finished.connect(self._settle)
        self.arrange()

    @property
    def wanted(self) -> bool:
        """Whether the person wants the side where there is room for it."""
        return self._wanted

    def set_wanted(self, wanted: bool) -> None:
        self._wanted = wanted
        self.arrange()

    def toggle(self) -> None:
        """Show the side, or hide it."""
        if self._is_narrow():
            self._over = not self._over
        else:
            self._wanted = not self._wanted
        self.arrange(slide=True)

    def reveal(self) -> None:
        """Show the side, if it is not in view."""
        if not self._shown:
            self.toggle()

    @property
    def side_shown(self) -> bool:
        """Whether the side is in view."""
        return bool(self._shown)

    def show_side(self) -> None:
        """Show the side, beside the page or over it."""
        if not self._shown:
            self._wanted, self._over = True, self._is_narrow()
            self.arrange(slide=True)

    def hide_side(self) -> None:
        """Hide the side, wherever it is."""
        self._over = self._wanted = False
        self.arrange(slide=True)

    def close_over(self) -> bool:
        """Something was chosen in a sidebar that covers the page, or beside it. Whether it did cover the page."""
        was_over = self._over
        if was_over:
            self._over = False
            self.arrange(slide=True)
        return was_over

    @property
    def sliding(self) -> bool:
        return self._slide is not None and self._slide.state() is QAbstractAnimation.State.Running

    def arrange(self, slide: bool = False) -> None:
        """Give both parts their places; ``slide`` shows where the side comes from or goes to."""
        if self._side is None or self._page is None or self._slide is None:
            return
        self._slide.stop()
        width, narrow = self._width(), self._is_narrow()
        self._over = self._over and narrow
        shown = self._over or (self._wanted and not narrow)
        room = width if shown and not self._over else 0
        mirrored = self.isRightToLeft() is not self._at_end
        inside = QPoint(self.width() - width if mirrored else 0, 0)
        outside = QPoint(self.width() if mirrored else -width, 0)
        self._page.setGeometry(0 if mirrored else room, 0, self.width() - room, self.height())
        self._side.resize(width, self.height())
        self._tell_what_can_be_closed(shown)
        slide = slide and shown is not self._shown and self.isVisible() and not self._still()
        if slide:
            self._slide.setStartValue(outside if shown else inside)
            self._slide.setEndValue(inside if shown else outside)
            self._side.move(self._slide.startValue())
            self._side.setVisible(True)
            self._slide.start()
        else:
            self._side.move(inside)
            self._side.setVisible(shown)
        self._veil.setGeometry(self._page.geometry())
        self._veil.setVisible(self._over)
        if self._over or slide:
            self._veil.raise_()
            self._side.raise_()
        if shown is not self._shown:
            self._shown = shown
            self.changed.emit(shown)

    def _tell_what_can_be_closed(self, shown: bool) -> None:
        """Before anything hides: the keyboard goes back to where it was."""
        if self._side is None:
            return
        closables = Closables.of(self)
        if shown and (self._over or self._at_end):
            layer = Layer.PANEL if self._at_end else Layer.SIDEBAR
            closables.opened(self._side, layer, self.hide_side if self._at_end else self.close_over)
        else:
            closables.closed(self._side, give_back=False if shown else None)

    def _settle(self) -> None:
        """The slide has ended."""
        if self._side is not None:
            self._side.setVisible(bool(self._shown))

    def _is_narrow(self) -> bool:
        return self.width() < self._width() + NARROWEST_PAGE

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()
