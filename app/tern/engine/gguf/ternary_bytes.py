"""Ternary weights as bytes: Microsoft's I2_S, llama.cpp's TQ2_0 and TQ1_0, packed and unpacked with numpy.

For the writer, the tests and the references; the fast path reads the packed bytes itself (kernels/). Knows
nothing of files. Codes are 0, 1, 2 for the weights -1, 0, +1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tern.errors import BugError, UserError

I2S_GROUP = 128  # values that share 32 bytes; a row is a whole number of groups
I2S_TRAILER = 32  # one F32 scale, then padding
TQ_BLOCK = 256  # values of TQ2_0 and TQ1_0 that share one F16 scale
TQ2_BLOCK_BYTES = 66
TQ1_BLOCK_BYTES = 54

Codes = NDArray[np.uint8]

# A group of 128 values lies in 32 bytes of I2_S and of TQ2_0, a byte holding values m, m + 32, m + 64 and m + 96: from
# the high bits down in I2_S, from the low bits up in TQ2_0. So each byte's four codes change places.
_BYTE = np.arange(256, dtype=np.uint16)
_REVERSED = ((_BYTE & 3) << 6 | (_BYTE >> 2 & 3) << 4 | (_BYTE >> 4 & 3) << 2 | _BYTE >> 6).astype(np.uint8)
_ONE = np.frombuffer(np.float16(1.0).tobytes(), np.uint8)

# The parts of a TQ1_0 block: first value and the one after the last, values apart in a byte, first byte
_TQ1_PARTS = ((0, 160, 32, 0), (160, 240, 16, 32), (240, 256, 4, 48))
_POW3 = np.array([1, 3, 9, 27, 81], np.uint8)


def i2s_bytes(n_values: int) -> int:
    """Bytes of an I2_S tensor of ``n_values`` weights: two bits each and the trailer."""
    return n_values // 4 + I2S_TRAILER


def pack(codes: Codes, scale: float) -> bytes:
    """I2_S bytes of ``codes`` (rows, cols), cols a multiple of 128, with one ``scale`` for the whole tensor.

    Of each 128 consecutive values, value j sits in byte j % 32 at bits 6 - 2 * (j // 32).
    """
    return pack_codes(codes) + trailer(scale)


def pack_codes(codes: Codes) -> bytes:
    """The bytes of whole rows, without the tensor's trailer: rows may be packed piece by piece."""
    _check(codes, I2S_GROUP, "I2_S")
    group = codes.reshape(-1, 4, 32)
    packed = group[:, 0] << 6
    packed |= group[:, 1] << 4
    packed |= group[:, 2] << 2
    packed |= group[:, 3]
    return packed.tobytes()


def trailer(scale: float) -> bytes:
    """What follows the codes: the tensor's scale, padded."""
    return np.array(scale, "<f4").tobytes().ljust(I2S_TRAILER, b"\0")


def unpack(
    buffer: bytes | memoryview | NDArray[np.uint8], rows: int, cols: int
) -> tuple[NDArray[np.int8], np.float32]:
    """Weights (rows, cols) in {-1, 0, 1} and the scale of an I2_S tensor; the inverse of :func:`pack`.

    Raises UserError when the bytes are not I2_S: a wrong length, or a code 3.
    """
    raw = np.frombuffer(buffer, np.uint8)
    if cols % I2S_GROUP or raw.size != i2s_bytes(rows * cols):
        raise UserError(
            "An I2_S tensor of {rows} x {cols} weights cannot have {size} bytes.",
            rows=rows,
            cols=cols,
            size=raw.size,
        )
    return unpack_codes(raw[:-I2S_TRAILER], rows, cols), i2s_scale(raw[-I2S_TRAILER:])


def unpack_codes(packed: NDArray[np.uint8], rows: int, cols: int) -> NDArray[np.int8]:
    """Weights (rows, cols) in {-1, 0, 1} of whole rows; the inverse of :func:`pack_codes`. UserError at a code 3."""
    packed = packed.reshape(-1, 32)
    weights = np.empty((packed.shape[0], 4, 32), np.int8)
    for part in range(4):
        weights[:, part] = (packed >> (6 - 2 * part)) & 3
    return _weights(weights, rows, cols)


def i2s_scale(trailer: bytes | NDArray[np.uint8]) -> np.float32:
    """The scale in what follows the codes of an I2_S tensor."""
    return np.float32(np.frombuffer(trailer, "<f4", 1)[0])


def pack_tq2_0(codes: Codes) -> bytes:
    """TQ2_0 bytes of ``codes`` (rows, cols), cols a multiple of 256, each block's scale 1.0.

    Of each 256 values, value 128 * h + 32 * part + m sits in byte 32 * h + m at bits 2 * part
    [ggml-common.h, block_tq2_0].
    """
    _check(codes, TQ_BLOCK, "TQ2_0")
    return tq2_0_of_i2s(np.frombuffer(pack_codes(codes), np.uint8)).tobytes()


def tq2_0_of_i2s(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """TQ2_0 blocks (n, 66) of the same codes in I2_S, rows a multiple of 256 wide: two groups of 32 bytes, then the
    block's scale, 1.0. A code 3 stays one."""
    group = _REVERSED[packed].reshape(-1, TQ2_BLOCK_BYTES - 2)
    block = np.empty((len(group), TQ2_BLOCK_BYTES), np.uint8)
    block[:, :-2] = group
    block[:, -2:] = _ONE
    return block


def unpack_tq2_0(
    buffer: bytes | memoryview | NDArray[np.uint8], rows: int, cols: int
) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Weights (rows, cols) in {-1, 0, 1} and the block scales (rows, cols / 256) of a TQ2_0 tensor."""
    raw = np.frombuffer(buffer, np.uint8)
    if cols % TQ_BLOCK or raw.size != rows * cols // TQ_BLOCK * TQ2_BLOCK_BYTES:
        raise UserError(
            "A TQ2_0 tensor of {rows} x {cols} weights cannot have {size} bytes.",
            rows=rows,
            cols=cols,
            size=raw.size,
        )
    block = raw.reshape(-1, TQ2_BLOCK_BYTES)
    packed = block[:, :64].reshape(-1, 2, 32)
    weights = np.empty((block.shape[0], 2, 4, 32), np.int8)
    for part in range(4):
        weights[:, :, part] = (packed >> (2 * part)) & 3
    scales = np.ascontiguousarray(block[:, 64:]).view("<f2").reshape(rows, cols // TQ_BLOCK)
    return _weights(weights, rows, cols), scales.astype(np.float16)


def pack_tq1_0(codes: NDArray[np.uint8]) -> bytes:
    """TQ1_0 bytes of ``codes`` (rows, cols), cols a multiple of 256, each block's scale 1.0.

    Five codes a byte as a fraction in base 3, scaled to 256: of the first 160 values of a block, value 32 * n + m is
    digit n of byte m; of the next 80, value 16 * n + m that of byte 32 + m; of the last 16, value 4 * n + m that of
    byte 48 + m, whose fifth digit is 0 [ggml-quants.c, quantize_row_tq1_0_ref].
    """
    _check(codes, TQ_BLOCK, "TQ1_0")
    block = codes.reshape(-1, TQ_BLOCK).astype(np.uint16)
    out = np.empty((len(block), TQ1_BLOCK_BYTES), np.uint8)
    for start, end, width, at in _TQ1_PARTS:
        digits = block[:, start:end].reshape(len(block), -1, width)
        value: NDArray[Any] = np.zeros((len(block), width), np.uint16)
        for n in range(5):
            value = value * 3 + (digits[:, n] if n < digits.shape[1] else 0)
        out[:, at : at + width] = (value.astype(np.uint32) * 256 + 242) // 243
    out[:, -2:] = _ONE
    return out.tobytes()


def unpack_tq1_0(
    data: NDArray[np.uint8], rows: int, cols: int
) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Weights (rows, cols) in {-1, 0, 1} and block scales (rows, cols / 256); the inverse of :func:`pack_tq1_0`."""
    if cols % TQ_BLOCK or data.size != rows * cols // TQ_BLOCK * TQ1_BLOCK_BYTES:
        raise UserError(
            "A TQ1_0 tensor of {rows} x {cols} weights cannot have {size} bytes.",
            rows=rows,
            cols=cols,
            size=data.size,
        )
    block = data.reshape(-1, TQ1_BLOCK_BYTES)
    found = np.empty((len(block), TQ_BLOCK), np.int8)
    for start, end, width, at in _TQ1_PARTS:
        packed = block[:, at : at + width]
        for n in range((end - start) // width):
            wrapped = packed * _POW3[n]  # at 256: that drops the digits before
            digit = wrapped.astype(np.uint16) * 3 >> 8
            found[:, start + n * width : start + (n + 1) * width] = digit.astype(np.int8) - 1
    scales = block[:, -2:].copy().view("<f2").reshape(rows, cols // TQ_BLOCK)
    return found.reshape(rows, cols), scales.astype(np.float16)


def _check(codes: Codes, group: int, name: str) -> None:
    if codes.ndim != 2 or codes.dtype != np.uint8 or codes.shape[1] % group:
        raise BugError(
            f"{name} packs uint8 codes (rows, a multiple of {group}), not {codes.dtype} {codes.shape}"
        )
    if codes.size and codes.max() > 2:
        raise BugError(f"{name} codes are 0, 1 or 2, not {codes.max()}")


def _weights(codes: NDArray[np.int8], rows: int, cols: int) -> NDArray[np.int8]:
    if codes.size and codes.max() > 2:
        raise UserError("The weights hold a code that is not -1, 0 or +1: the file is damaged.")
    codes -= 1
    return codes.reshape(rows, cols)
