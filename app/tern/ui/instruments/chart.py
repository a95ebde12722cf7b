"""Plots drawn with QPainter: lines over a common scale, and bars. A plotting library would bring numpy to the window's
start and tens of megabytes to the bundle for two kinds of picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tern.ui.style.theme import Size, Space, Theme

LEAST_POINTS = 3  # fewer make no curve


@dataclass(frozen=True, slots=True)
class Line:
    """One curve; ``role`` is its colour's."""

    name: str
    points: Sequence[tuple[float, float]]
    role: str = "accent"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its length, and the figure beside it."""

    name: str
    value: float
    text: str
    role: str = "accent"


class LineChart(QWidget):
    """Curves from zero up; nothing before three points. ``top`` fixes the scale, else the greatest value sets it."""

    def __init__(self, theme: Theme, name: str, parent: QWidget, top: float | None = None) -> None:
        super().__init__(parent)
        self._theme, self._top = theme, top
        self._lines: tuple[Line, ...] = ()
        self._ends = ("", "")
        self._scale = ""
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        return QSize(240, round(96 * self._theme.scale))

    def show_lines(self, lines: Sequence[Line], scale: str = "", ends: tuple[str, str] = ("", "")) -> None:
        """``scale``: what the top line stands for; ``ends``: words under the two ends of the x axis."""
        self._lines = tuple(line for line in lines if len(line.points) >= LEAST_POINTS)
        self._scale, self._ends = scale, ends
        said = [f"{line.name}: {line.points[-1][1]:.1f}" for line in self._lines]
        self.setAccessibleDescription("; ".join(said))
        self.update()

    @property
    def tells(self) -> bool:
        """Whether there is a curve to see."""
        return bool(self._lines)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._lines:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font(Size.SMALL, tabular=True))
        height = painter.fontMetrics().height()
        named = len(self._lines) > 1
        box = QRectF(self.rect()).adjusted(1, height + 2, -2, -(height + 4))
        painter.setPen(QPen(self._theme.color("line"), 1))
        for y in (box.top(), box.center().y(), box.bottom()):
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        self._words(painter, box, height, named)
        points = [point for line in self._lines for point in line.points]
        first, last = min(x for x, _ in points), max(x for x, _ in points)
        top = self._top or max(y for _, y in points) * 1.15 or 1.0
        for line in self._lines:
            path = QPainterPath()
            for index, (x, y) in enumerate(line.points):
                at = QPointF(
                    box.left() + box.width() * (x - first) / ((last - first) or 1),
                    box.bottom() - box.height() * min(1.0, y / top),
                )
                if index:
                    path.lineTo(at)
                else:
                    path.moveTo(at)
            painter.setPen(QPen(self._theme.color(line.role), 1.75))
            painter.drawPath(path)

    def _words(self, painter: QPainter, box: QRectF, height: int, named: bool) -> None:
        painter.setPen(self._theme.color("quiet"))
        line = QRectF(box.left(), 0, box.width(), height)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, self._scale)
        foot = QRectF(box.left(), box.bottom() + 4, box.width(), height)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, self._ends[0])
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, self._ends[1])
        if not named:
            return
        right = box.right()
        for each in reversed(self._lines):
            width = painter.fontMetrics().horizontalAdvance(each.name)
            painter.setPen(self._theme.color(each.role))
            painter.drawText(
                QRectF(right - width, 0, width + 1, height), Qt.AlignmentFlag.AlignLeft, each.name
            )
            right -= width + Space.M


class BarChart(QWidget):
    """Bars under each other, each with its name and figure; all on one scale from zero."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bars: tuple[Bar, ...] = ()
        self._whole = 0.0
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    def show_bars(self, bars: Sequence[Bar], whole: float | None = None) -> None:
        """``whole``: what a bar of full width stands for; None: the greatest value."""
        resized = len(bars) != len(self._bars)
        self._bars = tuple(bars)
        self._whole = whole or max((bar.value for bar in bars), default=0.0) or 1.0
        self.setAccessibleDescription("; ".join(f"{bar.name}: {bar.text}" for bar in bars))
        if resized:
            self.updateGeometry()
        self.update()

    def _row(self) -> int:
        return QFontMetrics(self._theme.font(Size.SMALL)).height() + 12

    def sizeHint(self) -> QSize:
        return QSize(240, self._row() * len(self._bars))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font(Size.SMALL, tabular=True))
        height, width = painter.fontMetrics().height(), self.width()
        for index, bar in enumerate(self._bars):
            y = index * self._row()
            figure = painter.fontMetrics().horizontalAdvance(bar.text)
            name = painter.fontMetrics().elidedText(
                bar.name, Qt.TextElideMode.ElideRight, width - figure - Space.M
            )
            painter.setPen(self._theme.color("ink"))
            painter.drawText(QRectF(0, y, width, height), Qt.AlignmentFlag.AlignLeft, name)
            painter.setPen(self._theme.color("quiet"))
            painter.drawText(QRectF(0, y, width, height), Qt.AlignmentFlag.AlignRight, bar.text)
            groove = QRectF(0, y + height + 2, width, 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("line"))
            painter.drawRoundedRect(groove, 2, 2)
            groove.setWidth(width * min(1.0, bar.value / self._whole))
            painter.setBrush(self._theme.color(bar.role))
            painter.drawRoundedRect(groove, 2, 2)
