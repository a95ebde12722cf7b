"""A fresh process to measure cold start and memory in: how ``tern bench`` starts it, and what it does."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tern.cli import options
from tern.cli.model_argument import model_path

if TYPE_CHECKING:
    from tern.engine.bitnet_engine import BitnetEngine
    from tern.engine.types import EngineOptions
    from tern.metrics.memory_parts import Range

HIDDEN_OPTION = "--answer-once"


def arguments(args: argparse.Namespace, engine: BitnetEngine, opened: EngineOptions) -> list[str]:
    """Arguments of a ``tern`` that opens the same model in the same way and runs :func:`run`."""
    found = ["bench", HIDDEN_OPTION, "--model", str(engine.info.path), "--kv", opened.kv_type]
    found += ["--threads", str(engine.info.threads), "--context", str(engine.info.context_size)]
    found += ["--exact-head"] if opened.exact_head else []
    data_dir = getattr(args, "data_dir", None)
    return found if data_dir is None else [*found, "--data-dir", str(data_dir)]


def run(args: argparse.Namespace) -> int:
    """Open the model, answer the request on stdin, report on stdout."""
    from tern.metrics import fresh_process
    from tern.open_engine import open_engine

    engine = open_engine(model_path(args), options.engine_options(args))
    try:
        fresh_process.answer(engine, lambda: _ranges(engine), sys.stdin, sys.stdout)
    finally:
        engine.close()
    return 0


def _ranges(engine: BitnetEngine) -> dict[str, list[Range]]:
    """Memory by what it is for: parts of the mapped file, and what the model says it holds besides."""
    file = engine.model.file
    found: dict[str, list[Range]] = {}
    for name, info in file.tensors.items():
        if name in ("token_embd.weight", "output.weight"):
            part = "weights: embedding and head"
        else:
            part = "weights: down" if "ffn_down" in name else "weights: attention, gate, up"
        found.setdefault(part, []).append((file.address + info.offset, info.n_bytes))
    return {**found, **engine.model.memory_ranges()}
