"""Where the column of text stands in the transcript. Geometry only."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QTextBrowser

from tern.ui.style.theme import Space, Theme

_WIDE = 560  # px of the view, from which there is room for wider margins
_LEAST = 120.0


class Column:
    """In the middle of ``view``; all lengths in px."""

    def __init__(self, theme: Theme, view: QTextBrowser) -> None:
        self._theme = theme
        self._view = view

    @property
    def width(self) -> float:
        width = self._view.width()
        padding = Space.XL if width >= _WIDE else Space.L
        return max(_LEAST, min(self._theme.column_width(), width - 2 * padding))

    @property
    def left(self) -> float:
        """Where it begins in the viewport. In the middle of the whole view, so that a scroll bar's coming moves
        nothing; a bar may stand before it."""
        return max(0.0, (self._view.width() - self.width) // 2 - self._view.viewport().x())

    @property
    def right(self) -> int:
        return int(self.left + self.width)

    @property
    def offset(self) -> QPointF:
        """Document coordinates of the viewport's top left."""
        return QPointF(self._view.horizontalScrollBar().value(), self._view.verticalScrollBar().value())

    @property
    def in_view(self) -> QRectF:
        """What shows of the document, in its own coordinates."""
        return QRectF(self._view.viewport().rect()).translated(self.offset)
