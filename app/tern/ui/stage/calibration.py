"""Thirty seconds of reading, to find out how fast a person reads: the text stops, and they say how far they came."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from tern.metrics.reading import CALIBRATION_S, calibrated_pace
from tern.settings import READING_PACE
from tern.ui.shared.words import words
from tern.ui.stage.look import Look
from tern.ui.stage.text_column import TextColumn
from tern.ui.style.tokens import Tokens

_TICK_MS = 50
_LEAST_PX = 15


class _Step(Enum):
    READY = auto()
    READING = auto()
    CHOOSING = auto()
    FOUND = auto()


class Calibration(QWidget):
    """Over the whole stage. ``found`` carries words a minute; ``closed`` when it is left."""

    found = Signal(int)
    closed = Signal()

    def __init__(
        self,
        tokens: Tokens,
        font: QFont,
        pace: int,
        parent: QWidget,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._tokens, self._font, self._clock = tokens, font, clock
        self._step = _Step.READY
        self._text = passage()
        self._words = words(self._text)
        self._word = min(len(self._words), round(pace * CALIBRATION_S / 60))  # the last that was read, from 1
        self._began = 0.0
        self._pace = pace
        self._column = TextColumn()
        self.setObjectName("calibration")
        self.setAccessibleName(_tr("Your reading pace"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._say()

    @property
    def step(self) -> str:
        """``ready``, ``reading``, ``choosing`` or ``found``."""
        return self._step.name.lower()

    # What the person does

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        enters = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if key == Qt.Key.Key_Escape or (enters and self._step is _Step.FOUND):
            self._timer.stop()
            self.closed.emit()
        elif enters:
            self._go_on()
        elif self._step is _Step.CHOOSING:
            self._move(key)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._step is _Step.CHOOSING:
            area = self._area()
            at = event.position() - area.topLeft()
            character = self._column.character_at(at.x(), at.y())
            reached = [number for number, word in enumerate(self._words, 1) if word.start <= character]
            self._choose(reached[-1] if reached else 1)
        elif self._step is _Step.FOUND:
            self.closed.emit()
        elif self._step is _Step.READY:
            self._go_on()

    def _go_on(self) -> None:
        if self._step is _Step.READY:
            self._step, self._began = _Step.READING, self._clock()
            self._timer.start()
        elif self._step is _Step.READING:  # read to its end before the time was over
            seconds = max(1.0, self._clock() - self._began)
            self._finish(len(self._words) * CALIBRATION_S / seconds)
        elif self._step is _Step.CHOOSING:
            self._finish(self._word)
        self._say()

    def _move(self, key: int) -> None:
        here = self._column.place(self._words[self._word - 1].end)
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        lines = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if key in steps:
            self._choose(self._word + steps[Qt.Key(key)])
        elif key in lines:
            y = here.top + (0.5 + lines[Qt.Key(key)]) * here.height
            character = self._column.character_at(max(0.0, here.x - 2), max(0.0, y))
            reached = [number for number, word in enumerate(self._words, 1) if word.start <= character]
            self._choose(reached[-1] if reached else 1)

    def _choose(self, word: int) -> None:
        self._word = max(1, min(len(self._words), word))
        self._say()

    def _finish(self, read: float) -> None:
        assert READING_PACE.low is not None
        assert READING_PACE.high is not None
        self._timer.stop()
        self._pace = calibrated_pace(round(read), READING_PACE.low, READING_PACE.high)
        self._step = _Step.FOUND
        self.found.emit(self._pace)

    def _tick(self) -> None:
        if self._clock() - self._began >= CALIBRATION_S:
            self._timer.stop()
            self._step = _Step.CHOOSING
            self._say()
        self.update(self._top().toAlignedRect())

    # What is seen

    def _say(self) -> None:
        self.setAccessibleDescription(self._told())
        self.update()

    def _told(self) -> str:
        if self._step is _Step.READY:
            return _tr("Read as you always do. After 30 seconds the text stops. The space bar begins.")
        if self._step is _Step.READING:
            return _tr("Read on until the line above is full. All read? Press the space bar.")
        if self._step is _Step.CHOOSING:
            word = self._words[self._word - 1]
            last = self._text.encode("utf-16-le")[2 * word.start : 2 * word.end].decode("utf-16-le")
            return _tr(
                "Which word did you read last? Click it or go there with the arrows, then Enter: {0}"
            ).format(last)
        return _tr(
            "You read {0} words a minute. Tern compares with that from now on. Enter goes back."
        ).format(self._pace)

    def _look(self) -> Look:
        return Look(self._tokens, self._font, QSizeF(self.size()))

    def _top(self) -> QRectF:
        look = self._look()
        return QRectF(look.margin, 0.5 * look.margin, self.width() - 2 * look.margin, 1.9 * look.label_px)

    def _area(self) -> QRectF:
        look, top = self._look(), self._top()
        return QRectF(
            look.margin,
            top.bottom() + 0.4 * look.margin,
            top.width(),
            self.height() - top.bottom() - 0.9 * look.margin,
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look, top, area = QPainter(self), self._look(), self._top(), self._area()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), look.color("paper"))
        thick = max(4.0, 5 * look.unit)
        bar = QRectF(top.left(), top.top() - 1.6 * thick, top.width(), thick)
        painter.fillRect(bar, look.color("line"))
        if self._step is _Step.READING:
            bar.setWidth(top.width() * min(1.0, (self._clock() - self._began) / CALIBRATION_S))
            painter.fillRect(bar, look.color("accent"))
        if self._step in (_Step.READY, _Step.FOUND):
            painter.setFont(look.sized(look.text_px, bold=self._step is _Step.FOUND))
            painter.setPen(look.color("accent" if self._step is _Step.FOUND else "ink"))
            painter.drawText(
                QRectF(self.rect()).adjusted(look.margin, 0, -look.margin, 0),
                Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                self._told(),
            )
            return
        painter.setFont(look.sized(look.label_px))
        painter.setPen(look.color("quiet"))
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter, self._told())
        self._fit(look, area)
        chosen = self._step is _Step.CHOOSING
        read = self._words[self._word - 1].end if chosen else 0
        at = QPointF(area.left(), area.top())
        self._column.paint(painter, at, QRectF(self.rect()), look.color("ink"), look.color("quiet"), read)
        if chosen:
            first, last = (self._column.place(each) for each in (self._words[self._word - 1].start, read))
            left = first.x if first.top == last.top else 0.0
            mark = QRectF(
                at.x() + left, at.y() + last.top + last.height - thick, max(thick, last.x - left), thick
            )
            painter.fillRect(mark, look.color("mark"))

    def _fit(self, look: Look, area: QRectF) -> None:
        """As large as all of it has room."""
        px = look.text_px
        while True:
            self._column.set(self._text, look.sized(px), area.width())
            if self._column.height <= area.height() or px <= _LEAST_PX:
                return
            px -= 1


def passage() -> str:
    """What is read: easy prose, more of it than anyone reads in half a minute."""
    return "\n\n".join(
        (
            _tr(
                "The arctic tern weighs about as much as a small apple, and no animal travels farther. It "
                "hatches in the far north in June, when the sun does not set. Its parents feed it with small "
                "fish for three weeks; then it can fly. By the end of August it leaves with them, over the "
                "sea, towards the south."
            ),
            _tr(
                "Terns do not take the shortest way. They follow the winds, which blow in great circles over "
                "the oceans, and so they draw a line like the letter S around half of the globe. In the "
                "middle of the Atlantic they stop for some weeks to eat. From there some follow the coast of "
                "Africa, others that of South America. In November all of them reach the edge of the ice "
                "around the South Pole, where it is summer now."
            ),
            _tr(
                "There they rest on the floes, and change their feathers. Food is near: where ice melts, the "
                "water is full of small crabs and fish. When the days become short they set out again, and "
                "this time they hurry. The way back takes them about forty days. A bird that carried a tiny "
                "recorder on its leg flew more than ninety thousand kilometres in one year."
            ),
            _tr(
                "A tern can live for thirty years. In that time it flies as far as to the moon and back, "
                "three times over, and it sees more daylight than any other being on earth. Nobody teaches "
                "the young ones the way. They know it from the stars, from the sun, and from the pull of the "
                "earth itself, and most of them come back to the very island on which they hatched. People on"
                " the northern coasts wait for them every spring: when the terns are here, they say, the "
                "winter is over."
            ),
        )
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("calibration", text)
