"""``tern models import``, ``convert`` and ``export``: models that are on this disk already, and their other forms."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tern.cli import options
from tern.cli.model_argument import installed_path
from tern.cli.streams import say
from tern.errors import UserError, format_size

_ENCODINGS = ("i2_s", "tq2_0", "tq1_0")  # engine.recode's, which is too heavy to import for --help


def register(commands: options.Subparsers) -> None:
    importing = options.command(
        commands,
        "import",
        "add a model file or folder of your own",
        "Add a .gguf: hashed, checked, and recognized when the catalogue knows it. A folder of BitNet\n"
        "safetensors (packed or BF16, with config.json and tokenizer.json) becomes a GGUF first. Packed weights keep\n"
        "every code and scale that the folder has (Microsoft's has its scales in BF16, its GGUF in F32); BF16 master\n"
        "weights are ternarized as in the paper.",
    )
    importing.add_argument(
        "path", type=options.path, metavar="PATH", help="a .gguf file, or a folder of safetensors"
    )
    importing.add_argument(
        "--link", action="store_true", help="leave the .gguf where it is instead of copying it"
    )
    importing.add_argument(
        "--name", metavar="NAME", help="what to call it (default: from the catalogue or the file)"
    )
    importing.set_defaults(run=run_import)
    move = options.command(
        commands,
        "move",
        "move all models to another disk, or back",
        "Move the folder of models into FOLDER, for instance on another disk. What is moved stays where it was until\n"
        "all of it has arrived. Close Tern's window first.",
    )
    place = move.add_mutually_exclusive_group(required=True)
    place.add_argument(
        "folder", nargs="?", type=options.path, metavar="FOLDER", help="the folder to move them into"
    )
    place.add_argument("--back", action="store_true", help="move them back to where Tern keeps its data")
    move.set_defaults(run=run_move)
    convert = options.command(
        commands,
        "convert",
        "re-encode ternary weights, losslessly",
        "Write the same ternary weights in another encoding: i2_s (Microsoft's, which Tern runs fastest), tq2_0 or\n"
        "tq1_0 (llama.cpp's). Nothing is rounded: the result is read back, unpacked and compared.",
    )
    export = options.command(
        commands,
        "export",
        "write a file that stock llama.cpp tokenizes correctly",
        "Write the model with the pre-tokenizer's name and the chat template that the official file lacks, under\n"
        "llama.cpp's own architecture name. Note that stock llama.cpp computes this architecture with SiLU, not with\n"
        "the ReLU² that BitNet 2B4T was trained with: its text is then not the model's. Tern reads the file correctly.",
    )
    for parser, run in ((convert, run_convert), (export, run_export)):
        parser.add_argument(
            "model", type=options.path, metavar="MODEL", help="a GGUF file, or an installed model's name"
        )
        parser.add_argument("--to", choices=_ENCODINGS, default="tq2_0", help="encoding (default: tq2_0)")
        parser.add_argument(
            "--out", type=options.path, required=True, metavar="FILE", help="the file to write"
        )
        parser.set_defaults(run=run)


def run_move(args: argparse.Namespace) -> int:
    from tern import paths
    from tern.cli.terminal import ProgressLine
    from tern.data_lock import DataLock, Hold
    from tern.library import models_folder
    from tern.settings import MODEL_PATH, Settings

    lock = DataLock(paths.data_dir())
    if (hold := lock.take()) is Hold.OTHERS:
        raise UserError("Tern's window is open with these models. Close it first.")
    try:
        with ProgressLine("Moving") as progress:
            old, new = models_folder.move(None if args.back else args.folder, progress)
        settings = Settings.load()
        kept = Path(settings[MODEL_PATH]) if settings[MODEL_PATH] else None
        if kept is not None and kept.is_relative_to(old):
            settings[MODEL_PATH] = str(new / kept.relative_to(old))
            settings.save()
        say(f"The models are in {new} now.")
        if not models_folder.remove(old):
            say(f"Some of what lay in {old} could not be deleted.")
    finally:
        if hold is Hold.OURS:
            lock.release()
    return 0


def run_import(args: argparse.Namespace) -> int:
    from tern.cli.terminal import ProgressLine
    from tern.engine import can_chat
    from tern.engine.gguf.reader import GGUFFile
    from tern.library import importing

    path = importing.meant(args.path)
    if path.is_dir():
        model = _import_folder(path.resolve(), args.name or "")
    else:
        can_chat.check(path)
        with GGUFFile.open(path) as file:
            title = file.get("general.name", str, "")
        with ProgressLine("Linking" if args.link else "Copying") as progress:
            model = importing.take(path, args.link, args.name or "", title, progress)
    say(f"{model.title} was added as {model.name}: {model.path}")
    return 0


def _import_folder(folder: Path, name: str) -> Any:
    from tern.cli.terminal import ProgressLine
    from tern.engine.convert.from_safetensors import write_gguf
    from tern.library import importing

    with ProgressLine("Making the GGUF") as progress:
        return importing.make(folder, name, write_gguf, progress)


def run_convert(args: argparse.Namespace) -> int:
    return _recode(args, for_llama_cpp=False)


def run_export(args: argparse.Namespace) -> int:
    return _recode(args, for_llama_cpp=True)


def _recode(args: argparse.Namespace, for_llama_cpp: bool) -> int:
    from tern.cli.terminal import ProgressLine
    from tern.engine.convert.recode import write_recoded
    from tern.engine.gguf.reader import GGUFFile
    from tern.library import importing

    source = installed_path(args.model)
    if args.out.exists():
        raise UserError(
            "{path} already exists; Tern does not overwrite it. Choose another --out FILE.", path=args.out
        )
    if not args.out.absolute().parent.is_dir():
        raise UserError("The folder of {path} does not exist. Make it first.", path=args.out)
    with GGUFFile.open(source) as file:
        importing.need_room(args.out.absolute(), file.size)
        with ProgressLine("Converting") as progress:
            write_recoded(file, args.out, args.to, for_llama_cpp, progress)
    size = args.out.stat().st_size
    say(
        f"{args.out}: {format_size(size)}, {args.to.upper()}; every weight and scale was read back and matches."
    )
    return 0
