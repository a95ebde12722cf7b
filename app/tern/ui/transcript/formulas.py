"""Display formulas drawn as books set them, once a reply has ended. Their readable text stays in the document, out
of sight: what is read aloud, found and selected is that. Laid out on a thread, placed a few a frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from math import ceil

from PySide6.QtCore import QObject, QRectF, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPainterPath,
    QPen,
    QTextBlock,
    QTextBlockFormat,
    QTextCursor,
    QTextDocument,
)

from tern.ui.shared.jobs import Job
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.style.timing import PAUSE_MS
from tern.ui.transcript.formats import FORMULA, Formats

_AT_ONCE = 2  # formulas that are placed in a frame
_SMALLEST = 0.6  # of its size, that a wide formula may be drawn at
_LARGER = 1.1  # than the text around it: its small parts must be read, too
_BESIDE = 2.0  # px around the outlines


class Formulas(QObject):
    """Places formulas in ``document``. ``placing`` and ``placed`` go around a change that moves what stands below."""

    placing = Signal()
    placed = Signal()

    def __init__(self, document: QTextDocument, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self._theme = theme
        self._waiting: deque[tuple[QTextCursor, str]] = deque()  # laid out, to be placed
        self._asked: deque[tuple[QTextCursor, str]] = deque()
        self._job: Job | None = None
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._place_some)

    @property
    def busy(self) -> bool:
        return bool(self._asked or self._waiting or self._job is not None)

    def forget(self) -> None:
        """The document is written anew."""
        self._asked.clear()
        self._waiting.clear()
        self._timer.stop()

    def add(self, places: Sequence[tuple[QTextCursor, str]]) -> None:
        """Blocks that hold a formula's readable text, and its TeX."""
        if places:
            self._asked.extend(places)
            self._next()

    def _next(self) -> None:
        if self._job is not None or not self._asked:
            return
        from tern.markup.formula_layout import laid_out  # late: most replies have none

        batch = list(self._asked)
        self._asked.clear()

        def work(tell: Callable[[float], None]) -> None:
            for number, (_, tex) in enumerate(batch):
                laid_out(tex)  # which remembers it
                tell(number / len(batch))

        self._job = Job("formulas", work)  # nobody's child: its thread may outlive the window
        self._job.done.connect(lambda _: self._waiting.extend(batch))
        self._job.ended.connect(partial(self._ended, self._job))
        self._job.start()

    def close(self) -> None:
        """The window goes."""
        self.forget()
        if self._job is not None:
            self._job.cancel()

    def _ended(self, job: Job) -> None:
        self._job = None
        job.deleteLater()
        self._timer.start()
        self._next()

    def _place_some(self) -> None:
        if not self._waiting:
            return
        self.placing.emit()
        edit = QTextCursor(self._document)
        edit.beginEditBlock()  # one layout for all of them
        formats = Formats(self._theme)
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            cursor, tex = self._waiting.popleft()
            self._place(cursor.block(), tex, formats)
        edit.endEditBlock()
        self.placed.emit()
        if self._waiting:
            self._timer.start()

    def _place(self, block: QTextBlock, tex: str, formats: Formats) -> None:
        path = formula_path(tex)
        if path is None or not block.text().strip():
            return
        root = self._document.rootFrame().frameFormat()
        fmt = QTextBlockFormat(block.blockFormat())
        room = self._document.textWidth() - root.leftMargin() - root.rightMargin()
        room -= fmt.leftMargin() + fmt.rightMargin()
        scale = formula_scale(self._theme)
        if path.width * scale * _SMALLEST > max(room, 1):
            return
        lines = block.text().count("\u2028") + 1
        height = path.height * min(scale, max(room, 1) / path.width) + 2 * _BESIDE
        fmt.setLineHeight(ceil(height / lines), QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        fmt.setTopMargin(fmt.topMargin() + Space.XS)
        fmt.setBottomMargin(Space.XS)
        fmt.setProperty(FORMULA, tex)
        cursor = QTextCursor(block)
        cursor.setBlockFormat(fmt)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        hidden = formats.spacer_char()
        hidden.setForeground(QColor(0, 0, 0, 0))
        cursor.setCharFormat(hidden)


class FormulaPath:
    """A formula's outlines as painter's paths, at the size of its layout."""

    def __init__(self, width: float, height: float, shapes: list[tuple[QPainterPath, str, float]]) -> None:
        self.width, self.height = width, height
        self._shapes = shapes

    def paint(self, painter: QPainter, left: float, top: float, scale: float, ink: QColor) -> None:
        painter.save()
        painter.translate(left, top)
        painter.scale(scale, scale)
        for path, colour, pen in self._shapes:
            shade = QColor(colour) if colour and QColor.isValidColorName(colour) else ink
            if pen:
                painter.strokePath(path, QPen(shade, pen))
            else:
                painter.fillPath(path, shade)
        painter.restore()


@lru_cache(400)
def formula_path(tex: str) -> FormulaPath | None:
    """The formula to draw; None where it is not known. Quick once it has been laid out."""
    from tern.markup.formula_layout import laid_out

    formula = laid_out(tex)
    if formula is None:
        return None
    shapes = []
    for outline in formula.outlines:
        path = QPainterPath()
        for letter, at in outline.commands:
            match letter:
                case "M":
                    path.moveTo(*at)
                case "L":
                    path.lineTo(*at)
                case "Q":
                    path.quadTo(*at)
                case "C":
                    path.cubicTo(*at)
                case _:
                    path.closeSubpath()
        shapes.append((path, outline.colour, outline.stroke))
    return FormulaPath(formula.width, formula.height, shapes)


def formula_scale(theme: Theme) -> float:
    """Of the outlines, for the size of the text."""
    from tern.markup.formula_layout import SIZE

    return _LARGER * theme.px(Size.BODY) / SIZE


def paint_formula(painter: QPainter, tex: str, rect: QRectF, theme: Theme, ink: QColor, right: bool) -> None:
    """Draw a formula into the room of its block, smaller where it is wider than that."""
    path = formula_path(tex)
    if path is None:
        return
    scale = min(formula_scale(theme), rect.width() / path.width)
    left = rect.right() - path.width * scale if right else rect.left()
    path.paint(painter, left, rect.top() + (rect.height() - path.height * scale) / 2, scale, ink)
