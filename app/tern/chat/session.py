"""One conversation as it is spoken: turns, the reply in progress, its numbers. Pure; knows no window and no disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tern.engine.types import Message, Request, SamplingParams, Stats
from tern.errors import BugError


class TurnState(StrEnum):
    """Where a turn stands."""

    WAITING = "waiting"  # asked; nothing has come back yet
    STREAMING = "streaming"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Turn:
    """What the person said and what came back. ``error`` is the sentence shown when the reply failed."""

    question: str
    pieces: list[str] = field(default_factory=list)
    stats: Stats = field(default_factory=Stats)
    state: TurnState = TurnState.WAITING
    error: str = ""

    @property
    def reply(self) -> str:
        """The reply so far, exactly as the model wrote it (Markdown)."""
        return "".join(self.pieces)

    @property
    def open(self) -> bool:
        return self.state in (TurnState.WAITING, TurnState.STREAMING)


class Session:
    """The turns of one conversation. At most one reply, the last turn's, is in progress.

    ``system`` is the system prompt; None sends none. Methods called out of order raise BugError.
    """

    def __init__(self, system: str | None = None, sampling: SamplingParams | None = None) -> None:
        self.system = system
        self.sampling = sampling or SamplingParams()
        self._turns: list[Turn] = []

    @property
    def turns(self) -> Sequence[Turn]:
        return tuple(self._turns)

    @property
    def busy(self) -> bool:
        """Whether a reply is waited for or arriving."""
        return bool(self._turns) and self._turns[-1].open

    def messages(self) -> list[Message]:
        """The conversation as the engine takes it: system prompt first, empty replies left out."""
        messages = [Message("system", self.system)] if self.system else []
        for turn in self._turns:
            messages.append(Message("user", turn.question))
            if turn.reply:
                messages.append(Message("assistant", turn.reply))
        return messages

    def ask(self, question: str) -> Request:
        """Add a turn for ``question`` (not blank) and return the request that asks for its reply."""
        if self.busy:
            raise BugError("a reply is still in progress")
        if not question.strip():
            raise BugError("a question is never blank")
        self._turns.append(Turn(question))
        return Request(self.messages(), self.sampling)

    def ask_again(self) -> Request:
        """Forget the last turn's reply and return the request that asks for it once more."""
        if self.busy or not self._turns:
            raise BugError("there is no finished turn to ask again")
        self._turns[-1] = Turn(self._turns[-1].question)
        return Request(self.messages(), self.sampling)

    def append(self, text: str, stats: Stats) -> Turn:
        """Add a piece of the reply with the numbers after it; a finish reason in ``stats`` ends the turn."""
        turn = self._current()
        if text:
            turn.pieces.append(text)
        turn.stats = stats
        turn.state = TurnState.STREAMING if stats.finish_reason is None else TurnState.DONE
        return turn

    def fail(self, sentence: str) -> Turn:
        """End the turn with an error; what was streamed stays."""
        turn = self._current()
        turn.state, turn.error = TurnState.FAILED, sentence
        return turn

    def _current(self) -> Turn:
        if not self.busy:
            raise BugError("no reply is in progress")
        return self._turns[-1]
