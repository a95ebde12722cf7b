"""Write a file so that whoever reads it sees the old one or the whole new one. Knows no other room."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that takes ``path``'s place when the block ends well, and vanishes when it does not.

    Its folder must exist. Raises OSError as the file system does (no space, no permission).
    """
    # Not tempfile: its files are for their owner alone, and what comes of this one should have the usual mode.
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
