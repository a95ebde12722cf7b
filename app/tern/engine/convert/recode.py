"""The same ternary weights in another encoding: I2_S (Microsoft's), TQ2_0 and TQ1_0 (llama.cpp's). Nothing is rounded.

Every file written is read back, unpacked and compared before it gets its name. Also the export that stock llama.cpp
tokenizes rightly, and a BitNet as llama.cpp's users have it, to compare kernels with: there alone the output head is
rounded. Knows files and ggml's quantizer; no graph.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tern.atomic import put_in_place
from tern.engine.config import ARCHITECTURES, BitnetConfig
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import GGUFFile, TensorInfo, TensorType
from tern.engine.gguf.types import n_bytes
from tern.engine.gguf.writer import GGUFWriter
from tern.errors import BugError, UserError
from tern.progress import OnProgress, ignore_progress

Encoding = Literal["i2_s", "tq2_0", "tq1_0"]
ENCODINGS = get_args(Encoding)
_Chunks = Iterator[bytes | NDArray[np.uint8]]

# general.file_type: llama.cpp's numbers, and the official file's
FILE_TYPES: dict[Encoding, int] = {"i2_s": 40, "tq1_0": 36, "tq2_0": 37}
_TYPES: dict[Encoding, TensorType] = {
    "i2_s": TensorType.I2_S,
    "tq2_0": TensorType.TQ2_0,
    "tq1_0": TensorType.TQ1_0,
}
_TERNARY = set(_TYPES.values())
_BLOCK = ternary_bytes.TQ_BLOCK
_BLOCK_BYTES = {
    TensorType.TQ2_0: ternary_bytes.TQ2_BLOCK_BYTES,
    TensorType.TQ1_0: ternary_bytes.TQ1_BLOCK_BYTES,
}
_CHUNK_VALUES = 1 << 22
_FLOATS = {TensorType.F16: "<f2", TensorType.F32: "<f4"}
_HEAD_ROWS = 2048  # of the output head, quantized at a time
# Stock llama.cpp knows a `bitnet`; the prompt that Tern builds itself, as a template for programs that run one
EXPORT_ARCH = "bitnet"
LLAMA = "llama"
# Names that only bitnet.cpp knows, and llama.cpp's for the same [ik_llama.cpp#551]
_PRE_TOKENIZERS = {"falcon_e": "falcon3"}
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | capitalize + ': ' + message['content'] | trim + '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}"
)


def write_recoded(
    source: GGUFFile,
    path: Path,
    encoding: Encoding,
    for_llama_cpp: bool = False,
    progress: OnProgress = ignore_progress,
) -> None:
    """Write the model of ``source`` to ``path`` with its ternary weights in ``encoding``; everything else as it is.

    ``for_llama_cpp`` gives a BitNet llama.cpp's architecture name, the pre-tokenizer's name and the chat template. A
    model of llama's architecture keeps its own, and each ternary tensor's scale beside it, as llama.cpp reads it.
    Raises UserError where the weights cannot be had in that encoding.
    """
    arch = source.get("general.architecture", str)
    if arch not in (*ARCHITECTURES, LLAMA):
        raise UserError(
            "{name} is neither a BitNet nor of llama's architecture: Tern cannot re-encode it.",
            name=source.path.name,
        )
    config = BitnetConfig.from_gguf(source) if arch in ARCHITECTURES else None
    if config is None and (encoding == "i2_s" or for_llama_cpp):
        raise UserError(
            "{name} is of llama's architecture, which runs in TQ2_0 or TQ1_0. Choose one of them.",
            name=source.path.name,
        )
    if not any(info.type in _TERNARY for info in source.tensors.values()):
        raise UserError(
            "{name} holds no ternary tensors, so there is nothing to convert.", name=source.path.name
        )
    temporary = path.with_name(f".{path.name}.converting")
    writer = GGUFWriter(temporary)
    _copy_metadata(writer, source, config, encoding, for_llama_cpp)
    # Half of the work is writing, the other half comparing.
    counted = _counter(source, lambda fraction: progress(0.5 * fraction))
    for name, info in source.tensors.items():
        stem = name.removesuffix(".weight")
        if info.type in _TERNARY:
            if encoding != "i2_s" and info.shape[0] % _BLOCK:
                raise UserError(
                    "{name} has layers {width} values wide; {encoding} needs a multiple of {step}.",
                    name=source.path.name,
                    width=info.shape[0],
                    encoding=encoding.upper(),
                    step=_BLOCK,
                )
            scale = tensor_scale(source, stem)
            chunks = _encode(source, info, encoding, scale)
            writer.add_tensor(name, info.shape, _TYPES[encoding], partial(counted, info, chunks))
            if encoding != "i2_s":
                writer.add_tensor(f"{stem}.scale", (1,), TensorType.F32, np.array([scale], np.float32))
        elif not (name.endswith(".scale") and f"{name.removesuffix('.scale')}.weight" in source.tensors):
            writer.add_tensor(name, info.shape, info.type, partial(counted, info, _whole(source, name)))
    try:
        writer.write()
        with GGUFFile.open(temporary) as written:
            compare(source, written, lambda fraction: progress(0.5 + 0.5 * fraction))
        try:
            put_in_place(temporary, path)
        except OSError as error:
            raise UserError(
                "Tern could not write {path} ({reason}).", path=path, reason=error.strerror
            ) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_tq2_0(
    source: GGUFFile, path: Path, progress: OnProgress = ignore_progress, threads: int = 1
) -> None:
    """Write the BitNet of ``source`` to ``path`` in llama.cpp's own types: every I2_S tensor as TQ2_0 and its F32
    ``.scale``, and the output matrix (the token embedding, where it is tied) as Q6_K, on ``threads`` threads.

    Raises UserError where a width is not a multiple of 256, which both types need, or when the disk refuses.
    """
    writer = GGUFWriter(path)
    _copy_metadata(writer, source, BitnetConfig.from_gguf(source), "tq2_0", for_llama_cpp=False)
    counted = _counter(source, progress)
    head = head_of(source)
    for name, info in source.tensors.items():
        type_, chunks = info.type, _whole(source, name)
        if info.type is TensorType.I2_S:
            _check_width(source, info)
            stem = name.removesuffix(".weight")
            scale = tensor_scale(source, stem)
            type_, chunks = TensorType.TQ2_0, _encode(source, info, "tq2_0", scale)
            writer.add_tensor(f"{stem}.scale", (1,), TensorType.F32, np.array([scale], np.float32))
        elif name == head and info.type in _FLOATS:
            _check_width(source, info)
            rows = source.data(name).view(_FLOATS[info.type]).reshape(-1, info.shape[0])
            type_, chunks = TensorType.Q6_K, _q6_k(rows, threads)
        writer.add_tensor(name, info.shape, type_, partial(counted, info, chunks))
    writer.write()


def _whole(source: GGUFFile, name: str) -> _Chunks:
    yield source.data(name)


def _counter(source: GGUFFile, progress: OnProgress) -> Callable[[TensorInfo, _Chunks], _Chunks]:
    """Hands a tensor's chunks on; when they are through, ``progress`` is told the part of all values that is done."""
    total, done = sum(info.n_values for info in source.tensors.values()), 0

    def counted(info: TensorInfo, chunks: _Chunks) -> _Chunks:
        nonlocal done
        yield from chunks
        done += info.n_values
        progress(done / total)

    return counted


def head_of(source: GGUFFile) -> str:
    """The name of the output matrix: the token embedding, where it is tied."""
    return "output.weight" if "output.weight" in source.tensors else "token_embd.weight"


def compare(first: GGUFFile, second: GGUFFile, progress: OnProgress = ignore_progress, but: str = "") -> None:
    """Unpack every tensor of both files; BugError when a weight, a scale or any other value differs. ``but``: the one
    tensor that may."""
    total, done = sum(info.n_values for info in first.tensors.values()), 0
    for name, info in first.tensors.items():
        if name == but:
            continue
        if info.type in _TERNARY:
            stem, other = name.removesuffix(".weight"), second.tensors.get(name)
            if (
                other is None
                or other.shape != info.shape
                or tensor_scale(first, stem) != tensor_scale(second, stem)
            ):
                raise BugError(f"{name} is not the same in {second.path.name}")
            pairs = zip(weights(first, info), weights(second, other), strict=True)
            same = all(np.array_equal(left, right) for left, right in pairs)
        elif name.endswith(".scale") and f"{name.removesuffix('.scale')}.weight" in first.tensors:
            same = True  # compared with its weights
        else:
            same = name in second.tensors and np.array_equal(first.data(name), second.data(name))
        if not same:
            raise BugError(f"{name} is not the same in {second.path.name}")
        done += info.n_values
        progress(done / total)


def tensor_scale(file: GGUFFile, stem: str) -> float:
    """The scale of a ternary tensor: I2_S's trailer, or the blocks' own (all the same) times ``.scale``."""
    info = file.tensors[f"{stem}.weight"]
    data = file.data(info.name)
    if info.type is TensorType.I2_S:
        return float(ternary_bytes.i2s_scale(data[-ternary_bytes.I2S_TRAILER :]))
    blocks = data.reshape(-1, _BLOCK_BYTES[info.type])[:, -2:].copy().view("<f2")
    # A block of zeros alone has the scale 0 when llama.cpp made it.
    used = np.unique(blocks[blocks != 0]) if (blocks == 0).any() else np.unique(blocks)
    if len(used) > 1:
        raise UserError(
            "{name} has a scale for every block of {tensor}, which I2_S cannot hold without loss. Start "
            "from the model's original file.",
            name=file.path.name,
            tensor=info.name,
        )
    own = float(used[0]) if len(used) else 1.0
    extra = float(file.data(f"{stem}.scale").view("<f4")[0]) if f"{stem}.scale" in file.tensors else 1.0
    return float(np.float32(own) * np.float32(extra))


def weights(file: GGUFFile, info: TensorInfo) -> Iterator[NDArray[np.int8]]:
    """A ternary tensor's weights (rows, cols) in {-1, 0, 1}, some rows at a time (the same for every encoding)."""
    cols = info.shape[0]
    for n, piece in _row_pieces(file, info):
        if info.type is TensorType.I2_S:
            yield ternary_bytes.unpack_codes(piece, n, cols)
        elif info.type is TensorType.TQ2_0:
            yield _without_empty_blocks(*ternary_bytes.unpack_tq2_0(piece, n, cols))
        else:
            yield _without_empty_blocks(*ternary_bytes.unpack_tq1_0(piece, n, cols))


def _row_pieces(file: GGUFFile, info: TensorInfo) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """A ternary tensor's bytes, some rows at a time: how many rows, and theirs."""
    cols, rows = info.shape[0], info.n_values // info.shape[0]
    data = file.data(info.name)
    row_bytes = cols // 4 if info.type is TensorType.I2_S else cols // _BLOCK * _BLOCK_BYTES[info.type]
    step = max(1, _CHUNK_VALUES // cols)
    for start in range(0, rows, step):
        n = min(step, rows - start)
        yield n, data[start * row_bytes : (start + n) * row_bytes]


def _without_empty_blocks(found: NDArray[np.int8], scales: NDArray[np.float16]) -> NDArray[np.int8]:
    """A block whose scale is 0 holds zeros, whatever its codes say."""
    if (scales == 0).any():
        found = np.where(np.repeat(scales == 0, _BLOCK, axis=1), np.int8(0), found)
    return found


def _encode(source: GGUFFile, info: TensorInfo, encoding: Encoding, scale: float) -> _Chunks:
    if info.type is TensorType.I2_S and encoding == "tq2_0":  # nothing need be unpacked
        for _, piece in _row_pieces(source, info):
            yield ternary_bytes.tq2_0_of_i2s(piece)
        return
    for weights_ in weights(source, info):
        codes = (weights_ + 1).astype(np.uint8)
        if encoding == "i2_s":
            yield ternary_bytes.pack_codes(codes)
        elif encoding == "tq2_0":
            yield ternary_bytes.pack_tq2_0(codes)
        else:
            yield ternary_bytes.pack_tq1_0(codes)
    if encoding == "i2_s":
        yield ternary_bytes.trailer(scale)


def quantize_q6_k(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rows of F32 (rows, a multiple of 256) as llama.cpp's Q6_K bytes."""
    from tern.engine import ggml

    rows, cols = values.shape
    size = n_bytes(TensorType.Q6_K, (cols, rows))
    if size is None:
        raise BugError(f"Q6_K takes rows of a multiple of {_BLOCK} values, not {cols}")
    out = np.empty(size, np.uint8)
    values = np.ascontiguousarray(values, np.float32)
    pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    ggml.load().quantize_chunk(TensorType.Q6_K, pointer, out.ctypes.data, 0, rows, cols, None)
    return out


def _q6_k(rows: NDArray[np.floating], threads: int) -> Iterator[NDArray[np.uint8]]:
    pieces = (rows[start : start + _HEAD_ROWS] for start in range(0, len(rows), _HEAD_ROWS))
    with ThreadPoolExecutor(threads) as pool:
        waiting = []
        for piece in pieces:  # a few at a time: the whole head never stands in memory as F32
            waiting.append(pool.submit(quantize_q6_k, piece.astype(np.float32)))
            if len(waiting) > threads:
                yield waiting.pop(0).result()
        for last in waiting:
            yield last.result()


def _check_width(source: GGUFFile, info: TensorInfo) -> None:
    step = _BLOCK
    if info.shape[0] % step:
        raise UserError(
            "{name} has layers {width} values wide; llama.cpp's ternary kernels need a "
            "multiple of {step}, so there is nothing to compare with.",
            name=source.path.name,
            width=info.shape[0],
            step=step,
        )


def _copy_metadata(
    writer: GGUFWriter, source: GGUFFile, config: BitnetConfig | None, encoding: Encoding, for_llama_cpp: bool
) -> None:
    skipped = {"general.file_type"}
    if config is None:
        pre = source.get("tokenizer.ggml.pre", str, "")
        skipped |= {"tokenizer.ggml.pre"} if pre in _PRE_TOKENIZERS else set()
        for key in source.metadata:
            if key not in skipped:
                writer.add_raw(key, *source.metadata.raw(key))
        if pre in _PRE_TOKENIZERS:
            writer.add("tokenizer.ggml.pre", _PRE_TOKENIZERS[pre])
        writer.add("general.file_type", FILE_TYPES[encoding])
        return
    arch = EXPORT_ARCH if for_llama_cpp else config.arch
    if for_llama_cpp:
        writer.add("general.architecture", arch)
        skipped |= {"general.architecture", "tokenizer.ggml.pre", "tokenizer.chat_template"}
        skipped.add(f"{config.arch}.hidden_activation")
    for key in source.metadata:
        if key not in skipped:
            renamed = (
                key.replace(f"{config.arch}.", f"{arch}.", 1) if key.startswith(f"{config.arch}.") else key
            )
            writer.add_raw(renamed, *source.metadata.raw(key))
    writer.add("general.file_type", FILE_TYPES[encoding])
    if for_llama_cpp:
        writer.add(f"{arch}.hidden_activation", config.activation)
        writer.add("tokenizer.ggml.pre", source.get("tokenizer.ggml.pre", str, "llama-bpe"))
        writer.add("tokenizer.chat_template", CHAT_TEMPLATE)
        eot = "tokenizer.ggml.eot_token_id"
        if eot not in source.metadata and config.eot_id is not None:
            writer.add(eot, config.eot_id)
