"""The command line as a whole. Commands describe themselves; nothing heavy is imported to parse."""

from __future__ import annotations

import argparse

from tern import __version__
from tern.cli import ask, bench, chat, chats, doctor, models, options, try_model, window
from tern.cli import eval as evaluate

DESCRIPTION = """Tern runs BitNet, a language model whose weights are only -1, 0 and +1, on this computer, offline.
Without a command it opens its window."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of ``tern``; the arguments it returns have ``run``, the command to call with them."""
    parser = argparse.ArgumentParser(
        prog="tern",
        description=DESCRIPTION,
        epilog="tern COMMAND --help says more of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"Tern {__version__}")
    parser.add_argument(
        "--model",
        type=options.path,
        metavar="PATH",
        help="open the window on this GGUF file (default: the built-in guide)",
    )
    options.add_data_dir(parser)
    parser.set_defaults(run=window.run)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in (ask, chat, chats, evaluate, bench, models, doctor, try_model):
        module.register(subparsers)
    return parser
