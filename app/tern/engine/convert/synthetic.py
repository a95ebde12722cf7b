"""Random models in the official layout, for benchmarks before any download and for tests.

Same seed, same weights, whatever the encoding, so that two encodings can be compared. Written in pieces: a
full-size file never stands in memory. The words such a model says mean nothing. Knows no graph; ggml is asked
only to quantize.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tern.engine.convert.recode import FILE_TYPES, quantize_q6_k
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import TensorType, ValueType
from tern.engine.gguf.writer import GGUFWriter
from tern.errors import BugError
from tern.progress import OnProgress, ignore_progress

SyntheticEncoding = Literal["i2_s", "tq2_0"]
EmbeddingType = Literal["f16", "f32", "q6_k"]

_CHUNK_VALUES = 1 << 22  # weights made at a time
_EMBEDDING_STD = 0.05
_EMBEDDING_TYPES = {"f16": TensorType.F16, "f32": TensorType.F32, "q6_k": TensorType.Q6_K}
_NORM_STD = 0.1  # of the norms' weights around 1
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"  # English, frequent first: common syllables get the early merges
_NAMED_SPECIALS = {
    0: "<|begin_of_text|>",
    1: "<|end_of_text|>",
    6: "<|start_header_id|>",
    7: "<|end_header_id|>",
    9: "<|eot_id|>",
}
_NORMAL, _CONTROL = 1, 3
# a random byte to a code 0, 1, 2: 30% minus one, 40% zero, 30% plus one
_CODE_OF_BYTE = np.repeat(np.array([0, 1, 2], np.uint8), [77, 102, 77])
_LIVE_WEIGHTS = 154 / 256
_MINUS_ONE, _ZERO = 0, 1  # codes


@dataclass(frozen=True, slots=True)
class SyntheticShape:
    """Sizes of a network. Widths are multiples of 128 (256 for TQ2_0); ``n_vocab`` is at least 272."""

    n_embd: int
    n_layers: int
    n_ff: int
    n_heads: int
    n_kv_heads: int
    n_vocab: int
    context_size: int = 4096

    @property
    def n_specials(self) -> int:
        """Tokens at the end of the vocabulary that are no text; Llama 3 has 256."""
        return 256 if self.n_vocab >= 1024 else 16


SHAPES = {
    "2b4t": SyntheticShape(n_embd=2560, n_layers=30, n_ff=6912, n_heads=20, n_kv_heads=5, n_vocab=128256),
    "small": SyntheticShape(n_embd=512, n_layers=4, n_ff=1536, n_heads=8, n_kv_heads=2, n_vocab=4096),
    "tiny": SyntheticShape(
        n_embd=256, n_layers=2, n_ff=512, n_heads=4, n_kv_heads=2, n_vocab=512, context_size=512
    ),
}


def write_synthetic(
    path: Path,
    shape: SyntheticShape,
    seed: int = 0,
    encoding: SyntheticEncoding = "i2_s",
    embedding: EmbeddingType = "f16",
    progress: OnProgress = ignore_progress,
    sparsity: float | None = None,
) -> None:
    """Write a random BitNet of ``shape`` to ``path``; ``progress`` is told the fraction done.

    Weights are ternary with about 40% zeros and a scale that keeps the activations' size from layer to layer.
    Half of the gates are negative, so ReLU² makes half of the values before ``down`` zero; with ``sparsity``
    (0.5 to 0.95) about that part of them, token by token in other places. Raises UserError when the disk refuses.
    """
    if sparsity is not None and not 0.5 <= sparsity <= 0.95:
        raise BugError(f"sparsity is 0.5 to 0.95, not {sparsity}")
    writer = GGUFWriter(path)
    _add_metadata(writer, shape, encoding)
    maker = _Maker(writer, shape, seed, encoding, sparsity, progress)
    maker.add_embedding(embedding)
    for layer in range(shape.n_layers):
        maker.add_layer(f"blk.{layer}.")
    maker.add_norm("output_norm.weight", shape.n_embd)
    writer.write()


def file_bytes(shape: SyntheticShape, embedding: EmbeddingType = "f16") -> int:
    """About how large :func:`write_synthetic` makes the file in I2_S, from above."""
    per_value = {"f16": 2.0, "f32": 4.0, "q6_k": 210 / 256}[embedding]
    n_kv = shape.n_embd // shape.n_heads * shape.n_kv_heads
    layer = shape.n_embd * (2 * shape.n_embd + 2 * n_kv + 3 * shape.n_ff)
    norms = 4 * (3 * shape.n_embd + shape.n_ff)
    vocabulary = 64 * shape.n_vocab + (1 << 20)
    embedding_bytes = int(shape.n_vocab * shape.n_embd * per_value)
    return embedding_bytes + shape.n_layers * (layer // 4 + norms) + vocabulary


class _Maker:
    """Adds the tensors. Each draws from its own generator: its values depend on name and seed alone.

    How ``sparsity`` is made: BitNet has no biases, so the first few values of the residual stream are kept constant
    (every embedding has 1 there; nothing adds to them), every gate has -1 for them, and the norm before the gate
    scales them so that they shift the gate, a normal variable otherwise, below 0 as often as wanted.
    """

    def __init__(
        self,
        writer: GGUFWriter,
        shape: SyntheticShape,
        seed: int,
        encoding: SyntheticEncoding,
        sparsity: float | None,
        progress: Callable[[float], None],
    ) -> None:
        self._writer = writer
        self._shape = shape
        self._seed = seed
        self._encoding = encoding
        self._sparsity = sparsity
        self._n_constant = max(1, shape.n_embd // 32) if sparsity is not None else 0
        self._residual = _EMBEDDING_STD**2 + self._n_constant / shape.n_embd  # mean square, layer by layer
        self._progress = progress
        self._total = 0
        self._done = 0

    def add_embedding(self, type_: EmbeddingType) -> None:
        rows, cols = self._shape.n_vocab, self._shape.n_embd
        name = "token_embd.weight"

        def chunks() -> Iterator[NDArray[np.generic]]:
            random = self._random(name)
            for n in self._pieces(rows, cols):
                values = random.standard_normal((n, cols), np.float32)
                values *= np.float32(_EMBEDDING_STD)
                values[:, : self._n_constant] = 1.0
                yield (
                    quantize_q6_k(values)
                    if type_ == "q6_k"
                    else values.astype(f"<{type_[0]}{int(type_[1:]) // 8}")
                )

        self._total += rows * cols
        self._writer.add_tensor(name, (cols, rows), _EMBEDDING_TYPES[type_], chunks)

    def add_layer(self, prefix: str) -> None:
        shape = self._shape
        n_kv = shape.n_embd // shape.n_heads * shape.n_kv_heads
        self.add_norm(f"{prefix}attn_norm.weight", shape.n_embd)
        self._add_linear(f"{prefix}attn_q", shape.n_embd, shape.n_embd)
        self._add_linear(f"{prefix}attn_k", shape.n_embd, n_kv)
        self._add_linear(f"{prefix}attn_v", shape.n_embd, n_kv)
        self.add_norm(f"{prefix}attn_sub_norm.weight", shape.n_embd)
        self._add_linear(f"{prefix}attn_output", shape.n_embd, shape.n_embd, zero_rows=self._n_constant)
        self.add_norm(f"{prefix}ffn_norm.weight", shape.n_embd, self._shift())
        self._add_linear(f"{prefix}ffn_gate", shape.n_embd, shape.n_ff, minus_columns=self._n_constant)
        self._add_linear(f"{prefix}ffn_up", shape.n_embd, shape.n_ff)
        self.add_norm(f"{prefix}ffn_sub_norm.weight", shape.n_ff)
        self._add_linear(f"{prefix}ffn_down", shape.n_ff, shape.n_embd, zero_rows=self._n_constant)

    def _shift(self) -> float:
        """Weight of the constant values in the norm before the gate; the residual's size decides it."""
        if self._sparsity is None:
            return 1.0
        n_random = self._shape.n_embd - self._n_constant
        rms = float(np.sqrt(self._residual))
        random_part = (self._residual * self._shape.n_embd - self._n_constant) / n_random / self._residual
        deviation = np.sqrt(_LIVE_WEIGHTS * n_random * random_part * (1 + _NORM_STD**2))
        return float(NormalDist().inv_cdf(self._sparsity) * deviation / self._n_constant * rms)

    def add_norm(self, name: str, width: int, constant: float = 1.0) -> None:
        values = 1.0 + _NORM_STD * self._random(name).standard_normal(width, np.float32)
        if constant != 1.0:
            values[: self._n_constant] = constant
        self._writer.add_tensor(name, (width,), TensorType.F32, values.astype(np.float32))

    def _add_linear(
        self, name: str, n_in: int, n_out: int, zero_rows: int = 0, minus_columns: int = 0
    ) -> None:
        # Unit variance in gives about unit variance out: 60% of the weights are -1 or +1.
        scale = float((1 + 0.2 * self._random(f"{name}.scale").random()) / np.sqrt(0.6 * n_in))
        tq2_0 = self._encoding == "tq2_0"

        def chunks() -> Iterator[bytes]:
            random = self._random(name)
            row = 0
            for n in self._pieces(n_out, n_in):
                codes = _CODE_OF_BYTE[random.integers(0, 256, (n, n_in), np.uint8)]
                codes[: max(0, zero_rows - row)] = _ZERO
                codes[:, :minus_columns] = _MINUS_ONE
                row += n
                yield ternary_bytes.pack_tq2_0(codes) if tq2_0 else ternary_bytes.pack_codes(codes)
            if not tq2_0:
                yield ternary_bytes.trailer(scale)

        if name.endswith(("attn_output", "ffn_down")):  # what they add to the residual, from a unit input
            added = scale**2 * _LIVE_WEIGHTS * n_in * (1 + _NORM_STD**2)
            self._residual += added * (1 - zero_rows / n_out)
        self._total += n_in * n_out
        type_ = TensorType.TQ2_0 if tq2_0 else TensorType.I2_S
        self._writer.add_tensor(f"{name}.weight", (n_in, n_out), type_, chunks)
        if tq2_0:
            self._writer.add_tensor(f"{name}.scale", (1,), TensorType.F32, np.array([scale], np.float32))

    def _random(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, zlib.crc32(name.encode())])

    def _pieces(self, rows: int, cols: int) -> Iterator[int]:
        """Row counts that together make ``rows``, each a bounded number of values; counts the progress."""
        step = max(1, _CHUNK_VALUES // cols)
        for start in range(0, rows, step):
            n = min(step, rows - start)
            yield n
            self._done += n * cols
            self._progress(self._done / self._total)


def _add_metadata(writer: GGUFWriter, shape: SyntheticShape, encoding: SyntheticEncoding) -> None:
    arch = "bitnet-b1.58"
    first_special = shape.n_vocab - shape.n_specials
    tokens, merges = _vocabulary(shape.n_vocab, shape.n_specials)
    types = np.full(shape.n_vocab, _NORMAL, np.int32)
    types[first_special:] = _CONTROL
    writer.add("general.architecture", arch)
    writer.add("general.name", "Random BitNet")
    writer.add("general.file_type", FILE_TYPES[encoding])
    writer.add("general.quantization_version", 2)
    writer.add(f"{arch}.vocab_size", shape.n_vocab)
    writer.add(f"{arch}.context_length", shape.context_size)
    writer.add(f"{arch}.embedding_length", shape.n_embd)
    writer.add(f"{arch}.block_count", shape.n_layers)
    writer.add(f"{arch}.feed_forward_length", shape.n_ff)
    writer.add(f"{arch}.rope.dimension_count", shape.n_embd // shape.n_heads)
    writer.add(f"{arch}.attention.head_count", shape.n_heads)
    writer.add(f"{arch}.attention.head_count_kv", shape.n_kv_heads)
    writer.add(f"{arch}.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add(f"{arch}.rope.freq_base", 500000.0)
    writer.add("tokenizer.ggml.model", "gpt2")
    writer.add("tokenizer.ggml.tokens", tokens, ValueType.STRING)
    writer.add("tokenizer.ggml.token_type", types)
    writer.add("tokenizer.ggml.merges", merges, ValueType.STRING)
    writer.add("tokenizer.ggml.bos_token_id", first_special)
    writer.add("tokenizer.ggml.eos_token_id", first_special + 1)
    writer.add("tokenizer.ggml.padding_token_id", first_special + 1)
    writer.add("tokenizer.ggml.add_bos_token", True)


def _vocabulary(n_vocab: int, n_specials: int) -> tuple[list[str], list[str]]:
    """Tokens and merges of a byte-level BPE that tokenizes any text.

    The 256 bytes, then letters by twos, threes and fours, each with the merge that makes it, then the special
    tokens with Llama 3's names.
    """
    tokens = list(byte_letters())
    merges: list[str] = []
    wanted = n_vocab - n_specials
    space = tokens[ord(" ")]
    longest = [space, *_LETTERS]
    while len(tokens) < wanted:
        grown = [(stem, letter) for stem in longest for letter in _LETTERS][: wanted - len(tokens)]
        tokens.extend(stem + letter for stem, letter in grown)
        merges.extend(f"{stem} {letter}" for stem, letter in grown)
        longest = tokens[-len(grown) :]
    unnamed = 0
    for index in range(n_specials):
        if index in _NAMED_SPECIALS:
            tokens.append(_NAMED_SPECIALS[index])
        else:
            tokens.append(f"<|reserved_special_token_{unnamed}|>")
            unnamed += 1
    return tokens, merges


def byte_letters() -> list[str]:
    """The printable letter that stands for each byte in a byte-level BPE [GPT-2, bytes_to_unicode].

    Printable Latin-1 stands for itself; the others follow, in order, from U+0100.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    letters: list[str] = []
    others = 0
    for byte in range(256):
        if byte in printable:
            letters.append(chr(byte))
        else:
            letters.append(chr(0x100 + others))
            others += 1
    return letters
