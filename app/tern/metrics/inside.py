"""A BitNet from inside: a piece of its weights, how many are zero, what a token reads; as JSON too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tern.engine.gguf.reader import GGUFFile
from tern.engine.gguf.ternary_bytes import unpack
from tern.engine.gguf.types import TensorType
from tern.engine.types import LayerCounts, Observation
from tern.metrics.roofline import TensorSizes, TokenBytes, token_bytes

TERNARY_BITS = math.log2(3)  # what three values carry


@dataclass(frozen=True, slots=True)
class LayerView:
    """``pixels``: a corner of one layer's weights, -1, 0, +1. ``shares``: of -1, 0, +1 in the whole matrix."""

    name: str
    layer: int
    layers: int
    rows: int
    columns: int
    pixels: NDArray[np.int8]
    shares: tuple[float, float, float]
    file_bits: float  # a weight takes in the file


def layer_view(path: Path, layer: int, part: str, height: int, width: int) -> LayerView | None:
    """Read one matrix, whole: tens of megabytes unpacked, so never on a GUI thread. None where it is not I2_S."""
    with GGUFFile.open(path) as file:
        name = f"blk.{layer}.{part}.weight"
        info = file.tensors.get(name)
        if info is None or info.type is not TensorType.I2_S:
            return None
        columns, rows = info.shape
        codes, _ = unpack(file.data(name), rows, columns)
        layers = sum(each.endswith(f".{part}.weight") for each in file.tensors)
        counts = [int(np.count_nonzero(codes == value)) / codes.size for value in (-1, 0, 1)]
        corner = np.ascontiguousarray(codes[:height, :width], np.int8)
        shares = counts[0], counts[1], counts[2]
        return LayerView(name, layer, layers, rows, columns, corner, shares, 8 * info.n_bytes / info.n_values)


def tensor_sizes(path: Path, packed: frozenset[str]) -> TensorSizes:
    """Sizes of the tensors of the file at ``path``."""
    with GGUFFile.open(path) as file:
        return TensorSizes.of(file.tensors.values(), packed)


def since(now: Observation, before: Observation) -> Observation:
    """What was read between two looks."""
    return Observation(
        tuple(
            LayerCounts(
                a.live_rows - b.live_rows,
                a.total_rows - b.total_rows,
                a.live_columns - b.live_columns,
                a.total_columns - b.total_columns,
            )
            for a, b in zip(now.layers, before.layers, strict=True)
        ),
        now.head_bytes,
        now.packed,
    )


def live_shares(seen: Observation) -> tuple[float | None, float | None]:
    """Of all layers together: live rows of ``up``, live columns of ``down``, 0 to 1."""
    rows, columns = sum(x.total_rows for x in seen.layers), sum(x.total_columns for x in seen.layers)
    return (
        sum(x.live_rows for x in seen.layers) / rows if rows else None,
        sum(x.live_columns for x in seen.layers) / columns if columns else None,
    )


def bytes_read(sizes: TensorSizes, seen: Observation) -> TokenBytes:
    """Bytes of a token, by where they went."""
    rows, columns = live_shares(seen)
    return token_bytes(
        sizes, 1.0 if rows is None else rows, 1.0 if columns is None else columns, seen.head_bytes
    )


def as_json(model: str, seen: Observation, zeros: float | None) -> dict[str, Any]:
    """The measured sparsity of everything decoded since the model was opened."""
    rows, columns = live_shares(seen)
    return {
        "format": "tern-sparsity-1",
        "model": model,
        "live_rows_of_up": rows,
        "live_columns_of_down": columns,
        "zeros_before_down": None if columns is None else 1 - columns,
        "zero_weights_in_the_shown_layer": zeros,
        "layers": [
            {
                "layer": number,
                "live_rows": each.live_rows,
                "rows": each.total_rows,
                "live_columns": each.live_columns,
                "columns": each.total_columns,
            }
            for number, each in enumerate(seen.layers)
        ],
    }
