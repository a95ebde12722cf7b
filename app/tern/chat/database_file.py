"""Opens the conversations file safely: checks it, keeps verified backups, goes back to the newest good one.

A file that is gone, or in which nothing was ever kept, is not the person's file where backups hold conversations. One
that a person emptied is: SQLite goes on counting in it. Knows the file as a file; what is in it is the store's affair.
Backups keep what they hold but for conversations that were forgotten: these are erased from them too.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from tern.atomic import put_in_place
from tern.chat import forgetting, migrations, search, words_index
from tern.errors import Sentence, UserError

log = logging.getLogger(__name__)

FILE_NAME = "conversations.db"
BACKUPS = "backups"
KEPT = 5
EVERY_S = 24 * 3600
_AHEAD_S = 24 * 3600  # that a backup may be dated in the future: its name has the time of where it was made
_STAMP = "%Y%m%d-%H%M%S"
_TOLD_OF = "told of a newer backup"  # a fact: its name


# A few bytes that a disk has lost cost no more than themselves: the rest of the text is there.
_text = partial(str, encoding="utf-8", errors="replace")
# What SQLite says of a damaged file may quote its bytes, and then Python cannot even raise SQLite's error.
_DAMAGED = (sqlite3.DatabaseError, UnicodeDecodeError)


def connect(path: Path | str) -> sqlite3.Connection:
    """A connection whose commits are on the disk when they return, in autocommit mode."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    connection.text_factory = _text
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


def open_checked(path: Path, alone: bool = True) -> tuple[sqlite3.Connection, str]:
    """Open, check and migrate the file at ``path``, which may be missing; returns what the person must be told.

    In place of a file that is damaged or lost comes the newest good backup. With ``alone`` False another process has
    the file open and it is taken as it is. Raises UserError when it is a newer Tern's, when the disk refuses, or when
    it would have to be changed under another's hands.
    """
    if path.is_dir():
        raise UserError(
            "Tern cannot open your conversations: {path} is a folder. Move it away and start Tern again; "
            "until then what you write is not kept.",
            path=path,
        )
    if path.is_symlink() and not path.exists():
        raise UserError(
            "Tern cannot open your conversations: {path} is a link to a file that is not there. Make that file "
            "reachable and start Tern again; until then what you write is not kept.",
            path=path,
        )
    try:
        if alone and not _size(path):
            return _recover(path, damaged=False)
        connection = connect(path)
        try:
            migrations.refuse_newer(connection)
            if not alone:
                if migrations.version(connection) < len(migrations.STEPS):
                    raise UserError(
                        "Another Tern has the conversations in {folder} open, and this one would have to change "
                        "their file first. Close it, then try again.",
                        folder=path.parent,
                    )
                return connection, ""
            if not is_sound(connection):
                raise sqlite3.DatabaseError("integrity check failed")
            unused = _never_used(connection)
            if not unused or not any(_filled(path.parent / BACKUPS)):
                if 0 < migrations.version(connection) < len(migrations.STEPS):
                    backup(connection, path.parent / BACKUPS)  # before anything in it is changed
                migrations.migrate(connection)
                return connection, _told_of_a_newer_backup(connection, path.parent / BACKUPS)
        except BaseException:
            connection.close()
            raise
        connection.close()
        return _recover(path, damaged=False)
    except sqlite3.OperationalError as error:  # the disk's fault: the file itself may be perfectly well
        if "locked" in str(error):
            raise UserError(
                "Another program is writing to your conversations in {path}. Close it and start Tern again; "
                "until then what you write is not kept.",
                path=path,
            ) from error
        raise _cannot_open(path, error) from error
    except _DAMAGED as error:
        log.error("conversations damaged: %s", error)
        return _recover(path, damaged=True)


def is_sound(connection: sqlite3.Connection) -> bool:
    """Whether SQLite finds every page and index of the file in order. Raises OperationalError when it cannot look."""
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.OperationalError:
        raise
    except _DAMAGED as error:
        log.warning("quick check: %s", error)
        return False


def backup(connection: sqlite3.Connection, folder: Path) -> Path | None:
    """Copy the file, verify the copy, and drop the oldest beyond five good ones.

    None: there is no conversation to copy, or the copy was not good (logged).
    """
    path = folder / f"{time.strftime(_STAMP)}.db"
    part = path.with_suffix(".part")
    try:
        if not _conversations(connection):
            return None
        folder.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy, pages=256)
            copy.execute("PRAGMA journal_mode = DELETE")
            if copy.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("the copy failed its integrity check")
        put_in_place(part, path)
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        log.warning("no backup made: %s", error)
        with suppress(OSError):
            part.unlink()
        return None
    _rotate(folder)
    return path


def backups(folder: Path, now: float | None = None) -> list[Path]:
    """The backups by the date in their names, newest first. What has none there, or one of the future, is left out."""
    now = time.time() if now is None else now
    dated = [(when, path) for path in _files(folder) if (when := _date(path)) and when <= now + _AHEAD_S]
    return [path for _, path in sorted(dated, reverse=True)]


def is_backup_due(path: Path, now: float) -> bool:
    """Whether the newest backup of the file at ``path`` is a day old, or there is none."""
    newest = next(iter(backups(path.parent / BACKUPS, now)), None)
    return newest is None or now - (_date(newest) or 0) >= EVERY_S


def back_up(path: Path) -> Path | None:
    """Back up the file at ``path`` over a connection of its own, so that any thread may; None as for ``backup``.
    What was forgotten is erased from the older ones."""
    made = None
    try:
        with closing(connect(path)) as connection:
            words_index.mend(connection)
            made = backup(connection, path.parent / BACKUPS)
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        log.warning("no backup made: %s", error)
    erase_from_backups(path)
    return made


def erase_from_backups(path: Path) -> bool:
    """Erase from the backups the conversations that were forgotten in the file at ``path``, over a connection of its
    own; all else in them stays. Whether no backup that Tern made holds them now: one that is damaged or a newer Tern's
    cannot be changed, and is tried again.

    Only for whoever has the folder to itself (data_lock.py).
    """
    try:
        with closing(connect(path)) as connection:
            forgotten = forgetting.noted(connection)
            if not forgotten:
                return True
            left = [
                each
                for each in _files(path.parent / BACKUPS)
                if _date(each) is not None and not _erase(each, forgotten)
            ]
            if not left:
                forgetting.settle(connection, forgotten)
            return not left
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        log.warning("backups not cleaned: %s", error)
        return False


def _size(path: Path) -> int:
    """Bytes of the file, 0 when there is none; not told, some."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
    except OSError:
        return 1


def _never_used(connection: sqlite3.Connection) -> bool:
    """Whether no conversation was ever kept in the file, nor is there a draft.

    Raises DatabaseError for a file of another program.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not migrations.version(connection):
        if tables:
            raise sqlite3.DatabaseError("not a file of conversations")
        return True
    counted = connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'conversation'").fetchone()
    drafted = connection.execute("SELECT 1 FROM fact WHERE name LIKE 'draft%' AND value <> ''").fetchone()
    return not counted and not drafted


def _conversations(connection: sqlite3.Connection) -> int:
    """How many there are."""
    count = connection.execute("SELECT count(*) FROM conversation WHERE deleted IS NULL").fetchone()[0]
    return int(count)


def _last_number(connection: sqlite3.Connection) -> int:
    """The highest number that a message ever had in the file: it only grows."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'message'").fetchone()
    return int(found[0]) if found else 0


def _told_of_a_newer_backup(connection: sqlite3.Connection, folder: Path) -> str:
    """Once: that the newest backup has messages which were written after this file's last, as when an older file was
    put in its place. Whether a person did that Tern cannot know."""
    newest = next((path for path in backups(folder) if _reached(path)), None)
    if newest is None or _reached(newest) <= _last_number(connection):
        return ""
    known = connection.execute("SELECT value FROM fact WHERE name = ?", (_TOLD_OF,)).fetchone()
    if known == (newest.name,):
        return ""
    connection.execute("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (_TOLD_OF, newest.name))
    return Sentence(
        "The file with your conversations is older than its backup {name}, so what was written in between is not in "
        "it. If you did not put an older file there yourself, close Tern and copy that backup over it: both are in "
        "{folder}.",
        name=newest.name,
        folder=folder.parent,
    )


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == ".db"]
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            log.warning("backups not listed: %s", error)
        return []


def _date(path: Path) -> float | None:
    """When a backup was made, as its name says; None when it does not."""
    try:
        return time.mktime(time.strptime(path.stem, _STAMP))
    except (ValueError, OverflowError):
        return None


def _filled(folder: Path) -> Iterator[Path]:
    """The backups that are sound and have conversations in them: by date, newest first, then those without one."""
    dated = backups(folder)
    others = [path for path in _files(folder) if path not in dated]
    for path in (*dated, *sorted(others, key=_modified, reverse=True)):
        if _held(path):
            yield path


def _held(path: Path) -> int:
    """How many conversations a backup holds; 0 when it is not sound, or a newer Tern's."""
    try:
        with closing(_read_only(path)) as connection:
            usable = 0 < migrations.version(connection) <= len(migrations.STEPS) and is_sound(connection)
            return _conversations(connection) if usable else 0
    except (sqlite3.Error, UnicodeDecodeError) as error:
        log.warning("backup %s cannot be used: %s", path.name, error)
        return 0


def _erase(backup: Path, forgotten: Sequence[forgetting.Erased]) -> bool:
    """Put a copy without these conversations in the place of a backup, all or nothing. Whether it holds none now."""
    part = backup.with_name(".erasing.part")
    try:
        with closing(_read_only(backup)) as source:
            if not 0 < migrations.version(source) <= len(migrations.STEPS):
                return False
            held = forgetting.held(source, forgotten)
            if not held:
                return True
            part.unlink(missing_ok=True)
            with closing(sqlite3.connect(part, isolation_level=None)) as copy:
                source.backup(copy)
                search.prepare(copy)
                copy.execute("PRAGMA secure_delete = ON")
                words_index.mend(copy)
                copy.execute("BEGIN")
                forgetting.erase(copy, held)
                copy.execute("COMMIT")
                if copy.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                    raise sqlite3.DatabaseError("the copy failed its integrity check")
        put_in_place(part, backup)
        return True
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        log.warning("backup %s not cleaned: %s", backup.name, error)
        return False
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _read_only(path: Path) -> sqlite3.Connection:
    # Immutable: nothing is written beside it either, as a file in WAL mode would want, and its folder may forbid.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _rotate(folder: Path) -> None:
    """Drop the backups that are older than the five newest good ones; one in which more was written than in those, as
    when an older file has taken the place of the person's, stays."""
    found = backups(folder)
    if len(found) <= KEPT:
        return
    good = [path for path in found if _held(path)]
    kept = good[:KEPT]
    reached = max((_reached(path) for path in kept), default=0)
    newer = [path for path in good[KEPT:] if _reached(path) > reached]
    for old in found[found.index(kept[-1]) + 1 :] if kept else ():
        if old not in newer[:1]:
            with suppress(OSError):
                old.unlink()


def _reached(path: Path) -> int:
    """The highest number that a message has in a backup; 0 where it cannot be read."""
    try:
        with closing(_read_only(path)) as connection:
            return _last_number(connection)
    except (sqlite3.Error, UnicodeDecodeError):
        return 0


def _recover(path: Path, damaged: bool) -> tuple[sqlite3.Connection, str]:
    """Open the newest good backup, or a new file, in place of one that is damaged or in which nothing is.

    What is left of a damaged one is put aside.
    """
    folder = path.parent / BACKUPS
    path = Path(os.path.realpath(path))  # a link to the file stays one
    aside = path.with_name(f"{path.stem}.damaged-{time.strftime(_STAMP)}{path.suffix}")
    try:
        # A journal of another file would damage the next one; one without its file may still be worth something.
        left = [tail for tail in ("", "-wal", "-shm") if _size(path.with_name(path.name + tail))]
        if not damaged:
            left = [tail for tail in left if tail == "-wal"]
        for tail in left:
            path.with_name(path.name + tail).replace(aside.with_name(aside.name + tail))
        for tail in ("-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)
        good = next(_filled(folder), None)
        if good is not None:
            _restore(good, path)
        connection = connect(path)
        migrations.migrate(connection)
    except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
        if not damaged and not _files(folder):  # the first start, on a disk that is full
            raise _cannot_open(path, error) from error
        raise UserError(
            "The file with your conversations in {path} is damaged or gone, and Tern cannot put it right ({error}). "
            "Free the disk, then start Tern again; until then what you write is not kept.",
            path=path,
            error=error,
        ) from error
    kept = f"{aside.name}{left[0]}" if left else ""
    return connection, _told(good, kept, path.parent, folder)


def _told(good: Path | None, kept: str, folder: Path, backups_folder: Path) -> str:
    """What the person must know of a recovery; nothing where there simply was nothing yet."""
    if good is not None:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(_date(good) or _modified(good)))
        if kept:
            return Sentence(
                "The file with your conversations was damaged, so Tern went back to its backup of {when}. "
                "The damaged file is kept as {kept} in {folder}.",
                when=when,
                kept=kept,
                folder=folder,
            )
        return Sentence(
            "The file with your conversations was gone or empty, so Tern went back to its backup of {when}. "
            "What was written after that is missing.",
            when=when,
        )
    unusable = [backup for backup in _files(backups_folder) if not _is_empty(backup)]
    if unusable:
        said = Sentence(
            "The file with your conversations was damaged or gone and none of its backups can be used, so Tern began "
            "a new one. What is left of it is in {folder}.",
            folder=folder,
        )
    elif kept:
        said = Sentence(
            "The file with your conversations was damaged and there was no backup yet, so Tern began a new one. "
            "The damaged file is kept as {kept} in {folder}.",
            kept=kept,
            folder=folder,
        )
    else:
        return ""
    return said


def _is_empty(path: Path) -> bool:
    """Whether a backup is sound and has no conversation in it: an earlier Tern made such."""
    try:
        with closing(_read_only(path)) as connection:
            return is_sound(connection) and not _conversations(connection)
    except (sqlite3.Error, UnicodeDecodeError):
        return False


def _restore(good: Path, path: Path) -> None:
    """Put a copy of the backup ``good`` at ``path``, all or nothing. Raises sqlite3.Error or OSError."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with closing(_read_only(good)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        put_in_place(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _cannot_open(path: Path, error: Exception) -> UserError:
    return UserError(
        "Tern cannot open your conversations in {path} ({error}). Free the disk or the folder's "
        "permissions and start Tern again; until then what you write is not kept.",
        path=path,
        error=error,
    )
