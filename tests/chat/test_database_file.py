"""The file survives: older versions, newer ones, damage, and a disk that says no."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tern.chat import database_file, migrations
from tern.chat.store import Store
from tern.chat.types import State
from tern.errors import UserError

pytestmark = pytest.mark.slow

OLD = Path(__file__).parent.parent / "data" / "old_databases"


def _file(folder: Path) -> Path:
    return folder / database_file.FILE_NAME


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
        made = len(database_file.backups(folder / database_file.BACKUPS))
        assert made == (path.stem != f"v{len(migrations.STEPS)}"), "a backup comes before a migration"


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(tmp_path)
    broken = (*migrations.STEPS, ("CREATE TABLE extra (x)", "CREATE TABLE message (x)"))
    with closing(database_file.connect(_file(tmp_path))) as connection:
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
    backup = database_file.back_up(_file(tmp_path))
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


LOST = {
    "gone": lambda file: file.unlink(),
    "of 0 bytes": lambda file: file.write_bytes(b""),
    "with no table in it": lambda file: (file.unlink(), _sqlite(file, "PRAGMA journal_mode = WAL")),
    "begun anew by an earlier Tern": lambda file: (file.unlink(), _begin(file)),
    "a journal without its file": lambda file: (
        file.unlink(),
        file.with_name(f"{file.name}-wal").write_bytes(b"what was written last"),
    ),
    "a journal and 0 bytes": lambda file: (
        file.write_bytes(b""),
        file.with_name(f"{file.name}-wal").write_bytes(b"what was written last"),
    ),
}


def _begin(file: Path) -> None:
    with closing(database_file.connect(file)) as connection:
        migrations.migrate(connection)


def _sqlite(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def _backup(folder: Path, stem: str) -> Path:
    """A backup of what is there now, as if it had been made at another time."""
    made = database_file.back_up(_file(folder))
    assert made is not None
    return made.rename(made.with_name(f"{stem}.db"))


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST)
def test_a_file_that_was_lost_gives_way_to_the_newest_backup_with_conversations(
    tmp_path: Path, lose: Callable[[Path], object]
) -> None:
    _fill(tmp_path, "in the older backup")
    _backup(tmp_path, "20250101-120000")
    _fill(tmp_path, "in the backup")
    _backup(tmp_path, "20250102-120000")
    with closing(database_file.connect(tmp_path / "empty.db")) as empty:  # as an earlier Tern made them
        migrations.migrate(empty)
        empty.execute(f"VACUUM INTO '{tmp_path / database_file.BACKUPS / '20250103-120000.db'}'")
    (tmp_path / database_file.BACKUPS / "20250104-120000.db").write_bytes(b"damaged " * 999)
    (tmp_path / database_file.BACKUPS / "20250105-120000.db").write_bytes(b"")
    lose(_file(tmp_path))
    store = Store.open(tmp_path)
    assert sorted(_texts(store)) == ["in the backup", "in the older backup"]
    assert "2025-01-02 12:00" in store.warning
    left = [path.read_bytes() for path in tmp_path.glob("conversations.damaged-*-wal")]
    assert left == [b"what was written last"] * ("-wal" in store.warning)
    store.close()
    store = Store.open(tmp_path)
    assert store.warning == ""
    assert len(store.summaries()) == 2
    store.close()


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST)
def test_what_nothing_was_kept_in_is_simply_new(tmp_path: Path, lose: Callable[[Path], object]) -> None:
    _file(tmp_path).touch()
    lose(_file(tmp_path))
    journal = _file(tmp_path).with_name(f"{database_file.FILE_NAME}-wal").is_file()
    store = Store.open(tmp_path)
    assert store.summaries() == []
    assert bool(store.warning) == (journal and bool(list(tmp_path.glob("*.damaged-*"))))
    store.close()


def test_a_file_that_a_person_emptied_stays_empty(tmp_path: Path) -> None:
    _fill(tmp_path)
    assert database_file.back_up(_file(tmp_path))
    store = Store.open(tmp_path)
    store.delete(store.summaries()[0].id)
    store.close()
    for _ in range(2):
        store = Store.open(tmp_path)
        assert store.summaries() == []
        assert store.warning == ""
        store.close()


def test_a_draft_in_a_new_file_is_not_given_up_for_a_backup(tmp_path: Path) -> None:
    _fill(tmp_path)
    assert database_file.back_up(_file(tmp_path))
    _file(tmp_path).unlink()
    with closing(database_file.connect(_file(tmp_path))) as connection:
        migrations.migrate(connection)
        connection.execute("INSERT INTO fact VALUES ('draft', 'half a question')")
    store = Store.open(tmp_path)
    assert store.draft(None).text == "half a question"
    store.close()


def test_a_backup_of_nothing_is_never_made(tmp_path: Path) -> None:
    _fill(tmp_path)
    good = _backup(tmp_path, "20250101-120000")
    store = Store.open(tmp_path)
    store.delete(store.summaries()[0].id)
    for _ in range(database_file.KEPT + 2):
        assert database_file.back_up(store.path) is None
    store.close()
    assert database_file.backups(tmp_path / database_file.BACKUPS) == [good]


def test_lost_with_backups_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / database_file.BACKUPS).mkdir()
    (tmp_path / database_file.BACKUPS / "20250104-120000.db").write_bytes(b"damaged " * 999)
    store = Store.open(tmp_path)
    assert "none of its backups can be used" in store.warning
    store.close()


def test_a_file_of_another_program_is_put_aside(tmp_path: Path) -> None:
    _sqlite(_file(tmp_path), "CREATE TABLE conversation (x)", "INSERT INTO conversation VALUES (7)")
    store = Store.open(tmp_path)
    (aside,) = tmp_path.glob("conversations.damaged-*.db")
    assert aside.name in store.warning
    store.close()


def test_backups_rotate_and_a_bad_copy_is_never_kept(tmp_path: Path) -> None:
    _fill(tmp_path)
    folder = tmp_path / database_file.BACKUPS
    for day in range(1, 9):
        _backup(tmp_path, f"2026010{day}-120000")
    assert database_file.back_up(_file(tmp_path)) is not None
    names = [path.name for path in database_file.backups(folder)]
    assert len(names) == database_file.KEPT
    assert names[1:] == [f"2026010{day}-120000.db" for day in (8, 7, 6, 5)]
    _damage(_file(tmp_path))
    assert database_file.back_up(_file(tmp_path)) is None
    assert [path.name for path in database_file.backups(folder)] == names
    assert not list(folder.glob("*.part"))


def test_backups_that_hold_nothing_push_out_none_that_do(tmp_path: Path) -> None:
    _fill(tmp_path)
    folder = tmp_path / database_file.BACKUPS
    good = [_backup(tmp_path, f"2025010{day}-120000") for day in (1, 2, 3, 4)]
    for day in range(1, 9):
        (folder / f"2025020{day}-120000.db").write_bytes(b"damaged" if day % 2 else b"")
    mine = folder / "before the journey.db"
    shutil.copy(good[0], mine)
    assert database_file.back_up(_file(tmp_path))
    assert all(path.is_file() for path in (*good, mine))
    _backup(tmp_path, "20250301-120000")
    assert database_file.back_up(_file(tmp_path))
    assert (
        len([path for path in database_file.backups(folder) if path.stat().st_size > 10])
        == database_file.KEPT
    )
    assert mine.is_file(), "what Tern did not name it does not drop"


STRANGE_NAMES = (
    "20991231-235959",
    "99999999-999999",
    "00000000-000000",
    "19000101-000000",
    "my copy",
    "20250230-120000",
)


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_a_backup_with_a_strange_date_stops_nothing(tmp_path: Path, name: str) -> None:
    """A clock that was wrong once, a copy named by hand: backups go on, and it is the last to be gone back to."""
    _fill(tmp_path, "long ago")
    strange = _backup(tmp_path, name)
    path = _file(tmp_path)
    assert database_file.is_backup_due(path, time.time())
    _fill(tmp_path, "of late")
    assert database_file.back_up(path)
    assert not database_file.is_backup_due(path, time.time())
    path.unlink()
    store = Store.open(tmp_path)
    assert sorted(_texts(store)) == ["long ago", "of late"]
    store.close()
    for dated in database_file.backups(tmp_path / database_file.BACKUPS):
        if dated != strange:
            dated.unlink()
    path.unlink()
    store = Store.open(tmp_path)
    assert _texts(store) == ["long ago"], "better than none"
    assert time.strftime("%Y-") in store.warning or name[:4] in store.warning
    store.close()


def test_a_backup_is_due_once_a_day(tmp_path: Path) -> None:
    _fill(tmp_path)
    path = _file(tmp_path)
    assert database_file.is_backup_due(path, time.time())
    made = database_file.back_up(path)
    assert made is not None
    os.utime(made, (0, 0))  # copied to another disk: the name tells, not the file system
    assert not database_file.is_backup_due(path, time.time())
    assert database_file.is_backup_due(path, time.time() + database_file.EVERY_S + 1)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot open your conversations"):
        Store.open(tmp_path / "file")


def test_a_folder_in_the_files_place_is_a_sentence(tmp_path: Path) -> None:
    _file(tmp_path).mkdir()
    with pytest.raises(UserError, match="is a folder"):
        Store.open(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_stays_one_and_one_to_nowhere_is_a_sentence(tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    _fill(tmp_path)
    assert database_file.back_up(_file(tmp_path))
    moved = _file(tmp_path).rename(drive / "chats.db")
    _file(tmp_path).symlink_to(moved)
    _damage(moved)
    store = Store.open(tmp_path)
    assert _texts(store) == ["hello there"]
    store.close()
    assert _file(tmp_path).is_symlink()
    with closing(database_file.connect(moved)) as connection:
        assert database_file.is_sound(connection)
    drive.rename(tmp_path / "unmounted")
    with pytest.raises(UserError, match="a link to a file that is not there"):
        Store.open(tmp_path)
    assert _file(tmp_path).is_symlink()


def test_a_file_in_the_backups_place_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / database_file.BACKUPS).touch()
    shutil.copy(OLD / "v1.db", _file(tmp_path))  # it is migrated, and would be backed up before
    store = Store.open(tmp_path)
    assert len(store.summaries()) == 2
    assert database_file.is_backup_due(_file(tmp_path), time.time())
    assert database_file.back_up(_file(tmp_path)) is None
    store.close()


def test_a_file_that_another_program_has_locked_is_not_damaged(tmp_path: Path) -> None:
    _fill(tmp_path)
    with closing(sqlite3.connect(_file(tmp_path), isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match="Another program"):
            Store.open(tmp_path)
    assert not list(tmp_path.glob("*.damaged-*"))
    store = Store.open(tmp_path)
    assert _texts(store) == ["hello there"]
    store.close()


HOLD = """
import sys
from pathlib import Path
from tern.chat.store import Store
from tern.data_lock import DataLock, Hold
from tern.chat.types import State
folder = Path(sys.argv[1])
lock = DataLock(folder)
assert lock.take() is Hold.OURS
store = Store.open(folder)
number = store.create("Under way")
store.add(number, [("user", "Hi", State.DONE), ("assistant", "I am", State.STREAMING)], None)
gone = store.create("Can be brought back")
store.delete(gone)
print("ready", flush=True)
sys.stdin.read()
store.restore(gone)
"""


def test_a_second_process_leaves_what_the_first_one_is_at(tmp_path: Path) -> None:
    """While the window writes a reply, a command of the terminal opens the same conversations."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as window:
        assert window.stdout is not None
        assert window.stdout.readline() == "ready\n"
        store = Store.open(tmp_path / ".." / tmp_path.name)
        (shown,) = store.summaries()
        assert [entry.state for entry in store.entries(shown.id)] == [State.DONE, State.STREAMING]
        store.create("From the terminal")
        store.close()
        window.communicate("")
        assert window.returncode == 0
    store = Store.open(tmp_path)  # the window is gone: what it was at is cut
    titles = {summary.title: summary.id for summary in store.summaries()}
    assert set(titles) == {"Under way", "Can be brought back", "From the terminal"}
    assert [entry.state for entry in store.entries(titles["Under way"])] == [State.DONE, State.CUT]
    store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is the shell's")
def test_nothing_is_called_damaged_at_the_first_start_on_a_full_disk(tmp_path: Path) -> None:
    opening = "import sys; from pathlib import Path; from tern.chat.store import Store; Store.open(Path(sys.argv[1]))"
    limited = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh"]
    said = subprocess.run(
        [*limited, sys.executable, "-c", opening, str(tmp_path)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "UserError: Tern cannot open your conversations" in said.stderr
    assert "is damaged" not in said.stderr
    Store.open(tmp_path).close()


def test_a_second_process_changes_no_file_under_the_first_ones_hands(tmp_path: Path) -> None:
    shutil.copy(OLD / "v1.db", _file(tmp_path))
    held = "import sys; from pathlib import Path; from tern.data_lock import DataLock\n"
    held += "lock = DataLock(Path(sys.argv[1])); lock.take(); print('ready', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", held, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as older:
        assert older.stdout is not None
        assert older.stdout.readline() == "ready\n"
        with pytest.raises(UserError, match="Another Tern"):
            Store.open(tmp_path)
        older.kill()
    store = Store.open(tmp_path)
    assert len(store.summaries()) == 2, "a lock goes with its process"
    store.close()
