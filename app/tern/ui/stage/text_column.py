"""The running text of the stage: a column of lines in which what is already read is quiet, and where in it the reader
is and where the text is being written. Lays out again only the paragraph that changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QTextCharFormat, QTextLayout, QTextOption

from tern.markup.utf16 import utf16_length

_LINE_HEIGHT = 1.42
_GAP = 0.5  # of a line, for an empty paragraph


@dataclass
class _Paragraph:
    text: str
    layout: QTextLayout
    start: int  # UTF-16 units before it
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Place:
    """Of a character: its line's top and height, and where in the line it is."""

    top: float
    height: float
    x: float


class TextColumn:
    """Call :meth:`set` with the text; :meth:`paint` draws it with its top left corner at a point."""

    def __init__(self) -> None:
        self._paragraphs: list[_Paragraph] = []
        self._text = ""
        self._font = QFont()
        self._width = 0.0

    @property
    def height(self) -> float:
        return self._paragraphs[-1].top + self._paragraphs[-1].height if self._paragraphs else 0.0

    @property
    def line_height(self) -> float:
        return self._font.pixelSize() * _LINE_HEIGHT

    def set(self, text: str, font: QFont, width: float) -> None:
        """Lay out ``text``; what is as before stays as it is."""
        if (font, width) != (self._font, self._width):
            self._paragraphs.clear()
            self._font, self._width = QFont(font), width
        elif text == self._text:
            return
        self._text = text
        lines = text.split("\n")
        same = 0
        for paragraph, line in zip(self._paragraphs, lines, strict=False):
            if paragraph.text != line:
                break
            same += 1
        del self._paragraphs[same:]
        for line in lines[same:]:
            last = self._paragraphs[-1] if self._paragraphs else None
            start = last.start + utf16_length(last.text) + 1 if last is not None else 0
            top = last.top + last.height if last is not None else 0.0
            layout, height = self._laid_out(line)
            self._paragraphs.append(_Paragraph(line, layout, start, top, height))

    def _laid_out(self, text: str) -> tuple[QTextLayout, float]:
        layout = QTextLayout(text, self._font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.setCacheEnabled(True)
        layout.beginLayout()
        y = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(self._width)
            line.setPosition(QPointF(0, y + (self.line_height - line.height()) / 2))
            y += self.line_height
        layout.endLayout()
        return layout, y if text else self.line_height * _GAP

    def place(self, character: int) -> Place:
        """Where the character before ``character`` (UTF-16) ends."""
        for paragraph in reversed(self._paragraphs):
            if character >= paragraph.start:
                inside = min(character - paragraph.start, utf16_length(paragraph.text))
                line = paragraph.layout.lineForTextPosition(max(0, inside - 1) if inside else 0)
                if not line.isValid():
                    return Place(paragraph.top, self.line_height, 0.0)
                found: Any = line.cursorToX(inside)  # with the place, which it may have moved
                x = found[0] if isinstance(found, tuple) else found
                return Place(paragraph.top + line.lineNumber() * self.line_height, self.line_height, float(x))
        return Place(0.0, self.line_height, 0.0)

    @property
    def end(self) -> Place:
        return self.place(utf16_length(self._text))

    def line_from(self, y: float) -> float:
        """The top of the first line that begins at ``y`` or below it: what a text is scrolled to cuts none."""
        for paragraph in self._paragraphs:
            if paragraph.top + paragraph.height > y:
                for number in range(paragraph.layout.lineCount()):
                    if (top := paragraph.top + number * self.line_height) >= y - 1:
                        return top
        return max(0.0, y)

    def character_at(self, x: float, y: float) -> int:
        """The character (UTF-16) at a point of the column."""
        for paragraph in self._paragraphs:
            if y < paragraph.top + paragraph.height or paragraph is self._paragraphs[-1]:
                count = paragraph.layout.lineCount()
                number = max(0, min(count - 1, int((y - paragraph.top) / self.line_height)))
                if count == 0:
                    return paragraph.start
                return paragraph.start + paragraph.layout.lineAt(number).xToCursor(x)
        return 0

    def paint(
        self, painter: QPainter, at: QPointF, clip: QRectF, ink: QColor, quiet: QColor, read: int
    ) -> None:
        """Draw what of it is in ``clip``, up to the character ``read`` in ``quiet``."""
        painter.setPen(ink)
        for paragraph in self._paragraphs:
            top = at.y() + paragraph.top
            if top + paragraph.height < clip.top() or top > clip.bottom():
                continue
            length = utf16_length(paragraph.text)
            inside = max(0, min(length, read - paragraph.start))
            selections = []
            if inside:
                selections = [QTextLayout.FormatRange()]
                selections[0].start, selections[0].length = 0, inside
                looks = QTextCharFormat()
                looks.setForeground(quiet)
                selections[0].format = looks
            paragraph.layout.draw(painter, QPointF(at.x(), top), selections, clip)


def elided(painter: QPainter, text: str, width: float) -> str:
    """``text`` in one line of that width."""
    return painter.fontMetrics().elidedText(" ".join(text.split()), Qt.TextElideMode.ElideRight, int(width))
