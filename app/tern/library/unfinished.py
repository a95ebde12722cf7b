"""What is still arriving or lies aside damaged, as earlier runs left it. Reads the journals; knows no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tern.library import shelf
from tern.library.part_file import read_notes
from tern.library.shards import shards, stem

_ENDINGS = {".part.journal": False, ".bad.journal": True}


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A file of the hub that is not whole yet, or is and was ``damaged``; ``done`` and ``total`` in bytes."""

    repo: str
    file: str
    name: str
    title: str
    path: Path  # the .part or .bad
    done: int
    total: int
    damaged: bool


def unfinished() -> list[Unfinished]:
    """Every download of a model that can go on, by path."""
    found = []
    for journal in sorted(shelf.models_dir().rglob("*.journal")):
        ending = next((ending for ending in _ENDINGS if journal.name.endswith(ending)), None)
        path = journal.with_suffix("")
        notes = read_notes(journal)
        origin = str(notes.get("origin", ""))
        if ending is None or origin.count("/") < 2 or notes["size"] < 1 or not path.is_file():
            continue
        owner, name, file = origin.split("/", 2)
        if path.with_suffix("").suffix.lower() not in shelf.MODEL_SUFFIXES and not shelf.kind_of(path):
            continue
        found.append(
            Unfinished(
                repo=f"{owner}/{name}",
                file=file,
                name=str(notes.get("name") or shelf.slug(stem(file))),
                title=str(notes.get("title") or origin),
                path=path,
                done=path.stat().st_size,
                total=int(notes["size"]),
                damaged=_ENDINGS[ending],
            )
        )
    return found


def discard(item: Unfinished) -> None:
    """Delete what has arrived, and of a model in several files those that came before."""
    item.path.unlink(missing_ok=True)
    item.path.with_name(item.path.name + ".journal").unlink(missing_ok=True)
    kept = {path for model in shelf.installed() for path, _, _ in model.files}
    others = shards(item.path.stem)  # without .part or .bad
    for name in others if len(others) > 1 else ():
        if (path := item.path.with_name(name)) not in kept:
            path.unlink(missing_ok=True)
