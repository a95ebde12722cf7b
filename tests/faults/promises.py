"""What a Tern that may die at any moment has promised so far, and whether what is left of it keeps that.

A line is written before something is begun (``will``) and one when Tern has said that it is done (``did``). What was
done must be there; what was begun may be there or not.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from tern.chat.store import Store
from tern.settings import TABLE, Settings

FILE = "promises.jsonl"
Line = dict[str, Any]


class Promises:
    """Writes the lines. Each is with the system when ``will`` or ``did`` returns, whatever becomes of the process."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def will(self, what: str, **values: Any) -> None:
        self._say({"will": what, **values})

    def did(self, what: str, **values: Any) -> None:
        self._say({"did": what, **values})

    def _say(self, line: Line) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


def made(folder: Path) -> list[Line]:
    """The lines in ``folder``, but for one that was broken off."""
    path = folder / FILE
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def broken(folder: Path, lines: Iterable[Line]) -> list[str]:
    """Open what is in the data folder ``folder`` as the next start does; the promises that it does not keep."""
    lines = list(lines)
    problems: list[str] = []
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    store = Store.open(data)
    try:
        if store.warning:
            problems.append(f"the next start says: {store.warning}")
        problems += _unsound(store._db)
        problems += _of_conversations(store._db, lines)
    finally:
        store.close()
    settings = Settings.load(_made(folder / "config"))
    problems += [f"settings: {warning}" for warning in settings.warnings]
    problems += _of_settings(settings, lines)
    problems += _of_models(data, lines)
    return problems


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _unsound(db: sqlite3.Connection) -> list[str]:
    problems = []
    found = db.execute("PRAGMA integrity_check").fetchall()
    if found != [("ok",)]:
        problems.append(f"integrity_check: {found[:3]}")
    if db.execute("PRAGMA foreign_key_check").fetchall():
        problems.append("a message without its conversation or its parent")
    if db.execute("SELECT count(*) FROM message WHERE state = 'streaming'").fetchone()[0]:
        problems.append("a reply still counts as being written")
    for table in ("message_words", "title_words"):
        try:
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as error:
            problems.append(f"the index {table}: {error}")
    return problems


def _of_conversations(db: sqlite3.Connection, lines: list[Line]) -> list[str]:
    problems = []
    messages = {
        row[0]: row[1:] for row in db.execute("SELECT id, conversation, content, state, deleted FROM message")
    }
    there = {row[0]: row[1:] for row in db.execute("SELECT id, title, deleted FROM conversation")}
    erased: set[int] = set()  # may be gone
    hidden: dict[int, set[bool]] = {}  # whether it may be shown
    titles: dict[int, set[str]] = {}
    imported: list[set[int]] = []
    for line in lines:
        number = line.get("conversation", -1)
        match line.get("did") or line["will"]:
            case "erase":
                erased.add(number)
            case "delete":
                hidden[number] = {False} if "did" in line else hidden.get(number, {True}) | {False}
            case "restore":
                hidden[number] = {True} if "did" in line else hidden.get(number, {True}) | {True}
            case "rename":
                new = {line["title"]}
                titles[number] = new if "did" in line else titles.get(number, {""}) | new  # the one before
            case "import" if "did" in line:
                imported.append(set(line["ids"]))
    for line in lines:
        number = line.get("conversation", -1)
        if number in erased:
            continue
        match line.get("did"):
            case "ask":
                found = messages.get(line["id"])
                if found is None or found[:2] != (number, line["text"]):
                    problems.append(f"question {line['id']} of {number} is {found}")
            case "reply":
                found = messages.get(line["id"])
                if found is None or len(found[1]) < line["length"] or found[2] != line["state"]:
                    problems.append(f"reply {line['id']} of {number} is {found}, promised {line}")
    for number, may in hidden.items():
        shown = number in there and there[number][1] is None
        if shown not in may and not (number in erased and not shown):
            problems.append(f"conversation {number} is {'shown' if shown else 'not shown'}")
    for number, allowed in titles.items():
        if (
            number not in erased
            and len(allowed) == 1
            and (number not in there or there[number][0] not in allowed)
        ):
            problems.append(f"conversation {number} is called {there.get(number)}, not {allowed}")
    for ids in imported:
        if missing := {number for number in ids - erased if number not in there}:
            problems.append(f"of an import {len(missing)} conversations are missing")
    for number, (_, deleted) in there.items():
        if deleted is not None and deleted < 0 and number in hidden and hidden[number] == {True}:
            problems.append(f"conversation {number} stays hidden")
    return problems


def _of_settings(settings: Settings, lines: list[Line]) -> list[str]:
    may: dict[str, list[Any]] = {}
    for line in lines:
        if (line.get("did") or line["will"]) == "set":
            key, value = line["key"], line["value"]
            default = next(one.default for one in TABLE if one.key == key)
            may[key] = [value] if "did" in line else [*may.get(key, [default]), value]
    table = {one.key: one for one in TABLE}
    return [
        f"setting {key} is {settings[table[key]]!r}, not one of {values}"
        for key, values in may.items()
        if settings[table[key]] not in values
    ]


def _of_models(data: Path, lines: list[Line]) -> list[str]:
    """Every model that was put on the shelf is there, to the last byte; no half of one counts as one."""
    from tern import paths
    from tern.library import shelf
    from tern.library.part_file import hash_file

    before = paths._override
    paths.set_data_dir(data.parent)
    try:
        here = {model.name: model for model in shelf.installed()}
        problems = [
            f"model {line['name']} is {'gone' if line['name'] not in here else 'not whole'}"
            for line in lines
            if line.get("did") == "model" and (line["name"] not in here or not here[line["name"]].present)
        ]
        for model in here.values():
            if model.present and model.sha256 and hash_file(model.path) != model.sha256:
                problems.append(f"the file of {model.name} is another one than its record says")
        return problems
    finally:
        paths._override = before


def counted(folder: Path) -> int:
    """How many messages are in a data folder, without opening it as Tern does."""
    with closing(sqlite3.connect(folder / "data" / "conversations.db")) as db:
        return int(db.execute("SELECT count(*) FROM message").fetchone()[0])
