"""``tern models token``, ``connections`` and ``update``: who Tern is to the hub, what it asked there, what is newer."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tern.cli import options
from tern.cli.streams import json_text, say
from tern.errors import UserError, format_size

if TYPE_CHECKING:
    from tern.library.network import NetworkOptions

_SOURCES = {
    "HF_TOKEN": "from the variable HF_TOKEN",
    "keyring": "from the system's keyring",
    "hugging face": "from Hugging Face's own login file",
    "": "none: only public models can be downloaded",
}


def register(commands: options.Subparsers) -> None:
    token = options.command(
        commands,
        "token",
        "save a token for gated models in the system's keyring",
        "Save your Hugging Face token in the system's keyring, for private and gated models. It is asked for, or read\n"
        "from standard input; never given on the command line, where others could see it.",
    )
    what = token.add_mutually_exclusive_group()
    what.add_argument("--status", action="store_true", help="say where the token in use comes from")
    what.add_argument("--forget", action="store_true", help="remove it from the keyring")
    token.set_defaults(run=run_token)
    log = options.command(
        commands,
        "connections",
        "list every connection Tern has made",
        "When, where to, why, and how much was received.",
    )
    log.add_argument("--json", action="store_true", help="print one JSON list")
    log.set_defaults(run=run_connections)
    update = options.command(
        commands,
        "update",
        "check the hub for newer files of installed models",
        "Check whether the hub offers a different file from the one installed. Nothing is downloaded.",
    )
    update.add_argument("names", nargs="*", metavar="NAME", help="which models (default: all from the hub)")
    update.set_defaults(run=run_update)


def network_options(limit: float | None = None) -> NetworkOptions:
    """What the settings and the command line say about the network; ``limit`` in megabytes a second."""
    from dataclasses import replace

    from tern.library.network import NetworkOptions
    from tern.settings import Settings

    found = NetworkOptions.from_settings(Settings.load())
    return found if limit is None else replace(found, limit=round(limit * 1e6))


def run_token(args: argparse.Namespace) -> int:
    from getpass import getpass

    from tern.library import hub_token

    if args.forget:
        hub_token.forget()
        say("Tern's token was removed from the keyring.")
    elif not args.status:
        try:
            hub_token.keep(getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline())
        except (EOFError, UnicodeDecodeError) as error:  # Ctrl-D, or a paste in another encoding
            raise UserError(
                "No token was given. Copy it from huggingface.co, Settings, Access Tokens."
            ) from error
        say(f"Saved in the system's keyring ({hub_token.keyring_name()}).")
    status = hub_token.status()
    say(f"Token in use: {_SOURCES[status.source]}.")
    if status.silent:
        say(
            "The system's keyring does not answer, so Tern cannot tell whether it holds a token. Unlock it, then "
            "try again."
        )
    elif not status.keyring:
        say("This system has no keyring that Tern can use.")
    return 0


def run_connections(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from tern.library import network

    found = network.connections()
    if args.json:
        print(json_text([asdict(line) for line in found]))
        return 0
    for line in found:
        say(f"{line.when}  {line.host:<30} {line.result:>11} {format_size(line.received):>10}  {line.why}")
    if not found:
        say("Tern has never opened a connection.")
    return 0


def run_update(args: argparse.Namespace) -> int:
    from tern.library import hub_find, shelf

    models = [shelf.need(name) for name in args.names] or [
        model for model in shelf.installed() if model.from_hub
    ]
    for model in models:
        remote = hub_find.newer(model, network_options())
        if remote is None:
            say(f"{model.name}: up to date.")
        else:
            say(
                f"{model.name}: the hub has a different file ({format_size(remote.size)}). Download it: "
                f"tern models fetch {remote.repo} {remote.file}"
            )
    if not models:
        say("No model here came from the hub.")
    return 0
