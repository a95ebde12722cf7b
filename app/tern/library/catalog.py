"""The models Tern knows by a short name: one data file in resources, read into typed entries. Knows no network."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from tern import paths
from tern.errors import BugError

Status = Literal["verified here", "listed"]
Runs = Literal["tern", "llama.cpp", "convert"]

FILE_NAME = "catalog.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_REPO = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One known model file. ``size`` in bytes, ``sha256`` and ``context`` in tokens are None where no public source
    states them; ``memory`` is what it needs while chatting, in bytes; ``revision`` None is the main branch.
    ``prepared``: bytes that Tern keeps on the disk beside the file so that it runs faster, or at all; ``folded``: for
    research and conversion, so that lists show it only when asked."""

    name: str
    aliases: tuple[str, ...]
    title: str
    repo: str
    revision: str | None
    file: str
    size: int | None
    sha256: str | None
    status: Status
    source: str
    runs: Runs
    memory: int
    prepared: int
    context: int | None
    languages: str
    licence: str
    good_for: str
    weak_at: str
    folded: bool

    @property
    def disk(self) -> int | None:
        """Bytes of the disk that it takes in the end; None where its size is not known."""
        return self.size + self.prepared if self.size else None


@cache
def entries() -> tuple[CatalogEntry, ...]:
    """Every entry, in the file's order: the recommended one first."""
    return read(paths.resources_dir() / FILE_NAME)


def read(path: Path) -> tuple[CatalogEntry, ...]:
    """The entries of the catalogue at ``path``. Raises BugError where one is wrong: the file ships with Tern."""
    try:
        found = tuple(_entry(raw) for raw in json.loads(path.read_bytes())["models"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BugError(f"the catalogue {path} cannot be read: {error!r}") from error
    names = [name for entry in found for name in (entry.name, *entry.aliases)]
    if len(set(names)) != len(names):
        raise BugError("two entries of the catalogue share a name")
    return found


def find(name: str, among: Sequence[CatalogEntry] | None = None) -> CatalogEntry | None:
    """The entry called ``name`` (or one of its aliases, or its repository), in whatever case."""
    wanted = name.strip().lower()
    for entry in entries() if among is None else among:
        if wanted in (entry.name, *entry.aliases):
            return entry
    for entry in entries() if among is None else among:
        if wanted in (entry.repo.lower(), f"{entry.repo}/{entry.file}".lower()):
            return entry
    return None


def recognize(sha256: str) -> CatalogEntry | None:
    """The entry whose file has this hash."""
    return next((entry for entry in entries() if entry.sha256 == sha256), None)


def _entry(raw: dict[str, Any]) -> CatalogEntry:
    given = {"prepared": 0, "weak_at": "", "folded": False}
    entry = CatalogEntry(**{**given, **raw, "aliases": tuple(raw["aliases"])})
    checks = (
        all(_NAME.fullmatch(name) for name in (entry.name, *entry.aliases)),
        _REPO.fullmatch(entry.repo),
        entry.size is None or entry.size > 0,
        entry.sha256 is None or _SHA256.fullmatch(entry.sha256),
        entry.status in get_args(Status),
        entry.runs in get_args(Runs),
        entry.status == "listed" or (entry.size and entry.sha256),
        all((entry.title, entry.file, entry.source, entry.licence, entry.good_for, entry.languages)),
        entry.memory > 0 and entry.prepared >= 0 and (entry.context is None or entry.context > 0),
    )
    if not all(checks):
        raise BugError(
            f"the catalogue's entry {entry.name} breaks check {checks.index(next(c for c in checks if not c))}"
        )
    return entry
