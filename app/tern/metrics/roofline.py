"""What one decoded token reads, and what the memory would allow an engine that reads everything. Pure.

bytes a token = attention + gate                       every ternary row, at 2 or (packed) 1.6 bits a weight
              + up x live rows + down x live columns   what ReLU² leaves
              + head                                   as the engine reads it: whole, or in two stages
              + norms and one row of the token embedding
              + KV cache bytes a position x context

dense limit   = bandwidth / (ternary values / 4 + head values x 210 / 256)       (2 bits a weight, Q6_K head)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

from tern.engine.config import LINEARS
from tern.engine.gguf.reader import TensorInfo

Q6_K_BYTES_PER_VALUE = 210 / 256


@dataclass(frozen=True, slots=True)
class TensorSizes:
    """Bytes of a model's tensors by what decode does with them, and two counts of values."""

    attention: int
    gate: int
    up: int
    down: int
    head: int  # the output matrix: its own tensor, or the token embedding
    embedding_row: int
    norms: int
    ternary_values: int
    head_values: int

    @classmethod
    def of(cls, tensors: Iterable[TensorInfo], packed: Collection[str] = ()) -> TensorSizes:
        """Add up the tensors of a BitNet file; those ``packed`` (names without ``.weight``) have five values a byte."""
        sums = dict.fromkeys(("attention", "gate", "up", "down", "norms"), 0)
        ternary = 0
        by_name = {info.name: info for info in tensors}
        for name, info in by_name.items():
            part = name.removesuffix(".weight").removesuffix(".scale").rpartition(".")[2]
            if part in LINEARS:
                n_bytes = info.n_values // 5 if name.removesuffix(".weight") in packed else info.n_bytes
                sums[part.removeprefix("ffn_") if part.startswith("ffn") else "attention"] += n_bytes
                ternary += info.n_values if name.endswith(".weight") else 0
            elif part.endswith("norm"):
                sums["norms"] += info.n_bytes
        embedding = by_name["token_embd.weight"]
        head = by_name.get("output.weight", embedding)
        return cls(
            **sums,
            head=head.n_bytes,
            embedding_row=embedding.n_bytes // embedding.shape[1],
            ternary_values=ternary,
            head_values=head.n_values,
        )

    @property
    def dense_bytes(self) -> float:
        """Bytes a token of an engine that reads each ternary weight at 2 bits and a Q6_K head."""
        return self.ternary_values / 4 + self.head_values * Q6_K_BYTES_PER_VALUE


@dataclass(frozen=True, slots=True)
class TokenBytes:
    """Bytes that decoding one token reads, part by part."""

    attention: float
    gate: float
    up: float
    down: float
    head: float
    other: float  # norms and one row of the token embedding

    @property
    def total(self) -> float:
        layers = self.attention + self.gate + self.up + self.down
        return layers + self.head + self.other

    def as_json(self) -> dict[str, float]:
        """The object of the JSON report, bytes."""
        return {"total": self.total, **asdict(self)}


def token_bytes(
    sizes: TensorSizes,
    live_rows: float = 1.0,
    live_columns: float = 1.0,
    head_bytes: float | None = None,
) -> TokenBytes:
    """Bytes a token, from the live parts (0 to 1) of ``up`` and ``down``; ``head_bytes`` None: the whole head."""
    return TokenBytes(
        attention=sizes.attention,
        gate=sizes.gate,
        up=sizes.up * live_rows,
        down=sizes.down * live_columns,
        head=sizes.head if head_bytes is None else head_bytes,
        other=sizes.norms + sizes.embedding_row,
    )


def dense_limit(sizes: TensorSizes, gigabytes_per_s: float) -> float:
    """Tokens a second that the memory allows an engine which reads everything (Q6_K head)."""
    return gigabytes_per_s * 1e9 / sizes.dense_bytes
