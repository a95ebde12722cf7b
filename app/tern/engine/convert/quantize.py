"""A BitNet in llama.cpp's own types: ternary weights as TQ2_0, the output head as Q6_K, to compare kernels with.

The ternary weights stay exactly the same; the head is rounded as llama.cpp's users have it. Knows files and ggml's
quantizer; no graph.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tern.engine.gguf.reader import GGUFFile, TensorInfo, TensorType
from tern.engine.gguf.ternary_bytes import I2S_TRAILER, TQ2_BLOCK, TQ2_BLOCK_BYTES
from tern.engine.gguf.types import n_bytes
from tern.engine.gguf.writer import GGUFWriter
from tern.errors import BugError, UserError

FILE_TYPE_TQ2_0 = 37  # llama.cpp's LLAMA_FTYPE_MOSTLY_TQ2_0
_CHUNK_ROWS = 2048
_CHUNK_BYTES = 1 << 22
_Q6_K_BLOCK = 256
_FLOATS = {TensorType.F16: "<f2", TensorType.F32: "<f4"}

# A group of 128 values lies in 32 bytes in both types, a byte holding values m, m + 32, m + 64 and m + 96: from the
# high bits down in I2_S, from the low bits up in TQ2_0. So each byte's four codes change places.
_BYTE = np.arange(256, dtype=np.uint16)
_REVERSED = ((_BYTE & 3) << 6 | (_BYTE >> 2 & 3) << 4 | (_BYTE >> 4 & 3) << 2 | _BYTE >> 6).astype(np.uint8)


def write_tq2_0(
    source: GGUFFile, path: Path, progress: Callable[[float], None] = lambda fraction: None, threads: int = 1
) -> None:
    """Write the model of ``source`` to ``path`` with every I2_S tensor as TQ2_0 and its F32 ``.scale``, and the
    output matrix (the token embedding, where it is tied) as Q6_K. Raises UserError where a width is not a multiple
    of 256, which both types need, or when the disk refuses.
    """
    writer = GGUFWriter(path)
    for key in source.metadata:
        if key != "general.file_type":
            kind, payload = source.metadata.raw(key)
            writer.add_raw(key, kind, payload)
    writer.add("general.file_type", FILE_TYPE_TQ2_0)
    total, done = sum(info.n_values for info in source.tensors.values()), 0
    head = "output.weight" if "output.weight" in source.tensors else "token_embd.weight"

    def counted(info: TensorInfo, chunks: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        nonlocal done
        yield from chunks
        done += info.n_values
        progress(done / total)

    for name, info in source.tensors.items():
        data = source.data(name)
        if info.type == TensorType.I2_S:
            _check_width(source, info, TQ2_BLOCK)
            scale = data[-I2S_TRAILER:][:4].view("<f4")
            type_, chunks = TensorType.TQ2_0, _tq2_0(data[:-I2S_TRAILER])
            writer.add_tensor(f"{name.removesuffix('.weight')}.scale", (1,), TensorType.F32, scale)
        elif name == head and info.type in _FLOATS:
            _check_width(source, info, _Q6_K_BLOCK)
            cols = info.shape[0]
            type_, chunks = TensorType.Q6_K, _q6_k(data.view(_FLOATS[info.type]).reshape(-1, cols), threads)
        else:
            type_, chunks = info.type, iter((data,))
        writer.add_tensor(name, info.shape, type_, partial(counted, info, chunks))
    writer.write()


def quantize_q6_k(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rows of F32 (rows, a multiple of 256) as llama.cpp's Q6_K bytes."""
    from tern.engine import ggml

    rows, cols = values.shape
    size = n_bytes(TensorType.Q6_K, (cols, rows))
    if size is None:
        raise BugError(f"Q6_K takes rows of a multiple of {_Q6_K_BLOCK} values, not {cols}")
    out = np.empty(size, np.uint8)
    values = np.ascontiguousarray(values, np.float32)
    pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    ggml.load().quantize_chunk(TensorType.Q6_K, pointer, out.ctypes.data, 0, rows, cols, None)
    return out


def _check_width(source: GGUFFile, info: TensorInfo, step: int) -> None:
    if info.shape[0] % step:
        raise UserError(
            "{name} has layers {width} values wide; llama.cpp's ternary kernels need a "
            "multiple of {step}, so there is nothing to compare with.",
            name=source.path.name,
            width=info.shape[0],
            step=step,
        )


def _tq2_0(codes: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """TQ2_0 blocks of I2_S codes: two groups of 32 bytes, then the block's scale, 1.0."""
    one = np.frombuffer(np.float16(1.0).tobytes(), np.uint8)
    for start in range(0, len(codes), _CHUNK_BYTES):
        group = _REVERSED[codes[start : start + _CHUNK_BYTES]].reshape(-1, TQ2_BLOCK_BYTES - 2)
        block = np.empty((len(group), TQ2_BLOCK_BYTES), np.uint8)
        block[:, :-2] = group
        block[:, -2:] = one
        yield block


def _q6_k(rows: NDArray[np.floating], threads: int) -> Iterator[NDArray[np.uint8]]:
    pieces = (rows[start : start + _CHUNK_ROWS] for start in range(0, len(rows), _CHUNK_ROWS))
    with ThreadPoolExecutor(threads) as pool:
        waiting = []
        for piece in pieces:  # a few at a time: the whole head never stands in memory as F32
            waiting.append(pool.submit(quantize_q6_k, piece.astype(np.float32)))
            if len(waiting) > threads:
                yield waiting.pop(0).result()
        for last in waiting:
            yield last.result()
