"""The instrument line: memory, speed, and what the network does. The speed is there once a reply of the chat on show
has one, and stands where its coming moves nothing. Draws what others measured and found out; measures only its own
process's memory, through metrics.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from tern.engine.types import Stats
from tern.library.rate_meter import RateMeter
from tern.metrics.memory import memory
from tern.ui.style.icons import action_icon
from tern.ui.style.number_text import size_text, speed_text
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.window.network_word import NetworkWord, network_word

_TICK_MS = 500
_IDLE_TICKS = 6  # between two looks at the memory while nothing runs
_SPARK_POINTS = 40
_SPARK_LEAST = 3  # points that make a curve: fewer are a stub
_SPARK_TOKENS = 8  # to a point
_SPARK_FROM = 640  # px of width from which there is room for the curve


class Readouts(QFrame):
    """Feed :meth:`show_stats` as often as you like; the labels change twice a second."""

    downloads_requested = Signal()
    connections_requested = Signal()
    instruments_requested = Signal()

    def __init__(
        self, theme: Theme, parent: QWidget | None = None, read_memory: Callable[[], int] | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._read_memory = read_memory or (lambda: memory().resident_bytes)
        self._stats: Stats | None = None
        self._running = False
        self._meter = RateMeter()
        self._ticks = 0
        self._counted = 0  # tokens of the running reply that the meter knows
        self._plotted = 0  # and the curve
        self.setObjectName("readoutBar")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Instruments"))

        self._speed = self._figure("speedReadout", self.tr("Speed"), self.tr("Tokens a second of the reply."))
        self._spark = Sparkline(theme, self)
        self._memory = self._figure(
            "memoryReadout", self.tr("Memory"), self.tr("Memory that Tern occupies now, the model included.")
        )
        self._network = QPushButton(self)
        self._network.setObjectName("networkReadout")
        self._network.setProperty("kind", "figure")
        self._network.clicked.connect(self._show_more)
        self._stage = QToolButton(self)  # what it does is given to it by whoever knows
        self._stage.setObjectName("stageButton")
        self._stage.setProperty("kind", "bare")
        self._stage.hide()
        self._offers_stage = False
        self._word = network_word(False, (), None)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, Space.S, Space.XL, Space.S)
        row.setSpacing(Space.XL)
        self._row = row
        speed = QHBoxLayout()
        speed.setSpacing(Space.M)
        speed.addWidget(self._speed)
        speed.addWidget(self._spark)
        row.addWidget(self._memory)
        row.addLayout(speed)
        row.addStretch(1)
        row.addWidget(self._network)
        row.addWidget(self._stage)

        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._tick)
        theme.changed.connect(self._restyle)
        self._restyle()
        self._idle(True)
        self._show_speed()
        self.show_network(self._word)

    def offer_stage(self, action: QAction) -> None:
        """A button for it, at the end of the line."""
        self._stage.setToolTip(action.toolTip())
        self._stage.setAccessibleName(action.text())
        self._stage.setAccessibleDescription(action.toolTip())
        self._stage.clicked.connect(action.trigger)
        self._offers_stage = True
        self._restyle()

    def show_network(self, word: NetworkWord) -> None:
        """Say what the network does; a click on it asks for more of that."""
        self._word = word
        self._network.setToolTip(word.about)
        self._network.setAccessibleDescription(word.about)
        self._network.setAccessibleName(self.tr("Network: {0}").format(word.text))
        self._fit()

    def _show_more(self) -> None:
        (self.downloads_requested if self._word.downloads else self.connections_requested).emit()

    def _figure(self, name: str, heading: str, description: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setProperty("kind", "figure")
        label.setProperty("heading", heading)
        label.setAccessibleName(heading)
        label.setToolTip(description)
        label.setAccessibleDescription(description)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        return label

    def forget(self) -> None:
        """Another model is open now: the last one's speed says nothing of it."""
        self._stats = None
        self._show_speed()

    def show_last(self, stats: Stats | None) -> None:
        """The figures of the last reply of the conversation on show; None for one without any."""
        self._stats = stats
        self._spark.clear()
        self._show_speed()

    def start(self) -> None:
        """A reply begins: figures are live from here on."""
        self._running = True
        self._counted = self._plotted = 0
        self._spark.clear()
        self._meter.reset()
        self._idle(False)
        self._tick()

    def show_stats(self, stats: Stats) -> None:
        """The newest numbers of the running reply."""
        first = self._stats is None or self._stats.decode_tokens_per_s <= 0 < stats.decode_tokens_per_s
        self._stats = stats
        self._meter.add(stats.tokens - self._counted, time.monotonic())
        self._counted = stats.tokens
        if stats.tokens - self._plotted >= _SPARK_TOKENS and (now := self._meter.rate(time.monotonic())) > 0:
            self._plotted = stats.tokens
            self._spark.add(now)
            self._fit()
        if first:
            self._show_speed()

    def finish(self) -> None:
        """The reply is over: its figures stay, dimmed."""
        self._running = False
        self._show_speed()
        self._show_memory()
        self._idle(True)

    def _tick(self) -> None:
        self._ticks += 1
        if self._running:
            self._show_speed()
        if self._running or self._ticks % _IDLE_TICKS == 1:
            self._show_memory()

    def _show_speed(self) -> None:
        rate = self._stats.decode_tokens_per_s if self._stats is not None else 0.0
        self._put(self._speed, speed_text(rate) if rate > 0 else "")

    def _show_memory(self) -> None:
        self._put(self._memory, self.tr("Memory {0}").format(size_text(self._read_memory())))

    def _put(self, label: QLabel, text: str) -> None:
        if label.text() != text:
            label.setText(text)
            heading = label.property("heading")
            label.setAccessibleName(text if text.startswith(heading) else f"{heading}: {text}".rstrip(": "))
            # Grow only: a figure that loses a digit moves nothing beside it.
            label.setMinimumWidth(max(label.minimumWidth(), label.sizeHint().width()))
            self._fit()

    def _idle(self, idle: bool) -> None:
        self._speed.setProperty("idle", idle)
        self._memory.setProperty("idle", True)
        for label in (self._speed, self._memory):
            label.style().unpolish(label)
            label.style().polish(label)
        self._spark.set_idle(idle)

    def _restyle(self) -> None:
        self._network.setFont(self._theme.font(Size.SMALL, tabular=True))
        self._stage.setIcon(action_icon("projector-screen", self._theme, "quiet"))
        line = self._network.fontMetrics().height()  # no higher than the words beside it
        self._stage.setIconSize(QSize(line, line))
        self._stage.setMaximumHeight(self._network.sizeHint().height())
        for label in (self._speed, self._memory):
            label.setMinimumWidth(0)
            label.setFont(self._theme.font(Size.SMALL, tabular=True))
            label.setMinimumWidth(label.sizeHint().width())
        self._spark.update()
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _SPARK_FROM
        side = Space.L if narrow else Space.XL
        self._row.setContentsMargins(side, Space.S, side, Space.S)
        self._row.setSpacing(Space.L if narrow else Space.XL)
        self._fit()

    def _fit(self) -> None:
        """Where large text leaves no room for all three, the memory makes room for the others, and then the network
        says less."""
        sides = self._row.contentsMargins()
        fast = bool(self._speed.text())
        self._speed.setVisible(fast)
        self._spark.setVisible(fast and self._spark.tells and self.width() >= _SPARK_FROM)
        spark = self._spark.sizeHint().width() + Space.M if self.width() >= _SPARK_FROM else 0
        room = self.width() - sides.left() - sides.right() - spark
        speed, memory = (
            max(label.minimumWidth(), label.sizeHint().width()) + self._row.spacing()
            for label in (self._speed, self._memory)
        )
        speed = speed if fast else 0
        self._network.setText(self._word.text)
        network = self._network.sizeHint().width()
        stage = self._stage.sizeHint().width() + self._row.spacing()
        self._stage.setVisible(self._offers_stage and speed + network + stage <= room)
        room -= stage if not self._stage.isHidden() else 0
        if speed + network > room:
            self._network.setText(self._word.short)
        self._memory.setVisible(speed + memory + network <= room)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on the line opens the panel; its key is the action's."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.instruments_requested.emit()

    def showEvent(self, event: QEvent) -> None:
        self._timer.start()
        self._show_memory()

    def hideEvent(self, event: QEvent) -> None:
        self._timer.stop()


class Sparkline(QWidget):
    """The speed of the latest tokens, a point for every eight, as a thin line from zero up."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values: deque[float] = deque(maxlen=_SPARK_POINTS)
        self._idle = True
        self.setAccessibleName(self.tr("Speed of the latest tokens"))
        self.setAccessibleDescription(self.tr("A curve of tokens a second."))

    def sizeHint(self) -> QSize:
        return QSize(72, 16)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @property
    def tells(self) -> bool:
        """Whether there are values enough for a curve."""
        return len(self._values) >= _SPARK_LEAST

    def clear(self) -> None:
        self._values.clear()
        self.update()

    def add(self, value: float) -> None:
        self._values.append(value)
        self.update()

    def set_idle(self, idle: bool) -> None:
        self._idle = idle
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 2, -1, -2)
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        if len(self._values) < 2:
            return
        top = max(self._values) * 1.15
        step = box.width() / (len(self._values) - 1)
        left = box.right() - step * (len(self._values) - 1)
        path = QPainterPath()
        for index, value in enumerate(self._values):
            point = QPointF(left + index * step, box.bottom() - box.height() * value / top)
            if index:
                path.lineTo(point)
            else:
                path.moveTo(point)
        painter.setPen(QPen(self._theme.color("quiet" if self._idle else "accent"), 1.5))
        painter.drawPath(path)
