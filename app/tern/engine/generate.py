"""The loop from messages to text: prompt, prefill, decode, stream. Knows no window and no storage.

Between replies the KV cache keeps what was computed; the next prompt reuses the longest common prefix.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from tern.engine import prompt as prompts
from tern.engine.bitnet import BitnetModel
from tern.engine.pieces import PieceEncoder
from tern.engine.sampling import Sampler
from tern.engine.tokenizer import TextStream, Tokenizer
from tern.engine.types import (
    Chunk,
    FinishReason,
    Logits,
    Message,
    ModelInfo,
    PrefillProgress,
    PromptSize,
    Request,
    Stats,
    StopFlag,
)
from tern.errors import BugError, UserError

PREFILL_CHUNK = 256  # tokens computed at once


class BitnetEngine:
    """A BitNet model that answers. Implements ``types.Engine``; owns the file, the tokenizer and the model."""

    def __init__(self, model: BitnetModel, tokenizer: Tokenizer) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self._encode = PieceEncoder(tokenizer.encode)
        file, config = model.file, model.config
        self._cached: list[int] = []  # tokens whose keys and values the cache holds, in order
        if config.bos_id is None or config.eos_id is None:
            raise UserError(
                f"{file.path.name} names no begin or end token, so Tern cannot chat with it. "
                "Fetch the model from its original source."
            )
        self._bos = config.bos_id
        self._eot = config.eot_id if config.eot_id is not None else config.eos_id
        self._ends = {self._eot, config.eos_id}
        self._info = ModelInfo(
            path=file.path,
            name=config.name or file.path.stem,
            architecture=config.arch,
            n_layers=config.n_layers,
            n_embd=config.n_embd,
            n_vocab=config.n_vocab,
            context_size=model.context_size,
            n_params=config.n_params,
            file_bytes=file.size,
            kernel=model.kernels.name,
            threads=model.threads,
        )

    @property
    def info(self) -> ModelInfo:
        return self._info

    def prompt(self, messages: Sequence[Message]) -> prompts.Prompt:
        """The prompt ``generate`` would use, with the messages that no longer fit left out."""
        return prompts.build(messages, self._encode, self._bos, self._eot, self.model.context_size)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self.prompt(messages).tokens)

    def measure(self, messages: Sequence[Message]) -> PromptSize:
        return prompts.measure(messages, self._encode, self.model.context_size)

    def text_tokens(self, text: str) -> int:
        return len(self._encode(text))

    def is_end(self, token: int) -> bool:
        return token in self._ends or self.tokenizer.is_end(token)

    def prefill(
        self,
        tokens: list[int],
        wanted: int | None = None,
        should_stop: StopFlag = lambda: False,
        on_progress: Callable[[int], None] = lambda done: None,
    ) -> Logits | None:
        """Bring the cache to hold exactly ``tokens``; logits of what follows, at least of the ``wanted`` best tokens.

        None when stopped on the way. ``on_progress(done)`` is told how many of ``tokens`` are in the cache, reused ones
        included.
        """
        done = min(prompts.common_prefix(self._cached, tokens), len(tokens) - 1)
        del self._cached[done:]
        logits: Logits | None = None
        while done < len(tokens):
            on_progress(done)
            if should_stop():
                return None
            chunk = tokens[done : done + PREFILL_CHUNK]
            logits = self.model.eval_best(np.asarray(chunk, np.int32), done, wanted, should_stop)
            if logits is None:
                return None
            self._cached += chunk
            done += len(chunk)
        on_progress(done)
        return logits

    def decode(self, token: int, wanted: int | None = None) -> Logits:
        """Append one token to the cache; logits of what follows it, at least of the ``wanted`` best tokens."""
        logits = self.model.eval_best(np.asarray([token], np.int32), len(self._cached), wanted)
        if logits is None:
            raise BugError("decode was aborted")
        self._cached.append(token)
        return logits

    def reset(self) -> None:
        """Forget what the cache holds."""
        self._cached.clear()

    def generate(
        self,
        request: Request,
        should_stop: StopFlag = lambda: False,
        on_prefill: PrefillProgress = lambda done, total: None,
    ) -> Iterator[Chunk]:
        started = time.perf_counter()
        prompt = self.prompt(request.messages)
        tokens = prompt.tokens
        total, context_size = len(tokens), self.model.context_size
        reused = min(prompts.common_prefix(self._cached, tokens), total - 1)
        stats = Stats(
            prompt_tokens=total,
            reused_tokens=reused,
            context_used=reused,
            context_size=context_size,
            dropped_messages=prompt.dropped,
        )
        limit = request.max_tokens if request.max_tokens is not None else context_size
        sampler = Sampler(request.sampling, self._info.n_vocab)
        try:
            sampler.accept(tokens[-request.sampling.penalty_last_n :])
            computing = time.perf_counter()
            logits = self.prefill(tokens, sampler.wanted, should_stop, lambda done: on_prefill(done, total))
            stats = replace(stats, context_used=len(self._cached))
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
            while True:
                if stats.tokens >= limit:
                    reason = FinishReason.MAX_TOKENS
                    break
                if should_stop():
                    reason = FinishReason.STOPPED
                    break
                token = sampler.sample(logits)
                if self.is_end(token):
                    reason = FinishReason.END_OF_TURN
                    break
                count, elapsed = stats.tokens + 1, time.perf_counter() - first
                stats = replace(
                    stats,
                    tokens=count,
                    decode_tokens_per_s=(count - 1) / elapsed if count > 1 else 0.0,
                    context_used=len(self._cached),
                )
                yield Chunk(stream.feed(self.tokenizer.piece(token)), stats)
                if len(self._cached) >= context_size:
                    reason = FinishReason.CONTEXT_FULL
                    break
                logits = self.decode(token, sampler.wanted)
            yield Chunk(stream.end(), stats.finished(reason))
        finally:
            sampler.close()

    def close(self) -> None:
        self.model.close()
        self.tokenizer.close()
