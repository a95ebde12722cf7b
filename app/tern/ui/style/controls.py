"""Ticks, numbers and choices as the style sheet's fields look: what it cannot draw, ticks and carets, is drawn here.
They behave as Qt's own and look for their colours in the application's palette.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QActionEvent, QIcon, QPainter, QPaintEvent, QPalette, QPen, QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStyleOptionSpinBox,
    QToolButton,
    QWidget,
)

_BOX, _RADIUS = 18, 4
_INDENT = 9
_CARET = 0.25  # of the text's height, from its point to each side
_TICK = ((0.24, 0.53), (0.43, 0.71), (0.77, 0.32))  # of the box's side


class ActionButton(QToolButton):
    """Stands for ``action``, with an icon of its own: on the action, it would make every menu leave room for icons.

    ``make`` is asked for it anew each time: an icon drawn in Python and kept in Python is freed twice when Python ends.
    """

    def __init__(self, action: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self._make: Callable[[], QIcon] = QIcon
        self.setDefaultAction(action)

    def show_icon(self, make: Callable[[], QIcon]) -> None:
        self._make = make
        self.setIcon(make())

    def actionEvent(self, event: QActionEvent) -> None:
        super().actionEvent(event)
        self.setIcon(self._make())


class Tick(QCheckBox):
    """A check box without words of its own."""

    def sizeHint(self) -> QSize:
        return QSize(self._side(), self._side() + 4)  # flush with the controls above and under it

    def _side(self) -> int:
        """Of the box, px: it grows with the text beside it."""
        return max(_BOX, round(1.1 * self.fontMetrics().height()))

    def hitButton(self, pos: object) -> bool:
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        enabled = self.isEnabled()
        painter.setOpacity(1.0 if enabled else 0.5)
        side = self._side()
        box = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side).adjusted(
            0.5, 0.5, -0.5, -0.5
        )
        accent, edge = palette.color(QPalette.ColorRole.Accent), palette.color(QPalette.ColorRole.Dark)
        checked = self.isChecked()
        painter.setPen(QPen(accent if checked else edge, 1))
        painter.setBrush(accent if checked else palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(box, _RADIUS, _RADIUS)
        if checked:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Base), 2))
            painter.drawPolyline([box.topLeft() + QPointF(x * side, y * side) for x, y in _TICK])


class Number(QSpinBox):
    """A whole number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _indent(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _steps(self)


class Real(QDoubleSpinBox):
    """A number with a fraction. Point and comma both begin it; it is shown as the language has it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _indent(self)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return super().validate(self._localized(text), position)

    def valueFromText(self, text: str) -> float:
        return super().valueFromText(self._localized(text))

    def _localized(self, text: str) -> str:
        point = self.locale().decimalPoint()
        return text.replace(",", point).replace(".", point)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _steps(self)


class Choice(QComboBox):
    """One of a few."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self.initStyleOption(option := QStyleOptionComboBox())
        arrow = QStyle.SubControl.SC_ComboBoxArrow
        place = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, arrow, self)
        _caret(self, place, down=True, can=self.isEnabled())


def _indent(box: QAbstractSpinBox) -> None:
    """The number begins where the words of other fields do: the style sheet's padding does not reach it."""
    box.lineEdit().setTextMargins(_INDENT, 0, _INDENT, 0)


def _steps(box: Number | Real) -> None:
    """The carets of both buttons; faint where there is no way further."""
    box.initStyleOption(option := QStyleOptionSpinBox())
    can = box.stepEnabled()
    part, step = QStyle.SubControl, QAbstractSpinBox.StepEnabledFlag
    for control, flag in (
        (part.SC_SpinBoxUp, step.StepUpEnabled),
        (part.SC_SpinBoxDown, step.StepDownEnabled),
    ):
        place = box.style().subControlRect(QStyle.ComplexControl.CC_SpinBox, option, control, box)
        down = flag is step.StepDownEnabled
        _caret(box, place, down=down, can=box.isEnabled() and bool(can & flag))


def _caret(widget: QWidget, place: QRect, *, down: bool, can: bool) -> None:
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(1.0 if can else 0.4)
    pen = QPen(widget.palette().color(QPalette.ColorRole.PlaceholderText), 1.4)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    wide = _CARET * widget.fontMetrics().height()
    middle, half = QRectF(place).center(), wide / 2 if down else -wide / 2
    left, right = QPointF(-wide, -half), QPointF(wide, -half)
    painter.drawPolyline([middle + left, middle + QPointF(0, half), middle + right])
