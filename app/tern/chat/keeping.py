"""Opens the conversations file safely: checks it, keeps verified backups, goes back to the newest good one.

Knows the file as a file; what is in it is the store's affair.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from tern.chat import migrations, search
from tern.errors import UserError

log = logging.getLogger(__name__)

FILE_NAME = "conversations.db"
BACKUPS = "backups"
KEPT = 5
EVERY_S = 24 * 3600
_STAMP = "%Y%m%d-%H%M%S"


def connect(path: Path | str) -> sqlite3.Connection:
    """A connection whose commits are on the disk when they return, in autocommit mode."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what a person deletes is gone
        search.prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_checked(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open, check and migrate the file at ``path``, which may be missing; returns what the person must be told.

    A damaged file is put aside and the newest good backup takes its place. Raises UserError when the file is a
    newer Tern's or the disk refuses.
    """
    try:
        connection = connect(path)
        try:
            migrations.refuse_newer(connection)
            if not is_sound(connection):
                raise sqlite3.DatabaseError("integrity check failed")
            if 0 < migrations.version(connection) < len(migrations.STEPS):
                backup(connection, path.parent / BACKUPS)  # before anything in it is changed
            migrations.migrate(connection)
            return connection, ""
        except BaseException:
            connection.close()
            raise
    except sqlite3.OperationalError as error:  # the disk's fault: the file itself may be perfectly well
        raise UserError(
            f"Tern cannot open your conversations in {path} ({error}). Free the disk or the folder's "
            "permissions and start Tern again; until then what you write is not kept."
        ) from error
    except sqlite3.DatabaseError as error:
        log.error("conversations damaged: %s", error)
        return _recover(path)


def is_sound(connection: sqlite3.Connection) -> bool:
    """Whether SQLite finds every page and index of the file in order."""
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError as error:
        log.warning("quick check: %s", error)
        return False


def backup(connection: sqlite3.Connection, folder: Path) -> Path | None:
    """Copy the file, verify the copy, and drop the oldest beyond five. None: the copy was not good (logged)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time.strftime(_STAMP)}.db"
    part = path.with_suffix(".part")
    try:
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy, pages=256)
            copy.execute("PRAGMA journal_mode = DELETE")
            if copy.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("the copy failed its integrity check")
        part.replace(path)
    except (sqlite3.Error, OSError) as error:
        log.warning("no backup made: %s", error)
        with suppress(OSError):
            part.unlink()
        return None
    for old in backups(folder)[KEPT:]:
        with suppress(OSError):
            old.unlink()
    return path


def backups(folder: Path) -> list[Path]:
    """The backups, newest first."""
    return sorted(folder.glob("????????-??????.db"), reverse=True)


def is_backup_due(path: Path, now: float) -> bool:
    """Whether the newest backup of the file at ``path`` is a day old, or there is none."""
    newest = next(iter(backups(path.parent / BACKUPS)), None)
    try:
        return newest is None or now - newest.stat().st_mtime >= EVERY_S
    except OSError:
        return True


def back_up(path: Path) -> Path | None:
    """Back up the file at ``path`` over a connection of its own, so that any thread may; None as for ``backup``."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            return backup(connection, path.parent / BACKUPS)
    except (sqlite3.Error, OSError) as error:
        log.warning("no backup made: %s", error)
        return None


def _recover(path: Path) -> tuple[sqlite3.Connection, str]:
    """Put the damaged file aside and open the newest good backup, or an empty file."""
    aside = path.with_name(f"{path.stem}.damaged-{time.strftime(_STAMP)}{path.suffix}")
    try:
        path.replace(aside)
        for tail in ("-wal", "-shm"):  # a journal of another file would damage the next one
            side = path.with_name(path.name + tail)
            if side.exists():
                side.replace(aside.with_name(aside.name + tail))
        for candidate in backups(path.parent / BACKUPS):
            with suppress(sqlite3.Error):
                connection = _restored(candidate, path)
                when = time.strftime("%Y-%m-%d %H:%M", time.strptime(candidate.stem, _STAMP))
                said = UserError(
                    f"The file with your conversations was damaged, so Tern went back to its backup of {when}. "
                    f"The damaged file is kept as {aside.name} in {path.parent}."
                )
                return connection, str(said)
            path.unlink(missing_ok=True)
        connection = connect(path)
        migrations.migrate(connection)
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"The file with your conversations in {path} is damaged and cannot be put aside ({error}). "
            "Free the disk, then start Tern again; until then what you write is not kept."
        ) from error
    said = UserError(
        "The file with your conversations was damaged and there was no backup yet, so Tern began a new one. "
        f"The damaged file is kept as {aside.name} in {path.parent}."
    )
    return connection, str(said)


def _restored(candidate: Path, path: Path) -> sqlite3.Connection:
    """A connection to a copy of ``candidate`` at ``path``. Raises sqlite3.Error when it is not good either."""
    with closing(sqlite3.connect(candidate)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    connection = connect(path)
    try:
        if not is_sound(connection) or migrations.version(connection) > len(migrations.STEPS):
            raise sqlite3.DatabaseError("not a good backup")
        migrations.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection
