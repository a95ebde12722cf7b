"""The conversations on disk: all SQL that reads or writes them (search.py searches). One connection, one thread.

A method that writes has committed to the disk when it returns. Deleting only marks: what is deleted is shown nowhere,
can be restored, and is forgotten when its time has come (:meth:`Store.forget`, forgetting.py). A private chat is kept
in a store of its own that no disk sees (:meth:`Store.private`).
"""

from __future__ import annotations

import itertools
import json
import logging
import sqlite3
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tern import data_lock
from tern.chat import database_file, forgetting, migrations, search, words_index
from tern.chat.attachments import PLAIN, Attachment, AttachmentKind, from_json, to_json
from tern.chat.types import Deleted, Draft, Entry, Hit, Manner, State, Summary, stats_from_json, stats_to_json
from tern.data_lock import Hold
from tern.engine.types import Role
from tern.errors import BugError, UserError, packed, unpacked
from tern.settings import KEEP_DELETED

log = logging.getLogger(__name__)

TITLE_LENGTH = 60
_PAUSE_S = 0.02
_PATIENCE_S = 5.0  # to wait for another process that writes
_LOOK_S = 0.001
_DAY_S = 24 * 3600
_NEW_DRAFT, _NEW_ATTACHMENTS = "draft", "draft_attachments"  # facts: what is written for a new conversation
_DISCARDED = -1.0  # hidden for so long that the next start forgets it
# Numbers of a private store: beyond those of any store on a disk, within what Qt's signals carry (32 bits).
_FIRST_PRIVATE, _EACH_PRIVATE = 1_000_000_000, 100_000
_ENTRIES = "SELECT id, parent, role, content, state, error, stats, created, attachments, model FROM message"

Numbers = int | Iterable[int]  # of one conversation, or of several


class IndexMendedError(UserError):
    """What failed will go now."""


class Store:
    """Every conversation. ``warning`` is a sentence for the person when the file had to be recovered.

    ``path`` None: nothing is kept (``:memory:``). Every method raises UserError when the disk refuses. A method that
    takes several conversations changes all of them in one transaction, and returns those that it changed: what undoes
    it is the opposite method with these.
    """

    _blocks = itertools.count(_FIRST_PRIVATE, _EACH_PRIVATE)

    def __init__(self, connection: sqlite3.Connection, path: Path | None = None, warning: str = "") -> None:
        self._db = connection
        self.path = path
        self.warning = warning
        self.cut_off = 0  # replies that had not ended when a Tern before this one did
        self.is_private = False
        self.is_closed = False
        self.now: Callable[[], float] = time.time
        self._seen: int = connection.execute("PRAGMA data_version").fetchone()[0]

    @classmethod
    def open(
        cls, folder: Path, alone: bool = False, keep_deleted_days: float = KEEP_DELETED.default
    ) -> Store:
        """The store in ``folder``; made when missing. Replies that were cut off are marked so, and what was deleted
        longer ago than ``keep_deleted_days`` is forgotten.

        While another process holds the folder (data_lock.py) its reply may be under way and its deletions may be
        undone: then neither is done, and nothing is mended. ``alone``: where nothing can be locked, the caller knows
        that there is no other. Raises UserError, as ``database_file.open_checked`` does.
        """
        path = folder / database_file.FILE_NAME
        with data_lock.taken(folder) as hold:
            connection, warning = database_file.open_checked(path, hold is not Hold.OTHERS)
            store = cls(connection, path, warning)
            if hold is Hold.OURS or (alone and hold is Hold.UNKNOWN):
                try:
                    store.purge(keep_deleted_days)
                except IndexMendedError:
                    store.purge(keep_deleted_days)
                with store._writing() as db:
                    found = db.execute("UPDATE message SET state = 'cut' WHERE state = 'streaming'")
                    store.cut_off = found.rowcount
        return store

    @classmethod
    def in_memory(cls) -> Store:
        """A store that is gone with the process."""
        connection = database_file.connect(":memory:")
        migrations.migrate(connection)
        return cls(connection)

    @classmethod
    def private(cls) -> Store:
        """A store for a private chat: in memory alone, and gone when it is closed. (What the system itself writes of
        a process's memory, into its swap file as it sleeps, no program can rule out.)

        The numbers of its conversations and messages are no other store's, so that whoever tells conversations apart
        by number (the queue of replies) needs to know nothing of privacy.
        """
        store = cls.in_memory()
        store.is_private = True
        first = next(cls._blocks)
        with store._writing() as db:
            db.executemany(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
                [("conversation", first), ("message", first)],
            )
        store._db.execute("PRAGMA temp_store = MEMORY")  # no sorting on the disk either
        return store

    def another(self) -> Store:
        """The same conversations over a connection of its own, for another thread; of a store with a ``path``."""
        assert self.path is not None
        with self._disk_trouble():
            return Store(database_file.connect(self.path), self.path)

    def close(self) -> None:
        self.is_closed = True
        self._db.close()

    # Conversations

    def summaries(self) -> list[Summary]:
        """All conversations: pinned ones first, then the newest."""
        rows = self._read(
            "SELECT id, title, updated, pinned FROM conversation WHERE deleted IS NULL "
            "ORDER BY pinned DESC, updated DESC, id DESC"
        )
        return [_summary(row) for row in rows]

    def summary(self, conversation: int) -> Summary:
        """One of them, deleted or not. Raises BugError when there is none."""
        rows = self._read("SELECT id, title, updated, pinned FROM conversation WHERE id = ?", conversation)
        if not rows:
            raise BugError(f"there is no conversation {conversation}")
        return _summary(rows[0])

    def sizes(self) -> dict[int, int]:
        """Of every conversation: how many messages it has, on all its branches."""
        return dict(
            self._read(
                "SELECT conversation, count(*) FROM message WHERE deleted IS NULL GROUP BY conversation"
            )
        )

    def listed(self, conversation: int) -> Summary | None:
        """One of them; None when it is deleted or there is none."""
        rows = self._read(
            "SELECT id, title, updated, pinned FROM conversation WHERE id = ? AND deleted IS NULL",
            conversation,
        )
        return _summary(rows[0]) if rows else None

    def create(self, title: str, manner: Manner | None = None, created: float | None = None) -> int:
        """A new, empty conversation; returns its id."""
        manner = manner or Manner()
        when = self.now() if created is None else created
        with self._writing() as db:
            cursor = db.execute(
                "INSERT INTO conversation (title, created, updated, system, sampling) VALUES (?, ?, ?, ?, ?)",
                (title_of(title), when, when, manner.system, json.dumps(manner.sampling)),
            )
            return _id(cursor)

    def rename(self, conversation: int, title: str) -> None:
        self._write("UPDATE conversation SET title = ? WHERE id = ?", title_of(title), conversation)

    def set_pinned(self, conversations: Numbers, pinned: bool) -> list[int]:
        """Pin or unpin them."""
        sql = "UPDATE conversation SET pinned = :value WHERE id = :id AND pinned <> :value"
        return self._each(sql, conversations, pinned)

    # Deleting

    def delete(self, conversations: Numbers) -> list[int]:
        """Take them off every list and out of every search; :meth:`restore` brings them back as they were."""
        sql = "UPDATE conversation SET deleted = :value WHERE id = :id AND deleted IS NULL"
        return self._each(sql, conversations, self.now())

    def deleted(self) -> list[Deleted]:
        """What can be restored: what was deleted last comes first."""
        rows = self._read(
            "SELECT id, title, updated, pinned, deleted FROM conversation WHERE deleted > 0 "
            "ORDER BY deleted DESC, updated DESC, id DESC"
        )
        return [Deleted(_summary(row), row[4]) for row in rows]

    def restore(self, conversations: Numbers) -> list[int]:
        """Bring back what was deleted: title, pin, branches and place in the list are what they were."""
        sql = "UPDATE conversation SET deleted = :value WHERE id = :id AND deleted > 0"
        return self._each(sql, conversations, None)

    def forget(self, conversations: Numbers | None = None) -> list[int]:
        """Erase what was deleted from the file for good; None for all of it. No reply may be on its way in it.

        The index is merged, which takes seconds where there are thousands of conversations: a window does it over
        :meth:`another` in a thread. Backups still hold it until ``database_file.erase_from_backups``, which
        ``back_up`` does too. A copy that a person made, or what was put aside because it was damaged, is not touched.
        """
        with self._writing():
            gone = self._numbers("deleted > 0")
            if conversations is not None:
                asked = set(_several(conversations))
                gone = [number for number in gone if number in asked]
            self._erase(gone)
        if gone:
            self._truncate_journal()
        return gone

    def forget_words(self) -> None:
        """Erase drafts, what was made of messages and not sent, and every other small fact; and give back the room, so
        that no page keeps what was in it."""
        with self._writing() as db:
            db.execute("DELETE FROM fact")
        with self._disk_trouble():
            self._db.execute("VACUUM")
        self._truncate_journal()

    def forget_old(self, keep_deleted_days: float) -> list[int]:
        """Forget what was deleted longer ago: for once a day, in a program that stays open for weeks."""
        if keep_deleted_days <= 0:
            return self.forget()  # whatever a clock that went wrong has dated it
        with self._writing():
            gone = self._numbers("deleted > 0 AND deleted <= ?", self.now() - keep_deleted_days * _DAY_S)
            self._erase(gone)
        if gone:
            self._truncate_journal()
        return gone

    def purge(self, keep_deleted_days: float = 0.0) -> None:
        """As a program starts: forget old deletions, messages that were deleted by themselves, and what was left
        hidden for a day."""
        before = self._db.total_changes
        with self._writing() as db:
            self.forget_old(keep_deleted_days)
            self._erase(self._numbers("deleted < 0 AND deleted > ?", _DAY_S - self.now()))
            db.execute("UPDATE message SET parent = NULL WHERE parent IS NOT NULL AND deleted IS NOT NULL")
            if db.execute("DELETE FROM message WHERE deleted IS NOT NULL").rowcount:
                forgetting.tidy(db)
        if self._db.total_changes > before:
            self._truncate_journal()

    def hide(self, conversation: int) -> None:
        """Show it nowhere until it is whole; then :meth:`unhide` does. What is not whole after a day never will be."""
        self._write("UPDATE conversation SET deleted = ? WHERE id = ?", -self.now(), conversation)

    def unhide(self, conversation: int) -> None:
        self._write("UPDATE conversation SET deleted = NULL WHERE id = ? AND deleted < 0", conversation)

    def discard(self, conversations: Numbers) -> list[int]:
        """Delete them with no way back; they are erased when a program next starts that has the folder to itself.
        Erasing them now could take them from under the hands of another."""
        return self._each(
            "UPDATE conversation SET deleted = :value WHERE id = :id", conversations, _DISCARDED
        )

    def _each(self, sql: str, conversations: Numbers, value: float | None) -> list[int]:
        """Do ``sql`` for each; those for which it changed something."""
        with self._writing() as db:
            return [
                number
                for number in _several(conversations)
                if db.execute(sql, {"id": number, "value": value}).rowcount
            ]

    def _numbers(self, where: str, *values: float) -> list[int]:
        return [number for (number,) in self._read(f"SELECT id FROM conversation WHERE {where}", *values)]

    def _erase(self, conversations: Sequence[int]) -> None:
        """Within a transaction."""
        if conversations:
            if self.path is not None:
                forgetting.note(self._db, conversations)
            forgetting.erase(self._db, conversations)

    def _truncate_journal(self) -> None:
        """Leave no word of what was erased in the file that SQLite writes first; closing does the same. While another
        connection reads there, it stays until then."""
        if self.path is None or self._db.in_transaction:
            return
        with self._disk_trouble():
            self._db.execute("PRAGMA busy_timeout = 0")
            try:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {int(1000 * _PATIENCE_S)}")

    def manner(self, conversation: int) -> Manner:
        rows = self._read("SELECT system, sampling FROM conversation WHERE id = ?", conversation)
        return Manner(rows[0][0], json.loads(rows[0][1])) if rows else Manner()

    def set_manner(self, conversation: int, manner: Manner) -> None:
        self._write(
            "UPDATE conversation SET system = ?, sampling = ? WHERE id = ?",
            manner.system, json.dumps(manner.sampling), conversation,
        )  # fmt: skip

    def draft(self, conversation: int | None) -> Draft:
        """What was written in it and not sent; ``None``: for a conversation that does not exist yet."""
        if conversation is None:
            return Draft(self.fact(_NEW_DRAFT), _draft_attachments(self.fact(_NEW_ATTACHMENTS)))
        rows = self._read("SELECT draft, draft_attachments FROM conversation WHERE id = ?", conversation)
        return Draft(str(rows[0][0]), _draft_attachments(rows[0][1])) if rows else Draft()

    def set_draft(self, conversation: int | None, draft: Draft) -> None:
        attached = _unsent_json(draft.attachments)
        if conversation is None:
            with self.together():
                self.note(_NEW_DRAFT, draft.text)
                self.note(_NEW_ATTACHMENTS, attached)
            return
        self._write(
            "UPDATE conversation SET draft = ?, draft_attachments = ? WHERE id = ?",
            draft.text, attached, conversation,
        )  # fmt: skip

    def edit(self, message: int) -> Draft | None:
        """What was made of a message that was sent, and not sent again; None where nothing was."""
        found = self.fact(f"{forgetting.EDIT}{message}")
        if not found:
            return None
        kept = json.loads(found)
        return Draft(kept["text"], _draft_attachments(kept["attachments"]))

    def set_edit(self, message: int, draft: Draft | None) -> None:
        if draft is None:
            self._write("DELETE FROM fact WHERE name = ?", f"{forgetting.EDIT}{message}")
        else:
            kept = {"text": draft.text, "attachments": _unsent_json(draft.attachments)}
            self.note(f"{forgetting.EDIT}{message}", json.dumps(kept))

    # Messages

    def entries(self, conversation: int) -> list[Entry]:
        """All messages of all its branches, oldest first."""
        rows = self._read(f"{_ENTRIES} WHERE conversation = ? AND deleted IS NULL ORDER BY id", conversation)
        return [_entry(row) for row in rows]

    def deleted_entry(self, number: int) -> Entry:
        """A message that was marked as deleted. Raises BugError where there is none."""
        rows = self._read(f"{_ENTRIES} WHERE id = ? AND deleted IS NOT NULL", number)
        if not rows:
            raise BugError(f"there is no deleted message {number}")
        return _entry(rows[0])

    def leaf(self, conversation: int) -> int | None:
        """The last message of the branch on show."""
        rows = self._read("SELECT leaf FROM conversation WHERE id = ?", conversation)
        return rows[0][0] if rows else None

    def set_leaf(self, conversation: int, leaf: int | None) -> None:
        self._write("UPDATE conversation SET leaf = ? WHERE id = ?", leaf, conversation)

    def add(
        self,
        conversation: int,
        drafts: Sequence[tuple[Role, str, State]],
        parent: int | None,
        attachments: Sequence[Attachment] = (),
    ) -> list[Entry]:
        """Add messages, each the child of the one before and the first of ``parent``, as one transaction.

        The last becomes the leaf. ``attachments``: those that the first one's content was composed with.
        """
        now = self.now()
        added: list[Entry] = []
        with self._writing() as db:
            for role, content, state in drafts:
                cursor = db.execute(
                    "INSERT INTO message (conversation, parent, role, content, state, created, attachments) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (conversation, parent, role, content, state, now, _attached(attachments)),
                )  # fmt: skip
                entry = Entry(_id(cursor), parent, role, content, state, created=now)
                entry.attachments, attachments = tuple(attachments), ()
                added.append(entry)
                parent = entry.id
            db.execute(
                "UPDATE conversation SET leaf = ?, updated = ? WHERE id = ?", (parent, now, conversation)
            )
        return added

    def save(self, entry: Entry) -> None:
        """Write a message's present text, state and numbers: a checkpoint while it streams, and its end."""
        with self._writing():
            self._save(entry)

    def save_if_free(self, entry: Entry) -> bool:
        """The same; False, with nothing written, while another process or an import is writing."""
        with self._disk_trouble():
            free = self._begin(0.0)
            if free:
                with self._ending():
                    self._save(entry)
        return free

    def _save(self, entry: Entry) -> None:
        self._db.execute(
            "UPDATE message SET content = ?, state = ?, error = ?, stats = ?, model = ? WHERE id = ?",
            (
                entry.content,
                entry.state,
                packed(entry.error),
                stats_to_json(entry.stats),
                entry.model,
                entry.id,
            ),
        )

    def delete_entries(self, ids: Sequence[int], conversation: int, leaf: int | None) -> None:
        """Mark messages as deleted and show the branch that ends in ``leaf``."""
        self._mark_entries(ids, self.now(), conversation, leaf)

    def undelete_entries(self, ids: Sequence[int], conversation: int, leaf: int | None) -> None:
        self._mark_entries(ids, None, conversation, leaf)

    def _mark_entries(
        self, ids: Sequence[int], when: float | None, conversation: int, leaf: int | None
    ) -> None:
        with self._writing() as db:
            db.executemany("UPDATE message SET deleted = ? WHERE id = ?", [(when, number) for number in ids])
            db.execute("UPDATE conversation SET leaf = ? WHERE id = ?", (leaf, conversation))

    def import_entries(self, conversation: int, entries: Sequence[Entry], leaf: int | None) -> None:
        """Add a whole tree; its ids are new, its order and shape are kept. Parents come before their children."""
        ids: dict[int, int] = {}
        with self.together():
            self.import_part(conversation, entries, ids)
            self.import_end(conversation, entries, ids.get(leaf) if leaf is not None else None)

    def import_part(self, conversation: int, entries: Sequence[Entry], ids: dict[int, int]) -> None:
        """Add some messages of a tree. ``ids``: of each entry added so far its id here; goes on with them."""
        with self._writing() as db:
            for entry in entries:
                parent = ids[entry.parent] if entry.parent is not None else None
                cursor = db.execute(
                    "INSERT INTO message (conversation, parent, role, content, state, error, stats, created, "
                    "attachments, model) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (conversation, parent, entry.role, entry.content, entry.state, packed(entry.error),
                     stats_to_json(entry.stats), entry.created, _attached(entry.attachments), entry.model),
                )  # fmt: skip
                ids[entry.id] = _id(cursor)

    def import_end(self, conversation: int, entries: Sequence[Entry], leaf: int | None) -> None:
        """All of ``entries`` are in: show the branch that ends in the message ``leaf``, and say when the last came."""
        newest = max((entry.created for entry in entries), default=0.0)
        self._write(
            "UPDATE conversation SET leaf = ?, updated = max(updated, ?) WHERE id = ?",
            leaf, newest, conversation,
        )  # fmt: skip

    def openings(self) -> dict[int, list[int]]:
        """Every conversation by a hash of how it begins: the role and content of each first message."""
        found: dict[int, list[int]] = {}
        with self._disk_trouble():
            rows = self._db.execute(
                "SELECT m.role, m.content, m.conversation FROM message m JOIN conversation c ON c.id = m.conversation "
                "WHERE m.parent IS NULL AND m.deleted IS NULL AND c.deleted IS NULL"
            )
            for role, content, conversation in rows:
                found.setdefault(hash((role, content)), []).append(conversation)
        return found

    # Beside other processes

    def is_being_answered(self, conversation: int) -> bool:
        """Whether a reply in it is on its way, here or in another process."""
        rows = self._read(
            "SELECT 1 FROM message WHERE conversation = ? AND state = 'streaming' AND deleted IS NULL LIMIT 1",
            conversation,
        )
        return bool(rows)

    def changed_elsewhere(self) -> bool:
        """Whether something was written over another connection since this was asked last."""
        version: int = self._read("PRAGMA data_version")[0][0]
        changed = version != self._seen
        self._seen = version
        return changed

    # Small facts, and search

    def fact(self, name: str) -> str:
        """What was noted under ``name``; empty when nothing was."""
        rows = self._read("SELECT value FROM fact WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def note(self, name: str, value: str) -> None:
        self._write("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", name, value)

    def search(self, query: str, limit: int = 60) -> list[Hit]:
        """Conversations in which every word of ``query`` begins a word of the title or of one message."""
        try:
            with self._disk_trouble():
                return search.find(self._db, query, limit)
        except IndexMendedError:
            with self._disk_trouble():
                return search.find(self._db, query, limit)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what is written inside one transaction: many conversations imported at once."""
        with self._writing():
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read inside it what is there now, whatever others write meanwhile. Nothing may be written inside."""
        with self._disk_trouble():
            within = self._db.in_transaction
            if not within:
                self._db.execute("BEGIN")
                # The moment is that of a first look.
                self._db.execute("SELECT 1 FROM conversation LIMIT 1").fetchone()
            try:
                yield
            finally:
                if not within:
                    self._db.execute("ROLLBACK")

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Write something long piece by piece: after each there is as much time for others who want to write."""
        started = time.monotonic()
        yield
        if self.path is not None:
            time.sleep(min(time.monotonic() - started, _PAUSE_S))

    def _read(self, sql: str, *values: Any) -> list[Any]:
        with self._disk_trouble():
            return self._db.execute(sql, values).fetchall()

    def _write(self, sql: str, *values: Any) -> None:
        with self._writing() as db:
            db.execute(sql, values)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._disk_trouble():
            if self._db.in_transaction:  # inside ``together``
                yield self._db
                return
            if not self._begin(_PATIENCE_S):
                raise sqlite3.OperationalError("database is locked")
            with self._ending():
                yield self._db

    def _begin(self, patience_s: float) -> bool:
        """Whether the lock on writing could be had. SQLite itself would look for it ever more rarely, and miss the
        pauses that an import leaves."""
        deadline = time.monotonic() + patience_s
        self._db.execute("PRAGMA busy_timeout = 0")
        try:
            while True:
                try:
                    self._db.execute("BEGIN IMMEDIATE")
                    return True
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                        raise
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_LOOK_S)
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {int(1000 * _PATIENCE_S)}")

    @contextmanager
    def _ending(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # a full disk has ended it already
                self._db.execute("ROLLBACK")
            raise
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:  # or whatever comes next would be in it
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _disk_trouble(self) -> Iterator[None]:
        """Turn what SQLite says of the disk into a sentence; wrong SQL stays a bug."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if words_index.is_damaged_by(error):
                self._mend_index(error)
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise BugError(str(error)) from error
            raise self._told_of(error) from error
        except (
            UnicodeDecodeError
        ) as error:  # SQLite quotes bytes of a damaged file, and Python cannot say them
            raise UserError(
                "The file with your conversations is damaged ({error}). Start Tern again: it goes back to its backup.",
                error="it holds bytes that are no text",
            ) from error

    def _told_of(self, error: sqlite3.DatabaseError) -> Exception:
        said = str(error)
        if not isinstance(error, sqlite3.OperationalError):
            return UserError(
                "The file with your conversations is damaged ({error}). Start Tern again: it goes back to its backup.",
                error=error,
            )
        if "syntax" in said or "no such" in said:
            return BugError(said)
        if "locked" in said:
            return UserError("Another Tern is writing to your conversations. Try again in a moment.")
        return UserError(
            "Tern could not reach your conversations in {folder} ({reason}). Free some space on that disk, or make it "
            "reachable and writable, then try again.",
            folder=self.path.parent if self.path is not None else "",
            reason=said,
        )

    def _mend_index(self, cause: sqlite3.DatabaseError) -> None:
        """Raises IndexMendedError if it was the index for searching that was damaged: the conversations are well."""
        try:
            if self._db.in_transaction or not words_index.mend(self._db, cause):
                return
        except sqlite3.Error as error:
            log.warning("the index could not be made anew: %s", error)
            return
        raise IndexMendedError(
            "The index that Tern searches with was damaged. It has been made anew from your conversations, and nothing "
            "is lost. Please try again."
        ) from cause


def title_of(text: str) -> str:
    """A title from the first message: its first line in one piece, cut at a word."""
    whole = " ".join(next((line for line in text.splitlines() if line.strip()), "").split())
    line = whole.lstrip("#> ") or whole or "…"
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[:TITLE_LENGTH]
    return (cut.rpartition(" ")[0] or cut).rstrip(",;:-– ") + "…"


def _attached(attachments: Sequence[Attachment]) -> str:
    return json.dumps(to_json(attachments)) if attachments else ""


def _attachments(text: str, content: str) -> tuple[Attachment, ...]:
    try:
        return from_json(json.loads(text), content) if text else ()
    # The content holds it all: nothing is lost but the chips.
    except (
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        log.warning("attachments not read: %s", error)
        return ()


def _unsent_json(attachments: Sequence[Attachment]) -> str:
    """All of each: its text stands nowhere else yet, and may still be read in another encoding."""
    if not attachments:
        return ""
    return json.dumps([{**asdict(item), "raw": b64encode(item.raw).decode()} for item in attachments])


def _draft_attachments(text: str) -> tuple[Attachment, ...]:
    items = json.loads(text) if text else []
    return tuple(
        Attachment(
            item["name"], item["text"], item["size"], AttachmentKind(item["kind"]), item.get("encoding", PLAIN),
            item.get("faults", 0), b64decode(item.get("raw", "")),
        )
        for item in items
    )  # fmt: skip


def _several(conversations: Numbers) -> Iterable[int]:
    return (conversations,) if isinstance(conversations, int) else conversations


def _summary(row: Any) -> Summary:
    return Summary(row[0], row[1], row[2], bool(row[3]))


def _entry(row: Any) -> Entry:
    return Entry(row[0], row[1], row[2], row[3], State(row[4]), unpacked(row[5]), stats_from_json(row[6]), row[7],
                 _attachments(row[8], row[3]), row[9])  # fmt: skip


def _id(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None
    return cursor.lastrowid
