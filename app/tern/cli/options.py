"""Options that several commands share, and what they become. Imports nothing heavy: ``--help`` must be quick."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tern.errors import UserError

if TYPE_CHECKING:
    from tern.engine.types import EngineOptions, SamplingParams

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

DATA_DIR_HELP = "keep settings, models, caches and logs in DIR instead of the system's places"


def command(subparsers: Subparsers, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    """A new command's parser, with the options that every command has."""
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_data_dir(parser)
    return parser


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    # No default: given before the command, it must not be undone by the command's own parser.
    parser.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS, help=DATA_DIR_HELP)


def add_engine(
    parser: argparse.ArgumentParser,
    threads: Callable[[str], Any] | None = None,
    threads_help: str = "threads to compute with (default: the best count known for this computer)",
) -> None:
    """How to open a model. ``threads``: another argparse type for that option."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help="a GGUF file, or the name of an installed model (default: the built-in guide)",
    )
    group.add_argument(
        "--kv",
        choices=("f32", "f16", "q8_0"),
        default="f16",
        help="how exactly the KV cache is kept (default: f16)",
    )
    group.add_argument("--threads", type=threads or positive, metavar="N", help=threads_help)
    group.add_argument(
        "--exact-head",
        action="store_true",
        help="compute every logit of every token; the reply is the same and slower",
    )
    group.add_argument(
        "--context", type=positive, metavar="N", help="context size in tokens (default: the model's)"
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Consent to run what a model's file brings."""
    parser.add_argument(
        "--trust-template",
        action="store_true",
        help="run the chat template that comes with a model other than BitNet (a small program, sandboxed)",
    )


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """How to choose tokens."""
    group = parser.add_argument_group("reply")
    group.add_argument("--system", metavar="TEXT", help="system prompt to begin with")
    group.add_argument("--max-tokens", type=positive, metavar="N", help="stop the reply after N tokens")
    group.add_argument("--greedy", action="store_true", help="always take the likeliest token")
    group.add_argument("--temperature", type=number_from(0.0), metavar="T", help="0 is greedy (default: 0.7)")
    group.add_argument("--top-k", type=not_negative, metavar="K", help="0 switches it off (default: 40)")
    group.add_argument("--top-p", type=_part, metavar="P", help="1 switches it off (default: 0.95)")
    group.add_argument("--min-p", type=_part, metavar="P", help="0 switches it off (default: 0.05)")
    group.add_argument(
        "--repeat-penalty",
        type=number_from(1.0),
        metavar="R",
        help="for the last 64 tokens; 1 switches it off (default: 1)",
    )
    group.add_argument("--seed", type=_seed, metavar="N", help="same seed, same reply (default: a fresh one)")


def model_path(args: argparse.Namespace) -> Path:
    """The model asked for, by path or by the name of an installed one, or the built-in guide."""
    from tern import paths
    from tern.cli.models import installed_path

    return installed_path(args.model) if args.model is not None else paths.guide_model()


def engine_options(args: argparse.Namespace) -> EngineOptions:
    """How to open the model; the number of threads is the settings' unless one was asked for."""
    from tern.engine.types import EngineOptions
    from tern.metrics.thread_choice import thread_count
    from tern.settings import Settings

    threads = args.threads or thread_count(Settings.load())
    return EngineOptions(
        threads=threads, kv_type=args.kv, context_size=args.context, exact_head=args.exact_head
    )


def sampling(args: argparse.Namespace) -> SamplingParams:
    """The sampling asked for; what was not keeps ``SamplingParams``' default.

    Greedy is a temperature of 0: a repeat penalty still counts, and what chooses among several tokens has no effect.
    Raises UserError where another temperature is asked for besides.
    """
    from tern.engine.types import SamplingParams

    names = ("temperature", "top_k", "top_p", "min_p", "repeat_penalty", "seed")
    given: dict[str, Any] = {name: getattr(args, name) for name in names}
    if args.greedy:
        if args.temperature:
            raise UserError("--greedy is a temperature of 0. Leave out --greedy or --temperature.")
        given["temperature"] = 0.0
    return SamplingParams(**{name: value for name, value in given.items() if value is not None})


def positive(text: str) -> int:
    """argparse type: a whole number from 1."""
    return _whole(text, 1, 1 << 30)


def not_negative(text: str) -> int:
    """argparse type: a whole number from 0."""
    return _whole(text, 0, 1 << 30)


def _seed(text: str) -> int:
    return _whole(text, 0, (1 << 32) - 2)


def _whole(text: str, low: int, high: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low}")
    return value


def _part(text: str) -> float:
    value = number_from(0.0)(text)
    if value > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return value


class number_from:  # noqa: N801  # used like a function
    """argparse type: a number from ``low``."""

    def __init__(self, low: float) -> None:
        self._low = low

    def __call__(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not self._low <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {self._low:g}")
        return value
