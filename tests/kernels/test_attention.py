"""Attention over the KV cache against its definition in numpy; the same bits whatever the threads and the kernel."""

from __future__ import annotations

import kernel_harness as harness
import numpy as np
import pytest
from numpy.typing import NDArray

from tern.engine.kernels import loader

F32 = NDArray[np.float32]
TYPES = {"f32": 0, "f16": 1, "q8_0": 8}
CHUNK = 64


def cache_rows(values: F32, kv_type: str) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """``values`` (positions, width) as bytes of a cache of that type, and what those bytes stand for."""
    if kv_type == "f32":
        return values.view(np.uint8), values.astype(np.float64)
    if kv_type == "f16":
        half = values.astype(np.float16)
        return half.view(np.uint8), half.astype(np.float64)
    blocks = values.reshape(len(values), -1, 32)
    scale = (np.abs(blocks).max(2, keepdims=True) / 127).astype(np.float16)
    codes = np.rint(blocks / scale.astype(np.float32)).astype(np.int8)
    rows = np.concatenate([scale.view(np.uint8), codes.view(np.uint8)], 2).reshape(len(values), -1)
    return rows, (codes * scale.astype(np.float64)).reshape(values.shape)


def attend(
    k: loader.Kernels,
    query: F32,
    keys: NDArray[np.uint8],
    values: NDArray[np.uint8],
    kv_type: str,
    nth: int,
    end: int | None = None,
) -> F32:
    """The ops on ``query`` (tokens, heads, head_dim), the positions before ``end``: (tokens, heads, head_dim)."""
    end = len(keys) if end is None else end
    tokens, heads, dim = query.shape
    width = keys.shape[1] * 32 // 34 if kv_type == "q8_0" else keys.shape[1] // (2 if kv_type == "f16" else 4)
    chunk = CHUNK if tokens <= 16 else 0
    args = loader.AttentionArgs(
        n_heads=heads, n_kv_heads=width // dim, head_dim=dim, chunk=chunk, scale=dim**-0.5
    )
    caches = [harness.tensor(rows) for rows in (keys, values)]
    for cache in caches:
        cache.type, cache.ne[0] = TYPES[kv_type], width
    positions = np.arange(end - tokens, end, dtype=np.int32)
    at = harness.tensor(positions.reshape(1, -1))
    source = harness.tensor(np.ascontiguousarray(query.reshape(tokens * heads, dim)))
    out = np.zeros((tokens, heads * dim), np.float32)
    if not chunk:
        harness.run_op(k.library.tern_op_attention, harness.tensor(out, [source, *caches, at]), args, nth)
        return out.reshape(query.shape)
    room = -(-len(keys) // chunk) * heads * k.attention_partial_floats(dim)
    partials = harness.tensor(np.zeros((tokens, room), np.float32), [source, *caches, at])
    harness.run_op(k.library.tern_op_attention, partials, args, nth)
    harness.run_op(k.library.tern_op_attention_merge, harness.tensor(out, [partials, at]), args, nth)
    return out.reshape(query.shape)


def definition(query: F32, keys: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    tokens, heads, dim = query.shape
    shared = heads // (keys.shape[1] // dim)
    out = np.empty(query.shape)
    for token in range(tokens):
        seen = len(keys) - tokens + token + 1
        for head in range(heads):
            part = slice(head // shared * dim, (head // shared + 1) * dim)
            scores = keys[:seen, part] @ query[token, head].astype(np.float64) / np.sqrt(dim)
            weights = np.exp(scores - scores.max())
            out[token, head] = weights @ values[:seen, part] / weights.sum()
    return out


@pytest.mark.parametrize("kv_type", TYPES)
@pytest.mark.parametrize(
    ("dim", "groups", "shared", "tokens", "positions"),
    [
        (128, 5, 4, 1, 1),
        (128, 5, 4, 1, 131),
        (128, 5, 4, 1, 1600),
        (64, 3, 1, 1, 400),
        (96, 2, 3, 1, 77),
        (32, 1, 9, 1, 900),
        (256, 17, 4, 1, 40),
        (128, 5, 4, 5, 300),
        (64, 2, 4, 24, 150),
    ],
)
def test_attention(
    kernels: loader.Kernels, kv_type: str, dim: int, groups: int, shared: int, tokens: int, positions: int
) -> None:
    random = np.random.default_rng(dim + positions)
    query = (2 * random.standard_normal((tokens, groups * shared, dim))).astype(np.float32)
    cache = [random.standard_normal((positions, groups * dim)).astype(np.float32) for _ in range(2)]
    (key_rows, keys), (value_rows, values) = (cache_rows(rows, kv_type) for rows in cache)
    fast = [name for name in kernels.available if name != "scalar"]  # its turn comes in attention_driver.c
    results = {}
    try:
        for name in fast:
            kernels.select(name)
            results[name] = [
                attend(kernels, query, key_rows, value_rows, kv_type, n) for n in (1, 2, 3, 8, 30)
            ]
    finally:
        kernels.select(kernels.available[0])
    first = results[fast[0]][0]
    assert np.abs(first - definition(query, keys, values)).max() < 1e-5 * np.abs(values).max()
    for name, of_threads in results.items():
        for result in of_threads:
            assert np.array_equal(result, first), name


def test_a_token_sees_nothing_after_it(kernels: loader.Kernels) -> None:
    """Rows of the cache beyond the token hold what an earlier conversation left: here infinities."""
    random = np.random.default_rng(3)
    query = random.standard_normal((1, 4, 64)).astype(np.float32)
    rows = random.standard_normal((2, 90, 64)).astype(np.float32)
    alone = attend(kernels, query, rows[0, :70].view(np.uint8), rows[1, :70].view(np.uint8), "f32", 2)
    rows[:, 70:] = np.inf
    keys, values = (part.view(np.uint8) for part in rows)
    assert np.array_equal(attend(kernels, query, keys, values, "f32", 2, end=70), alone)
