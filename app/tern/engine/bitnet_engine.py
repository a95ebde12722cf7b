"""A BitNet model behind the Engine protocol: prompt, prefill, decode. Knows no window and no storage.

Between replies the KV cache keeps what was computed; the next prompt reuses the longest common prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tern.engine import prompt as prompts
from tern.engine.bitnet_model import BitnetModel
from tern.engine.encode_cache import PieceEncoder
from tern.engine.reply import prefill, reply
from tern.engine.tokenizer import Tokenizer
from tern.engine.types import (
    TQ2_KERNEL,
    Chunk,
    Logits,
    Message,
    ModelInfo,
    Observation,
    PrefillProgress,
    PromptSize,
    Request,
    StopFlag,
)
from tern.engine.vocabulary import PRE_TOKENIZER
from tern.errors import BugError, UserError
from tern.progress import ignore_progress

PREFILL_CHUNK = 256  # tokens computed at once


class BitnetEngine:
    """A BitNet model that answers. Implements ``types.Engine``; owns the file, the tokenizer and the model.

    ``copy_of``: the file that the model's own is a copy of in llama.cpp's types, for its kernels.
    """

    def __init__(self, model: BitnetModel, tokenizer: Tokenizer, copy_of: Path | None = None) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self._encode: Callable[[str], list[int]] = tokenizer.encode
        if tokenizer.pre_tokenizer == PRE_TOKENIZER:
            self._encode = PieceEncoder(tokenizer.encode)
        file, config = model.file, model.config
        self._cached: list[int] = []  # tokens whose keys and values the cache holds, in order
        if config.bos_id is None or config.eos_id is None:
            raise UserError(
                "{name} names no begin or end token, so Tern cannot chat with it. "
                "Fetch the model from its original source.",
                name=file.path.name,
            )
        self._bos = config.bos_id
        self._eot = config.eot_id if config.eot_id is not None else config.eos_id
        self._ends = {self._eot, config.eos_id}
        self._info = ModelInfo(
            path=copy_of or file.path,
            name=config.name or (copy_of or file.path).stem,
            architecture=config.arch,
            n_layers=config.n_layers,
            n_embd=config.n_embd,
            n_vocab=config.n_vocab,
            context_size=model.context_size,
            n_params=config.n_params,
            file_bytes=file.size,
            kernel=model.kernels.name if copy_of is None else TQ2_KERNEL,
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

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        return prompts.whole(messages, self._encode, self._bos, self._eot)

    def spelled(self, token: int) -> bytes:
        return self.tokenizer.piece(token, special=True)

    def text_tokens(self, text: str) -> int:
        return len(self._encode(text))

    @property
    def cached(self) -> Sequence[int]:
        return self._cached

    def piece(self, token: int) -> bytes:
        return self.tokenizer.piece(token)

    def is_end(self, token: int) -> bool:
        return token in self._ends or self.tokenizer.is_end(token)

    def prefill(
        self,
        tokens: list[int],
        wanted: int | None = None,
        should_stop: StopFlag = lambda: False,
        on_progress: Callable[[int], None] = ignore_progress,
    ) -> Logits | None:
        """See ``reply.Computer``."""
        return prefill(
            self._cached,
            tokens,
            PREFILL_CHUNK,
            lambda chunk: self._eval(chunk, wanted, should_stop),
            should_stop,
            on_progress,
        )

    def decode(self, token: int, wanted: int | None = None) -> Logits:
        """See ``reply.Computer``."""
        logits = self._eval([token], wanted)
        if logits is None:
            raise BugError("decode was aborted")
        return logits

    def _eval(
        self, tokens: list[int], wanted: int | None, should_stop: StopFlag | None = None
    ) -> Logits | None:
        logits = self.model.eval_best(np.asarray(tokens, np.int32), len(self._cached), wanted, should_stop)
        if logits is not None:
            self._cached += tokens
        return logits

    def observe(self) -> Observation:
        """The model from inside, as it is at this token; cheap enough to ask after each."""
        model = self.model
        return Observation(model.live_counts(), model.head_bytes_per_token, frozenset(model.packed))

    def reset(self) -> None:
        """Forget what the cache holds."""
        self._cached.clear()

    def generate(
        self,
        request: Request,
        should_stop: StopFlag = lambda: False,
        on_prefill: PrefillProgress = ignore_progress,
    ) -> Iterator[Chunk]:
        return reply(self, request, should_stop, on_prefill)

    def close(self) -> None:
        self.model.close()
        self.tokenizer.close()
