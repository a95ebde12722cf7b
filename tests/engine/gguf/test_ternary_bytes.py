"""The ternary encodings against their layout spelled out value by value, and against ggml's own TQ2_0 and TQ1_0."""

from __future__ import annotations

import ctypes
import struct
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from tern.engine import ggml
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import TensorType
from tern.errors import BugError, UserError


def _codes(rows: int, cols: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 3, (rows, cols), dtype=np.uint8)


@pytest.mark.parametrize(("rows", "cols"), [(1, 128), (3, 384), (5, 2560)])
def test_i2s_bytes_lie_as_the_format_says(rows: int, cols: int) -> None:
    codes = _codes(rows, cols)
    buffer = ternary_bytes.pack(codes, 0.125)
    assert len(buffer) == rows * cols // 4 + 32
    assert struct.unpack_from("<f", buffer, rows * cols // 4) == (0.125,)
    flat = codes.reshape(-1)
    for n in range(0, flat.size, 7):
        group, j = divmod(n, 128)
        assert buffer[group * 32 + j % 32] >> (6 - 2 * (j // 32)) & 3 == flat[n]


def test_i2s_round_trip() -> None:
    codes = _codes(17, 640)
    weights, scale = ternary_bytes.unpack(ternary_bytes.pack(codes, 1.5), 17, 640)
    assert weights.dtype == np.int8
    assert np.array_equal(weights, codes.astype(np.int8) - 1)
    assert scale == np.float32(1.5)


def test_i2s_refuses_what_is_not_i2s() -> None:
    good = ternary_bytes.pack(_codes(2, 128), 1.0)
    with pytest.raises(UserError, match="cannot have"):
        ternary_bytes.unpack(good[:-1], 2, 128)
    with pytest.raises(UserError, match="damaged"):
        ternary_bytes.unpack(b"\xff" + good[1:], 2, 128)
    with pytest.raises(BugError):
        ternary_bytes.pack(np.full((1, 128), 3, np.uint8), 1.0)
    with pytest.raises(BugError):
        ternary_bytes.pack(np.zeros((1, 64), np.uint8), 1.0)


def test_tq2_0_is_what_ggml_reads() -> None:
    codes = _codes(3, 512)
    buffer = ternary_bytes.pack_tq2_0(codes)
    place = next((Path(llama_cpp.__file__).parent / "lib").glob("*ggml-base*"))
    library = ctypes.CDLL(str(place))
    library.dequantize_row_tq2_0.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64]
    seen = np.empty(codes.size, np.float32)
    library.dequantize_row_tq2_0(buffer, seen.ctypes.data, codes.size)
    assert np.array_equal(seen.reshape(codes.shape), codes.astype(np.float32) - 1)
    weights, scales = ternary_bytes.unpack_tq2_0(buffer, 3, 512)
    assert np.array_equal(weights, codes.astype(np.int8) - 1)
    assert np.all(scales == 1.0)
    assert scales.shape == (3, 2)


def test_tq1_0_is_ggmls_own() -> None:
    codes = _codes(3, 512)
    values = np.ascontiguousarray(codes.astype(np.float32) - 1)
    theirs = np.empty(3 * 2 * 54, np.uint8)
    pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    ggml.load().quantize_chunk(TensorType.TQ1_0, pointer, theirs.ctypes.data, 0, 3, 512, None)
    assert ternary_bytes.pack_tq1_0(codes) == theirs.tobytes()
    found, scales = ternary_bytes.unpack_tq1_0(theirs, 3, 512)
    assert np.array_equal(found, values)
    assert (scales == 1).all()
