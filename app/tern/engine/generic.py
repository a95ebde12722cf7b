"""Any other GGUF that llama.cpp runs, behind the same Engine protocol: llama_cpp.Llama computes, Tern's loop streams.

A chat template is a small program that comes with the file. It is run (in jinja2's sandbox) only when ``trusted``;
otherwise llama.cpp's own list of known formats is used, which recognizes a template without running it. Either way
the messages' text is tokenized as plain text: nothing that a person pastes can forge a turn. Knows no BitNet.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tern.engine import prompt as prompts
from tern.engine.config import ARCHITECTURES
from tern.engine.gguf import GGUFFile
from tern.engine.reply import reply
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
from tern.errors import UserError

PREFILL_CHUNK = 256
_REMEMBERED = 256  # texts whose tokens are kept
_DEFAULT_CONTEXT = 4096  # of models made for more: a KV cache of all that could fill the memory
_KV_TYPES = {"f32": 0, "f16": 1, "q8_0": 8}  # ggml's numbers
_MARK = (
    "\u2983{}\u2984"  # stands for a message's text while the template runs; trimmed and copied like any text
)


class GenericEngine:
    """A model that llama.cpp runs. Implements ``types.Engine``. ``opened``: the file to open in place of ``path``."""

    def __init__(
        self,
        path: Path,
        options: EngineOptions,
        threads: int,
        trusted: bool = False,
        opened: Path | None = None,
    ) -> None:
        import llama_cpp

        self._lib: Any = llama_cpp
        with GGUFFile.open(path) as file:
            arch = file.get("general.architecture", str)
            trained = file.get(f"{arch}.context_length", int, _DEFAULT_CONTEXT)
        try:
            self._llama: Any = llama_cpp.Llama(
                str(opened or path),
                n_ctx=options.context_size or min(trained, _DEFAULT_CONTEXT),
                n_threads=threads,
                n_threads_batch=threads,
                n_batch=PREFILL_CHUNK,
                type_k=_KV_TYPES[options.kv_type],
                type_v=_KV_TYPES[options.kv_type],
                flash_attn=True,
                verbose=False,
            )
        except (ValueError, OSError, RuntimeError) as error:
            raise UserError(
                f"llama.cpp cannot open {path.name}: it does not know this kind of model, or the file is damaged. "
                "Look for another GGUF of the same model."
            ) from error
        self._vocab = self._llama._model.vocab
        self._cached: list[int] = []
        self._encode = lru_cache(_REMEMBERED)(self._tokenize)  # a conversation is counted again and again
        metadata: dict[str, str] = self._llama.metadata
        self._template = metadata.get("tokenizer.chat_template", "")
        self._trusted = trusted
        self._bos = int(llama_cpp.llama_vocab_bos(self._vocab))
        self._adds_bos = bool(llama_cpp.llama_vocab_get_add_bos(self._vocab))
        self._info = ModelInfo(
            path=path,
            name=metadata.get("general.name") or path.stem,
            architecture=metadata.get("general.architecture", "unknown"),
            n_layers=int(llama_cpp.llama_model_n_layer(self._llama._model.model)),
            n_embd=int(self._llama.n_embd()),
            n_vocab=int(self._llama.n_vocab()),
            context_size=int(self._llama.n_ctx()),
            n_params=int(self._llama._model.n_params()),
            file_bytes=path.stat().st_size,
            kernel="llama.cpp",
            threads=threads,
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
        found: bytes = self._llama._model.detokenize([token], special=True)
        return found

    def text_tokens(self, text: str) -> int:
        return len(self._encode(text, special=False))

    def prompt(self, messages: Sequence[Message]) -> prompts.Prompt:
        """The next reply's prompt; whole turns leave, oldest first, where it would not fit."""
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
        on_prefill: PrefillProgress = lambda done, total: None,
    ) -> Iterator[Chunk]:
        return reply(self, request, should_stop, on_prefill)

    def close(self) -> None:
        self._llama.close()

    # -- llama.cpp -----------------------------------------------------------------------------------------------

    @property
    def cached(self) -> Sequence[int]:
        return self._cached

    def prefill(
        self, tokens: list[int], wanted: int | None, should_stop: StopFlag, on_progress: Callable[[int], None]
    ) -> Logits | None:
        """See ``reply.Computer``; always of every token."""
        done = min(prompts.common_prefix(self._cached, tokens), len(tokens) - 1)
        del self._cached[done:]
        self._llama.n_tokens = done  # its eval forgets what the cache holds after this
        while done < len(tokens):
            on_progress(done)
            if should_stop():
                return None
            chunk = tokens[done : done + PREFILL_CHUNK]
            self._eval(chunk)
            done += len(chunk)
        on_progress(done)
        return self._logits()

    def decode(self, token: int, wanted: int | None) -> Logits:
        """See ``reply.Computer``; always of every token."""
        self._eval([token])
        return self._logits()

    def is_end(self, token: int) -> bool:
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))

    def _eval(self, tokens: list[int]) -> None:
        self._llama.eval(tokens)
        self._cached += tokens

    def _logits(self) -> Logits:
        pointer = self._lib.llama_get_logits_ith(self._llama._ctx.ctx, -1)
        return Logits(None, np.ctypeslib.as_array(pointer, (self._info.n_vocab,)))

    def piece(self, token: int) -> bytes:
        found: bytes = self._llama._model.detokenize([token], special=False)
        return found

    def _tokenize(self, text: str, special: bool) -> tuple[int, ...]:
        data = text.encode(errors="replace")
        return tuple(self._llama.tokenize(data, add_bos=False, special=special)) if data else ()

    # -- the prompt ----------------------------------------------------------------------------------------------

    def _tokens(self, messages: Sequence[Message]) -> list[int]:
        """The template's own text with control tokens, the messages' text without."""
        marks = [_MARK.format(n) for n in range(len(messages))]
        text = self._render([(message.role, mark) for message, mark in zip(messages, marks, strict=True)])
        tokens = [self._bos] if self._adds_bos and self._bos >= 0 else []
        for mark, message in zip(marks, messages, strict=True):
            before, found, rest = text.partition(mark)
            if not found:  # this template leaves such a message out (some have no system role)
                continue
            tokens += self._encode(before, special=True)
            tokens += self._encode(message.content.strip(), special=False)
            text = rest
        tokens += self._encode(text, special=True)
        if len(tokens) > 1 and tokens[0] == tokens[1] == self._bos:  # the template wrote it too
            del tokens[0]
        return tokens

    def _render(self, turns: list[tuple[str, str]]) -> str:
        if self._trusted and self._template:
            return self._run_template(turns)
        found = _known_form(self._template or "chatml", turns)
        if found is None:
            raise UserError(
                f"{self._info.path.name} brings a chat template that llama.cpp does not know. It is a small program; "
                "if you trust where the model comes from, allow it for this model."
            )
        return found

    def _run_template(self, turns: list[tuple[str, str]]) -> str:
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        eos = int(self._lib.llama_vocab_eos(self._vocab))
        texts = [self._llama._model.token_get_text(token) if token >= 0 else "" for token in (eos, self._bos)]
        messages: Any = [{"role": role, "content": content} for role, content in turns]
        try:
            formatter = Jinja2ChatFormatter(self._template, eos_token=texts[0], bos_token=texts[1])
            found: str = formatter(messages=messages).prompt
        except Exception as error:  # whatever a foreign program does wrong
            raise UserError(
                f"The chat template of {self._info.path.name} failed ({type(error).__name__}: {error}). "
                "Look for another GGUF of the same model."
            ) from error
        return found


def chat_template(path: Path) -> tuple[str, bool]:
    """The chat template in the file, and whether llama.cpp recognizes its form without running it.

    Empty (and recognized) where there is none, and for BitNet's own architectures, whose form Tern itself writes.
    """
    with GGUFFile.open(path) as file:
        if file.get("general.architecture", str) in ARCHITECTURES:
            return "", True
        template = file.get("tokenizer.chat_template", str, "")
    return template, not template or _known_form(template, [("user", "Hi")]) is not None


def _known_form(template: str, turns: list[tuple[str, str]]) -> str | None:
    """The turns in one of the forms that llama.cpp knows by heart; None when ``template`` is none of them."""
    import llama_cpp

    lib: Any = llama_cpp
    chat = (lib.llama_chat_message * len(turns))()
    for slot, (role, content) in zip(chat, turns, strict=True):
        slot.role, slot.content = role.encode(), content.encode()
    room = 256 + 64 * len(turns) + sum(len(content) * 4 for _, content in turns)
    buffer = ctypes.create_string_buffer(room)
    length = lib.llama_chat_apply_template(template.encode(), chat, len(turns), True, buffer, room)
    return None if length < 0 or length > room else buffer.raw[:length].decode(errors="replace")
