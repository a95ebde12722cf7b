"""One conversation as it is spoken: the branch on show, the reply in progress, its numbers. Knows no window.

Everything is in the store before the engine hears of it: the person's message when it is asked, the reply about once
a second while it arrives. Regenerating and editing add a branch beside the old one; nothing is overwritten.
A session on ``Store.private()`` is a private chat: it does the same, and the store is in memory alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tern.chat.attachments import Attachment, compose
from tern.chat.normalize import as_written
from tern.chat.store import Store
from tern.chat.thinking import answer
from tern.chat.types import Entry, Manner, State, continued
from tern.engine.types import Message, Request, Role, SamplingParams, Stats
from tern.errors import BugError

CHECKPOINT_S = 1.0
EDITED = " (edited)"  # after the name of the model whose reply a person has changed


@dataclass(frozen=True, slots=True)
class Removal:
    """Messages taken away by :meth:`Session.delete_from`, to be given to :meth:`Session.restore`, by this or another
    session of the conversation, until the program ends."""

    entries: tuple[Entry, ...]
    leaf: int | None


class Session:
    """A conversation of ``store``; ``conversation`` None is a new one, which the first question creates.

    At most one reply, the last of the branch on show, is in progress; until it ends the branch stays on show.
    Methods called out of order raise BugError.
    """

    def __init__(
        self,
        store: Store,
        conversation: int | None = None,
        manner: Manner | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._saved_at = 0.0
        self._pieces: list[str] = []  # of the reply in progress
        self._numbers = Stats()  # of it, before it was gone on with
        self._open: Entry | None = None
        self._unkept: list[Entry] = []  # ended replies that the disk has not taken yet
        # Of each message of the last request: its place on the branch, -1 for none.
        self._told: list[int] = []
        self.conversation = conversation
        self._manner = manner or (store.manner(conversation) if conversation is not None else Manner())
        self._entries: dict[int, Entry] = {}
        self._leaf: int | None = None
        if conversation is not None:
            self._entries = {entry.id: entry for entry in store.entries(conversation)}
            leaf = store.leaf(conversation)
            self._leaf = leaf if leaf in self._entries else self._newest_leaf(None)

    # What there is

    @property
    def store(self) -> Store:
        """Where it is kept: title, pin and drafts are there. A private chat has a store of its own."""
        return self._store

    @property
    def path(self) -> list[Entry]:
        """The messages of the branch on show, first to last. The last one's content lags while it streams."""
        path: list[Entry] = []
        at = self._leaf
        while at is not None:
            path.append(self._entries[at])
            at = self._entries[at].parent
        return path[::-1]

    @property
    def entries(self) -> Sequence[Entry]:
        """All messages of all branches."""
        return list(self._entries.values())

    @property
    def busy(self) -> bool:
        """Whether a reply is waited for or arriving."""
        return self._open is not None

    @property
    def reply(self) -> str:
        """The reply in progress so far, or the last one; empty when there is none."""
        if self._open is not None:
            return "".join(self._pieces)
        path = self.path
        return path[-1].content if path and path[-1].role == "assistant" else ""

    def siblings(self, entry: Entry) -> list[Entry]:
        """``entry`` and the others that stand in its place on other branches, oldest first."""
        return [
            other
            for other in self._entries.values()
            if other.parent == entry.parent and other.role == entry.role
        ]

    @property
    def manner(self) -> Manner:
        return self._manner

    @manner.setter
    def manner(self, manner: Manner) -> None:
        self._manner = manner
        if self.conversation is not None:
            self._store.set_manner(self.conversation, manner)

    @property
    def dropped(self) -> int:
        """How many of the oldest messages on show the model was not told for the last reply."""
        asked = [entry.stats for entry in self.path if entry.stats.context_size]
        return max(asked[-1].dropped_messages, default=-1) + 1 if asked else 0

    def messages(self, system: str = "", before: int | None = None) -> list[Message]:
        """The branch as the engine takes it: system prompt first (the conversation's own, or ``system``).

        ``before``: only as far as the message that stands before this one of the path.
        """
        prompt = self._prompt(system)
        messages = [Message("system", prompt)] if prompt else []
        for entry in self.path:
            if entry.id == before:
                break
            if content := self.told(entry):
                messages.append(Message(entry.role, content))
        return messages

    def told(self, entry: Entry) -> str:
        """What the model is told of a message: of a reply without what it thought, unless it is to go on with it."""
        return (
            answer(entry.content) if entry.role == "assistant" and entry is not self._open else entry.content
        )

    # What the person does

    def ask(self, question: str, before: int | None = None, attachments: Sequence[Attachment] = ()) -> None:
        """Add a question and the empty reply to it, kept on the disk when this returns.

        ``before``: the id of a question on show that this one is an edited version of.
        """
        self._must_be_idle()
        question = as_written(question)
        if not question.strip() and not attachments:
            raise BugError("a question is never blank")
        if self.conversation is None:
            first = attachments[0] if attachments else None
            title = question if question.strip() or first is None else first.name or first.text
            self.conversation = self._store.create(title, self._manner)
        parent = self._leaf if before is None else self._entries[before].parent
        content = compose(question, attachments)
        drafts: list[tuple[Role, str, State]] = [
            ("user", content, State.DONE),
            ("assistant", "", State.STREAMING),
        ]
        self._add(parent, drafts, attachments)

    def regenerate(self, reply: int) -> None:
        """Begin another reply beside ``reply``."""
        self._must_be_idle()
        old = self._entries[reply]
        if old.role != "assistant":
            raise BugError("only a reply can be regenerated")
        self._add(old.parent, [("assistant", "", State.STREAMING)])

    def rewrite(self, reply: int, text: str) -> None:
        """Have ``text`` as another version beside ``reply``; what the model says next follows from that."""
        self._must_be_idle()
        old = self._entries[reply]
        if old.role != "assistant":
            raise BugError("only a reply can be rewritten")
        (entry,) = self._store.add(self._stored(), [("assistant", as_written(text), State.DONE)], old.parent)
        entry.model = f"{old.model.removesuffix(EDITED)}{EDITED}" if old.model else ""
        self._entries[entry.id] = entry
        self._leaf = entry.id
        self._store.save(entry)

    def go_on(self) -> None:
        """Go on with the last reply, where it ended too early."""
        self._must_be_idle()
        entry = self._entries[self._leaf] if self._leaf is not None else None
        if entry is None or not entry.unfinished:
            raise BugError("the last reply is not unfinished")
        entry.state, entry.error = State.STREAMING, ""
        entry.stats = replace(entry.stats, finish_reason=None)
        self._store.save(entry)
        self._begin(entry)
        self._numbers = entry.stats

    def choose(self, entry: int) -> None:
        """Show the branch that ``entry`` is on, to its newest end."""
        self._must_be_idle()
        self._show(self._newest_leaf(entry))

    def delete_from(self, entry: int) -> Removal:
        """Take away ``entry`` and all that follows it on any branch."""
        self._must_be_idle()
        gone = [self._entries[entry]]
        for candidate in gone:
            gone += [other for other in self._entries.values() if other.parent == candidate.id]
        removal = Removal(tuple(gone), self._leaf)
        place = self.siblings(gone[0])
        for old in gone:
            del self._entries[old.id]
        others = [other for other in place if other.id != entry]
        self._leaf = self._newest_leaf(others[-1].id) if others else gone[0].parent
        self._store.delete_entries([old.id for old in gone], self._stored(), self._leaf)
        return removal

    def restore(self, removal: Removal) -> None:
        """Bring back what :meth:`delete_from` took away; and what that hangs on, if it was taken away later."""
        self._must_be_idle()
        back = {entry.id: entry for entry in removal.entries}
        parent = removal.entries[0].parent
        while parent is not None and parent not in self._entries:
            back[parent] = self._store.deleted_entry(parent)
            parent = back[parent].parent
        self._entries = dict(sorted((self._entries | back).items()))
        shown = removal.leaf if removal.leaf in self._entries else removal.entries[0].id
        self._leaf = self._newest_leaf(shown)  # what was said after it since stays on show
        self._store.undelete_entries(list(back), self._stored(), self._leaf)

    # What the engine does

    def request(
        self, system: str, sampling: SamplingParams, max_tokens: int | None, manner: Manner | None = None
    ) -> Request:
        """What asks the engine for the reply in progress. A last message of the assistant's is to be continued.
        ``manner``: of this reply alone, where it is another than the conversation's."""
        if self._open is None:
            raise BugError("no reply is in progress")
        told = [place for place, entry in enumerate(self.path) if self.told(entry)]
        own, self._manner = self._manner, manner or self._manner
        try:
            self._told = [-1, *told] if self._prompt(system) else told
            return Request(self.messages(system), sampling, max_tokens)
        finally:
            self._manner = own

    def append(self, text: str, stats: Stats, model: str = "") -> None:
        """Add a piece of the reply with the numbers after it; a finish reason in ``stats`` ends it.

        ``model`` names the one that speaks. Messages that left are kept by their places on the branch, which stay
        true when the system prompt changes.
        """
        entry = self._current()
        if text:
            self._pieces.append(text)
        if stats.dropped_messages and self._told:
            stats = replace(stats, dropped_messages=tuple(self._told[n] for n in stats.dropped_messages))
        entry.stats = continued(self._numbers, stats) if self._numbers.tokens else stats
        entry.model = model or entry.model
        if stats.finish_reason is not None:
            self._end(State.DONE)
        elif self._clock() - self._saved_at >= CHECKPOINT_S:
            self.checkpoint()

    def next_piece(self) -> None:
        """What comes next of the reply is another answer of the model's, with numbers of its own."""
        self._numbers = self._current().stats

    def checkpoint(self) -> None:
        """Write what has come of the reply so far to the disk; while another writes there, with the next piece."""
        entry = self._current()
        before, self._saved_at = self._saved_at, self._clock()
        entry.content = "".join(self._pieces)
        if not self._store.save_if_free(entry):
            self._saved_at = before

    def save(self) -> None:
        """Write the ends of replies, those too that the disk refused before."""
        while self._unkept:
            self._store.save(self._unkept[0])
            del self._unkept[0]

    def fail(self, sentence: str) -> None:
        """End the reply with an error; what was streamed stays."""
        self._current().error = sentence
        self._end(State.FAILED)

    def cut(self) -> None:
        """End the reply because Tern ends: it can be continued another day."""
        self._current()
        self._end(State.CUT)

    # Within

    def _prompt(self, system: str) -> str:
        """The system prompt in force; empty for none."""
        own = self._manner.system
        prompt = system if own is None else own
        return prompt if prompt.strip() else ""

    def _add(
        self,
        parent: int | None,
        drafts: Sequence[tuple[Role, str, State]],
        attachments: Sequence[Attachment] = (),
    ) -> None:
        added = self._store.add(self._stored(), drafts, parent, attachments)
        self._entries |= {entry.id: entry for entry in added}
        self._leaf = added[-1].id
        self._begin(added[-1])

    def _begin(self, entry: Entry) -> None:
        self._open = entry
        self._numbers = Stats()
        self._pieces = [entry.content] if entry.content else []
        self._saved_at = self._clock()

    def _end(self, state: State) -> None:
        entry = self._current()
        self._open = None
        entry.content, entry.state = "".join(self._pieces), state
        self._pieces = []
        self._unkept.append(entry)
        self.save()

    def _show(self, leaf: int | None) -> None:
        self._leaf = leaf
        self._store.set_leaf(self._stored(), leaf)

    def _newest_leaf(self, entry: int | None) -> int | None:
        """The end of the branch that always takes the newest child, from ``entry`` (None: from the start)."""
        # Later ones replace earlier ones.
        newest = {other.parent: other.id for other in self._entries.values()}
        while entry in newest:
            entry = newest[entry]
        return entry

    def _stored(self) -> int:
        if self.conversation is None:
            raise BugError("the conversation is not kept yet")
        return self.conversation

    def _current(self) -> Entry:
        if self._open is None:
            raise BugError("no reply is in progress")
        return self._open

    def _must_be_idle(self) -> None:
        if self._open is not None:
            raise BugError("a reply is still in progress")
