"""Files that are whole and cannot chat: named for what they are before anything is opened, by everyone alike."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import pytest

from engine.foreign import write_foreign
from tern.engine import can_chat, ggml
from tern.engine.convert.synthetic import SHAPES, _vocabulary, write_synthetic
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.engine.gguf.writer import GGUFWriter
from tern.errors import UserError
from tern.open_engine import open_any_engine

TOKENS, _ = _vocabulary(512, 16)
REFUSED = {
    "bert": ("bert", {}, "embedding model"),
    "nomic": ("nomic-bert-moe", {}, "embedding model"),
    "t5's encoder": ("t5encoder", {}, "embedding model"),
    "embedding gemma": ("gemma-embedding", {}, "embedding model"),
    "t5": ("t5", {}, "rewrites one text into another"),
    "speech": ("qwen3tts", {}, "makes speech"),
    "drafter": ("eagle3", {}, "drafts words"),
    "diffusion": ("llada", {}, "all words of a reply at once"),
    "unknown kind": ("brandnew9", {}, "does not know yet. A newer Tern may"),
    "pooled decoder": ("qwen3", {"qwen3.pooling_type": 3}, "embedding model"),
    "reranker": ("qwen3", {"qwen3.pooling_type": 4}, "ranks texts"),
    "not causal": ("llama", {"llama.attention.causal": False}, "embedding model"),
    "vision part": ("clip", {}, "vision or audio part"),
    "projector": ("llama", {"general.type": "mmproj"}, "vision or audio part"),
    "adapter": ("llama", {"general.type": "adapter"}, "LoRA"),
    "importance matrix": ("llama", {"general.type": "imatrix"}, "importance matrix"),
    "second part": ("llama", {"split.no": 1, "split.count": 3}, "part 2 of 3"),
    "no vocabulary": ("llama", {"tokenizer.ggml.model": "none"}, "no vocabulary"),
    "no_vocab": ("llama", {"tokenizer.ggml.model": "no_vocab"}, "no vocabulary"),
    "no tokens": ("llama", {"tokenizer.ggml.tokens": None}, "no vocabulary"),
    "too few tokens": ("llama", {"tokenizer.ggml.tokens": TOKENS[:500]}, "of 500 tokens, and a model of 512"),
    "a token twice": ("llama", {"tokenizer.ggml.tokens": [*TOKENS[:511], TOKENS[0]]}, "twice in its vocabulary"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_chat_is_named(tmp_path: Path, name: str) -> None:
    arch, change, expected = REFUSED[name]
    path = write_foreign(tmp_path / "model.gguf", arch, change=change)
    sentence = can_chat.problem(path)
    assert expected in sentence
    assert sentence.startswith("model.gguf ")
    with pytest.raises(can_chat.CannotChatError, match=re.escape(sentence)):
        open_any_engine(path)


@pytest.mark.parametrize("arch", ["llama", "mamba", "lfm2"])
def test_what_can_chat_passes(tmp_path: Path, arch: str) -> None:
    assert can_chat.problem(write_foreign(tmp_path / "model.gguf", arch)) == ""


def test_bitnet_passes_and_its_faults_are_named(tiny_model: Path, tmp_path: Path) -> None:
    assert can_chat.problem(tiny_model) == ""
    writer = GGUFWriter(tmp_path / "mute.gguf")
    with GGUFFile.open(tiny_model) as source:
        for key in source.metadata:
            if not key.startswith("tokenizer."):
                writer.add_raw(key, *source.metadata.raw(key))
        for name, info in source.tensors.items():
            writer.add_tensor(name, info.shape, info.type, source.data(name).copy())
    writer.write()
    assert "no vocabulary" in can_chat.problem(tmp_path / "mute.gguf")


def test_only_a_vocabulary(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "words.gguf")
    writer.add("general.architecture", "llama")
    writer.add("tokenizer.ggml.model", "gpt2")
    writer.add("tokenizer.ggml.tokens", TOKENS)
    writer.write()
    assert "holds only a vocabulary" in can_chat.problem(tmp_path / "words.gguf")


def test_another_file_in_its_place_is_looked_at_again(tmp_path: Path) -> None:
    path = write_foreign(tmp_path / "model.gguf", "bert")
    assert can_chat.problem(path)
    write_foreign(path, "llama")
    assert can_chat.problem(path) == ""
    path.unlink()
    assert can_chat.problem(path)
    write_foreign(path, "llama")
    assert can_chat.problem(path) == ""


def test_the_known_kinds_are_those_of_the_library() -> None:
    ggml.load()
    try:
        name_of = ggml.library("llama")._Z13llm_arch_name8llm_arch
    except AttributeError:
        pytest.skip("this libllama does not export its names")
    name_of.restype, name_of.argtypes = ctypes.c_char_p, (ctypes.c_int,)
    names = set()
    while (name := name_of(len(names)).decode()) != "(unknown)":
        names.add(name)
    assert names == can_chat.KNOWN


BITNET_CPP = {"I8_S": 37, "TL1": 38, "TL2": 39}


@pytest.mark.parametrize("encoding", BITNET_CPP)
@pytest.mark.parametrize("truncated", [False, True])
def test_other_kernels_files_are_not_fetched_again(tmp_path: Path, encoding: str, truncated: bool) -> None:
    """bitnet.cpp's files for its own kernels: whole, and of no use here however often they are fetched."""
    path = tmp_path / "model.gguf"
    write_synthetic(path, SHAPES["tiny"])
    data = bytearray(path.read_bytes())
    with GGUFFile.open(path) as file:
        for info in file.tensors.values():
            if info.type is TensorType.I2_S:
                at = data.index(info.name.encode()) + len(info.name) + 4 + 8 * len(info.shape)
                assert data[at] == TensorType.I2_S
                data[at] = BITNET_CPP[encoding]
    path.write_bytes(data[:-100_000] if truncated else data)
    sentence = can_chat.problem(path)
    assert f"bitnet.cpp's {encoding}" in sentence
    assert "Take the i2_s file" in sentence
    assert "again" not in sentence


def test_only_what_may_be_damaged_is_to_be_fetched_again(tmp_path: Path) -> None:
    path = write_foreign(tmp_path / "model.gguf")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    assert "fetch this one again" in can_chat.problem(path)
    at = whole.index(b"output_norm.weight") + len("output_norm.weight") + 4 + 8
    path.write_bytes(whole[:at] + b"\x63" + whole[at + 1 :])  # a type of another program's
    sentence = can_chat.problem(path)
    assert "type 99" in sentence
    assert "again" not in sentence


def test_an_mxfp4_model_is_not_taken_for_tl2(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "model.gguf")
    writer.add("general.architecture", "gpt-oss")
    for name in ("a.weight", "b.weight", "c.weight"):
        writer.add_tensor(name, (64, 4), TensorType.MXFP4, bytes(64 * 4 // 32 * 17))
    writer.write()
    with GGUFFile.open(tmp_path / "model.gguf") as file:
        assert len(file.tensors) == 3
    data = (tmp_path / "model.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(data[:-40])
    with pytest.raises(UserError, match="fetch this one again"):
        GGUFFile.open(tmp_path / "cut.gguf")


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    change = {"split.no": 0, "split.count": 2}
    first = write_foreign(tmp_path / "m-00001-of-00002.gguf", change=change)
    assert can_chat.problem(first) == (
        "m-00002-of-00002.gguf is missing, a part of this model. Put it beside m-00001-of-00002.gguf."
    )
    (tmp_path / "m-00002-of-00002.gguf").write_bytes(b"")
    assert can_chat.problem(first) == "", "looked for again each time"
