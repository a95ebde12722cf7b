"""Conversations from files: Tern's own JSON, what ChatGPT's data export holds (conversations.json), and the chats that
GPT4All keeps (gpt4all.py reads them).

Formats: Tern's is export.py's. ChatGPT's is a list of conversations with ``title``, ``create_time`` and ``mapping``,
a tree of nodes by id (``parent``, ``message`` with ``author.role`` and ``content.parts``), ``current_node`` its leaf.
Files are data from strangers: whatever is not as expected is one sentence, and nothing of the file is kept then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tern.chat import attaching, gpt4all
from tern.chat.export import FORMAT, VERSION
from tern.chat.store import Store
from tern.chat.types import Entry, Manner, State, stats_from_json
from tern.engine.types import Role
from tern.errors import UserError

_ROLES = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class _Found:
    title: str
    entries: list[Entry]
    leaf: int | None
    created: float
    manner: Manner
    pinned: bool = False


def import_file(store: Store, path: Path) -> list[int]:
    """Add every conversation of the file; returns their ids. Raises UserError, with nothing added, if it cannot."""
    try:
        data = path.read_bytes()
        found = [_gpt4all(data)] if gpt4all.is_chat(data) else list(_conversations(json.loads(data)))
    except OSError as error:
        raise UserError(f"{path.name} could not be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{path.name} is not an export that Tern knows, or not all of one. It reads its own JSON, the "
            "conversations.json of ChatGPT's data export, and GPT4All's .chat files."
        ) from error
    ids = []
    with store.together():
        for conversation in found:
            number = store.create(conversation.title, conversation.manner, conversation.created)
            store.import_entries(number, conversation.entries, conversation.leaf)
            if conversation.pinned:
                store.set_pinned(number, True)
            ids.append(number)
    return ids


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
    entries, known = [], set()
    for message in item["messages"]:
        parent = message["parent"]
        if parent is not None and parent not in known:
            raise ValueError("a message comes before its parent")
        known.add(message["id"])
        content = _text(message["content"])
        attachments = attaching.from_json(message.get("attachments", ()), content)
        entries.append(
            Entry(
                int(message["id"]), parent, _role(message["role"]), content,
                _ended(State(message["state"])), "", stats_from_json(json.dumps(message["stats"])),
                float(message["created"]), attachments, _text(message.get("model", "")),
            )
        )  # fmt: skip
    manner = Manner(**item["manner"])
    created = min((entry.created for entry in entries), default=float(item["updated"]))
    return _Found(_text(item["title"]), entries, item["leaf"], created, manner, bool(item["pinned"]))


def _gpt4all(data: bytes) -> _Found:
    chat = gpt4all.read(data)
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
            Entry(len(entries) + 1, parent, role, content, created=chat.created, attachments=attachments)
        )
    leaf = entries[-1].id if entries else None
    return _Found(chat.title or "GPT4All", entries, leaf, chat.created, Manner())


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
    created = float(item.get("create_time") or 0)
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
            when = float(message.get("create_time") or created)
            role = _role(message["author"]["role"])
            entries.append(Entry(len(entries) + 1, parent, role, text, created=when))
        waiting += [(child, numbers[name]) for child in mapping[name].get("children", ()) if child in mapping]
    leaf = numbers.get(item.get("current_node") or "")
    return _Found(_text(item.get("title") or "") or "ChatGPT", entries, leaf, created, Manner())


def _said(message: dict[str, Any]) -> str:
    if message["author"]["role"] not in _ROLES:
        return ""
    parts = (message.get("content") or {}).get("parts") or ()
    return "\n\n".join(part for part in parts if isinstance(part, str)).strip()


def _role(role: object) -> Any:
    if role not in _ROLES:
        raise ValueError("unknown role")
    return role


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise ValueError("not a text")
    return text


def _ended(state: State) -> State:
    return State.CUT if state is State.STREAMING else state
