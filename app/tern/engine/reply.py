"""The loop of one reply, the same for every engine: prefill, sample, stream, decode. Knows no model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol

from tern.engine.prompt import Prompt, common_prefix
from tern.engine.sampling import Sampler
from tern.engine.tokenizer import TextStream
from tern.engine.types import (
    Chunk,
    FinishReason,
    Logits,
    Message,
    ModelInfo,
    PrefillProgress,
    Request,
    Stats,
    StopFlag,
)


class Computer(Protocol):
    """What the loop needs of an engine."""

    @property
    def info(self) -> ModelInfo: ...

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The prompt for ``messages``, those left out that no longer fit."""
        ...

    @property
    def cached(self) -> Sequence[int]:
        """Tokens whose keys and values the cache holds, in order."""
        ...

    def prefill(
        self, tokens: list[int], wanted: int | None, should_stop: StopFlag, on_progress: Callable[[int], None]
    ) -> Logits | None:
        """Bring the cache to hold exactly ``tokens``; logits of what follows, at least of the ``wanted`` best tokens.

        None when stopped on the way. ``on_progress(done)`` is told how many of ``tokens`` are in the cache: first those
        that were reused.
        """
        ...

    def decode(self, token: int, wanted: int | None) -> Logits:
        """Append one token to the cache; logits of what follows it, at least of the ``wanted`` best tokens."""
        ...

    def is_end(self, token: int) -> bool: ...

    def piece(self, token: int) -> bytes: ...


def prefill(
    cached: list[int],
    tokens: list[int],
    batch: int,
    compute: Callable[[list[int]], Logits | None],
    should_stop: StopFlag,
    on_progress: Callable[[int], None],
    keep: Callable[[int], bool] = lambda count: True,
) -> Logits | None:
    """What every engine's ``Computer.prefill`` does: ``cached`` keeps what it has in common with ``tokens``, and the
    rest is computed, ``batch`` tokens at a time.

    ``compute`` appends its tokens to the cache and to ``cached``; None where it was stopped. ``keep(count)`` makes the
    cache forget all but its first ``count`` tokens; False where it had to forget them all.
    """
    # The last token is computed in any case: it gives the logits.
    done = min(common_prefix(cached, tokens), len(tokens) - 1)
    if not keep(done):
        done = 0
    del cached[done:]
    logits: Logits | None = None
    while done < len(tokens):
        on_progress(done)
        if should_stop():
            return None
        chunk = tokens[done : done + batch]
        logits = compute(chunk)
        if logits is None:
            return None
        done += len(chunk)
    on_progress(done)
    return logits


def reply(
    computer: Computer, request: Request, should_stop: StopFlag, on_prefill: PrefillProgress
) -> Iterator[Chunk]:
    """A chunk for each token of the reply to ``request``, and a last one that says how it ended.

    A token enters the cache only when another one is wanted after it: the last of a reply is never computed.
    """
    started = time.perf_counter()
    prompt, info = computer.prompt(request.messages), computer.info
    tokens = prompt.tokens
    total = len(tokens)
    stats = Stats(prompt_tokens=total, context_size=info.context_size, dropped_messages=prompt.dropped)
    reused: int | None = None

    def progress(done: int) -> None:
        nonlocal reused
        reused = done if reused is None else reused
        on_prefill(done, total)

    limit = request.max_tokens if request.max_tokens is not None else info.context_size
    sampler = Sampler(request.sampling, info.n_vocab)
    try:
        if sampler.penalized:
            # What ends a turn is not repetition: it would be missing where this reply should end.
            said = (token for token in reversed(tokens) if not computer.is_end(token))
            sampler.accept(reversed(list(islice(said, request.sampling.penalty_last_n))))
        computing = time.perf_counter()
        logits = computer.prefill(tokens, sampler.wanted, should_stop, progress)
        reused = reused or 0
        stats = replace(stats, reused_tokens=reused, context_used=len(computer.cached))
        if logits is None:
            yield Chunk("", stats.finished(FinishReason.STOPPED))
            return
        first = time.perf_counter()
        stats = replace(
            stats,
            prefill_tokens_per_s=(total - reused) / (first - computing),
            time_to_first_token_s=first - started,
        )
        stream = TextStream()
        token: int | None = None
        while True:
            if stats.tokens >= limit:
                reason = FinishReason.MAX_TOKENS
                break
            if should_stop():
                reason = FinishReason.STOPPED
                break
            if token is not None:
                if len(computer.cached) >= info.context_size:
                    reason = FinishReason.CONTEXT_FULL
                    break
                logits = computer.decode(token, sampler.wanted)
            token = sampler.sample(logits)
            if computer.is_end(token):
                reason = FinishReason.END_OF_TURN
                break
            stats = stats.after_token(time.perf_counter() - first, len(computer.cached))
            yield Chunk(stream.feed(computer.piece(token)), stats)
        yield Chunk("", stats.finished(reason))
    finally:
        sampler.close()
