"""What a BitNet GGUF file says of its network, checked before anything is built from it.

Each name, shape and type of tensor is held against what the graph will read, so that the graph never meets a
surprise. Knows the file (``gguf/``), not ggml.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tern.engine.gguf.reader import GGUFFile, TensorInfo, TensorType
from tern.engine.gguf.values import shown
from tern.errors import Sentence

Activation = Literal["relu2", "silu"]

_RELU2_ARCHITECTURES = ("bitnet-b1.58", "bitnet-25")
ARCHITECTURES = (*_RELU2_ARCHITECTURES, "bitnet")
LINEARS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
WIDTH_STEP = 128  # an I2_S group
MAX_VOCABULARY = 1 << 20
TENSOR_ALIGNMENT = 32  # what ggml and the kernels assume of a tensor's address

_FLOATS = {TensorType.F32, TensorType.F16, TensorType.BF16}
_QUANTS = {TensorType.Q4_0, TensorType.Q4_1, TensorType.Q5_0, TensorType.Q5_1, TensorType.Q8_0}
_K_QUANTS = {TensorType.Q2_K, TensorType.Q3_K, TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K}
_PLAIN_TYPES = _FLOATS | _QUANTS | _K_QUANTS
_LINEAR_TYPES = _PLAIN_TYPES | {TensorType.I2_S, TensorType.TQ1_0, TensorType.TQ2_0}


@dataclass(frozen=True, slots=True)
class BitnetConfig:
    """A BitNet b1.58 network: sizes in values, token ids None where the file has none."""

    arch: str
    name: str
    activation: Activation
    n_layers: int
    n_embd: int
    n_ff: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    n_vocab: int
    context_size: int
    rms_eps: float
    rope_freq_base: float
    tied: bool  # the output matrix is token_embd
    n_params: int
    has_vocabulary: bool
    bos_id: int | None
    eos_id: int | None
    eot_id: int | None
    padding_id: int | None

    @property
    def n_q(self) -> int:
        """Width of the queries and of the attention's output: heads x head_dim."""
        return self.n_heads * self.head_dim

    @property
    def n_kv(self) -> int:
        """Width of the keys and of the values."""
        return self.n_kv_heads * self.head_dim

    @classmethod
    def from_gguf(cls, file: GGUFFile) -> BitnetConfig:
        """Read and check a BitNet file. Raises GGUFError naming the first thing that is wrong."""
        arch = file.get("general.architecture", str)
        if arch not in ARCHITECTURES:
            raise file.error(Sentence("its architecture {arch} is not BitNet's", arch=shown(arch)))
        if file.alignment < TENSOR_ALIGNMENT:
            raise file.error(
                Sentence("its tensors are aligned to less than {size} bytes", size=TENSOR_ALIGNMENT)
            )
        key = _Keys(file, arch)
        n_embd = key.count("embedding_length", 1 << 16, step=WIDTH_STEP)
        n_heads = key.count("attention.head_count", 1024)
        if "attention.key_length" not in key and n_embd % n_heads:
            raise file.error(
                Sentence(
                    "a width of {width} cannot be divided into {heads} heads", width=n_embd, heads=n_heads
                )
            )
        head_dim = key.count("attention.key_length", 1024, default=n_embd // n_heads, step=2)
        n_kv_heads = key.count("attention.head_count_kv", 1024, default=n_heads)
        embedding = _tensor(file, "token_embd.weight", (n_embd, 0), _PLAIN_TYPES)
        n_vocab = embedding.shape[1]
        if n_vocab > MAX_VOCABULARY:
            raise file.error(
                Sentence("its vocabulary of {tokens:,} tokens is larger than any model's", tokens=n_vocab)
            )
        eot = "tokenizer.ggml.eot_token_id"
        config = cls(
            arch=arch,
            name=file.get("general.name", str, ""),
            activation=_activation(file, arch),
            n_layers=key.count("block_count", 1024),
            n_embd=n_embd,
            n_ff=key.count("feed_forward_length", 1 << 18, step=WIDTH_STEP),
            n_heads=n_heads,
            n_kv_heads=n_kv_heads,
            head_dim=head_dim,
            n_vocab=n_vocab,
            context_size=key.count("context_length", 1 << 22),
            rms_eps=key.real("attention.layer_norm_rms_epsilon", 0.1),
            rope_freq_base=key.real("rope.freq_base", 1e12, default=10000.0),
            tied="output.weight" not in file.tensors,
            n_params=sum(info.n_values for name, info in file.tensors.items() if name.endswith(".weight")),
            has_vocabulary="tokenizer.ggml.tokens" in file.metadata,
            bos_id=token_id(file, "tokenizer.ggml.bos_token_id", n_vocab),
            eos_id=token_id(file, "tokenizer.ggml.eos_token_id", n_vocab),
            eot_id=token_id(file, eot, n_vocab) if eot in file.metadata else _find_eot(file),
            padding_id=token_id(file, "tokenizer.ggml.padding_token_id", n_vocab),
        )
        config._check(file, key)
        return config

    def _check(self, file: GGUFFile, key: _Keys) -> None:
        if self.n_heads % self.n_kv_heads:
            raise file.error(
                Sentence(
                    "{heads} heads cannot share {kv_heads} key and value heads",
                    heads=self.n_heads,
                    kv_heads=self.n_kv_heads,
                )
            )
        if self.n_q % WIDTH_STEP:
            raise file.error(
                Sentence(
                    "its attention width {width} is not a multiple of {step}", width=self.n_q, step=WIDTH_STEP
                )
            )
        for name in ("rope.dimension_count", "attention.value_length"):
            if key.count(name, 1024, default=self.head_dim) != self.head_dim:
                raise file.error(
                    Sentence(
                        "its {name} differs from the size of a head, which Tern does not support", name=name
                    )
                )
        if key.count("vocab_size", 1 << 24, default=self.n_vocab) != self.n_vocab:
            raise file.error(
                Sentence(
                    "its vocab_size differs from the {rows:,} rows of token_embd.weight", rows=self.n_vocab
                )
            )
        scaling = file.get(f"{self.arch}.rope.scaling.type", str, "none")
        if scaling != "none":
            raise file.error(
                Sentence(
                    "it uses RoPE scaling ({scaling}), which Tern does not support", scaling=shown(scaling)
                )
            )
        if self.has_vocabulary and len(file.strings("tokenizer.ggml.tokens")) != self.n_vocab:
            raise file.error(Sentence("its vocabulary does not have {rows:,} tokens", rows=self.n_vocab))
        self._check_tensors(file)

    def _check_tensors(self, file: GGUFFile) -> None:
        expected = {"token_embd.weight"}
        f32 = {TensorType.F32}
        if not self.tied:
            _tensor(file, "output.weight", (self.n_embd, self.n_vocab), _PLAIN_TYPES)
            expected.add("output.weight")
        for name, width in self._norms():
            _tensor(file, name, (width,), f32)
            expected.add(name)
        for stem, shape in self._linears():
            info = _tensor(file, f"{stem}.weight", shape, _LINEAR_TYPES)
            expected.add(info.name)
            scale = f"{stem}.scale"
            if scale in file.tensors and info.type is not TensorType.I2_S:  # I2_S has its scale inside
                _tensor(file, scale, (1,), f32)
                expected.add(scale)
        for name in file.tensors:
            if name not in expected:
                raise file.error(
                    Sentence(
                        "it has a tensor {name} that a BitNet of its kind does not have", name=shown(name)
                    )
                )

    def _norms(self) -> Iterator[tuple[str, int]]:
        yield "output_norm.weight", self.n_embd
        for layer in range(self.n_layers):
            yield f"blk.{layer}.attn_norm.weight", self.n_embd
            yield f"blk.{layer}.attn_sub_norm.weight", self.n_q
            yield f"blk.{layer}.ffn_norm.weight", self.n_embd
            yield f"blk.{layer}.ffn_sub_norm.weight", self.n_ff

    def _linears(self) -> Iterator[tuple[str, tuple[int, int]]]:
        shapes = {
            "attn_q": (self.n_embd, self.n_q),
            "attn_k": (self.n_embd, self.n_kv),
            "attn_v": (self.n_embd, self.n_kv),
            "attn_output": (self.n_q, self.n_embd),
            "ffn_gate": (self.n_embd, self.n_ff),
            "ffn_up": (self.n_embd, self.n_ff),
            "ffn_down": (self.n_ff, self.n_embd),
        }
        for layer in range(self.n_layers):
            for name in LINEARS:
                yield f"blk.{layer}.{name}", shapes[name]


class _Keys:
    """The architecture's own keys, each read within its range."""

    def __init__(self, file: GGUFFile, arch: str) -> None:
        self._file = file
        self._arch = arch

    def __contains__(self, name: str) -> bool:
        return f"{self._arch}.{name}" in self._file.metadata

    def count(self, name: str, most: int, *, default: int | None = None, step: int = 1) -> int:
        """A whole number from 1 to ``most``, a multiple of ``step``; required without a ``default``."""
        key = f"{self._arch}.{name}"
        value = self._file.get(key, int) if default is None else self._file.get(key, int, default)
        if not 1 <= value <= most:
            raise self._file.error(
                Sentence(
                    "its {key} is {value:,}; 1 to {most:,} are possible", key=key, value=value, most=most
                )
            )
        if value % step:
            raise self._file.error(
                Sentence(
                    "its {key} is {value:,}, which is not a multiple of {step}",
                    key=key,
                    value=value,
                    step=step,
                )
            )
        return value

    def real(self, name: str, most: float, *, default: float | None = None) -> float:
        """A finite number above 0 and at most ``most``."""
        key = f"{self._arch}.{name}"
        value = self._file.get(key, float) if default is None else self._file.get(key, float, default)
        if not math.isfinite(value) or not 0 < value <= most:
            raise self._file.error(
                Sentence(
                    "its {key} is {value:g}; a number above 0 and up to {most:g} is needed",
                    key=key,
                    value=value,
                    most=most,
                )
            )
        return value


def _activation(file: GGUFFile, arch: str) -> Activation:
    """ReLU² where the name says so or the file does; SiLU for a plain ``bitnet``, as llama.cpp has it."""
    if arch in _RELU2_ARCHITECTURES:
        return "relu2"
    named = file.get(f"{arch}.hidden_activation", str, "silu")
    if named == "relu2":
        return "relu2"
    if named == "silu":
        return "silu"
    raise file.error(Sentence("its activation {value} is neither relu2 nor silu", value=shown(named)))


def _tensor(file: GGUFFile, name: str, shape: tuple[int, ...], types: set[TensorType]) -> TensorInfo:
    """The tensor ``name``, of exactly ``shape`` (0: any size there) and one of ``types``."""
    info = file.tensors.get(name)
    if info is None:
        raise file.error(Sentence("the tensor {name} is missing", name=name))
    actual = info.shape
    while len(actual) > len(shape) and actual[-1] == 1:  # ggml may write trailing dimensions of 1
        actual = actual[:-1]
    fits = len(actual) == len(shape) and all(
        want in (0, have) for want, have in zip(shape, actual, strict=True)
    )
    if not fits:
        raise file.error(
            Sentence(
                "the tensor {name} has the shape {found}, not {wanted}",
                name=name,
                found=_dims(info.shape),
                wanted=_dims(shape),
            )
        )
    if info.type not in types:
        raise file.error(
            Sentence(
                "the tensor {name} is of type {type}, which Tern cannot use there",
                name=name,
                type=info.type.name,
            )
        )
    return info


def _dims(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{size:,}" if size else "any" for size in shape)


def token_id(file: GGUFFile, key: str, n_vocab: int) -> int | None:
    """The token that ``key`` names; None where the file names none. Raises GGUFError where there is no such token."""
    token = file.get(key, int, None)
    if token is not None and not 0 <= token < n_vocab:
        raise file.error(
            Sentence(
                "its {key} is {token:,}, outside its vocabulary of {tokens:,} tokens",
                key=key,
                token=token,
                tokens=n_vocab,
            )
        )
    return token


def _find_eot(file: GGUFFile) -> int | None:
    if "tokenizer.ggml.tokens" not in file.metadata:
        return None
    return file.strings("tokenizer.ggml.tokens").find("<|eot_id|>")
