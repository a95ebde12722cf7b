"""An engine without a model, for tests of everything around it: says what it was told to say, at a chosen pace."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tern.engine import prompt as prompts
from tern.engine.types import (
    Chunk,
    FinishReason,
    Message,
    ModelInfo,
    PrefillProgress,
    PromptSize,
    Request,
    Stats,
    StopFlag,
)
from tern.progress import ignore_progress


class FakeEngine:
    """Speaks its ``replies`` in turn, word by word; then echoes the person's last message.

    ``token_seconds`` is the pause before each word; ``error`` is raised after ``error_after`` words when given.
    """

    def __init__(
        self,
        replies: Sequence[str] = (),
        token_seconds: float = 0.0,
        context_size: int = 4096,
        error: Exception | None = None,
        error_after: int = 0,
    ) -> None:
        self._replies = list(replies)
        self._token_seconds = token_seconds
        self._error = error
        self._error_after = error_after
        self.requests: list[Request] = []
        self.closed = False
        self._info = ModelInfo(
            path=Path("fake.gguf"),
            name="Fake",
            architecture="fake",
            n_layers=1,
            n_embd=128,
            n_vocab=256,
            context_size=context_size,
            n_params=0,
            file_bytes=0,
            kernel="none",
            threads=1,
        )

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self.measure(messages).sent

    def measure(self, messages: Sequence[Message]) -> PromptSize:
        return prompts.measure(messages, _words, self._info.context_size)

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        return [0] * self.measure(messages).tokens

    def piece(self, token: int) -> bytes:
        return b"word "

    def spelled(self, token: int) -> bytes:
        return b"word "

    def text_tokens(self, text: str) -> int:
        return len(_words(text))

    def generate(
        self,
        request: Request,
        should_stop: StopFlag = lambda: False,
        on_prefill: PrefillProgress = ignore_progress,
    ) -> Iterator[Chunk]:
        self.requests.append(request)
        size = self.measure(request.messages)
        if not size.fits:
            raise prompts.too_long(size)
        prompt = size.sent
        text = self._replies.pop(0) if self._replies else request.messages[-1].content
        words = text.split(" ")
        on_prefill(prompt, prompt)
        started = time.perf_counter()
        stats = Stats(
            prompt_tokens=prompt,
            context_used=prompt,
            context_size=self._info.context_size,
            dropped_messages=size.dropped,
        )
        limit = request.max_tokens if request.max_tokens is not None else len(words)
        first = 0.0
        for count, word in enumerate(words[:limit], start=1):
            if self._error is not None and count > self._error_after:
                raise self._error
            if should_stop():
                yield Chunk("", stats.finished(FinishReason.STOPPED))
                return
            if self._token_seconds:
                time.sleep(self._token_seconds)
            elapsed = max(time.perf_counter() - started, 1e-9)
            first = first or elapsed
            stats = replace(
                stats,
                tokens=count,
                prefill_tokens_per_s=prompt / first,
                decode_tokens_per_s=(count - 1) / (elapsed - first) if elapsed > first else 0.0,
                time_to_first_token_s=first,
                context_used=prompt + count,
            )
            yield Chunk(word if count == 1 else " " + word, stats)
        reason = FinishReason.END_OF_TURN if limit >= len(words) else FinishReason.MAX_TOKENS
        yield Chunk("", stats.finished(reason))

    def close(self) -> None:
        self.closed = True


def _words(text: str) -> list[int]:
    """A token a word."""
    return [0] * len(text.split())
