"""Writes ``vN.db`` here: two conversations in the schema after N steps. Run once, when step N is added."""

from __future__ import annotations

# ruff: noqa: E402 (the path must be set before the import)
import sqlite3
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[3] / "app")]

from tern.chat import migrations, search


def main() -> None:
    steps = int(sys.argv[1])
    path = Path(__file__).with_name(f"v{steps}.db")
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    search.prepare(connection)
    migrations.migrate(connection, steps)
    for pinned, title, texts in (
        (0, "An old conversation", ["Where do terns fly?", "To the Antarctic, and **back**."]),
        (1, "Pinned one", ["Hello", "Hello. What is it about?"]),
    ):
        number = connection.execute(
            "INSERT INTO conversation (title, pinned, created, updated) VALUES (?, ?, 1.7e9, 1.7e9)",
            (title, pinned),
        ).lastrowid
        parent = None
        for role, text in zip(("user", "assistant"), texts, strict=True):
            parent = connection.execute(
                "INSERT INTO message (conversation, parent, role, content, state, created) "
                "VALUES (?, ?, ?, ?, 'done', 1.7e9)", (number, parent, role, text),
            ).lastrowid  # fmt: skip
        if steps >= 3:
            connection.execute(
                "UPDATE message SET content = ?, attachments = ? WHERE content LIKE 'Where do terns%'",
                ("File terns.txt:\n```\nThe Arctic tern\n```\n\nWhere do terns fly?",
                 '[{"name": "terns.txt", "kind": "file", "size": 15, "start": 20, "length": 15}]'),
            )  # fmt: skip
        connection.execute("UPDATE conversation SET leaf = ? WHERE id = ?", (parent, number))
    connection.close()
    print(path)


if __name__ == "__main__":
    main()
