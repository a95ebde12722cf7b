"""What is attached to a message, and how it is told to the model. Pure; knows no disk and no window.

The model is told everything in one plain text, the message's content: first each attachment, as

    File notes.txt:
    ```
    (its text)
    ```

("Pasted text:" for a long text that was pasted), then the person's own words, a blank line between all of them. The
fence is longer than any run of backticks in the text. On disk and in exports an attachment is only its name, kind and
size, and where its text stands in the content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_BACKTICKS = re.compile("`+")
_BETWEEN = "\n\n"


class Kind(StrEnum):
    """Where an attachment came from."""

    FILE = "file"
    PASTE = "paste"


@dataclass(frozen=True, slots=True)
class Attachment:
    """``text``: all that the model reads of it; ``size``: bytes of what it was read from."""

    name: str
    text: str
    size: int
    kind: Kind = Kind.FILE


def compose(words: str, attachments: Sequence[Attachment]) -> str:
    """A message's content."""
    parts = [told(attachment) for attachment in attachments]
    return _BETWEEN.join([*parts, words] if words else parts)


def words_of(content: str, attachments: Sequence[Attachment]) -> str:
    """The person's own words in a message's content."""
    if not attachments:
        return content
    return content[len(compose("", attachments)) :].removeprefix(_BETWEEN)


def told(attachment: Attachment) -> str:
    """The part of a content that tells of ``attachment``."""
    return f"{_opening(attachment)}{attachment.text}\n{fence(attachment.text)}"


def to_json(attachments: Sequence[Attachment]) -> list[dict[str, Any]]:
    """What stands on disk beside the content that they were composed into; offsets in characters."""
    found, at = [], 0
    for item in attachments:
        start = at + len(_opening(item))
        found.append(
            {
                "name": item.name,
                "kind": item.kind,
                "size": item.size,
                "start": start,
                "length": len(item.text),
            }
        )
        at += len(told(item)) + len(_BETWEEN)
    return found


def from_json(found: Sequence[dict[str, Any]], content: str) -> tuple[Attachment, ...]:
    """The inverse of :func:`to_json`. Raises ValueError where it and ``content`` do not belong together."""
    attachments = []
    for item in found:
        start, length = int(item["start"]), int(item["length"])
        text = content[start : start + length]
        attachments.append(Attachment(str(item["name"]), text, int(item["size"]), Kind(item["kind"])))
    if found and (to_json(attachments) != list(found) or not content.startswith(compose("", attachments))):
        raise ValueError("the attachments are not in the content")
    return tuple(attachments)


def _opening(attachment: Attachment) -> str:
    name = " ".join(attachment.name.split())
    title = f"File {name}:" if attachment.kind is Kind.FILE else "Pasted text:"
    return f"{title}\n{fence(attachment.text)}\n"


def fence(text: str) -> str:
    """Backticks that fence ``text`` as code, whatever runs of them it holds."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    return "`" * max(3, longest + 1)
