"""Metadata values of a GGUF file as they lie in it, decoded on access. Knows no header and no tensor."""

from __future__ import annotations

import mmap
import re
import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from tern.engine.gguf.types import ARRAY_DTYPES, SCALAR_FORMATS, ValueType
from tern.errors import Sentence, UserError

MAX_TEXT_BYTES = 16 << 20
ARRAY_HEAD = 12  # element type and count
_U64 = struct.Struct("<Q")


class GGUFError(UserError):
    """A model file that cannot be used: its name, what is wrong, and what to do. Its bytes are as they were made, so
    nothing comes of fetching them again."""

    def __init__(self, file_name: str, what: Sentence) -> None:
        super().__init__(
            "Tern cannot use {name}: {what}. Choose another GGUF file.", name=shown(file_name), what=what
        )


class BrokenFileError(GGUFError):
    """A file whose bytes may not be the ones that were made."""

    def __init__(self, file_name: str, what: Sentence) -> None:
        super(GGUFError, self).__init__(
            "Tern cannot use {name}: {what}. Choose another GGUF file, or fetch this one again.",
            name=shown(file_name),
            what=what,
        )


class TooLittleMemoryError(UserError):
    """The computer has less memory than opening a model takes."""


def too_little(file_name: str) -> TooLittleMemoryError:
    """What is said where the system refuses memory."""
    return TooLittleMemoryError(
        "There is too little memory to open {name}. Close other programs, or choose a smaller context or "
        "model.",
        name=shown(file_name),
    )


class OtherKernelsError(GGUFError):
    """A whole file in an encoding that only its makers' own program computes."""

    def __init__(self, file_name: str, encoding: str) -> None:
        super(GGUFError, self).__init__(
            "{name} is made for other kernels: its weights are in bitnet.cpp's {encoding}, which only "
            "that program's own build can compute. Take the i2_s file of the same model.",
            name=shown(file_name),
            encoding=encoding,
        )


def shown(text: str) -> str:
    """``text`` from a file, safe to show: printable, at most 64 characters."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= 64 else clean[:61] + "..."


class StringArray(Sequence[str]):
    """An array of strings in the file. Nothing is decoded before it is asked for."""

    def __init__(self, file_name: str, key: str, source: mmap.mmap, start: int, end: int, count: int) -> None:
        self._where = file_name, key
        self._source = source
        self._start, self._end = start, end
        self._count = count
        self._offsets: array[int] | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        try:
            return self.raw(index).decode()
        except UnicodeDecodeError:
            file_name, key = self._where
            raise BrokenFileError(
                file_name,
                Sentence("entry {index:,} of {key} is not valid UTF-8 text", index=index, key=shown(key)),
            ) from None

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(self._count))

    def raw(self, index: int) -> bytes:
        """The bytes of one string."""
        if not -self._count <= index < self._count:
            raise IndexError(index)
        at = self._all_offsets()[index]
        (length,) = _U64.unpack_from(self._source, at)
        return self._source[at + 8 : at + 8 + length]

    def find(self, text: str) -> int | None:
        """Index of the first string equal to ``text``, or None. Searches the bytes, so it is quick."""
        raw = text.encode()
        pattern = _U64.pack(len(raw)) + raw
        at = self._source.find(pattern, self._start, self._end)
        while at >= 0:
            offsets = np.frombuffer(self._all_offsets(), np.uint64)
            index = int(np.searchsorted(offsets, at))
            if index < self._count and offsets[index] == at:  # else: inside another string
                return index
            at = self._source.find(pattern, at + 1, self._end)
        return None

    def matching(self, pattern: re.Pattern[bytes]) -> list[int]:
        """Indices of the strings whose whole bytes match ``pattern``, in order."""
        offsets = np.frombuffer(self._all_offsets(), np.uint64)
        found = []
        with memoryview(self._source) as view, view[self._start : self._end] as region:
            for match in pattern.finditer(region):
                at = self._start + match.start() - 8
                index = int(np.searchsorted(offsets, max(at, 0)))
                exact = index < self._count and offsets[index] == at
                if exact and _U64.unpack_from(self._source, at)[0] == len(match[0]):
                    found.append(index)
        return found

    def repeated(self) -> bytes | None:
        """A string that is there more than once, other than the empty one; None where there is none."""
        seen: set[bytes] = set()
        read, source, at = _U64.unpack_from, self._source, self._start
        for _ in range(self._count):
            end = at + 8 + read(source, at)[0]
            raw = source[at + 8 : end]
            if raw in seen:
                return raw
            if raw:
                seen.add(raw)
            at = end
        return None

    def _all_offsets(self) -> array[int]:
        if self._offsets is None:
            offsets = array("Q", bytes(8 * self._count))
            read, source, at = _U64.unpack_from, self._source, self._start
            for index in range(self._count):
                offsets[index] = at
                at += 8 + read(source, at)[0]
            self._offsets = offsets
        return self._offsets


Value = bool | int | float | str | StringArray | NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class MetadataEntry:
    """One value's place: bytes ``start`` to ``end`` of ``source``, already checked to lie in the file."""

    file_name: str
    key: str
    kind: ValueType
    element: ValueType | None
    source: mmap.mmap
    start: int
    end: int

    def payload(self) -> memoryview:
        """The bytes after the type, as the file has them."""
        return memoryview(self.source)[self.start : self.end]

    def value(self) -> Value:
        """The decoded value; arrays of numbers are views of the file. GGUFError when it is damaged."""
        if self.kind is ValueType.ARRAY:
            return self._array()
        if self.kind is ValueType.STRING:
            return self._text()
        (scalar,) = struct.unpack_from(SCALAR_FORMATS[self.kind], self.source, self.start)
        if self.kind is ValueType.BOOL and self.source[self.start] > 1:
            raise BrokenFileError(
                self.file_name, Sentence("the value of {key} is neither true nor false", key=shown(self.key))
            )
        return scalar  # type: ignore[no-any-return]  # struct's formats give bool, int or float

    def _text(self) -> str:
        if self.end - self.start - 8 > MAX_TEXT_BYTES:
            raise GGUFError(self.file_name, Sentence("the value of {key} is too long", key=shown(self.key)))
        try:
            return self.source[self.start + 8 : self.end].decode()
        except UnicodeDecodeError:
            raise BrokenFileError(
                self.file_name, Sentence("the value of {key} is not valid UTF-8 text", key=shown(self.key))
            ) from None

    def _array(self) -> StringArray | NDArray[np.generic]:
        assert self.element is not None
        (count,) = _U64.unpack_from(self.source, self.start + 4)
        first = self.start + ARRAY_HEAD
        if self.element is ValueType.STRING:
            return StringArray(self.file_name, self.key, self.source, first, self.end, count)
        dtype = np.dtype(ARRAY_DTYPES[self.element])
        if count == 0:
            return np.empty(0, dtype)
        numbers = np.ndarray((count,), dtype, self.source, first)
        # any byte may stand for a bool in the file; numpy wants 0 or 1
        return numbers.view(np.uint8) != 0 if self.element is ValueType.BOOL else numbers
