"""Small random BitNets as GGUF files, the same on every machine: what make_random_nets.py ran through transformers.

numpy's PCG64 and its raw integers are the source, so that no library version changes the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import TensorType
from tern.engine.gguf.writer import GGUFWriter

ARCH = "bitnet-b1.58"
CONTEXT = 64
LOGITS = Path(__file__).parent / "random_nets.npz"


@dataclass(frozen=True, slots=True)
class Net:
    """Shape of one random network, its seed, and the prompt it was given."""

    seed: int
    layers: int
    width: int
    ffn: int
    heads: int
    kv_heads: int
    vocab: int
    tied: bool
    theta: float
    prompt: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"net{self.seed:02d}"


def _nets() -> tuple[Net, ...]:
    shapes = (  # width, ffn, heads, kv heads: head dimensions 32, 64 and 128, from one key head to as many as queries
        (128, 256, 4, 4), (128, 384, 4, 1), (128, 128, 2, 1), (128, 512, 2, 2), (128, 256, 1, 1), (256, 384, 8, 2),
        (256, 512, 8, 4), (256, 640, 4, 1), (256, 768, 4, 2), (256, 256, 2, 1), (384, 512, 12, 4), (384, 896, 6, 2),
        (384, 384, 3, 1), (384, 640, 6, 3), (512, 1024, 8, 2), (512, 768, 4, 1), (512, 1408, 16, 4), (512, 512, 8, 8),
        (640, 1152, 10, 2), (640, 1664, 5, 1), (128, 1024, 4, 2), (256, 1280, 2, 2), (768, 1024, 12, 3),
        (768, 896, 6, 6),
        (384, 1024, 12, 1), (256, 384, 8, 8), (896, 1152, 7, 1), (1024, 1536, 8, 2),
    )  # fmt: skip
    vocabularies = (300, 257, 1000, 512, 777, 384, 333)
    nets = []
    for i, (width, ffn, heads, kv_heads) in enumerate(shapes):
        vocab = vocabularies[i % len(vocabularies)]
        prompt = tuple(int(t) for t in _integers(np.random.PCG64(1000 + i), 1 + i % 4) % vocab)
        theta = 500_000.0 if i % 3 else 10_000.0
        nets.append(
            Net(i, 1 + (i * 7 + i // 4) % 4, width, ffn, heads, kv_heads, vocab, i % 2 == 0, theta, prompt)
        )
    return tuple(nets)


def _integers(source: np.random.PCG64, count: int) -> np.ndarray:
    return source.random_raw(count) >> np.uint64(11)  # 53 bits each


def _uniform(source: np.random.PCG64, *shape: int) -> np.ndarray:
    """Values in [-1, 1)."""
    values = _integers(source, int(np.prod(shape))).astype(np.float64) * 2.0**-52 - 1.0
    return values.reshape(shape)


def write(net: Net, path: Path) -> None:
    """Write the weights of ``net`` as a GGUF file without a vocabulary."""
    source = np.random.PCG64(net.seed)
    writer = GGUFWriter(path)
    kv_width = net.width // net.heads * net.kv_heads
    writer.add("general.architecture", ARCH)
    writer.add("general.name", net.name)
    for key, value in (
        ("vocab_size", net.vocab), ("context_length", CONTEXT),
        ("embedding_length", net.width), ("block_count", net.layers),
        ("feed_forward_length", net.ffn), ("rope.dimension_count", net.width // net.heads),
        ("attention.head_count", net.heads), ("attention.head_count_kv", net.kv_heads),
        ("attention.layer_norm_rms_epsilon", 1e-5), ("rope.freq_base", net.theta),
    ):  # fmt: skip
        writer.add(f"{ARCH}.{key}", value)

    def half(name: str, rows: int) -> None:
        writer.add_tensor(
            name, (net.width, rows), TensorType.F16, _uniform(source, rows, net.width).astype(np.float16)
        )

    def norm(name: str, width: int) -> None:
        writer.add_tensor(
            name, (width,), TensorType.F32, (1.0 + 0.3 * _uniform(source, width)).astype(np.float32)
        )

    def linear(name: str, rows: int, cols: int) -> None:
        codes = (_integers(source, rows * cols) % 3).astype(np.uint8).reshape(rows, cols)
        scale = float(np.float32(0.02 + 0.01 * _uniform(source, 1)[0]))
        writer.add_tensor(name, (cols, rows), TensorType.I2_S, ternary_bytes.pack(codes, scale))

    half("token_embd.weight", net.vocab)
    if not net.tied:
        half("output.weight", net.vocab)
    for layer in range(net.layers):
        block = f"blk.{layer}."
        norm(f"{block}attn_norm.weight", net.width)
        linear(f"{block}attn_q.weight", net.width, net.width)
        linear(f"{block}attn_k.weight", kv_width, net.width)
        linear(f"{block}attn_v.weight", kv_width, net.width)
        norm(f"{block}attn_sub_norm.weight", net.width)
        linear(f"{block}attn_output.weight", net.width, net.width)
        norm(f"{block}ffn_norm.weight", net.width)
        linear(f"{block}ffn_gate.weight", net.ffn, net.width)
        linear(f"{block}ffn_up.weight", net.ffn, net.width)
        norm(f"{block}ffn_sub_norm.weight", net.ffn)
        linear(f"{block}ffn_down.weight", net.width, net.ffn)
    norm("output_norm.weight", net.width)
    writer.write()


NETS = _nets()
