"""Options that several commands share, and what they become. Imports nothing heavy: ``--help`` must be quick."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tern.errors import UserError
from tern.settings import (
    KV_TYPE,
    MAX_TOKENS,
    SAMPLING,
    SEED,
    THREADS,
    Setting,
)

if TYPE_CHECKING:
    from tern.engine.types import EngineOptions, SamplingParams

_MOST = 2**31 - 1  # llama.cpp counts tokens with 32 bits

_HELP_WIDTH = 102

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

# Encodings that are a part of another, by the names of Python's codecs.
_SAME = {
    "ascii": "utf-8", "utf-8-sig": "utf-8", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "tis-620": "cp874", "gbk": "gb18030", "gb2312": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs",
    "shift_jis": "cp932", "euc_jp": "euc_jis_2004", "iso2022_jp": "iso2022_jp_ext", "euc_kr": "cp949",
    "utf-16": "utf-16-le", "utf-32": "utf-32-le",
}  # fmt: skip

DATA_DIR_HELP = "keep settings, models, caches and logs in DIR instead of the system's places"


class Help(argparse.HelpFormatter):
    """Help that fits the terminal: paragraphs are filled, lists and examples stay line by line."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(_HELP_WIDTH, shutil.get_terminal_size().columns) - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = []
        for paragraph in text.split("\n\n"):
            listed = any("  " in line for line in paragraph.splitlines())
            filled.append(paragraph if listed else textwrap.fill(" ".join(paragraph.split()), width))
        return "\n\n".join(filled)


def command(subparsers: Subparsers, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    """A new command's parser, with the options that every command has."""
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=Help,
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
        type=path,
        metavar="MODEL",
        default=argparse.SUPPRESS,  # given before the command, it counts as well
        help="a GGUF file, or the name of an installed model (default: the built-in guide)",
    )
    group.add_argument(
        "--kv",
        choices=[kind for kind, _ in KV_TYPE.choices],
        default=KV_TYPE.default,
        help=f"precision of the KV cache (default: {KV_TYPE.default})",
    )
    group.add_argument("--threads", type=threads or thread_count, metavar="N", help=threads_help)
    group.add_argument(
        "--exact-head",
        action="store_true",
        help="compute every logit of every token: the same reply, more slowly",
    )
    group.add_argument(
        "--context", type=positive, metavar="N", help="context size in tokens (default: the model's)"
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Consent to run what a model's file brings."""
    parser.add_argument(
        "--trust-template",
        action="store_true",
        help="allow the chat template that comes with a model other than BitNet to run (a small program, sandboxed)",
    )


def add_encoding(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--encoding",
        type=_encoding,
        metavar="NAME",
        help=f"encoding of {what}, where Tern guesses wrong (for example Shift_JIS)",
    )


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """How to choose tokens."""
    group = parser.add_argument_group("reply")
    group.add_argument("--system", metavar="TEXT", help="system prompt to begin with")
    group.add_argument(
        "--max-tokens", type=ranged(MAX_TOKENS, 1), metavar="N", help="stop the reply after N tokens"
    )
    group.add_argument("--greedy", action="store_true", help="always take the likeliest token")
    for setting in SAMPLING:
        # That a seed is drawn is said by leaving the option out.
        low, default = (0, "a fresh one") if setting is SEED else (None, f"{setting.default:g}")
        group.add_argument(
            "--" + setting.name.replace("_", "-"),
            type=ranged(setting, low),
            metavar=setting.metavar,
            help=f"{setting.option_help} (default: {default})",
        )


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

    given: dict[str, Any] = {setting.name: getattr(args, setting.name) for setting in SAMPLING}
    if args.greedy:
        if args.temperature:
            raise UserError("--greedy is a temperature of 0. Leave out --greedy or --temperature.")
        given["temperature"] = 0.0
    return SamplingParams(**{name: value for name, value in given.items() if value is not None})


def path(text: str) -> Path:
    """argparse type: a path; never the current folder because a variable in a script was empty."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return Path(text)


class ranged:  # noqa: N801  # used like a function
    """argparse type: a number in the range of ``setting``, from ``low`` on; the same range as in the window."""

    def __init__(self, setting: Setting[Any], low: float | None = None, why: str = "") -> None:
        self._setting = setting if low is None else replace(setting, low=low)
        self._why = why

    def __call__(self, text: str) -> Any:
        value: object = text
        with suppress(ValueError):
            value = self._setting.type(text)
        problem = self._setting.problem(value)
        if problem is not None:
            why = self._why if "at most" in problem else ""
            raise argparse.ArgumentTypeError(f"{text!r} {problem}{why}")
        return value


def thread_count(text: str) -> int:
    """argparse type: threads that this computer can carry."""
    value: int = ranged(THREADS, 1, " on this computer")(text)
    return value


def positive(text: str) -> int:
    """argparse type: a whole number from 1."""
    return _whole(text, 1)


def not_negative(text: str) -> int:
    """argparse type: a whole number from 0."""
    return _whole(text, 0)


def _encoding(text: str) -> str:
    """argparse type: an encoding by any of its names."""
    import codecs

    from tern.chat.encodings import ENCODINGS

    asked = text.strip().casefold()
    for name, codec in ENCODINGS.items():
        if asked in (name.casefold(), codec):
            return name
    try:
        codec = codecs.lookup(asked).name
    except (LookupError, ValueError):
        codec = ""
    for name, known in ENCODINGS.items():
        if codec and codecs.lookup(known).name == _SAME.get(codec, codec):
            return name
    raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(ENCODINGS)}")


def _whole(text: str, low: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {_MOST}")
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
