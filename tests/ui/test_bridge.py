"""The door between the threads: in order, gathered, nothing for whom nobody waits."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tern.engine.types import Chunk, FinishReason, ModelInfo, Stats
from tern.engine.worker import Failed, Loaded, Loading, Prefilling, Streamed
from tern.ui import bridge as bridge_room
from tern.ui.bridge import Bridge


def _piece(text: str, tokens: int, reason: FinishReason | None = None) -> Streamed:
    return Streamed(1, Chunk(text, Stats(tokens=tokens, finish_reason=reason)))


class _Clock:
    """Time that passes when it is told to, and the bridge's timer in it."""

    def __init__(self, bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self._bridge = 100.0, bridge
        self._due: float | None = None
        monkeypatch.setattr(bridge_room, "time", SimpleNamespace(monotonic=lambda: self.now))
        bridge._timer = SimpleNamespace(start=self._start, stop=lambda: None)  # type: ignore[assignment]

    def _start(self, wait_ms: int) -> None:
        self._due = self.now + wait_ms / 1000

    def pass_by(self, seconds: float) -> None:
        QCoreApplication.processEvents()  # what was posted wakes the bridge
        self.now += seconds
        if self._due is not None and self.now >= self._due - 1e-9:
            self._due = None
            self._bridge._flush()


@pytest.mark.parametrize(("threads", "rate"), [(0, 30), (os.cpu_count() or 1, 15)])
def test_a_thousand_tokens_a_second_make_thirty_pieces_a_second(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, threads: int, rate: int
) -> None:
    """Half as many where the model takes every core."""
    bridge, pieces = Bridge(), []
    clock = _Clock(bridge, monkeypatch)
    bridge.post(Loaded(ModelInfo(Path(), "m", "a", 1, 1, 1, 1, 1, 1, threads=threads)))
    bridge.drain()
    bridge.streamed.connect(lambda reply, text, stats: pieces.append((text, stats.tokens)))
    bridge.follow(1)
    for number in range(1, 1001):
        bridge.post(_piece(f"{number} ", number))
        clock.pass_by(0.001)
    bridge.post(_piece("", 1000, FinishReason.END_OF_TURN))
    clock.pass_by(1.0)
    assert "".join(text for text, _ in pieces) == "".join(f"{n} " for n in range(1, 1001))
    assert pieces[-1][1] == 1000
    assert rate - 2 <= len(pieces) <= rate + 2


def test_the_first_word_does_not_wait_for_a_frame(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge, texts = Bridge(), []
    clock = _Clock(bridge, monkeypatch)
    bridge.streamed.connect(lambda reply, text, stats: texts.append(text))
    bridge.follow(1)
    bridge.post(_piece("Hello", 1))
    clock.pass_by(0.0)
    assert texts == ["Hello"]


def test_events_keep_their_order_and_progress_is_thinned(qtbot: QtBot) -> None:
    bridge, seen = Bridge(), []
    bridge.loading.connect(lambda fraction: seen.append(("loading", fraction)))
    bridge.prefilling.connect(lambda reply, done, total: seen.append(("prefill", done)))
    bridge.streamed.connect(lambda reply, text, stats: seen.append(("text", text)))
    bridge.failed.connect(lambda reply, sentence: seen.append(("failed", sentence)))
    bridge.follow(1)
    for event in (
        Loading(0.1),
        Loading(0.9),
        Prefilling(1, 5, 9),
        Prefilling(1, 9, 9),
        _piece("a", 1),
        _piece("b", 2),
        Failed(1, "no"),
    ):
        bridge.post(event)
    qtbot.waitUntil(lambda: len(seen) == 4)
    assert seen == [("loading", 0.9), ("prefill", 9), ("text", "ab"), ("failed", "no")]


def test_late_events_of_a_dropped_or_ended_reply_are_not_heard(qtbot: QtBot) -> None:
    bridge, texts = Bridge(), []
    bridge.streamed.connect(lambda reply, text, stats: texts.append(text))
    bridge.follow(1)
    bridge.post(_piece("kept", 1, FinishReason.END_OF_TURN))
    qtbot.waitUntil(lambda: texts == ["kept"])
    bridge.post(_piece("after the end", 2))
    bridge.follow(2)
    bridge.drop(2)
    bridge.post(Streamed(2, Chunk("dropped", Stats())))
    flushed = bridge.flushes
    qtbot.waitUntil(lambda: bridge.flushes > flushed)
    bridge.close()
    bridge.post(_piece("closed", 3))
    QCoreApplication.processEvents()
    bridge.drain()
    assert texts == ["kept"]
