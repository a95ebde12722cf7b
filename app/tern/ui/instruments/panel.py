"""The instrument panel beside the chat: speed, reading, context, memory, processor, energy, each with a line that says
what it is. Shows what others measured.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from tern.engine.types import Energy, ModelInfo, Stats
from tern.metrics.energy import here
from tern.ui.instruments.chart import Bar, BarChart, Line, LineChart
from tern.ui.instruments.sampler import Sample, Sampler
from tern.ui.instruments.session_history import SessionHistory
from tern.ui.shared.labels import button, text
from tern.ui.style.number_text import (
    context_text,
    count_text,
    localized,
    percent_text,
    seconds_text,
    size_text,
    speed_text,
)
from tern.ui.style.theme import Size, Space, Theme

_THREADS = 8  # bars at most
_Q4_BITS = 4.5  # of a weight in llama.cpp's Q4_K


class InstrumentPanel(QScrollArea):
    """Samples memory and processor while it is on show."""

    inside_requested = Signal()
    benchmark_requested = Signal()

    def __init__(self, theme: Theme, history: SessionHistory, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._history = theme, history
        self._info: ModelInfo | None = None
        self._reading: tuple[float, int] | None = None  # since when, tokens done then
        self.setObjectName("instrumentPanel")
        self.setAccessibleName(self.tr("Instruments"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body = body = QWidget(self)
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(Space.L, Space.S, Space.L, Space.L)
        self._column.setSpacing(Space.XS)
        self._figures: list[QLabel] = []

        self._speed = self._section(
            self.tr("Speed"), self.tr("Tokens a second; a token is about ¾ of a word.")
        )
        self._curve = LineChart(theme, self.tr("Speed over the reply"), body)
        self._column.addWidget(self._curve)
        self._first = self._section(
            self.tr("First word"),
            self.tr("From sending until the reply begins: the time to read the prompt."),
        )
        self._context = self._section(
            self.tr("Context"), self.tr("Tokens of this chat that the model has in view.")
        )
        self._memory = self._section(
            self.tr("Memory"),
            self.tr("Tern's own memory, and the model's file in memory, which the system may take back."),
        )
        self._parts = BarChart(theme, self.tr("Memory by part"), body)
        self._column.addWidget(self._parts)
        self._others = text(theme, "", Size.SMALL, body, quiet=True)
        self._column.addWidget(self._others)
        self._cpu = self._section(self.tr("Processor"), self.tr("How busy each of Tern's threads is."))
        self._threads = BarChart(theme, self.tr("Processor by thread"), body)
        self._column.addWidget(self._threads)
        self._energy = self._section(
            self.tr("Energy"), self.tr("By a counter of this computer; never an estimate.")
        )
        self._source = text(theme, "", Size.SMALL, body, quiet=True)
        self._source.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._column.addWidget(self._source)
        self._session = self._section(
            self.tr("Since Tern was started"), self.tr("The speed of each reply, one after another.")
        )
        self._past = LineChart(theme, self.tr("Speed of each reply"), body)
        self._column.addWidget(self._past)
        self._column.addSpacing(Space.L)
        self._inside = button(
            body, "insideButton", self.tr("Inside the model"), "", self.inside_requested.emit
        )
        self._column.addWidget(self._inside, 0, Qt.AlignmentFlag.AlignLeft)
        self._benchmark = button(
            body, "benchmarkButton", self.tr("Benchmark"), "", self.benchmark_requested.emit
        )
        self._column.addWidget(self._benchmark, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)
        self.setWidget(body)
        self.setFocusProxy(self._inside)

        self._sampler = Sampler(self)
        self._sampler.sampled.connect(self._show_sample)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.show_history()

    def _section(self, heading: str, meaning: str) -> QLabel:
        """A heading, its figure, and what it means; returns the figure's label."""
        if self._figures:
            self._column.addSpacing(Space.L)
        self._column.addWidget(text(self._theme, heading, Size.CONTROL, self._body))
        figure = QLabel(self._body)
        figure.setTextFormat(Qt.TextFormat.PlainText)
        figure.setWordWrap(True)
        figure.setProperty("heading", heading)
        self._figures.append(figure)
        self._column.addWidget(figure)
        self._column.addWidget(text(self._theme, meaning, Size.SMALL, self._body, quiet=True))
        return figure

    def show_model(self, info: ModelInfo | None) -> None:
        """Which model answers."""
        self._info = info
        if info is None:
            self._others.setText("")
        else:
            self._others.setText(
                self.tr("With 16 bits a weight a model of this size needs {0}, with 4 bits {1}.").format(
                    size_text(2 * info.n_params, rough=True),
                    size_text(_Q4_BITS / 8 * info.n_params, rough=True),
                )
            )

    def show_history(self) -> None:
        """What the history has now."""
        history = self._history
        stats = history.stats or Stats()
        average, now = stats.decode_tokens_per_s, history.now_per_s
        words = speed_text(average) if average > 0 else ""
        if now is not None and stats.finish_reason is None:
            words = self.tr("{0} now · {1} over the reply").format(localized(f"{now:.1f}"), words)
        self._put(self._speed, words)
        self._curve.show_lines(
            [Line(self.tr("tokens/s"), list(history.speed))],
            self._scale(history.speed),
            ("", count_text(stats.tokens)),
        )
        self._curve.setVisible(self._curve.tells)
        if stats.tokens:
            self._reading = None
            self._put(self._first, seconds_text(stats.time_to_first_token_s))
        elif self._reading is None:
            self._put(self._first, "")
        self._put(
            self._context, context_text(stats.context_used, stats.context_size) if stats.context_size else ""
        )
        self._show_energy(stats.energy)
        replies = [
            (number, float(each.decode_tokens_per_s))
            for number, each in enumerate(history.replies, 1)
            if each.decode_tokens_per_s > 0
        ]
        tokens = self.tr("{0} replies, {1} tokens").format(
            count_text(len(history.replies)), count_text(sum(each.tokens for each in history.replies))
        )
        if (joules := history.joules) is not None:
            tokens = f"{tokens}, {localized(f'{joules:,.0f}')} J"
        self._put(self._session, tokens if history.replies else "")
        self._past.show_lines([Line(self.tr("tokens/s"), replies)], self._scale(replies))
        self._past.setVisible(self._past.tells)

    def _scale(self, points: object) -> str:
        values = [y for _, y in points]  # type: ignore[attr-defined]
        return speed_text(max(values) * 1.15) if values else ""

    def show_prefill(self, done: int, total: int) -> None:
        """How far the prompt has been read, and how long it will still take."""
        now = time.monotonic()
        if self._reading is None:
            self._reading = now, done
        since, first = self._reading
        words = self.tr("Reading {0}").format(percent_text(done / max(1, total)))
        if done > first and done < total:
            left = (now - since) / (done - first) * (total - done)
            words = self.tr("{0}, {1} left").format(words, seconds_text(left))
        self._put(self._first, words)

    def _show_energy(self, energy: Energy | None) -> None:
        if energy is None:
            self._put(self._energy, "")
            self._source.setText("")
            return
        if energy.watts is None:
            self._put(self._energy, self.tr("Not available"))
            advice = here.advice()
            self._source.setText(f"{energy.why[:1].upper()}{energy.why[1:]}.\n\n{advice}".strip())
            return
        words = f"{localized(f'{energy.watts:.1f}')} W"
        if energy.joules_per_token is not None:
            words += f" · {localized(f'{energy.joules_per_token:.2f}')} J/token"
        self._put(self._energy, words)
        said = f"{energy.scope} · {energy.source}"
        if energy.idle_watts is not None:
            at_rest = self.tr("{0} W at rest").format(localized(f"{energy.idle_watts:.1f}"))
            said = f"{said} · {at_rest}"
        self._source.setText(said)

    def _show_sample(self, sample: Sample) -> None:
        memory = sample.memory
        words = size_text(memory.resident_bytes)
        if sample.limit is not None:
            words = self.tr("{0} of a limit of {1}").format(words, size_text(sample.limit))
        self._put(self._memory, words)
        self._parts.show_bars(
            [
                Bar(
                    self.tr("Model in memory"),
                    memory.reclaimable_bytes,
                    size_text(memory.reclaimable_bytes),
                ),
                Bar(self.tr("Tern's own"), memory.private_bytes, size_text(memory.private_bytes), "quiet"),
            ],
            memory.resident_bytes,
        )
        self._put(self._cpu, percent_text(sum(sample.threads)))
        self._threads.show_bars(
            [
                Bar(self.tr("Thread {0}").format(number), part, percent_text(part))
                for number, part in enumerate(sample.threads[:_THREADS], 1)
            ],
            1.0,
        )

    def _put(self, label: QLabel, words: str) -> None:
        label.setText(words or "–")
        label.setAccessibleName(f"{label.property('heading')}: {words}")

    def _restyle(self) -> None:
        for figure in self._figures:
            figure.setFont(self._theme.font(Size.LARGE, tabular=True))

    def showEvent(self, event: QEvent) -> None:
        self._sampler.start()

    def hideEvent(self, event: QEvent) -> None:
        self._sampler.stop()
