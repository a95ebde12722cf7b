"""Erasing conversations from a file: their rows, the words in the index, and the note that backups hold them still.

SQL on a connection that is lent, of the store or of a backup (database_file.py opens those); knows no file. What is
deleted is overwritten in the file, because every connection that erases has ``secure_delete``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

EDIT = "edit of message "  # a fact for each message that was changed and not sent again; its id follows
_FORGOTTEN = (
    "forgotten "  # a fact for each conversation that backups may hold still: its id, and when it was created
)

# A conversation's id, and when it was created: after a loss the id alone is given anew.
Erased = tuple[int, float]


def erase(db: sqlite3.Connection, conversations: Sequence[int]) -> None:
    """Erase conversations, in the caller's transaction. ``db`` may be of any step of the schema."""
    numbers = [(number,) for number in conversations]
    # SQLite follows a chain of messages that go with their parents for a thousand links, and no further.
    db.executemany("UPDATE message SET parent = NULL WHERE parent IS NOT NULL AND conversation = ?", numbers)
    db.executemany("DELETE FROM message WHERE conversation = ?", numbers)
    db.executemany("DELETE FROM conversation WHERE id = ?", numbers)
    tidy(db)


def tidy(db: sqlite3.Connection) -> None:
    """After messages have gone: drop what was kept beside them, and their words, which the index keeps until it is
    merged."""
    db.execute(
        "DELETE FROM fact WHERE name GLOB ? AND CAST(substr(name, ?) AS INTEGER) NOT IN (SELECT id FROM message)",
        (f"{EDIT}*", len(EDIT) + 1),
    )
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in ("message_words", "title_words"):
        if table in there:  # the first step of the schema had none
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")


def note(db: sqlite3.Connection, conversations: Sequence[int]) -> None:
    """Before they are erased: note that backups may hold them."""
    for number in conversations:
        for (created,) in db.execute("SELECT created FROM conversation WHERE id = ?", (number,)).fetchall():
            db.execute(
                "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)",
                (f"{_FORGOTTEN}{number}", repr(float(created))),
            )


def noted(db: sqlite3.Connection) -> list[Erased]:
    """What was erased here and may be in backups still."""
    rows = db.execute("SELECT name, value FROM fact WHERE name GLOB ?", (f"{_FORGOTTEN}*",))
    return [(int(name.removeprefix(_FORGOTTEN)), float(created)) for name, created in rows]


def settle(db: sqlite3.Connection, erased: Sequence[Erased]) -> None:
    """No backup holds these any more."""
    db.executemany("DELETE FROM fact WHERE name = ?", [(f"{_FORGOTTEN}{number}",) for number, _ in erased])


def held(db: sqlite3.Connection, erased: Sequence[Erased]) -> list[int]:
    """Which of these a backup holds."""
    there = set(db.execute("SELECT id, created FROM conversation"))
    return [one[0] for one in erased if one in there]
