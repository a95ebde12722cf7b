"""``tern bench``: how fast a model runs on this computer. Works before any download, on random weights."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tern.cli import options
from tern.errors import UserError

if TYPE_CHECKING:
    from tern.engine.types import ModelInfo
    from tern.metrics.benchmark import Rate, Result

SHAPES = ("2b4t", "small", "tiny")  # of engine.synthetic, which is too heavy to import for --help
_SEED = 0
_VERSION = 1  # of the random files: a change in how they are made needs new ones
_ROOM = 1.1  # of the file's size, free on the disk before it is made


def register(subparsers: options.Subparsers) -> None:
    parser = options.command(
        subparsers,
        "bench",
        "measure prefill and decode speed",
        "Measure how many tokens a second a model reads (prefill) and writes (decode): after a warm-up,\n"
        "the median of several repeats, with the slowest and the fastest.",
    )
    parser.add_argument(
        "--synthetic",
        choices=SHAPES,
        help="measure random weights of this shape instead of a model; made once and kept in the cache",
    )
    parser.add_argument(
        "--sparsity",
        type=_sparsity,
        metavar="S",
        help="shape the random gates so that this part of the values before `down` is zero: 0.5 to 0.95; "
        "the real model has about 0.8",
    )
    parser.add_argument(
        "--prefill",
        type=options.positive,
        nargs="+",
        default=[128, 512],
        metavar="N",
        help="prompt lengths in tokens (default: 128 512)",
    )
    parser.add_argument(
        "--tokens", type=options.positive, default=32, metavar="N", help="tokens to write (32)"
    )
    parser.add_argument(
        "--repeats", type=options.positive, default=5, metavar="N", help="repeats (default: 5)"
    )
    options.add_engine(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from tern.cli.terminal import Progress
    from tern.context import open_engine
    from tern.metrics import benchmark
    from tern.metrics.memory import memory

    if args.synthetic and args.model is not None:
        args.usage_error("--synthetic and --model exclude each other")
    if args.sparsity is not None and not args.synthetic:
        args.usage_error("--sparsity belongs to --synthetic")
    path = synthetic_model(args.synthetic, args.sparsity) if args.synthetic else options.model_path(args)
    with Progress("Opening the model") as progress:
        engine = open_engine(path, options.engine_options(args), progress)
    try:
        info = engine.info
        room = info.context_size - 1
        prompts = sorted({length for length in args.prefill if length <= room})
        tokens = min(args.tokens, room - benchmark.DECODE_PROMPT)
        if not prompts or tokens < 1:
            raise UserError(f"This model's context of {info.context_size:,} tokens is too small for that.")
        plan = benchmark.Plan(prompts, tokens, args.repeats)
        with Progress("Measuring") as progress:
            result = benchmark.measure(engine, info.n_vocab, plan, progress)
        resident = memory().resident_bytes
    finally:
        engine.close()
    if args.json:
        print(json.dumps(_report(info, args.kv, result, resident)))
    else:
        _print(info, result, resident)
    return 0


def _sparsity(text: str) -> float:
    value = options.number_from(0.5)(text)
    if value > 0.95:
        raise argparse.ArgumentTypeError(f"{text!r} is more than 0.95")
    return value


def synthetic_model(shape_name: str, sparsity: float | None = None) -> Path:
    """The random model of that shape in the cache; made when it is not there or not whole."""
    from tern import paths
    from tern.cli.terminal import Progress
    from tern.engine.config import BitnetConfig
    from tern.engine.gguf import GGUFError, GGUFFile
    from tern.engine.synthetic import SHAPES, file_bytes, write_synthetic

    shape = SHAPES[shape_name]
    folder = paths.cache_dir()
    kind = "" if sparsity is None else f"-sparse{sparsity:g}"
    path = folder / f"synthetic-{shape_name}-i2_s{kind}-v{_VERSION}.gguf"
    try:
        with GGUFFile.open(path) as file:
            BitnetConfig.from_gguf(file)
        return path
    except GGUFError:
        pass  # not there, or not whole: make it
    needed = file_bytes(shape)
    free = shutil.disk_usage(folder).free
    if free < needed * _ROOM:
        raise UserError(
            f"Random weights of this shape need {needed / 1e6:,.0f} MB in {folder}, where {free / 1e6:,.0f} MB "
            "are free. Make room, or choose another place with --data-dir DIR."
        )
    with Progress("Making random weights (once)") as progress:
        write_synthetic(path, shape, seed=_SEED, progress=progress, sparsity=sparsity)
    return path


def _report(info: ModelInfo, kv_type: str, result: Result, resident: int) -> dict[str, Any]:
    return {
        "model": info.name,
        "file": str(info.path),
        "file_bytes": info.file_bytes,
        "n_params": info.n_params,
        "kernel": info.kernel,
        "threads": info.threads,
        "kv_type": kv_type,
        **{f"prefill_{length}": rate.as_json() for length, rate in result.prefill.items()},
        "decode": result.decode.as_json(),
        "resident_mb": resident / 1e6,
    }


def _print(info: ModelInfo, result: Result, resident: int) -> None:
    from tern.metrics.speed import format_megabytes

    threads = "1 thread" if info.threads == 1 else f"{info.threads} threads"
    print(f"{info.name}: {format_megabytes(info.file_bytes)}, kernel {info.kernel}, {threads}")
    for length, rate in result.prefill.items():
        print(f"{f'prefill {length:,}':<14}{_line(rate)}")
    print(f"{'decode':<14}{_line(result.decode)}")
    print(f"{'memory':<14}{format_megabytes(resident)} resident")


def _line(rate: Rate) -> str:
    from tern.metrics.speed import format_rate, format_speed

    return f"{format_speed(rate.median):<18} {format_rate(rate.low)} to {format_rate(rate.high)}"
