"""Conversations from files: Tern's own JSON, what ChatGPT's data export holds (conversations.json), and the chats that
GPT4All keeps (gpt4all.py reads them).

Formats: Tern's is export.py's. ChatGPT's is a list of conversations with ``title``, ``create_time`` and ``mapping``,
a tree of nodes by id (``parent``, ``message`` with ``author.role`` and ``content.parts``), ``current_node`` its leaf.
Files are data from strangers: whatever is not as expected is one sentence, and nothing of the file is kept then.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tern.chat import attaching, gpt4all
from tern.chat.export import FORMAT, VERSION, Progress
from tern.chat.manner import SAMPLING
from tern.chat.store import Store, title_of
from tern.chat.types import Entry, Manner, State, stats_from_json
from tern.engine.types import Role, Stats
from tern.errors import UserError

_ROLES = ("user", "assistant")
_HALF = re.compile("[\ud800-\udfff]")  # of a character: where another program cut one in two
_AT_ONCE = 20  # conversations in one transaction: whoever writes meanwhile waits no longer than for these
_LARGEST = 1 << 53  # number that is believed


@dataclass(frozen=True, slots=True)
class _Found:
    title: str
    entries: list[Entry]
    leaf: int | None
    created: float
    manner: Manner
    pinned: bool = False


def import_file(store: Store, path: Path, told: Progress = lambda fraction: None) -> list[int]:
    """Add every conversation of the file; returns their ids. Raises UserError, with nothing added, if it cannot.

    ``told`` is given the fraction that is done; what it raises ends the work, with nothing added either.
    """
    try:
        data = path.read_bytes()
        found = [_gpt4all(data)] if gpt4all.is_chat(data) else list(_conversations(json.loads(data)))
    except OSError as error:
        raise UserError(f"{path.name} could not be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise UserError(
            f"{path.name} is not an export that Tern knows, or not all of one. It reads its own JSON, the "
            "conversations.json of ChatGPT's data export, and GPT4All's .chat files."
        ) from error
    ids: list[int] = []
    try:
        for start in range(0, len(found), _AT_ONCE):
            told(start / len(found))
            with store.together():
                ids += [_add(store, conversation) for conversation in found[start : start + _AT_ONCE]]
    except BaseException:
        for number in ids:
            store.delete(number)
        raise
    return ids


def _add(store: Store, found: _Found) -> int:
    number = store.create(found.title, found.manner, found.created)
    store.import_entries(number, found.entries, found.leaf)
    if found.pinned:
        store.set_pinned(number, True)
    return number


def _conversations(document: Any) -> Iterator[_Found]:
    if isinstance(document, dict) and document.get("format") == FORMAT:
        if document["version"] > VERSION:
            raise UserError("This file was written by a newer Tern. Install that version to import it.")
        yield from map(_own, document["conversations"])
    elif isinstance(document, list) and document and all("mapping" in item for item in document):
        for item in document:
            if (found := _chatgpt(item)).entries:
                yield found
    else:
        raise ValueError("unknown format")


def _own(item: dict[str, Any]) -> _Found:
    entries: list[Entry] = []
    numbers: dict[int | None, int | None] = {None: None}  # of each message that came: its place among them
    for message in item["messages"]:
        if type(message["id"]) is not int or message["id"] in numbers:
            raise ValueError("a message without a number of its own")
        if message["parent"] not in numbers:
            raise ValueError("a message comes before its parent")
        numbers[message["id"]] = len(entries) + 1
        content = _text(message["content"])
        attached = [{**one, "name": _text(one["name"])} for one in message.get("attachments", ())]
        entries.append(
            Entry(
                len(entries) + 1, numbers[message["parent"]], _role(message["role"]), content,
                _ended(State(message["state"])), _text(message.get("error", "")), _stats(message["stats"]),
                _when(message["created"]), attaching.from_json(attached, content), _text(message.get("model", "")),
            )
        )  # fmt: skip
    title = _text(item["title"]) or title_of(entries[0].text if entries else "")
    created = min((entry.created for entry in entries), default=_when(item["updated"]))
    leaf = numbers.get(item["leaf"])
    return _Found(title, entries, leaf, created, _manner(item["manner"]), item["pinned"] is True)


def _manner(raw: dict[str, Any]) -> Manner:
    """What of the sampling is not known here, or out of range, is as the settings say."""
    known = {setting.key: setting for setting in SAMPLING}
    sampling = {
        key: value
        for key, value in raw["sampling"].items()
        if key in known and known[key].problem(value) is None
    }
    return Manner(None if raw["system"] is None else _text(raw["system"]), sampling)


def _stats(raw: dict[str, Any]) -> Stats:
    """Raises ValueError for numbers that no reply could have."""
    stats = stats_from_json(json.dumps(raw))
    for item in fields(Stats):
        value = getattr(stats, item.name)
        for number in value if isinstance(value, tuple) else (value,):
            whole = isinstance(item.default, int | tuple)
            if item.default is None:
                continue
            if type(number) is not int and (whole or type(number) is not float):
                raise ValueError(f"{item.name} is no number")
            if not (-1 if isinstance(value, tuple) else 0) <= number <= _LARGEST:
                raise ValueError(f"{item.name} is out of range")
    return stats


def _gpt4all(data: bytes) -> _Found:
    chat = gpt4all.read(data)
    created = _when(chat.created)
    entries: list[Entry] = []
    for said in chat.said:
        texts = [(name, content, _plain_text(content)) for name, content in said.files]
        attachments = tuple(
            attaching.Attachment(name, text, len(content)) for name, content, text in texts if text
        )
        content = attaching.compose(said.text, attachments)
        if not content:
            continue
        parent = entries[-1].id if entries else None
        role: Role = "user" if said.user else "assistant"
        entries.append(
            Entry(len(entries) + 1, parent, role, content, created=created, attachments=attachments)
        )
    leaf = entries[-1].id if entries else None
    return _Found(chat.title or "GPT4All", entries, leaf, created, Manner())


def _plain_text(content: bytes) -> str:
    """Empty when it is none, as of a spreadsheet."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def _chatgpt(item: dict[str, Any]) -> _Found:
    """Nodes that say nothing (system, tools, hidden ones) are stepped over: their children follow their parents."""
    mapping = item["mapping"]
    created = _when(item.get("create_time"))
    entries: list[Entry] = []
    numbers: dict[str, int | None] = {}  # of each node: the entry that stands for it, or for the one before
    waiting: list[tuple[str, int | None]] = [
        (name, None) for name, node in mapping.items() if node.get("parent") not in mapping
    ]
    while waiting:
        name, parent = waiting.pop(0)
        if name in numbers:
            continue
        message = mapping[name].get("message")
        numbers[name] = parent
        if message and (text := _said(message)):
            numbers[name] = len(entries) + 1
            when = _when(message.get("create_time"), created)
            role = _role(message["author"]["role"])
            entries.append(Entry(len(entries) + 1, parent, role, text, created=when))
        waiting += [(child, numbers[name]) for child in mapping[name].get("children", ()) if child in mapping]
    leaf = numbers.get(item.get("current_node") or "")
    return _Found(_text(item.get("title") or "") or "ChatGPT", entries, leaf, created, Manner())


def _said(message: dict[str, Any]) -> str:
    if message["author"]["role"] not in _ROLES:
        return ""
    if message.get("recipient") not in (None, "all"):
        return ""  # what a tool was told
    parts = (message.get("content") or {}).get("parts") or ()
    return _text("\n\n".join(part for part in parts if isinstance(part, str))).strip()


def _role(role: object) -> Any:
    if role not in _ROLES:
        raise ValueError("unknown role")
    return role


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise ValueError("not a text")
    return _HALF.sub("\ufffd", text)


def _when(value: object, unknown: float | None = None) -> float:
    """Seconds since 1970; what is no time there can have been is ``unknown``, or else now."""
    now = time.time()
    if value is not None and 0 < (seconds := float(value)) <= now:  # type: ignore[arg-type]
        return seconds
    return now if unknown is None else unknown


def _ended(state: State) -> State:
    return State.CUT if state is State.STREAMING else state
