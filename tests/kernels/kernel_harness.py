"""Calls the custom ops on hand-made ggml tensors, and says in numpy what they must give.

The numpy side shares nothing with the C sources but the published formulas (transformers,
integrations/bitnet.py, LlamaRMSNorm) and the I2_S layout.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tern.engine.kernels import loader

F32 = NDArray[np.float32]
I8 = NDArray[np.int8]
U8 = NDArray[np.uint8]

TYPE_F32, TYPE_I8 = 0, 24


def open_kernels() -> loader.Kernels:
    """A library of our own, so that selecting instruction sets disturbs nobody else in this process."""
    built = os.environ.get("TERN_TEST_KERNELS")
    return loader.open_library(Path(built) if built else loader.library_path())


class Tensor(ctypes.Structure):
    """struct ggml_tensor, whole, with its data kept alive beside it."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * 4),
        ("nb", ctypes.c_size_t * 4),
        ("op", ctypes.c_int),
        ("op_params", ctypes.c_int32 * 16),
        ("flags", ctypes.c_int32),
        ("src", ctypes.c_void_p * 10),
        ("view_src", ctypes.c_void_p),
        ("view_offs", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("name", ctypes.c_char * 64),
        ("extra", ctypes.c_void_p),
        ("padding", ctypes.c_char * 8),
    )


def tensor(array: NDArray[np.generic], sources: Sequence[Tensor] = ()) -> Tensor:
    """A two-dimensional tensor over a numpy array (T, n); the rows may be strided."""
    t = Tensor()
    t.type = TYPE_F32 if array.dtype == np.float32 else TYPE_I8
    t.ne = (ctypes.c_int64 * 4)(array.shape[1], array.shape[0], 1, 1)
    row = array.strides[0]
    t.nb = (ctypes.c_size_t * 4)(array.itemsize, row, row * array.shape[0], row * array.shape[0])
    t.data = array.ctypes.data
    t.keep = (array, sources)
    for i, source in enumerate(sources):
        t.src[i] = ctypes.addressof(source)
    return t


def run_op(function: object, dst: Tensor, args: ctypes.Structure, nth: int) -> None:
    for ith in range(nth):
        function(ctypes.addressof(dst), ith, nth, ctypes.addressof(args))  # type: ignore[operator]


def aligned(shape: tuple[int, ...], dtype: type[np.generic], offset: int = 32) -> NDArray[np.generic]:
    """An array that starts `offset` bytes past a 64-byte boundary: what mapped files and ggml give."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 128, np.uint8)
    start = -raw.ctypes.data % 64 + offset
    return raw[start : start + size].view(dtype).reshape(shape)


# ---- the ops as functions of arrays ----
def norm_quant(
    k: loader.Kernels, x: F32, weight: F32 | None, eps: float, *, live: bool = False, nth: int = 1
) -> I8:
    tokens, n = x.shape
    rows = aligned((tokens, k.quant_row_bytes(n, live)), np.int8)
    args = loader.norm_quant_args(None if weight is None else weight.ctypes.data, eps, n, live)
    run_op(k.library.tern_op_norm_quant, tensor(rows, [tensor(x)]), args, nth)
    return rows


def file_bytes(codes: U8) -> U8:
    """I2_S bytes of codes (rows, n), 32 bytes past a 64-byte boundary as in the official file."""
    rows, n = codes.shape
    group = codes.reshape(rows, n // 128, 4, 32)
    packed = group[:, :, 0] << 6 | group[:, :, 1] << 4 | group[:, :, 2] << 2 | group[:, :, 3]
    out = aligned((rows, n // 4), np.uint8)
    out[:] = packed.reshape(rows, n // 4)
    return out


def make_columns(k: loader.Kernels, packed: U8) -> U8:
    rows, n = packed.shape[0], packed.shape[1] * 4
    out = aligned((k.columns_bytes(n, rows),), np.uint8, offset=0)
    k.repack_columns(packed.ctypes.data, n, rows, out.ctypes.data)
    return out


def make_packed(k: loader.Kernels, codes: U8) -> U8:
    """The copy with five codes a byte of I2_S bytes (rows, n / 4)."""
    rows, n = codes.shape[0], codes.shape[1] * 4
    out = aligned((k.packed_bytes(n, rows),), np.uint8, offset=0)
    k.pack_rows(codes.ctypes.data, n, 0, rows, out.ctypes.data)
    return out


def matrix(packed: U8, scale: float, columns: U8 | None = None) -> loader.Matrix:
    return loader.matrix(
        packed.ctypes.data, scale, packed.shape[0], None if columns is None else columns.ctypes.data
    )


def bitlinear(
    k: loader.Kernels,
    rows: I8 | F32,
    n_in: int,
    mats: list[loader.Matrix],
    residual: F32 | None = None,
    nth: int = 1,
    norm: loader.NormQuantArgs | None = None,
) -> F32:
    """With ``norm`` the source ``rows`` are floats."""
    out = aligned((rows.shape[0], sum(m.n_out for m in mats)), np.float32)
    out.fill(np.nan)
    args = loader.bitlinear_args(mats, n_in)
    args.norm = None if norm is None else ctypes.addressof(norm)
    sources = [tensor(rows)] + ([] if residual is None else [tensor(residual)])
    run_op(k.library.tern_op_bitlinear, tensor(out, sources), args, nth)
    assert args.next == 0
    return out


def gate_up(
    k: loader.Kernels,
    rows: I8 | F32,
    n_in: int,
    gate: loader.Matrix,
    up: loader.Matrix,
    activation: int,
    nth: int = 1,
    norm: loader.NormQuantArgs | None = None,
) -> F32:
    """With ``norm`` the source ``rows`` are floats."""
    out = aligned((rows.shape[0], gate.n_out), np.float32)
    out.fill(np.nan)
    args = loader.gate_up_args(gate, up, n_in, activation)
    args.norm = None if norm is None else ctypes.addressof(norm)
    run_op(k.library.tern_op_gate_up, tensor(out, [tensor(rows)]), args, nth)
    assert args.next == 0
    return out


# ---- the same in numpy ----
def padded(n: int) -> int:
    return (n + 255) // 256 * 256


def q_values(rows: I8, n: int) -> I8:
    """q (T, n) in column order, from rows as the C library arranges them (layout.h)."""
    runs = rows[:, : padded(n)].reshape(-1, padded(n) // 256, 4, 2, 32)
    return np.ascontiguousarray(runs.transpose(0, 1, 3, 2, 4).reshape(-1, padded(n))[:, :n])


def trailers(rows: I8, n: int) -> tuple[F32, NDArray[np.int32], NDArray[np.int32]]:
    """(1/s, sum of q, live count) of each token."""
    raw = np.ascontiguousarray(rows[:, padded(n) : padded(n) + 12])
    return raw.view(np.float32)[:, 0], raw.view(np.int32)[:, 1], raw.view(np.int32)[:, 2]


def expected_quant(x: F32, weight: F32 | None, eps: float) -> tuple[I8, F32, F32]:
    """(q, 1/s, normed x): RMSNorm with the mean of squares in double, absmax int8 quantization."""
    y = x
    if weight is not None:
        mean = np.mean(np.square(x.astype(np.float64)), axis=1, keepdims=True).astype(np.float32)
        y = weight * (x * (np.float32(1) / np.sqrt(mean + np.float32(eps))))
    largest = np.maximum(np.abs(y).max(axis=1, keepdims=True), np.float32(1e-5))
    q = np.clip(np.rint(y * (np.float32(127) / largest)), -128, 127).astype(np.int8)
    return q, (largest / np.float32(127))[:, 0], y


def expected_linear(q: I8, inv_scale: F32, codes: U8, scale: float) -> F32:
    # Sums stay below 2^53, so a float64 product is exact, and BLAS makes it fast.
    sums = q.astype(np.float64) @ (codes.astype(np.float64) - 1).T
    return sums.astype(np.float32) * inv_scale[:, None] * np.float32(scale)
