"""Choosing the next token from logits, with llama.cpp's own sampler chain. Knows no model and no text."""

from __future__ import annotations

import ctypes as C
import secrets
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

from tern.engine import libllama
from tern.engine.types import Logits, SamplingParams

_Argument: TypeAlias = "C._SimpleCData[Any]"
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class Sampler:
    """One reply's sampler: penalties, top-k, top-p, min-p, temperature, then a draw (llama.cpp's usual order).

    Greedy without penalties never enters the chain: it is the first token with the highest logit. With them it is the
    token that is likeliest after they were taken off. ``penalized``: whether :meth:`accept` has any effect.
    """

    def __init__(self, params: SamplingParams, n_vocab: int) -> None:
        self.penalized = params.penalty_last_n > 0 and (
            params.repeat_penalty != 1.0 or params.frequency_penalty != 0.0 or params.presence_penalty != 0.0
        )
        self._plain_greedy = params.greedy and not self.penalized
        self.wanted = _wanted(params, self.penalized)
        self._chain: Any = None
        if self._plain_greedy:
            return
        library = libllama.load()
        candidates = np.zeros(n_vocab, _CANDIDATE)  # p is the samplers' own
        self._candidate_ids, self._candidate_logits = candidates["id"], candidates["logit"]
        self._pointer = candidates.ctypes.data_as(C.POINTER(libllama.TokenData))
        self._ids = np.arange(n_vocab, dtype=np.int32)
        self._chain = library.sampler_chain_init(library.sampler_chain_default_params())
        for name, *arguments in _stages(params, self.penalized, n_vocab):
            library.sampler_chain_add(self._chain, library.sampler(name, *arguments))

    def accept(self, tokens: Iterable[int]) -> None:
        """Tell the penalties what has been said before: the last ``penalty_last_n`` tokens of the prompt are enough,
        without those that end a turn. Every token chosen is told them by :meth:`sample`."""
        if self.penalized:
            for token in tokens:
                libllama.load().sampler_accept(self._chain, token)

    def sample(self, logits: Logits) -> int:
        """The next token's id."""
        if self._plain_greedy:
            best = int(logits.values.argmax())
            return best if logits.ids is None else int(logits.ids[best])
        library = libllama.load()
        count = len(logits.values)
        self._candidate_ids[:count] = self._ids if logits.ids is None else logits.ids
        self._candidate_logits[:count] = logits.values
        array = libllama.TokenDataArray(
            data=self._pointer,
            size=count,
            selected=-1,
            sorted=False,
        )
        library.sampler_apply(self._chain, C.byref(array))
        # The samplers may have moved the data pointer and reordered it: read the choice through it.
        token = int(array.data[array.selected].id)
        self.accept((token,))
        return token

    def close(self) -> None:
        if self._chain is not None:
            libllama.load().sampler_free(self._chain)
            self._chain = None


def _stages(
    params: SamplingParams, penalized: bool, n_vocab: int
) -> Iterator[tuple[str, *tuple[_Argument, ...]]]:
    """The chain: each stage by llama.cpp's name, with its arguments as C has them."""
    if penalized:
        yield (
            "penalties",
            C.c_int32(n_vocab),
            C.c_int32(params.penalty_last_n),
            C.c_float(params.repeat_penalty),
            C.c_float(params.frequency_penalty),
            C.c_float(params.presence_penalty),
        )
    if params.greedy:
        yield ("greedy",)
        return
    at_least_one = C.c_size_t(1)
    yield "top_k", C.c_int32(params.top_k)
    yield "top_p", C.c_float(params.top_p), at_least_one
    yield "min_p", C.c_float(params.min_p), at_least_one
    yield "temp", C.c_float(params.temperature)
    seed = params.seed & 0xFFFFFFFF if params.seed is not None else secrets.randbits(32)
    yield "dist", C.c_uint32(seed)


def _wanted(params: SamplingParams, penalized: bool) -> int | None:
    """How many of the best logits decide everything that the chain can choose; None: all of them may.

    Penalties only lower logits, of at most ``penalty_last_n`` tokens, so that many more must be known for sure.
    """
    best = 1 if params.greedy else params.top_k
    if best <= 0:
        return None
    if not penalized:
        return best
    if params.repeat_penalty < 1.0 or params.frequency_penalty < 0.0 or params.presence_penalty < 0.0:
        return None
    return best + params.penalty_last_n
