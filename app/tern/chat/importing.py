"""Conversations from files: Tern's own JSON, the data exports of ChatGPT (conversations.json, or the ZIP as it comes;
chatgpt.py reads it) and of Claude (claude.py), and the chats that GPT4All keeps (gpt4all.py).

What can be read comes in; the report says what did not, and why. A conversation of which every message is here already
is not added again; one that has grown since then is, beside the old one.
"""

from __future__ import annotations

import json
import re
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

from tern.chat import chatgpt, claude, gpt4all
from tern.chat.attachments import Attachment, compose, from_json
from tern.chat.export import FORMAT, VERSION
from tern.chat.import_report import ROLES, Found, Left, Node, Outcome, Report, Why, planted, text_of, time_of
from tern.chat.import_report import title_of as title_in_file
from tern.chat.json_stream import LARGEST, UNREADABLE, BrokenJsonError, Elements
from tern.chat.reply_options import REPLY_OPTIONS
from tern.chat.store import Store, title_of
from tern.chat.types import Entry, Manner, State, stats_from_json
from tern.engine.types import Role, Stats
from tern.errors import Sentence, UserError
from tern.progress import OnProgress, ignore_progress

_WITHIN = "conversations"
_IN_A_ZIP = re.compile(r"(?:.*/)?conversations(?:-\d+)?\.json", re.IGNORECASE)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# What zipfile raises.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
)
_MOST_TEXT = 1 << 16  # characters in one transaction: whoever writes meanwhile waits no longer than for these
_AT_ONCE = 20  # conversations in one
_LARGEST_NUMBER = 1 << 53  # that is believed


def import_file(store: Store, path: Path, told: OnProgress = ignore_progress) -> Report:
    """Add the conversations of the file. Raises UserError, with nothing added, for a file that holds none, or where the
    disk refuses.

    ``told`` is given the fraction that is done; what it raises ends the work, with nothing added either.
    """
    steps = importing(store, path)
    with closing(steps):
        while True:
            try:
                told(next(steps))
            except StopIteration as end:
                report: Report = end.value
                return report


def importing(store: Store, path: Path) -> Generator[float, None, Report]:
    """The same in small steps, each at most one transaction: yields the fraction that is done, returns the report.
    Closed before its end it adds nothing."""
    report = Report()
    writing = _Writing(store, report)
    known = False  # whether anything in the file looks like a conversation
    try:
        yield 0.0
        for fraction, found in _read(path, report):
            known = known or found is not None
            if found is not None and writing.take(found):
                for _ in writing.write():
                    yield fraction
        for _ in writing.write():
            yield 1.0
        if not known:
            raise _unknown(path)
    except BaseException:
        writing.undo()
        raise
    return report


class _Writing:
    """Adds to ``store`` what was found, in transactions that are short and leave room for other writers."""

    def __init__(self, store: Store, report: Report) -> None:
        self._store, self._report = store, report
        self._here: dict[int, list[int]] | None = None  # conversations by how they begin, as it was before
        self._waiting: list[Found] = []
        self._text = 0
        self._added: list[int] = []

    def take(self, found: Found) -> bool:
        """Whether it is time to write."""
        self._waiting.append(found)
        self._text += sum(len(entry.content) for entry in found.entries)
        return self._text >= _MOST_TEXT or len(self._waiting) >= _AT_ONCE

    def write(self) -> Iterator[None]:
        """Write what waits; comes back after each transaction."""
        if self._here is None:
            self._here = self._store.openings()
        waiting, self._waiting, self._text = self._waiting, [], 0
        small = [found for found in waiting if not _is_large(found)]
        numbers: dict[int, int] = {}
        if small:
            with self._store.pausing(), self._store.together():
                for found in small:
                    if self._is_new(found):
                        numbers[id(found)] = self._add(found)
            yield
        for found in waiting:
            if _is_large(found) and self._is_new(found):
                numbers[id(found)] = yield from self._add_slowly(found)
            taken = len(found.entries) if id(found) in numbers else 0
            self._report.outcomes.append(
                Outcome(found.title, numbers.get(id(found)), taken, found.turns, dict(found.left), found.why)
            )

    def undo(self) -> None:
        self._store.discard(self._added)

    def _is_new(self, found: Found) -> bool:
        if found.why is None and self._is_here(found):
            found.why = Why.HERE
        return found.why is None

    def _is_here(self, found: Found) -> bool:
        assert self._here is not None
        if not found.entries:
            return False
        first = found.entries[0]
        candidates = self._here.get(hash((first.role, first.content)), ())
        if not candidates:
            return False
        wanted = Counter(_mark(entry, found.dated) for entry in found.entries)
        return any(
            not wanted - Counter(_mark(entry, found.dated) for entry in self._store.entries(number))
            for number in candidates
        )

    def _add(self, found: Found) -> int:
        number = self._store.create(found.title, found.manner, found.created)
        self._added.append(number)
        self._store.import_entries(number, found.entries, found.leaf)
        if found.pinned:
            self._store.set_pinned(number, True)
        return number

    def _add_slowly(self, found: Found) -> Generator[None, None, int]:
        """In several transactions; until the last one it is not seen, so that never a part of it stays."""
        store = self._store
        with store.together():
            number = store.create(found.title, found.manner, found.created)
            self._added.append(number)
            store.hide(number)
            store.set_pinned(number, found.pinned)
        ids: dict[int, int] = {}
        for part in _parts(found.entries):
            with store.pausing():
                store.import_part(number, part, ids)
            yield
        with store.together():
            store.import_end(number, found.entries, ids.get(found.leaf or 0))
            store.unhide(number)
        return number


def _mark(entry: Entry, dated: bool) -> tuple[object, ...]:
    return (entry.role, entry.content, entry.created if dated else 0.0)


def _is_large(found: Found) -> bool:
    return sum(len(entry.content) for entry in found.entries) > 2 * _MOST_TEXT


def _parts(entries: list[Entry]) -> Iterator[list[Entry]]:
    part: list[Entry] = []
    text = 0
    for entry in entries:
        part.append(entry)
        text += len(entry.content)
        if text >= _MOST_TEXT:
            yield part
            part, text = [], 0
    yield part


# Files


def _unknown(path: Path) -> UserError:
    return UserError(
        "{name} is not an export that Tern knows, or it is damaged. Tern reads its own JSON, the data exports "
        "of ChatGPT and Claude (the ZIP or its conversations.json), and GPT4All's .chat files.",
        name=path.name,
    )


def _read(path: Path, report: Report) -> Iterator[tuple[float, Found | None]]:
    """What the file holds, with the fraction of it that has been read; None for what is no conversation at all."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            if gpt4all.is_chat(head):
                yield 0.0, _gpt4all(file.read(LARGEST), path)
            elif head in _ZIP:
                yield from _zipped(file, path, report)
            else:
                size = max(1, path.stat().st_size)
                yield from _json(file, path, size, report)
    except OSError as error:
        raise UserError(
            "{name} could not be read ({reason}).", name=path.name, reason=error.strerror or error
        ) from error


def _zipped(file: IO[bytes], path: Path, report: Report) -> Iterator[tuple[float, Found | None]]:
    try:
        whole = zipfile.ZipFile(file)
    except _DAMAGED as error:
        raise UserError(
            "{name} is a damaged ZIP ({error}). Fetch or copy it again.", name=path.name, error=error
        ) from error
    with whole:
        members = sorted(
            (info for info in whole.infolist() if _IN_A_ZIP.fullmatch(info.filename)),
            key=lambda info: info.filename,
        )
        if not members:
            raise UserError(
                "There is no conversations.json in {name}. Choose the ZIP that ChatGPT or Claude sent you, "
                "or a conversations.json.",
                name=path.name,
            )
        size = max(1, sum(info.file_size for info in members))
        before = 0
        for info in members:
            try:
                with whole.open(info) as member:
                    for fraction, found in _json(member, path, size, report):
                        yield min(1.0, before / size + fraction), found
            except _DAMAGED as error:
                report.trouble = Sentence(
                    "{part} in {name} cannot be read to its end ({error}).",
                    part=info.filename,
                    name=path.name,
                    error=error,
                )
            before += info.file_size


def _json(stream: IO[bytes], path: Path, size: int, report: Report) -> Iterator[tuple[float, Found | None]]:
    elements = Elements(stream, _WITHIN, _DAMAGED)
    # Entries of the outermost object: of a file that is one conversation, all of it.
    outside: dict[str, Any] = {}
    try:
        for key, element in elements:
            if key in ("", _WITHIN):
                yield min(1.0, elements.read / size), _conversation(element)
            else:
                outside[key] = element
                if outside.get("format") == FORMAT and _version(outside.get("version")) > VERSION:
                    raise UserError(
                        "This file was written by a newer Tern. Install that version to import it."
                    )
    except BrokenJsonError:
        report.trouble = Sentence(
            "{name} is damaged or cut off; what stands before that place was read.", name=path.name
        )
    if _WITHIN not in outside and any(key in outside for key in (*chatgpt.KEYS, claude.KEY)):
        yield 1.0, _conversation(outside)


def _version(version: object) -> float:
    return version if isinstance(version, int | float) else 0


def _conversation(item: object) -> Found | None:
    """None for what does not look like one."""
    if item is UNREADABLE:
        found = Found("", why=Why.UNREADABLE)
    elif not isinstance(item, dict):
        return None
    elif claude.KEY in item:
        found = claude.read(item)
    elif isinstance(item.get("messages"), list) and ("manner" in item or "leaf" in item):
        found = _own(item)
    elif any(key in item for key in chatgpt.KEYS):
        found = chatgpt.read(item)
    else:
        found = Found(title_in_file(item.get("title")), why=Why.UNREADABLE)
        if not found.title:
            return None
    return _completed(found)


def _completed(found: Found) -> Found:
    now = time.time()
    times = [entry.created for entry in found.entries if entry.created]
    found.created = found.created or min(times, default=now)
    for entry in found.entries:
        entry.created = entry.created or found.created
    if not found.title and found.entries:
        found.title = title_of(found.entries[0].text)
    return found


# Tern's own


def _own(item: dict[str, Any]) -> Found:
    found = Found(title_in_file(item.get("title")), pinned=item.get("pinned") is True, dated=True)
    found.manner = _manner(item.get("manner"))
    nodes = [_own_message(number, raw, found) for number, raw in enumerate(item["messages"])]
    found.entries, found.leaf = planted(nodes, item.get("leaf"), several_roots=True)
    if not found.entries:
        found.created = time_of(item.get("updated")) or 0.0
        if found.left[Left.UNREADABLE]:
            found.why = Why.UNREADABLE
    return found


def _own_message(number: int, raw: Any, found: Found) -> Node:
    found.turns += 1
    content = raw.get("content") if isinstance(raw, dict) else None
    if not isinstance(content, str | int | float) or isinstance(content, bool):
        found.left[Left.UNREADABLE] += 1
        name = raw.get("id") if isinstance(raw, dict) else None
        return Node(
            name if type(name) is int else f"#{number}", raw.get("parent") if isinstance(raw, dict) else ""
        )
    text = text_of(content)
    role, when, name = raw.get("role"), time_of(raw.get("created")), raw.get("id")
    found.dated = found.dated and when is not None
    entry = Entry(
        0, None, role if role in ROLES else "user", text, _state(raw.get("state")), text_of(raw.get("error")),
        _stats(raw.get("stats"), found), when or 0.0, _attachments(raw.get("attachments"), text, found),
        text_of(raw.get("model")),
    )  # fmt: skip
    return Node(
        name if type(name) is int else f"#{number}", raw.get("parent", ""), (), entry, role not in ROLES
    )


def _state(value: object) -> State:
    """What was still being written ends where the file has it."""
    state = State(value) if isinstance(value, str) and value in set(State) else State.DONE
    return State.CUT if state is State.STREAMING else state


def _attachments(raw: object, content: str, found: Found) -> tuple[Attachment, ...]:
    if not raw:
        return ()
    try:
        return from_json([{**one, "name": text_of(one["name"])} for one in raw], content)  # type: ignore[attr-defined]
    except (ValueError, KeyError, TypeError, OverflowError):
        found.left[Left.ATTACHMENTS] += 1  # their text is in the content, and comes with it
        return ()


def _manner(raw: object) -> Manner:
    """What of the sampling is not known here, or out of range, is as the settings say."""
    if not isinstance(raw, dict):
        return Manner()
    known = {setting.key: setting for setting in REPLY_OPTIONS}
    given = raw.get("sampling")
    sampling = {
        key: value
        for key, value in (given.items() if isinstance(given, dict) else ())
        if key in known and known[key].problem(value) is None
    }
    system = raw.get("system")
    return Manner(text_of(system) if isinstance(system, str) else None, sampling)


def _stats(raw: object, found: Found) -> Stats:
    """Nothing measured, for numbers that no reply could have."""
    if not raw:
        return Stats()
    try:
        stats = stats_from_json(json.dumps(raw))
        for item in fields(Stats):
            value = getattr(stats, item.name)
            if item.default is None:
                continue
            whole = isinstance(item.default, int | tuple)
            for number in value if isinstance(value, tuple) else (value,):
                least = -1 if isinstance(value, tuple) else 0
                right = type(number) is int or (type(number) is float and not whole)
                if not right or not least <= number <= _LARGEST_NUMBER:
                    raise ValueError(f"{item.name} is out of range")
    except (ValueError, TypeError, AttributeError, KeyError):
        found.left[Left.NUMBERS] += 1
        return Stats()
    return stats


# GPT4All's


def _gpt4all(data: bytes, path: Path) -> Found:
    try:
        chat = gpt4all.read(data)
    except (ValueError, OverflowError) as error:
        raise UserError(
            "{name} is a chat of GPT4All's that is not whole, or of a version that Tern does not know.",
            name=path.name,
        ) from error
    found = Found(title_in_file(chat.title) or "GPT4All", created=time_of(chat.created) or 0.0, dated=True)
    for said in chat.said:
        texts = [(name, content, _plain_text(content)) for name, content in said.files]
        attachments = tuple(Attachment(name, text, len(content)) for name, content, text in texts if text)
        found.left[Left.FILES] += len(texts) - len(attachments)
        content = compose(said.text, attachments)
        if not content:
            continue
        parent = found.entries[-1].id if found.entries else None
        role: Role = "user" if said.user else "assistant"
        entry = Entry(len(found.entries) + 1, parent, role, content, attachments=attachments)
        found.entries.append(entry)
    found.left += Counter()  # drops what is zero
    found.leaf = found.entries[-1].id if found.entries else None
    found.turns = len(found.entries)
    if not found.entries:
        found.why = Why.EMPTY
    return _completed(found)


def _plain_text(content: bytes) -> str:
    """Empty when it is none, as of a spreadsheet."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text
