"""Where Tern keeps things: config, data, cache and its own resources. Knows no other room.

One override moves everything a person owns into one folder: ``--data-dir DIR`` (which calls
:func:`set_data_dir`) or the environment variable ``TERN_DATA_DIR``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

from tern.errors import UserError

_APP = "tern"
_override: Path | None = None


def set_data_dir(folder: str | os.PathLike[str] | None) -> None:
    """Keep config, data and cache below ``folder`` from now on; None goes back to the system's places."""
    global _override
    _override = _meant(os.fspath(folder), "--data-dir") if folder is not None else None


def override() -> Path | None:
    """The folder that ``--data-dir`` or the environment asked for; a process started by this one needs it too."""
    return _root()


def _root() -> Path | None:
    if _override is not None:
        return _override
    from_environment = os.environ.get("TERN_DATA_DIR")
    return _meant(from_environment, "TERN_DATA_DIR") if from_environment is not None else None


def _meant(folder: str, named_by: str) -> Path:
    """The folder that a person named. Raises UserError where there is none of that name to be."""
    if not folder:  # as an unset variable in a script leaves it: never the current folder, by accident
        raise UserError(
            "{named_by} is empty. Name a folder for Tern's files with --data-dir DIR, or leave it out.",
            named_by=named_by,
        )
    try:
        return Path(folder).expanduser().absolute()
    except RuntimeError as error:
        raise UserError(
            "Tern cannot tell which folder {folder} is: there is no such person on this computer, or no home folder. "
            "Write the whole path: --data-dir /DIR.",
            folder=folder,
        ) from error
    except OSError as error:
        raise UserError(
            "Tern cannot tell where {folder} is, because the current folder is gone. "
            "Change to another folder, or write the whole path: --data-dir /DIR.",
            folder=folder,
        ) from error


def _of_the_system(find: Callable[..., Path]) -> Path:
    """One of the system's places. Raises UserError where there is no home folder: they would be in it."""
    try:
        folder = find(_APP, appauthor=False)
    except RuntimeError:
        folder = Path()
    if not folder.is_absolute():  # nothing is scattered over whatever folder is current
        raise UserError(
            "Tern cannot tell where to keep its files: this account has no home folder. "
            "Set HOME, or name a folder with --data-dir DIR."
        )
    return folder


def _ready(folder: Path) -> Path:
    try:
        if not folder.is_dir():  # an existing one is as its owner wants it
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)  # whoever else uses this computer reads nothing in it
    except OSError as error:
        raise UserError(
            "Tern cannot create its folder {folder} ({reason}). "
            "Choose another with --data-dir DIR, or free the place.",
            folder=folder,
            reason=error.strerror,
        ) from error
    return folder


def config_dir() -> Path:
    """Folder of the settings file; created when missing."""
    root = _root()
    return _ready(root / "config" if root else _of_the_system(platformdirs.user_config_path))


def data_dir() -> Path:
    """Folder of conversations and models; created when missing."""
    root = _root()
    return _ready(root / "data" if root else _of_the_system(platformdirs.user_data_path))


def cache_dir() -> Path:
    """Folder of files that can always be made again (vocabulary sidecars, repacked weights); created when missing."""
    root = _root()
    return _ready(root / "cache" if root else _of_the_system(platformdirs.user_cache_path))


def log_dir() -> Path:
    """Folder of the log files; created when missing."""
    root = _root()
    return _ready(root / "log" if root else _of_the_system(platformdirs.user_log_path))


def resources_dir() -> Path:
    """The read-only resources shipped with Tern: inside the installed package, or the checkout's ``resources/``."""
    package = Path(__file__).resolve().parent
    for candidate in (package / "resources", package.parent.parent / "resources"):
        if candidate.is_dir():
            return candidate
    raise UserError("Tern's resources folder is missing. Install Tern again.")


def guide_model() -> Path:
    """The built-in guide model (GGUF)."""
    return resources_dir() / "guide" / "tern-guide.gguf"
