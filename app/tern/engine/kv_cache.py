"""Memory for the keys and values of a conversation. Knows sizes and types, not what is in it."""

from __future__ import annotations

import ctypes as C
import mmap

from tern.engine import ggml
from tern.engine.config import BitnetConfig
from tern.engine.types import KVType

_TYPES: dict[KVType, ggml.Type] = {"f32": ggml.Type.F32, "f16": ggml.Type.F16, "q8_0": ggml.Type.Q8_0}


class KVCache:
    """``keys`` and ``values``: for each layer a ggml tensor [n_kv, context_size], a row for each position.

    The memory is zeroed and only taken up as the conversation grows into it.
    """

    def __init__(self, config: BitnetConfig, kv_type: KVType, context_size: int) -> None:
        self._ggml = g = ggml.load()
        type_, width = _TYPES[kv_type], config.n_kv
        layer_bytes = (g.row_size(type_, width) * context_size + 63) // 64 * 64
        # Private, where the system asks: shared anonymous memory counts as a file's and gets no huge pages.
        flags = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}
        self._memory = mmap.mmap(-1, 2 * config.n_layers * layer_bytes, **flags)
        address = C.addressof(C.c_char.from_buffer(self._memory))
        self.range = (address, len(self._memory))
        self._context: int = g.context(2 * config.n_layers)
        self._buffer: int = g.backend_cpu_buffer_from_ptr(address, len(self._memory))
        tensors: list[int] = []
        for index in range(2 * config.n_layers):
            tensor = g.tensor(self._context, type_, width, context_size)
            g.backend_tensor_alloc(self._buffer, tensor, address + index * layer_bytes)
            tensors.append(tensor)
        self.keys, self.values = tensors[0::2], tensors[1::2]

    def close(self) -> None:
        self._ggml.backend_buffer_free(self._buffer)
        self._ggml.free(self._context)
