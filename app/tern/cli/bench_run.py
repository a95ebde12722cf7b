"""Carries out ``tern bench``, stage by stage, into one report: the JSON object, of which the text is made."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import statistics
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tern import __version__
from tern.cli import bench_child, options
from tern.cli.bench_models import llama_cpp_model
from tern.cli.terminal import ProgressLine
from tern.engine.threads import performance_cores
from tern.engine.types import EngineOptions, Message, Request, SamplingParams, Stats
from tern.errors import UserError
from tern.metrics import bandwidth, benchmark, fresh_process, peer, python_time, roofline
from tern.metrics.bench_report import decode_key
from tern.metrics.benchmark import Plan
from tern.metrics.cpu import OtherLoad, cpu
from tern.metrics.energy import here
from tern.metrics.energy.meter import Meter
from tern.metrics.energy.replies import measured
from tern.open_engine import open_engine

if TYPE_CHECKING:
    from tern.engine.bitnet_engine import BitnetEngine

COLD_PROMPT = 20  # tokens
MEMORY_CONTEXT = 1000  # tokens, of which so many are the reply:
_MEMORY_REPLY = 64
_COLD_STARTS, _QUICK_COLD_STARTS = 5, 3
_COMPARED_PROMPT = 512
_PYTHON_TOKENS = 48
_QUESTION, _REPLY_TOKENS = "Why is the sky blue?", 64  # of the reply whose energy is measured
_DISTURBED = 0.05  # of all processors, taken by other programs


def measure(args: argparse.Namespace, path: Path, plan: Plan) -> dict[str, Any]:
    """Measure the model at ``path``; the report's keys are those of ``tern bench --json``."""
    opened = options.engine_options(args)
    program = None if args.peer is None else peer.find(args.peer, args.peer_model)
    load, others = os.getloadavg()[0] if hasattr(os, "getloadavg") else None, OtherLoad()
    report: dict[str, Any] = {"synthetic": args.synthetic, "sparsity_wanted": args.sparsity}
    threads = opened.threads or performance_cores()
    energy = here.meter()
    energy.measure_idle()
    benchmark.warm_page_cache(path)
    with ProgressLine("Opening the model") as progress:
        engine = open_engine(path, opened, progress)
    try:
        plan = plan.within(engine.info.context_size)
        if not plan.prompts or not plan.contexts or plan.tokens < 1:
            raise UserError(
                "This model's context of {context_size:,} tokens is too small for that.",
                context_size=engine.info.context_size,
            )
        report |= _about(engine, opened, load)
        with ProgressLine("Starting afresh"):
            report |= _fresh(args, engine, opened)
        speed, reading = _speed(engine, plan, threads)
        report |= speed
        report["reply"] = asdict(_reply(engine, energy))
        between = python_time.measure(engine, _PYTHON_TOKENS)
        report["python_ms_per_token"] = None if between is None else between.as_json()
        if args.compare:
            report["compare"] = _compare(path, engine, opened, plan)
        if program is not None:
            report["peer"] = _peer(program, args.peer_model or path, engine, plan)
        report["other_programs"] = others.share()
        report["disturbed"] = report["other_programs"] > _DISTURBED
        report |= _limits(engine, reading, report)
    finally:
        engine.close()
    return report


def _about(engine: BitnetEngine, opened: EngineOptions, load: float | None) -> dict[str, Any]:
    from tern.engine import ggml, libllama
    from tern.metrics.memory import total_memory

    info, processor = engine.info, cpu()
    return {
        "model": info.name,
        "file": str(info.path),
        "file_bytes": info.file_bytes,
        "n_params": info.n_params,
        "context_size": info.context_size,
        "kernel": info.kernel,
        "ggml_features": libllama.load().features(),
        "threads": info.threads,
        "kv_type": opened.kv_type,
        "exact_head": opened.exact_head,
        "computer": {
            "cpu": processor.name,
            "physical_cores": processor.physical_cores,
            "logical_cores": processor.logical_cores,
            "memory_mb": total_memory() / 1e6,
            "system": platform.platform(),
            "load_before": load,
        },
        "versions": {
            "tern": __version__,
            "python": platform.python_version(),
            "llama_cpp_python": importlib.metadata.version("llama-cpp-python"),
            "ggml": ggml.load().version().decode(),
        },
    }


def _fresh(args: argparse.Namespace, engine: BitnetEngine, opened: EngineOptions) -> dict[str, Any]:
    """Cold starts, and the memory of a process that only opens the model and chats."""
    path, context_size = engine.info.path, engine.info.context_size

    def count(text: str) -> int:
        try:
            return engine.count_tokens([Message("user", text)])
        except UserError:  # more than one message may have
            return context_size + 1

    command = bench_child.arguments(args, engine, opened)
    question = fresh_process.text_of(count, COLD_PROMPT)
    benchmark.warm_page_cache(path)
    starts = _QUICK_COLD_STARTS if args.quick else _COLD_STARTS
    runs = [fresh_process.run(command, question, 1) for _ in range(starts + 1)][1:]
    seconds = [run.first_token_s for run in runs]
    target = min(MEMORY_CONTEXT, context_size)
    story = fresh_process.text_of(count, target - min(_MEMORY_REPLY, context_size // 4))
    benchmark.warm_page_cache(path)
    # The reply's last token needs no place in the cache: nothing follows it.
    chat = fresh_process.run(command, story, target - count(story) + 1)
    memory = fresh_process.as_json(chat)
    return {
        "cold_start": {
            "first_token_s": statistics.median(seconds),
            "low": min(seconds),
            "high": max(seconds),
            "repeats": seconds,
            "prompt_tokens": runs[0].prompt_tokens,
        },
        "resident_mb": memory["resident_mb"],
        "memory": {key: memory[key] for key in ("context_used", "resident_mb", "peak_mb", "parts_mb")},
        "chat": {"tokens_per_s": chat.decode_tokens_per_s, "context_used": chat.context_used},
    }


def _speed(engine: BitnetEngine, plan: Plan, threads: int) -> tuple[dict[str, Any], bandwidth.Bandwidth]:
    """The rates, and the memory's bandwidth in turns with them."""
    benchmark.warm_page_cache(engine.info.path)
    engine.model.reset_sparsity()
    probe = bandwidth.Probe(threads)
    before = benchmark.major_faults()
    with ProgressLine("Measuring") as progress:
        result = benchmark.measure(engine, engine.info.n_vocab, plan, progress, probe.read)
    after = benchmark.major_faults()
    reading = bandwidth.Bandwidth(
        threads, result.beside or tuple(probe.read() for _ in range(plan.repeats + 1))
    )
    probe.close()
    report: dict[str, Any] = {
        **{f"prefill_{length}": rate.as_json() for length, rate in result.prefill.items()},
        **{decode_key(context): rate.as_json() for context, rate in result.decode.items()},
        "contexts": list(result.decode),
        "prompts": list(result.prefill),
        "decoded_tokens": plan.tokens,
        "wanted_logits": plan.wanted,
        "head_fallbacks": engine.model.fallbacks,
        "major_page_faults": None if before is None or after is None else after - before,
    }
    for context, rate in result.decode.items():
        if context and 0 in result.decode:
            report[decode_key(context)]["part_of_empty"] = rate.median / result.decode[0].median
    return report, reading


def _reply(engine: BitnetEngine, energy: Meter) -> Stats:
    """The numbers of one reply, as the window and ``tern ask --json`` have them."""
    engine.reset()
    request = Request([Message("user", _QUESTION)], SamplingParams(temperature=0.0), _REPLY_TOKENS)
    stats = Stats()
    for chunk in measured(engine.generate(request), energy):
        stats = chunk.stats
    return stats


def _compare(path: Path, engine: BitnetEngine, opened: EngineOptions, plan: Plan) -> dict[str, Any]:
    """The same weights through the same graph, with llama.cpp's kernels, in turns with Tern's."""
    other_path = llama_cpp_model(path)
    for file in (path, other_path):
        benchmark.warm_page_cache(file)
    other = open_engine(other_path, replace(opened, threads=engine.info.threads, exact_head=True))
    try:
        plan = _compared(plan)
        with ProgressLine("Comparing with llama.cpp's kernels") as progress:
            prefill, decode = benchmark.compare(engine, other, engine.info.n_vocab, plan, progress)
    finally:
        other.close()
    return {
        **{f"prefill_{length}": versus.as_json() for length, versus in prefill.items()},
        "decode": decode[0].as_json(),
        "prompts": list(prefill),
        "pairs": plan.repeats,
        "file_bytes": other.info.file_bytes,
    }


def _peer(program: Path, model: Path, engine: BitnetEngine, plan: Plan) -> dict[str, Any]:
    """Another program's benchmark, in turns with Tern's."""
    for file in (engine.info.path, model):
        benchmark.warm_page_cache(file)
    plan = _compared(plan)
    with ProgressLine(f"Comparing with {program.name}") as progress:
        found = peer.compare(
            engine, peer.Peer(program, model, engine.info.threads), engine.info.n_vocab, plan, progress
        )
    return {
        f"prefill_{plan.prompts[0]}": found.prefill.as_json("peer"),
        "decode": found.decode.as_json("peer"),
        "prompts": list(plan.prompts),
        "pairs": plan.repeats,
        "program": str(program),
        "file": str(model),
        "build": found.build,
        "model": found.model,
    }


def _compared(plan: Plan) -> Plan:
    """What of ``plan`` is measured beside another: the longest prompt up to a usual one, and an empty context."""
    most = max(_COMPARED_PROMPT, min(plan.prompts))
    return replace(plan, prompts=(max(n for n in plan.prompts if n <= most),), contexts=(0,))


def _limits(engine: BitnetEngine, reading: bandwidth.Bandwidth, report: dict[str, Any]) -> dict[str, Any]:
    """What decode reads, and what the memory's bandwidth allows."""
    model = engine.model
    sizes = roofline.TensorSizes.of(model.file.tensors.values(), model.packed)
    layers = model.sparsity()
    rows = [layer.rows for layer in layers if layer.rows is not None]
    columns = [layer.columns for layer in layers if layer.columns is not None]
    live_rows, live_columns = (statistics.fmean(part) if part else None for part in (rows, columns))
    read = roofline.token_bytes(
        sizes,
        1.0 if live_rows is None else live_rows,
        1.0 if live_columns is None else live_columns,
        model.head_bytes_per_token,
    )
    found: dict[str, Any] = {
        "live": {"rows": live_rows, "columns": live_columns, "layers": [asdict(layer) for layer in layers]},
        "bytes_per_token": read.as_json(),
        "memory_bandwidth_gb_s": reading.median,
        "memory_bandwidth": reading.as_json(),
        "dense_limit_tokens_per_s": roofline.dense_limit(sizes, reading.median),
        "dense_bytes_per_token": sizes.dense_bytes,
    }
    if "decode" in report:
        # Each repeat against the bandwidth just before and just after it.
        around = [sum(pair) / 2 for pair in pairwise(reading.passes)]
        rates = report["decode"]["repeats"]
        ratios = [
            rate / roofline.dense_limit(sizes, speed) for rate, speed in zip(rates, around, strict=True)
        ]
        found["decode_reads_gb_s"] = report["decode"]["tokens_per_s"] * read.total / 1e9
        found["decode_by_dense_limit"] = {"ratio": statistics.median(ratios), "ratios": ratios}
    return found
