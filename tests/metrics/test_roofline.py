"""Bytes a token and the dense limit, on figures that can be checked by hand."""

from __future__ import annotations

import pytest

from tern.engine.gguf.reader import TensorInfo, TensorType
from tern.metrics.roofline import TensorSizes, dense_limit, token_bytes

EMBD, FF, VOCAB = 256, 512, 1000


def _tensors(tied: bool) -> list[TensorInfo]:
    ternary = {
        "attn_q": (EMBD, EMBD), "attn_k": (EMBD, 128), "attn_v": (EMBD, 128), "attn_output": (EMBD, EMBD),
        "ffn_gate": (EMBD, FF), "ffn_up": (EMBD, FF), "ffn_down": (FF, EMBD),
    }  # fmt: skip
    found = [TensorInfo("token_embd.weight", (EMBD, VOCAB), TensorType.F16, 0, 2 * EMBD * VOCAB)]
    if not tied:
        found.append(TensorInfo("output.weight", (EMBD, VOCAB), TensorType.F32, 0, 4 * EMBD * VOCAB))
    for name, (n_in, n_out) in ternary.items():
        found.append(
            TensorInfo(f"blk.0.{name}.weight", (n_in, n_out), TensorType.I2_S, 0, n_in * n_out // 4 + 32)
        )
    found.append(TensorInfo("blk.0.attn_norm.weight", (EMBD,), TensorType.F32, 0, 4 * EMBD))
    return found


def test_every_part_is_counted_once() -> None:
    sizes = TensorSizes.of(_tensors(tied=True))
    assert sizes.attention == (2 * EMBD * EMBD + 2 * EMBD * 128) // 4 + 4 * 32
    assert sizes.gate == sizes.up == sizes.down == EMBD * FF // 4 + 32
    assert sizes.head == 2 * EMBD * VOCAB
    assert sizes.embedding_row == 2 * EMBD
    assert sizes.norms == 4 * EMBD
    assert sizes.ternary_values == 2 * EMBD * EMBD + 2 * EMBD * 128 + 3 * EMBD * FF
    assert TensorSizes.of(_tensors(tied=False)).head == 4 * EMBD * VOCAB


def test_packed_rows_are_a_fifth_less() -> None:
    sizes = TensorSizes.of(_tensors(tied=True), {"blk.0.ffn_gate", "blk.0.attn_q"})
    plain = TensorSizes.of(_tensors(tied=True))
    assert sizes.gate == EMBD * FF // 5
    assert sizes.attention == plain.attention - EMBD * EMBD // 4 - 32 + EMBD * EMBD // 5
    assert (sizes.up, sizes.ternary_values) == (plain.up, plain.ternary_values)


def test_what_is_skipped_is_not_read() -> None:
    sizes = TensorSizes.of(_tensors(tied=True))
    whole, sparse = token_bytes(sizes), token_bytes(sizes, 0.5, 0.25, head_bytes=1000.0)
    assert whole.total == pytest.approx(
        sizes.attention + sizes.gate + sizes.up + sizes.down + sizes.head + sizes.norms + 2 * EMBD
    )
    saved = sizes.up * 0.5 + sizes.down * 0.75 + sizes.head - 1000
    assert sparse.total == pytest.approx(whole.total - saved)
    assert sparse.as_json()["total"] == sparse.total


def test_the_limit_of_the_real_size() -> None:
    """FACTS: 520 MB of ternary weights and a Q6_K head at 34 GB/s make 43 tokens a second."""
    ternary = 30 * (2560 * (2 * 2560 + 2 * 640) + 3 * 2560 * 6912)
    sizes = TensorSizes(0, 0, 0, 0, 0, 0, 0, ternary_values=ternary, head_values=128256 * 2560)
    assert dense_limit(sizes, 34.0) == pytest.approx(43, abs=0.5)
