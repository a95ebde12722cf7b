"""Conversations as ChatGPT's data export and the programs that follow it write them. Pure.

A conversation has ``title``, ``create_time`` and ``mapping``, a tree of nodes by id (``parent``, ``children``,
``message`` with ``author.role`` and ``content``), ``current_node`` its leaf; or only a list ``messages``, one after the
other. Nothing of that is relied on: whatever is of another type is passed over, and what it cost is counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tern.chat.attachments import fence
from tern.chat.import_report import Found, Left, Node, Why, planted, text_of, time_of, title_of
from tern.chat.types import Entry

KEYS = ("mapping", "messages", "linear_conversation")
PICTURE, RECORDING = "[picture]", "[recording]"

_ROLES = {"user": "user", "human": "user", "assistant": "assistant", "bot": "assistant", "model": "assistant"}
_TOOL_ROLES = ("tool", "function", "plugin")
_HIDDEN_ROLES = ("system", "developer")
_HIDDEN_TYPES = ("user_editable_context", "model_editable_context")
_TOOL_TYPES = ("thoughts", "reasoning_recap", "execution_output", "tether_quote", "tether_browsing_display",
               "tether_browsing_code", "computer_output", "system_error")  # fmt: skip
_TEXT_KEYS = ("text", "result", "content")
_PICTURES, _RECORDINGS = ("image", "video"), ("audio",)

# A reply's references: ␀kind␁argument␁...␂ in characters of private use, 【12†source】, and older forms.
_REFERENCE = re.compile(
    " ?\ue200(?P<kind>\\w*)(?P<rest>(?:\ue202[^\ue200-\ue202]*)*)\ue201"
    "| ?\ue200\\w+(?:\ue202[\\w,.:-]*)*"  # one that was cut off
    "| ?【[^【】\n]*(?:†|oaicite)[^【】\n]*】"
    r"| ?:contentReference\[oaicite:\d+\](?:\{[^{}\n]*\})?"
)
_MARKS = re.compile("[\ue200-\ue2ff]")
_ENTITY = re.compile(r'^\["[^"]*","((?:[^"\\]|\\.)*)"')


def read(item: dict[str, Any]) -> Found:
    """A conversation; ``why`` says so where there is none to be had."""
    found = Found(title_of(item.get("title")))
    created = time_of(item.get("create_time")) or time_of(item.get("update_time"))
    nodes = list(_nodes(item))
    if not nodes and not any(isinstance(item.get(key), dict | list) for key in KEYS):
        found.why = Why.UNREADABLE
        return found
    found.dated = True
    planned = [_node(name, raw, found, created) for name, raw in nodes]
    found.entries, found.leaf = planted(planned, item.get("current_node"))
    found.created = created or 0.0
    if not found.entries:
        found.why = Why.UNREADABLE if found.left[Left.UNREADABLE] else Why.EMPTY
    return found


def _nodes(item: dict[str, Any]) -> Iterator[tuple[str | int, dict[str, Any]]]:
    """Name and content of each node: of a tree, or of a list, in which each follows the one before."""
    tree = item.get("mapping")
    if isinstance(tree, dict):
        for name, raw in tree.items():
            yield name, raw if isinstance(raw, dict) else {"unreadable": raw}
        return
    for key in KEYS:
        if isinstance(listed := item.get(key), list):
            for number, raw in enumerate(listed):
                node = raw if isinstance(raw, dict) else {"unreadable": raw}
                name = node.get("id")
                yield (name if isinstance(name, str) else number), node
            return


def _node(name: str | int, raw: dict[str, Any], found: Found, created: float | None) -> Node:
    listed = raw.get("children")
    node = Node(name, raw.get("parent"), listed if isinstance(listed, list) else ())
    message = raw.get("message", raw if "content" in raw or "author" in raw else None)
    if isinstance(message, str) and ("role" in raw or "author" in raw):  # {"role": "user", "message": "..."}
        message = raw | {"content": message}
    if not isinstance(message, dict):
        unreadable = message if "message" in raw else raw.get("unreadable")
        if unreadable is not None:
            found.turns += 1
            found.left[Left.UNREADABLE] += 1
        return node
    author = message.get("author")
    role = (author.get("role") if isinstance(author, dict) else author) or message.get("role")
    if what := _unshown(message, role):
        if _has_words(message):
            found.left[what] += 1
        return node
    left: Counter[Left] = Counter()
    text = _said(message, left)
    known = _ROLES.get(role) if isinstance(role, str) else None
    if text and known != "user":
        text = without_marks(text, message.get("metadata"))
    found.left += left
    if not text:
        found.turns += left[Left.UNREADABLE]
        return node
    found.turns += 1
    when = time_of(message.get("create_time"))
    found.dated = found.dated and when is not None
    entry = Entry(
        0, None, "assistant" if known == "assistant" else "user", text, created=when or created or 0.0
    )
    node.entry, node.guess = entry, known is None
    return node


def _unshown(message: dict[str, Any], role: object) -> Left | None:
    """As what a message is left behind that ChatGPT does not show as one of the conversation's."""
    metadata, content = message.get("metadata"), message.get("content")
    metadata = metadata if isinstance(metadata, dict) else {}
    kind = content.get("content_type") if isinstance(content, dict) else None
    weight = message.get("weight")
    if (
        role in _HIDDEN_ROLES
        or kind in _HIDDEN_TYPES
        or metadata.get("is_visually_hidden_from_conversation") is True
        or metadata.get("is_user_system_message") is True
        or (isinstance(weight, int | float) and not isinstance(weight, bool) and weight == 0)
    ):
        return Left.HIDDEN
    recipient = message.get("recipient")
    told_a_tool = isinstance(recipient, str) and recipient not in ("all", "")
    if role in _TOOL_ROLES or kind in _TOOL_TYPES or told_a_tool:
        return Left.TOOLS
    return None


def _has_words(message: dict[str, Any]) -> bool:
    """Whether leaving it behind is worth a word: every export is full of empty system messages."""
    content = message.get("content")
    if isinstance(content, dict):
        return any(bool(value) and value != [""] for key, value in content.items() if key != "content_type")
    return bool(content)


def _said(message: dict[str, Any], left: Counter[Left]) -> str:
    """The words of a message, and a mark for each picture, recording and file. Counts what is not in them."""
    content = message.get("content")
    pieces: list[str] = []
    if isinstance(content, dict) and content.get("content_type") == "code" and content.get("text"):
        language, code = text_of(content.get("language")), text_of(content["text"]).strip("\n")
        language = language if language.isalnum() and language != "unknown" else ""
        if code.strip():
            pieces.append(f"{fence(code)}{language}\n{code}\n{fence(code)}")
    elif isinstance(content, dict):
        known = [content[key] for key in ("parts", *_TEXT_KEYS) if content.get(key) is not None]
        parts = known[0] if known else None
        if not _parts(parts, pieces, left):
            left[Left.UNREADABLE] += 1
    elif not _parts(content, pieces, left):
        left[Left.UNREADABLE] += 1
    metadata = message.get("metadata")
    attached = metadata.get("attachments") if isinstance(metadata, dict) else None
    for file in attached if isinstance(attached, list) else ():
        if isinstance(file, dict) and not text_of(file.get("mime_type", file.get("mimeType"))).startswith(
            "image"
        ):
            left[Left.FILES] += 1
            pieces.insert(0, f"[file: {' '.join(text_of(file.get('name')).split()) or '?'}]")
    return "\n\n".join(pieces).strip()


def _parts(parts: object, pieces: list[str], left: Counter[Left]) -> bool:
    """Add what ``parts`` say; False when they are nothing that could be read."""
    if not isinstance(parts, list):
        parts = [parts]
    elif not parts:
        return False
    spoken = any(isinstance(part, dict) and _kind(part) == "audio_transcription" for part in parts)
    understood = False
    for part in parts:
        if isinstance(part, str | int | float) and not isinstance(part, bool):
            pieces.append(text_of(part))
            understood = True
        elif isinstance(part, dict):
            understood = _part(part, spoken, pieces, left) or understood
    pieces[:] = [piece for piece in pieces if piece.strip()]
    return understood


def _part(part: dict[str, Any], spoken: bool, pieces: list[str], left: Counter[Left]) -> bool:
    kind = _kind(part)
    words = next((text_of(part[key]) for key in _TEXT_KEYS if isinstance(part.get(key), str)), "")
    if words:
        pieces.append(words)
    elif kind.startswith(_PICTURES):
        left[Left.PICTURES] += 1
        pieces.append(PICTURE)
    elif kind.startswith(_RECORDINGS) or "audio" in kind:
        left[Left.RECORDINGS] += 1
        if not spoken:
            pieces.append(RECORDING)
    else:
        return kind == "text"
    return True


def _kind(part: dict[str, Any]) -> str:
    return text_of(part.get("content_type", part.get("type")))


def without_marks(text: str, metadata: object = None) -> str:
    """A reply without the marks that only ChatGPT's own pages can show; a link where it says what stands for one."""
    if not (max(text, default="") >= "\ue200" or "oaicite" in text or "†" in text):
        return text
    shown: dict[str, str] = {}
    references = metadata.get("content_references") if isinstance(metadata, dict) else None
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, dict) and isinstance(matched := reference.get("matched_text"), str):
            shown[matched.strip()] = _MARKS.sub("", text_of(reference.get("alt")))

    def readable(match: re.Match[str]) -> str:
        mark = match.group()
        words = shown.get(mark.strip()) or _words_of(match["kind"], match["rest"])
        return f" {words}" if words and mark.startswith(" ") else words

    return _MARKS.sub("", _REFERENCE.sub(readable, text)).rstrip()


def _words_of(kind: str | None, rest: str | None) -> str:
    """What a mark says by itself: a link's title, a thing's name."""
    arguments = (rest or "").split("\ue202")[1:]
    if kind == "url" and len(arguments) >= 2 and arguments[1].startswith(("https://", "http://")):
        return f"[{arguments[0]}]({arguments[1]})"
    if kind == "entity" and arguments and (match := _ENTITY.match(arguments[0])):
        return match[1]
    return ""
