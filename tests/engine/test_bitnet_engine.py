"""The loop: streaming, stopping, the cache's prefix, the end of the context."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tern.engine.bitnet_engine import BitnetEngine
from tern.engine.convert.synthetic import SyntheticShape, write_synthetic
from tern.engine.tokenizer import TextStream
from tern.engine.types import (
    Chunk,
    EngineOptions,
    FinishReason,
    Logits,
    Message,
    Request,
    SamplingParams,
    Stats,
)
from tern.errors import UserError
from tern.open_engine import open_engine

pytestmark = pytest.mark.slow

GREEDY = SamplingParams(temperature=0.0)


def ask(text: str, max_tokens: int | None = 12, sampling: SamplingParams = GREEDY) -> Request:
    return Request([Message("user", text)], sampling, max_tokens)


def text(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


def test_chunks_carry_the_numbers(small: BitnetEngine) -> None:
    chunks = list(small.generate(ask("hello there")))
    last = chunks[-1].stats
    assert last.finish_reason == FinishReason.MAX_TOKENS
    assert [chunk.stats.finish_reason for chunk in chunks[:-1]] == [None] * 12
    assert last.tokens == 12
    assert last.prompt_tokens == small.count_tokens([Message("user", "hello there")])
    assert last.context_used == last.prompt_tokens + 11  # the last token was never fed back
    assert last.context_size == 4096
    assert last.prefill_tokens_per_s > 0
    assert last.decode_tokens_per_s > 0
    assert last.time_to_first_token_s > 0


def test_the_next_token_changes_three_numbers_only() -> None:
    before = Stats(7, 3, 4, 50.0, 20.0, 0.5, 10, 4096, FinishReason.STOPPED, (1, 2))
    after = before.after_token(0.25, 11)
    assert after == replace(before, tokens=5, decode_tokens_per_s=4 / 0.25, context_used=11)
    assert Stats().after_token(0.0, 1).decode_tokens_per_s == 0.0


def test_the_cached_prefix_changes_no_word(small: BitnetEngine) -> None:
    first = [Message("user", "tell me a story")]
    reply = text(list(small.generate(Request(first, GREEDY, 8))))
    second = [*first, Message("assistant", reply), Message("user", "and then")]
    warm = list(small.generate(Request(second, GREEDY, 8)))
    small.reset()
    cold = list(small.generate(Request(second, GREEDY, 8)))
    assert warm[-1].stats.reused_tokens > 0
    assert cold[-1].stats.reused_tokens == 0
    assert text(warm) == text(cold)


def test_the_same_question_twice_reuses_all_but_one(small: BitnetEngine) -> None:
    once = list(small.generate(ask("hi")))
    again = list(small.generate(ask("hi")))
    assert text(once) == text(again)
    assert again[-1].stats.reused_tokens == again[-1].stats.prompt_tokens - 1


def test_seeds_decide(small: BitnetEngine) -> None:
    def sampled(seed: int) -> str:
        return text(list(small.generate(ask("x", 16, SamplingParams(temperature=1.5, top_k=0, seed=seed)))))

    assert sampled(1) == sampled(1)
    assert len({sampled(seed) for seed in range(4)}) > 1


def test_top_k_one_is_greedy(small: BitnetEngine) -> None:
    sampled = text(list(small.generate(ask("x", 16, SamplingParams(temperature=1.0, top_k=1, seed=5)))))
    assert sampled == text(list(small.generate(ask("x", 16))))


def test_penalties_break_a_repetition(small: BitnetEngine) -> None:
    def tokens(sampling: SamplingParams) -> list[str]:
        return [chunk.text for chunk in small.generate(ask("x", 48, sampling))]

    plain = tokens(GREEDY)
    penalized = tokens(SamplingParams(temperature=0.0, repeat_penalty=1.8, penalty_last_n=256))
    assert len(set(penalized)) > len(set(plain))


def test_stop_between_tokens(small: BitnetEngine) -> None:
    seen: list[Chunk] = []
    for chunk in small.generate(ask("x", 1000), should_stop=lambda: len(seen) >= 3):
        seen.append(chunk)
    assert seen[-1].stats.finish_reason == FinishReason.STOPPED
    assert seen[-1].stats.tokens == 3


def test_the_reply_ends_with_the_context(tiny_model: Path) -> None:
    engine = open_engine(tiny_model, EngineOptions(threads=1, context_size=48))
    try:
        chunks = list(engine.generate(ask("hello", None)))
        last = chunks[-1].stats
        if last.finish_reason == FinishReason.CONTEXT_FULL:
            assert last.context_used == 48
        else:  # a random model may happen to end its turn
            assert last.finish_reason == FinishReason.END_OF_TURN
        with pytest.raises(UserError, match="too long"):
            list(engine.generate(ask("abcdefgh " * 40)))
    finally:
        engine.close()


def test_stop_in_the_middle_of_a_long_prefill(tmp_path: Path) -> None:
    """The 4,000-token prompt of a wide model takes many seconds; Stop is honoured inside a chunk."""
    path = tmp_path / "wide.gguf"
    shape = SyntheticShape(n_embd=2560, n_layers=4, n_ff=6912, n_heads=20, n_kv_heads=5, n_vocab=512)
    write_synthetic(path, shape, seed=2)
    engine = open_engine(path, EngineOptions(threads=1))
    try:
        long_text = "abcdefg " * 650
        progress: list[tuple[int, int]] = []
        asked = 0  # how often since the first chunk was done

        def on_prefill(done: int, total: int) -> None:
            progress.append((done, total))

        def should_stop() -> bool:
            nonlocal asked
            asked += bool(progress) and progress[-1][0] > 0
            return asked > 10  # in the middle of the next chunk, whose nodes ask many times

        chunks = list(engine.generate(ask(long_text), should_stop, on_prefill))
        assert chunks[-1].stats.finish_reason == FinishReason.STOPPED
        assert progress[0][1] > 2000
        assert len({done for done, _ in progress if done > 0}) == 1, "the chunk under way was not finished"
        assert asked < 20, "once it is told to stop, no further node is computed"
        # What was computed is kept and right: a shorter question reuses it and answers as a fresh engine does.
        short = list(engine.generate(ask("abcdefg abcdefg", 6)))
        assert short[-1].stats.reused_tokens > 0
        engine.reset()
        assert text(list(engine.generate(ask("abcdefg abcdefg", 6)))) == text(short)
    finally:
        engine.close()


def test_what_no_longer_fits_is_named(tiny_model: Path) -> None:
    engine = open_engine(tiny_model, EngineOptions(threads=1, context_size=128))
    try:
        messages = [Message("user", "abcdefgh " * 40), Message("assistant", "abc"), Message("user", "hello")]
        chunks = list(engine.generate(Request(messages, GREEDY, 2)))
        assert {chunk.stats.dropped_messages for chunk in chunks} == {(0, 1)}
    finally:
        engine.close()


def test_tokens_round_trip(tiny: BitnetEngine) -> None:
    for sample in ("hello world", "Grüße, 世界! 🐦", "a\n\n  b\tc", "<|eot_id|>", ""):
        tokens = tiny.tokenizer.encode(sample)
        assert tiny.tokenizer.decode(tokens) == sample
        assert not any(tiny.is_end(token) for token in tokens)
    assert tiny.tokenizer.encode("<|eot_id|>", special=True) == [tiny.tokenizer.eot]


def test_characters_stay_whole_while_streaming() -> None:
    data = "Grüße 🐦 世".encode()
    for size in (1, 2, 3):
        stream = TextStream()
        pieces = [stream.feed(data[i : i + size]) for i in range(0, len(data), size)]
        assert "".join(pieces) == "Grüße 🐦 世"
        assert not any("\ufffd" in piece for piece in pieces)
    stream = TextStream()
    assert stream.feed(b"ok\xf0\x9f") == "ok"


def test_options_are_checked(tiny_model: Path) -> None:
    with pytest.raises(UserError, match="context can be 16 to 512"):
        open_engine(tiny_model, EngineOptions(context_size=100_000))


def test_every_logit_is_finite(small: BitnetEngine) -> None:
    logits = small.prefill(small.prompt([Message("user", "x" * 300)]).tokens)
    assert logits is not None
    assert np.isfinite(logits.values).all()


def test_the_last_token_of_a_reply_is_not_computed(
    small: BitnetEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    decode = small.decode

    def counted(token: int, wanted: int | None = None) -> Logits:
        decoded.append(token)
        return decode(token, wanted)

    monkeypatch.setattr(small, "decode", counted)
    for tokens in (1, 5):
        decoded.clear()
        *_, last = small.generate(Request([Message("user", "Hi")], SamplingParams(temperature=0.0), tokens))
        assert last.stats.finish_reason is FinishReason.MAX_TOKENS
        assert last.stats.tokens == tokens
        assert len(decoded) == tokens - 1
