"""A BitNet GGUF as transformers' BitNetForCausalLM in F32: the reference Tern's engine is compared with.

Its linear layers are transformers' own AutoBitLinear ("offline"): ternary weights, activations through ActQuant, then
``weight_scale``. Needs torch and transformers; the tests themselves read only what the makers wrote.
"""

from __future__ import annotations

import os
from pathlib import Path

# ActQuant is decorated with torch.compile; run it as written.
os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")

import numpy as np
import torch
from torch import nn
from transformers import BitNetConfig as BitNetShape
from transformers import BitNetForCausalLM
from transformers.integrations.bitnet import AutoBitLinear, replace_with_bitnet_linear
from transformers.utils.quantization_config import BitNetQuantConfig

from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import GGUFFile, TensorType

ARCH = "bitnet-b1.58"
_LAYER = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_sub_norm": "self_attn.attn_sub_norm",
    "ffn_sub_norm": "mlp.ffn_sub_norm",
}  # fmt: skip


def load(path: Path) -> BitNetForCausalLM:
    """The network of the GGUF file ``path``, every parameter F32, ready to run on the CPU."""
    with GGUFFile.open(path) as file:
        shape = _shape(file)
        model = BitNetForCausalLM(shape).eval()
        quantization = BitNetQuantConfig(linear_class="autobitlinear", quantization_mode="offline")
        model = replace_with_bitnet_linear(model, ["lm_head"], quantization)
        model.to_empty(device="cpu")
        model.model.rotary_emb = type(model.model.rotary_emb)(shape)
        embedding = _floats(file, "token_embd.weight")
        _set(model.model.embed_tokens, embedding)
        _set(model.lm_head, _floats(file, "output.weight") if "output.weight" in file.tensors else embedding)
        _set(model.model.norm, _floats(file, "output_norm.weight"))
        for number, layer in enumerate(model.model.layers):
            for ours, theirs in _LAYER.items():
                module, name = layer.get_submodule(theirs), f"blk.{number}.{ours}.weight"
                if isinstance(module, AutoBitLinear):
                    cols, rows = file.tensors[name].shape
                    weights, scale = ternary_bytes.unpack(file.data(name), rows, cols)
                    module.weight = nn.Parameter(
                        torch.from_numpy(weights.astype(np.float32)), requires_grad=False
                    )
                    module.weight_scale = torch.tensor([float(scale)])
                else:
                    _set(module, _floats(file, name))
    bit_linear = sum(isinstance(module, AutoBitLinear) for module in model.modules())
    if bit_linear != 7 * shape.num_hidden_layers:
        raise RuntimeError(f"{bit_linear} AutoBitLinear layers, expected {7 * shape.num_hidden_layers}")
    if any(tensor.is_meta or tensor.dtype != torch.float32 for tensor in model.parameters()):
        raise RuntimeError("a parameter was not set in F32")
    return model


def _shape(file: GGUFFile) -> BitNetShape:
    def number(key: str) -> int:
        return file.get(f"{ARCH}.{key}", int)

    return BitNetShape(
        vocab_size=number("vocab_size"),
        hidden_size=number("embedding_length"),
        intermediate_size=number("feed_forward_length"),
        num_hidden_layers=number("block_count"),
        num_attention_heads=number("attention.head_count"),
        num_key_value_heads=number("attention.head_count_kv"),
        hidden_act="relu2",
        max_position_embeddings=number("context_length"),
        rms_norm_eps=file.get(f"{ARCH}.attention.layer_norm_rms_epsilon", float),
        rope_parameters={"rope_type": "default", "rope_theta": file.get(f"{ARCH}.rope.freq_base", float)},
        tie_word_embeddings="output.weight" not in file.tensors,
        bos_token_id=None,
        eos_token_id=None,
    )


def _floats(file: GGUFFile, name: str) -> torch.Tensor:
    info = file.tensors[name]
    kind = {TensorType.F32: np.float32, TensorType.F16: np.float16}[info.type]
    values = file.data(name).view(kind).astype(np.float32).reshape(info.shape[::-1])
    return torch.from_numpy(values)


def _set(module: nn.Module, values: torch.Tensor) -> None:
    module.weight = nn.Parameter(values, requires_grad=False)
