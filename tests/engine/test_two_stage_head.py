"""The two-stage head against the whole one on 100,000 hidden states: random, adversarial, and the guide's own.

For every state the best k tokens must be among the candidates and every candidate's logit must have the whole head's
bits. How many rows the bound left open is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from head_probe import Floats, HeadProbe
from numpy.typing import NDArray

from tern import paths
from tern.engine.gguf.reader import GGUFFile
from tern.engine.types import EngineOptions
from tern.open_engine import open_engine

pytestmark = pytest.mark.slow

N, VOCAB = 256, 1536


def verify(probe: HeadProbe, states: Iterator[Floats], wanted: Callable[[int], int]) -> tuple[int, float]:
    """Number of states checked, and the mean part of the vocabulary that was computed exactly."""
    checked, open_rows = 0, 0
    for index, state in enumerate(states):
        k = wanted(index)
        ids, values, whole = probe.run(state, k)
        assert not probe.overflowed
        assert np.array_equal(whole[ids], values)
        # Every token that strictly beats the worst of the candidates' best k must be a candidate: with ties at the
        # border any choice of k best is a right one.
        threshold = np.partition(values, len(values) - k)[len(values) - k]
        assert np.count_nonzero(whole > threshold) == np.count_nonzero(values > threshold)
        assert np.count_nonzero(values >= threshold) >= k
        checked += 1
        open_rows += probe.open_rows
    return checked, open_rows / max(1, checked) / probe.n_vocab


def report(capsys: pytest.CaptureFixture[str], name: str, result: tuple[int, float]) -> None:
    with capsys.disabled():
        print(f"\n{name}: {result[0]:,} states, {result[1]:.1%} of the rows computed exactly")


def random_states(count: int, seed: int) -> Iterator[Floats]:
    random = np.random.default_rng(seed)
    for _ in range(count // 500):
        block = random.standard_normal((500, N), np.float32) * np.exp(random.uniform(-6, 6, (500, 1)))
        yield from block.astype(np.float32)


def test_random_states(capsys: pytest.CaptureFixture[str]) -> None:
    weights = (0.05 * np.random.default_rng(1).standard_normal((VOCAB, N), np.float32)).astype(np.float16)
    probe = HeadProbe(weights, threads=1)
    try:
        ks = (1, 40, 5, 104, 128)
        report(capsys, "random", verify(probe, random_states(70_000, 2), lambda index: ks[index % len(ks)]))
    finally:
        probe.close()


def _near_ties(random: np.random.Generator) -> NDArray[np.float16]:
    """Rows in families that differ in single F16 steps: their logits are equal to a few parts in ten thousand."""
    family = random.standard_normal((VOCAB // 16, N)).astype(np.float16)
    rows = np.repeat(family, 16, axis=0)
    bits = rows.view(np.uint16)
    bits[np.arange(VOCAB), random.integers(0, N, VOCAB)] ^= 1
    return rows


def test_adversarially_close_ties(capsys: pytest.CaptureFixture[str]) -> None:
    """Families of almost equal rows, states that point along a row, sparse states, states along quantization errors."""
    random = np.random.default_rng(3)
    weights = _near_ties(random)
    probe = HeadProbe(weights, threads=1)

    def states() -> Iterator[Floats]:
        exact = weights.astype(np.float32)
        for index in range(10_000):
            row = exact[random.integers(VOCAB)]
            if index % 4 == 0:
                yield row + 0.01 * random.standard_normal(N).astype(np.float32)
            elif index % 4 == 1:
                yield row - exact[random.integers(VOCAB)]
            elif index % 4 == 2:
                sparse = np.zeros(N, np.float32)
                sparse[random.integers(0, N, 3)] = random.standard_normal(3)
                yield sparse
            else:
                yield np.sign(row).astype(np.float32)

    try:
        report(capsys, "close ties", verify(probe, states(), lambda index: 1 + index % 100))
    finally:
        probe.close()


def test_a_common_part_costs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """States and rows with one long common part, as language models have them: taken out, the bound stays narrow."""
    random = np.random.default_rng(8)
    common = random.standard_normal(N).astype(np.float32)
    rows = random.standard_normal((VOCAB, N)).astype(np.float32) + 0.5 * common
    probe = HeadProbe((0.05 * rows).astype(np.float16), threads=1)
    states = (random.standard_normal(N).astype(np.float32) + 10 * common for _ in range(500))
    try:
        checked, part = verify(probe, states, lambda index: 1)
        report(capsys, "with a common part", (checked, part))
        assert part < 0.1
    finally:
        probe.close()


def test_odd_weights() -> None:
    """Zero rows, one huge value, constant rows, subnormal values; a zero state."""
    random = np.random.default_rng(4)
    weights = random.standard_normal((VOCAB, N)).astype(np.float16)
    weights[::7] = 0
    weights[1::7, 3] = 60_000
    weights[2::7] = 0.25
    weights[3::7] *= np.float16(6e-8)
    probe = HeadProbe(weights, threads=1)
    try:
        checked, _ = verify(probe, random_states(500, 5), lambda index: 40)
        assert checked == 500
        ids, values, _ = probe.run(np.zeros(N, np.float32), 1)
        assert len(ids) == VOCAB  # all logits are equal: none can be left out
        assert not values.any()
    finally:
        probe.close()


def test_too_many_open_rows_are_counted_not_written() -> None:
    weights = np.ones((VOCAB, N), np.float32)
    probe = HeadProbe(weights, threads=1, capacity=64)
    try:
        probe.run(np.ones(N, np.float32), 1)
        assert probe.overflowed
    finally:
        probe.close()


def _guide_head() -> NDArray[np.float16]:
    with GGUFFile.open(paths.guide_model()) as file:
        n, vocab = file.tensors["token_embd.weight"].shape
        return np.frombuffer(file.data("token_embd.weight").tobytes(), np.float16).reshape(vocab, n)


def _guide_states(weights: NDArray[np.float16]) -> Floats:
    """What the guide's last norm gave the head while it read its own recipe's texts, recovered from the logits (there
    are eight times as many as unknowns)."""
    texts = sorted((Path(__file__).resolve().parents[2] / "packaging" / "guide" / "data").glob("*.txt"))
    engine = open_engine(paths.guide_model(), EngineOptions(threads=1))
    try:
        tokens = engine.tokenizer.encode("\n".join(text.read_text("utf-8") for text in texts))
        solve = np.linalg.pinv(weights.astype(np.float32))
        states = []
        for first in range(0, 20_480, 1024):
            logits = engine.model.eval(np.asarray(tokens[first : first + 1024], np.int32), 0, all_logits=True)
            assert logits is not None
            states.append(logits @ solve.T)
        return np.concatenate(states).astype(np.float32)
    finally:
        engine.close()


def test_the_guides_own_states(capsys: pytest.CaptureFixture[str]) -> None:
    """Its output matrix; states made from it as its last layer makes them: near the rows of likely next tokens."""
    weights = _guide_head()
    states = _guide_states(weights)
    probe = HeadProbe(weights, threads=1)
    try:
        result = verify(probe, iter(states), lambda index: (1, 40)[index % 2])
        report(capsys, "the guide's", result)
        assert result[0] >= 20_000
    finally:
        probe.close()
