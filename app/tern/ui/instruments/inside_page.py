"""The page that shows a BitNet from inside: its weights as pixels, what is skipped, what a token reads; and as JSON."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from tern.atomic import replacing
from tern.engine.types import ModelInfo, Observation, Stats
from tern.metrics import inside
from tern.metrics.claims import CLAIMS
from tern.metrics.inside import LayerView
from tern.metrics.roofline import TensorSizes
from tern.ui.instruments.chart import Bar, BarChart, Line, LineChart
from tern.ui.shared.jobs import Job
from tern.ui.shared.labels import button, text
from tern.ui.style.controls import Number
from tern.ui.style.number_text import localized, size_text
from tern.ui.style.theme import Size, Space, Theme

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WIDEST = 820
_HEIGHT, _WIDTH = 96, 384  # weights on show
_PART = "ffn_gate"


class InsidePage(QScrollArea):
    """``watched(True)`` is emitted while it is on show. ``ask_path`` asks where the JSON goes; None: nowhere."""

    watched = Signal(bool)

    def __init__(self, theme: Theme, ask_path: Callable[[str], Path | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._ask_path = theme, ask_path
        self._info: ModelInfo | None = None
        self._view: LayerView | None = None
        self._sizes: tuple[frozenset[str], TensorSizes] | None = None
        self._seen: Observation | None = None
        self._job: Job | None = None
        self._ours: list[tuple[str, QLabel]] = []  # what this computer does, beside each claim
        self._here: dict[str, str] = {}
        self.setObjectName("insidePage")
        self.setAccessibleName(self.tr("Inside the model"))
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
        self._column = column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(
            text(
                theme,
                self.tr(
                    "A usual model keeps every weight as a number with 16 bits. In a BitNet each is -1, 0 or +1: "
                    "multiplying becomes adding, subtracting or skipping."
                ),
                Size.BODY,
                inner,
            )
        )
        row = QHBoxLayout()
        self._layer = Number(inner)
        self._layer.setObjectName("insideLayer")
        self._layer.setAccessibleName(self.tr("Layer"))
        self._layer.setAccessibleDescription(self.tr("Which layer's weights are shown."))
        self._layer.setMinimum(1)
        self._layer.valueChanged.connect(self._read_layer)
        row.addWidget(text(theme, self.tr("Layer"), Size.CONTROL, inner))
        row.addWidget(self._layer)
        row.addStretch(1)
        column.addSpacing(Space.M)
        column.addLayout(row)
        self._pixels = WeightPixels(theme, inner)
        column.addWidget(self._pixels)
        self._about = text(theme, "", Size.SMALL, inner, quiet=True)
        column.addWidget(self._about)
        self._shares = BarChart(theme, self.tr("Weights of this matrix by value"), inner)
        column.addWidget(self._shares)

        column.addSpacing(Space.L)
        self._now = text(theme, "", Size.LARGE, inner)
        column.addWidget(self._now)
        column.addWidget(
            text(
                theme,
                self.tr(
                    "ReLU² turns most values inside a layer into zero. Tern reads neither the rows of “up” whose "
                    "gate is zero nor the columns of “down” that would be multiplied by zero; the "
                    "answer stays the same."
                ),
                Size.SMALL,
                inner,
                quiet=True,
            )
        )
        self._live = LineChart(theme, self.tr("Read of each layer, percent"), inner, top=100.0)
        column.addWidget(self._live)
        column.addSpacing(Space.L)
        self._read = text(theme, "", Size.LARGE, inner)
        column.addWidget(self._read)
        self._bytes = BarChart(theme, self.tr("Bytes read for a token"), inner)
        column.addWidget(self._bytes)
        column.addSpacing(Space.L)
        self._export = button(inner, "insideExport", self.tr("Export as JSON…"), "", self._save)
        column.addWidget(self._export, 0, Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(Space.L)
        self._add_claims(inner)
        column.addStretch(1)
        self.setWidget(body)
        self.setFocusProxy(self._layer)
        theme.changed.connect(self._redraw)
        self._show_seen(None)

    def _add_claims(self, inner: QWidget) -> None:
        self._column.addWidget(
            text(self._theme, self.tr("What is said, and what it means"), Size.LARGE, inner)
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.XL)
        grid.setVerticalSpacing(Space.M)
        grid.setColumnStretch(1, 1)
        for row, claim in enumerate(CLAIMS):
            grid.addWidget(
                text(self._theme, claim.figure, Size.CONTROL, inner), row, 0, Qt.AlignmentFlag.AlignTop
            )
            words = QVBoxLayout()
            words.addWidget(text(self._theme, claim.meaning, Size.CONTROL, inner))
            words.addWidget(text(self._theme, claim.source, Size.SMALL, inner, quiet=True))
            ours = text(self._theme, "", Size.CONTROL, inner)
            ours.setObjectName("claimHere")
            ours.hide()
            words.addWidget(ours)
            self._ours.append((claim.key, ours))
            grid.addLayout(words, row, 1)
        grid.setColumnMinimumWidth(0, 110)
        self._column.addLayout(grid)

    def show_model(self, info: ModelInfo | None) -> None:
        """Which model answers; what was seen of the last one says nothing of it."""
        if info == self._info:
            return
        self._info, self._sizes, self._view = info, None, None
        self._here.clear()
        for _, label in self._ours:
            label.hide()
        self._show_seen(None)
        self._layer.setMaximum(max(1, info.n_layers if info is not None else 1))
        if self.isVisible():
            self._read_layer()

    def show_stats(self, stats: Stats) -> None:
        """The numbers of the latest reply, beside what is said of the model."""
        if stats.decode_tokens_per_s > 0:
            self._tell("latency", self.tr("{0} ms a token").format(_one(1000 / stats.decode_tokens_per_s)))
        energy = stats.energy
        if energy is not None and energy.joules_per_token is not None:
            said = self.tr("{0} J a token").format(localized(f"{energy.joules_per_token:.2f}"))
            self._tell("energy", f"{said} ({energy.scope})")
        elif energy is not None:
            self._tell("energy", self.tr("not available"))

    def _tell(self, key: str, words: str) -> None:
        if self._here.get(key) == words:
            return
        self._here[key] = words
        for each, label in self._ours:
            if each == key:
                label.setText(self.tr("On this computer: {0}").format(words))
                label.show()

    def show_observation(self, now: Observation) -> None:
        """The model after a token."""
        before = self._seen
        same = before is not None and len(before.layers) == len(now.layers)
        latest = inside.since(now, before) if same and before is not None else now
        self._show_seen(now, latest)

    def _show_seen(self, seen: Observation | None, latest: Observation | None = None) -> None:
        self._seen = seen
        rows, columns = inside.live_shares(latest) if latest is not None else (None, None)
        self._export.setEnabled(seen is not None)
        if latest is None or seen is None or rows is None or columns is None:
            self._now.setText(self.tr("Send a message, and see here what is read for each token."))
            self._live.hide()
            self._read.setText("")
            self._bytes.hide()
            return
        _, whole = inside.live_shares(seen)
        words = self.tr("{0}% zeros before “down” in this token").format(_percent(1 - columns))
        if whole is not None:
            words += " · " + self.tr("{0}% since the model was opened").format(_percent(1 - whole))
            self._tell("sparsity", self.tr("{0}% zeros").format(_percent(1 - whole)))
        self._now.setText(words)
        up = [(n, 100 * x.live_rows / x.total_rows) for n, x in enumerate(latest.layers, 1) if x.total_rows]
        down = [
            (n, 100 * x.live_columns / x.total_columns)
            for n, x in enumerate(latest.layers, 1)
            if x.total_columns
        ]
        self._live.show_lines(
            [Line(self.tr("rows of up"), up), Line(self.tr("columns of down"), down, "mark")],
            "100%",
            (self.tr("layer {0}").format(1), str(len(latest.layers))),
        )
        self._live.setVisible(self._live.tells)
        if self._sizes is not None and self._sizes[0] == latest.packed:
            read = inside.bytes_read(self._sizes[1], latest)
            self._read.setText(self.tr("{0} read for this token").format(size_text(read.total)))
            parts = [
                (self.tr("Attention"), read.attention),
                (self.tr("Gate"), read.gate),
                (self.tr("Up"), read.up),
                (self.tr("Down"), read.down),
                (self.tr("Head"), read.head),
            ]
            self._bytes.show_bars([Bar(name, value, size_text(value)) for name, value in parts], read.total)
            self._bytes.show()
        else:
            self._start(latest.packed)

    def _read_layer(self) -> None:
        self._start(self._seen.packed if self._seen is not None else frozenset())

    def _start(self, packed: frozenset[str]) -> None:
        """Read the layer on show and the file's sizes, on a thread; one after another."""
        if self._info is None or self._job is not None:
            return
        path, layer = self._info.path, self._layer.value() - 1

        def work(_: Callable[[float], None]) -> object:
            view = inside.layer_view(path, layer, _PART, _HEIGHT, _WIDTH)
            return (
                path,
                layer,
                view,
                (packed, inside.tensor_sizes(path, packed)) if view is not None else None,
            )

        job = Job("", work, self)
        here = weakref.ref(self)  # a page that has gone hears nothing
        job.done.connect(lambda found: page._show_layer(found) if (page := here()) else None)
        job.ended.connect(job.deleteLater)
        job.failed.connect(lambda words: page._fail(words) if (page := here()) else None)
        self._job = job
        job.start()

    def _fail(self, words: str) -> None:
        self._job = None
        self._about.setText(words)

    def _show_layer(
        self, found: tuple[Path, int, LayerView | None, tuple[frozenset[str], TensorSizes] | None]
    ) -> None:
        self._job = None
        path, layer, view, sizes = found
        if self._info is None or path != self._info.path or layer != self._layer.value() - 1:
            self._read_layer()
            return
        self._view, self._sizes = view, sizes
        if sizes is not None:
            weights = sizes[1].attention + sizes[1].gate + sizes[1].up + sizes[1].down
            self._tell("memory", self.tr("{0} of ternary weights").format(size_text(weights)))
        self._redraw()

    def _redraw(self) -> None:
        view = self._view
        self._pixels.show_weights(None if view is None else view.pixels)
        self._pixels.setVisible(view is not None)
        self._shares.setVisible(view is not None)
        if view is None:
            if self._info is not None:
                self._about.setText(self.tr("This model is no BitNet in Microsoft's format."))
            return
        self._about.setText(
            self.tr(
                "A corner of {0}, {1} x {2} weights. Three values carry 1.58 bits; the file takes {3} a weight."
            ).format(view.name, f"{view.rows:,}", f"{view.columns:,}", localized(f"{view.file_bits:.2f}"))
        )
        minus, zero, plus = view.shares
        self._shares.show_bars(
            [
                Bar("−1", minus, f"{_percent(minus)}%", "mark"),
                Bar("0", zero, f"{_percent(zero)}%", "quiet"),
                Bar("+1", plus, f"{_percent(plus)}%"),
            ],
            1.0,
        )

    def _save(self) -> None:
        if self._seen is None or self._info is None:
            return
        zeros = self._view.shares[1] if self._view is not None else None
        report = inside.as_json(self._info.name, self._seen, zeros)
        if (path := self._ask_path("tern-sparsity.json")) is not None:
            try:
                with replacing(path) as file:
                    file.write(json.dumps(report, indent=1).encode())
            except OSError as error:
                self._about.setText(self.tr("It could not be saved: {0}.").format(error.strerror or error))

    def showEvent(self, event: QEvent) -> None:
        self.watched.emit(True)
        self._read_layer()

    def hideEvent(self, event: QEvent) -> None:
        self.watched.emit(False)


class WeightPixels(QWidget):
    """Weights as pixels: -1 in the tern's red, +1 in the accent, 0 paper."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image: QImage | None = None
        self.setAccessibleName(self.tr("Weights as pixels"))
        self.setAccessibleDescription(self.tr("Red is -1, blank is 0, the accent colour is +1."))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        return QSize(2 * _WIDTH, 2 * _HEIGHT)

    def heightForWidth(self, width: int) -> int:
        return width * _HEIGHT // _WIDTH

    def show_weights(self, weights: NDArray[np.int8] | None) -> None:
        self._image = None
        if weights is not None:
            import numpy as np  # here: the window's first frame must not wait for it

            colors = [self._theme.color(role).rgba() for role in ("mark", "surface", "accent")]
            data = np.array(colors, np.uint32)[weights.astype(np.intp) + 1]
            height, width = data.shape
            image = QImage(data.tobytes(), width, height, 4 * width, QImage.Format.Format_RGB32)
            self._image = image.copy()  # of bytes that go
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image is not None:
            painter.drawImage(QRectF(self.rect()), self._image)
        painter.setPen(self._theme.color("line"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))


def _percent(share: float) -> str:
    return localized(f"{100 * share:.1f}")


def _one(value: float) -> str:
    return localized(f"{value:.1f}")
