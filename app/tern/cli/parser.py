"""The command line as a whole. Commands describe themselves; nothing heavy is imported to parse."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Iterable, Sequence

from tern import __version__
from tern.cli import options, window

DESCRIPTION = """Tern runs BitNet, a language model whose weights are only -1, 0 and +1, on this computer, offline.
Without a command it opens its window."""


class _Parser(argparse.ArgumentParser):
    """Answers a command that does not exist with the nearest one that does; hidden ones are never named."""

    def _check_value(self, action: argparse.Action, value: str) -> None:
        if not isinstance(action, argparse._SubParsersAction) or value in action.choices:
            super()._check_value(action, value)
            return
        # The list behind --help: what was registered without a summary is not in it.
        near = _nearest(value, [choice.dest for choice in action._choices_actions])
        meant = f" Did you mean {near}?" if near else ""
        raise argparse.ArgumentError(
            None, f"there is no command {value!r}.{meant} {self.prog} --help lists them."
        )


def _nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that ``word`` is most like, or the only one that it begins."""
    names = list(names)
    begun = [name for name in names if word and name.startswith(word.lower())]
    return (
        begun[0] if len(begun) == 1 else next(iter(difflib.get_close_matches(word.lower(), names, 1)), None)
    )


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The arguments of ``tern`` and, as ``run``, the command to call with them. Exits for --help and wrong usage."""
    if len(words) == 1 and _is_a_file(words[0]):
        words = ["--model", words[0]]
    # Double-clicked, there are none: the window need not wait for what describes the commands.
    return build_parser(commands=bool(words)).parse_args(words)


def _is_a_file(word: str) -> bool:
    """Whether a word alone is a file to open, as a desktop gives it, and no command."""
    return not word.startswith("-") and (word.lower().endswith(".gguf") or os.sep in word)


def build_parser(commands: bool = True) -> argparse.ArgumentParser:
    """The parser of ``tern``, with its commands or for the window alone."""
    parser = _Parser(
        prog="tern",
        description=DESCRIPTION,
        epilog="tern COMMAND --help says more about each.",
        formatter_class=options.Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"Tern {__version__}")
    parser.add_argument(
        "--model",
        type=options.path,
        metavar="PATH",
        help="open the window on this GGUF file (default: the built-in guide); tern FILE.gguf does the same",
    )
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="open the window where nobody sees it, ask the guide, and say whether all of it works",
    )
    options.add_data_dir(parser)
    parser.set_defaults(run=window.run)
    if commands:
        _add_commands(parser)
    return parser


def _add_commands(parser: argparse.ArgumentParser) -> None:
    from tern.cli import ask, bench, chat, chats, doctor, models, prove_answers, try_model
    from tern.cli import eval as evaluate

    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in (ask, chat, chats, evaluate, bench, models, doctor, try_model, prove_answers):
        module.register(subparsers)
