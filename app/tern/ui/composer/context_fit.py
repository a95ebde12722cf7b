"""What the next message would take of the context: counted at every pause of the typing, shown in the composer's row,
and asked before a message is sent. Of what is attached and longer than the context, the parts that fit the question are
chosen here, where the person wants that. Knows the desk and the composer; sends nothing itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from tern import paths
from tern.chat.attachments import Attachment, AttachmentKind, compose, told
from tern.chat.fitting_parts import FittingParts, costs_text, fitting, parts_budget
from tern.chat.passages import Passage
from tern.chat.session import Session
from tern.chat.types import Draft
from tern.engine.types import Message, PromptSize, Stats
from tern.engine.worker import Counted
from tern.settings import CONTEXT_SIZE, SYSTEM_PROMPT
from tern.ui.composer.composer import Composer
from tern.ui.composer.context_meter import MeterState
from tern.ui.composer.document_parts import DocumentParts
from tern.ui.reply_queue import ReplyQueue
from tern.ui.style.number_text import count_text

_PAUSE_MS = 150
_PATIENCE_MS = 3000  # then the message goes: the engine refuses what it cannot take, too
_LIVE_S = 0.5  # between two looks at a running reply
_NEAR = 0.85  # of the longest prompt
_FRAME_BYTES = 64  # more than the format adds to a message
_SMALLEST_CONTEXT = 2048  # tokens, of a model that is still being opened


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a count was about."""

    session: Session
    before: int | None
    draft: Draft


class ContextFit(QObject):
    """``allowed``: that draft may be sent. ``refused``: it cannot; the sentence says why, the flag whether
    Settings can help."""

    allowed = Signal(object)  # Draft
    refused = Signal(str, bool)
    waiting = Signal()  # what is written is long: it goes when the model is there to count it

    def __init__(self, desk: ReplyQueue, composer: Composer, session: Session) -> None:
        super().__init__(composer)
        self._desk = desk
        self._composer = composer
        self._session = session
        self._before: int | None = None
        self._asked: tuple[int, _Asked] | None = None  # the newest count, by its id
        self._known: tuple[_Asked, Counted] | None = None
        self._held: _Asked | None = None  # waits for its count to be sent
        self._live_at = 0.0
        self._words_tokens = 0
        self.documents = DocumentParts(self)
        self._wants_parts = False  # of what is too long
        self._long: tuple[Attachment, ...] = ()  # what is attached, where it was found to be too long
        self._costs = 0  # of it, in tokens
        self._ranked: Sequence[Passage] | None = None  # passages whose tokens are being counted
        self._parts: tuple[_Asked, FittingParts] | None = None
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.count)
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._let_go)
        composer.changed.connect(self._changed)
        composer.long_document.parts_requested.connect(self.use_parts)
        self.documents.ready.connect(self.count)
        desk.counted.connect(self._counted)
        desk.model_loading.connect(lambda _: composer.meter.show_use(0, 0))
        desk.model_failed.connect(self._no_model)
        desk.model_loaded.connect(self._new_model)

    def show(self, session: Session, before: int | None = None) -> None:
        """The conversation on show, and the message of it that is being edited."""
        self._session, self._before = session, before
        self._held = None
        self.count()

    def count(self) -> None:
        """Ask what it would take now."""
        self._pause.stop()
        asked = self._now()
        self._ranked = None
        if not asked.draft.attachments:
            self._forget_long()
        if self._desk.info is None:
            return
        if self._uses_parts(asked.draft):
            self._count_parts(asked)
            return
        messages = self._session.messages(self._desk.settings[SYSTEM_PROMPT], self._before)
        if content := compose(asked.draft.text, asked.draft.attachments):
            messages.append(Message("user", content))
        if not messages:
            self._count_messages()
            return
        texts = [told(attachment) for attachment in asked.draft.attachments]
        self._asked = self._desk.count(messages, [*texts, asked.draft.text]), asked

    def _count_messages(self) -> None:
        """Ask what the conversation takes, without what is written."""
        assert self._desk.info is not None
        self._asked, self._words_tokens = None, 0
        if messages := self._session.messages(self._desk.settings[SYSTEM_PROMPT], self._before):
            self._asked = self._desk.count(messages, [""]), _Asked(self._session, self._before, Draft())
        else:
            self._composer.meter.show_use(0, self._desk.info.context_size)

    # What is longer than the context

    def use_parts(self, wanted: bool) -> None:
        """Have the parts that fit the question sent, or no parts any more."""
        self._wants_parts = wanted
        self._composer.editor.setFocus()
        self.count()

    @property
    def parts(self) -> FittingParts | None:
        """What would be sent now of what is attached; None where that is all of it."""
        if self._parts is None or self._parts[0] != self._now() or not self._uses_parts(self._parts[0].draft):
            return None
        return self._parts[1]

    @property
    def long(self) -> tuple[tuple[Attachment, ...], int]:
        """What is attached and too long, and its tokens."""
        return self._long, self._costs

    def _uses_parts(self, draft: Draft) -> bool:
        return self._wants_parts and bool(draft.attachments) and draft.attachments == self._long

    def _count_parts(self, asked: _Asked) -> None:
        """First what the passages take, the likeliest ones, then what is made of them."""
        row = self._composer.long_document
        if not asked.draft.text.strip():
            row.wait_for_question()
            self._composer.set_too_long(self.tr("Write your question first."))
            self._count_messages()
            return
        ranked = self.documents.ranked(asked.draft.attachments, asked.draft.text)
        if ranked is None:
            row.show_reading()
            return
        self._ranked = ranked
        texts = costs_text(asked.draft.attachments, ranked)
        self._asked = self._desk.count(self._with(asked.draft.text), texts), asked

    def _choose_parts(self, asked: _Asked, counted: Counted) -> None:
        """The passages have been counted: as many as fit, and what the message takes with them."""
        assert self._ranked is not None
        size = counted.size
        budget = parts_budget(size.context_size, size.limit, size.least)
        found = fitting(asked.draft.attachments, self._ranked, counted.texts, budget)
        self._ranked = None
        self._parts = asked, found
        content = compose(asked.draft.text, found.parts)
        texts = [told(one) for one in found.parts]
        self._asked = self._desk.count(self._with(content), [*texts, asked.draft.text]), asked

    def _with(self, content: str) -> list[Message]:
        messages = self._session.messages(self._desk.settings[SYSTEM_PROMPT], self._before)
        return [*messages, Message("user", content)]

    def _forget_long(self) -> None:
        self._wants_parts = False
        self._long, self._parts = (), None
        self.documents.forget()
        self._composer.long_document.put_away()
        self._composer.set_too_long("")

    def _show_long(self, asked: _Asked, size: PromptSize, costs: Sequence[int]) -> None:
        """Say whether it can be sent, and what helps where what is attached is too long."""
        if self._uses_parts(asked.draft) and self._parts is not None and self._parts[0] == asked:
            self._composer.long_document.show_parts(len(self._parts[1].passages), sum(costs))
            self._composer.set_too_long("" if size.fits else self._too_long(size, True))
            return
        if size.fits or self._guide_answers or asked.draft == Draft():
            self._long = ()
            self._composer.long_document.put_away()
            self._composer.set_too_long("")
            return
        self._composer.set_too_long(self._too_long(size, bool(asked.draft.attachments)))
        told_already = any(one.kind is AttachmentKind.PARTS for one in asked.draft.attachments)
        if asked.draft.attachments and size.longest[0] == "user" and not told_already:
            self._long, self._costs = asked.draft.attachments, sum(costs)
            if self._wants_parts:
                self.count()
            else:
                self._composer.long_document.offer(self._costs, size.limit)

    @property
    def _guide_answers(self) -> bool:
        """The built-in guide reads no files at all, and says so when one is sent."""
        return self._desk.info is not None and self._desk.info.path == paths.guide_model()

    # Sending

    def ask(self, draft: Draft) -> None:
        """May ``draft``, which is written now, be sent? The answer is ``allowed`` or ``refused``, mostly at once."""
        info, asked = self._desk.info, _Asked(self._session, self._before, draft)
        if self._surely_fits(draft, info.context_size if info is not None else _SMALLEST_CONTEXT):
            self._held = None
            self.allowed.emit(draft)
        elif self._known is not None and self._known[0] == asked and info is not None:
            self._decide(asked, self._known[1].size)
        else:
            self._held = asked
            self.count()
            if info is not None:
                self._patience.start()
            elif self._desk.has_model:
                self.waiting.emit()
            else:
                self._let_go()

    def show_stats(self, stats: Stats) -> None:
        """The newest numbers of the reply that runs in the conversation on show."""
        now = time.monotonic()
        if stats.context_size and now - self._live_at >= _LIVE_S:
            self._live_at = now
            self._composer.meter.show_use(stats.context_used + self._words_tokens, stats.context_size)

    def _now(self) -> _Asked:
        return _Asked(self._session, self._before, self._composer.message)

    def _changed(self) -> None:
        if self._held is not None and self._held != self._now():
            self._held = None  # it was changed while it waited: the person is not done
        if not self._composer.attachments and self._long:
            self._forget_long()
        self._pause.start()

    def _surely_fits(self, draft: Draft, context_size: int) -> bool:
        """Whether even a token a byte would fit: then there is nothing to wait for."""
        manner = self._session.manner
        system = self._desk.settings[SYSTEM_PROMPT] if manner.system is None else manner.system
        message = compose(draft.text, draft.attachments)
        longest = len(message.encode()) + len(system.encode()) + 2 * _FRAME_BYTES
        return longest < context_size * 3 // 4

    def _counted(self, counted: Counted) -> None:
        if self._asked is None or counted.count_id != self._asked[0]:
            return
        asked = self._asked[1]
        if self._ranked is not None:
            self._choose_parts(asked, counted)
            return
        self._known = asked, counted
        *costs, self._words_tokens = counted.texts
        self._words_tokens += sum(costs)
        whole = not self._uses_parts(asked.draft)
        if whole and asked.draft.attachments == self._composer.attachments:
            self._composer.shelf.set_tokens(costs)
        if asked == self._now():
            self._show_long(asked, counted.size, costs)
        if not self._session.busy:
            self._show(counted.size, asked.draft != Draft())
        if self._held is not None and self._held == asked:
            self._decide(asked, counted.size)

    def _show(self, size: PromptSize, written: bool) -> None:
        state, words = MeterState.ROOMY, ""
        if written and not size.fits:
            state, words = MeterState.OVER, self.tr("too long to send")
        elif size.dropped:
            path = self._session.path[: self._session.dropped]
            gone = sum(bool(self._session.told(entry)) for entry in path)
            if len(size.dropped) <= gone:
                words = self.tr("the oldest messages are left out")
            else:
                state, words = MeterState.LEAVING, self.tr("the oldest messages will be left out")
        elif size.tokens >= _NEAR * size.limit:
            state, words = MeterState.NEAR, self.tr("nearly full")
        used = size.sent if size.fits else size.least
        self._composer.meter.show_use(used, size.context_size, state, words)

    def _decide(self, asked: _Asked, size: PromptSize) -> None:
        self._held = None
        self._patience.stop()
        if size.fits and self._uses_parts(asked.draft):
            if self._parts is not None and self._parts[0] == asked:
                self.allowed.emit(Draft(asked.draft.text, self._parts[1].parts))
        elif size.fits:
            self.allowed.emit(asked.draft)
        else:
            self.refused.emit(self._too_long(size, bool(asked.draft.attachments)), self._can_grow())

    def _too_long(self, size: PromptSize, attached: bool) -> str:
        """What happened, and what helps here."""
        role, tokens = size.longest
        if role == "system":
            what = self.tr(
                "The system prompt is too long: it takes {0} tokens, and the model can take {1} at a time, "
                "your message included."
            ).format(count_text(tokens), count_text(size.limit))
            shorter = self.tr("Shorten the system prompt.")
            raised = self.tr("Shorten the system prompt, or raise the context size in Settings.")
            return f"{what} {raised if self._can_grow() else shorter}"
        what = self.tr(
            "This message is too long to send: it takes {0} tokens, and the model can take {1} at a time."
        )
        raisable = self._can_grow()
        if attached and raisable:
            helps = self.tr("Shorten it, remove an attachment, or raise the context size in Settings.")
        elif attached:
            helps = self.tr("Shorten it, or remove an attachment.")
        elif raisable:
            helps = self.tr("Shorten it, send it in parts, or raise the context size in Settings.")
        else:
            helps = self.tr("Shorten it, or send it in parts.")
        return f"{what.format(count_text(size.least), count_text(size.limit))} {helps}"

    def _can_grow(self) -> bool:
        """Whether Settings hold the context back: they name a size, or leave llama.cpp's models at Tern's default."""
        info = self._desk.info
        return self._desk.settings[CONTEXT_SIZE] > 0 or (info is not None and info.kernel == "llama.cpp")

    def _new_model(self) -> None:
        self._known = self._parts = None  # its tokens are others
        self._long = ()
        self.count()
        if self._held is not None:
            self._patience.start()

    def _no_model(self) -> None:
        self._held = None
        self._composer.meter.show_use(0, 0)
        self._composer.set_too_long("")

    def _let_go(self) -> None:
        if self._held is not None and self._uses_parts(self._held.draft):
            self._patience.start()  # never all of it
            return
        held, self._held = self._held, None
        if held is not None:
            self.allowed.emit(held.draft)
