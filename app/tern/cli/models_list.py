"""``tern models list``: what is here and what can be had, as a table; or with ``--long`` everything about each."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator

from tern.cli.columns import Column, table, table_width
from tern.cli.streams import say, shown
from tern.errors import format_memory, format_size
from tern.library import catalog, shelf
from tern.library.catalog import CatalogEntry
from tern.library.shelf import Installed
from tern.library.unfinished import Unfinished, unfinished
from tern.metrics.memory import usable_memory
from tern.metrics.speed import format_rate, format_speed

_HEADS = (
    Column("NAME", least=10),
    Column("TITLE", least=14, drop=4),
    Column("SIZE", drop=1, right=True),
    Column("MEMORY", drop=3, right=True),
    Column("STATE"),
    Column("TOKENS/S", drop=2, right=True),
)
_RUNS = {"tern": "Tern's own engine", "llama.cpp": "llama.cpp", "convert": "Tern makes a GGUF of it here"}
_TOO_LARGE, _NO_ROOM = "too large", "no room"
_WHY = {
    _TOO_LARGE: "it needs more memory than this computer has",
    _NO_ROOM: "it needs more of the disk than is free",
}


def show(long: bool) -> None:
    """Print the list."""
    here = shelf.installed()
    names = {model.name for model in here}
    others = [entry for entry in catalog.entries() if entry.name not in names]
    width = table_width()
    if long:
        for line in _all_about(here, others, width):
            say(line)
    else:
        rows = [_row(model) for model in here]
        rows += [_row_of_entry(entry) for entry in others]
        for line in table(_HEADS, rows, width):
            say(line)
        used = {row[4] for row in rows}
        notes = [f"{state}: {why}." for state, why in _WHY.items() if state in used]
        if notes:
            print()
            for note in notes:
                say(note)
    for item in unfinished():
        print()
        say(_unfinished(item))
    print()
    if here and not long:
        models, cache = shelf.disk_used()
        also = f", and {format_size(cache)} of speed cache" if cache else ""
        say(f"Models here: {format_size(models)}{also}.")
    say(
        "Download one: tern models fetch NAME"
        + ("" if long else ". More about each: tern models list --long")
    )


def _row(model: Installed) -> list[str]:
    entry = _known(model)
    return [
        model.name,
        title(model),
        format_size(model.total),
        format_memory(entry.memory) if entry is not None else "",
        _state(model),
        format_rate(model.speed) if model.speed else "",
    ]


def _row_of_entry(entry: CatalogEntry) -> list[str]:
    size = format_size(entry.size) if entry.size else ""
    return [entry.name, entry.title, size, format_memory(entry.memory), _fit(entry), ""]


def title(model: Installed) -> str:
    """What to call it in a line: of a repository's full path its last part."""
    return model.title.removesuffix("/").rpartition("/")[2] if model.from_hub else model.title


def _known(model: Installed) -> CatalogEntry | None:
    return catalog.recognize(model.sha256) or catalog.find(model.name)


def _state(model: Installed) -> str:
    if model.verified:
        return "verified"
    return "DAMAGED" if model.damaged else "not verified" if model.present else "MISSING"


def _fit(entry: CatalogEntry) -> str:
    """Whether this computer has what it takes."""
    if entry.memory > usable_memory():
        return _TOO_LARGE
    if (entry.size or 0) + shelf.SPARE > shutil.disk_usage(shelf.models_dir()).free:
        return _NO_ROOM
    return "available"


def _unfinished(item: Unfinished) -> str:
    """What it is of, how far it is, and how to go on."""
    if item.id.kind == "repair":
        return f"Unfinished repair of {item.name}. Resume: tern models verify {item.name} --repair"
    done = f"{item.done / item.total:.0%} of {format_size(item.total)}"
    what = f"update of {item.name}" if item.id.kind == "update" else f"download of {item.name}"
    entry = catalog.find(f"{item.id.repo}/{item.id.file}")
    name = entry.name if entry is not None and item.id.kind == "fetch" else f"{item.id.repo} {item.id.file}"
    again = "It is damaged; download it again" if item.damaged else "Resume"
    return f"Unfinished {what}, {done}. {again}: tern models fetch {name}"


# All about each


def _all_about(here: list[Installed], others: list[CatalogEntry], width: int) -> Iterator[str]:
    for model in here:
        yield from _block(model.name, _facts(model), width)
        yield ""
    if here:
        used, cache = shelf.disk_used()
        yield f"Models here: {format_size(used)} in {shelf.models_dir()}, and {format_size(cache)} of speed cache."
        yield ""
    for at, entry in enumerate(others):
        if at:
            yield ""
        yield from _block(entry.name, _facts_of_entry(entry), width)


def _facts(model: Installed) -> Iterator[tuple[str, str]]:
    yield "title", model.title
    yield "size", format_size(model.total)
    yield "state", f"{_state(model)}{f' {model.verified_at}' if model.verified else ''}"
    if model.speed:
        yield "speed here", format_speed(model.speed)
    if (entry := _known(model)) is not None:
        yield "memory", format_memory(entry.memory)
        yield "licence", entry.licence
    yield "from", model.origin
    yield "file", str(model.path)
    yield "SHA-256", model.sha256


def _facts_of_entry(entry: CatalogEntry) -> Iterator[tuple[str, str]]:
    yield "title", entry.title
    yield "size", format_size(entry.size) if entry.size else "not known before it is asked for"
    state = _fit(entry)
    yield "memory", format_memory(entry.memory)
    yield "state", f"{state}: {_WHY[state]}" if state in _WHY else state
    if entry.context:
        yield "context", f"{entry.context:,} tokens"
    yield "runs on", _RUNS[entry.runs]
    yield "languages", entry.languages
    yield "licence", entry.licence
    yield "good for", entry.good_for
    yield "from", f"{entry.repo}/{entry.file}"


def _block(name: str, facts: Iterator[tuple[str, str]], width: int) -> Iterator[str]:
    yield name
    for label, value in facts:
        if not value:
            continue
        indent = " " * 14
        whole = shown(value, lines=False)
        if " " not in whole:  # a path, or a hash: to be copied in one piece
            yield f"  {label:<12}{whole}"
            continue
        yield from textwrap.wrap(
            whole, width, initial_indent=f"  {label:<12}", subsequent_indent=indent, break_long_words=False
        )
