"""Conversations as Markdown, plain text or JSON. The JSON holds everything and comes back through importing.py.

Pure, but for reading the store.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from tern.chat import attaching
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.thinking import answer_or_all
from tern.chat.types import Entry, stats_to_json

FORMAT = "tern-conversations"
VERSION = 1

Progress = Callable[[float], object]


class Kind(StrEnum):
    """What a file is called after."""

    MARKDOWN = "md"
    TEXT = "txt"
    JSON = "json"


def export(
    store: Store, conversations: Sequence[int], kind: Kind, told: Progress = lambda fraction: None
) -> str:
    """The conversations as the text of one file: JSON with all branches, else the branch on show of each.

    ``told`` is given the fraction that is done; what it raises ends the work.
    """
    write = {Kind.JSON: _as_json, Kind.MARKDOWN: _as_markdown, Kind.TEXT: _as_text}[kind]
    parts = []
    for number, conversation in enumerate(conversations):
        told(number / len(conversations))
        parts.append(write(store, conversation))
    if kind is not Kind.JSON:
        return "\n\n".join(parts)
    listed = ",\n".join(parts)
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "conversations": [\n{listed}\n]}}\n'


def _as_markdown(store: Store, conversation: int) -> str:
    parts = [f"# {store.summary(conversation).title}"]
    if system := store.manner(conversation).system:
        parts.append("\n".join(f"> {line}" for line in system.splitlines()))
    for entry in Session(store, conversation).path:
        who = "You" if entry.role == "user" else "Tern"
        parts.append(f"**{who}** ({_when(entry)})\n\n{_said(entry)}")
    return "\n\n".join(parts) + "\n"


def _as_text(store: Store, conversation: int) -> str:
    title = store.summary(conversation).title
    parts = [f"{title}\n{'=' * len(title)}"]
    for entry in Session(store, conversation).path:
        who = "You" if entry.role == "user" else "Tern"
        parts.append(f"{who}, {_when(entry)}:\n{_said(entry)}")
    return "\n\n".join(parts) + "\n"


def _as_json(store: Store, conversation: int) -> str:
    return json.dumps(_document(store, conversation), ensure_ascii=False, indent=1)


def _document(store: Store, conversation: int) -> dict[str, Any]:
    summary = store.summary(conversation)
    return {
        "title": summary.title,
        "pinned": summary.pinned,
        "updated": summary.updated,
        "manner": asdict(store.manner(conversation)),
        "leaf": store.leaf(conversation),
        "messages": [
            {
                "id": entry.id,
                "parent": entry.parent,
                "role": entry.role,
                "content": entry.content,
                "state": entry.state,
                "error": entry.error,
                "created": entry.created,
                "stats": json.loads(stats_to_json(entry.stats)),
                "attachments": attaching.to_json(entry.attachments),
                "model": entry.model,
            }
            for entry in store.entries(conversation)
        ],
    }


def _said(entry: Entry) -> str:
    """A message as a person reads it: what a model thought before it answered stands in the JSON alone."""
    return answer_or_all(entry.content) if entry.role == "assistant" else entry.content


def _when(entry: Entry) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
