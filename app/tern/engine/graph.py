"""The BitNet b1.58 forward pass as a ggml graph: from token ids to logits.

One block, for activations x of shape [n_embd, T] (source: transformers, models/bitnet/modeling_bitnet.py):

    h   = x + Wo · attn_sub_norm(attention(Wq n, Wk n, Wv n)),     n = attn_norm(x)
    out = h + Wdown · ffn_sub_norm(relu(Wgate n)² * Wup n),        n = ffn_norm(h)

Every W is a BitLinear. Weights of type I2_S go to our kernels as custom ops, straight from the mapped file; any
other type goes to ggml's own matrix products. Knows the weights and the cache, not when a graph is run.
"""

from __future__ import annotations

import ctypes as C
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tern.engine import ggml
from tern.engine.kernels import loader as kernels
from tern.engine.kv_cache import KVCache
from tern.engine.prepared import Prepared
from tern.engine.weights import Weights
from tern.errors import BugError, UserError

SPLIT_TOKENS = 16  # up to so many tokens, attention divides the positions among the threads
SPLIT_POSITIONS = 64  # positions a thread takes at a time then
# Rows the two-stage head may compute exactly; with more of them the whole head is cheaper.
COARSE_CAPACITY = 8192


@dataclass
class Graph:
    """A built graph of one shape with views of its inputs and its logits."""

    context: int
    allocator: int
    handle: int
    tokens: NDArray[np.int32] | None  # (T,); None when the graph takes embeddings
    embeddings: NDArray[np.float32] | None  # (T, n_embd)
    positions: NDArray[np.int32]  # (T,)
    cells: NDArray[np.int64]  # (T,) rows of the KV cache to write
    outputs: NDArray[np.int32] | None  # (n_out,) which of the T rows reach the head; None when all do
    logits: NDArray[np.float32] | None  # (n_out, n_vocab); None with the two-stage head
    selected: NDArray[np.int32] | None = None  # the two-stage head's answer, see kernels.CoarseArgs
    coarse: kernels.CoarseArgs | None = None  # set its ``wanted`` before a run
    row_counters: list[kernels.GateUpArgs] = field(default_factory=list)  # of one token's layers
    column_counters: list[kernels.NormQuantArgs] = field(default_factory=list)
    keep: list[Any] = field(default_factory=list)  # structs that C points into

    def close(self) -> None:
        g = ggml.load()
        g.gallocr_free(self.allocator)
        g.free(self.context)


@dataclass(frozen=True, slots=True)
class Parts:
    """What every graph of one model is made of."""

    weights: Weights
    cache: KVCache
    prepared: Prepared | None
    context_size: int
    buffer_type: int
    threads: int
    file_descriptor: int  # the model file, for rows that should not be read through the mapping; -1: map them


def build(parts: Parts, n_tokens: int, n_out: int, two_stage: bool) -> Graph:
    """The forward pass of ``n_tokens`` tokens, with logits of ``n_out`` of them: every one, or with ``two_stage``
    those of the best tokens (then ``n_out`` is 1).

    Raises UserError when the memory for it cannot be had.
    """
    g, weights, cache, config = ggml.load(), parts.weights, parts.cache, parts.weights.config
    max_nodes = 64 * config.n_layers + 64
    context = g.context(max_nodes, max_nodes)
    handle = g.new_graph_custom(context, max_nodes, False)
    keep: list[Any] = []
    blocks = _Blocks(parts, context, keep, n_tokens)

    def new_input(type_: int, *ne: int) -> int:
        tensor = g.tensor(context, type_, *ne)
        g.set_input(tensor)
        return tensor

    # Embeddings of F16 and F32 come from outside: reading a row through the mapping would make 64 KB resident.
    by_token = weights.embedding_type not in (ggml.Type.F16, ggml.Type.F32)
    source = (
        new_input(ggml.Type.I32, n_tokens) if by_token else new_input(ggml.Type.F32, config.n_embd, n_tokens)
    )
    positions = new_input(ggml.Type.I32, n_tokens)
    cells = new_input(ggml.Type.I64, n_tokens)
    outputs = new_input(ggml.Type.I32, n_out) if n_out < n_tokens else None

    x = int(g.get_rows(context, weights.tensors["token_embd.weight"], source)) if by_token else source
    for layer in range(config.n_layers):
        block = f"blk.{layer}"
        query, key, value = blocks.project(block, "attn_norm", ("attn_q", "attn_k", "attn_v"), x)
        query = blocks.rope(query, config.n_heads, positions)
        key = blocks.rope(key, config.n_kv_heads, positions)
        flat_key = g.reshape_2d(context, key, config.n_kv, n_tokens)
        g.build_forward_expand(handle, g.set_rows(context, cache.keys[layer], flat_key, cells))
        g.build_forward_expand(handle, g.set_rows(context, cache.values[layer], value, cells))
        attended = blocks.attention(query, cache.keys[layer], cache.values[layer], positions)
        if outputs is not None and layer == config.n_layers - 1:
            # After the last attention only the tokens whose logits are wanted go on.
            attended = g.get_rows(context, attended, outputs)
            x = g.get_rows(context, x, outputs)
            blocks.n_tokens = n_out
        (x,) = blocks.project(block, "attn_sub_norm", ("attn_output",), attended, residual=x)
        gated = blocks.gate_up(block, x)
        (x,) = blocks.project(block, "ffn_sub_norm", ("ffn_down",), gated, residual=x)
    x = blocks.norm("output_norm", x)
    coarse = blocks.coarse_args() if two_stage else None
    answer = blocks.head(x) if coarse is None else blocks.two_stage_head(x, coarse)
    g.set_output(answer)
    g.build_forward_expand(handle, answer)

    allocator = g.gallocr_new(parts.buffer_type)
    if not g.gallocr_alloc_graph(allocator, handle):
        g.gallocr_free(allocator)
        g.free(context)
        raise UserError("There is not enough memory for this step. Close other programs and try again.")
    return Graph(
        context=context,
        allocator=allocator,
        handle=handle,
        tokens=_view(source, np.int32, n_tokens) if by_token else None,
        embeddings=None if by_token else _view(source, np.float32, n_tokens, config.n_embd),
        positions=_view(positions, np.int32, n_tokens),
        cells=_view(cells, np.int64, n_tokens),
        outputs=None if outputs is None else _view(outputs, np.int32, n_out),
        logits=_view(answer, np.float32, n_out, config.n_vocab) if coarse is None else None,
        selected=None if coarse is None else _view(answer, np.int32, 2 * coarse.capacity),
        coarse=coarse,
        row_counters=blocks.row_counters,
        column_counters=blocks.column_counters,
        keep=keep,
    )


def _view(tensor: int, dtype: type[np.generic], *shape: int) -> NDArray[Any]:
    g = ggml.load()
    data = (C.c_char * g.nbytes(tensor)).from_address(g.get_data(tensor))
    return np.frombuffer(data, dtype).reshape(shape)


class _Blocks:
    """The pieces of one block; ``n_tokens`` is the number of columns that its inputs have."""

    def __init__(self, parts: Parts, context: int, keep: list[Any], n_tokens: int) -> None:
        self._parts = parts
        self._weights = parts.weights
        self._config = parts.weights.config
        self._kernels = kernels.load()
        self._ggml = ggml.load()
        self._context = context
        self._keep = keep
        self.n_tokens = n_tokens
        self.row_counters: list[kernels.GateUpArgs] = []
        self.column_counters: list[kernels.NormQuantArgs] = []

    def norm(self, name: str, x: int) -> int:
        """RMSNorm by ggml: x / rms(x) * weight."""
        g = self._ggml
        normed = g.rms_norm(self._context, x, self._config.rms_eps)
        return int(g.mul(self._context, normed, self._weights.tensors[f"{name}.weight"]))

    def _custom(self, type_: int, rows: int, args: list[int], function: int, userdata: C.Structure) -> int:
        self._keep.append(userdata)
        return self._ggml.custom(
            self._context, type_, (rows, self.n_tokens), args, function, C.addressof(userdata)
        )

    def _quantized(self, norm: str, x: int, width: int, live: bool = False) -> tuple[int, int | None]:
        """The source of a ternary product of ``norm(x)``, and the address of the norm that the product itself does.

        One token is normed and quantized by the product: rows of int8 only for more. With ``live`` the nonzero
        values are listed as well, for a product that reads only their columns.
        """
        weight = self._ggml.get_data(self._weights.tensors[f"{norm}.weight"])
        userdata = kernels.norm_quant_args(weight, self._config.rms_eps, width, live)
        if live:
            self.column_counters.append(userdata)
        if self.n_tokens == 1 and width <= kernels.MAX_FUSED:
            self._keep.append(userdata)
            return x, C.addressof(userdata)
        rows = self._kernels.quant_row_bytes(width, live)
        return self._custom(ggml.Type.I8, rows, [x], self._kernels.op_norm_quant, userdata), None

    def project(
        self, block: str, norm: str, names: tuple[str, ...], x: int, residual: int | None = None
    ) -> list[int]:
        """BitLinears ``names`` of ``norm(x)``, each [n_out, T]; ``residual`` is added to a single one."""
        g, weights = self._ggml, self._weights
        names = tuple(f"{block}.{name}" for name in names)
        norm = f"{block}.{norm}"
        if not all(name in weights.matrices for name in names):
            normed = self.norm(norm, x)
            results = [self._linear(name, normed) for name in names]
            return results if residual is None else [int(g.add(self._context, results[0], residual))]
        width = weights.n_in(names[0])
        matrices = [weights.matrices[name] for name in names]
        live = self.n_tokens == 1 and bool(matrices[0].columns)
        total = sum(matrix.n_out for matrix in matrices)
        userdata = kernels.bitlinear_args(matrices, width)
        source, userdata.norm = self._quantized(norm, x, width, live)
        sources = [source] if residual is None else [source, residual]
        fused = self._custom(ggml.Type.F32, total, sources, self._kernels.op_bitlinear, userdata)
        if len(names) == 1:
            return [fused]
        results, offset = [], 0
        for matrix in matrices:
            results.append(
                g.view_2d(self._context, fused, matrix.n_out, self.n_tokens, 4 * total, 4 * offset)
            )
            offset += matrix.n_out
        return results

    def _linear(self, name: str, x: int) -> int:
        """One matrix product of any weight type, times its separate scale where the file has one."""
        g, weights = self._ggml, self._weights
        if name in weights.matrices:
            matrix = weights.matrices[name]
            width = weights.n_in(name)
            quant = kernels.norm_quant_args(None, 0.0, width)
            rows = self._kernels.quant_row_bytes(width)
            quantized = self._custom(ggml.Type.I8, rows, [x], self._kernels.op_norm_quant, quant)
            return self._custom(
                ggml.Type.F32,
                matrix.n_out,
                [quantized],
                self._kernels.op_bitlinear,
                kernels.bitlinear_args([matrix], width),
            )
        result = g.mul_mat(self._context, weights.tensors[f"{name}.weight"], x)
        scale = weights.tensors.get(f"{name}.scale")
        return int(result if scale is None else g.mul(self._context, result, scale))

    def gate_up(self, block: str, x: int) -> int:
        """activation(Wgate n) * Wup n with n = ffn_norm(x): [n_ff, T]."""
        g, config, weights = self._ggml, self._config, self._weights
        gate, up = f"{block}.ffn_gate", f"{block}.ffn_up"
        relu2 = config.activation == "relu2"
        if gate in weights.matrices and up in weights.matrices:
            userdata = kernels.gate_up_args(
                weights.matrices[gate],
                weights.matrices[up],
                config.n_embd,
                kernels.RELU2 if relu2 else kernels.SILU,
            )
            if self.n_tokens == 1 and relu2:
                self.row_counters.append(userdata)
            source, userdata.norm = self._quantized(f"{block}.ffn_norm", x, config.n_embd)
            return self._custom(ggml.Type.F32, config.n_ff, [source], self._kernels.op_gate_up, userdata)
        normed = self.norm(f"{block}.ffn_norm", x)
        gated = self._linear(gate, normed)
        gated = g.sqr(self._context, g.relu(self._context, gated)) if relu2 else g.silu(self._context, gated)
        return int(g.mul(self._context, gated, self._linear(up, normed)))

    def head(self, x: int) -> int:
        """Logits [n_vocab, T]. F16 and F32 rows meet F32 activations: ggml's own product would round those to F16."""
        g, weights = self._ggml, self._weights
        type_ = ggml.TensorHead.from_address(weights.head).type
        if type_ not in (ggml.Type.F16, ggml.Type.F32):
            return int(g.mul_mat(self._context, weights.head, x))
        userdata = kernels.HeadArgs(weights=g.get_data(weights.head), n=self._config.n_embd, type=type_)
        return self._custom(ggml.Type.F32, self._config.n_vocab, [x], self._kernels.op_head, userdata)

    def coarse_args(self) -> kernels.CoarseArgs:
        """The two-stage head's pointers; ``wanted`` is set before each run."""
        config, weights, prepared = self._config, self._weights, self._parts.prepared
        if prepared is None or prepared.coarse is None:
            raise BugError("this model has no coarse head")
        best = (C.c_int64 * (kernels.COARSE_BEST * self._parts.threads))()
        self._keep.append(best)
        return kernels.CoarseArgs(
            rows=prepared.coarse.rows,
            step=prepared.coarse.step,
            along=prepared.coarse.along,
            dither=prepared.coarse.dither,
            direction=prepared.coarse.direction,
            weights=self._ggml.get_data(weights.head),
            best=C.addressof(best),
            n=config.n_embd,
            type=ggml.TensorHead.from_address(weights.head).type,
            n_vocab=config.n_vocab,
            wanted=1,
            capacity=min(config.n_vocab, COARSE_CAPACITY),
            file=self._parts.file_descriptor,
            file_offset=weights.head_offset,
            largest_reach=prepared.largest_reach,
        )

    def two_stage_head(self, x: int, args: kernels.CoarseArgs) -> int:
        """Ids and exact logits of every token that may be among the ``wanted`` best (kernels/coarse.h)."""
        library, best = self._kernels, 2 * kernels.COARSE_BEST
        upper = self._custom(ggml.Type.F32, self._config.n_vocab, [x], library.op_coarse, args)
        exact = self._custom(ggml.Type.I32, best, [upper, x], library.op_coarse_exact, args)
        return self._custom(
            ggml.Type.I32, 2 * args.capacity, [upper, exact, x], library.op_coarse_select, args
        )

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
        config = self._config
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
            return self._custom(ggml.Type.F32, config.n_q, sources, self._kernels.op_attention, userdata)
        n_chunks = -(-self._parts.context_size // split)
        rows = n_chunks * config.n_heads * self._kernels.attention_partial_floats(config.head_dim)
        partials = self._custom(ggml.Type.F32, rows, sources, self._kernels.op_attention, userdata)
        sources = [partials, positions]
        return self._custom(ggml.Type.F32, config.n_q, sources, self._kernels.op_attention_merge, userdata)
