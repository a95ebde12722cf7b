"""BitNet b1.58 in PyTorch, for training: latent full-precision weights, ternary and int8 in every forward pass.

The arithmetic is that of transformers' BitNetForCausalLM [integrations/bitnet.py: WeightQuant, ActQuant]. The
straight-through estimator is written so that the matrix products see exact small integers, which bfloat16 holds
without rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Config:
    """Shape of the network. Widths are multiples of 128, as I2_S wants."""

    vocab: int = 4096
    context: int = 2048
    width: int = 512
    ffn: int = 1536
    layers: int = 12
    heads: int = 8
    kv_heads: int = 4
    rope_theta: float = 10_000.0
    eps: float = 1e-5

    @property
    def head_dim(self) -> int:
        return self.width // self.heads


def ternary(weight: Tensor) -> tuple[Tensor, Tensor]:
    """(codes in {-1, 0, 1}, scale) with scale = mean |weight|: W1.58 absmean quantization."""
    scale = weight.abs().mean().clamp(min=1e-5)
    return (weight / scale).round().clamp(-1, 1), scale


def _through(exact: Tensor, smooth: Tensor) -> Tensor:
    """``exact`` forward, the gradient of ``smooth`` backward."""
    return smooth + (exact - smooth).detach()


def int8(x: Tensor) -> tuple[Tensor, Tensor]:
    """Per-token absmax quantization: (integers in x's shape, their step (..., 1)), straight-through."""
    x = x.float()
    scale = 127.0 / x.detach().abs().amax(dim=-1, keepdim=True).clamp(min=1e-5)
    scaled = x * scale
    return _through(scaled.round().clamp(-128, 127), scaled), 1.0 / scale


class BitLinear(nn.Module):
    """y = (ternary(W) . int8(x)) * step * scale, without bias. Takes x already quantized, to share that work."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * 0.02)

    def forward(self, q: Tensor, step: Tensor, dtype: torch.dtype) -> Tensor:
        codes, scale = ternary(self.weight.detach())
        weight = _through(codes, self.weight / scale)
        return F.linear(q.to(dtype), weight.to(dtype)).float() * (step * scale)


class RMSNorm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


class Block(nn.Module):
    """Attention and feed-forward with sub-norms and squared ReLU."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.c = c
        kv_width = c.kv_heads * c.head_dim
        self.attn_norm, self.attn_sub_norm = RMSNorm(c.width, c.eps), RMSNorm(c.width, c.eps)
        self.ffn_norm, self.ffn_sub_norm = RMSNorm(c.width, c.eps), RMSNorm(c.ffn, c.eps)
        self.attn_q, self.attn_output = BitLinear(c.width, c.width), BitLinear(c.width, c.width)
        self.attn_k, self.attn_v = BitLinear(c.width, kv_width), BitLinear(c.width, kv_width)
        self.ffn_gate, self.ffn_up = BitLinear(c.width, c.ffn), BitLinear(c.width, c.ffn)
        self.ffn_down = BitLinear(c.ffn, c.width)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, dtype: torch.dtype) -> Tensor:
        c, (batch, length, _) = self.c, x.shape
        n, step = int8(self.attn_norm(x))
        q = self.attn_q(n, step, dtype).view(batch, length, c.heads, c.head_dim).transpose(1, 2)
        k = self.attn_k(n, step, dtype).view(batch, length, c.kv_heads, c.head_dim).transpose(1, 2)
        v = self.attn_v(n, step, dtype).view(batch, length, c.kv_heads, c.head_dim).transpose(1, 2)
        q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
        a = F.scaled_dot_product_attention(
            q.to(dtype), k.to(dtype), v.to(dtype), is_causal=True, enable_gqa=True
        )
        a = a.transpose(1, 2).reshape(batch, length, c.width)
        x = x + self.attn_output(*int8(self.attn_sub_norm(a)), dtype)
        n, step = int8(self.ffn_norm(x))
        hidden = F.relu(self.ffn_gate(n, step, dtype)).square() * self.ffn_up(n, step, dtype)
        return x + self.ffn_down(*int8(self.ffn_sub_norm(hidden)), dtype)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """RoPE in NEOX order: pairs (i, i + head_dim / 2)."""
    left, right = x.chunk(2, dim=-1)
    return torch.cat((left * cos - right * sin, right * cos + left * sin), dim=-1)


class Guide(nn.Module):
    """Token ids (batch, length) to logits (batch, length, vocab); input and output embedding are one."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.token_embd = nn.Parameter(torch.randn(config.vocab, config.width) * 0.02)
        self.blk = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.output_norm = RMSNorm(config.width, config.eps)
        half = config.head_dim // 2
        frequency = config.rope_theta ** (-torch.arange(half, dtype=torch.float64) / half)
        angle = torch.outer(torch.arange(config.context, dtype=torch.float64), frequency).float()
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def forward(self, ids: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        x = F.embedding(ids, self.token_embd)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for block in self.blk:
            x = block(x, cos, sin, dtype)
        return F.linear(self.output_norm(x).to(dtype), self.token_embd.to(dtype))


def rounded_embedding(model: Guide) -> None:
    """Round the embedding to float16, as the file holds it."""
    with torch.no_grad():
        model.token_embd.copy_(model.token_embd.half().float())
