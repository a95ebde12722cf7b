"""Write a file so that whoever reads it sees the old one or the whole new one. Knows no other room."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that takes ``path``'s place when the block ends well, and vanishes when it does not.

    Where ``path`` is a link, what it points to is replaced and the link stays. Its folder must exist.
    Raises OSError as the file system does (no space, no permission).
    """
    path = Path(os.path.realpath(path))
    # Not tempfile: its files are for their owner alone, and what comes of this one should have the usual mode.
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with part.open("wb") as file:
            with suppress(OSError):  # who may read the one before may read this one, and nobody else
                part.chmod(stat.S_IMODE(path.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        put_in_place(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def put_in_place(part: Path, path: Path) -> None:
    """Give the whole, synced file ``part`` the name ``path``, for good: without the second step a power cut brings the
    one before back."""
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` last through a power cut, where the system can."""
    if os.name != "posix":
        return
    with suppress(OSError):  # not every file system knows of it, and the file is there
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
