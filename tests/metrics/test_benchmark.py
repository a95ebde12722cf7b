"""The measurements do what they say: warm up, repeat, reuse the cache, take turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tern.metrics import bandwidth
from tern.metrics.benchmark import (
    Measurable,
    Plan,
    RepeatedRate,
    Versus,
    compare,
    major_faults,
    measure,
    warm_page_cache,
)
from tern.metrics.fresh_process import text_of

pytestmark = pytest.mark.slow

WANTED = 7


class Journal(Measurable):
    """An engine that computes nothing and writes down what it is asked; caches as the real one."""

    def __init__(self, name: str = "", journal: list[tuple[str, str, int]] | None = None) -> None:
        self.name = name
        self.cached: list[int] = []
        self.computed = 0
        self.journal: list[tuple[str, str, int]] = [] if journal is None else journal

    def prefill(self, tokens: list[int], wanted: int | None = None) -> None:
        assert wanted == WANTED
        common = 0
        while common < min(len(self.cached), len(tokens)) and self.cached[common] == tokens[common]:
            common += 1
        self.computed += len(tokens) - min(common, len(tokens) - 1)
        self.cached = list(tokens)
        self.journal.append((self.name, "prefill", len(tokens)))

    def decode(self, token: int, wanted: int | None = None) -> None:
        assert wanted == WANTED
        self.cached.append(token)
        self.journal.append((self.name, "decode", len(self.cached)))

    def reset(self) -> None:
        self.cached.clear()
        self.journal.append((self.name, "reset", 0))


def test_each_kind_is_warmed_up_and_repeated() -> None:
    engine, told = Journal(), []
    plan = Plan(prompts=(512, 128, 1024), contexts=(0, 2000, 500), tokens=4, repeats=5, wanted=WANTED)
    asked = iter(range(100))
    result = measure(engine, 100, plan, told.append, lambda: float(next(asked)))
    # Before the first counted repeat at an empty context, after each.
    assert result.beside == (0, 1, 2, 3, 4, 5)
    assert {n: len(rate.repeats) for n, rate in result.prefill.items()} == {128: 5, 512: 5, 1024: 3}
    assert {n: len(rate.repeats) for n, rate in result.decode.items()} == {0: 5, 500: 5, 2000: 5}
    measured = [length for _, what, length in engine.journal if what == "prefill"]
    assert measured == [128] * 6 + [512] * 6 + [1024] * 3 + [2000] * 6 + [500] * 6 + [1] * 6
    decoded = [length for _, what, length in engine.journal if what == "decode"]
    assert decoded[:4] == [2001, 2002, 2003, 2004]
    assert decoded[-4:] == [2, 3, 4, 5]
    # prompts are computed whole each time, contexts only as far as the cache lacks them
    assert engine.computed == 6 * 128 + 6 * 512 + 3 * 1024 + (2000 - 1024) + 5 + 6 + 6
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_two_engines_take_turns() -> None:
    journal: list[tuple[str, str, int]] = []
    engines = Journal("a", journal), Journal("b", journal)
    prefill, decode = compare(*engines, 100, Plan((64,), (0,), tokens=2, repeats=5, wanted=WANTED))
    turns = [name for name, what, _ in journal if what == "prefill"]
    assert turns == ["a", "b"] * 12
    assert len(prefill[64].ratios) == len(decode[0].ratios) == 5


def test_the_ratio_is_the_median_pairs() -> None:
    versus = Versus(RepeatedRate((10.0, 30.0, 24.0)), RepeatedRate((5.0, 10.0, 2.0)))
    assert versus.ratios == (2.0, 3.0, 12.0)
    assert versus.ratio == 3.0


def test_a_plan_keeps_to_the_context() -> None:
    plan = Plan(prompts=(128, 512, 2048), contexts=(0, 450, 490, 4000), tokens=32).within(512)
    assert plan.prompts == (128,)
    assert plan.contexts == (0, 450)
    assert Plan(tokens=32).within(16).tokens == 8


def test_memory_can_be_read() -> None:
    found = bandwidth.measure(2, passes=3, total_bytes=1 << 20)
    assert len(found.passes) == 3
    assert found.best == max(found.passes) >= found.median > 0


def test_a_file_is_read_and_waits_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(10_000))
    warm_page_cache(path)
    with pytest.raises(FileNotFoundError):
        warm_page_cache(tmp_path / "missing")
    faults = major_faults()
    assert faults is None or faults >= 0


@pytest.mark.parametrize("wanted", [12, 20, 21, 500])
def test_a_text_of_so_many_tokens(wanted: int) -> None:
    def count(text: str) -> int:  # a template of 10 tokens, then words; long ones are two
        return 10 + sum(1 + (len(word) > 4) for word in text.split())

    assert count(text_of(count, wanted)) == wanted
