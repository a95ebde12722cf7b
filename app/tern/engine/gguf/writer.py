"""Write GGUF v3 files: random models, the guide, vocabulary sidecars. Knows no model.

Tensor data may be a callable that yields chunks, so that a file of a gigabyte passes through without staying.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from tern.atomic import replacing
from tern.engine.gguf.reader import TensorType, ValueType
from tern.engine.gguf.types import ALIGNMENT, ARRAY_DTYPES, MAGIC, SCALAR_FORMATS, VERSION, n_bytes
from tern.errors import BugError, UserError

Buffer = bytes | bytearray | memoryview | NDArray[np.generic]
TensorData = Buffer | Callable[[], Iterable[Buffer]]
Scalar = str | bool | int | float
Value = Scalar | Sequence[str] | Sequence[int] | Sequence[float] | NDArray[np.generic]


class GGUFWriter:
    """Collects metadata and tensors in order, then writes them at once.

    >>> writer = GGUFWriter(path)
    >>> writer.add("general.architecture", "bitnet-b1.58")
    >>> writer.add_tensor("output_norm.weight", (256,), TensorType.F32, np.ones(256, np.float32))
    >>> writer.write()
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._metadata: dict[str, bytes] = {}
        self._tensors: dict[str, tuple[tuple[int, ...], TensorType, int, TensorData]] = {}

    def add(self, key: str, value: Value, kind: ValueType | None = None) -> None:
        """Add one metadata value. ``kind`` is the type of the value, or of an array's elements.

        Without it: str, bool, int as UINT32 (INT32 when negative), float as FLOAT32, arrays by their first
        element (int arrays as INT32), numpy arrays by their dtype.
        """
        if isinstance(value, np.ndarray) or (isinstance(value, Sequence) and not isinstance(value, str)):
            element = kind if kind is not None else _array_kind(value)
            self.add_raw(key, ValueType.ARRAY, _array(value, element))
        else:
            scalar = kind if kind is not None else _scalar_kind(value)
            self.add_raw(key, scalar, _scalar(value, scalar))

    def add_raw(self, key: str, kind: ValueType, payload: bytes | memoryview) -> None:
        """Add a value already encoded: for an array, ``payload`` starts with its element type and count."""
        if key in self._metadata:
            raise BugError(f"metadata key {key} added twice")
        self._metadata[key] = b"".join((_string(key), struct.pack("<I", kind), payload))

    def add_tensor(self, name: str, shape: Sequence[int], type_: TensorType, data: TensorData) -> None:
        """Add a tensor. ``shape`` in ggml's order, innermost first: (cols, rows) of a matrix.

        ``data`` is its bytes, or a callable that yields them in chunks when :meth:`write` comes to it. An
        I2_S tensor has n / 4 + 32 bytes.
        """
        size = n_bytes(type_, tuple(shape))
        if size is None:
            raise BugError(f"tensor {name}: a row of {tuple(shape)} is not whole {type_.name} blocks")
        if name in self._tensors:
            raise BugError(f"tensor {name} added twice")
        self._tensors[name] = (tuple(shape), type_, size, data)

    def write(self) -> None:
        """Write the file; a reader never sees half of it. Raises UserError when the disk refuses."""
        try:
            with replacing(self.path) as file:
                file.write(self.header())
                for name, (_, _, size, data) in self._tensors.items():
                    _write_tensor(file, name, size, data)
        except OSError as error:
            raise UserError(
                "Tern could not write {path} ({reason}).", path=self.path, reason=error.strerror
            ) from error

    def header(self) -> bytes:
        """Everything before the tensors' data; the whole file when there are none."""
        parts = [MAGIC, struct.pack("<IQQ", VERSION, len(self._tensors), len(self._metadata))]
        parts.extend(self._metadata.values())
        offset = 0
        for name, (shape, type_, size, _) in self._tensors.items():
            parts.append(_string(name))
            parts.append(struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, type_, offset))
            offset += _aligned(size)
        header = b"".join(parts)
        return header.ljust(_aligned(len(header)), b"\0")


def _write_tensor(file: IO[bytes], name: str, size: int, data: TensorData) -> None:
    written = 0
    for chunk in data() if callable(data) else (data,):
        block = np.ascontiguousarray(chunk).data if isinstance(chunk, np.ndarray) else memoryview(chunk)
        written += file.write(block.cast("B"))
    if written != size:
        raise BugError(f"tensor {name}: {written} bytes given, {size} expected")
    file.write(b"\0" * (_aligned(size) - size))


def _aligned(position: int) -> int:
    return (position + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _scalar_kind(value: object) -> ValueType:
    if isinstance(value, str):
        return ValueType.STRING
    if isinstance(value, (bool, np.bool_)):
        return ValueType.BOOL
    if isinstance(value, (int, np.integer)):
        return ValueType.INT32 if value < 0 else ValueType.UINT32
    if isinstance(value, (float, np.floating)):
        return ValueType.FLOAT32
    raise BugError(f"GGUF has no type for {type(value).__name__}")


def _array_kind(values: Sequence[object] | NDArray[np.generic]) -> ValueType:
    if isinstance(values, np.ndarray):
        for kind, dtype in ARRAY_DTYPES.items():
            if values.dtype == np.dtype(dtype):
                return kind
        raise BugError(f"GGUF has no array of {values.dtype}")
    kind = _scalar_kind(values[0]) if values else ValueType.STRING
    return ValueType.INT32 if kind is ValueType.UINT32 else kind


def _scalar(value: object, kind: ValueType) -> bytes:
    if kind is ValueType.STRING:
        return _string(str(value))
    return struct.pack(SCALAR_FORMATS[kind], value)


def _array(values: Sequence[object] | NDArray[np.generic], kind: ValueType) -> bytes:
    head = struct.pack("<IQ", kind, len(values))
    if kind is ValueType.STRING:
        return head + b"".join(_string(str(value)) for value in values)
    return head + np.asarray(values, ARRAY_DTYPES[kind]).tobytes()
