"""Any other GGUF that llama.cpp runs, behind the same Engine protocol: libllama computes, Tern's loop streams.

However the chat is written for the model (``chat_template``), the messages' text is tokenized as plain text: nothing
that a person pastes can forge a turn. Knows no BitNet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from tern.engine import memory_need
from tern.engine import prompt as prompts
from tern.engine.chat_template import ChatForm, known_form
from tern.engine.config import ARCHITECTURES
from tern.engine.gguf.reader import GGUFFile
from tern.engine.gguf.values import shown
from tern.engine.llama_model import BATCH, LlamaModel
from tern.engine.reply import prefill, reply
from tern.engine.types import (
    Chunk,
    EngineOptions,
    Logits,
    Message,
    ModelInfo,
    PrefillProgress,
    PromptSize,
    Request,
    StopFlag,
)
from tern.progress import ignore_progress

_REMEMBERED = 256  # texts whose tokens are kept
# Stands for a message's text while the template runs; trimmed and copied like any text.
_MARK = "\u2983{}\u2984"


class GenericEngine:
    """A model that llama.cpp runs. Implements ``types.Engine``. ``opened``: the file to open in place of ``path``;
    ``context_limit``: the largest context to make where none is asked for."""

    def __init__(
        self,
        path: Path,
        options: EngineOptions,
        threads: int,
        trusted: bool = False,
        opened: Path | None = None,
        context_limit: int = memory_need.DEFAULT_CONTEXT,
    ) -> None:
        name = shown(path.name)
        with GGUFFile.open(path) as file:
            context_size = memory_need.context_size(file, options.context_size, context_limit)
            memory_need.check(file, options.kv_type, context_size)
            template = file.get("tokenizer.chat_template", str, "")
            title = file.get("general.name", str, "")
            arch = file.get("general.architecture", str)
        self._model = model = LlamaModel(opened or path, name, threads, context_size, options.kv_type)
        self._vocabulary = vocabulary = model.vocabulary
        self._cached: list[int] = []
        self._encode = lru_cache(_REMEMBERED)(self._tokenize)  # a conversation is counted again and again
        self._form = ChatForm(
            template,
            trusted,
            name,
            vocabulary.text_of(vocabulary.bos),
            vocabulary.text_of(vocabulary.eos),
            lambda text: len(self._encode(text, special=True)) == 1,
        )
        self._info = ModelInfo(
            path=path,
            name=title or path.stem,
            architecture=arch,
            n_layers=model.n_layers,
            n_embd=model.n_embd,
            n_vocab=vocabulary.n_vocab,
            context_size=model.context_size,
            n_params=model.n_params,
            file_bytes=path.stat().st_size,
            kernel="llama.cpp",
            threads=threads,
            gpu_layers=model.gpu_layers,
        )

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self.measure(messages).sent

    def measure(self, messages: Sequence[Message]) -> PromptSize:
        return self._fit(messages)[0]

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        return self._tokens(messages)

    def spelled(self, token: int) -> bytes:
        return self._vocabulary.piece(token, special=True)

    def text_tokens(self, text: str) -> int:
        return len(self._encode(text, special=False))

    def prompt(self, messages: Sequence[Message]) -> prompts.Prompt:
        """The next reply's prompt, or, when the last message is the assistant's, that for going on with it. Whole turns
        leave, oldest first, where it would not fit."""
        size, tokens = self._fit(messages)
        if not size.fits:
            raise prompts.too_long(size)
        return prompts.Prompt(tokens, size.dropped)

    def _fit(self, messages: Sequence[Message]) -> tuple[PromptSize, list[int]]:
        """What the messages take, and the tokens that are sent. A template has no length of its own a message:
        every choice of messages is rendered."""
        context_size = self._info.context_size
        limit = context_size - prompts.reserve(context_size)
        tokens = self._tokens(messages)
        total, dropped = len(tokens), []
        for turn in prompts.leaving(messages):
            if len(tokens) <= limit:
                break
            dropped += turn
            tokens = self._tokens([m for n, m in enumerate(messages) if n not in set(dropped)])
        gone = {index for turn in prompts.leaving(messages) for index in turn}
        least = len(self._tokens([m for n, m in enumerate(messages) if n not in gone]))
        longest = prompts.longest(messages, [self.text_tokens(m.content.strip()) for m in messages])
        return PromptSize(total, len(tokens), least, limit, context_size, tuple(dropped), longest), tokens

    def generate(
        self,
        request: Request,
        should_stop: StopFlag = lambda: False,
        on_prefill: PrefillProgress = ignore_progress,
    ) -> Iterator[Chunk]:
        return reply(self, request, should_stop, on_prefill)

    def close(self) -> None:
        self._model.close()

    # -- llama.cpp -----------------------------------------------------------------------------------------------

    @property
    def cached(self) -> Sequence[int]:
        return self._cached

    def prefill(
        self, tokens: list[int], wanted: int | None, should_stop: StopFlag, on_progress: Callable[[int], None]
    ) -> Logits | None:
        """See ``reply.Computer``; always of every token."""
        # A recurrent state cannot go back: then all is read again.
        keep = self._model.keep
        return prefill(self._cached, tokens, BATCH, self._eval, should_stop, on_progress, keep)

    def decode(self, token: int, wanted: int | None) -> Logits:
        """See ``reply.Computer``; always of every token."""
        return self._eval([token])

    def is_end(self, token: int) -> bool:
        return self._vocabulary.is_end(token)

    def piece(self, token: int) -> bytes:
        return self._vocabulary.piece(token)

    def _eval(self, tokens: list[int]) -> Logits:
        try:
            self._model.eval(tokens)
        except BaseException:
            self._cached.clear()  # as the model has
            raise
        self._cached += tokens
        return Logits(None, self._model.logits())

    def _tokenize(self, text: str, special: bool) -> tuple[int, ...]:
        return tuple(self._vocabulary.encode(text, special)) if text else ()

    # -- the prompt ----------------------------------------------------------------------------------------------

    def _tokens(self, messages: Sequence[Message]) -> list[int]:
        """The form's own text with control tokens, the messages' text without."""
        marks = [_MARK.format(n) for n in range(len(messages))]
        text = self._form.write([(message.role, mark) for message, mark in zip(messages, marks, strict=True)])
        bos = self._vocabulary.bos
        tokens = [bos] if self._vocabulary.adds_bos and bos >= 0 else []
        for mark, message in zip(marks, messages, strict=True):
            before, _, text = text.partition(mark)
            tokens += self._encode(before, special=True)
            if message is messages[-1] and message.role == "assistant":
                # The unfinished reply stays open, with the space it may end in: the next word joins it.
                tokens += self._encode(message.content.lstrip(), special=False)
                text = ""
            else:
                tokens += self._encode(message.content.strip(), special=False)
        tokens += self._encode(text, special=True)
        if len(tokens) > 1 and tokens[0] == tokens[1] == bos:  # the template wrote it too
            del tokens[0]
        return tokens


def chat_template(path: Path) -> tuple[str, bool]:
    """The chat template in the file, and whether llama.cpp recognizes its form without running it.

    Empty (and recognized) where there is none, and for BitNet's own architectures, whose form Tern itself writes.
    """
    with GGUFFile.open(path) as file:
        if file.get("general.architecture", str) in ARCHITECTURES:
            return "", True
        template = file.get("tokenizer.chat_template", str, "")
    return template, not template or known_form(template, [("user", "Hi")]) is not None
