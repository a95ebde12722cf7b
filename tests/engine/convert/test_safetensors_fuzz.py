"""Whatever a folder of safetensors holds, it becomes a GGUF or a sentence, in little memory, and leaves nothing."""

from __future__ import annotations

import json
import random
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tern.engine.convert.from_safetensors import write_gguf
from tern.engine.convert.safetensors import SafetensorsFolder
from tern.engine.gguf.reader import GGUFFile
from tern.errors import UserError

pytestmark = pytest.mark.slow

WIDTH, FFN, VOCAB = 128, 256, 300
MUTATIONS = 500
NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 1, 3, 2**31, 2**63, 10**30, 0.5, float("inf"), float("nan"), "", "x", "\ud800", [], [[]],
    [0] * 9, [2**40, 2**40], [0, 2**62], {}, {"a": 1},
)  # fmt: skip


def contents() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], bytes]:
    """config, tokenizer, header and data of the smallest BitNet with one layer, packed."""
    rng, header, data = np.random.default_rng(3), {}, b""

    def add(name: str, kind: str, array: Any) -> None:
        nonlocal data
        at = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": at}
        data += array.tobytes()

    def ones(*shape: int) -> Any:
        return np.full(shape, 0x3F80, np.uint16)

    add("model.embed_tokens.weight", "BF16", ones(VOCAB, WIDTH))
    add("model.norm.weight", "BF16", ones(WIDTH))
    layer = "model.layers.0."
    for norm in ("input_layernorm", "self_attn.attn_sub_norm", "post_attention_layernorm"):
        add(f"{layer}{norm}.weight", "BF16", ones(WIDTH))
    add(f"{layer}mlp.ffn_sub_norm.weight", "BF16", ones(FFN))
    for name, rows, cols in (
        ("self_attn.q_proj", WIDTH, WIDTH), ("self_attn.k_proj", WIDTH // 2, WIDTH),
        ("self_attn.v_proj", WIDTH // 2, WIDTH), ("self_attn.o_proj", WIDTH, WIDTH),
        ("mlp.gate_proj", FFN, WIDTH), ("mlp.up_proj", FFN, WIDTH), ("mlp.down_proj", WIDTH, FFN),
    ):  # fmt: skip
        codes = rng.integers(0, 3, (4, rows // 4, cols), np.uint8)
        packed = sum(codes[part] << (2 * part) for part in range(4)).astype(np.uint8)
        add(f"{layer}{name}.weight", "U8", packed)
        add(f"{layer}{name}.weight_scale", "BF16", ones(1))
    config = {
        "model_type": "bitnet", "vocab_size": VOCAB, "hidden_size": WIDTH, "intermediate_size": FFN,
        "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "bos_token_id": 1, "eos_token_id": [2],
        "rope_parameters": {"rope_theta": 1.0}, "tie_word_embeddings": True, "_name_or_path": "tiny",
        "quantization_config": {"linear_class": "autobitlinear"},
    }  # fmt: skip
    tokenizer = {
        "model": {"vocab": {f"t{n}": n for n in range(200)}, "merges": ["t1 t2", ["t3", "t4"]]},
        "added_tokens": [{"content": "<|eot_id|>", "id": 250}],
    }
    return config, tokenizer, header, data


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value that could hold another."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def write(folder: Path, config: Any, tokenizer: Any, header: bytes, data: bytes) -> None:
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)


def test_mutated_folders(tmp_path: Path) -> None:
    rng = random.Random(20261122)
    out, opened, reasons = tmp_path / "out.gguf", 0, set()
    spots = {
        which: [path for path in places(part) if which != 1 or len(path) < 3 or rng.random() < 0.1]
        for which, part in enumerate(contents()[:3])
    }
    tracemalloc.start()
    for _ in range(MUTATIONS):
        config, tokenizer, header, data = contents()
        parts: list[Any] = [config, tokenizer, header]
        which = rng.randrange(5)
        if which < 3:
            put(parts[which], rng.choice(spots[which]), rng.choice(NASTY))
        raw = bytearray(json.dumps(header).encode())
        if which == 3:
            for _ in range(rng.randrange(1, 4)):
                raw[rng.randrange(len(raw))] = rng.randrange(256)
        if which == 4:
            data = data[: rng.randrange(len(data))] if rng.random() < 0.5 else data + b"\0"
        write(tmp_path, config, tokenizer, bytes(raw), data)
        try:
            write_gguf(tmp_path, out)
        except UserError as error:
            reasons.add(str(error).replace(str(tmp_path), "")[:40])
        else:
            with GGUFFile.open(out):
                opened += 1
            out.unlink()
        assert not list(tmp_path.glob("*.gguf*")) + list(tmp_path.glob(".*"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert opened > 50
    assert len(reasons) > 10
    assert not any("\n" in reason for reason in reasons)
    assert peak < 60e6


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (b'{"a": {"dtype": "U8", "shape": [Infinity], "data_offsets": [0, 1]}}', "damaged or not complete"),
        (b'{"a": {"dtype": "U8", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}}', "damaged"),
        (b'{"a": {"dtype": "U8", "shape": [' + b"9," * 900_000 + b'9], "data_offsets": [0, 1]}}', "damaged"),
        (b"[" * 1_000_000, "damaged"),
        (b'{"a":' * 300_000, "damaged"),
    ],
    ids=["infinite", "huge", "many dimensions", "nested lists", "nested objects"],
)
def test_headers_made_to_hurt(header: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0")
    with pytest.raises(UserError, match=sentence):
        SafetensorsFolder(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="sparse files")
def test_sizes_that_no_memory_has(tmp_path: Path) -> None:
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.write((90 << 20).to_bytes(8, "little"))
        file.truncate(200 << 20)
    with pytest.raises(UserError, match="damaged or not complete"):
        SafetensorsFolder(tmp_path)
    config, tokenizer, header, data = contents()
    write(tmp_path, config, tokenizer, json.dumps(header).encode(), data)
    with (tmp_path / "tokenizer.json").open("r+b") as big:
        big.truncate(1 << 40)
    with pytest.raises(UserError, match="too large to be what it should be"):
        write_gguf(tmp_path, tmp_path / "out.gguf")


def _outside(folder: Path) -> dict[str, Any]:
    return {"weight_map": {"model.norm.weight": "../model.safetensors"}}


@pytest.mark.parametrize("index", [_outside, lambda folder: {"weight_map": {"a": str(folder / "x")}}])
def test_an_index_that_points_elsewhere(index: Callable[[Path], dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index(tmp_path)))
    with pytest.raises(UserError, match=r"index\.json is damaged"):
        SafetensorsFolder(tmp_path)
