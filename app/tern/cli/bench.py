"""``tern bench``: how fast a model runs on this computer, and why. Works before any download, on random weights."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tern.cli import bench_child, bench_forecast, options
from tern.cli.bench_models import SHAPES
from tern.cli.model_argument import model_path
from tern.cli.streams import json_text, say

if TYPE_CHECKING:
    from tern.metrics.benchmark import Plan

SWEEP = "sweep"
_PROMPTS, _CONTEXTS = (128, 512, 2048), (0, 1000, 4000)
_QUICK_PROMPTS, _QUICK_CONTEXTS = (128, 512), (0, 1000)
_REPEATS, _QUICK_REPEATS = 5, 3


def register(subparsers: options.Subparsers) -> None:
    parser = options.command(
        subparsers,
        "bench",
        "measure speed, memory and what the computer allows",
        "Measure how many tokens a second a model reads (prefill) and writes (decode), its cold start and its\n"
        "memory, and compare that with what this computer's memory allows. Everything is warmed up first and\n"
        "repeated; the report gives the median, the slowest and the fastest. Leave the computer idle meanwhile:\n"
        "about three minutes for the real model's size, one with --quick.",
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
        help="shape the random gates so that this share of the values before `down` is zero: 0.5 to 0.95; "
        "the real model has about 0.8",
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="alternate with llama.cpp's own kernels (TQ2_0, Q6_K head) on the same weights, and print the ratio",
    )
    parser.add_argument(
        "--peer",
        type=options.path,
        metavar="PROGRAM",
        help="alternate with another program's benchmark, and print the ratio: the llama-bench of bitnet.cpp, "
        "ik_llama.cpp or llama.cpp, or any that takes its options and prints its JSON",
    )
    parser.add_argument(
        "--peer-model",
        type=options.path,
        metavar="FILE",
        help="the file that it measures (default: the same one; Microsoft's llama-bench opens the official file, "
        "llama.cpp's own does not know this architecture)",
    )
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no long prompt or context")
    parser.add_argument(
        "--prefill",
        type=options.positive,
        nargs="+",
        metavar="N",
        help=f"prompt lengths in tokens (default: {_listed(_PROMPTS)})",
    )
    parser.add_argument(
        "--after",
        type=options.not_negative,
        nargs="+",
        metavar="N",
        help=f"tokens of context to decode after (default: {_listed(_CONTEXTS)})",
    )
    parser.add_argument(
        "--tokens", type=options.positive, default=32, metavar="N", help="tokens to write in each repeat (32)"
    )
    parser.add_argument(
        "--repeats",
        type=options.positive,
        metavar="N",
        help=f"repeats (default: {_REPEATS}; prompts over 512 tokens at most 3)",
    )
    options.add_engine(
        parser,
        threads=_threads,
        threads_help="threads to compute with, or `sweep`: try the counts, print a table and keep the best",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    # For the window, which runs this very command: a line on standard error for each step.
    hidden_options = (bench_child.HIDDEN_OPTION, bench_forecast.HIDDEN_OPTION, "--progress-lines")
    for hidden in hidden_options:
        parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    if args.answer_once:
        return bench_child.run(args)
    if args.forecast:
        return bench_forecast.run(args)
    if args.synthetic and args.model is not None:
        args.usage_error("--synthetic and --model cannot be used together")
    if args.sparsity is not None and not args.synthetic:
        args.usage_error("--sparsity needs --synthetic")
    for option in ("compare", "peer"):
        if args.threads == SWEEP and getattr(args, option):
            args.usage_error(f"--threads sweep and --{option} cannot be used together")
    if args.peer_model is not None and args.peer is None:
        args.usage_error("--peer-model needs --peer")
    from tern.cli import bench_run, bench_sweep
    from tern.cli.bench_models import synthetic_model
    from tern.cli.terminal import ProgressLine
    from tern.metrics import bench_history, bench_report

    ProgressLine.as_lines = args.progress_lines
    path = synthetic_model(args.synthetic, args.sparsity) if args.synthetic else model_path(args)
    if args.threads == SWEEP:
        report = bench_sweep.measure(args, path, _plan(args))
        _print(args, report, bench_sweep.markdown)
        return 0
    report = bench_history.timed(lambda: bench_run.measure(args, path, _plan(args)))
    bench_history.keep(report)
    _print(args, report, bench_report.markdown)
    return 0


def _print(
    args: argparse.Namespace, report: dict[str, Any], markdown: Callable[[dict[str, Any]], str]
) -> None:
    if args.json:
        print(json_text(report))
        return
    for line in markdown(report).split("\n"):
        say(line)


def _plan(args: argparse.Namespace) -> Plan:
    from tern.engine.types import SamplingParams
    from tern.metrics.benchmark import Plan

    return Plan(
        prompts=args.prefill or (_QUICK_PROMPTS if args.quick else _PROMPTS),
        contexts=args.after if args.after is not None else (_QUICK_CONTEXTS if args.quick else _CONTEXTS),
        tokens=args.tokens,
        repeats=args.repeats or (_QUICK_REPEATS if args.quick else _REPEATS),
        wanted=None if args.exact_head else SamplingParams().top_k,
    )


def _listed(numbers: tuple[int, ...]) -> str:
    return " ".join(map(str, numbers))


def _threads(text: str) -> int | str:
    return SWEEP if text == SWEEP else options.thread_count(text)


def _sparsity(text: str) -> float:
    value = options.number_from(0.5)(text)
    if value > 0.95:
        raise argparse.ArgumentTypeError(f"{text!r} is more than 0.95")
    return value
