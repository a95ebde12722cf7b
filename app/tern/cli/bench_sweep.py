"""``tern bench --threads sweep``: the number of threads that decodes fastest, kept for this computer."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from tern.cli import options
from tern.cli.terminal import ProgressLine
from tern.errors import format_size
from tern.metrics import benchmark, thread_choice
from tern.metrics.benchmark import Plan
from tern.metrics.speed import format_speed
from tern.open_engine import open_engine
from tern.settings import Settings

_LEAST_BYTES = 256 << 20  # a smaller model stays in the caches and says nothing about the real one
_REPEATS = 3
_PROMPT = 128


def measure(args: argparse.Namespace, path: Path, plan: Plan) -> dict[str, Any]:
    """Try the counts on the model at ``path``; keep the best in the settings when the model is large enough."""
    args.threads = None
    opened = options.engine_options(args)
    counts = thread_choice.candidates(os.cpu_count() or 1)
    rates: dict[int, dict[str, Any]] = {}
    benchmark.warm_page_cache(path)
    with ProgressLine("Trying thread counts") as progress:
        for index, count in enumerate(counts):
            engine = open_engine(path, replace(opened, threads=count))
            try:
                info = engine.info
                prompt = min(_PROMPT, info.context_size // 2)
                repeats = min(plan.repeats, _REPEATS)
                short = Plan((prompt,), (0,), plan.tokens, repeats, plan.wanted).within(info.context_size)
                result = benchmark.measure(engine, info.n_vocab, short)
            finally:
                engine.close()
            rates[count] = {
                "threads": count,
                "decode": result.decode[0].as_json(),
                f"prefill_{prompt}": result.prefill[prompt].as_json(),
            }
            progress((index + 1) / len(counts))
    found = thread_choice.best({count: rate["decode"]["tokens_per_s"] for count, rate in rates.items()})
    kept = info.file_bytes >= _LEAST_BYTES
    if kept:
        settings = Settings.load()
        thread_choice.remember(settings, found)
        settings.save()
    return {
        "model": info.name,
        "file_bytes": info.file_bytes,
        "kernel": info.kernel,
        "computer": thread_choice.this_computer(),
        "prompt": prompt,
        "sweep": list(rates.values()),
        "threads_best": found,
        "kept": kept,
    }


def markdown(report: dict[str, Any]) -> str:
    """The report for people."""
    from tern.metrics.bench_report import table

    prompt = report["prompt"]
    rows = [
        (
            f"{entry['threads']}{' ←' if entry['threads'] == report['threads_best'] else ''}",
            format_speed(entry["decode"]["tokens_per_s"]),
            format_speed(entry[f"prefill_{prompt}"]["tokens_per_s"]),
        )
        for entry in report["sweep"]
    ]
    best = report["threads_best"]
    if report["kept"]:
        end = (
            f"Tern uses {best} from now on, here and in the window; --threads N and the settings override it."
        )
    else:
        end = "Not kept: this model is small enough for the caches. Try --synthetic 2b4t, which has the real size."
    lines = [
        "# Threads",
        "",
        f"{report['model']} · {format_size(report['file_bytes'])} · kernel {report['kernel']}",
        report["computer"],
        "",
        *table(("threads", "decode", f"prefill {prompt}"), rows),
        "",
        f"Best for decoding: {best}. {end}",
    ]
    return "\n".join(lines)
