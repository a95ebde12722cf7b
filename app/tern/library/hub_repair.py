"""Mend a file whose hash is wrong by fetching as few of its blocks again as possible. Opens no connection itself."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tern.library.hub_errors import DamagedError

Fetch = Callable[[int, int], bytes | None]


def repair_blocks(
    path: Path,
    size: int,
    block: int,
    digests: list[str],
    sha256: str | None,
    fetch: Fetch,
    progress: Callable[[int], None] = lambda done: None,
) -> list[str] | None:
    """Fetch the bad blocks of ``path`` again and write them in place; the digests of the whole file when it is right.

    ``digests`` are the running SHA-256 at the end of each block, as the file came: where the disk disagrees, that
    block went bad here. If the file then still is wrong it came wrong, and blocks are compared with the server's one
    after the other until the whole is right. None where ``fetch`` says that the server gives no parts, or ``sha256``
    is not known. Raises DamagedError when even every block anew does not help.
    """
    if sha256 is None:
        return None
    with path.open("r+b", buffering=0) as file:
        file.truncate(size)
        if not _mend_disk(file, size, block, digests, fetch, progress):
            return None
        found = _digests(file, size, block)
        if found[-1] == sha256:
            return _done(file, found)
        bad = 0
        for start in range(0, size, block):
            end = min(start + block, size)
            data = fetch(start, end)
            if data is None:
                return None
            progress(end)
            if data != _at(file, start, end):
                _put(file, start, data)
                bad += 1
                if bad & (bad - 1) == 0:  # after 1, 2, 4, 8... bad blocks: hashing it all takes its time
                    found = _digests(file, size, block)
                    if found[-1] == sha256:
                        return _done(file, found)
        found = _digests(file, size, block)
        if found[-1] == sha256:
            return _done(file, found)
    raise DamagedError(
        "{file} could not be repaired: the server itself sends something else than its "
        "hash says. Try another mirror, or try again later.",
        kept=path,
        file=path.name.removesuffix(".part"),
    )


def _mend_disk(
    file: Any, size: int, block: int, digests: list[str], fetch: Fetch, progress: Callable[[int], None]
) -> bool:
    running = hashlib.sha256()
    for index, start in enumerate(range(0, size, block)):
        end = min(start + block, size)
        data: bytes | None = _at(file, start, end)
        ahead = running.copy()
        ahead.update(data or b"")
        if index < len(digests) and ahead.hexdigest() != digests[index]:
            data = fetch(start, end)
            if data is None:
                return False
            _put(file, start, data)
            ahead = running.copy()
            ahead.update(data)
        running = ahead
        progress(end)
    return True


def _digests(file: Any, size: int, block: int) -> list[str]:
    running, found = hashlib.sha256(), []
    for start in range(0, size, block):
        running.update(_at(file, start, min(start + block, size)))
        found.append(running.copy().hexdigest())
    return found


def _at(file: Any, start: int, end: int) -> bytes:
    file.seek(start)
    data: bytes = file.read(end - start)
    while len(data) < end - start and (more := file.read(end - start - len(data))):
        data += more
    return data


def _put(file: Any, start: int, data: bytes) -> None:
    file.seek(start)
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _done(file: Any, digests: list[str]) -> list[str]:
    os.fsync(file.fileno())
    return digests


def git_blob(path: Path) -> str:
    """Git's name for the content of a (small) file [git, hash-object]."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
