"""Tokenizing the same long texts again and again, cheaply: a conversation is counted at every pause of the typing,
with whatever is attached to the message. Knows no model; exact only for tokenizers that cut at line ends, as llama-bpe.

The pre-tokenizer's expression (llama.cpp, ``llama-bpe``) lets no word run from a line feed into a visible character
and looks at nothing behind it, so tokens before and after such a place do not depend on each other: a text may be
cut there, and the pieces that did not change are remembered.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from functools import lru_cache

_CUT = re.compile(r"(?<=\n)(?=[!-~])")
# Characters of a piece: some 2 ms of work. Each costs the worker a turn with the window's thread for the interpreter.
_SHORTEST = 8000
_REMEMBERED = 256


class PieceEncoder:
    """Gives what ``encode`` would give for the whole text. ``shortest``: characters of a piece."""

    def __init__(self, encode: Callable[[str], list[int]], shortest: int = _SHORTEST) -> None:
        # Arrays: lists would hold an object a token.
        self._encode = lru_cache(_REMEMBERED)(lambda text: array("i", encode(text)))
        self._shortest = shortest

    def __call__(self, text: str) -> list[int]:
        if len(text) <= self._shortest:
            return list(self._encode(text))
        return [token for piece in pieces(text, self._shortest) for token in self._encode(piece)]


def pieces(text: str, shortest: int) -> Iterator[str]:
    """``text`` cut where it may be; the cuts before a change stay where they are."""
    start = 0
    for cut in _CUT.finditer(text):
        if cut.start() - start >= shortest:
            yield text[start : cut.start()]
            start = cut.start()
    yield text[start:]
