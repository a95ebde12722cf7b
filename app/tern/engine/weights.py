"""A model's weights where they lie in the mapped file, as ggml and our kernels want to see them. Copies nothing."""

from __future__ import annotations

import numpy as np

from tern.engine import ggml
from tern.engine.config import BitnetConfig
from tern.engine.gguf import GGUFFile, TensorType
from tern.engine.kernels import loader as kernels


class Weights:
    """``tensors``: ggml tensors over the mapped bytes, for every type that ggml knows. ``matrices``: the I2_S ones,
    by name without ``.weight``, as pointers for our kernels. The file must stay open as long as this."""

    def __init__(self, file: GGUFFile, config: BitnetConfig) -> None:
        self.config = config
        self.tensors: dict[str, int] = {}
        self.matrices: dict[str, kernels.Matrix] = {}
        self._ggml = g = ggml.load()
        self._context: int = g.context(len(file.tensors))
        self._buffer: int = g.backend_cpu_buffer_from_ptr(file.address, file.size)
        for name, info in file.tensors.items():
            address = file.address + info.offset
            if info.type == TensorType.I2_S:
                n_in, n_out = info.shape
                scale = float(np.frombuffer(file.data(name), np.float32, 1, n_in * n_out // 4)[0])
                self.matrices[name.removesuffix(".weight")] = kernels.matrix(address, scale, n_out)
            else:
                tensor = g.tensor(self._context, int(info.type), *info.shape)
                g.backend_tensor_alloc(self._buffer, tensor, address)
                self.tensors[name] = tensor

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
        self._ggml.free(self._context)
