"""A model that libllama has open, with one context: tokens in, logits out. Knows no chat and no template.

libllama returns no reasons, only a log: what it says there while it fails becomes one error a cause.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tern.engine import ggml, libllama
from tern.engine.gguf.values import shown, too_little
from tern.engine.memory_need import CacheTypeError
from tern.engine.tokenizer import Vocabulary
from tern.engine.types import KVType
from tern.errors import Sentence, UserError

BATCH = 256  # tokens computed at once
_KV_TYPES: dict[KVType, int] = {"f32": 0, "f16": 1, "q8_0": 8}  # ggml's numbers
_FLASH_ATTENTION = 1
_MMAP = 1  # of llama_load_mode
_FULL = 1  # llama_decode: no room in the cache
_MEMORY = re.compile(r"alloc|out of memory|mmap failed|cannot allocate", re.IGNORECASE)
_CACHE_TYPE = re.compile(r"cache type|quantized V cache|cache.*block size", re.IGNORECASE)
_UNKNOWN = re.compile(r"unknown (model architecture|pre-tokenizer type|tokenizer|tensor)", re.IGNORECASE)
_DAMAGED = re.compile(
    r"not within the file bounds|corrupted|incomplete|read error|unexpectedly reached end", re.IGNORECASE
)
_NO_REASON = Sentence("it gave no reason")
_REASON = re.compile(r"^.*error loading model(?: \w+)?: |^\w+: ")


class UnknownModelError(UserError):
    """llama.cpp does not know what the file is of."""


class RefusedError(UserError):
    """llama.cpp does not take the file, for a reason of its own."""


class LlamaModel:
    """One open model. Used by one thread only. ``name``: what errors call it."""

    def __init__(self, path: Path, name: str, threads: int, context_size: int, kv_type: KVType) -> None:
        """Raises UserError, one class a cause."""
        self._llama = library = libllama.load()
        self._model: int | None = None
        self._context: int | None = None
        self._pool: int | None = None
        library.backend_init()
        with library.hearing() as log:
            parameters = library.model_default_params()
            parameters.n_gpu_layers = 0
            self.gpu_layers: int = parameters.n_gpu_layers
            parameters.load_mode = _MMAP
            self._model = library.model_load_from_file(os.fsencode(path), parameters)
            if not self._model:
                raise _cause(name, log)
            wanted = library.context_default_params()
            wanted.n_ctx = context_size
            wanted.n_batch = wanted.n_ubatch = BATCH
            wanted.n_threads = wanted.n_threads_batch = threads
            wanted.type_k = wanted.type_v = _KV_TYPES[kv_type]
            wanted.flash_attn_type = _FLASH_ATTENTION
            self._context = library.init_from_model(self._model, wanted)
            if not self._context:
                error = _cause(name, log)
                self.close()
                raise error
        # Kept from token to token: built without OpenMP and given no pool, llama.cpp starts new threads for each.
        self._pool = ggml.thread_pool(threads)
        library.attach_threadpool(self._context, self._pool, self._pool)
        self._name = name
        self._memory: int | None = library.get_memory(self._context)
        self.vocabulary = Vocabulary(self._model)
        self.context_size = context_size  # libllama may have made room for some more
        self.n_layers: int = library.model_n_layer(self._model)
        self.n_embd: int = library.model_n_embd(self._model)
        self.n_params: int = library.model_n_params(self._model)

    def keep(self, count: int) -> bool:
        """Forget all but the first ``count`` tokens. False where this kind of memory (a recurrent state) cannot go
        back to that: then nothing is left."""
        if self._memory is None or self._llama.memory_seq_rm(self._memory, 0, count, -1):
            return True
        self.clear()
        return False

    def clear(self) -> None:
        """Forget every token."""
        if self._memory is not None:
            self._llama.memory_clear(self._memory, True)

    def eval(self, tokens: Sequence[int]) -> None:
        """Compute up to ``BATCH`` tokens after those before; the logits are the last one's.

        Raises UserError where llama.cpp fails; then nothing is kept of the whole conversation.
        """
        ids = (ctypes.c_int32 * len(tokens))(*tokens)
        code: int = self._llama.decode(self._context, libllama.Batch(len(tokens), ids))
        if code == 0:
            return
        self.clear()
        if code == _FULL:
            raise UserError(
                "The context of {name} is full. Start a new chat, or choose a larger context.",
                name=self._name,
            )
        raise RefusedError(
            "llama.cpp could not compute the next word with {name} (error {code}). Try again; if it fails "
            "again, choose another file of this model.",
            name=self._name,
            code=code,
        )

    def logits(self) -> NDArray[np.float32]:
        """Of the last token computed: a view that the next one overwrites."""
        pointer = self._llama.get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(pointer, (self.vocabulary.n_vocab,))

    def close(self) -> None:
        """Free all of it. Safe to call twice."""
        if self._context:
            self._llama.free(self._context)
        if self._model:
            self._llama.model_free(self._model)
        if self._pool:
            ggml.load().threadpool_free(self._pool)
        self._context = self._model = self._pool = None


def _cause(name: str, log: Iterable[str]) -> UserError:
    """The error that llama.cpp's ``log`` tells of."""
    said = "; ".join(log)
    reason = next((shown(_REASON.sub("", line)) for line in log if _REASON.search(line)), _NO_REASON)
    if _CACHE_TYPE.search(said):
        return CacheTypeError(
            "{name} cannot keep its KV cache in this type ({reason}). Use f16.", name=name, reason=reason
        )
    if _UNKNOWN.search(said):
        return UnknownModelError(
            "{name} needs something that the llama.cpp in this Tern lacks ({reason}). A newer Tern may have "
            "it; until then, choose another model.",
            name=name,
            reason=reason,
        )
    if _MEMORY.search(said):
        return too_little(name)
    if _DAMAGED.search(said):
        return RefusedError(
            "{name} is damaged or not complete ({reason}). Fetch it again.", name=name, reason=reason
        )
    return RefusedError(
        "llama.cpp does not take {name} ({reason}). Choose another file of this model.",
        name=name,
        reason=reason,
    )
