"""Conversations as Markdown, plain text or JSON. The JSON holds everything and comes back through importing.py."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tern.atomic import replacing
from tern.chat.attachments import to_json
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.thinking import answer_or_all
from tern.chat.types import Entry, stats_to_json
from tern.errors import UserError
from tern.progress import OnProgress, ignore_progress

if TYPE_CHECKING:
    from markdown_it.token import Token

FORMAT = "tern-conversations"
VERSION = 1


_MAY_STAY_OPEN = re.compile(r"^[\s>*+\-\d.)]*(?:`{3}|~{3}|<)", re.MULTILINE)
_FENCE_END = re.compile(r" {0,3}(`+|~+)[ \t]*")
# What HTML that CommonMark passes on runs to, by how it begins; other HTML ends at a blank line.
_HTML_ENDS = (("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>"), ("<!", ">"), ("<script", "</script>"),
              ("<pre", "</pre>"), ("<style", "</style>"), ("<textarea", "</textarea>"))  # fmt: skip


class ExportFormat(StrEnum):
    """What a file is called after."""

    MARKDOWN = "md"
    TEXT = "txt"
    JSON = "json"


def export(
    store: Store, conversations: Sequence[int], kind: ExportFormat, told: OnProgress = ignore_progress
) -> str:
    """The conversations as the text of one file: JSON with all branches, else the branch on show of each.

    ``told`` is given the fraction that is done; what it raises ends the work.
    """
    with store.snapshot():
        return "".join(pieces(store, conversations, kind, told))


def write(
    store: Store,
    conversations: Sequence[int],
    path: Path,
    kind: ExportFormat,
    told: OnProgress = ignore_progress,
) -> None:
    """Export to ``path``. Raises UserError when the disk refuses."""
    try:
        with store.snapshot(), replacing(path) as file:
            for piece in pieces(store, conversations, kind, told):
                file.write(piece.encode())
    except OSError as error:
        raise UserError(
            "{name} could not be written ({reason}).", name=path.name, reason=error.strerror
        ) from error


def pieces(
    store: Store, conversations: Sequence[int], kind: ExportFormat, told: OnProgress = ignore_progress
) -> Iterator[str]:
    """The same, a conversation at a time; inside ``Store.snapshot`` all of them as they are at one moment."""
    one = {ExportFormat.JSON: _as_json, ExportFormat.MARKDOWN: _as_markdown, ExportFormat.TEXT: _as_text}[
        kind
    ]
    between = ",\n" if kind is ExportFormat.JSON else "\n\n"
    if kind is ExportFormat.JSON:
        yield f'{{"format": "{FORMAT}", "version": {VERSION}, "conversations": [\n'
    for number, conversation in enumerate(conversations):
        told(number / len(conversations))
        yield (between if number else "") + one(store, conversation)
    if kind is ExportFormat.JSON:
        yield "\n]}\n"


def _as_markdown(store: Store, conversation: int) -> str:
    parts = [f"# {store.summary(conversation).title}"]
    if system := store.manner(conversation).system:
        parts.append("\n".join(f"> {line}" for line in system.splitlines()))
    for entry in Session(store, conversation).path:
        who = "You" if entry.role == "user" else "Tern"
        parts.append(f"**{who}** ({_when(entry)})\n\n{closed(_said(entry))}")
    return "\n\n".join(parts) + "\n"


def closed(text: str) -> str:
    """Markdown after which other Markdown can follow: a fence, or HTML, that was cut off in the middle is ended."""
    if not _MAY_STAY_OPEN.search(text):
        return text
    from markdown_it import MarkdownIt  # late: not every export needs it

    last: Token | None = None
    for token in MarkdownIt("commonmark").parse(text):
        if token.level == 0 and token.map is not None:
            last = token
    if last is None or last.map is None:
        return text
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[slice(*last.map)]
    if last.type == "fence":
        end = _FENCE_END.fullmatch(lines[-1])
        if len(lines) == 1 or end is None or not end[1].startswith(last.markup):
            return f"{text}\n{last.markup}"
    elif last.type == "html_block":
        begins = lines[0].lstrip().lower()
        for start, stop in _HTML_ENDS:
            if begins.startswith(start.lower()):
                return text if stop in "\n".join(lines).lower()[len(start) :] else f"{text}\n{stop}"
    return text


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
                "attachments": to_json(entry.attachments),
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
