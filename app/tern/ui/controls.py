"""Ticks, numbers and choices whose outlines can be seen in light and dark: the style draws the dark ones too faintly.
They behave as Qt's own and look for their colours in the application's palette.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox, QWidget

_BOX, _RADIUS = 18, 4
_TICK = ((0.24, 0.53), (0.43, 0.71), (0.77, 0.32))  # of the box's side


class Tick(QCheckBox):
    """A check box without words of its own."""

    def sizeHint(self) -> QSize:
        return QSize(_BOX + 4, _BOX + 4)

    def hitButton(self, pos: object) -> bool:
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        enabled = self.isEnabled()
        painter.setOpacity(1.0 if enabled else 0.5)
        box = QRectF((self.width() - _BOX) / 2, (self.height() - _BOX) / 2, _BOX, _BOX).adjusted(
            0.5, 0.5, -0.5, -0.5
        )
        accent, edge = palette.color(QPalette.ColorRole.Accent), palette.color(QPalette.ColorRole.Dark)
        checked = self.isChecked()
        painter.setPen(QPen(accent if checked else edge, 1))
        painter.setBrush(accent if checked else palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(box, _RADIUS, _RADIUS)
        if checked:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Base), 2))
            painter.drawPolyline([box.topLeft() + QPointF(x * _BOX, y * _BOX) for x, y in _TICK])


class Number(QSpinBox):
    """A whole number."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _outline(self)


class Real(QDoubleSpinBox):
    """A number with a fraction."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _outline(self)


class Choice(QComboBox):
    """One of a few."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _outline(self)


def _outline(widget: QWidget) -> None:
    """Over the style's own, which may be too faint."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(widget.palette().color(QPalette.ColorRole.Dark), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
