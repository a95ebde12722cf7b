"""How fast an engine prefills and decodes: warmed up, repeated, the median with its spread; and one beside another.

The model sees random tokens; what it says does not matter here. Knows the engine only by three methods.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from tern.progress import OnProgress, ignore_progress

_LONG_PROMPT = 512  # tokens; longer ones are repeated less often, and find everything warm
_LONG_REPEATS = 3
_DECODE_COST = 4.0  # of a token, in prefilled tokens; for the progress alone
_READ_BYTES = 1 << 23


class Measurable(Protocol):
    """What is measured: the engine below its chat loop."""

    def prefill(self, tokens: list[int], wanted: int | None = None) -> object:
        """Bring the cache to hold exactly ``tokens``, reusing the prefix that it holds already.

        ``wanted``: how many of the best logits must be certain; None: all.
        """
        ...

    def decode(self, token: int, wanted: int | None = None) -> object: ...

    def reset(self) -> None: ...


@dataclass(frozen=True, slots=True)
class RepeatedRate:
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
    """What to measure: ``prompts`` lengths to prefill, ``tokens`` to decode after each of ``contexts`` tokens.

    Each ``repeats`` times, prompts over 512 tokens at most three. ``wanted``: the best logits that must be certain,
    as many as a reply's sampling needs; None: all.
    """

    prompts: Sequence[int] = (128, 512, 2048)
    contexts: Sequence[int] = (0, 1000, 4000)
    tokens: int = 32
    repeats: int = 5
    wanted: int | None = None
    seed: int = 1

    def within(self, context_size: int) -> Plan:
        """What of the plan fits a model of this context."""
        tokens = min(self.tokens, context_size // 2)
        return replace(
            self,
            prompts=tuple(length for length in self.prompts if length < context_size),
            contexts=tuple(length for length in self.contexts if length + tokens < context_size),
            tokens=tokens,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """``prefill`` by prompt length, ``decode`` by tokens of context before it.

    ``beside``: what was measured in turns with decode at an empty context: before its first repeat, after each.
    """

    prefill: dict[int, RepeatedRate]
    decode: dict[int, RepeatedRate]
    beside: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Versus:
    """Two engines measured in turns: ``first`` and ``second`` run by run."""

    first: RepeatedRate
    second: RepeatedRate

    @property
    def ratios(self) -> tuple[float, ...]:
        """First over second, pair by pair: what disturbs the machine for a while disturbs both."""
        return tuple(a / b for a, b in zip(self.first.repeats, self.second.repeats, strict=True))

    @property
    def ratio(self) -> float:
        """The median pair's."""
        return statistics.median(self.ratios)

    def as_json(self, second: str = "llama_cpp") -> dict[str, object]:
        """The object of the JSON report."""
        return {
            "ratio": self.ratio,
            "ratios": list(self.ratios),
            "tern": self.first.as_json(),
            second: self.second.as_json(),
        }


class Bench:
    """Timed runs over one stream of random tokens; every prompt is the beginning of it."""

    def __init__(self, n_vocab: int, plan: Plan, total: float, progress: OnProgress) -> None:
        longest = max((*plan.prompts, *(context + plan.tokens for context in plan.contexts), plan.tokens + 1))
        self._stream: list[int] = np.random.default_rng(plan.seed).integers(0, n_vocab, longest + 1).tolist()
        self._plan = plan
        self._total = total
        self._done = 0.0
        self._progress = progress

    def prefill_rate(self, engine: Measurable, length: int) -> float:
        """Tokens a second of a prompt of ``length`` tokens, nothing of it cached."""
        tokens = self._stream[:length]
        engine.reset()
        started = time.perf_counter()
        engine.prefill(tokens, self._plan.wanted)
        rate = length / (time.perf_counter() - started)
        self._advance(length)
        return rate

    def decode_rate(self, engine: Measurable, context: int) -> float:
        """Tokens a second after ``context`` tokens (at least 1), which are computed only if not cached already."""
        start, count, wanted = max(1, context), self._plan.tokens, self._plan.wanted
        engine.prefill(self._stream[:start], wanted)
        tokens = self._stream[start : start + count]
        started = time.perf_counter()
        for token in tokens:
            engine.decode(token, wanted)
        rate = count / (time.perf_counter() - started)
        self._advance(_DECODE_COST * count)
        return rate

    def _advance(self, cost: float) -> None:
        self._done += cost
        self._progress(min(1.0, self._done / self._total))


def measure(
    engine: Measurable,
    n_vocab: int,
    plan: Plan,
    progress: OnProgress = ignore_progress,
    beside: Callable[[], float] | None = None,
) -> Result:
    """Carry out ``plan``. One uncounted run of each kind comes first: it warms caches and builds graphs.

    The longest context is filled once and serves the shorter ones too. ``beside`` is called in turns with decode at
    an empty context, because what a computer can do changes from minute to minute.
    """
    runs = plan.repeats + 1
    cost = _DECODE_COST * plan.tokens * runs * len(plan.contexts)
    cost += sum(length * (runs if length <= _LONG_PROMPT else _LONG_REPEATS) for length in plan.prompts)
    bench = Bench(n_vocab, plan, cost, progress)
    prefill: dict[int, RepeatedRate] = {}
    decode: dict[int, RepeatedRate] = {}
    for length in sorted(plan.prompts):
        warm = length > _LONG_PROMPT and len(prefill) > 0
        repeats = min(plan.repeats, _LONG_REPEATS) if length > _LONG_PROMPT else plan.repeats
        rates = [bench.prefill_rate(engine, length) for _ in range(repeats if warm else repeats + 1)]
        prefill[length] = RepeatedRate(tuple(rates[-repeats:]))
    turns: list[float] = []
    for context in sorted(plan.contexts, reverse=True):
        rates = []
        for _ in range(runs):
            rates.append(bench.decode_rate(engine, context))
            if beside is not None and context == 0:
                turns.append(beside())
        decode[context] = RepeatedRate(tuple(rates[1:]))
    return Result(prefill, dict(sorted(decode.items())), tuple(turns))


def compare(
    first: Measurable,
    second: Measurable,
    n_vocab: int,
    plan: Plan,
    progress: OnProgress = ignore_progress,
) -> tuple[dict[int, Versus], dict[int, Versus]]:
    """Prefill and decode of two engines in turns, first second first second: by prompt length, and by context.

    ``plan.repeats`` pairs of each kind, after one pair that does not count.
    """
    cost = sum(plan.prompts) + _DECODE_COST * plan.tokens * len(plan.contexts)
    bench = Bench(n_vocab, plan, 2 * cost * (plan.repeats + 1), progress)

    def in_turns(run: Callable[[Measurable, int], float], size: int) -> Versus:
        pairs = [(run(first, size), run(second, size)) for _ in range(plan.repeats + 1)][1:]
        return Versus(RepeatedRate(tuple(a for a, _ in pairs)), RepeatedRate(tuple(b for _, b in pairs)))

    decode = {context: in_turns(bench.decode_rate, context) for context in plan.contexts}
    prefill = {length: in_turns(bench.prefill_rate, length) for length in plan.prompts}
    return prefill, decode


def warm_page_cache(path: Path) -> None:
    """Read a file from end to end, so that nothing measured after waits for the disk."""
    buffer = memoryview(bytearray(_READ_BYTES))
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def major_faults() -> int | None:
    """Pages that this process had to wait for the disk for, so far; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt
