"""Writes the trained guide as a GGUF file in the layout of Microsoft's official BitNet file, with Tern's own writer.

python -m guide_recipe.export --model FOLDER --tokenizer FILE --out FILE
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from guide_recipe import checkpoint
from guide_recipe.vocabulary import SPECIALS
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import TensorType, ValueType
from tern.engine.gguf.writer import GGUFWriter

MAX_BYTES = 16 << 20
ARCH = "bitnet-b1.58"
NORMAL, CONTROL = 1, 3  # llama.cpp's token types
MOSTLY_I2_S = 40  # general.file_type of the official file
_LINEAR = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
_NORMS = ("attn_norm", "attn_sub_norm", "ffn_norm", "ffn_sub_norm")


def export(model: Path, tokenizer: Path, out: Path) -> None:
    """Read guide.npz of the folder ``model`` and the ``tokenizer`` JSON; write the GGUF ``out``, at most 16 MiB."""
    arrays = checkpoint.load(model)
    config = json.loads(str(arrays["config"]))
    writer = GGUFWriter(out)
    _describe(writer, config)
    _add_tokenizer(writer, json.loads(tokenizer.read_text(encoding="utf-8")), config["vocab"])
    embedding = arrays["token_embd.weight"]
    writer.add_tensor("token_embd.weight", embedding.shape[::-1], TensorType.F16, embedding)
    for layer in range(config["layers"]):
        for name in _LINEAR:
            full = f"blk.{layer}.{name}"
            codes = checkpoint.codes_of(arrays, full)
            data = ternary_bytes.pack(codes, float(arrays[f"{full}.scale"]))
            writer.add_tensor(f"{full}.weight", codes.shape[::-1], TensorType.I2_S, data)
        for name in _NORMS:
            _add_norm(writer, f"blk.{layer}.{name}.weight", arrays)
    _add_norm(writer, "output_norm.weight", arrays)
    out.parent.mkdir(parents=True, exist_ok=True)
    writer.write()
    if out.stat().st_size > MAX_BYTES:
        raise ValueError(f"{out} has {out.stat().st_size} bytes, more than {MAX_BYTES}")


def _add_norm(writer: GGUFWriter, name: str, arrays: dict[str, np.ndarray]) -> None:
    weight = arrays[name].astype(np.float32)
    writer.add_tensor(name, weight.shape, TensorType.F32, weight)


def _describe(writer: GGUFWriter, config: dict[str, int | float]) -> None:
    writer.add("general.architecture", ARCH)
    writer.add("general.name", "Tern guide")
    writer.add(
        "general.description", "A tiny ternary demonstration model; the real model is BitNet b1.58 2B4T."
    )
    writer.add("general.license", "mit")
    writer.add("general.file_type", MOSTLY_I2_S)
    writer.add("general.quantization_version", 2)
    writer.add(f"{ARCH}.vocab_size", config["vocab"])
    writer.add(f"{ARCH}.context_length", config["context"])
    writer.add(f"{ARCH}.embedding_length", config["width"])
    writer.add(f"{ARCH}.block_count", config["layers"])
    writer.add(f"{ARCH}.feed_forward_length", config["ffn"])
    writer.add(f"{ARCH}.rope.dimension_count", int(config["width"] // config["heads"]))
    writer.add(f"{ARCH}.attention.head_count", config["heads"])
    writer.add(f"{ARCH}.attention.head_count_kv", config["kv_heads"])
    writer.add(f"{ARCH}.attention.layer_norm_rms_epsilon", float(config["eps"]))
    writer.add(f"{ARCH}.rope.freq_base", float(config["rope_theta"]))


def _add_tokenizer(writer: GGUFWriter, tokenizer: dict[str, dict[str, object]], size: int) -> None:
    vocab: dict[str, int] = dict(tokenizer["model"]["vocab"])  # type: ignore[call-overload]
    for added in tokenizer["added_tokens"]:
        vocab[added["content"]] = added["id"]  # type: ignore[index]
    tokens = sorted(vocab, key=vocab.__getitem__)
    if [vocab[token] for token in tokens] != list(range(size)):
        raise ValueError(f"the vocabulary has not the ids 0 to {size - 1}")
    merges = [" ".join(pair) for pair in tokenizer["model"]["merges"]]  # type: ignore[attr-defined]
    bos, eos, eot = (vocab[text] for text in SPECIALS)
    writer.add("tokenizer.ggml.model", "gpt2")
    writer.add("tokenizer.ggml.pre", "llama-bpe")
    writer.add("tokenizer.ggml.tokens", tokens)
    writer.add(
        "tokenizer.ggml.token_type",
        [CONTROL if token in SPECIALS else NORMAL for token in tokens],
        ValueType.INT32,
    )
    writer.add("tokenizer.ggml.merges", merges)
    writer.add("tokenizer.ggml.bos_token_id", bos)
    writer.add("tokenizer.ggml.eos_token_id", eos)
    writer.add("tokenizer.ggml.eot_token_id", eot)
    writer.add("tokenizer.ggml.padding_token_id", eos)
    writer.add("tokenizer.ggml.add_bos_token", True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder with guide.npz")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    export(args.model, args.tokenizer, args.out)
    print(f"{args.out}: {args.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
