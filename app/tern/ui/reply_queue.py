"""Where conversations and the model meet: whose reply runs, whose waits, and what the store keeps of it.
Knows no widget. A reply belongs to its conversation, whichever one is on show.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from tern.chat.reply_options import sampling_of
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.summarizing import Summarizing
from tern.chat.thinking import answer
from tern.chat.types import Draft, Manner
from tern.engine.types import FinishReason, Message, ModelInfo, Request, Stats
from tern.engine.worker import EngineFactory, EngineWorker
from tern.errors import UserError
from tern.metrics.energy import here
from tern.metrics.energy.replies import ReplyEnergy
from tern.settings import SYSTEM_PROMPT, Settings
from tern.ui.bridge import Bridge

log = logging.getLogger(__name__)

_AGAIN_MS = 5000  # after the disk refused


class ReplyQueue(QObject):
    """Owns the worker. One reply runs at a time; others wait their turn. Signals carry the session they are about."""

    model_loading = Signal(float)  # fraction
    model_loaded = Signal(object)  # ModelInfo
    model_failed = Signal(object)  # Sentence
    prefilling = Signal(object, int, int)  # session, done, total
    grew = Signal(object, str, object)  # session, text, Stats
    ended = Signal(object, object)  # session, the Sentence when it failed, else an empty text
    counted = Signal(object)  # Counted
    observed = Signal(object)  # Observation
    conversation_changed = Signal(int)  # which: its messages, or whether it is busy
    trouble = Signal(object)  # Sentence: the disk refused

    def __init__(self, store: Store, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self.settings = settings
        self.info: ModelInfo | None = None
        self._factory: EngineFactory | None = None
        self._opening = False
        self._expected = False  # a model is to be opened, and the worker does not know yet
        self._sessions: dict[int, Session] = {}  # those with a reply on its way, by conversation
        self._waiting: deque[Session] = deque()
        self._running: tuple[int, Session] | None = None
        # By conversation: what its reply is made of, where that is several, and what has come of the present one.
        self._runs: dict[int, Summarizing] = {}
        self._piece: list[str] = []
        # By conversation: how its reply is made, where that is not as it usually is, and what that is called.
        self._ways: dict[int, tuple[Manner, str]] = {}
        self._troubled = False
        self._unkept: dict[int, Session] = {}  # whose last words the disk refused
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._keep_again)
        self.bridge = Bridge(self)
        self._energy = ReplyEnergy(here.meter)
        self._worker = EngineWorker(self.bridge.post, self._energy)
        self.bridge.loading.connect(self._loading)
        self.bridge.loaded.connect(self._loaded)
        self.bridge.load_failed.connect(self._load_failed)
        self.bridge.prefilling.connect(self._prefilling)
        self.bridge.streamed.connect(self._streamed)
        self.bridge.failed.connect(self._failed)
        self.bridge.counted.connect(self.counted)
        self.bridge.observed.connect(self.observed)

    # The model

    def expect_model(self) -> None:
        """One will be opened in a moment; replies asked for meanwhile wait for it."""
        self._opening = self._expected = True

    def open_model(self, factory: EngineFactory) -> None:
        """Load a model in the background; replies asked for meanwhile wait for it."""
        self._factory = factory
        self._opening, self._expected = True, False
        self._worker.load(factory)
        self._next()

    def reload(self) -> None:
        """Try the last model once more."""
        if self._factory is not None:
            self.open_model(self._factory)

    @property
    def has_model(self) -> bool:
        """Whether a model is open or being opened."""
        return self._opening or self.info is not None

    # Conversations

    def session(self, conversation: int | None) -> Session:
        """The conversation to show: the very one whose reply is on its way or not kept yet, or else read from the
        store."""
        if conversation is not None and (
            held := self._sessions.get(conversation, self._unkept.get(conversation))
        ):
            return held
        return Session(self.store, conversation)

    @property
    def busy(self) -> bool:
        """Whether any reply is on its way."""
        return bool(self._sessions)

    def is_busy(self, conversation: int) -> bool:
        return conversation in self._sessions

    def waits_for(self, session: Session) -> Session | None:
        """The session whose reply is made before this one's; None when it is its turn."""
        running = self._running[1] if self._running else None
        return running if running is not session else None

    def watch(self, watched: bool) -> None:
        """Whether ``observed`` tells what the model looks like from inside."""
        self._worker.watch(watched)

    def count(self, messages: Sequence[Message], texts: Sequence[str]) -> int:
        """Ask what these take, in tokens; ``counted`` brings the answer under the number that comes back."""
        return self._worker.count(messages, texts)

    # Replies. Each raises UserError, with nothing asked, when the disk refuses.

    def ask(self, session: Session, draft: Draft, before: int | None = None) -> None:
        """``before``: the question on show that this one is an edited version of."""
        session.ask(draft.text, before, draft.attachments)
        self._begin(session)

    def summarize(self, session: Session, words: str, run: Summarizing) -> None:
        """Ask ``words``, and answer with the summaries of ``run``."""
        session.ask(words)
        assert session.conversation is not None
        self._runs[session.conversation] = run
        self._begin(session)

    def run_of(self, session: Session) -> Summarizing | None:
        """What the reply on its way is made of, where that is several pieces."""
        return self._runs.get(session.conversation) if session.conversation is not None else None

    def regenerate(self, session: Session, reply: int, way: tuple[Manner, str] | None = None) -> None:
        """``way``: how this version alone is made, and what that is called."""
        session.regenerate(reply)
        assert session.conversation is not None
        if way is not None:
            self._ways[session.conversation] = way
        self._begin(session)

    def go_on(self, session: Session) -> None:
        session.go_on()
        self._begin(session)

    def stop(self, session: Session) -> bool:
        """End this session's reply where it stands; whether the model has yet to say that it has ended."""
        if self._running is not None and self._running[1] is session:
            self._worker.stop()
            if self.info is not None:
                return True  # between two tokens, or two steps of reading
            self.bridge.drop(self._running[0])  # it waits for a model that is being opened
        elif session in self._waiting:
            self._waiting.remove(session)
        else:
            return False
        self._keep(session, lambda: session.append("", Stats(finish_reason=FinishReason.STOPPED)))
        self._finished(session, "")
        return False

    def close(self) -> None:
        """End everything; what was written of a reply is kept, to its last token."""
        self._waiting.clear()
        self._worker.close()
        self.bridge.drain()
        for session in self._sessions.values():
            if session.busy:
                self._keep(session, session.cut)
        self._keep_again()
        self.bridge.close()

    def _begin(self, session: Session) -> None:
        assert session.conversation is not None
        self._sessions[session.conversation] = session
        self._waiting.append(session)
        self._next()
        self.conversation_changed.emit(session.conversation)

    def _next(self) -> None:
        if self._running is not None or self._expected or not self._waiting:
            return
        session = self._waiting.popleft()
        run = self.run_of(session)
        request = run.request if run is not None else None
        if request is None:
            way = self._ways.get(session.conversation or 0)
            manner = way[0] if way is not None else session.manner
            sampling, longest = sampling_of(manner, self.settings)
            request = session.request(self.settings[SYSTEM_PROMPT], sampling, longest, manner)
        self._submit(session, request)

    def _submit(self, session: Session, request: Request) -> None:
        self._piece = []
        reply_id = self._worker.submit(request)
        self.bridge.follow(reply_id)
        self._running = reply_id, session

    def _finished(self, session: Session, sentence: str) -> None:
        assert session.conversation is not None
        self._sessions.pop(session.conversation, None)
        self._runs.pop(session.conversation, None)
        self._ways.pop(session.conversation, None)
        if self._running is not None and self._running[1] is session:
            self._running = None
        self.ended.emit(session, sentence)
        self._next()
        self.conversation_changed.emit(session.conversation)

    # What the engine says

    def _loading(self, fraction: float) -> None:
        self.info = None
        self.model_loading.emit(fraction)

    def _loaded(self, info: ModelInfo) -> None:
        self.info, self._opening = info, False
        if not self._waiting and self._running is None:
            self._energy.find_idle()
        self.model_loaded.emit(info)

    def _load_failed(self, sentence: str) -> None:
        self.info, self._opening = None, False
        self.model_failed.emit(sentence)

    def _session_of(self, reply_id: int) -> Session | None:
        return self._running[1] if self._running is not None and self._running[0] == reply_id else None

    def _prefilling(self, reply_id: int, done: int, total: int) -> None:
        if (session := self._session_of(reply_id)) is not None:
            self.prefilling.emit(session, done, total)

    def _streamed(self, reply_id: int, text: str, stats: Stats) -> None:
        session = self._session_of(reply_id)
        if session is None:
            return
        model = self.info.name if self.info is not None else ""
        if (way := self._ways.get(session.conversation or 0)) is not None:
            model = f"{model} · {way[1]}"
        if (run := self.run_of(session)) is not None:
            self._streamed_piece(session, run, text, stats, model)
            return
        self._keep(session, lambda: session.append(text, stats, model))
        self.grew.emit(session, text, stats)
        if stats.finish_reason is not None:
            self._finished(session, "")

    def _streamed_piece(
        self, session: Session, run: Summarizing, text: str, stats: Stats, model: str
    ) -> None:
        """A piece of a reply that is made of several: the next one is asked when it has ended."""
        opening = run.opening if not self._piece and text else ""
        if text:
            self._piece.append(text)
        reason = stats.finish_reason
        shown = opening + text if run.shown else ""
        stopped = reason is FinishReason.STOPPED
        if reason is not None and not stopped:
            run.ended(answer("".join(self._piece)))
            shown += "\n\n" if shown or run.request is not None else ""
        request = None if stopped else run.request
        if stopped:
            done, total = run.step
            shown += f"\n\n*{self.tr('Stopped after {0} of {1} parts.').format(done, total)}*"
            stats = replace(stats, finish_reason=FinishReason.END_OF_TURN)  # nothing could go on with it
        elif request is not None:
            stats = replace(stats, finish_reason=None)
        self._keep(session, lambda: session.append(shown, stats, model))
        self.grew.emit(session, shown, stats)
        if stats.finish_reason is not None:
            self._finished(session, "")
        elif reason is not None and request is not None:
            session.next_piece()
            self._submit(session, request)

    def _failed(self, reply_id: int, sentence: str) -> None:
        if (session := self._session_of(reply_id)) is not None:
            run = self.run_of(session)
            if run is not None and not self._piece and run.too_long() and (request := run.request):
                self._submit(session, request)
                return
            self._keep(session, lambda: session.fail(sentence))
            self._finished(session, sentence)

    def _keep(self, session: Session, write: Callable[[], None]) -> None:
        """Do what also writes to the disk. A disk that refuses is said once a stretch and tried again; the reply goes
        on."""
        assert session.conversation is not None
        try:
            write()
            self._troubled = False
            self._unkept.pop(session.conversation, None)
        except UserError as error:
            log.warning("not kept: %s", error)
            self._unkept[session.conversation] = session
            self._again.start()
            if not self._troubled:
                self._troubled = True
                self.trouble.emit(error.sentence)

    def _keep_again(self) -> None:
        for session in list(self._unkept.values()):
            if not session.busy:  # else the next checkpoint tries
                self._keep(session, session.save)
