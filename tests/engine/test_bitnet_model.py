"""The graph: the same numbers whatever the chunking, the thread count, the kernel and the file's encoding."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tern.engine import ggml
from tern.engine.bitnet_engine import BitnetEngine
from tern.engine.convert.synthetic import SyntheticShape, write_synthetic
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.engine.gguf.writer import GGUFWriter
from tern.engine.kernels import loader
from tern.engine.types import EngineOptions, KVType
from tern.errors import BugError, UserError
from tern.open_engine import open_engine

pytestmark = pytest.mark.slow

Logits = NDArray[np.float32]


def run(engine: BitnetEngine, tokens: NDArray[np.int32], past: int = 0) -> Logits:
    logits = engine.model.eval(tokens, past, all_logits=True)
    assert logits is not None
    return logits.copy()


def relative(a: Logits, b: Logits) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def some_tokens(count: int, seed: int = 0) -> NDArray[np.int32]:
    return np.random.default_rng(seed).integers(0, 400, count).astype(np.int32)


@pytest.mark.parametrize("chunks", [(7, 6), (1, 12), (12, 1), (4, 4, 5)])
def test_chunks_change_nothing(tiny: BitnetEngine, chunks: tuple[int, ...]) -> None:
    tokens = some_tokens(13)
    whole = run(tiny, tokens)
    parts, past = [], 0
    for size in chunks:
        parts.append(run(tiny, tokens[past : past + size], past))
        past += size
    assert relative(np.concatenate(parts), whole) < 1e-5


def test_a_chunk_across_cache_steps_equals_single_tokens(tiny: BitnetEngine) -> None:
    tokens = some_tokens(270)
    whole = run(tiny, tokens)
    last = run(tiny, tokens[-20:], 250)
    assert relative(last, whole[-20:]) < 1e-5


def test_the_last_tokens_logits_are_the_whole_ones(small: BitnetEngine) -> None:
    tokens = some_tokens(9)
    whole = run(small, tokens)
    only_last = small.model.eval(tokens, 0)
    assert only_last is not None
    assert only_last.shape == (1, small.info.n_vocab)
    assert np.array_equal(only_last[0], whole[-1])


def test_threads_change_no_bit(small_model: Path) -> None:
    results = []
    for threads in (1, 2, 3, 5):
        engine = open_engine(small_model, EngineOptions(threads=threads, kv_type="f32"))
        results.append(run(engine, some_tokens(3)))
        engine.close()
    assert all(np.array_equal(result, results[0]) for result in results[1:])


def test_kernels_change_no_bit(small: BitnetEngine) -> None:
    kernels = small.model.kernels
    tokens, results = some_tokens(11), {}
    try:
        for name in kernels.available:
            kernels.select(name)
            results[name] = run(small, tokens)
    finally:
        kernels.select(kernels.available[0])
    reference = results["scalar"]
    assert len(results) == len(kernels.available)
    for name, logits in results.items():
        assert np.array_equal(logits, reference), name


@pytest.mark.parametrize(("kv_type", "limit"), [("f16", 0.05), ("q8_0", 0.1)])
def test_smaller_caches_stay_close(
    small_model: Path, small: BitnetEngine, kv_type: KVType, limit: float
) -> None:
    tokens = some_tokens(4)
    exact = run(small, tokens)
    engine = open_engine(small_model, EngineOptions(threads=1, kv_type=kv_type))
    try:
        assert 0 < relative(run(engine, tokens), exact) < limit
    finally:
        engine.close()


@pytest.mark.parametrize(
    "shape",
    [
        SyntheticShape(
            n_embd=128, n_layers=1, n_ff=384, n_heads=2, n_kv_heads=1, n_vocab=300, context_size=64
        ),
        SyntheticShape(
            n_embd=384, n_layers=3, n_ff=640, n_heads=3, n_kv_heads=3, n_vocab=1031, context_size=300
        ),
        SyntheticShape(
            n_embd=640, n_layers=2, n_ff=128, n_heads=20, n_kv_heads=5, n_vocab=512, context_size=128
        ),
    ],
    ids=str,
)
def test_other_shapes_run(tmp_path: Path, shape: SyntheticShape) -> None:
    path = tmp_path / "model.gguf"
    write_synthetic(path, shape, seed=1)
    engine = open_engine(path, EngineOptions(threads=1, kv_type="f32"))
    try:
        tokens = some_tokens(30) % shape.n_vocab
        whole = run(engine, tokens)
        assert whole.shape == (30, shape.n_vocab)
        assert np.isfinite(whole).all()
        assert relative(run(engine, tokens[20:], 20), whole[20:]) < 1e-4
    finally:
        engine.close()


def test_tq2_0_holds_the_same_weights(tmp_path: Path, small_model: Path, small: BitnetEngine) -> None:
    """ggml's TQ2_0 kernels quantize activations in blocks of 256, so they agree to a few percent only."""
    from tern.engine.convert.synthetic import SHAPES

    path = tmp_path / "tq2.gguf"
    write_synthetic(path, SHAPES["small"], seed=4, encoding="tq2_0")
    engine = open_engine(path, EngineOptions(threads=1, kv_type="f32"))
    try:
        assert relative(run(engine, some_tokens(2)), run(small, some_tokens(2))) < 0.15
    finally:
        engine.close()


def test_bitnet_with_silu_answers_as_llama_cpp_does(tmp_path: Path) -> None:
    """llama.cpp's own ``bitnet`` architecture hard-codes SiLU: with F32 weights both compute the same network."""
    import llama_cpp

    path = _float_bitnet(tmp_path)
    tokens = some_tokens(6).tolist()
    llama = llama_cpp.Llama(
        str(path),
        n_ctx=64,
        n_threads=1,
        logits_all=True,
        verbose=False,
        type_k=llama_cpp.GGML_TYPE_F32,
        type_v=llama_cpp.GGML_TYPE_F32,
        flash_attn=False,
    )
    llama.eval(tokens)
    theirs = np.asarray(llama.scores[: len(tokens)], np.float32).copy()
    llama.close()
    engine = open_engine(path, EngineOptions(threads=1, kv_type="f32"))
    try:
        ours = run(engine, np.asarray(tokens, np.int32))
    finally:
        engine.close()
    assert relative(ours, theirs) < 1e-4


def _float_bitnet(folder: Path) -> Path:
    """A tiny `bitnet` (SiLU) with F32 matrices, made from a synthetic file's vocabulary."""
    source = folder / "source.gguf"
    shape = SyntheticShape(n_embd=256, n_layers=2, n_ff=512, n_heads=4, n_kv_heads=2, n_vocab=512)
    write_synthetic(source, shape, seed=5, encoding="tq2_0", embedding="f32")
    path = folder / "silu.gguf"
    writer = GGUFWriter(path)
    random = np.random.default_rng(6)
    with GGUFFile.open(source) as file:
        for key in file.metadata:
            if key == "general.architecture":
                writer.add(key, "bitnet")
            elif key != "general.file_type":
                kind, payload = file.metadata.raw(key)
                writer.add_raw(key.replace("bitnet-b1.58.", "bitnet."), kind, bytes(payload))
        writer.add("tokenizer.ggml.pre", "llama-bpe")
        for name, info in file.tensors.items():
            if name.endswith(".scale"):
                continue
            if info.type == TensorType.TQ2_0:
                n_in, n_out = info.shape
                values = random.standard_normal((n_out, n_in)).astype(np.float32) / np.float32(np.sqrt(n_in))
                writer.add_tensor(name, info.shape, TensorType.F32, values)
            else:
                writer.add_tensor(name, info.shape, info.type, bytes(file.data(name)))
        writer.write()
    return path


def test_misuse_is_refused_before_it_reaches_c(tiny: BitnetEngine) -> None:
    with pytest.raises(BugError):
        tiny.model.eval(np.array([], np.int32), 0)
    with pytest.raises(BugError):
        tiny.model.eval(np.array([10_000], np.int32), 0)
    with pytest.raises(BugError):
        tiny.model.eval(np.array([1, 2], np.int32), tiny.model.context_size - 1)


def test_another_ggml_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ggml.load.cache_clear()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(ggml, "TENSOR_BYTES", 344)
            with pytest.raises(UserError, match="not the one Tern was made for"):
                ggml.load()
        with monkeypatch.context() as patch:
            patch.setattr(ggml, "LLAMA_CPP_PYTHON_VERSION", "0.0.1")
            with pytest.raises(UserError, match=r"needs llama-cpp-python 0\.0\.1 exactly"):
                ggml.load()
    finally:
        ggml.load.cache_clear()


def test_an_unknown_kernel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="TERN_KERNEL"):
        loader.load().select("sparc")


def test_opening_and_closing_many_times_keeps_no_memory(tiny_model: Path) -> None:
    import psutil

    process = psutil.Process()

    def cycle(times: int) -> int:
        for _ in range(times):
            engine = open_engine(tiny_model, EngineOptions(threads=1))
            run(engine, some_tokens(5))
            engine.close()
        gc.collect()
        return int(process.memory_info().rss)

    warm = cycle(10)
    assert cycle(30) - warm < 8 << 20
