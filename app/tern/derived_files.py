"""Copies that Tern makes of model files and keeps in the cache. Beside each lies a note of the file it was made of, so
that copies of what is gone can go too. Knows no format.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from tern.atomic import replacing

PREPARED, RECODED = "prepared", "recoded"  # the folders in the cache


def source_of(path: Path) -> dict[str, Any]:
    """What tells a model file from what may take its place later."""
    status = path.stat()
    return {"path": str(path.resolve()), "size": status.st_size, "modified": status.st_mtime_ns}


def note(copy: Path, source: Path, maker: str) -> None:
    """Say, before it is made, that ``copy`` is of ``source``. ``maker`` changes when older copies are of no more use.

    Raises OSError as the file system does.
    """
    with replacing(copy.with_suffix(".json")) as file:
        file.write(json.dumps({**source_of(source), "maker": maker}).encode())


def forget_gone(folder: Path, maker: str | None = None) -> None:
    """Delete the copies whose file is no longer there or no longer what it was; with ``maker`` those of others too."""
    with suppress(OSError):
        for copy in [file for file in folder.iterdir() if file.suffix != ".json" and file.name[0] != "."]:
            if not _is_current(copy, maker):
                with suppress(OSError):  # Windows keeps what is open: next time
                    copy.unlink()
                    copy.with_suffix(".json").unlink(missing_ok=True)


def _is_current(copy: Path, maker: str | None) -> bool:
    try:
        found = json.loads(copy.with_suffix(".json").read_bytes())
        made_by = found.pop("maker")
        return found == source_of(Path(found["path"])) and maker in (None, made_by)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
