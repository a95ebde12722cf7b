"""Ternary weights as bytes: Microsoft's I2_S and llama.cpp's TQ2_0, packed and unpacked with numpy.

For the writer, the tests and the references; the fast path reads the packed bytes itself (kernels/). Knows
nothing of files. Codes are 0, 1, 2 for the weights -1, 0, +1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tern.errors import BugError, UserError

I2S_GROUP = 128  # values that share 32 bytes; a row is a whole number of groups
I2S_TRAILER = 32  # one F32 scale, then padding
TQ2_BLOCK = 256  # values that share 64 bytes of codes and one F16 scale
TQ2_BLOCK_BYTES = 66

Codes = NDArray[np.uint8]


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
    packed = raw[:-I2S_TRAILER].reshape(-1, 32)
    weights = np.empty((packed.shape[0], 4, 32), np.int8)
    for part in range(4):
        weights[:, part] = (packed >> (6 - 2 * part)) & 3
    scale = raw[-I2S_TRAILER:][:4].view("<f4")[0]
    return _weights(weights, rows, cols), np.float32(scale)


def pack_tq2_0(codes: Codes) -> bytes:
    """TQ2_0 bytes of ``codes`` (rows, cols), cols a multiple of 256, each block's scale 1.0.

    Of each 256 values, value 128 * h + 32 * part + m sits in byte 32 * h + m at bits 2 * part
    [ggml-common.h, block_tq2_0].
    """
    _check(codes, TQ2_BLOCK, "TQ2_0")
    block = codes.reshape(-1, 2, 4, 32)
    packed = np.empty((block.shape[0], TQ2_BLOCK_BYTES), np.uint8)
    half = block[:, :, 0] | block[:, :, 1] << 2
    half |= block[:, :, 2] << 4
    half |= block[:, :, 3] << 6
    packed[:, :64] = half.reshape(-1, 64)
    packed[:, 64:] = np.frombuffer(np.float16(1.0).tobytes(), np.uint8)
    return packed.tobytes()


def unpack_tq2_0(
    buffer: bytes | memoryview | NDArray[np.uint8], rows: int, cols: int
) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Weights (rows, cols) in {-1, 0, 1} and the block scales (rows, cols / 256) of a TQ2_0 tensor."""
    raw = np.frombuffer(buffer, np.uint8)
    if cols % TQ2_BLOCK or raw.size != rows * cols // TQ2_BLOCK * TQ2_BLOCK_BYTES:
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
    scales = np.ascontiguousarray(block[:, 64:]).view("<f2").reshape(rows, cols // TQ2_BLOCK)
    return _weights(weights, rows, cols), scales.astype(np.float16)


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
