"""The BitNet b1.58 forward pass as a ggml graph: from token ids to logits. Knows no text and no sampling.

One block, for activations x of shape [n_embd, T] (source: transformers, models/bitnet/modeling_bitnet.py):

    h   = x + Wo · attn_sub_norm(attention(Wq n, Wk n, Wv n)),     n = attn_norm(x)
    out = h + Wdown · ffn_sub_norm(relu(Wgate n)² * Wup n),        n = ffn_norm(h)

Every W is a BitLinear. Weights of type I2_S go to our kernels as custom ops, straight from the mapped file; any other
type goes to ggml's own matrix products. Graphs are built once per shape and reused.
"""

from __future__ import annotations

import ctypes as C
import mmap
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tern.engine import ggml
from tern.engine.config import BitnetConfig
from tern.engine.gguf import GGUFFile, TensorType
from tern.engine.kernels import loader as kernels
from tern.engine.types import KVType
from tern.errors import BugError, UserError

MAX_HEAD_DIM, MAX_SHARED_HEADS = 256, 64  # what the attention kernel has room for
MAX_GRAPHS = 4  # cached; the least recently used one goes
SPLIT_TOKENS = 16  # up to so many tokens, attention divides the positions among the threads
SPLIT_POSITIONS = 256  # positions a thread takes at a time then

_KV_TYPES: dict[KVType, ggml.Type] = {"f32": ggml.Type.F32, "f16": ggml.Type.F16, "q8_0": ggml.Type.Q8_0}


@dataclass
class Graph:
    """A built graph of one shape with views of its inputs and its logits."""

    context: int
    allocator: int
    handle: int
    tokens: NDArray[np.int32]  # (T,)
    positions: NDArray[np.int32]  # (T,)
    cells: NDArray[np.int64]  # (T,) rows of the KV cache to write
    outputs: NDArray[np.int32] | None  # (n_out,) which of the T rows reach the head; None when all do
    logits: NDArray[np.float32]  # (n_out, n_vocab)
    keep: list[Any] = field(default_factory=list)  # structs that C points into


class BitnetModel:
    """Weights, KV cache, thread pool and graphs of one model. Used by one thread only."""

    def __init__(
        self, file: GGUFFile, config: BitnetConfig, kv_type: KVType, context_size: int, threads: int
    ) -> None:
        self.config = config
        self.context_size = context_size
        self.kernels = kernels.load()
        self._ggml = ggml.load()
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
        self._file = file
        self._graphs: OrderedDict[tuple[int, int], Graph] = OrderedDict()
        self._closed = False
        g = self._ggml
        self._backend: int = g.backend_cpu_init()
        parameters = ggml.ThreadpoolParams()
        g.threadpool_params_init(C.byref(parameters), threads)
        self._pool: int = g.threadpool_new(C.byref(parameters))
        g.backend_cpu_set_n_threads(self._backend, threads)
        g.backend_cpu_set_threadpool(self._backend, self._pool)
        self._buffer_type: int = g.backend_get_default_buffer_type(self._backend)
        self._map_weights()
        self._make_cache(_KV_TYPES[kv_type])
        self._abort = ggml.AbortCallback(lambda data: self._should_abort())
        self._should_abort: Callable[[], bool] = lambda: False
        self._no_abort = ggml.AbortCallback()  # NULL

    # -- weights and cache ---------------------------------------------------------------------------------------

    def _map_weights(self) -> None:
        """ggml tensors over the mapped file for every type that ggml knows; I2_S stays a pointer for our kernels."""
        g, file = self._ggml, self._file
        self._weights_context = g.context(len(file.tensors))
        self._weights_buffer = g.backend_cpu_buffer_from_ptr(file.address, file.size)
        self._weights: dict[str, int] = {}
        self._matrices: dict[str, kernels.Matrix] = {}
        for name, info in file.tensors.items():
            address = file.address + info.offset
            if info.type == TensorType.I2_S:
                n_in, n_out = info.shape
                scale = float(np.frombuffer(file.data(name), np.float32, 1, n_in * n_out // 4)[0])
                self._matrices[name.removesuffix(".weight")] = kernels.Matrix(
                    codes=address, columns=None, scale=scale, n_out=n_out
                )
            else:
                tensor = g.tensor(self._weights_context, int(info.type), *info.shape)
                g.backend_tensor_alloc(self._weights_buffer, tensor, address)
                self._weights[name] = tensor

    def _make_cache(self, kv_type: ggml.Type) -> None:
        """K and V of every layer, [n_kv, context_size], in zeroed memory that is only taken up as
        the conversation grows."""
        g, config = self._ggml, self.config
        width = config.n_kv
        layer_bytes = (g.row_size(kv_type, width) * self.context_size + 63) // 64 * 64
        self._kv_memory = mmap.mmap(-1, 2 * config.n_layers * layer_bytes)
        address = C.addressof(C.c_char.from_buffer(self._kv_memory))
        self._kv_context = g.context(2 * config.n_layers)
        self._kv_buffer = g.backend_cpu_buffer_from_ptr(address, len(self._kv_memory))
        self._keys: list[int] = []
        self._values: list[int] = []
        for index in range(2 * config.n_layers):
            tensor = g.tensor(self._kv_context, kv_type, width, self.context_size)
            g.backend_tensor_alloc(self._kv_buffer, tensor, address + index * layer_bytes)
            (self._keys if index % 2 == 0 else self._values).append(tensor)

    # -- the graph -----------------------------------------------------------------------------------------------

    def _build(self, n_tokens: int, n_out: int) -> Graph:
        """The forward pass of ``n_tokens`` tokens, with logits of ``n_out`` of them."""
        g, config = self._ggml, self.config
        max_nodes = 64 * config.n_layers + 64
        context = g.context(max_nodes, max_nodes)
        handle = g.new_graph_custom(context, max_nodes, False)
        keep: list[Any] = []
        builder = _Builder(self, context, keep, n_tokens)

        def new_input(type_: int, *ne: int) -> int:
            tensor = g.tensor(context, type_, *ne)
            g.set_input(tensor)
            return tensor

        tokens = new_input(ggml.Type.I32, n_tokens)
        positions = new_input(ggml.Type.I32, n_tokens)
        cells = new_input(ggml.Type.I64, n_tokens)
        outputs = new_input(ggml.Type.I32, n_out) if n_out < n_tokens else None

        x = g.get_rows(context, self._weights["token_embd.weight"], tokens)
        for layer in range(config.n_layers):
            block = f"blk.{layer}"
            query, key, value = builder.project(block, "attn_norm", ("attn_q", "attn_k", "attn_v"), x)
            query = builder.rope(query, config.n_heads, positions)
            key = builder.rope(key, config.n_kv_heads, positions)
            flat_key = g.reshape_2d(context, key, config.n_kv, n_tokens)
            g.build_forward_expand(handle, g.set_rows(context, self._keys[layer], flat_key, cells))
            g.build_forward_expand(handle, g.set_rows(context, self._values[layer], value, cells))
            attended = builder.attention(query, self._keys[layer], self._values[layer], positions)
            if outputs is not None and layer == config.n_layers - 1:
                # After the last attention only the tokens whose logits are wanted go on.
                attended = g.get_rows(context, attended, outputs)
                x = g.get_rows(context, x, outputs)
                builder.n_tokens = n_out
            (x,) = builder.project(block, "attn_sub_norm", ("attn_output",), attended, residual=x)
            gated = builder.gate_up(block, x)
            (x,) = builder.project(block, "ffn_sub_norm", ("ffn_down",), gated, residual=x)
        x = builder.norm("output_norm", x)
        head = self._weights.get("output.weight", self._weights["token_embd.weight"])
        logits = g.mul_mat(context, head, x)
        g.set_output(logits)
        g.build_forward_expand(handle, logits)

        allocator = g.gallocr_new(self._buffer_type)
        if not g.gallocr_alloc_graph(allocator, handle):
            g.gallocr_free(allocator)
            g.free(context)
            raise UserError("There is not enough memory for this step. Close other programs and try again.")
        return Graph(
            context=context,
            allocator=allocator,
            handle=handle,
            tokens=self._view(tokens, np.int32, n_tokens),
            positions=self._view(positions, np.int32, n_tokens),
            cells=self._view(cells, np.int64, n_tokens),
            outputs=None if outputs is None else self._view(outputs, np.int32, n_out),
            logits=self._view(logits, np.float32, n_out, config.n_vocab),
            keep=keep,
        )

    def _view(self, tensor: int, dtype: type[np.generic], *shape: int) -> NDArray[Any]:
        data = (C.c_char * self._ggml.nbytes(tensor)).from_address(self._ggml.get_data(tensor))
        return np.frombuffer(data, dtype).reshape(shape)

    def _graph(self, n_tokens: int, n_out: int) -> Graph:
        key = (n_tokens, n_out)
        graph = self._graphs.get(key)
        if graph is None:
            while len(self._graphs) >= MAX_GRAPHS:
                self._free_graph(self._graphs.popitem(last=False)[1])
            graph = self._graphs[key] = self._build(*key)
        self._graphs.move_to_end(key)
        return graph

    def _free_graph(self, graph: Graph) -> None:
        self._ggml.gallocr_free(graph.allocator)
        self._ggml.free(graph.context)

    # -- running -------------------------------------------------------------------------------------------------

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
        graph = self._graph(count, count if all_logits else 1)
        graph.tokens[:] = tokens
        graph.positions[:] = np.arange(past, past + count)
        graph.cells[:] = graph.positions
        if graph.outputs is not None:
            graph.outputs[0] = count - 1
        if should_abort is not None:
            self._should_abort = should_abort
            self._ggml.backend_cpu_set_abort_callback(self._backend, self._abort, None)
        try:
            status = self._ggml.backend_graph_compute(self._backend, graph.handle)
        finally:
            if should_abort is not None:
                self._ggml.backend_cpu_set_abort_callback(self._backend, self._no_abort, None)
        if status == ggml.Status.ABORTED:
            return None
        if status != ggml.Status.SUCCESS:
            raise BugError(f"ggml could not compute the graph (status {status})")
        logits: NDArray[np.float32] = graph.logits
        return logits

    def close(self) -> None:
        """Free everything but the mapped file, which its opener closes. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        g = self._ggml
        for graph in self._graphs.values():
            self._free_graph(graph)
        self._graphs.clear()
        g.backend_free(self._backend)
        g.threadpool_free(self._pool)
        for buffer, context in (
            (self._weights_buffer, self._weights_context),
            (self._kv_buffer, self._kv_context),
        ):
            g.backend_buffer_free(buffer)
            g.free(context)


class _Builder:
    """The pieces of one block; ``n_tokens`` is the number of columns that its inputs have."""

    def __init__(self, model: BitnetModel, context: int, keep: list[Any], n_tokens: int) -> None:
        self._model = model
        self._config = model.config
        self._ggml = model._ggml
        self._context = context
        self._keep = keep
        self.n_tokens = n_tokens

    def norm(self, name: str, x: int) -> int:
        """RMSNorm by ggml: x / rms(x) * weight."""
        g = self._ggml
        normed = g.rms_norm(self._context, x, self._config.rms_eps)
        return int(g.mul(self._context, normed, self._model._weights[f"{name}.weight"]))

    def _custom(self, type_: int, rows: int, args: list[int], function: int, userdata: C.Structure) -> int:
        self._keep.append(userdata)
        return self._ggml.custom(
            self._context, type_, (rows, self.n_tokens), args, function, C.addressof(userdata)
        )

    def _norm_quant(self, norm: str, x: int, width: int) -> int:
        """RMSNorm and int8 quantization in one node: rows of ``quant_row_bytes(width)`` bytes."""
        model = self._model
        weight = self._ggml.get_data(model._weights[f"{norm}.weight"])
        userdata = kernels.norm_quant_args(weight, self._config.rms_eps, width)
        rows = model.kernels.quant_row_bytes(width)
        return self._custom(ggml.Type.I8, rows, [x], model.kernels.op_norm_quant, userdata)

    def project(
        self, block: str, norm: str, names: tuple[str, ...], x: int, residual: int | None = None
    ) -> list[int]:
        """BitLinears ``names`` of ``norm(x)``, each [n_out, T]; ``residual`` is added to a single one."""
        g, model = self._ggml, self._model
        names = tuple(f"{block}.{name}" for name in names)
        norm = f"{block}.{norm}"
        if not all(name in model._matrices for name in names):
            normed = self.norm(norm, x)
            results = [self._linear(name, normed) for name in names]
            return results if residual is None else [int(g.add(self._context, results[0], residual))]
        width = self._width(names[0])
        matrices = [model._matrices[name] for name in names]
        quantized = self._norm_quant(norm, x, width)
        total = sum(matrix.n_out for matrix in matrices)
        userdata = kernels.bitlinear_args(matrices, width)
        sources = [quantized] if residual is None else [quantized, residual]
        fused = self._custom(ggml.Type.F32, total, sources, model.kernels.op_bitlinear, userdata)
        if len(names) == 1:
            return [fused]
        results, offset = [], 0
        for matrix in matrices:
            results.append(
                g.view_2d(self._context, fused, matrix.n_out, self.n_tokens, 4 * total, 4 * offset)
            )
            offset += matrix.n_out
        return results

    def _width(self, name: str) -> int:
        """Input width of the BitLinear ``name``."""
        if name.endswith("attn_output"):
            return self._config.n_q
        return self._config.n_ff if name.endswith("ffn_down") else self._config.n_embd

    def _linear(self, name: str, x: int) -> int:
        """One matrix product of any weight type, times its separate scale where the file has one."""
        g, model = self._ggml, self._model
        if name in model._matrices:
            matrix = model._matrices[name]
            width = self._width(name)
            quant = kernels.norm_quant_args(None, 0.0, width)
            rows = model.kernels.quant_row_bytes(width)
            quantized = self._custom(ggml.Type.I8, rows, [x], model.kernels.op_norm_quant, quant)
            return self._custom(
                ggml.Type.F32,
                matrix.n_out,
                [quantized],
                model.kernels.op_bitlinear,
                kernels.bitlinear_args([matrix], width),
            )
        result = g.mul_mat(self._context, model._weights[f"{name}.weight"], x)
        scale = model._weights.get(f"{name}.scale")
        return int(result if scale is None else g.mul(self._context, result, scale))

    def gate_up(self, block: str, x: int) -> int:
        """activation(Wgate n) * Wup n with n = ffn_norm(x): [n_ff, T]."""
        g, config, model = self._ggml, self._config, self._model
        gate, up = f"{block}.ffn_gate", f"{block}.ffn_up"
        relu2 = config.activation == "relu2"
        if gate in model._matrices and up in model._matrices:
            userdata = kernels.gate_up_args(
                model._matrices[gate],
                model._matrices[up],
                config.n_embd,
                kernels.RELU2 if relu2 else kernels.SILU,
            )
            quantized = self._norm_quant(f"{block}.ffn_norm", x, config.n_embd)
            return self._custom(ggml.Type.F32, config.n_ff, [quantized], model.kernels.op_gate_up, userdata)
        normed = self.norm(f"{block}.ffn_norm", x)
        gated = self._linear(gate, normed)
        gated = g.sqr(self._context, g.relu(self._context, gated)) if relu2 else g.silu(self._context, gated)
        return int(g.mul(self._context, gated, self._linear(up, normed)))

    def rope(self, x: int, n_heads: int, positions: int) -> int:
        """Rotary embedding of [n_heads * head_dim, T] (columns may be strided) -> [head_dim, n_heads, T]."""
        g, config = self._ggml, self._config
        stride = ggml.TensorHead.from_address(x).nb[1]
        heads = g.view_3d(
            self._context, x, config.head_dim, n_heads, self.n_tokens, 4 * config.head_dim, stride, 0
        )
        return int(
            g.rope_ext(
                self._context,
                heads,
                positions,
                None,
                config.head_dim,
                ggml.ROPE_NEOX,
                0,
                config.rope_freq_base,
                1.0,
                0.0,
                1.0,
                0.0,
                0.0,
            )
        )

    def attention(self, query: int, keys: int, values: int, positions: int) -> int:
        """softmax(q·k / sqrt(head_dim)) · v over grouped heads, causal: [head_dim, n_heads, T] -> [n_q, T]."""
        config, model = self._config, self._model
        split = SPLIT_POSITIONS if self.n_tokens <= SPLIT_TOKENS else 0
        userdata = kernels.AttentionArgs(
            n_heads=config.n_heads,
            n_kv_heads=config.n_kv_heads,
            head_dim=config.head_dim,
            chunk=split,
            scale=1.0 / sqrt(config.head_dim),
        )
        sources = [query, keys, values, positions]
        if not split:
            return self._custom(ggml.Type.F32, config.n_q, sources, model.kernels.op_attention, userdata)
        n_chunks = -(-model.context_size // split)
        rows = n_chunks * config.n_heads * model.kernels.attention_partial_floats(config.head_dim)
        partials = self._custom(ggml.Type.F32, rows, sources, model.kernels.op_attention, userdata)
        sources = [partials, positions]
        return self._custom(ggml.Type.F32, config.n_q, sources, model.kernels.op_attention_merge, userdata)
