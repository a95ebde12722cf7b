"""Put a file that is on this disk already on the shelf: linked or copied, hashed, recognized. Knows no format.

A name in Tern's folder is taken by making the file, empty at first: of two imports at once none gets the other's. What
fails, or is stopped, leaves nothing behind.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tern.atomic import replacing
from tern.errors import UserError, format_size
from tern.library import catalog, models_folder, shelf
from tern.library.part_file import hash_file
from tern.library.shards import shards, stem
from tern.progress import OnProgress, ignore_progress

_READ = 1 << 20
_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)  # of what is written; EFBIG: FAT32 ends at 4 GB
_BEGUN, _OLD_S = (".part", ".converting"), 86400.0


def take(
    path: Path,
    link: bool,
    name: str = "",
    title: str = "",
    progress: OnProgress = ignore_progress,
    origin: str = "import",
) -> shelf.Installed:
    """Put the file at ``path`` on the shelf under ``name`` (default: the catalogue's, or its own).

    ``link`` leaves the file where it is; a model in several files always stays where it is.
    ``progress`` is told fractions. Raises UserError when it cannot be read, or there is no room for a copy.
    """
    models_folder.need_rest()
    names = shards(path.name)
    path = path.absolute().with_name(names[0])
    link = link or len(names) > 1
    parts: list[tuple[str, int, str]] = []
    try:
        size = path.stat().st_size
        if not link and not path.parent.samefile(_own_folder()):
            return _copy_in(path, size, name, title, progress, origin)
        sha256 = hash_file(path, lambda done: progress(done / max(size, 1) / len(names))) or ""
        for number, name_ in enumerate(names[1:], 1):
            other = path.with_name(name_)
            whole = other.stat().st_size
            hashed = hash_file(other, _step(progress, number, len(names), whole))
            parts.append((name_, whole, hashed or ""))
        modified = path.stat().st_mtime_ns
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise UserError(
                "A copy of {name} cannot be written in {folder} ({reason}). Make room, or "
                "leave the file where it is with --link.",
                name=path.name,
                folder=shelf.models_dir(),
                reason=error.strerror,
            ) from error
        failed = error.filename or path
        raise UserError(
            "{path} could not be imported ({reason}). Check that it is there and that you may read it.",
            path=failed,
            reason=error.strerror or error,
        ) from error
    return _record(path, size, sha256, modified, name, title, origin, link, tuple(parts))


def _copy_in(
    path: Path, size: int, name: str, title: str, progress: Callable[[float], None], origin: str
) -> shelf.Installed:
    folder = _own_folder()
    free = shutil.disk_usage(folder).free
    if free < size + shelf.SPARE:
        raise UserError(
            "A copy needs {size} in {folder}, where only {free} is free. Make room, or leave "
            "the file where it is with --link.",
            size=format_size(size),
            folder=folder,
            free=format_size(free),
        )
    with _taking(folder / path.name) as target:
        sha256 = _copy(path, target, lambda done: progress(done / max(size, 1)))
        modified = target.stat().st_mtime_ns
        return _record(target, size, sha256, modified, name, title, origin, False)


def meant(path: Path) -> Path:
    """What is imported when a person chooses ``path``: of safetensors the whole folder; in a folder that has only
    one GGUF, that file; of a model in several files the first."""
    if path.is_file() and shelf.kind_of(path) == "gguf":
        return path.with_name(shards(path.name)[0])
    if path.suffix.lower() == ".safetensors" and path.is_file():
        return path.absolute().parent
    if path.is_dir() and not any(path.glob("*.safetensors")):
        models = [file for file in path.iterdir() if file.is_file() and shelf.kind_of(file) == "gguf"]
        firsts = {shards(file.name)[0] for file in models}
        if len(firsts) == 1:
            return path / firsts.pop()
    return path


def make(
    source: Path,
    name: str,
    write: Callable[[Path, Path, Callable[[float], None]], object],
    progress: OnProgress = ignore_progress,
) -> shelf.Installed:
    """Make a GGUF of ``source`` (a folder of safetensors) in the models folder and put it on the shelf.

    ``write`` makes it, the engine's part: told ``source``, the file to write, and whom to tell fractions. Raises
    UserError where there is no room, and what ``write`` raises.
    """
    folder = _own_folder()
    with _taking(folder / f"{shelf.slug(name or source.name)}.gguf") as target:
        need_room(target, sum(path.stat().st_size for path in source.glob("*.safetensors")))
        write(source, target, lambda fraction: progress(0.9 * fraction))
        return keep(target, name, source.name, lambda fraction: progress(0.9 + 0.1 * fraction))


def need_room(target: Path, needed: int) -> None:
    """Raise UserError where ``needed`` bytes, and a tenth more, do not fit beside ``target``."""
    free = shutil.disk_usage(target.parent).free
    if free < needed * 1.1:
        raise UserError(
            "This may need {needed} in {folder}, where only {free} is free. "
            "Make room, or choose another disk.",
            needed=format_size(needed),
            folder=target.parent,
            free=format_size(free),
        )


def keep(path: Path, name: str, title: str, progress: OnProgress = ignore_progress) -> shelf.Installed:
    """Put a file that Tern itself made in its models folder on the shelf. ``progress`` is told fractions."""
    try:
        status = path.stat()
        sha256 = hash_file(path, lambda done: progress(done / max(status.st_size, 1))) or ""
    except OSError as error:
        raise UserError(
            "{path} cannot be read ({reason}).", path=path, reason=error.strerror or error
        ) from error
    return _record(path, status.st_size, sha256, status.st_mtime_ns, name, title, "converted", False)


def _record(
    target: Path,
    size: int,
    sha256: str,
    modified: int,
    name: str,
    title: str,
    origin: str,
    link: bool,
    parts: tuple[tuple[str, int, str], ...] = (),
) -> shelf.Installed:
    entry = catalog.recognize(sha256)
    added = shelf.now()
    title = shelf.readable(title or stem(target.name))
    return shelf.add(
        shelf.Installed(
            name=shelf.slug(name) if name else (entry.name if entry else shelf.slug(stem(target.name))),
            title=entry.title if entry else title,
            path=target,
            size=size,
            sha256=sha256,
            origin=f"{entry.repo}/{entry.file}" if entry else origin,
            added=added,
            linked=link,
            verified_at=added,
            modified_ns=modified,
            parts=parts,
        )
    )


def _step(progress: Callable[[float], None], number: int, count: int, size: int) -> Callable[[int], None]:
    """Tells the fraction of ``count`` files of which ``number`` are done."""
    return lambda done: progress((number + done / max(size, 1)) / count)


def _copy(source: Path, target: Path, progress: Callable[[int], None]) -> str:
    running, done = hashlib.sha256(), 0
    with source.open("rb", buffering=0) as file, replacing(target) as out:
        while data := file.read(_READ):
            out.write(data)
            running.update(data)
            done += len(data)
            progress(done)
    return running.hexdigest()


def _own_folder() -> Path:
    """Where copies go; what a Tern that was killed had begun there goes away after a day."""
    folder = shelf.models_dir() / "imported"
    folder.mkdir(exist_ok=True)
    for path in folder.glob(".*"):
        with suppress(OSError):
            if path.suffix in _BEGUN and time.time() - path.stat().st_mtime > _OLD_S:
                path.unlink()
    for path in folder.iterdir():
        with suppress(OSError):
            if path.is_file() and path.stat().st_size == 0 and time.time() - path.stat().st_mtime > _OLD_S:
                path.unlink()  # its name was taken, and no more came
    return folder


@contextmanager
def _taking(wanted: Path) -> Iterator[Path]:
    """A place for a new file, ``wanted`` or with a number, which nobody else can take; empty again when the block
    fails."""
    target, number = wanted, 2
    while True:
        try:
            target.open("xb").close()
            break
        except FileExistsError:
            target, number = wanted.with_stem(f"{wanted.stem}-{number}"), number + 1
    try:
        yield target
    except BaseException:
        with suppress(OSError):
            target.unlink()
        raise
