"""Tern against transformers' BitNetForCausalLM in F32: logits of random networks, greedy text of the guide.

The reference was run by the scripts in tests/golden; here only Tern runs. Two float implementations agree to about
1e-6 until an activation falls on the other side of an int8 rounding; then they differ by up to a few percent on random
weights. So most cases must agree closely, and none may be far off.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tern import paths
from tern.engine.types import EngineOptions, KVType, Message, Request, SamplingParams
from tern.open_engine import open_engine, open_model

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def _load(name: str) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, GOLDEN / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def _relative_errors(folder: Path) -> dict[str, float]:
    """max |ours - theirs| over max |theirs|, for every network of the golden file."""
    nets = _load("random_nets")
    golden = np.load(nets.LOGITS)
    errors = {}
    for net in nets.NETS:
        path = folder / f"{net.name}.gguf"
        nets.write(net, path)
        model = open_model(path, EngineOptions(threads=1, kv_type="f32"))
        try:
            ours = model.eval(np.asarray(net.prompt, np.int32), 0, all_logits=True)
            assert ours is not None
            theirs = golden[net.name]
            assert ours.shape == theirs.shape
            errors[net.name] = float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
        finally:
            model.close()
    return errors


def test_random_networks_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    errors = _relative_errors(tmp_path)
    close = sum(error < 1e-4 for error in errors.values())
    with capsys.disabled():
        worst = max(errors, key=lambda name: errors[name])
        print(f"\n{close} of {len(errors)} random networks within 1e-4; worst {worst}: {errors[worst]:.1e}")
    assert len(errors) >= 24
    assert close >= 0.8 * len(errors)
    assert max(errors.values()) < 3e-2


def _cases() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((GOLDEN / "guide_greedy.json").read_text())["cases"]
    return cases


def _replies(cases: list[dict[str, Any]], kv_type: KVType) -> list[tuple[list[int], str]]:
    """Prompt ids and greedy text of the guide for each case, each on an empty cache."""
    replies = []
    engine = open_engine(paths.guide_model(), EngineOptions(threads=1, kv_type=kv_type))
    try:
        for case in cases:
            engine.reset()
            messages = [Message(role, content) for role, content in case["messages"]]
            request = Request(messages, SamplingParams(temperature=0.0), max_tokens=120)
            text = "".join(chunk.text for chunk in engine.generate(request))
            replies.append((engine.prompt(messages).tokens, text))
    finally:
        engine.close()
    return replies


def test_the_guide_says_what_it_says_in_transformers(capsys: pytest.CaptureFixture[str]) -> None:
    """Character for character with the f32 cache; how many also agree with the f16 cache is printed."""
    cases = _cases()
    assert len(cases) >= 20
    for case, (tokens, text) in zip(cases, _replies(cases, "f32"), strict=True):
        assert tokens == case["prompt_ids"]
        assert text == case["reply"], case["messages"][-1][1]
    agree_f16 = sum(
        text == case["reply"] for case, (_, text) in zip(cases, _replies(cases, "f16"), strict=True)
    )
    with capsys.disabled():
        print(f"\n{len(cases)} greedy replies of the guide identical; with the f16 cache {agree_f16}")
    assert agree_f16 >= 0.8 * len(cases)
