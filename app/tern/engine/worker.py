"""One thread owns the model. Requests go in by a queue, typed events come out through one callback.

The callback runs on the worker thread: whoever draws must hand it over to its own thread first (ui/bridge.py).
Nothing here knows who listens.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tern.engine.types import (
    Chunk,
    Engine,
    FinishReason,
    Message,
    ModelInfo,
    Observation,
    PromptSize,
    Request,
    Stats,
)
from tern.errors import Sentence, TernError, UserError
from tern.progress import OnProgress

log = logging.getLogger(__name__)

EngineFactory = Callable[[OnProgress], Engine]
Measure = Callable[[Iterator[Chunk]], Iterator[Chunk]]  # a reply's stream with more numbers in it


@dataclass(frozen=True, slots=True)
class Loading:
    """A model is being opened; ``fraction`` runs from 0 to 1."""

    fraction: float


@dataclass(frozen=True, slots=True)
class Loaded:
    info: ModelInfo


@dataclass(frozen=True, slots=True)
class LoadFailed:
    message: Sentence


@dataclass(frozen=True, slots=True)
class Prefilling:
    """``done`` of ``total`` prompt tokens of reply ``reply_id`` have been computed."""

    reply_id: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Streamed:
    """A piece of reply ``reply_id``. The last one has ``chunk.stats.finish_reason`` set."""

    reply_id: int
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class Failed:
    """Reply ``reply_id`` could not be made; ``message`` is for the person. What was streamed stays theirs."""

    reply_id: int
    message: Sentence


@dataclass(frozen=True, slots=True)
class Counted:
    """The answer to :meth:`EngineWorker.count`: what the messages take, and the tokens of each text by itself."""

    count_id: int
    size: PromptSize
    texts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """The model from inside, after a token; only while somebody watches (:meth:`EngineWorker.watch`)."""

    observation: Observation


Event = Loading | Loaded | LoadFailed | Prefilling | Streamed | Failed | Counted | Observed

BUG_SENTENCE = Sentence(
    "Something went wrong inside Tern; the details are in the log. Nothing was lost: please try again."
)

# llama.cpp's tokenizers call themselves for every character of a word (see ``pretokenizer_limit``); a Mac gives
# threads 0.5 MB.
_STACK_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class _Load:
    factory: EngineFactory


@dataclass(frozen=True, slots=True)
class _Reply:
    reply_id: int
    request: Request


@dataclass(frozen=True, slots=True)
class _Count:
    count_id: int
    messages: Sequence[Message]
    texts: Sequence[str]


@runtime_checkable
class _Observable(Protocol):
    """An engine that can be seen from inside: a BitNet."""

    def observe(self) -> Observation: ...


class _Look:
    """Wakes the thread to look at the count that waits."""


class EngineWorker:
    """Owns the engine on its own thread. All methods may be called from any thread and never block.

    A request sent while a model is still loading waits for it. Every reply ends in exactly one ``Streamed`` with
    a finish reason, or one ``Failed``.
    """

    def __init__(self, on_event: Callable[[Event], None], measure: Measure = lambda chunks: chunks) -> None:
        self._on_event, self._measure = on_event, measure
        self._queue: queue.SimpleQueue[_Load | _Reply | _Look | None] = queue.SimpleQueue()
        self._watched = False
        self._count: _Count | None = None  # the newest one that waits: older ones are not worth an answer
        self._lock = threading.Lock()
        self._next_id = 1
        self._stopped_up_to = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tern-engine", daemon=True)
        before = threading.stack_size(_STACK_BYTES)
        try:
            self._thread.start()
        finally:
            threading.stack_size(before)

    def load(self, factory: EngineFactory) -> None:
        """Open a model on the worker thread, replacing the present one. ``factory`` is told how to show progress."""
        self._queue.put(_Load(factory))

    def submit(self, request: Request) -> int:
        """Queue one reply; returns its id, which every event about it carries."""
        with self._lock:
            reply_id = self._next_id
            self._next_id += 1
        self._queue.put(_Reply(reply_id, request))
        return reply_id

    def count(self, messages: Sequence[Message], texts: Sequence[str] = ()) -> int:
        """Ask what ``messages`` and ``texts`` take; returns the id that the ``Counted`` event carries.

        Answered between two tokens of a running reply. Only the newest is answered, and none while no model is open.
        """
        with self._lock:
            count_id = self._next_id
            self._next_id += 1
            self._count = _Count(count_id, messages, texts)
        self._queue.put(_Look())
        return count_id

    def watch(self, watched: bool) -> None:
        """Whether to tell what the model looks like from inside, token by token (``Observed``)."""
        self._watched = watched

    def stop(self) -> None:
        """Stop every reply submitted so far, running or waiting."""
        with self._lock:
            self._stopped_up_to = self._next_id - 1

    def close(self, timeout: float = 10.0) -> None:
        """Stop everything, free the model and end the thread. Returns after at most ``timeout`` seconds."""
        self._closing.set()
        self.stop()
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        engine: Engine | None = None
        while (item := self._queue.get()) is not None:
            if isinstance(item, _Load):
                if engine is not None:
                    engine.close()
                engine = self._open(item.factory)
            elif isinstance(item, _Reply):
                self._reply(engine, item)
            self._answer_count(engine)
        if engine is not None:
            engine.close()

    def _open(self, factory: EngineFactory) -> Engine | None:
        try:
            self._on_event(Loading(0.0))
            engine = factory(lambda fraction: self._on_event(Loading(fraction)))
        except TernError as error:
            log.warning("load failed: %s", error)
            self._on_event(LoadFailed(_sentence(error)))
            return None
        except Exception:
            log.exception("load failed")
            self._on_event(LoadFailed(BUG_SENTENCE))
            return None
        self._on_event(Loaded(engine.info))
        return engine

    def _answer_count(self, engine: Engine | None) -> None:
        with self._lock:
            item, self._count = self._count, None
        if item is None or engine is None or self._closing.is_set():
            return
        try:
            size = engine.measure(item.messages)
            texts = tuple(engine.text_tokens(text) for text in item.texts)
        except TernError as error:  # as a foreign chat template that fails: sending will say so
            log.warning("not counted: %s", error)
        except Exception:
            log.exception("not counted")
        else:
            self._on_event(Counted(item.count_id, size, texts))

    def _reply(self, engine: Engine | None, item: _Reply) -> None:
        reply_id = item.reply_id

        def should_stop() -> bool:
            return reply_id <= self._stopped_up_to or self._closing.is_set()

        if should_stop():
            self._on_event(Streamed(reply_id, Chunk("", Stats(finish_reason=FinishReason.STOPPED))))
            return
        if engine is None:
            self._on_event(Failed(reply_id, Sentence("No model is open. Choose one, then send again.")))
            return

        def on_prefill(done: int, total: int) -> None:
            self._on_event(Prefilling(reply_id, done, total))
            self._answer_count(engine)

        try:
            for chunk in self._measure(engine.generate(item.request, should_stop, on_prefill)):
                if self._watched and isinstance(engine, _Observable):
                    self._on_event(Observed(engine.observe()))
                self._on_event(Streamed(reply_id, chunk))
                if chunk.stats.finish_reason is None:
                    self._answer_count(engine)
        except TernError as error:
            log.warning("reply failed: %s", error)
            self._on_event(Failed(reply_id, _sentence(error)))
        except Exception:
            log.exception("reply failed")
            self._on_event(Failed(reply_id, BUG_SENTENCE))


def _sentence(error: TernError) -> Sentence:
    return error.sentence if isinstance(error, UserError) else BUG_SENTENCE
