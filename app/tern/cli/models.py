"""``tern models``: what can be had and what is here; fetch, verify, remove, import, convert, export. One core with the
window's page: everything here is the library's, this file only asks and prints.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tern.cli import models_files, models_network, options
from tern.cli.models_network import network_options
from tern.cli.streams import json_text, note, say
from tern.errors import UserError
from tern.settings import DOWNLOAD_LIMIT

if TYPE_CHECKING:
    from tern.library.hub_client import RemoteFile


def register(subparsers: options.Subparsers) -> None:
    parser = options.command(
        subparsers,
        "models",
        "list, fetch, verify, remove, import and convert models",
        "Models on this computer, and those that can be downloaded.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _register_list(commands)
    search = options.command(
        commands, "search", "search the hub for GGUF models", "Search the hub's GGUF models."
    )
    search.add_argument("words", nargs="+", help="words of the name")
    search.add_argument("--json", action="store_true", help="print one JSON list")
    search.set_defaults(run=run_search)
    _register_fetch(commands)
    verify = options.command(
        commands,
        "verify",
        "hash installed models and compare",
        "Hash each model's file and compare it with the hash it should have. Exit code 1 when one differs.",
    )
    verify.add_argument("names", nargs="*", metavar="NAME", help="which models (default: all)")
    verify.add_argument("--repair", action="store_true", help="download the damaged parts again")
    verify.set_defaults(run=run_verify)
    remove = options.command(
        commands, "remove", "move a model to the trash", "Move a model to the system's trash."
    )
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("--delete", action="store_true", help="delete it permanently instead")
    remove.set_defaults(run=run_remove)
    models_files.register(commands)
    models_network.register(commands)


def _register_list(commands: options.Subparsers) -> None:
    parser = options.command(
        commands,
        "list",
        "what is installed, and what can be downloaded",
        "The models on this computer, then those that can be downloaded, one line each.",
    )
    parser.add_argument(
        "--long", action="store_true", help="everything about each: licence, languages, repository, folder"
    )
    parser.add_argument("--json", action="store_true", help="print what is installed as one JSON list")
    parser.set_defaults(run=run_list)


def _register_fetch(commands: options.Subparsers) -> None:
    parser = options.command(
        commands,
        "fetch",
        "download a model and verify it; run it again to resume",
        "Download a model. Whatever interrupts it, the same command resumes it. The file gets its name only\n"
        "once its hash has been verified.",
    )
    parser.epilog = (
        "examples:\n  tern models fetch bitnet-2b4t\n  tern models fetch OWNER/REPO FILE.gguf --revision main\n\n"
        "HF_ENDPOINT (a mirror), HF_TOKEN, HTTPS_PROXY and HF_HUB_OFFLINE are honoured."
    )
    parser.add_argument(
        "name", metavar="NAME|OWNER/REPO", help="a name from `tern models list`, or a repository"
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="file in the repository (default: its only .gguf)"
    )
    parser.add_argument("--revision", metavar="R", help="branch, tag or commit (default: main)")
    parser.add_argument(
        "--limit", type=options.ranged(DOWNLOAD_LIMIT), metavar="MB/S", help="use at most this bandwidth"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object about the model")
    parser.set_defaults(run=run_fetch)


def run_list(args: argparse.Namespace) -> int:
    from tern.library import shelf

    if args.json:
        print(json_text([as_json(model) for model in shelf.installed()], indent=1))
        return 0
    from tern.cli import models_list

    models_list.show(args.long)
    return 0


def as_json(model: Any) -> dict[str, object]:
    """A model as scripts get it."""
    return {
        "name": model.name,
        "title": model.title,
        "path": str(model.path),
        "size": model.size,
        "sha256": model.sha256,
        "parts": [
            {"path": str(path), "size": size, "sha256": sha256} for path, size, sha256 in model.files[1:]
        ],
        "verified": model.verified,
        "verified_at": model.verified_at,
        "present": model.present,
        "linked": model.linked,
        "origin": model.origin,
        "commit": model.commit,
        "tokens_per_s": model.speed,
    }


def run_search(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from tern.library import hub_client

    hits = hub_client.search(network_options(), " ".join(args.words))
    if args.json:
        print(json_text([asdict(hit) for hit in hits]))
        return 0
    for hit in hits:
        say(f"{hit.repo:<60} {hit.downloads:>10,} downloads  {hit.likes:>6,} likes")
    say("Download one: tern models fetch OWNER/REPO [FILE]" if hits else "No matches. Try fewer words.")
    return 0


def run_fetch(args: argparse.Namespace) -> int:
    from tern.cli.models_progress import Bar, pause_on_interrupt
    from tern.cli.terminal import INTERRUPTED
    from tern.library import catalog, hub_client, hub_find, shelf

    network = network_options(args.limit)
    entry = catalog.find(args.name) if args.file is None and args.revision is None else None
    known = shelf.find(entry.name) if entry is not None and entry.sha256 is not None else None
    if entry is not None and known is not None and known.sha256 == entry.sha256 and known.verified:
        return _already(known, args.json)
    remote: RemoteFile
    if entry is not None:
        remote = hub_find.look_up(network, entry)
    elif "/" in args.name:
        remote = hub_client.find_file(network, args.name, args.file, args.revision)
    else:
        names = ", ".join(entry.name for entry in catalog.entries())
        raise UserError(
            "The catalogue has no {name}. It has: {names}. Or name a repository: OWNER/REPO.",
            name=args.name,
            names=names,
        )
    target = hub_find.target_of(remote)
    for model in shelf.installed():
        if model.path == target and model.sha256 == remote.sha256 and model.verified:
            return _already(model, args.json)
    name, title = (entry.name, entry.title) if entry is not None else ("", "")
    with Bar(remote.file) as bar:
        download = hub_find.prepare(remote, network, bar, name, title, patient=sys.stderr.isatty())
        with pause_on_interrupt(download):
            found = download.run()
    if found is None:
        note("Paused. What has arrived is kept; the same command resumes from there.")
        return INTERRUPTED
    if args.json:
        print(json_text({**as_json(found), "received": download.received}))
    else:
        say(f"{found.title} is ready (hash verified): {found.path}")
        if not shelf.is_model(found.path):
            say("It is not a model, so it is not listed.")
        elif found.gguf:
            say(f'Ask it something: tern ask --model {found.name} "…"')
        else:
            say(f"Make a GGUF of it: tern models import {found.path.parent}")
    return 0


def _already(model: Any, as_object: bool) -> int:
    if as_object:
        print(json_text({**as_json(model), "received": 0}))
    else:
        say(f"{model.title} is already here, verified {model.verified_at}: {model.path}")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    from tern.cli.terminal import ProgressLine
    from tern.library import shelf
    from tern.library.unfinished import unfinished

    models = [shelf.need(name) for name in args.names] or shelf.installed()
    mending = {item.name for item in unfinished() if item.id.kind == "repair"} if args.repair else set()
    wrong = 0
    for model in models:
        if model.name in mending and _mended(model):  # its file lies aside: there is nothing to hash
            say(f"{model.name}: was damaged and has been repaired")
            continue
        with ProgressLine(f"Hashing {model.name}") as progress:
            right = shelf.verify(model, partial(_fraction, progress, model.total))
        if right:
            say(f"{model.name}: verified (sha256 {model.sha256})")
            continue
        if args.repair and _mended(model):
            say(f"{model.name}: was damaged and has been repaired")
            continue
        wrong += 1
        advice = (
            "It is your own file: import it again."
            if model.linked
            else "Repair it with --repair, or download it again."
        )
        say(f"{model.name}: DAMAGED, its hash is not {model.sha256[:12]}…. {advice}")
    if not models:
        say("Nothing is installed.")
    return 1 if wrong else 0


def _fraction(progress: Callable[[float], None], size: int, done: int) -> None:
    progress(done / max(size, 1))


def _mended(model: Any) -> bool:
    from tern.cli.models_progress import Bar
    from tern.library import hub_find

    if not model.from_hub:
        return False
    with Bar(model.path.name) as bar:
        return hub_find.repair(model, network_options(), bar).run() is not None


def run_remove(args: argparse.Namespace) -> int:
    from tern.library import shelf

    model = shelf.need(args.name)
    shelf.remove(model, for_good=args.delete)
    if model.linked:
        say(f"{model.name} was removed from the list; your file {model.path} stays where it is.")
    else:
        say(f"{model.name} was deleted." if args.delete else f"{model.name} was moved to the trash.")
    return 0
