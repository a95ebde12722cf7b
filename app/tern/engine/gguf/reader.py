"""Read GGUF v3 files strictly, memory-mapped: every count, length and offset is checked before it is used.

Whatever the bytes, a file opens or is refused with one :class:`GGUFError` sentence, quickly and in little
memory: values are decoded when asked for, tensors are views of the mapping. Knows no architecture.
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from tern.engine.gguf.types import (
    ALIGNMENT,
    ARRAY_DTYPES,
    BITNET_CPP_TYPES,
    MAGIC,
    MAX_DIMENSIONS,
    SCALAR_FORMATS,
    VERSION,
    TensorType,
    ValueType,
    n_bytes,
    n_values,
)
from tern.engine.gguf.values import (
    BrokenFileError,
    GGUFError,
    MetadataEntry,
    OtherKernelsError,
    StringArray,
    Value,
    shown,
    too_little,
)
from tern.errors import Sentence, format_size

__all__ = ["GGUFError", "GGUFFile", "StringArray", "TensorInfo", "TensorType", "Value", "ValueType"]

# Limits that no model comes near; they bound time and memory on a hostile file.
MAX_HEADER_BYTES = 64 << 20
MAX_METADATA = 4096
MAX_TENSORS = 65536
MAX_KEY_BYTES = 512
MAX_NAME_BYTES = 63  # ggml keeps 64 with the final zero
MAX_STRINGS = 2_000_000
MIN_ENTRY_BYTES = 8 + 1 + 4 + 1  # length, a key of one letter, type, a value of one byte
MIN_INFO_BYTES = 8 + 1 + 4 + 8 + 4 + 8

_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_FOREIGN = {
    b"PK\x03\x04": Sentence("it is a zip archive"),
    b"\x1f\x8b": Sentence("it is a gzip archive"),
    b"version https://git-lfs": Sentence("it is a Git LFS pointer, not the model itself"),
    b"<": Sentence("it is a web page, not a model: the download went wrong"),
    b"lmgg": Sentence("it is in the old GGML format"),
    b"tjgg": Sentence("it is in the old GGJT format"),
    b"\x80": Sentence("it is a Python pickle"),
    b"{": Sentence("it is a JSON text"),
    b"": Sentence("it is something else"),
}

# A download that went wrong.
_PERHAPS_BROKEN = {
    _FOREIGN[b"version https://git-lfs"],
    _FOREIGN[b"<"],
    _FOREIGN[b""],
}

T = TypeVar("T", bool, int, float, str)


class _Required(Enum):
    """The default of a key that has none."""

    YES = 1


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Where a tensor lies. ``shape`` in ggml's order, innermost first; ``offset`` from the file's start."""

    name: str
    shape: tuple[int, ...]
    type: TensorType
    offset: int
    n_bytes: int

    @property
    def n_values(self) -> int:
        return n_values(self.shape)


class Metadata(Mapping[str, Value]):
    """The file's key-values, decoded on access."""

    def __init__(self, entries: dict[str, MetadataEntry]) -> None:
        self._entries = entries

    def __getitem__(self, key: str) -> Value:
        return self._entries[key].value()

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries  # Mapping's own would decode the value

    def raw(self, key: str) -> tuple[ValueType, memoryview]:
        """The value's type and its bytes in the file, as ``GGUFWriter.add_raw`` takes them."""
        entry = self._entries[key]
        return entry.kind, entry.payload()


class GGUFFile:
    """An open GGUF file: ``metadata``, ``tensors`` and views of their bytes. Close it, or use ``with``."""

    def __init__(self, path: Path, mapping: mmap.mmap) -> None:
        self.path = path
        self.size = len(mapping)
        self._map = mapping
        parser = _Parser(path.name, mapping)
        self.metadata, self.alignment = parser.metadata()
        self.tensors, self.data_offset = parser.tensors(self.alignment)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Map and check the file at ``path``. Raises GGUFError, one sentence, for whatever is wrong."""
        path = Path(path)
        mapping = _map(path)
        try:
            return cls(path, mapping)
        except BaseException:
            with suppress(BufferError):  # a view in the traceback keeps it open a moment longer
                mapping.close()
            raise

    def close(self) -> None:
        """Unmap the file; it stays mapped until the last view of it is gone. Safe to call twice."""
        with suppress(BufferError):
            self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def mapping(self) -> mmap.mmap:
        """The whole file's bytes."""
        return self._map

    @property
    def address(self) -> int:
        """Address of the file's first byte in memory, valid until :meth:`close`."""
        return int(np.frombuffer(self._map, np.uint8, 1).ctypes.data)

    def data(self, name: str) -> NDArray[np.uint8]:
        """The tensor's bytes, read-only, without a copy."""
        if name not in self.tensors:
            raise self.error(Sentence("the tensor {name} is missing", name=name))
        info = self.tensors[name]
        return np.frombuffer(self._map, np.uint8, info.n_bytes, info.offset)

    def release(self, names: Iterable[str]) -> None:
        """Give back the memory that reading these tensors took up. They stay readable: the file has them."""
        if not hasattr(mmap, "MADV_DONTNEED"):
            return
        for name in names:
            info = self.tensors[name]
            start = -(-info.offset // mmap.PAGESIZE) * mmap.PAGESIZE  # whole pages that hold nothing else
            end = (info.offset + info.n_bytes) // mmap.PAGESIZE * mmap.PAGESIZE
            if end > start:
                self._map.madvise(mmap.MADV_DONTNEED, start, end - start)

    @overload
    def get(self, key: str, kind: type[T]) -> T: ...
    @overload
    def get(self, key: str, kind: type[T], default: T) -> T: ...
    @overload
    def get(self, key: str, kind: type[T], default: None) -> T | None: ...
    def get(self, key: str, kind: type[T], default: T | _Required | None = _Required.YES) -> T | None:
        """The value of ``key`` as bool, int, float or str; GGUFError when it is missing or something else."""
        if key not in self.metadata:
            if isinstance(default, _Required):
                raise self.error(Sentence("the key {key} is missing", key=key))
            return default
        value = self.metadata[key]
        if type(value) is not kind:
            raise self.error(
                Sentence("the key {key} should be a single {kind}", key=key, kind=_KIND_NAMES[kind])
            )
        return value

    def strings(self, key: str) -> StringArray:
        """The array of strings at ``key``."""
        value = self.metadata.get(key)
        if not isinstance(value, StringArray):
            raise self.error(Sentence("the key {key} should be an array of strings", key=key))
        return value

    def numbers(self, key: str) -> NDArray[np.generic]:
        """The array of numbers at ``key``, a view of the file."""
        value = self.metadata.get(key)
        if not isinstance(value, np.ndarray):
            raise self.error(Sentence("the key {key} should be an array of numbers", key=key))
        return value

    def error(self, what: Sentence) -> GGUFError:
        """The error that says ``what`` is wrong with this file."""
        return GGUFError(self.path.name, what)


_KIND_NAMES: dict[type, str] = {bool: "true or false", int: "whole number", float: "number", str: "text"}


class _Parser:
    """Walks the header once. ``_at`` is the next unread byte; ``_need`` is asked before every read."""

    def __init__(self, name: str, mapping: mmap.mmap) -> None:
        self._name = name
        self._map = mapping
        self._end = min(len(mapping), MAX_HEADER_BYTES)
        self._n_tensors, self._n_metadata = self._counts()
        self._at = 24
        self._strings_left = MAX_STRINGS

    def _fail(self, what: Sentence) -> GGUFError:
        return BrokenFileError(self._name, what)

    def _need(self, count: int, what: Sentence) -> None:
        if count > self._end - self._at:
            if self._end < len(self._map) and count <= len(self._map) - self._at:
                raise GGUFError(
                    self._name,
                    Sentence("its header is larger than {most}", most=format_size(MAX_HEADER_BYTES)),
                )
            raise self._fail(
                Sentence("it ends in the middle of {what}; the file is damaged or not complete", what=what)
            )

    def _u32(self, what: Sentence) -> int:
        self._need(4, what)
        (value,) = _U32.unpack_from(self._map, self._at)
        self._at += 4
        return int(value)

    def _u64(self, what: Sentence) -> int:
        self._need(8, what)
        (value,) = _U64.unpack_from(self._map, self._at)
        self._at += 8
        return int(value)

    def _text(self, limit: int, what: Sentence) -> str:
        length = self._u64(what)
        if not 0 < length <= limit:
            raise self._fail(
                Sentence(
                    "{what} is {length:,} bytes long; 1 to {limit} are allowed",
                    what=what,
                    length=length,
                    limit=limit,
                )
            )
        self._need(length, what)
        raw = self._map[self._at : self._at + length]
        self._at += length
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise self._fail(Sentence("{what} is not valid UTF-8 text", what=what)) from None

    def _counts(self) -> tuple[int, int]:
        start = self._map[:32]
        if not start.startswith(MAGIC):
            why = next(text for magic, text in _FOREIGN.items() if start.lstrip().startswith(magic))
            if why == _FOREIGN[b""] and start[8:10] == b'{"':
                why = Sentence("it is a safetensors file")
            error = BrokenFileError if why in _PERHAPS_BROKEN else GGUFError
            raise error(self._name, Sentence("{why}; Tern opens GGUF files", why=why))
        if len(start) < 24:
            raise self._fail(
                Sentence("it ends in the middle of its header; the file is damaged or not complete")
            )
        version, n_tensors, n_metadata = struct.unpack_from("<IQQ", start, 4)
        if version != VERSION:
            if version in (1, 2):
                raise GGUFError(
                    self._name,
                    Sentence(
                        "it is GGUF version {version}, out of use; Tern opens version {supported}",
                        version=version,
                        supported=VERSION,
                    ),
                )
            if int.from_bytes(start[4:8], "big") <= VERSION:
                raise GGUFError(
                    self._name, Sentence("it is a big-endian GGUF file; Tern opens little-endian ones")
                )
            raise GGUFError(
                self._name,
                Sentence(
                    "it is GGUF version {version}; Tern opens version {supported}",
                    version=version,
                    supported=VERSION,
                ),
            )
        if n_metadata > min(MAX_METADATA, self._end // MIN_ENTRY_BYTES):
            raise self._fail(
                Sentence(
                    "it announces {entries:,} metadata entries, more than it can hold", entries=n_metadata
                )
            )
        if n_tensors > min(MAX_TENSORS, self._end // MIN_INFO_BYTES):
            raise self._fail(
                Sentence("it announces {tensors:,} tensors, more than it can hold", tensors=n_tensors)
            )
        return n_tensors, n_metadata

    def metadata(self) -> tuple[Metadata, int]:
        """All key-values, and the alignment they set."""
        entries: dict[str, MetadataEntry] = {}
        for _ in range(self._n_metadata):
            key = self._text(MAX_KEY_BYTES, Sentence("a metadata key"))
            if key in entries:
                raise self._fail(Sentence("the key {key} appears twice", key=shown(key)))
            kind = self._kind(Sentence("the type of {key}", key=shown(key)))
            start = self._at
            element = self._skip_value(kind, key)
            entries[key] = MetadataEntry(self._name, key, kind, element, self._map, start, self._at)
        alignment = entries["general.alignment"].value() if "general.alignment" in entries else ALIGNMENT
        if type(alignment) is not int or not 8 <= alignment <= 65536 or alignment & (alignment - 1):
            raise self._fail(Sentence("its alignment is not a power of two between 8 and 65536"))
        return Metadata(entries), alignment

    def _kind(self, what: Sentence) -> ValueType:
        number = self._u32(what)
        try:
            return ValueType(number)
        except ValueError:
            raise self._fail(
                Sentence("{what} is {number}, which GGUF does not have", what=what, number=number)
            ) from None

    def _skip_value(self, kind: ValueType, key: str) -> ValueType | None:
        """Step over one value; the element type when it is an array."""
        what = Sentence("the value of {key}", key=shown(key))
        if kind is ValueType.STRING:
            length = self._u64(what)
            self._need(length, what)
            self._at += length
        elif kind is ValueType.ARRAY:
            element = self._kind(Sentence("the element type of {key}", key=shown(key)))
            count = self._u64(what)
            if element is ValueType.ARRAY:
                raise self._fail(Sentence("{what} is an array of arrays", what=what))
            if element is ValueType.STRING:
                self._skip_strings(count, what)
            else:
                size = count * np.dtype(ARRAY_DTYPES[element]).itemsize
                self._need(size, what)
                self._at += size
            return element
        else:
            size = struct.calcsize(SCALAR_FORMATS[kind])
            self._need(size, what)
            self._at += size
        return None

    def _skip_strings(self, count: int, what: Sentence) -> None:
        self._need(count * 8, what)
        self._strings_left -= count
        if self._strings_left < 0:
            raise self._fail(Sentence("it holds more than {most:,} strings", most=MAX_STRINGS))
        read, source, at, last = _U64.unpack_from, self._map, self._at, self._end - 8
        for _ in range(count):
            if at > last:
                break
            at += 8 + read(source, at)[0]
        else:
            self._need(at - self._at, what)
            self._at = at
            return
        self._need(at - self._at + 8, what)

    def tensors(self, alignment: int) -> tuple[dict[str, TensorInfo], int]:
        """All tensors by name, in the file's order, and where their data starts."""
        found: list[tuple[str, tuple[int, ...], TensorType, int, int]] = []
        for _ in range(self._n_tensors):
            found.append(self._tensor(alignment))
        start = -(-self._at // alignment) * alignment
        self._refuse_tl2(found, len(self._map) - start)
        tensors: dict[str, TensorInfo] = {}
        for name, shape, type_, offset, size in found:
            if name in tensors:
                raise self._fail(Sentence("the tensor {name} appears twice", name=shown(name)))
            if start + offset + size > len(self._map):
                raise self._fail(
                    Sentence(
                        "the tensor {name} reaches past the end of the file; the file is damaged or not complete",
                        name=shown(name),
                    )
                )
            tensors[name] = TensorInfo(name, shape, type_, start + offset, size)
        before: TensorInfo | None = None
        for info in sorted(tensors.values(), key=lambda info: info.offset):
            if before is not None and info.offset < before.offset + before.n_bytes:
                raise self._fail(
                    Sentence(
                        "the tensors {first} and {second} overlap",
                        first=shown(before.name),
                        second=shown(info.name),
                    )
                )
            before = info
        return tensors, start

    def _refuse_tl2(self, found: list[tuple[str, tuple[int, ...], TensorType, int, int]], end: int) -> None:
        """Where no tensor of MXFP4's number has room for MXFP4, the number means TL2."""
        places = sorted((offset, size, type_) for _, _, type_, offset, size in found)
        ends = [*(offset for offset, _, _ in places), end][1:]
        fits = [
            offset + size <= next_
            for (offset, size, type_), next_ in zip(places, ends, strict=True)
            if type_ is TensorType.MXFP4
        ]
        if len(fits) > 1 and not any(fits):
            raise OtherKernelsError(self._name, BITNET_CPP_TYPES[TensorType.MXFP4])

    def _tensor(self, alignment: int) -> tuple[str, tuple[int, ...], TensorType, int, int]:
        name = self._text(MAX_NAME_BYTES, Sentence("a tensor's name"))
        what = Sentence("the tensor {name}", name=shown(name))
        n_dims = self._u32(what)
        if not 1 <= n_dims <= MAX_DIMENSIONS:
            raise self._fail(
                Sentence(
                    "{what} has {dimensions:,} dimensions; 1 to {most} are allowed",
                    what=what,
                    dimensions=n_dims,
                    most=MAX_DIMENSIONS,
                )
            )
        shape = tuple(self._u64(what) for _ in range(n_dims))
        if min(shape) < 1:
            raise self._fail(Sentence("{what} has a dimension of size 0", what=what))
        number = self._u32(what)
        offset = self._u64(what)
        try:
            type_ = TensorType(number)
        except ValueError:
            if number in BITNET_CPP_TYPES:
                raise OtherKernelsError(self._name, BITNET_CPP_TYPES[number]) from None
            raise GGUFError(
                self._name,
                Sentence(
                    "{what} is of type {number}, which neither Tern nor its llama.cpp knows",
                    what=what,
                    number=number,
                ),
            ) from None
        size = n_bytes(type_, shape)
        if size is None:
            raise self._fail(
                Sentence(
                    "{what} has rows of {width:,} values, which {type} cannot hold",
                    what=what,
                    width=shape[0],
                    type=type_.name,
                )
            )
        if offset % alignment:
            raise self._fail(
                Sentence(
                    "{what} does not start on a multiple of {alignment} bytes", what=what, alignment=alignment
                )
            )
        return name, shape, type_, offset, size


def _map(path: Path) -> mmap.mmap:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise GGUFError(path.name, Sentence("it is a folder"))
        if not stat.S_ISREG(mode):
            raise GGUFError(path.name, Sentence("it is not a regular file"))
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise BrokenFileError(path.name, Sentence("it is empty"))
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise GGUFError(
            path.name, Sentence("there is no such file in {folder}", folder=path.absolute().parent)
        ) from None
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.ENOMEM:
            raise too_little(path.name) from error
        reason = getattr(error, "strerror", None) or error
        raise GGUFError(
            path.name, Sentence("it may not be opened ({reason}); check its permissions", reason=reason)
        ) from error
