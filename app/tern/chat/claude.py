"""Conversations as Claude's data export writes them. Pure.

A conversation has ``name``, ``created_at`` and ``chat_messages``, each with ``sender`` (human, assistant), ``text`` or
a list ``content`` of typed parts, ``attachments`` with the text that was extracted, and ``files`` without it.
"""

from __future__ import annotations

from typing import Any

from tern.chat.attachments import Attachment, compose
from tern.chat.import_report import Found, Left, Node, Why, planted, text_of, time_of, title_of
from tern.chat.types import Entry

KEY = "chat_messages"
_NO_PARENT = "00000000-0000-4000-8000-000000000000"  # the first message's
_PICTURE_NAMES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def read(item: dict[str, Any]) -> Found:
    """A conversation; ``why`` says so where there is none to be had."""
    found = Found(title_of(item.get("name")), dated=True)
    created = time_of(item.get("created_at"))
    messages = item[KEY]
    if not isinstance(messages, list):
        found.why = Why.UNREADABLE
        return found
    nodes = [_node(number, message, found, created) for number, message in enumerate(messages)]
    found.entries, found.leaf = planted(nodes, item.get("current_leaf_message_uuid"))
    found.created = created or 0.0
    if not found.entries:
        found.why = Why.UNREADABLE if found.left[Left.UNREADABLE] else Why.EMPTY
    return found


def _node(number: int, message: Any, found: Found, created: float | None) -> Node:
    found.turns += 1
    if not isinstance(message, dict):
        found.left[Left.UNREADABLE] += 1
        return Node(number, None)
    name = message.get("uuid")
    parent = message.get("parent_message_uuid")
    node = Node(name if isinstance(name, str) else number, None if parent == _NO_PARENT else parent)
    words = _words(message, found)
    attachments = tuple(_attachments(message))
    for file in _dicts(message.get("files")):
        file_name = " ".join(text_of(file.get("file_name")).split())
        picture = text_of(file.get("file_kind")) == "image" or file_name.lower().endswith(_PICTURE_NAMES)
        found.left[Left.PICTURES if picture else Left.FILES] += 1
        words = f"{'[picture]' if picture else f'[file: {file_name}]'}\n\n{words}".strip()
    content = compose(words, attachments)
    if not content:
        found.left[Left.UNREADABLE] += 1
        return node
    when = time_of(message.get("created_at"))
    found.dated = found.dated and when is not None
    sender = message.get("sender")
    node.entry = Entry(
        0, None, "assistant" if sender == "assistant" else "user", content,
        created=when or created or 0.0, attachments=attachments,
    )  # fmt: skip
    node.guess = sender not in ("human", "assistant")
    return node


def _words(message: dict[str, Any], found: Found) -> str:
    parts = _dicts(message.get("content"))
    said = [text_of(part.get("text")).strip() for part in parts if part.get("type") == "text"]
    found.left[Left.TOOLS] += sum(
        text_of(part.get("type")).startswith(("tool", "thinking")) for part in parts
    )
    found.left += type(found.left)()  # drops what is zero
    return "\n\n".join(text for text in said if text) or text_of(message.get("text")).strip()


def _attachments(message: dict[str, Any]) -> list[Attachment]:
    found = []
    for item in _dicts(message.get("attachments")):
        if text := text_of(item.get("extracted_content")):
            name = text_of(item.get("file_name")) or "?"
            found.append(Attachment(name, text, len(text.encode())))
    return found


def _dicts(items: object) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
