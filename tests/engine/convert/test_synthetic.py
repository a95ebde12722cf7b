"""Random models are whole, repeatable, the same in each encoding, and speak through libllama's tokenizer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from tern.engine import vocabulary
from tern.engine.config import LINEARS, BitnetConfig
from tern.engine.convert.synthetic import SHAPES, byte_letters, file_bytes, write_synthetic
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import GGUFError, GGUFFile
from tern.engine.gguf.writer import GGUFWriter
from tern.engine.types import EngineOptions
from tern.open_engine import open_engine

pytestmark = pytest.mark.slow

TEXT = "What is the capital of France, and what is 17 + 25? Grüße, 日本 🐦\n\tthere\x00\x7f"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synthetic") / "tiny.gguf"
    write_synthetic(path, SHAPES["tiny"])
    return path


def test_same_seed_same_file(tmp_path: Path, tiny: Path) -> None:
    told: list[float] = []
    write_synthetic(tmp_path / "again.gguf", SHAPES["tiny"], progress=told.append)
    assert (tmp_path / "again.gguf").read_bytes() == tiny.read_bytes()
    size = tiny.stat().st_size
    assert size < file_bytes(SHAPES["tiny"]) < size + (2 << 20)
    assert told == sorted(told)
    assert told[-1] == 1.0
    write_synthetic(tmp_path / "other.gguf", SHAPES["tiny"], seed=1)
    assert (tmp_path / "other.gguf").read_bytes() != tiny.read_bytes()


def test_both_encodings_hold_the_same_weights(tmp_path: Path, tiny: Path) -> None:
    path = tmp_path / "tq2.gguf"
    write_synthetic(path, SHAPES["tiny"], encoding="tq2_0")
    with GGUFFile.open(tiny) as first, GGUFFile.open(path) as second:
        assert BitnetConfig.from_gguf(second).n_layers == SHAPES["tiny"].n_layers
        for name in (f"blk.1.{linear}" for linear in LINEARS):
            cols, rows = first.tensors[f"{name}.weight"].shape
            weights, scale = ternary_bytes.unpack(first.data(f"{name}.weight"), rows, cols)
            same, blocks = ternary_bytes.unpack_tq2_0(second.data(f"{name}.weight"), rows, cols)
            assert np.array_equal(weights, same)
            assert np.all(blocks == 1.0)
            assert second.data(f"{name}.scale").view(np.float32)[0] == scale
            assert 0.35 < np.mean(weights == 0) < 0.45
        assert np.array_equal(first.data("token_embd.weight"), second.data("token_embd.weight"))


def test_any_text_survives_the_vocabulary(tmp_path: Path, tiny: Path) -> None:
    with GGUFFile.open(tiny) as file:
        path = vocabulary.sidecar(file, tmp_path)
        assert vocabulary.sidecar(file, tmp_path) == path
        config = BitnetConfig.from_gguf(file)
    llama = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
    tokens = llama.tokenize(TEXT.encode(), add_bos=False, special=False)
    assert llama.detokenize(tokens).decode() == TEXT
    assert len(tokens) < len(TEXT.encode())  # some merges apply
    assert llama.tokenize(b"<|eot_id|>", add_bos=False, special=True) == [config.eot_id]
    assert config.eot_id not in llama.tokenize(b"<|eot_id|>", add_bos=False, special=False)
    assert (llama.token_bos(), llama.token_eos()) == (config.bos_id, config.eos_id)
    vocab = llama_cpp.llama_model_get_vocab(llama.model)
    assert llama_cpp.llama_vocab_eot(vocab) == config.eot_id
    llama.close()


def test_a_damaged_sidecar_is_made_again(tmp_path: Path, tiny: Path) -> None:
    with GGUFFile.open(tiny) as file:
        path = vocabulary.sidecar(file, tmp_path)
        good = path.read_bytes()
        for damaged in (good[:-100], good[:500] + b"\xff" + good[501:], b""):
            path.write_bytes(damaged)
            assert vocabulary.sidecar(file, tmp_path) == path
            assert path.read_bytes() == good
    assert list(tmp_path.glob("*.*")) == [path]


def _with(source: Path, target: Path, changes: dict[str, list[str] | str | list[int] | None]) -> GGUFFile:
    """A copy of the metadata of ``source`` with some keys replaced, or left out (None)."""
    writer = GGUFWriter(target)
    with GGUFFile.open(source) as file:
        for key in file.metadata:
            if key not in changes:
                kind, payload = file.metadata.raw(key)
                writer.add_raw(key, kind, bytes(payload))
    for key, value in changes.items():
        if value is not None:
            writer.add(key, value)
    writer.write()
    return GGUFFile.open(target)


def test_special_tokens_are_control_tokens_whatever_the_file_says(tmp_path: Path, tiny: Path) -> None:
    n_vocab, first = SHAPES["tiny"].n_vocab, SHAPES["tiny"].n_vocab - SHAPES["tiny"].n_specials
    for types in (None, [vocabulary.NORMAL] * n_vocab):
        file = _with(tiny, tmp_path / "changed.gguf", {"tokenizer.ggml.token_type": types})
        with GGUFFile.open(vocabulary.sidecar(file, tmp_path)) as made:
            expected = [vocabulary.NORMAL] * first + [vocabulary.CONTROL] * (n_vocab - first)
            assert made.numbers("tokenizer.ggml.token_type").tolist() == expected
            assert made.get("tokenizer.ggml.pre", str) == "llama-bpe"
        file.close()


def test_vocabularies_that_libllama_would_choke_on_are_refused(tmp_path: Path, tiny: Path) -> None:
    with GGUFFile.open(tiny) as file:
        tokens = list(file.strings("tokenizer.ggml.tokens"))
    for changes, expected in (
        ({"tokenizer.ggml.tokens": [*tokens[:-1], tokens[0]]}, "same token twice"),
        ({"tokenizer.ggml.tokens": []}, "of 0 tokens"),
        ({"tokenizer.ggml.tokens": tokens[:-1]}, "511 tokens but 512 token types"),
        ({"tokenizer.ggml.merges": None}, "merges should be an array of strings"),
        ({"tokenizer.ggml.model": "llama"}, "of the kind llama"),
        ({"tokenizer.ggml.bos_token_id": None, "tokenizer.ggml.eot_token_id": [1]}, "single whole number"),
    ):
        with (
            _with(tiny, tmp_path / "changed.gguf", changes) as file,
            pytest.raises(GGUFError, match=expected),
        ):
            vocabulary.sidecar(file, tmp_path)


def test_byte_letters_are_gpt2s() -> None:
    letters = byte_letters()
    assert len(set(letters)) == 256
    assert (letters[ord("A")], letters[ord(" ")], letters[ord("\n")], letters[0]) == ("A", "Ġ", "Ċ", "Ā")


@pytest.mark.skipif(
    sys.platform != "linux", reason="getrusage's peak is that of the process before exec, too"
)
def test_a_large_file_passes_through_in_little_memory(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tern.engine.convert.synthetic import *;"
        "from tern.metrics.memory_parts import peak_resident;"
        "shape = SyntheticShape(2560, 2, 6912, 20, 5, 40000);"
        "write_synthetic(Path(sys.argv[1]), shape);"
        "print(peak_resident())"
    )
    path = tmp_path / "large.gguf"
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert path.stat().st_size > 200_000_000
    assert int(run.stdout) < 200_000_000
    path.unlink()


@pytest.mark.parametrize("sparsity", [None, 0.6, 0.8, 0.95])
def test_sparsity_is_what_the_engine_sees(tmp_path: Path, sparsity: float | None) -> None:
    """On the hidden states of random tokens, in every layer, as the kernels count the live rows of ``up``."""
    shape = SHAPES["small"]
    write_synthetic(tmp_path / "sparse.gguf", shape, sparsity=sparsity)
    engine = open_engine(tmp_path / "sparse.gguf", EngineOptions(threads=1))
    tokens = np.random.default_rng(0).integers(0, shape.n_vocab, 24).tolist()
    engine.prefill(tokens[:4])
    for token in tokens[4:]:
        engine.decode(token)
    layers = engine.model.sparsity()
    engine.close()
    assert len(layers) == shape.n_layers
    for layer in layers:
        assert layer.rows == pytest.approx(0.5 if sparsity is None else 1 - sparsity, abs=0.06)
        assert layer.columns is not None
        assert layer.columns <= layer.rows


def test_a_q6_k_embedding_is_the_f16_one_but_for_rounding(tmp_path: Path) -> None:
    names = ("f32", "q6_k")
    for name in names:
        write_synthetic(tmp_path / f"{name}.gguf", SHAPES["tiny"], embedding=name)  # type: ignore[arg-type]
    logits = []
    for name in names:
        engine = open_engine(tmp_path / f"{name}.gguf", EngineOptions(threads=1))
        assert engine.model.config.n_vocab == 512
        answer = engine.prefill([496, 5, 6, 7])
        assert answer is not None
        logits.append(answer.values.copy())
        engine.close()
    assert 0 < np.abs(logits[0] - logits[1]).max() < 0.15 * np.abs(logits[0]).max()
