"""``tern models import``: files that are on this disk already."""

from __future__ import annotations

import argparse
from pathlib import Path

from tern.cli import options


def register(commands: options.Subparsers) -> None:
    importing = options.command(
        commands,
        "import",
        "put a file of yours on the shelf",
        "Put a .gguf on the shelf: hashed, checked, and recognized when it is one that the catalogue knows.",
    )
    importing.add_argument("path", type=Path, metavar="FILE", help="a .gguf file")
    importing.add_argument(
        "--link", action="store_true", help="leave the file where it is instead of copying it"
    )
    importing.add_argument(
        "--name", metavar="NAME", help="what to call it (default: from the catalogue or the file)"
    )
    importing.set_defaults(run=run_import)


def run_import(args: argparse.Namespace) -> int:
    from tern.cli.terminal import Progress
    from tern.engine.gguf import GGUFFile
    from tern.library import importing

    with GGUFFile.open(args.path) as file:  # a sentence when it is no model
        title = file.get("general.name", str, "")
    with Progress("Linking" if args.link else "Copying") as progress:
        model = importing.take(args.path, args.link, args.name or "", title, progress)
    print(f"{model.title} is on the shelf as {model.name}: {model.path}")
    return 0
