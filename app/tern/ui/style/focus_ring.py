"""A ring in the accent colour around what has the keyboard, for the controls that the style sheet leaves to the style,
which hardly shows it: ticks, lists, and the transcript. Only while the keyboard is used.
"""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)

from tern.ui.style.theme import Theme

_PEN, _GAP, _RADIUS = 2, 3, 6
_HAVE_THEIR_OWN = (QPlainTextEdit, QScrollArea)  # a border of the style sheet, or nothing to do with keys
_FOLLOWED = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Hide, QEvent.Type.Show)


class FocusRing(QObject):
    """Follows the focus through the whole application while ``parent`` lives."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ring: _Ring | None = None
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._follow)

    def _follow(self, old: QWidget | None, new: QWidget | None) -> None:
        if self._ring is not None and shiboken6.isValid(self._ring):
            self._ring.leave()
        self._ring = None
        target = _ringed(new)
        if target is not None and target.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            self._ring = _Ring(self._theme, target)


def _ringed(focused: QWidget | None) -> QWidget | None:
    """What the ring goes around, if it needs one."""
    if focused is None or focused.window().windowType() is Qt.WindowType.Popup:
        return None
    if isinstance(focused, _HAVE_THEIR_OWN):
        return None
    return focused if isinstance(focused, QCheckBox | QAbstractScrollArea) else None


class _Ring(QWidget):
    """Lies around a small control, or within the edge of a large one; takes no part in anything."""

    def __init__(self, theme: Theme, target: QWidget) -> None:
        self._inside = isinstance(target, QAbstractScrollArea)
        super().__init__(target if self._inside else target.parentWidget())
        self._theme = theme
        self._target = target
        for attribute in (
            Qt.WidgetAttribute.WA_TransparentForMouseEvents,
            Qt.WidgetAttribute.WA_NoSystemBackground,
        ):
            self.setAttribute(attribute)
        self.setObjectName("qt_focusRing")  # no part of what a screen reader tells
        target.installEventFilter(self)
        self._place()

    def leave(self) -> None:
        if shiboken6.isValid(self._target):
            self._target.removeEventFilter(self)
        self.hide()
        self.deleteLater()

    def _place(self) -> None:
        gap = 0 if self._inside else _GAP
        around = self._target.rect() if self._inside else self._target.geometry()
        self.setGeometry(QRect(around).adjusted(-gap, -gap, gap, gap))
        self.setVisible(self._target.isVisible())
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _FOLLOWED:
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("accent"), _PEN))
        half = _PEN // 2
        painter.drawRoundedRect(self.rect().adjusted(half, half, -half, -half), _RADIUS, _RADIUS)
