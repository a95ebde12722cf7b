"""The index that searching uses, when it is damaged: it is made from the conversations, so it can be made anew.

SQLite's own check does not look into it, and while it is damaged nothing that has words can be kept. SQL on a
connection that is lent and prepared for search.
"""

from __future__ import annotations

import logging
import sqlite3

log = logging.getLogger(__name__)

_TABLES = ("message_words", "title_words")
# What an FTS5 table consists of, as it is when it is new: its own file format, which SQLite keeps.
_EMPTIED = (
    "DELETE FROM {table}_data",
    "INSERT INTO {table}_data (id, block) VALUES (1, x''), (10, x'00000000000000')",
    "DELETE FROM {table}_idx",
    "DELETE FROM {table}_docsize",
    "DELETE FROM {table}_config",
    "INSERT INTO {table}_config (k, v) VALUES ('version', 4)",
)
_FIRST_OF_ITS_KIND = 4  # steps of the schema: earlier ones kept the index otherwise


def is_damaged_by(error: sqlite3.Error) -> bool:
    """Whether ``error`` may come of a damaged index."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return (
        code & 0xFF == sqlite3.SQLITE_CORRUPT or "vtable constructor" in str(error) or _is_of_its_own(error)
    )


def _is_of_its_own(error: sqlite3.Error) -> bool:
    """Whether ``error`` is of the index's own tables: of others SQLite says which constraint failed. Its check sees
    nothing of a list of lists that was lost."""
    return str(error) == "constraint failed"


def is_sound(db: sqlite3.Connection) -> bool:
    """Whether every list of the index is in order. Takes as long as reading the index does."""
    try:
        for table in _TABLES:
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        if is_damaged_by(error):
            return False
        raise
    return True


def mend(db: sqlite3.Connection, cause: sqlite3.Error | None = None) -> bool:
    """Make the index anew if it is damaged; whether it was. In a transaction of its own. ``cause``: what failed."""
    if db.execute("PRAGMA user_version").fetchone()[0] < _FIRST_OF_ITS_KIND:
        return False
    if not (cause is not None and _is_of_its_own(cause)) and is_sound(db):
        return False
    log.warning("the index of words was damaged: it is made anew")
    db.execute("BEGIN IMMEDIATE")
    try:
        for table in _TABLES:
            (made,) = db.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            for statement in _EMPTIED:  # else SQLite could not even drop it
                db.execute(statement.format(table=table))
            db.execute(f"DROP TABLE {table}")
            db.execute(made)
        db.execute(
            "INSERT INTO message_words (rowid, content) SELECT id, words_of(content) FROM message WHERE state <> "
            "'streaming'"
        )
        db.execute("INSERT INTO title_words (rowid, title) SELECT id, words_of(title) FROM conversation")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    return True
