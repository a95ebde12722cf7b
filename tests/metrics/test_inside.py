"""A BitNet from inside: the guide's weights, what was skipped, bytes and JSON; and the worker tells while watched."""

from __future__ import annotations

import json

import pytest

from tern import paths
from tern.engine.types import EngineOptions, LayerCounts, Message, Observation, Request, SamplingParams
from tern.metrics import inside
from tern.open_engine import open_engine


def test_a_layer_of_the_guide() -> None:
    view = inside.layer_view(paths.guide_model(), 0, "ffn_gate", 10, 20)
    assert view is not None
    assert view.pixels.shape == (10, 20)
    assert set(view.pixels.flat) <= {-1, 0, 1}
    assert sum(view.shares) == pytest.approx(1)
    assert 2.0 <= view.file_bits < 2.01
    assert inside.layer_view(paths.guide_model(), 99, "ffn_gate", 1, 1) is None


def test_what_a_reply_of_the_guide_read() -> None:
    engine = open_engine(paths.guide_model(), EngineOptions())
    try:
        before = engine.observe()
        request = Request([Message("user", "What are you?")], SamplingParams(temperature=0.0), 12)
        for _ in engine.generate(request):
            pass
        now = engine.observe()
        sizes = inside.tensor_sizes(paths.guide_model(), now.packed)
    finally:
        engine.close()
    seen = inside.since(now, before)
    assert len(seen.layers) == engine.info.n_layers
    # Each layer's rows count once a decoded token; the last layer's also where the prompt's last token passes alone.
    width = 1536  # of the guide's FFN
    assert {layer.total_rows // width for layer in seen.layers[:-1]} == {11}
    assert seen.layers[-1].total_rows // width == 12
    rows, columns = inside.live_shares(seen)
    assert rows is not None
    assert columns is not None
    assert 0 < columns <= rows < 1  # a column lives only where its gate does
    read = inside.bytes_read(sizes, seen)
    assert read.up == pytest.approx(sizes.up * rows)
    assert read.total < inside.bytes_read(sizes, Observation((), read.head)).total


def test_the_export_says_what_was_counted() -> None:
    seen = Observation((LayerCounts(5, 10, 1, 10), LayerCounts(3, 10, 2, 10)), 0.0)
    report = json.loads(json.dumps(inside.as_json("m", seen, 0.4)))
    assert report["live_rows_of_up"] == 0.4
    assert report["zeros_before_down"] == 0.85
    assert report["layers"][1] == {"layer": 1, "live_rows": 3, "rows": 10, "live_columns": 2, "columns": 10}
