"""BitLinear in C against numpy, and every instruction set against the scalar reference, bit for bit."""

from __future__ import annotations

import ctypes

import kernel_harness as h
import numpy as np
import pytest

from tern.engine.kernels import loader

pytestmark = pytest.mark.slow

EPS = 1e-5


def bits(x: h.F32) -> np.ndarray:
    return np.ascontiguousarray(x).view(np.uint32)


def random_codes(rng: np.random.Generator, rows: int, n: int) -> h.U8:
    return rng.integers(0, 3, (rows, n), dtype=np.uint8)


def activations(rng: np.random.Generator, kind: str, tokens: int, n: int) -> h.F32:
    """Inputs (tokens, n) that push every part of the quantizer to its edges."""
    x = rng.standard_normal((tokens, n)).astype(np.float32)
    if kind == "zeros":
        x[:] = 0
    elif kind == "negative zeros":
        x[:] = -0.0
    elif kind == "subnormal":
        x *= np.float32(1e-40)
    elif kind == "tiny":
        x *= np.float32(1e-20)
    elif kind == "huge":
        x *= np.float32(1e18)
    elif kind == "one spike":
        x *= np.float32(1e-3)
        x[:, n // 2] = 1000
    elif kind == "halves":  # every value lands exactly between two integers
        x = rng.integers(-127, 127, (tokens, n)).astype(np.float32) + np.float32(0.5)
        x[:, 0] = 127
    elif kind == "all 127":
        x[:] = 1
    elif kind == "all -127":
        x[:] = -1
    elif kind == "sparse":
        x[rng.random((tokens, n)) < 0.8] = 0
    return x


KINDS = ["normal", "zeros", "negative zeros", "subnormal", "tiny", "huge", "one spike", "halves", "all 127",
         "all -127", "sparse"]  # fmt: skip


def test_struct_mirrors(kernels: loader.Kernels) -> None:
    assert kernels.sizeof_ggml_tensor == ctypes.sizeof(h.Tensor)
    assert ctypes.sizeof(loader.Matrix) == 32
    assert ctypes.sizeof(loader.NormQuantArgs) == 40
    assert ctypes.sizeof(loader.BitLinearArgs) == 120
    assert ctypes.sizeof(loader.GateUpArgs) == 104


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("tokens", "n"), [(1, 128), (3, 384), (2, 2560), (5, 1152)])
def test_norm_quant_equals_numpy(selected: loader.Kernels, kind: str, tokens: int, n: int) -> None:
    rng = np.random.default_rng(n + tokens)
    x = activations(rng, kind, tokens, n)
    for weight in (None, (1 + 0.1 * rng.standard_normal(n)).astype(np.float32)):
        with np.errstate(over="ignore"):
            q, inv_scale, _ = h.expected_quant(x, weight, EPS)
        rows = h.norm_quant(selected, x, weight, EPS, nth=2)
        got_inv, got_sum, n_live = h.trailers(rows, n)
        got = h.q_values(rows, n)
        if weight is None:
            assert np.array_equal(got, q)
            assert np.array_equal(bits(got_inv), bits(inv_scale))
        else:
            # numpy adds the squares in another order; a rounding of the norm may move one count.
            assert np.abs(got.astype(int) - q).max() <= 1
            np.testing.assert_allclose(got_inv, inv_scale, rtol=1e-6)
        assert np.array_equal(got_sum, got.astype(np.int64).sum(axis=1))
        assert (n_live == -1).all()


def test_norm_quant_respects_strides(kernels: loader.Kernels) -> None:
    wide = np.random.default_rng(1).standard_normal((6, 640)).astype(np.float32)
    part = wide[:, 128:512]
    expected = h.norm_quant(kernels, np.ascontiguousarray(part), None, EPS)
    assert np.array_equal(h.norm_quant(kernels, part, None, EPS, nth=3), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [128, 384, 640, 6912])
def test_norm_quant_bits_equal_reference(kernels: loader.Kernels, kind: str, n: int) -> None:
    rng = np.random.default_rng(n)
    x = activations(rng, kind, 1, n)
    weight = rng.standard_normal(n).astype(np.float32)
    rows = {}
    for isa in kernels.available:
        kernels.select(isa)
        rows[isa] = h.norm_quant(kernels, x, weight, EPS, live=True)
    kernels.select(kernels.name)
    size = h.padded(n) + 64
    for isa, row in rows.items():
        assert np.array_equal(row[:, :size], rows["scalar"][:, :size]), isa
        q = h.q_values(row, n)[0]
        live = np.flatnonzero(q)
        assert h.trailers(row, n)[2][0] == live.size
        columns = row[0, size : size + 4 * (n + 16)].view(np.int32)
        values = row[0, size + 4 * (n + 16) :]
        assert np.array_equal(columns[: live.size], live)
        assert np.array_equal(values[: live.size], q[live])
        padding = slice(live.size, (live.size + 3) // 4 * 4)
        assert not values[padding].any()
        assert ((columns[padding] >= 0) & (columns[padding] < n)).all()


def test_dot_extremes(selected: loader.Kernels, isa: str) -> None:
    """Raw sums where nothing may saturate: all codes the same, all q at an end, any number of groups."""
    for n in [*range(128, 128 * 21, 128), 6912, 16384, 65536]:
        q = np.zeros(h.padded(n), np.int8)
        inside = h.q_values(np.arange(h.padded(n), dtype=np.int32)[None].astype(np.int32), n)[0]  # type: ignore[arg-type]
        for value in (127, -128):
            q[inside] = value
            for code in (0, 1, 2):
                packed = h.file_bytes(np.full((1, n), code, np.uint8))
                got = selected.library.tern_dot_i2s(isa.encode(), packed.ctypes.data, q.ctypes.data, n)
                assert got == n * code * value


def test_dot_random_equals_numpy(selected: loader.Kernels, isa: str) -> None:
    rng = np.random.default_rng(5)
    for n in range(128, 128 * 30, 128):
        codes = random_codes(rng, 1, n)
        q = rng.integers(-128, 128, n).astype(np.int8)
        arranged = np.zeros(h.padded(n), np.int8)
        order = h.q_values(np.arange(h.padded(n), dtype=np.int32)[None], n)[0]  # type: ignore[arg-type]
        arranged[order] = q
        packed = h.file_bytes(codes)
        got = selected.library.tern_dot_i2s(isa.encode(), packed.ctypes.data, arranged.ctypes.data, n)
        assert got == int(codes[0].astype(np.int64) @ q.astype(np.int64))


@pytest.mark.parametrize("n", [128, 256, 384, 2560])
@pytest.mark.parametrize("tokens", [1, 2, 3, 4, 5, 7, 13, 37, 300])
def test_bitlinear_equals_numpy(selected: loader.Kernels, isa: str, tokens: int, n: int) -> None:
    rng = np.random.default_rng(tokens * 10000 + n)
    shapes = [(1,), (129, 1, 63), (320, 64)][tokens % 3]
    codes = [random_codes(rng, rows, n) for rows in shapes]
    packed = [h.file_bytes(c) for c in codes]
    scales = [float(np.float32(s)) for s in rng.uniform(0.1, 3, len(shapes))]
    rows = h.norm_quant(selected, activations(rng, "normal", tokens, n), None, EPS)
    q, (inv_scale, _, _) = h.q_values(rows, n), h.trailers(rows, n)
    expected = np.concatenate(
        [h.expected_linear(q, inv_scale, c, s) for c, s in zip(codes, scales, strict=True)], axis=1
    )
    mats = [h.matrix(p, s) for p, s in zip(packed, scales, strict=True)]
    residual = rng.standard_normal(expected.shape).astype(np.float32)
    for nth in (1, 1 + tokens % 8):
        assert np.array_equal(bits(h.bitlinear(selected, rows, n, mats, nth=nth)), bits(expected))
        got = h.bitlinear(selected, rows, n, mats, residual, nth=nth)
        assert np.array_equal(bits(got), bits(expected + residual))


@pytest.mark.parametrize("kind", ["normal", "all 127", "all -127", "sparse"])
@pytest.mark.parametrize("tokens", [1, 2, 3, 37])
def test_packed_rows_equal_rows(selected: loader.Kernels, kind: str, tokens: int) -> None:
    """Five codes in a byte: the same sums, by every instruction set, from the packed bytes alone."""
    rng = np.random.default_rng(tokens)
    for n, n_out in ((1280, 70), (2560, 129)):
        codes = [random_codes(rng, n_out, n) for _ in range(2)]
        codes[0][:3] = [[0], [1], [2]]
        plain = [h.file_bytes(c) for c in codes]
        packed = [h.make_packed(selected, p) for p in plain]
        assert packed[0].nbytes * 5 == plain[0].nbytes * 4
        only_packed = [loader.matrix(0, 0.7, n_out) for _ in packed]
        for matrix, bytes_ in zip(only_packed, packed, strict=True):
            matrix.packed = bytes_.ctypes.data
        rows = h.norm_quant(selected, activations(rng, kind, tokens, n), None, EPS)
        mats = [h.matrix(p, 0.7) for p in plain]
        for nth in (1, 3):
            expected = h.bitlinear(selected, rows, n, mats, nth=nth)
            assert np.array_equal(bits(h.bitlinear(selected, rows, n, only_packed, nth=nth)), bits(expected))
            for activation in (loader.RELU2, loader.SILU):
                gated = h.gate_up(selected, rows, n, *mats, activation, nth)
                assert np.array_equal(
                    bits(h.gate_up(selected, rows, n, *only_packed, activation, nth)), bits(gated)
                )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [128, 1152, 6912, loader.MAX_FUSED])
def test_products_that_norm_their_source(selected: loader.Kernels, kind: str, n: int) -> None:
    """One token: the same bits as from an op of its own, and the statistics counted once."""
    rng = np.random.default_rng(n)
    x = activations(rng, kind, 1, n)
    weight = rng.standard_normal(n).astype(np.float32)
    packed = [h.file_bytes(random_codes(rng, 300, n)) for _ in range(2)]
    columns = h.make_columns(selected, packed[0])
    mats = [h.matrix(p, 0.7) for p in packed]
    only_columns = loader.matrix(0, 0.7, 300, columns.ctypes.data)
    for nth in (1, 3):
        rows = h.norm_quant(selected, x, weight, EPS)
        live = h.norm_quant(selected, x, weight, EPS, live=True)
        norm, norm_live = (
            loader.norm_quant_args(weight.ctypes.data, EPS, n, listed) for listed in (False, True)
        )
        got = h.bitlinear(selected, x, n, mats, nth=nth, norm=norm)
        assert np.array_equal(bits(got), bits(h.bitlinear(selected, rows, n, mats, nth=nth)))
        got = h.bitlinear(selected, x, n, [only_columns], nth=nth, norm=norm_live)
        assert np.array_equal(bits(got), bits(h.bitlinear(selected, live, n, [only_columns], nth=nth)))
        assert (norm_live.live_columns, norm_live.total_columns) == (np.count_nonzero(h.q_values(live, n)), n)
        for activation in (loader.RELU2, loader.SILU):
            got = h.gate_up(selected, x, n, *mats, activation, nth, norm=norm)
            assert np.array_equal(bits(got), bits(h.gate_up(selected, rows, n, *mats, activation, nth)))


def test_rows_of_other_widths_are_not_packed(kernels: loader.Kernels) -> None:
    assert [kernels.packed_bytes(n, 3) for n in (128, 1152, 2432, 6912)] == [0, 0, 0, 0]
    assert kernels.packed_bytes(1280, 3) == 3 * 256


@pytest.mark.parametrize("kind", ["all 127", "all -127", "zeros", "one spike"])
@pytest.mark.parametrize("code", [0, 1, 2])
def test_bitlinear_extremes(selected: loader.Kernels, kind: str, code: int) -> None:
    rng = np.random.default_rng(3)
    for tokens, n in ((1, 6912), (7, 1152)):
        rows = h.norm_quant(selected, activations(rng, kind, tokens, n), None, EPS)
        q, (inv_scale, _, _) = h.q_values(rows, n), h.trailers(rows, n)
        codes = np.full((70, n), code, np.uint8)
        packed = h.file_bytes(codes)
        got = h.bitlinear(selected, rows, n, [h.matrix(packed, 0.5)], nth=3)
        assert np.array_equal(bits(got), bits(h.expected_linear(q, inv_scale, codes, 0.5)))


@pytest.mark.parametrize("kind", ["all 127", "all -127"])
@pytest.mark.parametrize("code", [0, 1, 2])
def test_columns_extremes(selected: loader.Kernels, kind: str, code: int) -> None:
    """Sums that are kept narrow for as many columns as fit: no more fit than are taken."""
    rng = np.random.default_rng(3)
    for n in (128, 6912):
        rows = h.norm_quant(selected, activations(rng, kind, 1, n), None, EPS, live=True)
        q, (inv_scale, _, _) = h.q_values(rows, n), h.trailers(rows, n)
        codes = np.full((300, n), code, np.uint8)
        columns = h.make_columns(selected, h.file_bytes(codes))
        got = h.bitlinear(selected, rows, n, [loader.matrix(0, 0.5, 300, columns.ctypes.data)], nth=3)
        assert np.array_equal(bits(got), bits(h.expected_linear(q, inv_scale, codes, 0.5)))


@pytest.mark.parametrize("activation", [loader.RELU2, loader.SILU])
@pytest.mark.parametrize("n", [128, 640])
@pytest.mark.parametrize("tokens", [1, 2, 4, 13, 37])
def test_gate_up_equals_numpy(selected: loader.Kernels, tokens: int, n: int, activation: int) -> None:
    rng = np.random.default_rng(tokens * 1000 + n)
    n_ff = [1, 77, 416][tokens % 3]
    codes = [random_codes(rng, n_ff, n) for _ in range(2)]
    packed = [h.file_bytes(c) for c in codes]
    rows = h.norm_quant(selected, activations(rng, "normal", tokens, n), None, EPS)
    q, (inv_scale, _, _) = h.q_values(rows, n), h.trailers(rows, n)
    gate, up = (h.expected_linear(q, inv_scale, c, s) for c, s in zip(codes, (0.7, -1.3), strict=True))
    for nth in (1, 1 + tokens % 8):
        got = h.gate_up(
            selected, rows, n, h.matrix(packed[0], 0.7), h.matrix(packed[1], -1.3), activation, nth
        )
        if activation == loader.RELU2:
            expected = np.where(gate > 0, gate * gate * up, np.float32(0))
            assert np.array_equal(bits(got), bits(expected))
        else:
            wide = gate.astype(np.float64)
            np.testing.assert_allclose(got, wide / (1 + np.exp(-wide)) * up, rtol=3e-6, atol=1e-12)


def test_silu_bits_equal_reference(kernels: loader.Kernels) -> None:
    rng = np.random.default_rng(2)
    packed = [h.file_bytes(random_codes(rng, 100, 256)) for _ in range(2)]
    best = kernels.name
    results = []
    for isa in kernels.available:
        kernels.select(isa)
        for tokens in (1, 9):
            x = activations(np.random.default_rng(tokens), "normal", tokens, 256)
            rows = h.norm_quant(kernels, x, None, EPS)
            mats = [h.matrix(p, 0.9) for p in packed]
            results.append((tokens, bits(h.gate_up(kernels, rows, 256, *mats, loader.SILU, 2))))
    kernels.select(best)
    for tokens, got in results:
        assert np.array_equal(got, next(first for t, first in results if t == tokens))


@pytest.mark.parametrize("density", [0.0, 0.01, 0.2, 0.5, 1.0])
@pytest.mark.parametrize(("n", "rows"), [(128, 1), (384, 256), (1152, 257), (2560, 700), (6912, 2560)])
def test_sparse_columns_equal_dense(
    selected: loader.Kernels, isa: str, n: int, rows: int, density: float
) -> None:
    rng = np.random.default_rng(n + rows)
    x = activations(rng, "normal", 1, n)
    x[:, rng.random(n) >= density] = 0
    packed = h.file_bytes(random_codes(rng, rows, n))
    columns = h.make_columns(selected, packed)
    residual = rng.standard_normal((1, rows)).astype(np.float32)
    live = h.norm_quant(selected, x, None, EPS, live=True)
    dense = h.bitlinear(selected, live, n, [h.matrix(packed, 0.3)], residual, nth=2)
    # The rows are gone: only the columns may be read.
    only_columns = loader.matrix(0, 0.3, rows, columns.ctypes.data)
    for nth in (1, 3, 8):
        assert np.array_equal(
            bits(h.bitlinear(selected, live, n, [only_columns], residual, nth)), bits(dense)
        )


@pytest.mark.parametrize(("n", "rows"), [(128, 1), (384, 257), (1152, 330)])
@pytest.mark.parametrize("tokens", [1, 2, 5, 37])
def test_columns_serve_prefill(selected: loader.Kernels, n: int, rows: int, tokens: int) -> None:
    rng = np.random.default_rng(n + rows + tokens)
    packed = h.file_bytes(random_codes(rng, rows, n))
    columns = h.make_columns(selected, packed)
    quantized = h.norm_quant(selected, activations(rng, "normal", tokens, n), None, EPS)
    from_rows = h.bitlinear(selected, quantized, n, [h.matrix(packed, 0.3)], nth=2)
    only_columns = loader.matrix(0, 0.3, rows, columns.ctypes.data)
    assert np.array_equal(bits(h.bitlinear(selected, quantized, n, [only_columns], nth=3)), bits(from_rows))


def test_live_statistics(kernels: loader.Kernels) -> None:
    rng = np.random.default_rng(8)
    x = activations(rng, "sparse", 1, 512)
    rows = h.aligned((1, kernels.quant_row_bytes(512, True)), np.int8)
    args = loader.norm_quant_args(None, EPS, 512, live=True)
    for _ in range(3):
        h.run_op(kernels.library.tern_op_norm_quant, h.tensor(rows, [h.tensor(x)]), args, 2)
    assert args.total_columns == 3 * 512
    assert args.live_columns == 3 * np.count_nonzero(h.q_values(rows, 512))
    packed = h.file_bytes(random_codes(rng, 300, 512))
    out = h.aligned((1, 300), np.float32)
    gate_up_args = loader.gate_up_args(h.matrix(packed, 1), h.matrix(packed, 1), 512, loader.RELU2)
    h.run_op(kernels.library.tern_op_gate_up, h.tensor(out, [h.tensor(rows)]), gate_up_args, 2)
    assert gate_up_args.total_rows == 300
    assert gate_up_args.live_rows == np.count_nonzero(out)
