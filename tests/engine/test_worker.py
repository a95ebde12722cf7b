"""One thread owns the model: order, stopping, errors, and nothing left running."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Engine, FinishReason, Message, Request
from tern.engine.worker import (
    BUG_SENTENCE,
    Counted,
    EngineWorker,
    Event,
    Failed,
    Loaded,
    LoadFailed,
    Loading,
    Prefilling,
    Streamed,
)
from tern.errors import UserError


class Listener:
    def __init__(self) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.worker = EngineWorker(self.events.put)

    def until(self, done: Callable[[Event], bool], seconds: float = 5.0) -> list[Event]:
        """Events up to and including the first for which ``done`` is true."""
        seen: list[Event] = []
        while True:
            seen.append(self.events.get(timeout=seconds))
            if done(seen[-1]):
                return seen


def finished(event: Event) -> bool:
    return isinstance(event, Failed) or (
        isinstance(event, Streamed) and event.chunk.stats.finish_reason is not None
    )


def ask(text: str = "hello there") -> Request:
    return Request([Message("user", text)])


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.worker.close()
    assert not any(thread.name == "tern-engine" for thread in threading.enumerate())


def test_a_reply_streams_in_order_and_ends_once(listener: Listener) -> None:
    listener.worker.load(lambda progress: FakeEngine(["one two three"]))
    reply_id = listener.worker.submit(ask())
    events = listener.until(finished)
    assert [type(event) for event in events[:2]] == [Loading, Loaded]
    assert any(isinstance(event, Prefilling) for event in events)
    streamed = [event for event in events if isinstance(event, Streamed)]
    assert {event.reply_id for event in streamed} == {reply_id}
    assert "".join(event.chunk.text for event in streamed) == "one two three"
    assert streamed[-1].chunk.stats.finish_reason == FinishReason.END_OF_TURN
    assert sum(event.chunk.stats.finish_reason is not None for event in streamed) == 1


def test_stop_ends_the_running_reply_and_the_waiting_ones(listener: Listener) -> None:
    listener.worker.load(lambda progress: FakeEngine(["w " * 1000, "never"], token_seconds=0.005))
    listener.worker.submit(ask())
    listener.worker.submit(ask())
    listener.until(lambda event: isinstance(event, Streamed))
    listener.worker.stop()
    for _ in range(2):
        last = listener.until(finished)[-1]
        assert isinstance(last, Streamed)
        assert last.chunk.stats.finish_reason == FinishReason.STOPPED
    third = listener.worker.submit(ask())
    last = listener.until(finished)[-1]
    assert isinstance(last, Streamed)
    assert last.reply_id == third
    assert last.chunk.stats.finish_reason == FinishReason.END_OF_TURN


def test_a_request_without_a_model_says_so(listener: Listener) -> None:
    listener.worker.submit(ask())
    (event,) = listener.until(finished)
    assert isinstance(event, Failed)
    assert "No model is open" in event.message


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("The disk is full. Free some."), "The disk is full. Free some."),
        (ValueError("x"), BUG_SENTENCE),
    ],
)
def test_errors_become_sentences_and_the_thread_lives(
    listener: Listener, error: Exception, sentence: str
) -> None:
    def failing(progress: Callable[[float], None]) -> Engine:
        raise error

    listener.worker.load(failing)
    last = listener.until(lambda event: isinstance(event, LoadFailed))[-1]
    assert last == LoadFailed(sentence)
    listener.worker.load(lambda progress: FakeEngine(["a b c"], error=error, error_after=2))
    reply_id = listener.worker.submit(ask())
    events = listener.until(finished)
    assert events[-1] == Failed(reply_id, sentence)
    assert "".join(event.chunk.text for event in events if isinstance(event, Streamed)) == "a b"
    listener.worker.submit(ask("one two three"))
    assert isinstance(listener.until(finished)[-1], Failed)  # the fake still holds its error


def test_a_new_model_replaces_and_closes_the_old(listener: Listener) -> None:
    first, second = FakeEngine(), FakeEngine()
    listener.worker.load(lambda progress: first)
    listener.worker.load(lambda progress: second)
    listener.until(lambda event: isinstance(event, Loaded))
    listener.until(lambda event: isinstance(event, Loaded))
    assert first.closed
    assert not second.closed
    listener.worker.close()
    assert second.closed


def test_a_count_is_answered_in_the_middle_of_a_reply_which_it_does_not_disturb(listener: Listener) -> None:
    words = " ".join(f"w{n}" for n in range(60))
    engine = FakeEngine([words], token_seconds=0.005)
    listener.worker.load(lambda progress: engine)
    listener.worker.submit(ask())
    before = listener.until(lambda event: isinstance(event, Streamed))
    messages = [Message("user", "one two"), Message("assistant", "three"), Message("user", "four five six")]
    number = listener.worker.count(messages, ["a b", ""])
    events = listener.until(lambda event: isinstance(event, Counted))
    assert events[-1] == Counted(number, engine.measure(messages), (2, 0))
    after = listener.until(finished)
    streamed = [event.chunk for event in (*before, *events, *after) if isinstance(event, Streamed)]
    assert len([event for event in after if isinstance(event, Streamed)]) > 10, "the reply was still running"
    assert "".join(chunk.text for chunk in streamed) == words


def test_only_the_newest_count_is_answered_and_none_without_a_model(listener: Listener) -> None:
    listener.worker.count([Message("user", "nobody is there")])
    ready = threading.Event()

    def slowly(progress: Callable[[float], None]) -> Engine:
        ready.wait(5)
        return FakeEngine()

    listener.worker.load(slowly)
    listener.until(lambda event: isinstance(event, Loading))
    for number in range(20):
        last = listener.worker.count([Message("user", "word " * number)])
    ready.set()
    events = listener.until(lambda event: isinstance(event, Counted))
    assert isinstance(events[-1], Counted)
    assert events[-1].count_id == last
    listener.worker.submit(ask())
    assert not [event for event in listener.until(finished) if isinstance(event, Counted)]


def test_closing_in_the_middle_of_a_reply_does_not_wait_for_its_end() -> None:
    listener = Listener()
    engine = FakeEngine(["w " * 1_000_000], token_seconds=0.002)  # half an hour, were it waited for
    listener.worker.load(lambda progress: engine)
    listener.worker.submit(ask())
    listener.until(lambda event: isinstance(event, Streamed))
    listener.worker.close()
    assert engine.closed
