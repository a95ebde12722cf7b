"""The row that leads to the models, with a ring at its end while something is downloaded."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from tern.ui.style.controls import ActionButton
from tern.ui.style.theme import Space, Theme

_SIDE, _PEN = 14, 2.0  # px at scale 1


class RingButton(ActionButton):
    """``part`` of all that is downloaded is drawn in the accent colour, on a ring in the colour of lines."""

    def __init__(self, action: QAction, theme: Theme, parent: QWidget) -> None:
        super().__init__(action, parent)
        self._theme = theme
        self._about = action.toolTip()
        self.part: float | None = None

    def show_download(self, part: float | None, words: str) -> None:
        """``part`` None: nothing is downloaded. ``words`` say it to whoever does not see the ring."""
        if part is None and self.part is None:
            return
        self.part = part
        about = self._about if part is None else f"{self._about}. {words}"
        self.setAccessibleDescription(about)
        self.setToolTip(words if part is not None else self._about)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.part is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side, pen = _SIDE * self._theme.scale, _PEN * self._theme.scale
        left = Space.M if self.isRightToLeft() else self.width() - Space.M - side
        ring = QRectF(left, (self.height() - side) / 2, side, side).adjusted(
            pen / 2, pen / 2, -pen / 2, -pen / 2
        )
        painter.setPen(QPen(self._theme.color("edge"), pen / 2))
        painter.drawEllipse(ring)
        arc = QPen(self._theme.color("accent"), pen)
        arc.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(arc)
        painter.drawArc(ring, 90 * 16, -round(360 * 16 * self.part))
