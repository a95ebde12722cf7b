"""The full-size model's speed, told beforehand: the arithmetic, and the real measuring from start to end."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from patience import HANG_S
from tern import __version__
from tern.engine.convert.synthetic import SHAPES
from tern.metrics.forecast import PART, Forecast, full_rate, place, slice_shape
from tern.metrics.fresh_process import tern_command

pytestmark = pytest.mark.slow


def test_a_sixth_is_a_sixth_of_everything_a_token_reads() -> None:
    part, full = slice_shape(), SHAPES["2b4t"]
    assert part.n_layers * PART == full.n_layers
    assert part.n_vocab * PART == full.n_vocab
    assert (part.n_embd, part.n_ff, part.n_heads) == (full.n_embd, full.n_ff, full.n_heads)


def test_what_every_token_costs_is_counted_once() -> None:
    # 3 ms of reading and 1 ms of everything else: 6 x 3 + 1
    assert full_rate(1 / 0.004, 1 / 0.001) == pytest.approx(1 / 0.019)
    # a disturbed measure of the smallest model must not make the whole one free
    assert full_rate(1 / 0.004, 1 / 0.1) == pytest.approx(1 / 0.004)


@pytest.mark.parametrize(
    ("tokens", "words"), [(0.5, 1), (9.6, 7), (26, 20), (53.4, 40), (69, 50), (133, 100), (250, 190)]
)
def test_words_are_as_round_as_the_forecast_is(tokens: float, words: int) -> None:
    assert Forecast(tokens, "").words_per_s == words


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"tokens_per_s": "fast", "computer": ""}', '{"tokens_per_s": NaN, "computer": ""}'],
)
def test_anything_else_is_no_forecast(text: str) -> None:
    assert Forecast.from_json(text) is None


def test_the_real_measuring(tmp_path: Path) -> None:
    command = [*tern_command(), "bench", "--forecast", "--data-dir", str(tmp_path)]
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_S, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = Forecast.from_json(ran.stdout)
    assert found is not None
    assert 0.2 < found.tokens_per_s < 2000
    assert 0 <= found.others <= 1
    assert found.computer == place(__version__)
    assert not list((tmp_path / "cache").iterdir()), "hundreds of megabytes were left behind"


def test_it_ends_with_the_window_that_wanted_it_even_a_killed_one(tmp_path: Path) -> None:
    command = [*tern_command(), "bench", "--forecast", "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while not any((tmp_path / "cache").glob("forecast-*/*")):
            assert process.poll() is None
            time.sleep(0.01)
        assert process.stdin is not None
        process.stdin.close()  # as the end of the other process does
        assert process.wait(HANG_S) == 128 + signal.SIGTERM
        assert process.stdout is not None
        assert process.stdout.read() == b""
    assert not list((tmp_path / "cache").iterdir()), "hundreds of megabytes were left behind"
