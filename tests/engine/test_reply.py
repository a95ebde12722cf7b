"""The loop of a reply: where it is cut, how it goes on, and what the penalties look back on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from tern.engine import prepared
from tern.engine.bitnet_engine import BitnetEngine
from tern.engine.prompt import Prompt, common_prefix
from tern.engine.reply import reply
from tern.engine.types import (
    Chunk,
    EngineOptions,
    FinishReason,
    Logits,
    Message,
    ModelInfo,
    Request,
    SamplingParams,
    StopFlag,
)
from tern.open_engine import open_engine

pytestmark = pytest.mark.slow

GREEDY = SamplingParams(temperature=0.0)
BEGIN, END, N_VOCAB = 256, 257, 258


class Reciter:
    """A model whose tokens are bytes, and which knows one text by heart: after any beginning of it, it says the rest.
    It would rather end a turn than say anything else, once ``text`` is said."""

    def __init__(self, text: str, context_size: int = 4096) -> None:
        self._text = text.encode()
        self.cached: list[int] = []
        self.info = ModelInfo(Path("reciter"), "reciter", "bytes", 1, 1, N_VOCAB, context_size, 0, 0)

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        tokens = [BEGIN]
        for message in messages[:-1]:
            tokens += [*message.content.encode(), END]
        tokens += messages[-1].content.encode()
        return Prompt(tokens if messages[-1].role == "assistant" else [*tokens, END], ())

    def prefill(
        self, tokens: list[int], wanted: int | None, should_stop: StopFlag, on_progress: Callable[[int], None]
    ) -> Logits | None:
        on_progress(common_prefix(self.cached, tokens))
        self.cached = list(tokens)
        return self._logits()

    def decode(self, token: int, wanted: int | None) -> Logits:
        self.cached.append(token)
        return self._logits()

    def _logits(self) -> Logits:
        turn = self.cached[len(self.cached) - self.cached[::-1].index(END) :]
        values = np.zeros(N_VOCAB, np.float32)
        values[self._text[len(turn)] if len(turn) < len(self._text) else END] = 10.0
        return Logits(None, values)

    def is_end(self, token: int) -> bool:
        return token == END

    def piece(self, token: int) -> bytes:
        return bytes([token])


def run(
    computer: Reciter | BitnetEngine,
    messages: list[Message],
    max_tokens: int | None = None,
    sampling: SamplingParams = GREEDY,
    should_stop: StopFlag = lambda: False,
) -> tuple[str, FinishReason | None]:
    chunks: list[Chunk] = list(
        reply(computer, Request(messages, sampling, max_tokens), should_stop, lambda done, total: None)
    )
    return "".join(chunk.text for chunk in chunks), chunks[-1].stats.finish_reason


WHOLE = "Grüße 🐦🐦 von 世界, 👩‍👩‍👧!"


@pytest.mark.parametrize("n", range(1, len(WHOLE.encode()) + 1))
def test_a_reply_cut_anywhere_goes_on_without_a_broken_character(n: int) -> None:
    question = [Message("user", "Say it")]
    computer = Reciter(WHOLE)
    begun, reason = run(computer, question, n)
    assert reason is FinishReason.MAX_TOKENS
    assert WHOLE.startswith(begun)
    assert len(begun.encode()) > n - 4, "only the half of a character is left out"
    for other in (computer, Reciter(WHOLE)):  # with the half in its cache, and without
        rest, reason = run(other, [*question, Message("assistant", begun)])
        assert begun + rest == WHOLE
        assert reason is FinishReason.END_OF_TURN


def test_stopped_and_out_of_context_inside_a_character() -> None:
    turns = count()
    text, reason = run(Reciter("a🐦"), [Message("user", "?")], should_stop=lambda: next(turns) > 2)
    assert (text, reason) == ("a", FinishReason.STOPPED)
    text, reason = run(Reciter("a🐦", context_size=6), [Message("user", "?")])
    assert (text, reason) == ("a", FinishReason.CONTEXT_FULL)


@pytest.mark.parametrize(
    "sampling",
    [
        SamplingParams(temperature=0.0, repeat_penalty=100.0),
        SamplingParams(temperature=0.0, frequency_penalty=100.0),
        SamplingParams(temperature=0.0, presence_penalty=100.0),
        SamplingParams(temperature=0.7, repeat_penalty=100.0, seed=1),
    ],
)
def test_the_end_of_turn_is_never_penalized(sampling: SamplingParams) -> None:
    """After several turns, each with its end in the penalties' reach, the next reply still ends where it should."""
    talk = [Message("user", "1"), Message("assistant", "2"), Message("user", "3"), Message("assistant", "4")]
    text, reason = run(Reciter("abcdef"), [*talk, *talk, Message("user", "5")], 50, sampling)
    assert (text, reason) == ("abcdef", FinishReason.END_OF_TURN)


def test_the_penalties_reach_back_over_the_prompt() -> None:
    """``penalty_last_n`` tokens of what was said count, those that end turns not among them."""
    talk = [Message("user", "xy")]
    near = SamplingParams(temperature=0.0, presence_penalty=100.0, penalty_last_n=2)
    assert run(Reciter("xq"), talk, 1, near)[0] != "x"
    assert run(Reciter("xq"), [Message("user", "xyz")], 1, near)[0] == "x"


@pytest.mark.parametrize("penalty", [1.1, 1.5, 3.0])
def test_greedy_with_a_penalty_is_exact_with_the_two_stage_head(
    small_model: Path, penalty: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "COARSE_FROM_BYTES", 0)  # as for large models
    sampling = SamplingParams(temperature=0.0, repeat_penalty=penalty)
    replies = []
    for exact in (False, True):
        engine = open_engine(small_model, EngineOptions(threads=1, kv_type="f32", exact_head=exact))
        try:
            assert engine.model.has_two_stage_head is not exact
            replies.append(
                [run(engine, [Message("user", text)], 40, sampling) for text in ("a", "tell me", "x y z")]
            )
            plain = run(engine, [Message("user", "a")], 40)
        finally:
            engine.close()
    assert replies[0] == replies[1]
    assert replies[0][0] != plain, "the penalty counts"
