"""The hidden command behind ``engine/trial``: a process of its own that tries whether llama.cpp can run a model."""

from __future__ import annotations

import argparse

from tern.cli import options

_COMMAND = "try-model"  # engine.trial's, which is too heavy to import for --help


def register(subparsers: options.Subparsers) -> None:
    parser = subparsers.add_parser(_COMMAND)  # without a summary: no list shows it
    options.add_data_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from tern.engine import trial

    return trial.answer_trial()
