"""What a model thinks of given text: its logits at every position, and its perplexity. Knows only ``eval``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tern.errors import BugError
from tern.progress import OnProgress, ignore_progress

CHUNK = 64  # tokens whose logits are held at once: 33 MB with a vocabulary of 128,256


class Evaluable(Protocol):
    """A model that computes tokens after those it has in its cache."""

    def eval(
        self, tokens: NDArray[np.int32], past: int, all_logits: bool = False
    ) -> NDArray[np.float32] | None: ...


@dataclass(frozen=True, slots=True)
class Perplexity:
    """``tokens`` predicted; ``nats`` their summed surprise. ``error`` is one standard error of the perplexity."""

    tokens: int
    nats: float
    squares: float

    @property
    def value(self) -> float:
        return math.exp(self.nats / self.tokens)

    @property
    def error(self) -> float:
        mean = self.nats / self.tokens
        variance = max(0.0, self.squares / self.tokens - mean * mean)
        return self.value * math.sqrt(variance / self.tokens)


def logits(model: Evaluable, tokens: NDArray[np.int32]) -> Iterator[NDArray[np.float32]]:
    """Logits at every position, in pieces (n, n_vocab); each is valid until the next is asked for."""
    for start in range(0, len(tokens), CHUNK):
        piece = model.eval(tokens[start : start + CHUNK], start, all_logits=True)
        if piece is None:
            raise BugError("eval was aborted")
        yield piece


def perplexity(
    model: Evaluable,
    tokens: NDArray[np.int32],
    bos: int,
    window: int,
    progress: OnProgress = ignore_progress,
) -> Perplexity:
    """Perplexity of ``tokens``: exp of the mean negative log probability of each, given those before it.

    The text is cut into windows of ``window`` positions that share nothing; each begins with ``bos``, so every token
    is predicted once, the first ones of a window from little context. A larger window gives a lower figure.
    """
    nats = squares = 0.0
    size = window - 1  # the beginning-of-text token takes one position
    for start in range(0, len(tokens), size):
        text = tokens[start : start + size]
        given = np.concatenate((np.array([bos], np.int32), text[:-1]))
        at = 0
        for piece in logits(model, given):
            surprise = _surprise(piece, text[at : at + len(piece)])
            nats += float(surprise.sum())
            squares += float(np.square(surprise).sum())
            at += len(piece)
            progress((start + at) / len(tokens))
    return Perplexity(len(tokens), nats, squares)


def _surprise(rows: NDArray[np.float32], targets: NDArray[np.int32]) -> NDArray[np.float64]:
    """-log softmax of each row at its target, in nats."""
    peak = rows.max(axis=1, keepdims=True)
    total = np.exp(rows - peak).sum(axis=1, dtype=np.float64)
    chosen = rows[np.arange(len(rows)), targets].astype(np.float64)
    return np.asarray(np.log(total) + peak[:, 0] - chosen, np.float64)
