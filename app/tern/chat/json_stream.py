"""Reads a large JSON document element by element, so that neither its size nor one damaged element matters to the
rest. Knows no format.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import IO, Any

from tern.errors import UserError

log = logging.getLogger(__name__)

LARGEST = 1 << 30  # characters that are read, whatever a ZIP claims to hold
_CHUNK = 1 << 20
_PIECE = 1 << 14  # bytes at once: where the stream is damaged no more than these are lost
_SPACE = re.compile(r"[ \t\r\n]*")
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)  # a string is stepped over whole
_LONGEST_INT = 300  # digits; Python refuses to read an int of thousands


class BrokenJsonError(Exception):
    """The document ends or stops being JSON here; what came before was right."""


class UNREADABLE:
    """Stands for an element that is no JSON, between others that are."""


class Elements:
    """Of the document in ``stream``: pairs of a key and a value, one for each element of the outermost list (key "") or
    entry of the outermost object; an entry that holds a list under ``within`` comes element by element.

    Raises DamagedError where it cannot go on, UserError for more than ``LARGEST``. What ``damage`` the stream raises is
    its end.
    """

    def __init__(self, stream: IO[bytes], within: str, damage: tuple[type[Exception], ...] = ()) -> None:
        head = stream.read(4)
        encoding = json.detect_encoding(head)
        joined = io.BufferedReader(_Joined(head, stream, damage))
        encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        self._stream = io.TextIOWrapper(joined, encoding, errors="replace", newline="")
        self._within = within
        self._decode = json.JSONDecoder(parse_int=_number, strict=False).raw_decode
        self._text, self._at, self._ended = "", 0, False
        self.read = 0  # characters so far

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        opening = self._peek()
        if opening == "[":
            yield from self._list("")
        elif opening == "{":
            yield from self._object()
        else:
            raise BrokenJsonError
        if self._peek():
            raise BrokenJsonError

    def _list(self, key: str) -> Iterator[tuple[str, Any]]:
        self._at += 1
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield key, self._value()
            if self._next() == "]":
                return

    def _object(self) -> Iterator[tuple[str, Any]]:
        self._at += 1
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            key = self._value() if self._peek() == '"' else None
            if not isinstance(key, str) or self._next(":") != ":":
                raise BrokenJsonError
            if key == self._within and self._peek() == "[":
                yield from self._list(key)
            else:
                yield key, self._value()
            if self._next() == "}":
                return

    def _peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _next(self, allowed: str = ",]}") -> str:
        mark = self._peek()
        if not mark or mark not in allowed:
            raise BrokenJsonError
        self._at += 1
        if mark == "," and self._peek() in ("]", "}"):  # a comma too many
            mark = self._peek()
            self._at += 1
        return mark

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except (ValueError, RecursionError):
                if not self._more():
                    return self._step_over()
            else:
                if end < len(self._text) or not self._more():  # else it may be the beginning of a longer one
                    self._at = end
                    return value

    def _step_over(self) -> type[UNREADABLE]:
        """Leave an element that cannot be read, where its brackets say that it ends."""
        if self._peek() not in ("[", "{"):
            raise BrokenJsonError
        depth = 0
        for match in _BRACKET.finditer(self._text, self._at):
            mark = match.group()
            depth += (mark in "[{") - (mark in "]}") if len(mark) == 1 else 0
            if depth == 0:
                self._at = match.end()
                return UNREADABLE
        raise BrokenJsonError

    def _more(self) -> bool:
        """Whether there was more to read. What waits to be decoded doubles each time, so that reading stays linear."""
        if self._ended:
            return False
        rest = self._text[self._at :]
        new = self._stream.read(max(_CHUNK, len(rest)))
        self.read += len(new)
        if self.read > LARGEST:
            raise UserError("This file holds more than Tern can import at once; divide it into smaller ones.")
        self._ended = not new
        self._text, self._at = rest + new, 0
        return not self._ended


class _Joined(io.RawIOBase):
    """The bytes that were looked at already, then the rest: a member of a ZIP cannot always be rewound."""

    def __init__(self, head: bytes, rest: IO[bytes], damage: tuple[type[Exception], ...]) -> None:
        self._head, self._rest, self._damage = head, rest, damage

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._head or self._rest.read(min(len(buffer), _PIECE))
        except self._damage as error:
            log.warning("the stream ends early: %s", error)
            data = b""
        self._head = b""
        buffer[: len(data)] = data
        return len(data)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INT else float(digits)
