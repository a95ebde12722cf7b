"""The GGUF reader on good files, on foreign files, and on each kind of lie a header can tell."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from tern.engine.config import BitnetConfig
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.gguf.reader import GGUFError, GGUFFile, StringArray, TensorType, ValueType
from tern.engine.gguf.types import BLOCKS, n_bytes
from tern.engine.gguf.writer import GGUFWriter


def _write_example(path: Path) -> None:
    writer = GGUFWriter(path)
    writer.add("general.architecture", "example")
    writer.add("a.flag", True)
    writer.add("a.count", 7)
    writer.add("a.negative", -7)
    writer.add("a.real", 0.5)
    writer.add("a.big", 1 << 40, ValueType.UINT64)
    writer.add("a.words", ["", "zwei", "drei", "zwei drei"])
    writer.add("a.numbers", np.arange(5, dtype=np.int32))
    writer.add("a.flags", [True, False])
    writer.add("a.none", [])
    writer.add_tensor("t.f32", (4, 2), TensorType.F32, np.arange(8, dtype=np.float32))
    writer.add_tensor(
        "t.f16", (3,), TensorType.F16, lambda: iter([np.ones(1, np.float16), np.ones(2, np.float16)])
    )
    writer.write()


def test_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "example.gguf"
    _write_example(path)
    with GGUFFile.open(path) as file:
        assert file.get("a.flag", bool) is True
        assert file.get("a.count", int) == 7
        assert file.get("a.negative", int) == -7
        assert file.get("a.real", float) == 0.5
        assert file.get("a.big", int) == 1 << 40
        assert file.get("missing", int, None) is None
        assert file.get("missing", str, "default") == "default"
        words = file.strings("a.words")
        assert list(words) == ["", "zwei", "drei", "zwei drei"]
        assert words[-1] == "zwei drei"
        assert words[1:3] == ["zwei", "drei"]
        assert words.find("drei") == 2
        assert words.find("wei") is None
        assert file.numbers("a.numbers").tolist() == [0, 1, 2, 3, 4]
        assert file.numbers("a.flags").tolist() == [True, False]
        assert len(file.strings("a.none")) == 0
        info = file.tensors["t.f32"]
        assert info.shape == (4, 2)
        assert info.offset % 32 == 0
        assert file.data("t.f32").view(np.float32).tolist() == list(range(8))
        assert file.data("t.f16").view(np.float16).tolist() == [1, 1, 1]
        assert file.address + info.offset == file.data("t.f32").ctypes.data
        for key, kind in [("a.count", bool), ("a.flag", int), ("a.words", str), ("a.real", int)]:
            with pytest.raises(GGUFError, match="should be"):
                file.get(key, kind)
        with pytest.raises(GGUFError, match="missing"):
            file.get("missing", int)
        with pytest.raises(GGUFError, match="missing"):
            file.data("missing")


def test_views_outlive_close(tmp_path: Path) -> None:
    path = tmp_path / "example.gguf"
    _write_example(path)
    file = GGUFFile.open(path)
    view = file.data("t.f32")
    file.close()
    file.close()
    assert view.view(np.float32)[7] == 7


def test_type_sizes_are_ggmls() -> None:
    ggml = ctypes.CDLL(str(next((Path(llama_cpp.__file__).parent / "lib").glob("*ggml-base*"))))
    ggml.ggml_type_size.restype = ctypes.c_size_t
    ggml.ggml_blck_size.restype = ctypes.c_int64
    ggml.ggml_type_name.restype = ctypes.c_char_p
    for type_, (values, size) in BLOCKS.items():
        if type_ is TensorType.I2_S:
            continue  # ggml has no such type
        assert (ggml.ggml_blck_size(type_), ggml.ggml_type_size(type_)) == (values, size), type_.name
        name = ggml.ggml_type_name(type_).decode().upper()
        assert name == type_.name
    assert n_bytes(TensorType.I2_S, (2560, 6912)) == 2560 * 6912 // 4 + 32
    assert n_bytes(TensorType.I2_S, (2500, 8)) is None


FOREIGN = {
    "zip": (b"PK\x03\x04" + bytes(100), "zip archive"),
    "html": (b"<!DOCTYPE html><html>", "web page"),
    "html after spaces": (b"\n\n <html>", "web page"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS pointer"),
    "safetensors": (struct.pack("<Q", 20) + b'{"a":{}}', "safetensors"),
    "empty": (b"", "empty"),
    "one byte": (b"G", "something else"),
    "magic only": (b"GGUF", "in the middle of its header"),
    "noise": (np.random.default_rng(0).bytes(4096), "something else"),
    "version 1": (b"GGUF" + struct.pack("<IQQ", 1, 0, 0) + bytes(64), "version 1"),
    "version 2": (b"GGUF" + struct.pack("<IQQ", 2, 0, 0) + bytes(64), "version 2"),
    "version 4": (b"GGUF" + struct.pack("<IQQ", 4, 0, 0) + bytes(64), "version 4"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0) + bytes(64), "big-endian"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_named_for_what_they_are(tmp_path: Path, name: str) -> None:
    content, expected = FOREIGN[name]
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(GGUFError, match=expected) as caught:
        GGUFFile.open(path)
    assert str(caught.value).startswith("Tern cannot use model.gguf: ")


def test_places_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(GGUFError, match="folder"):
        GGUFFile.open(tmp_path)
    with pytest.raises(GGUFError, match="no such file"):
        GGUFFile.open(tmp_path / "nowhere" / "model.gguf")
    with pytest.raises(GGUFError, match="may not be opened"):
        GGUFFile.open(tmp_path / ("n" * 300))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(GGUFError, match="not a regular file"):
            GGUFFile.open(tmp_path / "pipe")


def _string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def _pair(key: bytes, kind: int, payload: bytes) -> bytes:
    return _string(key) + struct.pack("<I", kind) + payload


def _info(name: bytes, dims: list[int], type_: int, offset: int) -> bytes:
    return _string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, type_, offset)


def _file(pairs: list[bytes], infos: list[bytes], data: bytes = bytes(4096)) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(pairs)) + b"".join(pairs) + b"".join(infos)
    return head.ljust(-(-len(head) // 32) * 32, b"\0") + data


HUGE = (1 << 64) - 1
LIES = {
    "tensor count": (b"GGUF" + struct.pack("<IQQ", 3, HUGE, 0) + bytes(64), "tensors, more than it can hold"),
    "metadata count": (b"GGUF" + struct.pack("<IQQ", 3, 0, HUGE) + bytes(64), "metadata entries, more than"),
    "key length": (_file([struct.pack("<Q", HUGE) + b"x"], []), "a metadata key is .* bytes long"),
    "key not text": (_file([_pair(b"\xff", 4, bytes(4))], []), "not valid UTF-8"),
    "empty key": (_file([_pair(b"", 4, bytes(4))], []), "0 bytes long"),
    "key twice": (_file([_pair(b"a", 4, bytes(4))] * 2, []), "appears twice"),
    "value type": (_file([_pair(b"a", 13, bytes(4))], []), "the type of a is 13"),
    "string length": (
        _file([_pair(b"a", 8, struct.pack("<Q", HUGE))], []),
        "ends in the middle of the value",
    ),
    "array count": (
        _file([_pair(b"a", 9, struct.pack("<IQ", 10, HUGE))], []),
        "ends in the middle of the value",
    ),
    "string count": (
        _file([_pair(b"a", 9, struct.pack("<IQ", 8, 1 << 40))], []),
        "ends in the middle of the val",
    ),
    "string in array": (
        _file([_pair(b"a", 9, struct.pack("<IQQ", 8, 2, HUGE))], []),
        "ends in the middle of the",
    ),
    "array of arrays": (_file([_pair(b"a", 9, struct.pack("<IQ", 9, 1))], []), "array of arrays"),
    "element type": (_file([_pair(b"a", 9, struct.pack("<IQ", 99, 1))], []), "element type of a is 99"),
    "alignment": (_file([_pair(b"general.alignment", 4, struct.pack("<I", 24))], []), "alignment"),
    "alignment text": (_file([_pair(b"general.alignment", 8, _string(b"32"))], []), "alignment"),
    "dimensions": (_file([], [_info(b"t", [1] * 5, 0, 0)]), "has 5 dimensions"),
    "no dimension": (_file([], [_info(b"t", [], 0, 0)]), "has 0 dimensions"),
    "size zero": (_file([], [_info(b"t", [4, 0], 0, 0)]), "size 0"),
    "size huge": (_file([], [_info(b"t", [HUGE, HUGE], 0, 0)]), "past the end"),
    "tensor type": (
        _file([], [_info(b"t", [4], 77, 0)]),
        "type 77, which neither Tern nor its llama.cpp knows",
    ),
    "row not blocks": (_file([], [_info(b"t", [100], 36, 0)]), "I2_S cannot hold"),
    "offset": (_file([], [_info(b"t", [4], 0, 1 << 60)]), "past the end"),
    "offset not aligned": (_file([], [_info(b"t", [4], 0, 8)]), "multiple of 32"),
    "overlap": (_file([], [_info(b"t", [64], 0, 0), _info(b"u", [4], 0, 32)]), "overlap"),
    "tensor twice": (_file([], [_info(b"t", [4], 0, 0), _info(b"t", [4], 0, 32)]), "appears twice"),
    "name length": (_file([], [_info(b"t" * 64, [4], 0, 0)]), "64 bytes long"),
    "past the end": (_file([], [_info(b"t", [4], 0, 4096)]), "past the end"),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_are_named(tmp_path: Path, name: str) -> None:
    content, expected = LIES[name]
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(GGUFError, match=expected):
        GGUFFile.open(path)


def test_values_are_checked_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    pairs = [_pair(b"text", 8, _string(b"\xff")), _pair(b"flag", 7, b"\x02")]
    path.write_bytes(_file([*pairs, _pair(b"words", 9, struct.pack("<IQ", 8, 1) + _string(b"\xff"))], []))
    file = GGUFFile.open(path)
    for key, kind in (("text", str), ("flag", bool)):
        with pytest.raises(GGUFError, match=key):
            file.get(key, kind)
    with pytest.raises(GGUFError, match="words"):
        file.strings("words")[0]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    write_synthetic(path, SHAPES["tiny"])
    return path.read_bytes()


def test_config_of_a_good_file(tmp_path: Path, tiny: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(tiny)
    config = BitnetConfig.from_gguf(GGUFFile.open(path))
    shape = SHAPES["tiny"]
    assert (config.arch, config.activation, config.tied) == ("bitnet-b1.58", "relu2", True)
    assert (config.n_layers, config.n_embd, config.n_ff) == (shape.n_layers, shape.n_embd, shape.n_ff)
    assert (config.n_q, config.n_kv) == (256, 128)
    assert (config.bos_id, config.eos_id, config.eot_id) == (496, 497, 505)
    assert (
        config.n_params == 512 * 256 + 2 * (256 * (2 * 256 + 2 * 128) + 3 * 256 * 512 + 3 * 256 + 512) + 256
    )


def _number(key: bytes, value: int) -> tuple[bytes, bytes]:
    """The bytes of a UINT32 pair up to its value, and what the value shall become."""
    return _string(b"bitnet-b1.58." + key) + struct.pack("<I", 4), struct.pack("<I", value)


CONFIG_LIES = {
    "architecture": (
        _string(b"general.architecture") + struct.pack("<IQ", 8, 12),
        b"bitnet-b9.99",
        "architecture",
    ),
    "no layers": (*_number(b"block_count", 0), "block_count is 0"),
    "too many layers": (*_number(b"block_count", 3), r"blk.2.attn_norm.weight is missing"),
    "too few layers": (*_number(b"block_count", 1), "does not have"),
    "width": (*_number(b"embedding_length", 200), "multiple of 128"),
    "width of the tensors": (*_number(b"embedding_length", 384), "shape 256 x 512, not 384 x any"),
    "heads": (*_number(b"attention.head_count", 3), "cannot be divided into 3 heads"),
    "kv heads": (*_number(b"attention.head_count_kv", 3), "cannot share"),
    "many heads": (*_number(b"attention.head_count", 256), "not a multiple of 2"),
    "rope": (*_number(b"rope.dimension_count", 32), "rope.dimension_count differs"),
    "vocabulary": (*_number(b"vocab_size", 511), "vocab_size differs"),
    "context": (*_number(b"context_length", 0), "context_length is 0"),
    "token": (
        _string(b"tokenizer.ggml.bos_token_id") + struct.pack("<I", 4),
        struct.pack("<I", 512),
        "outside its vocabulary",
    ),
    "epsilon": (
        _string(b"bitnet-b1.58.attention.layer_norm_rms_epsilon") + struct.pack("<I", 6),
        struct.pack("<f", float("nan")),
        "layer_norm_rms_epsilon is nan",
    ),
    "tensor name": (b"output_norm.", b"Weight", "output_norm.weight is missing"),
    "tensor shape": (
        _string(b"blk.0.ffn_gate.weight") + struct.pack("<I", 2),
        struct.pack("<QQ", 512, 256),
        "ffn_gate.weight has the shape 512 x 256, not 256 x 512",
    ),
    "tensor type": (
        _string(b"blk.0.ffn_norm.weight") + struct.pack("<IQ", 1, 256),
        struct.pack("<I", TensorType.F16),
        "of type F16, which Tern cannot use there",
    ),
}


@pytest.mark.parametrize("name", CONFIG_LIES)
def test_config_holds_the_file_to_its_word(tmp_path: Path, tiny: bytes, name: str) -> None:
    before, value, expected = CONFIG_LIES[name]
    at = tiny.index(before) + len(before)
    content = tiny[:at] + value + tiny[at + len(value) :]
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(GGUFError, match=expected):
        BitnetConfig.from_gguf(GGUFFile.open(path))


def test_silu_and_relu2_of_the_plain_bitnet_architecture(tmp_path: Path, tiny: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(tiny)
    source = GGUFFile.open(path)
    for named, expected in ((None, "silu"), ("silu", "silu"), ("relu2", "relu2"), ("gelu", None)):
        other = tmp_path / "plain.gguf"
        writer = GGUFWriter(other)
        for key in source.metadata:
            kind, payload = source.metadata.raw(key)
            writer.add_raw(key.replace("bitnet-b1.58", "bitnet"), kind, payload)
        writer._metadata.pop("general.architecture")
        writer.add("general.architecture", "bitnet")
        if named:
            writer.add("bitnet.hidden_activation", named)
        for info in source.tensors.values():
            writer.add_tensor(info.name, info.shape, info.type, source.data(info.name))
        writer.write()
        if expected is None:
            with pytest.raises(GGUFError, match="activation gelu"):
                BitnetConfig.from_gguf(GGUFFile.open(other))
        else:
            assert BitnetConfig.from_gguf(GGUFFile.open(other)).activation == expected


def test_a_full_size_vocabulary_is_walked_once(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    writer = GGUFWriter(path)
    writer.add("tokens", [f"token {n}" for n in range(128_256)])
    writer.add("merges", [f"left{n} right" for n in range(280_147)])
    writer.write()
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        file = GGUFFile.open(path)
        found = file.strings("tokens").find("token 128009")
    finally:
        sys.setprofile(None)
    assert found == 128_009
    # a call and its return for each string that is passed over; none is decoded
    assert calls < 3 * (128_256 + 280_147)
    assert isinstance(file.metadata["merges"], StringArray)
