"""Long stretches without a stop do not overflow libllama's expressions, and ordinary text keeps its tokens to the last
one: for every pre-tokenizer that the pinned llama.cpp knows."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patience import HANG_S
from tern.engine import pretokenizer_limit
from tern.engine.convert.synthetic import SHAPES, byte_letters, write_synthetic
from tern.engine.gguf.reader import GGUFFile, ValueType
from tern.engine.gguf.writer import GGUFWriter
from tern.engine.pretokenizer_limit import DEEPEST, pieces
from tern.engine.tokenizer import Tokenizer

pytestmark = pytest.mark.slow

PRE_TOKENIZERS = """
    default llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano deepseek-llm deepseek-coder
    deepseek-v3 deepseek-r1-qwen youtu falcon mpt starcoder gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de gigachat
    jina-v2-code a.x-4.0 roberta-bpe mellum modern-bert jina-v1-en refact command-r qwen2 qwen35 stablelm2 olmo dbrx
    smaug-bpe poro-chat glm4 chatglm-bpe viking jais jais-2 tekken smollm codeshell bloom gpt3-finnish exaone exaone4
    exaone-moe chameleon minerva-7b megrez gpt-4o llama4 kanana2 talkie granite-embed-multi-97m
    granite-embed-multi-311m tiny_aya cohere2moe superbpe trillion granite-docling bailingmoe bailingmoe2 llada-moe
    seed-coder hunyuan hunyuan-dense joyai-llm kimi-k2 ufakzeka grok-2 afmoe laguna minimax-m2 solar-open mellum2 gemma4
    sarvam-moe minicpm5 kormo f2llmv2 glm5 hy_v4 spark2_5
    """.split()  # noqa: SIM905
RAW = {"gemma4", "sarvam-moe"}  # these merge characters, a space being one of its own, and not bytes
WITHOUT_STOP = ("a", "=", " ", "\n", "1", "天", "ab ", "aB3=", "\r\n", "🐦")


@cache
def _vocabulary(raw: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tokens and merges that join any two neighbours: a boundary in another place gives other tokens."""
    if raw:
        letters = sorted({*ENGLISH, *CHINESE, *CODE, *NUMBERS} - {" ", "\n"})
        singles = [*letters, "▁", "\n", *(f"<0x{byte:02X}>" for byte in range(256))]
        pairs = list(product([*letters, "▁"], letters))
    else:
        singles = list(byte_letters())
        ascii_ = [singles[byte] for byte in (*range(32, 127), 10, 13, 9)]
        pairs = [*product(ascii_, ascii_), *product(singles[128:], singles[128:])]
    random.Random(1).shuffle(pairs)
    joined = [left + right for left, right in pairs]
    kept = [n for n, text in enumerate(joined) if text not in singles]
    return (*singles, *(joined[n] for n in kept), "<s>", "</s>"), tuple(" ".join(pairs[n]) for n in kept)


@cache
def _encoded(raw: bool, folder: Path) -> GGUFFile:
    tokens, merges = _vocabulary(raw)
    types = np.ones(len(tokens), np.int32)
    types[-2:] = 3
    writer = GGUFWriter(folder / f"words-{raw}.gguf")
    writer.add("tokenizer.ggml.tokens", tokens, ValueType.STRING)
    writer.add("tokenizer.ggml.merges", merges, ValueType.STRING)
    writer.add("tokenizer.ggml.token_type", types)
    writer.write()
    return GGUFFile.open(writer.path)


def write_vocabulary(path: Path, pre: str, source: GGUFFile) -> Path:
    """Tokens and merges are those of ``source``."""
    n_vocab = len(source.strings("tokenizer.ggml.tokens"))
    writer = GGUFWriter(path)
    writer.add("general.architecture", "llama")
    writer.add("llama.vocab_size", n_vocab)
    writer.add("tokenizer.ggml.model", "gemma4" if pre == "gemma4" else "gpt2")
    writer.add("tokenizer.ggml.pre", pre)
    for key in ("tokens", "merges", "token_type"):
        writer.add_raw(f"tokenizer.ggml.{key}", *source.metadata.raw(f"tokenizer.ggml.{key}"))
    writer.add("tokenizer.ggml.bos_token_id", n_vocab - 2)
    writer.add("tokenizer.ggml.eos_token_id", n_vocab - 1)
    writer.write()
    return path


ENGLISH = (
    "The sea was quiet when the small white birds came back from the far south, and a child on the shore counted "
    "them: one, two, three. \"How did you find the way?\" she asked; nobody's answer came (birds don't talk). It's 12 "
    "or 13 degrees, 1,500 m up - or so they'd say... We'll see!  Two spaces. A dash-ed word and e.g. an abbreviation. "
)
CHINESE = (
    "海很安静，白色的小鸟从南方回来了。岸边的孩子数着它们：一、二、三！“你们怎么找到路的？”她问。没人回答……"
)
CODE = "def f(x):\n    if x == 1:\n\t\treturn {'a': [1, 2, 3]}  # note\r\n\n\n    return f\"{x}!\" + str(0x1F)\n\n"
NUMBERS = "3.14159 2,718 1000000 12:30 2026-11-26 +49 30 1234567 50% $9.99 1e-5\n"
ORDINARY = {  # each longer than DEEPEST, and short enough for the expressions as it is
    "a paragraph in one line": ENGLISH * 15,
    "Chinese without a space": CHINESE * 60,
    "code": CODE * 60,
    "numbers": NUMBERS * 60,
    "lines": (ENGLISH + "\n\n" + CHINESE + "\n") * 10,
}


@pytest.mark.parametrize("pre", PRE_TOKENIZERS)
def test_ordinary_text_keeps_its_tokens(pre: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = write_vocabulary(folder / "pre.gguf", pre, _encoded(pre in RAW, folder))
    tokenizer = Tokenizer(path)
    try:
        # Merges in pairs: a wrong cut may fit by chance.
        for name, begin in product(ORDINARY, ("", "a", "ab ")):
            text = begin + ORDINARY[name]
            assert 1.5 * DEEPEST < len(text) < 4 * DEEPEST
            assert tokenizer.encode(text) == tokenizer._encode(text, special=False), name
        assert len(tokenizer.encode(ENGLISH)) < len(ENGLISH), "tokens join letters"
    finally:
        tokenizer.close()


def test_a_wrong_cut_would_be_seen(tmp_path: Path) -> None:
    """The vocabulary above tells: cut in the middle of words, text has other tokens."""
    tokenizer = Tokenizer(write_vocabulary(tmp_path / "pre.gguf", "tekken", _encoded(False, tmp_path)))
    try:
        text = ENGLISH * 15
        halves = [tokenizer.encode(text[at : at + 997]) for at in range(0, len(text), 997)]
        assert [token for half in halves for token in half] != tokenizer.encode(text)
    finally:
        tokenizer.close()


def _encode_all(folder: Path) -> None:
    """In a process of its own, which ends with the first overflow."""
    write_synthetic(folder / "words.gguf", SHAPES["tiny"])
    source = GGUFFile.open(folder / "words.gguf")
    for pre in PRE_TOKENIZERS:
        tokenizer = Tokenizer(write_vocabulary(folder / "pre.gguf", pre, source))
        for letters in WITHOUT_STOP:
            print(pre, repr(letters), flush=True)
            assert tokenizer.encode(f"before {(letters * 30_000)[:30_000]} after") or pre in RAW
        tokenizer.close()


def test_nothing_overflows(tmp_path: Path) -> None:
    """30,000 characters without a stop, on the main thread; 26,000 were the end before."""
    command = [
        sys.executable,
        "-c",
        f"import sys; from pathlib import Path; import {Path(__file__).stem} as t; t._encode_all(Path(sys.argv[1]))",
    ]
    found = subprocess.run(
        [*command, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        timeout=HANG_S,
        check=False,
    )
    assert found.returncode == 0, found.stdout.splitlines()[-1] + found.stderr


@given(
    st.lists(
        st.tuples(st.sampled_from([*WITHOUT_STOP, "b. ", "。天"]), st.integers(1, 3 * DEEPEST)), max_size=6
    ),
    st.sampled_from(["tekken", "exaone-moe", "superbpe"]),
)
@settings(max_examples=60, deadline=None)
def test_no_piece_has_a_long_stretch(parts: list[tuple[str, int]], pre: str) -> None:
    text = "".join((letters * count)[:count] for letters, count in parts)
    found = list(pieces(text, pre))
    assert "".join(found) == text
    stretches = pretokenizer_limit._STRETCHES.get(pre, pretokenizer_limit._WORDS)
    assert all(len(match[0]) <= 2 * DEEPEST for piece in found for match in stretches.finditer(piece))


def test_short_and_ordinary_text_is_one_piece() -> None:
    assert list(pieces("a" * DEEPEST, "tekken")) == ["a" * DEEPEST]
    assert list(pieces(ENGLISH * 500, "tekken")) == [ENGLISH * 500]
    assert list(pieces("a" * 50_000, "llama-bpe")) == ["a" * 50_000]
