"""A BitNet model that computes: weights, KV cache, thread pool and the graphs that use them (see ``graph``).

Knows token ids and logits; no text and no sampling.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tern.engine import ggml, graph
from tern.engine.config import BitnetConfig
from tern.engine.gguf.reader import GGUFFile
from tern.engine.kernels import loader as kernels
from tern.engine.kv_cache import KVCache
from tern.engine.prepared import prepare
from tern.engine.types import EngineOptions, LayerCounts, LayerSparsity, Logits
from tern.engine.weights import Weights
from tern.errors import BugError, UserError
from tern.progress import OnProgress, ignore_progress

MAX_HEAD_DIM, MAX_SHARED_HEADS = 256, 64  # what the attention kernel has room for
# Where the bound keeps failing (on this model, on this text) trying it first only costs: after so many failures in a
# row the whole head serves the next tokens alone, then the two stages get another chance.
MAX_FAILURES, PAUSE_TOKENS = 4, 256
MAX_GRAPHS = 4  # cached; the least recently used one goes


class BitnetModel:
    """One open model. Used by one thread only; owns the mapped file."""

    def __init__(
        self,
        file: GGUFFile,
        config: BitnetConfig,
        options: EngineOptions,
        threads: int,
        cache_folder: Path,
        progress: OnProgress = ignore_progress,
    ) -> None:
        """``cache_folder`` keeps the prepared weights; ``progress`` is told how far making them has come."""
        self.config = config
        self.context_size = options.context_size or config.context_size
        self.threads = threads
        self.kernels = kernels.load()
        self._ggml = g = ggml.load()
        if self.kernels.sizeof_ggml_tensor != ggml.TENSOR_BYTES:
            raise UserError("Tern's kernels were built for another version of llama.cpp. Install Tern again.")
        if config.head_dim > MAX_HEAD_DIM or config.n_heads // config.n_kv_heads > MAX_SHARED_HEADS:
            raise UserError(
                "{name} has heads that Tern's attention cannot compute (at most {most_values} values, "
                "{most_heads} of them to a key head). Choose another model.",
                name=file.path.name,
                most_values=MAX_HEAD_DIM,
                most_heads=MAX_SHARED_HEADS,
            )
        if options.kv_type == "q8_0" and config.head_dim % 32:
            raise UserError(
                "A q8_0 KV cache needs heads of a multiple of 32; this model has {head_dim}.",
                head_dim=config.head_dim,
            )
        self.file = file
        self._weights = Weights(file, config)
        self._prepared = prepare(file, self._weights, cache_folder, threads, options.exact_head, progress)
        if self._prepared is not None:
            self.kernels.select(self._prepared.layout.kernel)
            self._weights.use_columns(self._prepared.columns)
            self._weights.use_packed(self._prepared.packed)
        self._cache = KVCache(config, options.kv_type, self.context_size)
        self._backend: int = g.backend_cpu_init()
        self._pool = ggml.thread_pool(threads)
        g.backend_cpu_set_n_threads(self._backend, threads)
        g.backend_cpu_set_threadpool(self._backend, self._pool)
        self._descriptor = os.open(file.path, os.O_RDONLY) if hasattr(os, "pread") else -1
        self._parts = graph.Parts(
            weights=self._weights,
            cache=self._cache,
            prepared=self._prepared,
            context_size=self.context_size,
            buffer_type=g.backend_get_default_buffer_type(self._backend),
            threads=threads,
            file_descriptor=self._descriptor,
        )
        self._graphs: OrderedDict[tuple[int, int, bool], graph.Graph] = OrderedDict()
        self._should_abort: Callable[[], bool] = lambda: False
        self._abort = ggml.AbortCallback(lambda data: self._should_abort())
        self._no_abort = ggml.AbortCallback()  # NULL
        self._closed = False
        self._head_rows = 0.0  # rows of the exact head computed, and over how many tokens
        self._head_tokens = 0
        self._failures = 0  # of the two-stage head in a row
        self._pause = 0  # tokens that the whole head serves alone
        self.fallbacks = 0  # tokens for which the two-stage head gave way to the whole one

    @property
    def has_two_stage_head(self) -> bool:
        return self._prepared is not None and self._prepared.coarse is not None

    def _graph(self, n_tokens: int, n_out: int, two_stage: bool) -> graph.Graph:
        key = (n_tokens, n_out, two_stage)
        if n_tokens == 1:  # the prompt is done, and its graphs hold tens of megabytes
            for large in [other for other in self._graphs if other[0] > graph.SPLIT_TOKENS]:
                self._graphs.pop(large).close()
        if key not in self._graphs:
            while len(self._graphs) >= MAX_GRAPHS:
                self._graphs.popitem(last=False)[1].close()
            self._graphs[key] = graph.build(self._parts, n_tokens, n_out, two_stage)
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
        built = self._run(tokens, past, len(tokens) if all_logits else 1, None, should_abort)
        if built is None:
            return None
        self._head_rows += self.config.n_vocab
        self._head_tokens += 1
        return built.logits

    def eval_best(
        self,
        tokens: NDArray[np.int32],
        past: int,
        wanted: int | None,
        should_abort: Callable[[], bool] | None = None,
    ) -> Logits | None:
        """As ``eval``, but only certain to hold the ``wanted`` best tokens after the last one; None: every token.

        The logits are exact either way. Where the bound leaves too many rows open the whole head is computed.
        """
        if self._pause:
            self._pause -= 1
            wanted = None
        if wanted is None or wanted > kernels.COARSE_BEST or not self.has_two_stage_head:
            logits = self.eval(tokens, past, should_abort=should_abort)
            return None if logits is None else Logits(None, logits[0])
        built = self._run(tokens, past, 1, wanted, should_abort)
        if built is None:
            return None
        coarse, selected = built.coarse, built.selected
        if coarse is None or selected is None:
            raise BugError("a graph without the two-stage head")
        count = coarse.count
        if count > coarse.capacity:
            self.fallbacks += 1
            self._failures += 1
            if self._failures == MAX_FAILURES:
                self._failures, self._pause = 0, PAUSE_TOKENS
            logits = self.eval(tokens[-1:], past + len(tokens) - 1, should_abort=should_abort)
            return None if logits is None else Logits(None, logits[0])
        self._failures = 0
        self._head_rows += count
        self._head_tokens += 1
        # The weights have just gone through the caches and left them cold: the less code runs here, the better.
        pairs = selected[: 2 * coarse.kept].copy()
        return Logits(pairs[0::2], pairs.view(np.float32)[1::2])

    def _run(
        self,
        tokens: NDArray[np.int32],
        past: int,
        n_out: int,
        wanted: int | None,
        should_abort: Callable[[], bool] | None,
    ) -> graph.Graph | None:
        count = len(tokens)
        if count == 0 or past < 0 or past + count > self.context_size:
            raise BugError(f"eval of {count} tokens at {past} in a context of {self.context_size}")
        ids = tokens.tolist()
        if min(ids) < 0 or max(ids) >= self.config.n_vocab:
            raise BugError("a token id outside the vocabulary")
        built = self._graph(count, n_out, wanted is not None)
        if built.tokens is not None:
            built.tokens[:] = tokens
        if built.embeddings is not None:
            self._weights.embed(tokens, built.embeddings, self._descriptor)
        for index in range(count):
            built.positions[index] = built.cells[index] = past + index
        if built.outputs is not None:
            built.outputs[0] = count - 1
        if built.coarse is not None and wanted is not None:
            built.coarse.wanted = wanted
        if should_abort is not None:
            self._should_abort = should_abort
            self._ggml.backend_cpu_set_abort_callback(self._backend, self._abort, None)
        try:
            status = self._ggml.backend_graph_compute(self._backend, built.handle)
        finally:
            if should_abort is not None:
                self._ggml.backend_cpu_set_abort_callback(self._backend, self._no_abort, None)
        if status != ggml.GraphStatus.SUCCESS:
            if status == ggml.GraphStatus.ABORTED:
                return None
            raise BugError(f"ggml could not compute the graph (status {status})")
        return built

    # -- what the benchmark reports ------------------------------------------------------------------------------

    @property
    def packed(self) -> frozenset[str]:
        """Names of the ternary matrices that are read with five codes in a byte instead of four."""
        return self._weights.packed

    def sparsity(self) -> list[LayerSparsity]:
        """Live parts of each layer over the single tokens computed so far."""
        return [
            LayerSparsity(
                each.live_rows / each.total_rows if each.total_rows else None,
                each.live_columns / each.total_columns if each.total_columns else None,
            )
            for each in self.live_counts()
        ]

    def live_counts(self) -> tuple[LayerCounts, ...]:
        """What was read of each layer over the single tokens computed so far."""
        counts = [[0, 0, 0, 0] for _ in range(self.config.n_layers)]
        for built in self._graphs.values():
            # A graph that reads a prompt goes on with one token in its last layer alone, and counts only there.
            first_up = self.config.n_layers - len(built.row_counters)
            first_down = self.config.n_layers - len(built.column_counters)
            for layer, up in enumerate(built.row_counters, first_up):
                counts[layer][0] += up.live_rows
                counts[layer][1] += up.total_rows
            for layer, down in enumerate(built.column_counters, first_down):
                counts[layer][2] += down.live_columns
                counts[layer][3] += down.total_columns
        return tuple(LayerCounts(*each) for each in counts)

    def reset_sparsity(self) -> None:
        for built in self._graphs.values():
            for up in built.row_counters:
                up.live_rows = up.total_rows = 0
            for down in built.column_counters:
                down.live_columns = down.total_columns = 0

    @property
    def head_bytes_per_token(self) -> float:
        """Mean bytes of the output head read for a token so far."""
        row = self._weights.head_row_bytes
        exact = self._head_rows / self._head_tokens * row if self._head_tokens else self.config.n_vocab * row
        coarse = self.config.n_vocab * (self.config.n_embd / 2 + 4) if self.has_two_stage_head else 0.0
        return exact + coarse

    def memory_ranges(self) -> dict[str, list[tuple[int, int]]]:
        """(address, bytes) of what the model holds beside the mapped file, by part."""
        ranges = dict(self._prepared.ranges) if self._prepared is not None else {}
        ranges["KV cache"] = [self._cache.range]
        return ranges

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
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self.file.close()
