"""transformers' BitNet b1.58 folders (packed or master weights) become a GGUF file in Microsoft's layout.

Packed: 2-bit codes and a scale, taken as they are. Master weights (BF16): ternarized as training did it, with one
scale a tensor, the mean of the absolute values [BitNet b1.58, absmean; transformers, WeightQuant]. Of one set of
weights both give what I2_S holds. Microsoft's published forms are not quite one set: the packed file has the GGUF's F32
scales rounded to BF16, and the master weights were rounded to BF16 after they had been ternarized, so that about 1% of
the codes differ [an independent comparison of the three files]. Written in pieces: no model stands in memory whole.
Knows no graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tern.engine.convert.safetensors import SafetensorsFolder, StoredTensor
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import TensorType, ValueType
from tern.engine.gguf.writer import GGUFWriter
from tern.errors import UserError
from tern.progress import OnProgress, ignore_progress

ARCH = "bitnet-b1.58"
_FILE_TYPE_I2_S = 40  # general.file_type of the official file
_PRE_TOKENIZER = "llama-bpe"
_NORMAL, _CONTROL, _UNUSED = 1, 3, 5  # llama.cpp's token types
_CHUNK_VALUES = 1 << 22
_LARGEST = (1 << 31) - 1
_LINEARS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_NORMS = {
    "attn_norm": "input_layernorm",
    "attn_sub_norm": "self_attn.attn_sub_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_sub_norm": "mlp.ffn_sub_norm",
}


def write_gguf(folder: Path, path: Path, progress: OnProgress = ignore_progress) -> None:
    """Write the model in ``folder`` (config.json, tokenizer.json, *.safetensors) to ``path`` in the official layout.

    Raises UserError, one sentence, for a folder that is something else.
    """
    source = SafetensorsFolder(folder)
    config = source.json("config.json")
    if config.get("model_type") != "bitnet":
        raise UserError(
            "{folder} holds a model of type {type!r}, not a BitNet b1.58.",
            folder=folder,
            type=config.get("model_type"),
        )
    writer = GGUFWriter(path)
    _describe(writer, config, folder)
    shapes = _shapes(config)
    # Before a list of as many tokens is made.
    source.expect("model.embed_tokens.weight", shapes["token_embd"])
    _add_tokenizer(writer, source.json("tokenizer.json"), config, _number(config, "vocab_size"))
    done, total = 0, sum(len(tensor.data) for tensor in source.tensors.values())

    def counted(tensor: StoredTensor, chunks: Iterator[Any]) -> Iterator[Any]:
        nonlocal done
        yield from chunks
        done += len(tensor.data)
        progress(min(1.0, done / total))

    def add(
        name: str, tensor: StoredTensor, type_: TensorType, shape: tuple[int, ...], chunks: Iterator[Any]
    ) -> None:
        writer.add_tensor(name, shape[::-1], type_, partial(counted, tensor, chunks))

    def add_float(name: str, theirs: str, shape: str, type_: TensorType, dtype: str) -> None:
        tensor = source.expect(theirs, shapes[shape])
        add(name, tensor, type_, tensor.shape, _float_chunks(tensor, dtype))

    add_float("token_embd.weight", "model.embed_tokens.weight", "token_embd", TensorType.F16, "<f2")
    if not config.get("tie_word_embeddings", True) and "lm_head.weight" in source.tensors:
        add_float("output.weight", "lm_head.weight", "token_embd", TensorType.F16, "<f2")
    add_float("output_norm.weight", "model.norm.weight", "attn_norm", TensorType.F32, "<f4")
    inverse = _scales_divide(config)
    for layer in range(_number(config, "num_hidden_layers")):
        ours, theirs = f"blk.{layer}.", f"model.layers.{layer}."
        for name, module in _NORMS.items():
            add_float(f"{ours}{name}.weight", f"{theirs}{module}.weight", name, TensorType.F32, "<f4")
        for name, module in _LINEARS.items():
            rows, cols = shapes[name]
            if cols % ternary_bytes.I2S_GROUP:
                raise UserError(
                    "{folder} has layers {cols} values wide; I2_S needs a multiple of {step}.",
                    folder=folder,
                    cols=cols,
                    step=ternary_bytes.I2S_GROUP,
                )
            tensor = source[f"{theirs}{module}.weight"]
            if tensor.type == "U8":
                source.expect(tensor.name, (rows // 4, cols))
                scale = _scale(source[f"{theirs}{module}.weight_scale"])
                chunks = packed_chunks(tensor.bytes_(), 1 / scale if inverse else scale)
            else:
                chunks = _master_chunks(source.expect(tensor.name, (rows, cols)))
            add(f"{ours}{name}.weight", tensor, TensorType.I2_S, (rows, cols), chunks)
    writer.write()


def ternarize(weights: NDArray[np.float32], mean_abs: float) -> tuple[NDArray[np.uint8], np.float32]:
    """Codes 0, 1, 2 and the scale of master weights whose absolute values have this mean over the whole tensor.

    round_half_even(w * s) clipped to -1..1, s = 1 / max(mean, 1e-5), all in F32; the scale is 1 / s
    [transformers, WeightQuant].
    """
    s = np.float32(1.0) / np.maximum(np.float32(mean_abs), np.float32(1e-5))
    codes = (np.clip(np.rint(weights * s), -1, 1) + 1).astype(np.uint8)
    return codes, np.float32(1.0) / s


def packed_chunks(packed: NDArray[np.uint8], scale: float) -> Iterator[bytes]:
    """I2_S of transformers' packing, a quarter of the rows at a time: row i * rows + r lies in row r at bits 2 * i
    [transformers, integrations/bitnet.py, pack_weights]. Raises UserError at a code 3."""
    for part in range(4):
        codes = (packed >> (2 * part)) & 3
        if codes.size and codes.max() > 2:
            raise UserError(
                "The packed weights hold a code that is not -1, 0 or +1: the file is damaged. Fetch it again."
            )
        yield ternary_bytes.pack_codes(np.ascontiguousarray(codes))
    yield ternary_bytes.trailer(scale)


def _master_chunks(tensor: StoredTensor) -> Iterator[bytes]:
    rows, cols = tensor.shape
    total = 0.0
    for piece in _rows(tensor):
        total += float(np.abs(piece).sum(dtype=np.float64))
    if not np.isfinite(total):
        raise UserError(
            "The tensor {name} holds values that are no numbers. Fetch the folder again.", name=tensor.name
        )
    scale = np.float32(0)
    for piece in _rows(tensor):
        codes, scale = ternarize(piece, total / (rows * cols))
        yield ternary_bytes.pack_codes(codes)
    yield ternary_bytes.trailer(float(scale))


def _rows(tensor: StoredTensor) -> Iterator[NDArray[np.float32]]:
    """The tensor's values as F32, some rows at a time."""
    rows = tensor.shape[0]
    row_bytes = len(tensor.data) // max(rows, 1)
    width = int(np.prod(tensor.shape[1:], dtype=np.int64))
    step = max(1, _CHUNK_VALUES // max(width, 1))
    for start in range(0, rows, step):
        end = min(start + step, rows)
        data = tensor.data[start * row_bytes : end * row_bytes]
        yield StoredTensor(tensor.name, tensor.type, (end - start, *tensor.shape[1:]), data).floats()


def _float_chunks(tensor: StoredTensor, dtype: str) -> Iterator[NDArray[Any]]:
    for piece in _rows(tensor):
        # What F16 cannot hold becomes infinite, in the official file as well.
        with np.errstate(over="ignore"):
            yield piece.astype(dtype)


def _scale(tensor: StoredTensor) -> float:
    """The one scale of a packed tensor."""
    values = tensor.floats().reshape(-1)
    if values.size != 1 or not np.isfinite(values[0]) or values[0] <= 0:
        raise UserError("The scale {name} is not a number above 0. Fetch the folder again.", name=tensor.name)
    return float(values[0])


def _shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """(rows, columns) that each tensor should have."""
    width, ffn = _number(config, "hidden_size"), _number(config, "intermediate_size")
    heads = _number(config, "num_attention_heads")
    keys = width // heads * _number(config, "num_key_value_heads")
    return {
        "token_embd": (_number(config, "vocab_size"), width),
        "attn_q": (width, width),
        "attn_k": (keys, width),
        "attn_v": (keys, width),
        "attn_output": (width, width),
        "ffn_gate": (ffn, width),
        "ffn_up": (ffn, width),
        "ffn_down": (width, ffn),
        "attn_norm": (width,),
        "attn_sub_norm": (width,),
        "ffn_norm": (width,),
        "ffn_sub_norm": (ffn,),
    }


def _scales_divide(config: dict[str, Any]) -> bool:
    """Whether ``weight_scale`` divides the result: transformers' older BitLinear; AutoBitLinear multiplies."""
    quantization = config.get("quantization_config")
    linear = (
        quantization.get("linear_class", "bitlinear") if isinstance(quantization, dict) else "autobitlinear"
    )
    return bool(linear == "bitlinear")


def _describe(writer: GGUFWriter, config: dict[str, Any], folder: Path) -> None:
    heads, width = _number(config, "num_attention_heads"), _number(config, "hidden_size")
    rope = config.get("rope_parameters")
    name = str(config.get("_name_or_path") or folder.name)
    writer.add("general.architecture", ARCH)
    writer.add("general.name", name.encode(errors="replace").decode())
    writer.add("general.file_type", _FILE_TYPE_I2_S)
    writer.add("general.quantization_version", 2)
    writer.add(f"{ARCH}.vocab_size", _number(config, "vocab_size"))
    writer.add(f"{ARCH}.context_length", _number(config, "max_position_embeddings"))
    writer.add(f"{ARCH}.embedding_length", width)
    writer.add(f"{ARCH}.block_count", _number(config, "num_hidden_layers"))
    writer.add(f"{ARCH}.feed_forward_length", _number(config, "intermediate_size"))
    writer.add(f"{ARCH}.rope.dimension_count", width // heads)
    writer.add(f"{ARCH}.attention.head_count", heads)
    writer.add(f"{ARCH}.attention.head_count_kv", _number(config, "num_key_value_heads"))
    writer.add(f"{ARCH}.attention.layer_norm_rms_epsilon", _real(config, "rms_norm_eps", 1e-5))
    theta = _real(rope if isinstance(rope, dict) else {}, "rope_theta", 500000.0)
    writer.add(f"{ARCH}.rope.freq_base", _real(config, "rope_theta", theta))


def _number(config: dict[str, Any], key: str) -> int:
    value = config.get(key)
    if type(value) is not int or not 1 <= value <= _LARGEST:
        raise UserError("The model's config.json has no usable {key}. Fetch it again.", key=key)
    return value


def _real(config: dict[str, Any], key: str, default: float) -> float:
    value = config.get(key, default)
    if type(value) not in (int, float) or not 0 < value <= _LARGEST:
        raise UserError("The model's config.json has no usable {key}. Fetch it again.", key=key)
    return float(value)


def _add_tokenizer(writer: GGUFWriter, tokenizer: dict[str, Any], config: dict[str, Any], size: int) -> None:
    """The vocabulary and merges of a byte-level BPE tokenizer.json, in llama.cpp's keys."""
    try:
        model = tokenizer["model"]
        ids: dict[str, int] = dict(model["vocab"])
        special = {added["content"]: added["id"] for added in tokenizer.get("added_tokens", ())}
        merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
        names = {token: text for text, token in {**ids, **special}.items()}
        if any(type(token) is not int or token < 0 for token in names):
            raise ValueError("a token's number is none")
        "".join((*names.values(), *merges)).encode()  # half a surrogate pair cannot be written
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError("The model's tokenizer.json is not a byte-level BPE. Fetch it again.") from error
    if names and max(names) >= size:
        raise UserError(
            "The model's tokenizer.json has more tokens than the {size:,} of its network.", size=size
        )
    control = set(special.values())
    types = [_UNUSED if n not in names else _CONTROL if n in control else _NORMAL for n in range(size)]
    writer.add("tokenizer.ggml.model", "gpt2")
    writer.add("tokenizer.ggml.pre", _PRE_TOKENIZER)
    writer.add("tokenizer.ggml.tokens", [names.get(n, f"[PAD{n}]") for n in range(size)], ValueType.STRING)
    writer.add("tokenizer.ggml.token_type", types, ValueType.INT32)
    writer.add("tokenizer.ggml.merges", merges, ValueType.STRING)
    for key, name in (("bos_token_id", "bos"), ("eos_token_id", "eos"), ("pad_token_id", "padding")):
        value = config.get(key)
        if isinstance(value, list):
            value = value[0] if value else None
        if type(value) is int and 0 <= value < size:
            writer.add(f"tokenizer.ggml.{name}_token_id", value)
    if "<|eot_id|>" in special:
        writer.add("tokenizer.ggml.eot_token_id", special["<|eot_id|>"])
    writer.add("tokenizer.ggml.add_bos_token", True)
