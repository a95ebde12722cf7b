"""How fast an engine prefills and decodes: warmed up, repeated, the median with its spread.

The model sees random tokens; what it says does not matter here. Knows the engine only by three methods.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

DECODE_PROMPT = 8  # tokens in the cache before decoding is timed: an empty context, all but


class Measurable(Protocol):
    """What is measured: the engine below its chat loop."""

    def prefill(self, tokens: list[int]) -> object: ...

    def decode(self, token: int) -> object: ...

    def reset(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens a second of each repeat."""

    repeats: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.repeats)

    @property
    def low(self) -> float:
        return min(self.repeats)

    @property
    def high(self) -> float:
        return max(self.repeats)

    def as_json(self) -> dict[str, object]:
        """The object of the JSON report."""
        return {
            "tokens_per_s": self.median,
            "low": self.low,
            "high": self.high,
            "repeats": list(self.repeats),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: ``prompts`` lengths to prefill, ``tokens`` to decode, each ``repeats`` times."""

    prompts: Sequence[int] = (128, 512)
    tokens: int = 32
    repeats: int = 5
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """``prefill`` by prompt length."""

    prefill: dict[int, Rate]
    decode: Rate


def measure(
    engine: Measurable,
    n_vocab: int,
    plan: Plan,
    progress: Callable[[float], None] = lambda fraction: None,
) -> Result:
    """Carry out ``plan``. One run of each kind comes first, uncounted: it warms caches and builds graphs."""
    random = np.random.default_rng(plan.seed)
    steps = (len(plan.prompts) + 1) * (plan.repeats + 1)
    done = 0

    def repeat(run: Callable[[], float]) -> Rate:
        nonlocal done
        rates = []
        for _ in range(plan.repeats + 1):
            rates.append(run())
            done += 1
            progress(done / steps)
        return Rate(tuple(rates[1:]))

    def prefill_rate(tokens: list[int]) -> float:
        engine.reset()
        started = time.perf_counter()
        engine.prefill(tokens)
        return len(tokens) / (time.perf_counter() - started)

    def decode_rate(tokens: list[int]) -> float:
        engine.reset()
        engine.prefill(tokens[:DECODE_PROMPT])
        started = time.perf_counter()
        for token in tokens[DECODE_PROMPT:]:
            engine.decode(token)
        return plan.tokens / (time.perf_counter() - started)

    prefill = {}
    for length in plan.prompts:
        prompt = random.integers(0, n_vocab, length).tolist()
        prefill[length] = repeat(lambda tokens=prompt: prefill_rate(tokens))  # type: ignore[misc]
    decoded = random.integers(0, n_vocab, DECODE_PROMPT + plan.tokens).tolist()
    return Result(prefill, repeat(lambda: decode_rate(decoded)))
