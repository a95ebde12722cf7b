"""Where the models lie: beside the chats, or in a folder on another disk that a person has moved them to.

A line of text in the data folder names that other place. Records name their files from where they lie themselves, so
the folder moves as it is. What is moved stays where it was until all of it has arrived. Knows no records.
"""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

from tern import paths
from tern.atomic import replacing
from tern.errors import UserError, format_size
from tern.progress import OnProgress, ignore_progress

NAME = "Tern models"  # of the folder in the one that is chosen
_LOCATION = "models.location"
_PIECE = 4 << 20
_SPARE = 64 << 20  # bytes that stay free
_moving = threading.Event()


def need_rest() -> None:
    """Raises UserError while the models are being moved: what came now would be left behind."""
    if _moving.is_set():
        raise UserError("The models are being moved. Try again when that is done.")


def usual() -> Path:
    """Where they lie when nobody has moved them."""
    return paths.data_dir() / "models"


def chosen() -> Path | None:
    """The other place, whether or not its disk is there now; None: they are where they usually are."""
    try:
        text = (paths.data_dir() / _LOCATION).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return Path(text) if text and Path(text).is_absolute() else None


def folder() -> Path:
    """Where they lie now. Without the disk of the other place: where they usually are, so that Tern works on."""
    other = chosen()
    return other if other is not None and other.is_dir() else usual()


def missing() -> Path | None:
    """The other place, if its disk is not there."""
    other = chosen()
    return other if other is not None and not other.is_dir() else None


def move(parent: Path | None, progress: OnProgress = ignore_progress) -> tuple[Path, Path]:
    """Move all of it into a folder of ``parent``, or (None) back; returns where it was and is.

    Nobody may be fetching when it begins; :func:`need_rest` keeps others away. On the same disk nothing is copied.
    :func:`remove` then takes away what lies where it was, once nobody reads it. Raises UserError, with everything as it
    was.
    """
    old = folder()
    new = usual() if parent is None else parent.absolute() / NAME
    if new == old:
        raise UserError("The models are in {folder} already.", folder=new)
    if new.is_relative_to(old) or old.is_relative_to(new):
        raise UserError("{folder} lies in the folder that is to be moved. Choose another one.", folder=new)
    if new.exists() and any(new.iterdir()):
        raise UserError(
            "There is something in {folder} already. Choose another folder, or empty it.", folder=new
        )
    _moving.set()
    try:
        _bring(old, new, progress)
        _write_location(None if parent is None else new)
    except OSError as error:
        raise UserError(
            "The models could not be moved to {folder} ({reason}). They are where they were.",
            folder=new,
            reason=error.strerror or error,
        ) from error
    finally:
        _moving.clear()
    return old, new


def remove(old: Path) -> bool:
    """Take away what was left where the models were; whether nothing of it is there any more."""
    shutil.rmtree(old, ignore_errors=True)
    return not old.exists()


def _bring(old: Path, new: Path, progress: OnProgress) -> None:
    old.mkdir(parents=True, exist_ok=True)
    new.parent.mkdir(parents=True, exist_ok=True)
    files = [path for path in sorted(old.rglob("*")) if path.is_file() or path.is_symlink()]
    total = sum(path.lstat().st_size for path in files)
    free = shutil.disk_usage(new.parent).free
    if free < total + _SPARE and old.stat().st_dev != new.parent.stat().st_dev:
        raise UserError(
            "The models take {needed}, and {folder} has {free} free. Free some room, or choose another disk.",
            needed=format_size(total),
            free=format_size(free),
            folder=new.parent,
        )
    done = 0
    try:
        for path in files:
            place = new / path.relative_to(old)
            place.parent.mkdir(parents=True, exist_ok=True)
            done = _copy(path, place, done, total, progress)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _copy(path: Path, place: Path, done: int, total: int, progress: OnProgress) -> int:
    """One file, with the time that records know it by. A second name for it where the disk is the same."""
    if path.is_symlink():
        place.symlink_to(path.readlink())
        return done
    with suppress(OSError):  # another disk, or one that has no second names
        os.link(path, place)
        progress(1.0)
        return done + path.stat().st_size
    with path.open("rb") as source, place.open("xb") as out:
        while piece := source.read(_PIECE):
            out.write(piece)
            done += len(piece)
            progress(done / max(1, total))
        out.flush()
        os.fsync(out.fileno())
    shutil.copystat(path, place)
    return done


def _write_location(other: Path | None) -> None:
    location = paths.data_dir() / _LOCATION
    if other is None:
        location.unlink(missing_ok=True)
        return
    with replacing(location) as file:
        file.write(str(other).encode("utf-8"))
