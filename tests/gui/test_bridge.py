"""The door between the threads: in order, gathered, nothing for whom nobody waits."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tern.engine.types import Chunk, FinishReason, ModelInfo, Stats
from tern.engine.worker import Failed, Loaded, Loading, Prefilling, Streamed
from tern.ui.bridge import Bridge


def _piece(text: str, tokens: int, reason: FinishReason | None = None) -> Streamed:
    return Streamed(1, Chunk(text, Stats(tokens=tokens, finish_reason=reason)))


@pytest.mark.parametrize(("threads", "rate"), [(0, 30), (os.cpu_count() or 1, 15)])
def test_a_thousand_tokens_a_second_make_thirty_pieces_a_second(
    qtbot: QtBot, threads: int, rate: int
) -> None:
    """Half as many where the model takes every core."""
    bridge, pieces = Bridge(), []
    bridge.post(Loaded(ModelInfo(Path(), "m", "a", 1, 1, 1, 1, 1, 1, threads=threads)))
    bridge.drain()
    bridge.streamed.connect(lambda reply, text, stats: pieces.append((text, stats.tokens)))
    bridge.follow(1)

    def speak() -> None:
        for number in range(1, 501):
            bridge.post(_piece(f"{number} ", number))
            time.sleep(0.001)
        bridge.post(_piece("", 500, FinishReason.END_OF_TURN))

    started = time.monotonic()
    thread = threading.Thread(target=speak)
    thread.start()
    qtbot.waitUntil(lambda: not thread.is_alive() and bool(pieces) and pieces[-1][1] == 500, timeout=10_000)
    seconds = time.monotonic() - started
    thread.join()
    assert "".join(text for text, _ in pieces) == "".join(f"{n} " for n in range(1, 501))
    assert len(pieces) <= seconds * rate + 2
    assert len(pieces) >= 5


def test_the_first_word_does_not_wait_for_a_frame(qtbot: QtBot) -> None:
    bridge = Bridge()
    bridge.follow(1)
    with qtbot.waitSignal(bridge.streamed, timeout=20):
        bridge.post(_piece("Hello", 1))


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
    qtbot.wait(60)
    assert texts == ["kept"]
