"""Ternary models of llama's architecture in I2_S, through llama.cpp: the very weights, by what stock llama.cpp computes
with the same ones in F32; and the two types that newer ternary files are in.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tern.engine import ggml
from tern.engine.convert import recode, tq2_copy
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.engine.gguf.types import BLOCKS
from tern.engine.gguf.writer import GGUFWriter
from tern.engine.types import EngineOptions, Message, Request, SamplingParams
from tern.errors import UserError
from tern.open_engine import open_any_engine

pytestmark = pytest.mark.slow

TOKENS = [1, 5, 9, 33, 70]


def llama_model(tiny: Path, out: Path, kind: str, pre: str = "falcon_e") -> Path:
    """The weights of ``tiny`` as a model of llama's architecture: in I2_S, or the same numbers as F32."""
    writer = GGUFWriter(out)
    with GGUFFile.open(tiny) as source:
        arch = source.get("general.architecture", str)
        writer.add("general.architecture", "llama")
        for key in source.metadata:
            if key not in ("general.architecture", "general.file_type", "tokenizer.ggml.pre"):
                writer.add_raw(key.replace(f"{arch}.", "llama.", 1), *source.metadata.raw(key))
        writer.add("tokenizer.ggml.pre", pre)
        for name, info in source.tensors.items():
            if "sub_norm" in name:
                continue
            if info.type is TensorType.I2_S and kind != "i2_s":
                cols, rows = info.shape
                weights, scale = ternary_bytes.unpack(source.data(name), rows, cols)
                values = weights.astype(np.float32) * np.float32(np.float16(scale))
                type_ = TensorType[kind.upper()]
                writer.add_tensor(
                    name, info.shape, type_, values if kind == "f32" else quantized(values, type_)
                )
            else:
                writer.add_tensor(name, info.shape, info.type, source.data(name).copy())
    writer.write()
    return out


def quantized(values: Any, type_: TensorType) -> Any:
    """As ggml itself writes it."""
    rows, cols = values.shape
    block, size = BLOCKS[type_]
    out = np.empty(rows * cols // block * size, np.uint8)
    pointer = np.ascontiguousarray(values).ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    ggml.load().quantize_chunk(type_, pointer, out.ctypes.data, 0, rows, cols, None)
    return out


def logits(path: Path) -> Any:
    import llama_cpp

    llama = llama_cpp.Llama(str(path), n_ctx=64, verbose=False, logits_all=True, n_threads=1)
    try:
        llama.eval(TOKENS)
        return np.array(llama.scores[: len(TOKENS)]).copy()
    finally:
        llama.close()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("for_llama") / "tiny.gguf"
    write_synthetic(path, SHAPES["tiny"])
    return path


def test_i2_s_of_llamas_architecture_runs_with_its_very_weights(tiny: Path, tmp_path: Path) -> None:
    model = llama_model(tiny, tmp_path / "falcon.gguf", "i2_s")
    told: list[float] = []
    opened = tq2_copy.openable(model, tmp_path, told.append)
    assert opened != model
    assert told[-1] == pytest.approx(1)
    with GGUFFile.open(model) as source, GGUFFile.open(opened) as copy:
        recode.compare(source, copy)
        assert copy.get("tokenizer.ggml.pre", str) == "falcon3"
    exact = logits(llama_model(tiny, tmp_path / "f32.gguf", "f32", "falcon3"))
    found = logits(opened)
    error = np.abs(found - exact).max() / np.abs(exact).max()
    assert error < 0.05  # llama.cpp rounds the activations of TQ2_0 to int8, those of F32 not at all
    without = llama_model(tiny, tmp_path / "again.gguf", "i2_s", "falcon3")
    with GGUFFile.open(without) as source:
        scale = recode.tensor_scale(source, "blk.0.attn_q")
        assert scale != 1.0  # ... so that a scale left out would be seen
    assert tq2_copy.openable(model, tmp_path) == opened  # made once
    model.unlink()
    tq2_copy.openable(without, tmp_path)
    assert not opened.exists()  # of a file that is gone


def test_q2_0_of_ternary_bonsai_runs(tiny: Path, tmp_path: Path) -> None:
    """Groups of 64 with a scale each, as the newer files have it: the same text as the same numbers in F32 give."""
    exact = logits(llama_model(tiny, tmp_path / "f32.gguf", "f32", "falcon3"))
    model = llama_model(tiny, tmp_path / "q2.gguf", "q2_0", "falcon3")
    assert tq2_copy.openable(model, tmp_path) == model
    found = logits(model)
    assert np.abs(found - exact).max() / np.abs(exact).max() < 0.05
    engine = open_any_engine(model, EngineOptions(threads=1))
    engine.close()


def test_it_chats_through_the_one_door(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = llama_model(tiny, tmp_path / "falcon.gguf", "i2_s")
    engine = open_any_engine(model, EngineOptions(threads=1))
    try:
        assert (engine.info.kernel, engine.info.path) == ("llama.cpp", model)
        chunks = list(engine.generate(Request([Message("user", "Hi")], SamplingParams(temperature=0.0), 5)))
        assert chunks[-1].stats.tokens > 0
    finally:
        engine.close()


def test_what_cannot_be_re_encoded(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = llama_model(tiny, tmp_path / "falcon.gguf", "i2_s")
    with GGUFFile.open(model) as source:
        with pytest.raises(UserError, match="runs in TQ2_0"):
            recode.write_recoded(source, tmp_path / "x.gguf", "i2_s")
        monkeypatch.setattr(tq2_copy, "_SPARE", 1 << 60)
        with pytest.raises(UserError, match="re-encoded once"):
            tq2_copy.openable(model, tmp_path)
    other = tmp_path / "other.gguf"
    other.write_bytes(model.read_bytes().replace(b"llama", b"lambo"))
    with GGUFFile.open(other) as source, pytest.raises(UserError, match="neither a BitNet nor"):
        recode.write_recoded(source, tmp_path / "x.gguf", "tq2_0")


@pytest.mark.parametrize("kind", ["Q1_0", "Q2_0", "TQ2_0", "TQ1_0", "NVFP4", "MXFP4", "Q4_0", "Q6_K"])
def test_block_sizes_are_ggmls(kind: str) -> None:
    library = ggml.library("ggml-base")
    library.ggml_type_size.restype = ctypes.c_size_t
    library.ggml_blck_size.restype = ctypes.c_int64
    type_ = TensorType[kind]
    assert BLOCKS[type_] == (library.ggml_blck_size(int(type_)), library.ggml_type_size(int(type_)))
