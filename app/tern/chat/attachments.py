"""What is attached to a message, and how it is told to the model. Pure; knows no disk and no window.

The model is told everything in one plain text, the message's content: first each attachment, as

    File notes.txt:
    ```
    (its text)
    ```

("Pasted text:" for a long text that was pasted, "Parts of notes.txt:" for passages of a file), then the person's own
words, a blank line between all of them. The fence is longer than any run of backticks in the text. On disk and in
exports an attachment is only its name, kind and size, its encoding, and where its text stands in the content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_BACKTICKS = re.compile("`+")
_BETWEEN = "\n\n"
PLAIN = "UTF-8"  # what is in it need not be said
_ALWAYS = ("name", "kind", "size", "start", "length")


class AttachmentKind(StrEnum):
    """Where an attachment came from."""

    FILE = "file"
    PASTE = "paste"
    FOLDER = "folder"  # the files of one, each under a line with its path
    PARTS = "parts"  # passages of a file that is longer than the context (passages.py)


_TITLES = {
    AttachmentKind.FILE: "File {0}:",
    AttachmentKind.PASTE: "Pasted text:",
    AttachmentKind.FOLDER: "Folder {0}:",
    AttachmentKind.PARTS: "Parts of {0}:",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """``text``: all that the model reads of it; ``size``: bytes of what it was read from.

    ``encoding``: a name of encodings.py, empty for a document that has none (PDF, DOCX); ``faults``: places that it
    could not read. ``raw``: those bytes, while another reading may be chosen and the text does not tell them.
    ``pages``: where in the text each page begins, of a document that has pages.
    """

    name: str
    text: str
    size: int
    kind: AttachmentKind = AttachmentKind.FILE
    encoding: str = PLAIN
    faults: int = 0
    raw: bytes = field(default=b"", repr=False, compare=False)
    pages: tuple[int, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether nothing need be said of how it was read."""
        return self.encoding in ("", PLAIN) and not self.faults


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
    found: list[dict[str, Any]] = []
    at = 0
    for item in attachments:
        start = at + len(_opening(item))
        one = {
            "name": item.name,
            "kind": item.kind,
            "size": item.size,
            "start": start,
            "length": len(item.text),
        }
        if item.encoding != PLAIN:
            one["encoding"] = item.encoding
        if item.faults:
            one["faults"] = item.faults
        if item.pages:
            one["page_starts"] = list(item.pages)
        found.append(one)
        at += len(told(item)) + len(_BETWEEN)
    return found


def from_json(found: Sequence[dict[str, Any]], content: str) -> tuple[Attachment, ...]:
    """The inverse of :func:`to_json`. Raises ValueError where it and ``content`` do not belong together."""
    attachments = []
    for item in found:
        start, length = int(item["start"]), int(item["length"])
        text = content[start : start + length]
        encoding, faults = str(item.get("encoding", PLAIN)), int(item.get("faults", 0))
        kind, size = AttachmentKind(item["kind"]), int(item["size"])
        pages = tuple(map(int, item.get("page_starts", ())))
        attachments.append(Attachment(str(item["name"]), text, size, kind, encoding, faults, pages=pages))
    same = [_where(one) for one in to_json(attachments)] == [_where(one) for one in found]
    if found and (not same or not content.startswith(compose("", attachments))):
        raise ValueError("the attachments are not in the content")
    return tuple(attachments)


def _where(one: dict[str, Any]) -> list[Any]:
    return [one[key] for key in _ALWAYS]


def _opening(attachment: Attachment) -> str:
    name = " ".join(attachment.name.split())
    title = _TITLES[attachment.kind].format(name)
    return f"{title}\n{fence(attachment.text)}\n"


def fence(text: str) -> str:
    """Backticks that fence ``text`` as code, whatever runs of them it holds."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    return "`" * max(3, longest + 1)
