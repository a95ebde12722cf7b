"""llama.cpp's forms of a model hold the same weights, and the graph runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tern.engine.config import LINEARS
from tern.engine.convert.quantize import FILE_TYPE_TQ2_0, write_tq2_0
from tern.engine.convert.synthetic import SyntheticShape, write_synthetic
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.engine.types import EngineOptions
from tern.errors import UserError
from tern.open_engine import open_model


def test_the_same_weights_in_llama_cpps_types(tmp_path: Path, tiny_model: Path) -> None:
    path = tmp_path / "tq2.gguf"
    told: list[float] = []
    with GGUFFile.open(tiny_model) as source:
        write_tq2_0(source, path, told.append, threads=2)
        with GGUFFile.open(path) as made:
            assert made.get("general.file_type", int) == FILE_TYPE_TQ2_0
            assert list(made.strings("tokenizer.ggml.tokens")) == list(
                source.strings("tokenizer.ggml.tokens")
            )
            for name in (f"blk.{layer}.{linear}" for layer in (0, 1) for linear in LINEARS):
                cols, rows = source.tensors[f"{name}.weight"].shape
                weights, scale = ternary_bytes.unpack(source.data(f"{name}.weight"), rows, cols)
                same, blocks = ternary_bytes.unpack_tq2_0(made.data(f"{name}.weight"), rows, cols)
                assert np.array_equal(weights, same)
                assert np.all(blocks == 1.0)
                assert made.data(f"{name}.scale").view(np.float32)[0] == scale
            assert made.tensors["token_embd.weight"].type == TensorType.Q6_K
            assert np.array_equal(made.data("output_norm.weight"), source.data("output_norm.weight"))
    assert told == sorted(told)
    assert told[-1] == 1.0
    found = []
    for model_path in (tiny_model, path):
        model = open_model(model_path, EngineOptions(threads=1))
        logits = model.eval(np.array([3, 1, 4], np.int32), 0)
        assert logits is not None
        found.append(logits[0].copy())
        model.close()
    # TQ2_0 rounds activations by blocks of 256, Q6_K rounds the head: close, not equal
    assert 0 < np.linalg.norm(found[0] - found[1]) < 0.3 * np.linalg.norm(found[0])


def test_a_width_that_llama_cpp_has_no_kernel_for(tmp_path: Path) -> None:
    shape = SyntheticShape(n_embd=128, n_layers=1, n_ff=128, n_heads=2, n_kv_heads=1, n_vocab=272)
    write_synthetic(tmp_path / "narrow.gguf", shape)
    with (
        GGUFFile.open(tmp_path / "narrow.gguf") as source,
        pytest.raises(UserError, match="128 values wide"),
    ):
        write_tq2_0(source, tmp_path / "out.gguf")
    assert not (tmp_path / "out.gguf").exists()
