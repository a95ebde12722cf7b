"""The two-stage head alone: hidden states in, candidates out, beside the whole head on the same states."""

from __future__ import annotations

import ctypes as C
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tern.engine import ggml
from tern.engine.kernels import loader as kernels
from tern.engine.prepared import direction, dither

Floats = NDArray[np.float32]


class HeadProbe:
    """Runs both heads over the output matrix ``weights`` (n_vocab, n), F16 or F32, on ``threads`` threads."""

    def __init__(self, weights: NDArray[Any], threads: int = 2, capacity: int | None = None) -> None:
        self.weights = np.ascontiguousarray(weights)
        self.n_vocab, self.n = weights.shape
        self.capacity = capacity or self.n_vocab
        library = kernels.load()
        type_ = ggml.Type.F16 if weights.dtype == np.float16 else ggml.Type.F32
        self._dither = dither(self.n)
        self._direction = direction(self.weights)
        self._along = np.empty(self.n_vocab, np.float32)
        self._reach = np.empty(self.n_vocab, np.float32)
        self._rows = np.empty((self.n_vocab, self.n // 2), np.uint8)
        self.step = np.empty(self.n_vocab, np.float32)
        address = self.weights.ctypes.data
        self._best = (C.c_int64 * (kernels.COARSE_BEST * threads))()
        self._coarse = kernels.CoarseArgs(
            rows=self._rows.ctypes.data,
            step=self.step.ctypes.data,
            dither=self._dither.ctypes.data,
            direction=self._direction.ctypes.data,
            along=self._along.ctypes.data,
            reach=self._reach.ctypes.data,
            weights=address,
            best=C.addressof(self._best),
            n=self.n,
            type=type_,
            n_vocab=self.n_vocab,
            wanted=1,
            capacity=self.capacity,
            file=-1,
        )
        library.coarse_build(self._coarse, 0, self.n_vocab)
        self._coarse.largest_reach = float(self._reach.max())
        self._head = kernels.HeadArgs(weights=address, n=self.n, type=type_)
        self._build(library, threads)

    def _build(self, library: kernels.Kernels, threads: int) -> None:
        g = ggml.load()
        self._context = g.context(8, 16)
        self._graph = g.new_graph_custom(self._context, 16, False)
        x = g.tensor(self._context, ggml.Type.F32, self.n, 1)
        g.set_input(x)
        coarse, context = C.addressof(self._coarse), self._context
        f32, i32 = ggml.Type.F32, ggml.Type.I32
        upper = g.custom(context, f32, (self.n_vocab, 1), [x], library.op_coarse, coarse)
        best = g.custom(
            context, i32, (2 * kernels.COARSE_BEST, 1), [upper, x], library.op_coarse_exact, coarse
        )
        rows = 2 * self.capacity
        answer = g.custom(context, i32, (rows, 1), [upper, best, x], library.op_coarse_select, coarse)
        whole = g.custom(context, f32, (self.n_vocab, 1), [x], library.op_head, C.addressof(self._head))
        for tensor in (answer, whole):
            g.set_output(tensor)
            g.build_forward_expand(self._graph, tensor)
        self._backend = g.backend_cpu_init()
        g.backend_cpu_set_n_threads(self._backend, threads)
        self._allocator = g.gallocr_new(g.backend_get_default_buffer_type(self._backend))
        assert g.gallocr_alloc_graph(self._allocator, self._graph)
        self._x = self._view(x, np.float32)
        self._answer = self._view(answer, np.int32)
        self._whole = self._view(whole, np.float32)

    def _view(self, tensor: int, dtype: Any) -> NDArray[Any]:
        g = ggml.load()
        data = (C.c_char * g.nbytes(tensor)).from_address(g.get_data(tensor))
        return np.frombuffer(data, dtype)

    def run(self, x: Floats, wanted: int) -> tuple[NDArray[np.int32], Floats, Floats]:
        """Candidate ids, their logits, and the whole head's logits (a view) for one hidden state (n,)."""
        self._x[:] = x
        self._coarse.wanted = wanted
        status = ggml.load().backend_graph_compute(self._backend, self._graph)
        assert status == ggml.GraphStatus.SUCCESS
        pairs = self._answer[: 2 * self._coarse.kept].reshape(-1, 2)
        return pairs[:, 0].copy(), pairs[:, 1].copy().view(np.float32), self._whole

    @property
    def open_rows(self) -> int:
        """Rows that the bound left open in the last run."""
        return int(self._coarse.count)

    @property
    def overflowed(self) -> bool:
        return bool(self._coarse.count > self.capacity)

    def close(self) -> None:
        g = ggml.load()
        g.gallocr_free(self._allocator)
        g.backend_free(self._backend)
        g.free(self._context)
