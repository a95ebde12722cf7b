"""Which downloads run in the window, kept on the disk: what ran when Tern ended goes on by itself at the next start.

What a person has paused is not among them, nor what has failed; of those the journals alone tell (unfinished.py).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from tern import paths
from tern.atomic import replacing
from tern.errors import UserError
from tern.library.download_id import DownloadId, Kind

log = logging.getLogger(__name__)

FILE_NAME = "running_downloads.json"


def keep_running(downloads: Iterable[DownloadId]) -> None:
    """Remember that these run now, and no others."""
    listed = [asdict(each) for each in downloads]
    try:
        path = _path()
        if not listed:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(json.dumps(listed).encode())
    except (OSError, UserError) as error:
        log.warning("running downloads not kept: %s", error)


def ran_at_the_end() -> list[DownloadId]:
    """Those that ran when they were last kept; none where that cannot be read."""
    try:
        return [_read(raw) for raw in json.loads(_path().read_bytes())]
    except FileNotFoundError:
        return []
    except (OSError, UserError, ValueError, TypeError, KeyError) as error:
        log.warning("running downloads not read: %s", error)
        return []


def _path() -> Path:
    return paths.data_dir() / FILE_NAME


def _read(raw: dict[str, str]) -> DownloadId:
    found = DownloadId(raw["repo"], raw["file"], raw["kind"])  # type: ignore[arg-type]
    if found.kind not in get_args(Kind) or not all(
        isinstance(each, str) for each in (found.repo, found.file)
    ):
        raise ValueError("no download")
    return found
