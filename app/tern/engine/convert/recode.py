"""The same ternary weights in another encoding: I2_S (Microsoft's), TQ2_0 and TQ1_0 (llama.cpp's). Nothing is rounded.

Every file written is read back, unpacked and compared before it gets its name. Also the export that stock llama.cpp
tokenizes rightly. Knows files; no graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tern.engine.config import ARCHITECTURES, BitnetConfig
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import GGUFFile, TensorInfo, TensorType
from tern.engine.gguf.writer import GGUFWriter
from tern.errors import BugError, UserError

Encoding = Literal["i2_s", "tq2_0", "tq1_0"]
ENCODINGS = get_args(Encoding)
Progress = Callable[[float], None]

# general.file_type: llama.cpp's numbers, and the official file's
_FILE_TYPES: dict[Encoding, int] = {"i2_s": 40, "tq1_0": 36, "tq2_0": 37}
_TYPES: dict[Encoding, TensorType] = {
    "i2_s": TensorType.I2_S,
    "tq2_0": TensorType.TQ2_0,
    "tq1_0": TensorType.TQ1_0,
}
_TERNARY = set(_TYPES.values())
_BLOCK, _TQ1_BYTES = 256, 54
_CHUNK_VALUES = 1 << 22
_POW3 = np.array([1, 3, 9, 27, 81], np.uint8)
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
    progress: Progress = lambda f: None,
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
    total = 2 * sum(info.n_values for info in source.tensors.values())  # written, then compared
    done = 0

    def counted(
        info: TensorInfo, chunks: Iterator[bytes | NDArray[np.uint8]]
    ) -> Iterator[bytes | NDArray[np.uint8]]:
        nonlocal done
        yield from chunks
        done += info.n_values
        progress(done / total)

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
            whole = iter((source.data(name),))
            writer.add_tensor(name, info.shape, info.type, partial(counted, info, whole))
    try:
        writer.write()
        with GGUFFile.open(temporary) as written:
            compare(source, written, lambda fraction: progress(0.5 + 0.5 * fraction))
        try:
            temporary.replace(path)
        except OSError as error:
            raise UserError(
                "Tern could not write {path} ({reason}).", path=path, reason=error.strerror
            ) from error
    finally:
        temporary.unlink(missing_ok=True)


def compare(first: GGUFFile, second: GGUFFile, progress: Progress = lambda fraction: None) -> None:
    """Unpack every tensor of both files; BugError when a weight, a scale or any other value differs."""
    total, done = sum(info.n_values for info in first.tensors.values()), 0
    for name, info in first.tensors.items():
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
        return float(data[-ternary_bytes.I2S_TRAILER :][:4].view("<f4")[0])
    size = ternary_bytes.TQ2_BLOCK_BYTES if info.type is TensorType.TQ2_0 else _TQ1_BYTES
    blocks = data.reshape(-1, size)[:, -2:].copy().view("<f2")
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
    cols, rows = info.shape[0], info.n_values // info.shape[0]
    data = file.data(info.name)
    if info.type is TensorType.I2_S:
        row_bytes = cols // 4
    else:
        row_bytes = (
            cols // _BLOCK * (ternary_bytes.TQ2_BLOCK_BYTES if info.type is TensorType.TQ2_0 else _TQ1_BYTES)
        )
    step = max(1, _CHUNK_VALUES // cols)
    for start in range(0, rows, step):
        n = min(step, rows - start)
        piece = data[start * row_bytes : (start + n) * row_bytes]
        if info.type is TensorType.I2_S:
            whole = np.concatenate([piece, np.zeros(ternary_bytes.I2S_TRAILER, np.uint8)])
            yield ternary_bytes.unpack(whole, n, cols)[0]
        elif info.type is TensorType.TQ2_0:
            found, scales = ternary_bytes.unpack_tq2_0(piece, n, cols)
            yield _without_empty_blocks(found, scales)
        else:
            found, scales = unpack_tq1_0(piece, n, cols)
            yield _without_empty_blocks(found, scales)


def pack_tq1_0(codes: NDArray[np.uint8]) -> bytes:
    """TQ1_0 bytes of ``codes`` (rows, cols), cols a multiple of 256, each block's scale 1.0.

    Five codes a byte as a fraction in base 3, scaled to 256: of the first 160 values of a block, value 32 * n + m is
    digit n of byte m; of the next 80, value 16 * n + m that of byte 32 + m; of the last 16, value 4 * n + m that of
    byte 48 + m, whose fifth digit is 0 [ggml-quants.c, quantize_row_tq1_0_ref].
    """
    block = codes.reshape(-1, _BLOCK).astype(np.uint16)
    out = np.empty((len(block), _TQ1_BYTES), np.uint8)
    for start, end, width, at in ((0, 160, 32, 0), (160, 240, 16, 32), (240, 256, 4, 48)):
        digits = block[:, start:end].reshape(len(block), -1, width)
        value: NDArray[Any] = np.zeros((len(block), width), np.uint16)
        for n in range(5):
            value = value * 3 + (digits[:, n] if n < digits.shape[1] else 0)
        out[:, at : at + width] = (value.astype(np.uint32) * 256 + 242) // 243
    out[:, -2:] = np.frombuffer(np.float16(1.0).tobytes(), np.uint8)
    return out.tobytes()


def unpack_tq1_0(
    data: NDArray[np.uint8], rows: int, cols: int
) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Weights (rows, cols) in {-1, 0, 1} and block scales (rows, cols / 256); the inverse of :func:`pack_tq1_0`."""
    if cols % _BLOCK or data.size != rows * cols // _BLOCK * _TQ1_BYTES:
        raise UserError(
            "A TQ1_0 tensor of {rows} x {cols} weights cannot have {size} bytes.",
            rows=rows,
            cols=cols,
            size=data.size,
        )
    block = data.reshape(-1, _TQ1_BYTES)
    found = np.empty((len(block), _BLOCK), np.int8)
    for start, end, width, at in ((0, 160, 32, 0), (160, 240, 16, 32), (240, 256, 4, 48)):
        packed = block[:, at : at + width]
        for n in range((end - start) // width):
            digit = (packed * _POW3[n]).astype(
                np.uint16
            ) * 3 >> 8  # the product wraps at 256: that drops digits
            found[:, start + n * width : start + (n + 1) * width] = digit.astype(np.int8) - 1
    scales = block[:, -2:].copy().view("<f2").reshape(rows, cols // _BLOCK)
    return found.reshape(rows, cols), scales.astype(np.float16)


def _without_empty_blocks(found: NDArray[np.int8], scales: NDArray[np.float16]) -> NDArray[np.int8]:
    """A block whose scale is 0 holds zeros, whatever its codes say."""
    if (scales == 0).any():
        found = np.where(np.repeat(scales == 0, _BLOCK, axis=1), np.int8(0), found)
    return found


def _encode(source: GGUFFile, info: TensorInfo, encoding: Encoding, scale: float) -> Iterator[bytes]:
    for piece in weights(source, info):
        codes = (piece + 1).astype(np.uint8)
        if encoding == "i2_s":
            yield ternary_bytes.pack_codes(codes)
        else:
            yield ternary_bytes.pack_tq2_0(codes) if encoding == "tq2_0" else pack_tq1_0(codes)
    if encoding == "i2_s":
        yield ternary_bytes.trailer(scale)


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
        writer.add("general.file_type", _FILE_TYPES[encoding])
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
    writer.add("general.file_type", _FILE_TYPES[encoding])
    if for_llama_cpp:
        writer.add(f"{arch}.hidden_activation", config.activation)
        writer.add("tokenizer.ggml.pre", source.get("tokenizer.ggml.pre", str, "llama-bpe"))
        writer.add("tokenizer.chat_template", CHAT_TEMPLATE)
        eot = "tokenizer.ggml.eot_token_id"
        if eot not in source.metadata and config.eot_id is not None:
            writer.add(eot, config.eot_id)
