"""A model's weights where they lie in the mapped file, as ggml and our kernels want to see them. Copies only the norms.

A page read through the mapping can make megabytes around it resident, because the system maps large pages whole. So
what is small and always read is copied, and single values are read from the file.
"""

from __future__ import annotations

import ctypes as C
import io
import os

import numpy as np
from numpy.typing import NDArray

from tern.engine import ggml
from tern.engine.config import BitnetConfig
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import GGUFFile, TensorInfo, TensorType
from tern.engine.kernels import loader as kernels
from tern.errors import UserError

SMALL_BYTES = 1 << 16  # tensors up to here (the norms) are copied
_ALIGNMENT = 64


class Weights:
    """``tensors``: ggml tensors over the mapped bytes, for every type that ggml knows. ``matrices``: the I2_S ones,
    by name without ``.weight``, as pointers for our kernels; ``packed`` names those read with five codes in a byte.
    The file must stay open as long as this."""

    def __init__(self, file: GGUFFile, config: BitnetConfig) -> None:
        self.config = config
        self._file = file
        self.head_bytes = file.tensors[head_name(file)].n_bytes
        self.tensors: dict[str, int] = {}
        self.matrices: dict[str, kernels.Matrix] = {}
        self.packed: frozenset[str] = frozenset()
        self.embedding_type = int(file.tensors["token_embd.weight"].type)
        half = self.embedding_type == ggml.Type.F16
        self._row_type = np.dtype(np.float16 if half else np.float32)  # of the embedding, as it is stored
        self.embedding_offset = file.tensors["token_embd.weight"].offset
        self.head_offset = file.tensors[head_name(file)].offset
        self._ggml = g = ggml.load()
        self._context: int = g.context(len(file.tensors))
        self._buffer: int = g.backend_cpu_buffer_from_ptr(file.address, file.size)
        small = [info for info in file.tensors.values() if _is_small(info)]
        self._small = np.zeros(sum(info.n_bytes + _ALIGNMENT for info in small) + _ALIGNMENT, np.uint8)
        free = self._small.ctypes.data + -self._small.ctypes.data % _ALIGNMENT
        self._small_buffer: int = g.backend_cpu_buffer_from_ptr(free, self._small.nbytes - _ALIGNMENT)
        with file.path.open("rb", buffering=0) as stream:
            for name, info in file.tensors.items():
                address = file.address + info.offset
                if info.type == TensorType.I2_S:
                    n_in, n_out = info.shape
                    trailer = _read(stream, info.offset + n_in * n_out // 4, ternary_bytes.I2S_TRAILER)
                    scale = float(ternary_bytes.i2s_scale(trailer))
                    self.matrices[name.removesuffix(".weight")] = kernels.matrix(address, scale, n_out)
                else:
                    tensor = g.tensor(self._context, int(info.type), *info.shape)
                    if _is_small(info):
                        C.memmove(free, _read(stream, info.offset, info.n_bytes), info.n_bytes)
                        g.backend_tensor_alloc(self._small_buffer, tensor, free)
                        free += -(-info.n_bytes // _ALIGNMENT) * _ALIGNMENT
                    else:
                        g.backend_tensor_alloc(self._buffer, tensor, address)
                    self.tensors[name] = tensor

    def embed(self, tokens: NDArray[np.int32], out: NDArray[np.float32], descriptor: int) -> None:
        """Rows of the token embedding (F16 or F32) into ``out`` (T, n_embd), read from the open file when there is a
        ``descriptor``: through the mapping every row would make the 16 pages around it resident."""
        width, dtype = self.config.n_embd, self._row_type
        row_bytes = width * dtype.itemsize
        for index, token in enumerate(tokens):
            at = self.embedding_offset + int(token) * row_bytes
            if descriptor >= 0:
                out[index] = np.frombuffer(os.pread(descriptor, row_bytes, at), dtype)
            else:
                out[index] = np.frombuffer(self._file.mapping, dtype, width, at)

    @property
    def head_row_bytes(self) -> int:
        return self.head_bytes // self.config.n_vocab

    def use_columns(self, columns: dict[str, int]) -> None:
        """From now on read these matrices from their column-major copies alone (addresses by name)."""
        for name, address in columns.items():
            self.matrices[name].columns = address
            self.matrices[name].codes = None

    def use_packed(self, packed: dict[str, int]) -> None:
        """From now on read these matrices from their copies with five codes a byte alone (addresses by name)."""
        self.packed = frozenset(packed)
        for name, address in packed.items():
            self.matrices[name].packed = address
            self.matrices[name].codes = None

    @property
    def head(self) -> int:
        """The output matrix: its own tensor, or the token embedding again."""
        return self.tensors.get("output.weight", self.tensors["token_embd.weight"])

    def n_in(self, name: str) -> int:
        """Input width of the BitLinear ``name``."""
        if name.endswith("attn_output"):
            return self.config.n_q
        return self.config.n_ff if name.endswith("ffn_down") else self.config.n_embd

    def close(self) -> None:
        self._ggml.backend_buffer_free(self._buffer)
        self._ggml.backend_buffer_free(self._small_buffer)
        self._ggml.free(self._context)


def _is_small(info: TensorInfo) -> bool:
    return info.type != TensorType.I2_S and info.n_bytes <= SMALL_BYTES


def _read(stream: io.FileIO, offset: int, n_bytes: int) -> bytes:
    stream.seek(offset)
    data = stream.read(n_bytes)
    if len(data) < n_bytes:
        raise UserError(
            "{name} became shorter while Tern read it. Download or import the model again.", name=stream.name
        )
    return data


def head_name(file: GGUFFile) -> str:
    """The tensor that makes logits: the output matrix, or the token embedding again."""
    return "output.weight" if "output.weight" in file.tensors else "token_embd.weight"
