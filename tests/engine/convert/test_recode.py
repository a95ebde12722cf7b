"""One set of weights in every form: master weights, packed safetensors, I2_S, TQ2_0, TQ1_0. Codes and scales stay."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import pytest

from tern.engine.config import LINEARS
from tern.engine.convert import recode
from tern.engine.convert.from_safetensors import packed_chunks, ternarize, write_gguf
from tern.engine.convert.synthetic import SHAPES, SyntheticShape, write_synthetic
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.engine.tokenizer import Tokenizer
from tern.engine.types import EngineOptions, Message, Request, SamplingParams
from tern.errors import BugError, UserError
from tern.open_engine import open_engine, open_model

pytestmark = pytest.mark.slow

os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")

RNG = np.random.default_rng(11)
ARCH = "bitnet-b1.58"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recode") / "tiny.gguf"
    write_synthetic(path, SHAPES["tiny"])
    return path


@pytest.mark.parametrize("encoding", ["tq2_0", "tq1_0"])
def test_round_trips_lose_nothing(encoding: Any, model: Path, tmp_path: Path) -> None:
    there, back = tmp_path / "there.gguf", tmp_path / "back.gguf"
    told: list[float] = []
    with GGUFFile.open(model) as source:
        recode.write_recoded(source, there, encoding, progress=told.append)
        assert told == sorted(told)
        assert told[-1] == pytest.approx(1)
        with GGUFFile.open(there) as other:
            assert not any(info.type is TensorType.I2_S for info in other.tensors.values())
            recode.write_recoded(other, back, "i2_s")
            recode.compare(source, other)
        with GGUFFile.open(back) as again:
            for name in source.tensors:
                assert np.array_equal(source.data(name), again.data(name)), name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.gguf", "there.gguf"]


def test_a_wrong_weight_is_noticed(model: Path, tmp_path: Path) -> None:
    data = bytearray(model.read_bytes())
    with GGUFFile.open(model) as source:
        info = source.tensors["blk.1.ffn_up.weight"]
        data[info.offset + 5] = 0b01010101 if data[info.offset + 5] != 0b01010101 else 0
        (tmp_path / "other.gguf").write_bytes(data)
        with GGUFFile.open(tmp_path / "other.gguf") as other, pytest.raises(BugError, match="ffn_up"):
            recode.compare(source, other)


def test_scales_that_i2_s_cannot_hold(model: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.gguf"
    with GGUFFile.open(model) as source:
        recode.write_recoded(source, there, "tq2_0")
    data = bytearray(there.read_bytes())
    with GGUFFile.open(there) as other:
        at = other.tensors["blk.0.attn_q.weight"].offset + 64
    data[at : at + 2] = np.float16(0.5).tobytes()
    there.write_bytes(data)
    with GGUFFile.open(there) as other, pytest.raises(UserError, match="a scale for every block"):
        recode.write_recoded(other, tmp_path / "back.gguf", "i2_s")
    assert not (tmp_path / "back.gguf").exists()


def _tokens(vocabulary: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [vocabulary.encode(text) for text in texts]


def test_the_export_is_tokenized_rightly_by_stock_llama_cpp(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "export.gguf"
    with GGUFFile.open(model) as source:
        recode.write_recoded(source, out, "tq2_0", for_llama_cpp=True)
    texts = ["Hello, world! 12345", "Grüße  aus Köln", "it's  the\n\nend", "日本語 🙂"]
    stock = Tokenizer(out)  # libllama opens the very file: it knows the architecture and the pre-tokenizer
    engine = open_engine(model, EngineOptions(threads=1))
    try:
        assert _tokens(stock, texts) == _tokens(engine.tokenizer, texts)
        assert stock.eot == engine.tokenizer.eot
        template = llama_cpp.llama_model_chat_template(stock._model, None)
        assert template.decode() == recode.CHAT_TEMPLATE
    finally:
        stock.close()
        engine.close()


def test_the_template_is_terns_own_prompt() -> None:
    jinja2 = pytest.importorskip("jinja2")
    messages = [{"role": "system", "content": " Be kind. "}, {"role": "user", "content": "Hi"}]
    text = jinja2.Template(recode.CHAT_TEMPLATE).render(messages=messages, add_generation_prompt=True)
    assert text == "System: Be kind.<|eot_id|>User: Hi<|eot_id|>Assistant: "


def _answer(path: Path) -> str:
    engine = open_engine(path, EngineOptions(threads=1, kv_type="f32"))
    try:
        request = Request([Message("user", "Hi there")], SamplingParams(temperature=0.0), 12)
        return "".join(chunk.text for chunk in engine.generate(request))
    finally:
        engine.close()


# -- llama.cpp's own types, the head rounded: the graph runs them --------------------------------------------------


def test_the_same_weights_in_llama_cpps_types(tmp_path: Path, tiny_model: Path) -> None:
    path = tmp_path / "tq2.gguf"
    told: list[float] = []
    with GGUFFile.open(tiny_model) as source:
        recode.write_tq2_0(source, path, told.append, threads=2)
        with GGUFFile.open(path) as made:
            assert made.get("general.file_type", int) == recode.FILE_TYPES["tq2_0"]
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
        recode.write_tq2_0(source, tmp_path / "out.gguf")
    assert not (tmp_path / "out.gguf").exists()


# -- triplets: one set of master weights as BF16 safetensors, packed safetensors, and the official layout ------------


def _bf16(values: np.ndarray) -> np.ndarray:
    """Rounded to BF16, as the upper halves of F32."""
    return ((values.astype(np.float32).view(np.uint32) + 0x8000) >> 16).astype(np.uint16)


def _folder(path: Path, tensors: dict[str, tuple[str, np.ndarray]], gguf: GGUFFile) -> Path:
    """A folder as transformers writes it."""
    path.mkdir()
    header, blob = {}, b""
    for name, (kind, array) in tensors.items():
        data = array.tobytes()
        header[name] = {
            "dtype": kind,
            "shape": array.shape,
            "data_offsets": [len(blob), len(blob) + len(data)],
        }
        blob += data
    raw = json.dumps(header).encode()
    (path / "model.safetensors").write_bytes(len(raw).to_bytes(8, "little") + raw + blob)

    def key(name: str) -> Any:
        return gguf.metadata[f"{ARCH}.{name}"]

    config = {
        "model_type": "bitnet",
        "vocab_size": key("vocab_size"),
        "hidden_size": key("embedding_length"),
        "intermediate_size": key("feed_forward_length"),
        "num_hidden_layers": key("block_count"),
        "num_attention_heads": key("attention.head_count"),
        "num_key_value_heads": key("attention.head_count_kv"),
        "max_position_embeddings": key("context_length"),
        "rms_norm_eps": key("attention.layer_norm_rms_epsilon"),
        "rope_theta": key("rope.freq_base"),
        "tie_word_embeddings": True,
        "bos_token_id": gguf.metadata["tokenizer.ggml.bos_token_id"],
        "eos_token_id": gguf.metadata["tokenizer.ggml.eos_token_id"],
        "quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear"},
    }
    (path / "config.json").write_text(json.dumps(config))
    tokens, types = list(gguf.strings("tokenizer.ggml.tokens")), gguf.numbers("tokenizer.ggml.token_type")
    tokenizer = {
        "model": {
            "vocab": {text: n for n, text in enumerate(tokens) if types[n] == 1},
            "merges": [merge.split(" ") for merge in gguf.strings("tokenizer.ggml.merges")],
        },
        "added_tokens": [{"content": text, "id": n} for n, text in enumerate(tokens) if types[n] == 3],
    }
    (path / "tokenizer.json").write_text(json.dumps(tokenizer))
    return path


NAMES = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_sub_norm": "self_attn.attn_sub_norm", "ffn_sub_norm": "mlp.ffn_sub_norm",
}  # fmt: skip


def test_master_and_packed_weights_become_what_the_official_file_holds(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes and scales by transformers' own WeightQuant and pack_weights; the official layout by Tern's writer."""
    torch = pytest.importorskip("torch")
    from transformers.integrations.bitnet import WeightQuant, pack_weights

    official = bytearray(model.read_bytes())
    master: dict[str, tuple[str, np.ndarray]] = {}
    packed: dict[str, tuple[str, np.ndarray]] = {}
    with GGUFFile.open(model) as gguf:
        for name, info in gguf.tensors.items():
            if name.startswith("blk."):
                _, layer, stem, _ = name.split(".")
                theirs = f"model.layers.{layer}.{NAMES[stem]}.weight"
            else:
                theirs = {"token_embd.weight": "model.embed_tokens.weight"}.get(name, "model.norm.weight")
            if info.type is not TensorType.I2_S:  # BF16 values, so that every form can hold them
                kind = np.float16 if info.type is TensorType.F16 else np.float32
                values = gguf.data(name).view(kind).astype(np.float32).reshape(info.shape[::-1])
                master[theirs] = packed[theirs] = ("BF16", _bf16(values))
                exact = (_bf16(values).astype(np.uint32) << 16).view(np.float32).astype(kind).tobytes()
                official[info.offset : info.offset + len(exact)] = exact
                continue
            cols, rows = info.shape
            latent = _bf16(RNG.standard_normal((rows, cols), np.float32) * 0.03)
            master[theirs] = ("BF16", latent)
            wide = torch.from_numpy((latent.astype(np.uint32) << 16).view(np.float32).copy())
            quantized = WeightQuant.apply(wide)  # F32: -scale, 0, +scale
            # Its own scale carries the rounding of torch's F32 mean, which depends on the machine; this one does not.
            scale = 1 / (1 / wide.double().abs().mean().float())
            assert float(scale) == pytest.approx(float(quantized.abs().max()), rel=5e-7)
            ternary = torch.sign(quantized)
            data = ternary_bytes.pack((ternary.numpy() + 1).astype(np.uint8), float(scale))
            official[info.offset : info.offset + len(data)] = data
            packed[theirs] = ("U8", pack_weights(ternary.clone()).numpy())
            packed[f"{theirs}_scale"] = ("F32", np.array([float(scale)], np.float32))
        reference = tmp_path / "official.gguf"
        reference.write_bytes(official)
        answers = {_answer(reference)}
        with GGUFFile.open(reference) as wanted:
            for form, tensors in (("master", master), ("packed", packed)):
                out = tmp_path / f"{form}.gguf"
                write_gguf(_folder(tmp_path / form, tensors, gguf), out)
                with GGUFFile.open(out) as found:
                    assert set(found.tensors) == set(wanted.tensors)
                    for name in wanted.tensors:
                        assert np.array_equal(found.data(name), wanted.data(name)), (form, name)
                answers.add(_answer(out))
        assert len(answers) == 1  # the same words from all three


def test_ternarize_rounds_half_to_even_and_clips() -> None:
    codes, scale = ternarize(np.array([[0.5, -0.5, 1.5, -9, 0.51, 0]], np.float32), 1.0)
    assert codes.tolist() == [[1, 1, 2, 0, 2, 1]]
    assert scale == 1


def test_packed_weights_become_i2_s_row_by_row() -> None:
    packed = np.full((1, 128), 0b10_01_00_10, np.uint8)
    *rows, trailer = packed_chunks(packed, 0.5)
    assert [set(ternary_bytes.unpack_codes(np.frombuffer(row, np.uint8), 1, 128).flat) for row in rows] == [
        {1}, {-1}, {0}, {1},
    ]  # fmt: skip
    assert ternary_bytes.i2s_scale(trailer) == 0.5
    with pytest.raises(UserError, match="not -1, 0 or"):
        list(packed_chunks(np.full((1, 128), 0b11, np.uint8), 0.5))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model_type": "llama"}, "not a BitNet"),
        ({"vocab_size": "many"}, "no usable vocab_size"),
        ({"num_hidden_layers": 9}, "no tensor model"),
    ],
)
def test_a_folder_of_something_else(
    change: dict[str, object], sentence: str, model: Path, tmp_path: Path
) -> None:
    with GGUFFile.open(model) as gguf:
        one = ("BF16", np.zeros((512, 256), np.uint16))
        norm = ("BF16", np.zeros(256, np.uint16))
        tensors = {"model.embed_tokens.weight": one, "model.norm.weight": norm}
        folder = _folder(tmp_path / "folder", tensors, gguf)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(UserError, match=sentence):
        write_gguf(folder, tmp_path / "out.gguf")
    assert not (tmp_path / "out.gguf").exists()


@pytest.mark.parametrize(
    "content", [b"", b"12345678", b"\xff" * 64, (9).to_bytes(8, "little") + b'{"a": {}}']
)
def test_a_damaged_safetensors_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"Fetch it again|cannot be opened"):
        write_gguf(tmp_path, tmp_path / "out.gguf")
