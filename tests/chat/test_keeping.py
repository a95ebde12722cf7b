"""The file survives: older versions, newer ones, damage, and a disk that says no."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tern.chat import keeping, migrations
from tern.chat.store import Store
from tern.chat.types import State
from tern.errors import UserError

OLD = Path(__file__).parent.parent / "data" / "old_databases"


def _file(folder: Path) -> Path:
    return folder / keeping.FILE_NAME


def _fill(folder: Path, text: str = "hello there") -> None:
    store = Store.open(folder)
    number = store.create("Kept")
    store.add(number, [("user", text, State.DONE)], None)
    store.close()


def _texts(store: Store) -> list[str]:
    return [entry.content for summary in store.summaries() for entry in store.entries(summary.id)]


def _damage(path: Path) -> None:
    """As a failing disk does: pages in the middle are not what was written."""
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)


def test_every_old_file_opens(tmp_path: Path) -> None:
    files = sorted(OLD.glob("v*.db"))
    assert [path.stem for path in files] == [f"v{n + 1}" for n in range(len(migrations.STEPS))]
    for path in files:
        folder = tmp_path / path.stem
        folder.mkdir()
        shutil.copy(path, _file(folder))
        store = Store.open(folder)
        assert [summary.title for summary in store.summaries()] == ["Pinned one", "An old conversation"]
        assert [hit.conversation.title for hit in store.search("antarctic")] == ["An old conversation"]
        assert migrations.version(store._db) == len(migrations.STEPS)
        question = store.entries(store.summaries()[1].id)[0]
        assert question.text == "Where do terns fly?"
        assert [item.text for item in question.attachments] == ["The Arctic tern"] * (int(path.stem[1:]) >= 3)
        store.close()
        made = len(keeping.backups(folder / keeping.BACKUPS))
        assert made == (path.stem != f"v{len(migrations.STEPS)}"), "a backup comes before a migration"


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(tmp_path)
    broken = (*migrations.STEPS, ("CREATE TABLE extra (x)", "CREATE TABLE message (x)"))
    with closing(keeping.connect(_file(tmp_path))) as connection:
        monkeypatch.setattr(migrations, "STEPS", broken)
        with pytest.raises(sqlite3.OperationalError):
            migrations.migrate(connection, len(broken))
        assert migrations.version(connection) == len(broken) - 1
        assert not connection.execute("SELECT * FROM sqlite_master WHERE name = 'extra'").fetchall()


def test_a_newer_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    _fill(tmp_path)
    with closing(sqlite3.connect(_file(tmp_path))) as connection:
        connection.execute(f"PRAGMA user_version = {len(migrations.STEPS) + 1}")
    before = _file(tmp_path).read_bytes()
    with pytest.raises(UserError, match="newer Tern"):
        Store.open(tmp_path)
    assert _file(tmp_path).read_bytes() == before


def test_a_damaged_file_gives_way_to_the_newest_good_backup(tmp_path: Path) -> None:
    _fill(tmp_path, "in the backup")
    backup = keeping.back_up(_file(tmp_path))
    assert backup is not None
    worse = backup.with_name("29991231-235959.db")  # the newest, and it is no good
    shutil.copy(backup, worse)
    _damage(worse)
    _fill(tmp_path, "after the backup")
    _damage(_file(tmp_path))
    store = Store.open(tmp_path)
    assert _texts(store) == ["in the backup"]
    assert time.strftime("%Y-") in store.warning
    assert "damaged" in store.warning
    aside = list(tmp_path.glob("conversations.damaged-*.db"))
    assert len(aside) == 1
    assert aside[0].name in store.warning
    store.create("It goes on")
    store.close()
    store = Store.open(tmp_path)
    assert store.warning == ""
    assert len(store.summaries()) == 2
    store.close()


def test_without_a_backup_a_damaged_file_is_put_aside_and_said(tmp_path: Path) -> None:
    _file(tmp_path).write_bytes(b"This is no database at all. " * 500)
    store = Store.open(tmp_path)
    assert store.summaries() == []
    assert "no backup" in store.warning
    assert list(tmp_path.glob("conversations.damaged-*.db"))
    store.close()


def test_backups_rotate_and_a_bad_copy_is_never_kept(tmp_path: Path) -> None:
    _fill(tmp_path)
    folder = tmp_path / keeping.BACKUPS
    folder.mkdir()
    for day in range(1, 9):
        (folder / f"2026010{day}-120000.db").write_bytes(b"old")
    assert keeping.back_up(_file(tmp_path)) is not None
    assert len(keeping.backups(folder)) == keeping.KEPT
    _damage(_file(tmp_path))
    names = [path.name for path in keeping.backups(folder)]
    assert keeping.back_up(_file(tmp_path)) is None
    assert [path.name for path in keeping.backups(folder)] == names
    assert not list(folder.glob("*.part"))


def test_a_backup_is_due_once_a_day(tmp_path: Path) -> None:
    _fill(tmp_path)
    path = _file(tmp_path)
    assert keeping.is_backup_due(path, time.time())
    keeping.back_up(path)
    assert not keeping.is_backup_due(path, time.time())
    assert keeping.is_backup_due(path, time.time() + keeping.EVERY_S + 1)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot open your conversations"):
        Store.open(tmp_path / "missing")
