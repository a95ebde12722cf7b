"""What is still arriving or lies aside damaged, as earlier runs left it. Reads the journals; knows no network.

A journal's notes say whose file it is: ``origin`` is the file's own place on the hub, ``model`` that of the model it
belongs to (where that is another file), ``kind`` what the download was for. What it is for now follows from the shelf
as well: a model may have been removed since, and journals of an earlier Tern say no kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from tern.library import shelf
from tern.library.download_id import DownloadId, Kind
from tern.library.part_file import journal_of, kept_aside, part_of, read_notes
from tern.library.shards import shards, stem

_ENDINGS = {".part.journal": False, ".bad.journal": True}


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A model of the hub that is not whole yet, or was and is ``damaged``; ``done`` and ``total`` in bytes, of the
    files of it that are under way. An installed model that is updated or repaired has its own name and title."""

    id: DownloadId
    name: str
    title: str
    target: Path  # where its file belongs
    places: tuple[Path, ...]  # where each file that is under way belongs
    done: int
    total: int
    damaged: bool


def notes(origin: str, model: str, name: str, title: str, kind: Kind) -> dict[str, str]:
    """What a journal says of its file, for :func:`unfinished` to read."""
    found = {"origin": origin, "name": name, "title": title, "kind": kind}
    return found if model == origin else {**found, "model": model}


def unfinished() -> list[Unfinished]:
    """Every download of a model that can go on, by path."""
    here = {model.path: model for model in shelf.installed()}
    found: dict[Path, Unfinished] = {}
    for journal in sorted(shelf.models_dir().rglob("*.journal")):
        item = _read(journal, here)
        if item is not None:
            known = found.get(item.target)
            found[item.target] = item if known is None else _together(known, item)
    return list(found.values())


def discard(item: Unfinished) -> None:
    """Delete what has arrived, and of a model in several files those that came before. What is installed stays."""
    beside = [item.target.with_name(name) for name in shards(item.target.name)]
    forget(item.target, [place for place in (*beside, *item.places) if place != item.target], item.id.kind)


def forget(target: Path, beside: Iterable[Path], kind: Kind) -> None:
    """Delete what has arrived for ``target`` and for the files that belong ``beside`` it; those that are whole go
    too, unless they are an installed model's. A damaged file that was to be repaired takes its place again."""
    if kind == "repair":
        _put_back(target)
    beside = tuple(beside)
    for place in (target, *beside):
        for path in (part_of(place), kept_aside(place)):
            path.unlink(missing_ok=True)
            journal_of(path).unlink(missing_ok=True)
    if kind == "fetch" and not target.exists():
        kept = {path for model in shelf.installed() for path, _, _ in model.files}
        for place in beside:
            if place not in kept:
                place.unlink(missing_ok=True)


def _put_back(target: Path) -> None:
    """While it is repaired the file lies aside, or as a part in its full length."""
    part = part_of(target)
    for path in (kept_aside(target), part):
        whole = path.is_file() and (
            path != part or path.stat().st_size == read_notes(journal_of(path)).get("size")
        )
        if whole and not target.exists():
            path.replace(target)


def _read(journal: Path, here: dict[Path, shelf.Installed]) -> Unfinished | None:
    """What the journal is of; None where that is no model, or nothing to go on from."""
    ending = next((ending for ending in _ENDINGS if journal.name.endswith(ending)), None)
    path = journal.with_suffix("")
    noted = read_notes(journal)
    origin = str(noted.get("origin", ""))
    if ending is None or origin.count("/") < 2 or noted["size"] < 1 or not path.is_file():
        return None
    owner, repo, file = str(noted.get("model") or origin).split("/", 2)
    file = shards(file)[0]
    if PurePosixPath(file).suffix.lower() not in shelf.MODEL_SUFFIXES and not shelf.kind_of(path):
        return None
    place = path.with_suffix("")
    target = _beside(place, origin.split("/", 2)[2], file)
    if target is None:
        return None
    model = here.get(target)
    kind = _kind(str(noted.get("kind", "")), model, target)
    return Unfinished(
        id=DownloadId(f"{owner}/{repo}", file, kind),
        name=model.name if model is not None else str(noted.get("name") or shelf.slug(stem(file))),
        title=model.title
        if model is not None
        else _title(str(noted.get("title", "")), f"{owner}/{repo}/{file}"),
        target=target,
        places=(place,),
        done=path.stat().st_size,
        total=int(noted["size"]),
        damaged=_ENDINGS[ending],
    )


def _title(noted: str, label: str) -> str:
    """What the download was called; an earlier version noted its whole path."""
    return noted if noted and noted != label else shelf.title_of(label)


def _beside(place: Path, own: str, file: str) -> Path | None:
    """Where ``file`` of a repository belongs when its file ``own`` belongs at ``place``; None where that cannot be."""
    if own == file:
        return place
    names, parts = PurePosixPath(own).parts, PurePosixPath(file).parts
    inside = place.relative_to(shelf.models_dir()).parts
    if inside[-len(names) :] != names or ".." in parts or PurePosixPath(file).is_absolute():
        return None
    return place.parents[len(names) - 1].joinpath(*parts)


def _kind(noted: str, model: shelf.Installed | None, target: Path) -> Kind:
    if model is None:
        return "fetch"
    # Only a repair takes the file from its place.
    if noted == "repair" or (not noted and not target.exists()):
        return "repair"
    return "update"


def _together(one: Unfinished, other: Unfinished) -> Unfinished:
    """Two files of one model."""
    kinds = {one.id.kind, other.id.kind}
    return replace(
        one,
        id=replace(one.id, kind="repair") if "repair" in kinds else one.id,
        places=(*one.places, *other.places),
        done=one.done + other.done,
        total=one.total + other.total,
        damaged=one.damaged or other.damaged,
    )
