"""What GPT4All keeps of a conversation: its gpt4all-*.chat files, which hold one each. Pure; reads bytes.

The format is that of GPT4All's own source (gpt4all-chat/src: chatlistmodel.cpp, chat.cpp, chatllm.cpp, chatmodel.h and
.cpp, tool.cpp; versions 1 to 12): a QDataStream of Qt 6.2, so big-endian, a QString being its length in bytes and
UTF-16. Whatever does not read exactly so, to the last byte, raises ValueError; nothing larger than the file is made.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

_T = TypeVar("_T")
MAGIC = 0xF5D553CC
NEWEST = 12
_NULL = 0xFFFFFFFF
_DEEPEST = 20
_LABELS = ("System: ", "Prompt: ", "Response: ", "Text: ", "ToolCall: ", "ToolResponse: ", "Think: ")
# Kinds of QVariant that a tool's parameters are of: Bool, Int, UInt, LongLong, ULongLong, Double.
_NUMBERS = {1: "?", 2: "i", 3: "I", 4: "q", 5: "Q", 6: "d"}
_QSTRING = 10


@dataclass(frozen=True, slots=True)
class Said:
    """One message. ``files``: name and content of what was attached to it."""

    user: bool
    text: str
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Chat:
    """``created``: seconds since 1970."""

    title: str
    created: float
    said: list[Said] = field(default_factory=list)


def is_chat(data: bytes) -> bool:
    """Whether this is such a file, going by how it begins."""
    return data[:4] == MAGIC.to_bytes(4, "big")


def read(data: bytes) -> Chat:
    """The conversation. Raises ValueError for anything but a whole file of a known version."""
    stream = _Stream(data)
    if stream.number("I") != MAGIC:
        raise ValueError("not a chat of GPT4All's")
    version = stream.number("i")
    if not 1 <= version <= NEWEST:
        raise ValueError("a version that is not known")
    created = stream.number("q")
    stream.text()  # its id
    title, by_hand = stream.text(), stream.text()
    stream.text()  # the model
    if version >= 3:
        stream.many("I", stream.text)  # collections of documents
    if version < 11:
        _skip_state(stream, version)
    chat = Chat(by_hand or title, float(created))
    for item in stream.many("i", lambda: _item(stream, version)):
        if item is not None:
            chat.said.append(item)
    if not stream.at_end:
        raise ValueError("there is more after its end")
    return chat


class _Stream:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def take(self, length: int) -> bytes:
        if length < 0 or length > len(self._data) - self._at:
            raise ValueError("it ends too early")
        self._at += length
        return self._data[self._at - length : self._at]

    def number(self, kind: str) -> int:
        return int(struct.unpack(f">{kind}", self.take(struct.calcsize(f">{kind}")))[0])

    def flag(self) -> bool:
        value = self.number("B")
        if value > 1:
            raise ValueError("neither yes nor no")
        return value == 1

    def text(self) -> str:
        length = self.number("I")
        return "" if length == _NULL else self.take(length).decode("utf-16-be")

    def blob(self) -> bytes:
        length = self.number("I")
        return b"" if length == _NULL else self.take(length)

    def many(self, kind: str, read_one: Callable[[], _T]) -> list[_T]:
        """A list whose length is a number of ``kind``."""
        count = self.number(kind)
        if not 0 <= count <= len(self._data) - self._at:  # each takes a byte at the very least
            raise ValueError("a list that is longer than the file")
        return [read_one() for _ in range(count)]


def _skip_state(stream: _Stream, version: int) -> None:
    """What older versions kept of the model's memory."""
    has_state = stream.flag() if version >= 6 else True
    if version >= 2:
        stream.number("i")  # kind of model
        if stream.number("i"):
            raise ValueError("a state that is not known")
    stream.text()  # response
    stream.text()  # generated name
    stream.number("I")  # tokens
    if not has_state:
        return
    if version < 4:
        stream.number("I")
    stream.number("I")
    if version >= 7:
        stream.number("I")
    if version < 9:
        stream.take(4 * stream.number("Q"))  # logits
    stream.take(4 * stream.number("Q"))  # tokens
    stream.blob()


def _item(stream: _Stream, version: int) -> Said | None:
    if version < 12:
        stream.number("i")  # id
    label = _label(stream)
    text = stream.text()
    if version < 10:
        stream.text()  # prompt
    stream.text()  # a better response that the person gave
    for _ in range(4):  # current, stopped, thumbs up, thumbs down
        stream.flag()
    if version >= 11 and label == "Response: ":
        stream.flag()  # error
    if version >= 8:
        stream.many("q", lambda: _skip_source(stream))
    elif version >= 3:
        stream.text()
        stream.many("I", stream.text)
    files = stream.many("q", lambda: (_file_name(stream.blob()), stream.blob())) if version >= 10 else []
    if version >= 12:
        text += "".join(stream.many("q", lambda: _part(stream, 0)))
    if label not in ("Prompt: ", "Response: "):
        return None
    return Said(label == "Prompt: ", text.strip(), tuple(files))


def _label(stream: _Stream) -> str:
    label = stream.text()
    if label not in _LABELS:
        raise ValueError("a message of a kind that is not known")
    return label


def _skip_source(stream: _Stream) -> None:
    for _ in range(7):  # collection, path, file, title, author, date, text
        stream.text()
    for _ in range(3):  # page, from, to
        stream.number("i")


def _file_name(url: bytes) -> str:
    last = url.rpartition(b"/")[2]
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), last).decode("utf-8")


def _part(stream: _Stream, depth: int) -> str:
    """A piece of a response: what it says to the person, with the pieces within it."""
    if depth > _DEEPEST:
        raise ValueError("pieces within pieces without an end")
    label = _label(stream)
    said = stream.text()
    if label == "ToolCall: ":
        _skip_call(stream)
    elif label == "Think: ":
        stream.number("i")  # ms
    elif label in ("System: ", "Prompt: "):
        raise ValueError("a message within a message")
    within = "".join(stream.many("q", lambda: _part(stream, depth + 1)))
    return (said if label in ("Text: ", "Response: ") else "") + within


def _skip_call(stream: _Stream) -> None:
    stream.text()  # name
    stream.many("q", lambda: _skip_parameter(stream))
    stream.text()  # result
    stream.number("i")  # error
    stream.text()


def _skip_parameter(stream: _Stream) -> None:
    stream.text()
    stream.number("i")
    kind = stream.number("I")
    stream.flag()  # null
    if kind == _QSTRING:
        stream.text()
    elif kind in _NUMBERS:
        stream.take(struct.calcsize(f">{_NUMBERS[kind]}"))
    elif kind:
        raise ValueError("a parameter of a kind that is not known")
