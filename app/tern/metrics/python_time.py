"""What Python adds to each token of a reply: sampling, streaming, preparing the next step, while the kernels wait."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tern.engine import ggml
from tern.engine.types import Engine, Message, Request, SamplingParams

_TEXT = "Tell me about the sea."


@dataclass(frozen=True, slots=True)
class PythonTime:
    """Seconds between the end of one token's computation and the start of the next, token by token."""

    gaps: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.gaps)

    @property
    def high(self) -> float:
        return max(self.gaps)

    def as_json(self) -> dict[str, object]:
        """The object of the JSON report, in milliseconds."""
        return {"median": self.median * 1e3, "high": self.high * 1e3, "tokens": len(self.gaps)}


def measure(engine: Engine, tokens: int) -> PythonTime | None:
    """Write a reply of at most ``tokens`` with a chat's usual sampling; None when it ended at once.

    Only engines that compute with ggml graphs of our own have such gaps.
    """
    request = Request([Message("user", _TEXT)], SamplingParams(seed=1), tokens)
    with _gaps_between_graphs() as gaps:
        for _ in engine.generate(request):
            pass
    return PythonTime(tuple(gaps)) if gaps else None


@contextmanager
def _gaps_between_graphs() -> Iterator[list[float]]:
    """A list that grows by the seconds between two computations, whoever asks ggml for them."""
    g: Any = ggml.load()
    compute = g.backend_graph_compute
    gaps: list[float] = []
    ended: float | None = None

    def timed(backend: int, graph: int) -> int:
        nonlocal ended
        started = time.perf_counter()
        if ended is not None:
            gaps.append(started - ended)
        status = int(compute(backend, graph))
        ended = time.perf_counter()
        return status

    g.backend_graph_compute = timed
    try:
        yield gaps
    finally:
        g.backend_graph_compute = compute
