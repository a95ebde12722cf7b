"""Tiny random models of other kinds than BitNet, as llama.cpp opens them: a Llama, a Mamba, an LFM2, a BERT, a T5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tern.engine.convert.synthetic import _vocabulary
from tern.engine.gguf.reader import TensorType, ValueType
from tern.engine.gguf.writer import GGUFWriter, Value

CHATML = (
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
N_VOCAB, N_SPECIALS = 512, 16
EMBD, FF, HEADS = 64, 128, 4
INNER, STATE, RANK, CONV = 128, 16, 4, 4  # of Mamba

Shapes = dict[str, tuple[int, ...]]


def llama_shapes(heads: int = HEADS, ff: int = FF) -> Shapes:
    shapes: Shapes = {"output_norm.weight": (EMBD,), "output.weight": (EMBD, N_VOCAB)}
    for layer in ("blk.0", "blk.1"):
        shapes |= {f"{layer}.attn_norm.weight": (EMBD,), f"{layer}.ffn_norm.weight": (EMBD,)}
        shapes |= {f"{layer}.attn_{name}.weight": (EMBD, EMBD) for name in ("q", "k", "v", "output")}
        shapes |= {f"{layer}.ffn_{name}.weight": (EMBD, ff) for name in ("gate", "up")}
        shapes[f"{layer}.ffn_down.weight"] = (ff, EMBD)
    return shapes


def mamba_shapes() -> Shapes:
    shapes: Shapes = {"output_norm.weight": (EMBD,), "output.weight": (EMBD, N_VOCAB)}
    for layer in ("blk.0", "blk.1"):
        shapes |= {
            f"{layer}.attn_norm.weight": (EMBD,),
            f"{layer}.ssm_in.weight": (EMBD, 2 * INNER),
            f"{layer}.ssm_conv1d.weight": (CONV, INNER),
            f"{layer}.ssm_conv1d.bias": (INNER,),
            f"{layer}.ssm_x.weight": (INNER, RANK + 2 * STATE),
            f"{layer}.ssm_dt.weight": (RANK, INNER),
            f"{layer}.ssm_dt.bias": (INNER,),
            f"{layer}.ssm_a": (STATE, INNER),
            f"{layer}.ssm_d": (INNER,),
            f"{layer}.ssm_out.weight": (INNER, EMBD),
        }
    return shapes


def lfm2_shapes() -> Shapes:
    shapes: Shapes = {"token_embd_norm.weight": (EMBD,)}
    for index, attends in enumerate((False, True)):
        layer = f"blk.{index}"
        shapes |= {f"{layer}.attn_norm.weight": (EMBD,), f"{layer}.ffn_norm.weight": (EMBD,)}
        shapes |= {f"{layer}.ffn_{name}.weight": (EMBD, FF) for name in ("gate", "up")}
        shapes[f"{layer}.ffn_down.weight"] = (FF, EMBD)
        if attends:
            shapes |= {f"{layer}.attn_{name}.weight": (EMBD, EMBD) for name in ("q", "k", "v", "output")}
            shapes |= {f"{layer}.attn_{name}_norm.weight": (EMBD // HEADS,) for name in ("q", "k")}
        else:
            shapes[f"{layer}.shortconv.conv.weight"] = (3, EMBD)
            shapes[f"{layer}.shortconv.in_proj.weight"] = (EMBD, 3 * EMBD)
            shapes[f"{layer}.shortconv.out_proj.weight"] = (EMBD, EMBD)
    return shapes


_OWN_KEYS: dict[str, dict[str, Value]] = {
    "llama": {"rope.dimension_count": EMBD // HEADS},
    "mamba": {
        "feed_forward_length": 0,
        "attention.head_count": 0,
        "ssm.conv_kernel": CONV,
        "ssm.inner_size": INNER,
        "ssm.state_size": STATE,
        "ssm.time_step_rank": RANK,
    },
    "lfm2": {"attention.head_count_kv": np.array([0, HEADS], np.int32), "shortconv.l_cache": 3},
}
_SHAPES = {"mamba": mamba_shapes, "lfm2": lfm2_shapes}


def write_foreign(
    path: Path,
    arch: str = "llama",
    *,
    pre: str = "llama-bpe",
    template: str | None = CHATML,
    context: int = 2048,
    change: Mapping[str, Value | None] | None = None,
    tokens: Sequence[str] | None = None,
    seed: int = 0,
) -> Path:
    """Write a model of the architecture ``arch`` to ``path``. ``change``: keys to set otherwise, None to leave out;
    ``tokens`` in place of the synthetic vocabulary's."""
    words, merges = _vocabulary(N_VOCAB, N_SPECIALS)
    types = np.ones(N_VOCAB, np.int32)
    types[-N_SPECIALS:] = 3
    keys: dict[str, Value | None] = {
        "general.architecture": arch,
        "general.name": f"Tiny {arch}",
        f"{arch}.context_length": context,
        f"{arch}.embedding_length": EMBD,
        f"{arch}.feed_forward_length": FF,
        f"{arch}.attention.head_count": HEADS,
        f"{arch}.block_count": 2,
        f"{arch}.attention.layer_norm_rms_epsilon": 1e-5,
        f"{arch}.vocab_size": N_VOCAB,
        **{f"{arch}.{key}": value for key, value in _OWN_KEYS.get(arch, {}).items()},
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": list(tokens or words),
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.token_type": types,
        "tokenizer.ggml.bos_token_id": N_VOCAB - N_SPECIALS,
        "tokenizer.ggml.eos_token_id": N_VOCAB - N_SPECIALS + 1,
        "tokenizer.chat_template": template,
        **(change or {}),
    }
    writer = GGUFWriter(path)
    for key, value in keys.items():
        if value is not None:
            strings = isinstance(value, list) and (not value or isinstance(value[0], str))
            writer.add(key, value, ValueType.STRING if strings else None)
    random = np.random.default_rng(seed)
    shapes = {"token_embd.weight": (EMBD, N_VOCAB), **_SHAPES.get(arch, llama_shapes)()}
    for name, shape in shapes.items():
        values = random.standard_normal(shape[::-1], np.float32) * np.float32(0.3)
        if name.endswith("norm.weight") or name.endswith("ssm_d"):
            values = np.ones(shape[::-1], np.float32)
        elif name.endswith("ssm_a"):
            values = -np.abs(values) - np.float32(0.1)
        writer.add_tensor(name, shape, TensorType.F32, values)
    writer.write()
    return path
