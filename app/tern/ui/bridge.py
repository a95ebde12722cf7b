"""The one door from the engine's thread to the window. Worker events go in on any thread; Qt signals come out
on the GUI thread, streamed text gathered to about thirty pieces a second. Knows no widget.
"""

from __future__ import annotations

import os
import threading
import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from tern.engine.types import Chunk
from tern.engine.worker import (
    Counted,
    Event,
    Failed,
    Loaded,
    LoadFailed,
    Loading,
    Observed,
    Prefilling,
    Streamed,
)

FRAME_S = 1 / 30
CROWDED_FRAME_S = 1 / 15  # where the model takes every core, each frame costs it tokens
_LONGEST_FRAME_S = 0.25
_COST_FRAMES = 8  # that the mean cost of one is taken over
_GUI_SHARE = 0.25  # of the GUI thread that a stream may cost before frames become rarer


class Bridge(QObject):
    """Hand :meth:`post` to the worker as its callback; connect to the signals.

    Only replies named by :meth:`follow` are let through: whatever comes late for another is dropped.
    """

    loading = Signal(float)  # fraction
    loaded = Signal(object)  # ModelInfo
    load_failed = Signal(object)  # Sentence
    prefilling = Signal(int, int, int)  # reply id, done, total
    streamed = Signal(int, str, object)  # reply id, text, Stats
    failed = Signal(int, object)  # reply id, Sentence
    counted = Signal(object)  # Counted
    observed = Signal(object)  # Observation
    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._waiting: list[Event] = []
        self._awake = False
        self._open = True
        self._followed: set[int] = set()
        self._last_flush = 0.0
        self._frame_s = self._shortest_frame_s = FRAME_S
        self._cost_s = 0.0  # of a flush, running mean
        self.flushes = 0
        self._timer = QTimer(self, singleShot=True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._flush)
        self._woken.connect(self._schedule, Qt.ConnectionType.QueuedConnection)

    def post(self, event: Event) -> None:
        """Take an event on whatever thread it happens; returns at once."""
        with self._lock:
            if not self._open:
                return
            self._waiting.append(event)
            if self._awake:
                return
            self._awake = True
        self._woken.emit()

    def follow(self, reply_id: int) -> None:
        """Let events of this reply through, until it ends or is dropped."""
        self._followed.add(reply_id)

    def drop(self, reply_id: int) -> None:
        """Nobody waits for this reply any more."""
        self._followed.discard(reply_id)

    def drain(self) -> None:
        """Deliver at once whatever has been posted."""
        self._timer.stop()
        self._flush()

    def close(self) -> None:
        """Let nothing through from now on: the window is going away."""
        with self._lock:
            self._open = False
            self._waiting.clear()
        self._timer.stop()

    @Slot()
    def _schedule(self) -> None:
        wait = self._last_flush + self._frame_s - time.monotonic()
        self._timer.start(max(0, round(wait * 1000)))

    @Slot()
    def _flush(self) -> None:
        with self._lock:
            events, self._waiting = self._waiting, []
            self._awake = False
        started = time.monotonic()
        self.flushes += 1
        for event in _gathered(events):
            self._deliver(event)
        self._last_flush = time.monotonic()
        # Frames that are dear to draw become rarer, so that typing and scrolling stay smooth.
        self._cost_s += (self._last_flush - started - self._cost_s) / _COST_FRAMES
        self._frame_s = min(max(self._shortest_frame_s, self._cost_s / _GUI_SHARE), _LONGEST_FRAME_S)

    def _deliver(self, event: Event) -> None:
        match event:
            case Loading(fraction):
                self.loading.emit(fraction)
            case Loaded(info):
                crowded = info.threads >= (os.cpu_count() or 1)
                self._shortest_frame_s = CROWDED_FRAME_S if crowded else FRAME_S
                self.loaded.emit(info)
            case LoadFailed(sentence):
                self.load_failed.emit(sentence)
            case Prefilling(reply_id, done, total) if reply_id in self._followed:
                self.prefilling.emit(reply_id, done, total)
            case Streamed(reply_id, chunk) if reply_id in self._followed:
                if chunk.stats.finish_reason is not None:
                    self._followed.discard(reply_id)
                self.streamed.emit(reply_id, chunk.text, chunk.stats)
            case Failed(reply_id, sentence) if reply_id in self._followed:
                self._followed.discard(reply_id)
                self.failed.emit(reply_id, sentence)
            case Observed(observation):
                self.observed.emit(observation)
            case Counted():
                self.counted.emit(event)


def _gathered(events: list[Event]) -> list[Event]:
    """Neighbouring pieces of one reply as one piece, and of neighbouring progress reports the latest."""
    out: list[Event] = []
    texts: list[str] = []  # of the Streamed at out[-1]
    latest = next((event for event in reversed(events) if isinstance(event, Observed)), None)
    for event in events:
        if isinstance(event, Observed) and event is not latest:
            continue
        last = out[-1] if out else None
        if isinstance(event, Streamed):
            if isinstance(last, Streamed) and last.reply_id == event.reply_id:
                texts.append(event.chunk.text)
                out[-1] = Streamed(event.reply_id, Chunk("", event.chunk.stats))
                continue
            _close_texts(out, texts)
            texts = [event.chunk.text]
            out.append(Streamed(event.reply_id, Chunk("", event.chunk.stats)))
            continue
        _close_texts(out, texts)
        texts = []
        if isinstance(event, Loading | Prefilling) and type(event) is type(last):
            out[-1] = event
        else:
            out.append(event)
    _close_texts(out, texts)
    return out


def _close_texts(out: list[Event], texts: list[str]) -> None:
    if texts and isinstance(last := out[-1], Streamed):
        out[-1] = Streamed(last.reply_id, Chunk("".join(texts), last.chunk.stats))
