"""The end of what is in view, fading into the paper: there is more below. Takes no clicks."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QTextEdit, QWidget

from tern.ui.style.theme import Space, Theme


class Fade(QWidget):
    """Lies over the lower edge of ``view``, hidden until it is shown."""

    def __init__(self, theme: Theme, view: QTextEdit) -> None:
        super().__init__(view)
        self._theme, self._view = theme, view
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def place(self) -> None:
        """Where the view's text ends now."""
        shown = self._view.viewport().geometry()
        self.setGeometry(shown.left(), shown.bottom() + 1 - Space.XL, shown.width(), Space.XL)

    def paintEvent(self, event: QPaintEvent) -> None:
        from PySide6.QtGui import QLinearGradient  # makes 180 named gradients, for which no first frame waits

        paper = self._theme.color("paper")
        clear = QColor(paper)
        clear.setAlpha(0)
        gradient = QLinearGradient(QPoint(), QPoint(0, self.height() - 2))
        gradient.setColorAt(0, clear)
        gradient.setColorAt(1, paper)
        painter = QPainter(self)
        painter.fillRect(self.rect(), gradient)
        painter.end()
