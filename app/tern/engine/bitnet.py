"""A BitNet model that computes: weights, KV cache, thread pool and the graphs that use them (see ``graph``).

Knows token ids and logits; no text and no sampling.
"""

from __future__ import annotations

import ctypes as C
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tern.engine import ggml, graph
from tern.engine.config import BitnetConfig
from tern.engine.gguf import GGUFFile
from tern.engine.kernels import loader as kernels
from tern.engine.kv_cache import KVCache
from tern.engine.types import KVType
from tern.engine.weights import Weights
from tern.errors import BugError, UserError

MAX_HEAD_DIM, MAX_SHARED_HEADS = 256, 64  # what the attention kernel has room for
MAX_GRAPHS = 4  # cached; the least recently used one goes


class BitnetModel:
    """One open model. Used by one thread only; owns the mapped file."""

    def __init__(
        self, file: GGUFFile, config: BitnetConfig, kv_type: KVType, context_size: int, threads: int
    ) -> None:
        self.config = config
        self.context_size = context_size
        self.threads = threads
        self.kernels = kernels.load()
        self._ggml = g = ggml.load()
        if self.kernels.sizeof_ggml_tensor != ggml.TENSOR_BYTES:
            raise UserError("Tern's kernels were built for another version of llama.cpp. Install Tern again.")
        if config.head_dim > MAX_HEAD_DIM or config.n_heads // config.n_kv_heads > MAX_SHARED_HEADS:
            raise UserError(
                f"{file.path.name} has heads that Tern's attention cannot compute (at most {MAX_HEAD_DIM} values, "
                f"{MAX_SHARED_HEADS} of them to a key head). Choose another model."
            )
        if kv_type == "q8_0" and config.head_dim % 32:
            raise UserError(
                f"A q8_0 KV cache needs heads of a multiple of 32; this model has {config.head_dim}."
            )
        self.file = file
        self._graphs: OrderedDict[tuple[int, int], graph.Graph] = OrderedDict()
        self._closed = False
        self._backend: int = g.backend_cpu_init()
        parameters = ggml.ThreadpoolParams()
        g.threadpool_params_init(C.byref(parameters), threads)
        self._pool: int = g.threadpool_new(C.byref(parameters))
        g.backend_cpu_set_n_threads(self._backend, threads)
        g.backend_cpu_set_threadpool(self._backend, self._pool)
        self._buffer_type: int = g.backend_get_default_buffer_type(self._backend)
        self._weights = Weights(file, config)
        self._cache = KVCache(config, kv_type, context_size)
        self._should_abort: Callable[[], bool] = lambda: False
        self._abort = ggml.AbortCallback(lambda data: self._should_abort())
        self._no_abort = ggml.AbortCallback()  # NULL

    def _graph(self, n_tokens: int, n_out: int) -> graph.Graph:
        key = (n_tokens, n_out)
        if key not in self._graphs:
            while len(self._graphs) >= MAX_GRAPHS:
                self._graphs.popitem(last=False)[1].close()
            self._graphs[key] = graph.build(
                self._weights, self._cache, self.context_size, self._buffer_type, n_tokens, n_out
            )
        self._graphs.move_to_end(key)
        return self._graphs[key]

    def eval(
        self,
        tokens: NDArray[np.int32],
        past: int,
        all_logits: bool = False,
        should_abort: Callable[[], bool] | None = None,
    ) -> NDArray[np.float32] | None:
        """Compute ``tokens`` at positions ``past``... and keep their keys and values in the cache.

        Returns logits of shape (1, n_vocab) for the last token, or (len(tokens), n_vocab) with ``all_logits``: a view
        that the next call may overwrite. None when ``should_abort`` said so; then the cache holds what it held before
        position ``past`` and nothing more that can be relied on.
        """
        count = len(tokens)
        if count == 0 or past < 0 or past + count > self.context_size:
            raise BugError(f"eval of {count} tokens at {past} in a context of {self.context_size}")
        if int(tokens.min()) < 0 or int(tokens.max()) >= self.config.n_vocab:
            raise BugError("a token id outside the vocabulary")
        built = self._graph(count, count if all_logits else 1)
        built.tokens[:] = tokens
        built.positions[:] = np.arange(past, past + count)
        built.cells[:] = built.positions
        if built.outputs is not None:
            built.outputs[0] = count - 1
        if should_abort is not None:
            self._should_abort = should_abort
            self._ggml.backend_cpu_set_abort_callback(self._backend, self._abort, None)
        try:
            status = self._ggml.backend_graph_compute(self._backend, built.handle)
        finally:
            if should_abort is not None:
                self._ggml.backend_cpu_set_abort_callback(self._backend, self._no_abort, None)
        if status == ggml.Status.ABORTED:
            return None
        if status != ggml.Status.SUCCESS:
            raise BugError(f"ggml could not compute the graph (status {status})")
        logits: NDArray[np.float32] = built.logits
        return logits

    def close(self) -> None:
        """Free everything and close the file. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        for built in self._graphs.values():
            built.close()
        self._graphs.clear()
        self._ggml.backend_free(self._backend)
        self._ggml.threadpool_free(self._pool)
        self._weights.close()
        self._cache.close()
        self.file.close()
