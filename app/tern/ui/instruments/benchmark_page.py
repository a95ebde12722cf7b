"""The page of the benchmark: a guided run with progress and cancel, its plots, earlier runs, a card, and export.

What it runs is ``tern bench``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QEvent, QIODevice, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tern.atomic import replacing
from tern.engine.types import ModelInfo
from tern.metrics import bench_history, bench_process, bench_report
from tern.ui.instruments.chart import Bar, BarChart, Line, LineChart
from tern.ui.instruments.share_card import ShareCard
from tern.ui.shared.jobs import Job
from tern.ui.shared.labels import button, text
from tern.ui.style.number_text import count_text, seconds_text, size_text, speed_text
from tern.ui.style.theme import Size, Space, Theme

_WIDEST = 820
_FULL_SIZE = 1e9  # bytes of a file whose quick run takes about a minute on two cores


class BenchmarkPage(QScrollArea):
    """``ask_path(name)`` asks where an export goes; None: nowhere."""

    _stepped = Signal(str)

    def __init__(self, theme: Theme, ask_path: Callable[[str], Path | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._ask_path = theme, ask_path
        self._info: ModelInfo | None = None
        self._job: Job | None = None
        self._report: dict[str, Any] | None = None
        self.setObjectName("benchmarkPage")
        self.setAccessibleName(self.tr("Benchmark"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget(self)
        outer = QHBoxLayout(body)
        outer.setContentsMargins(Space.XL, Space.L, Space.XL, Space.XL)
        inner = QWidget(body)
        inner.setMaximumWidth(_WIDEST)
        outer.addStretch(1)
        outer.addWidget(inner, 100)
        outer.addStretch(1)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(
            text(
                theme,
                self.tr(
                    "Measures the open model on this computer. Leave the computer alone meanwhile: what else runs "
                    "makes the figures smaller."
                ),
                Size.BODY,
                inner,
            )
        )
        self._takes = text(theme, "", Size.SMALL, inner, quiet=True)
        column.addWidget(self._takes)
        column.addSpacing(Space.S)
        self._thorough = QCheckBox(self.tr("Long prompts and contexts too"), inner)
        self._compare = QCheckBox(self.tr("Beside llama.cpp's kernels on the same weights (TQ2_0)"), inner)
        for box in (self._thorough, self._compare):
            box.setAccessibleName(box.text())
            box.toggled.connect(self._say_how_long)
            column.addWidget(box)
        row = QHBoxLayout()
        self._run = button(inner, "benchmarkRun", self.tr("Run the benchmark"), "", self.start)
        self._cancel = button(inner, "benchmarkCancel", self.tr("Cancel"), "", self.cancel)
        row.addWidget(self._run)
        row.addWidget(self._cancel)
        row.addStretch(1)
        column.addLayout(row)
        self._bar = QProgressBar(inner)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress"))
        self._said = text(theme, "", Size.SMALL, inner, quiet=True)
        column.addWidget(self._bar)
        column.addWidget(self._said)

        self._results = results = QWidget(inner)
        shown = QVBoxLayout(results)
        shown.setContentsMargins(0, Space.L, 0, 0)
        shown.setSpacing(Space.S)
        self._card = ShareCard(theme, results)
        shown.addWidget(self._card)
        exports = QHBoxLayout()
        for name, words, act in (
            ("benchmarkPng", self.tr("Save picture…"), self._save_picture),
            ("benchmarkMarkdown", self.tr("Save as Markdown…"), self._save_markdown),
            ("benchmarkJson", self.tr("Save as JSON…"), self._save_json),
        ):
            exports.addWidget(button(results, name, words, "", act))
        exports.addStretch(1)
        shown.addLayout(exports)
        self._charts: dict[str, BarChart] = {}
        for key, heading in (
            ("decode", self.tr("Writing, by context before it")),
            ("prefill", self.tr("Reading, by length of the prompt")),
            ("limit", self.tr("Beside what the memory allows an engine that reads everything")),
            ("compare", self.tr("Beside llama.cpp's kernels")),
            ("memory", self.tr("Memory by part")),
        ):
            chart = BarChart(theme, heading, results)
            label = text(theme, heading, Size.LARGE, results)
            label.setContentsMargins(0, Space.L, 0, 0)
            chart.setProperty("label", label)
            shown.addWidget(label)
            shown.addWidget(chart)
            self._charts[key] = chart
        self._earlier_title = text(theme, self.tr("Earlier runs on this computer"), Size.LARGE, results)
        self._earlier = LineChart(theme, self.tr("Earlier runs on this computer"), results)
        self._list = text(theme, "", Size.SMALL, results, quiet=True)
        shown.addSpacing(Space.L)
        for widget in (self._earlier_title, self._earlier, self._list):
            shown.addWidget(widget)
        column.addWidget(results)
        column.addStretch(1)
        self.setWidget(body)
        self.setFocusProxy(self._run)
        self._stepped.connect(self._say)
        self._say_how_long()
        self._show_state()
        self._show_earlier()

    def show_model(self, info: ModelInfo | None) -> None:
        """Which model is measured."""
        self._info = info
        self._show_state()
        self._say_how_long()

    def start(self) -> None:
        """Run it."""
        if self._info is None or self._job is not None:
            return
        command = bench_process.arguments(
            self._info.path, not self._thorough.isChecked(), self._compare.isChecked()
        )

        def work(tell: Callable[[float], None]) -> object:
            def step(words: str, fraction: float) -> None:
                tell(fraction)
                self._stepped.emit(words)

            return bench_process.run(command, step)

        job = Job(self.tr("Benchmark"), work, self)
        job.progressed.connect(self._bar.setValue)
        job.done.connect(self._finish)
        job.failed.connect(self._say)
        job.cancelled.connect(lambda: self._say(self.tr("Cancelled.")))
        job.ended.connect(self._end)
        self._job = job
        self._bar.setValue(0)
        self._say("")
        self._show_state()
        job.start()

    def cancel(self) -> None:
        """Stop at the next step; nothing is kept."""
        if self._job is not None:
            self._job.cancel()
            self._say(self.tr("Stopping…"))

    def close_page(self) -> None:
        """The window closes."""
        if self._job is not None:
            self._job.cancel()
            self._job.wait()

    def _finish(self, report: dict[str, Any]) -> None:
        self._say("")
        self.show_report(report)
        self._show_earlier()

    def _end(self) -> None:
        self._job = None
        self._show_state()

    def _say(self, words: str) -> None:
        self._said.setText(words)

    def _say_how_long(self) -> None:
        """Beforehand; after an earlier run by what that took."""
        full = self._info is not None and self._info.file_bytes > _FULL_SIZE
        words = self.tr("Takes a few seconds with this model.")
        if full and self._thorough.isChecked():
            words = self.tr("Takes about three minutes with two cores, less with more.")
        elif full:
            words = self.tr("Takes about a minute with two cores, less with more.")
        if full and self._compare.isChecked():
            words += " " + self.tr("The comparison takes about as long again.")
        self._takes.setText(words)

    def _show_state(self) -> None:
        runs = self._job is not None
        if runs and self._run.hasFocus():  # else the keyboard would go to another part of the window
            self._cancel.show()
            self._cancel.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not runs and self._cancel.hasFocus():
            self._run.setEnabled(True)
            self._run.setFocus(Qt.FocusReason.OtherFocusReason)
        self._run.setEnabled(self._info is not None and not runs)
        self._cancel.setVisible(runs)
        self._bar.setVisible(runs)
        for box in (self._thorough, self._compare):
            box.setEnabled(not runs)
        self._said.setVisible(bool(self._said.text()) or runs)

    def show_report(self, report: dict[str, Any]) -> None:
        """Plot one run."""
        self._report = report
        self._card.show_report(report)

        def rate(found: dict[str, Any]) -> tuple[float, str]:
            return found["tokens_per_s"], speed_text(found["tokens_per_s"])

        self._plot(
            "decode",
            [
                Bar(
                    self.tr("after {0} tokens").format(count_text(context)),
                    *rate(report[bench_report.decode_key(context)]),
                )
                for context in report["contexts"]
            ],
        )
        self._plot(
            "prefill",
            [
                Bar(self.tr("{0} tokens").format(count_text(length)), *rate(report[f"prefill_{length}"]))
                for length in report["prompts"]
            ],
        )
        limit = report["dense_limit_tokens_per_s"]
        self._plot(
            "limit",
            [
                Bar(self.tr("this model"), *rate(report["decode"])),
                Bar(self.tr("the limit"), limit, speed_text(limit), "quiet"),
            ]
            if "decode" in report
            else [],
        )
        beside = report.get("compare")
        self._plot(
            "compare",
            []
            if beside is None
            else [
                Bar("Tern", *rate(beside["decode"]["tern"])),
                Bar("llama.cpp TQ2_0", *rate(beside["decode"]["llama_cpp"]), "quiet"),
            ],
        )
        parts = sorted(report["memory"]["parts_mb"].items(), key=lambda part: -part[1])
        self._plot("memory", [Bar(name, each, size_text(1e6 * each)) for name, each in parts])
        self._results.show()

    def _plot(self, key: str, bars: list[Bar]) -> None:
        chart = self._charts[key]
        chart.show_bars(bars)
        for widget in (chart, chart.property("label")):
            widget.setVisible(bool(bars))

    def _show_earlier(self) -> None:
        runs = bench_history.earlier()
        if runs and self._report is None:
            self.show_report(runs[-1])
        self._results.setVisible(self._report is not None)
        rates = [float(run["decode"]["tokens_per_s"]) for run in runs if self._same(run)]
        self._earlier.show_lines(
            [Line(self.tr("tokens/s"), list(enumerate(rates, 1)))],
            speed_text(max(rates) * 1.15) if rates else "",
        )
        self._earlier.setVisible(self._earlier.tells)
        self._list.setText(
            "\n".join(
                f"{run['measured_at'][:10]} · {run['model']} · {speed_text(run['decode']['tokens_per_s'])} · "
                f"{seconds_text(run['seconds'])}"
                for run in runs[:-9:-1]
            )
        )

    def _same(self, run: dict[str, Any]) -> bool:
        """Whether a run is of the model of the one on show: others say nothing beside it."""
        return self._report is not None and run.get("model") == self._report.get("model")

    def _save_picture(self) -> None:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._card.image().save(buffer, "PNG")  # type: ignore[call-overload]
        self._save("tern-benchmark.png", bytes(buffer.data().data()))

    def _save_markdown(self) -> None:
        if self._report is not None:
            self._save("tern-benchmark.md", bench_report.markdown(self._report).encode())

    def _save_json(self) -> None:
        if self._report is not None:
            self._save("tern-benchmark.json", json.dumps(self._report, indent=1).encode())

    def _save(self, name: str, data: bytes) -> None:
        if (path := self._ask_path(name)) is None:
            return
        try:
            with replacing(path) as file:
                file.write(data)
        except OSError as error:
            self._say(self.tr("It could not be saved: {0}.").format(error.strerror or error))
            self._said.show()

    def showEvent(self, event: QEvent) -> None:
        self._show_earlier()
