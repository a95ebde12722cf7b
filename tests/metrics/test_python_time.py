"""Python's time between two tokens: every gap is seen, what happens in one is in it, the clock is taken off again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tern.engine import ggml
from tern.engine.bitnet_engine import BitnetEngine
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.sampling import Sampler
from tern.engine.types import EngineOptions, Logits
from tern.metrics import python_time
from tern.open_engine import open_engine

TOKENS = 6


def test_gaps_hold_what_happens_between_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tiny.gguf"
    write_synthetic(path, SHAPES["tiny"], seed=1)
    engine = open_engine(path, EngineOptions(threads=1))
    assert isinstance(engine, BitnetEngine)
    compute = ggml.load().backend_graph_compute
    try:
        quick = python_time.measure(engine, TOKENS)
        assert quick is not None
        # one before each computation of a token: none before the prompt, and the last token is not computed
        assert len(quick.gaps) == TOKENS - 1
        sample = Sampler.sample

        def slow(self: Sampler, logits: Logits) -> int:
            time.sleep(0.02)
            return sample(self, logits)

        monkeypatch.setattr(Sampler, "sample", slow)
        delayed = python_time.measure(engine, TOKENS)
        assert delayed is not None
        assert min(delayed.gaps) >= 0.02 > quick.median
    finally:
        engine.close()
    assert ggml.load().backend_graph_compute is compute
