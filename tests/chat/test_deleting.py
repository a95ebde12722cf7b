"""Deleting that forgives: what is deleted is shown nowhere and comes back whole, until it is forgotten; then no file
holds a word of it, the backups included."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tern.chat import database_file, forgetting, migrations
from tern.chat.attachments import Attachment
from tern.chat.export import ExportFormat, export, write
from tern.chat.importing import import_file, importing
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft, Manner, State
from tern.engine.types import FinishReason, Stats
from tern.errors import BugError, UserError

pytestmark = pytest.mark.slow

OLD = Path(__file__).parent.parent / "data" / "old_databases"
DAY_S = 24 * 3600
RARE = "quizzaciously"
END = Stats(tokens=1, finish_reason=FinishReason.END_OF_TURN)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path)
    yield store
    store.close()


def _rich(store: Store) -> int:
    """A conversation with everything in it that a conversation can have, the rare word in all of it."""
    session = Session(store, manner=Manner(f"Speak {RARE}."))
    session.ask(f"{RARE} asked", attachments=(Attachment(f"{RARE}.txt", f"{RARE} attached", 9),))
    session.append(f"{RARE} answered", END)
    session.regenerate(session.path[-1].id)
    session.append(f"{RARE} answered again", Stats(tokens=1))
    session.fail(f"{RARE} failed")
    number = session.conversation
    assert number is not None
    store.set_draft(number, Draft(f"{RARE} drafted", (Attachment("x", RARE, 1, raw=RARE.encode()),)))
    store.set_edit(session.path[0].id, Draft(f"{RARE} edited"))
    store.rename(number, f"About {RARE}")
    return number


def _holding(folder: Path, word: str = RARE) -> list[str]:
    """The files that hold a word, in either case: the index folds it."""
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes().lower()
    )


def _backup(folder: Path, stem: str) -> Path:
    made = database_file.back_up(folder / database_file.FILE_NAME)
    assert made is not None
    return made.rename(made.with_name(f"{stem}.db"))


# Deleted, and back


def test_what_is_deleted_comes_back_whole(store: Store) -> None:
    other = store.create("Other")
    number = _rich(store)
    store.set_pinned(number, True)
    before = (store.summaries(), store.entries(number), store.leaf(number), store.manner(number),
              store.draft(number), export(store, [number], ExportFormat.JSON), store.search(RARE))  # fmt: skip
    store.now = lambda: 2e9
    assert store.delete(number) == [number]
    assert [summary.id for summary in store.summaries()] == [other]
    assert store.search(RARE) == store.search("quizzaciosly") == []
    assert (store.listed(number), list(store.openings().values())) == (None, [])
    (deleted,) = store.deleted()
    assert (deleted.conversation.id, deleted.conversation.title, deleted.when) == (
        number,
        f"About {RARE}",
        2e9,
    )
    assert store.restore(number) == [number]
    after = (store.summaries(), store.entries(number), store.leaf(number), store.manner(number),
             store.draft(number), export(store, [number], ExportFormat.JSON), store.search(RARE))  # fmt: skip
    assert after == before
    assert store.deleted() == []


def test_it_is_there_after_a_restart_until_its_days_are_over(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    old, new = _rich(store), _rich(store)
    for number, days in ((old, 31), (new, 29)):
        store.now = lambda days=days: time.time() - days * DAY_S  # type: ignore[misc]
        store.delete(number)
    store.close()
    store = Store.open(tmp_path)
    assert [one.conversation.id for one in store.deleted()] == [new]
    assert store.entries(old) == []
    assert store.forget_old(30) == []
    store.now = lambda: time.time() + 2 * DAY_S
    assert store.forget_old(30) == [new], "a program that stays open looks once a day"
    store.close()


def test_a_clock_that_went_wrong_keeps_nothing_that_is_to_be_forgotten_at_once(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    number = _rich(store)
    store.now = lambda: time.time() + 9999 * DAY_S
    store.delete(number)
    store.close()
    store = Store.open(tmp_path)
    assert len(store.deleted()) == 1
    store.close()
    store = Store.open(tmp_path, keep_deleted_days=0)
    assert store.deleted() == []
    store.close()
    assert _holding(tmp_path) == []


def test_several_are_deleted_and_undone_together(store: Store) -> None:
    a, b, c = (store.create(title) for title in "abc")
    store.set_pinned(b, True)
    before = store.summaries()
    pinned = store.set_pinned([a, b, c], True)
    assert pinned == [a, c], "what changes is what is undone"
    store.set_pinned(pinned, False)
    assert store.summaries() == before
    store.now = lambda: 5.0
    store.delete(a)
    store.now = lambda: 9.0
    gone = store.delete([a, b, c, 77])
    assert (gone, store.summaries()) == ([b, c], [])
    assert {one.conversation.id: one.when for one in store.deleted()} == {a: 5.0, b: 9.0, c: 9.0}
    assert store.restore([*gone, 77]) == gone
    assert [summary.id for summary in store.summaries()] == [b, c]


def test_several_are_changed_all_or_none(store: Store) -> None:
    numbers = [store.create(title) for title in "abc"]

    def then_fails() -> Iterator[int]:
        yield from numbers
        raise KeyError

    for act in (store.delete, store.restore, store.discard, lambda them: store.set_pinned(them, True)):
        with pytest.raises(KeyError):
            act(then_fails())
    assert [summary.pinned for summary in store.summaries()] == [False] * 3


def test_several_are_exported_as_they_are_at_one_moment(store: Store, tmp_path: Path) -> None:
    first, second = _rich(store), _rich(store)
    path = tmp_path / "out.json"
    with closing(store.another()) as other:

        def forget(_: float) -> None:
            other.forget(other.delete([first, second]))

        write(store, [first, second], path, ExportFormat.JSON, forget)
    assert len(json.loads(path.read_bytes())["conversations"]) == 2
    assert store.summaries() == []
    store.create("And it can write again")


def test_an_import_brings_a_new_one_and_leaves_the_deleted_one_where_it_is(
    store: Store, tmp_path: Path
) -> None:
    number = _rich(store)
    path = tmp_path / "out.json"
    path.write_text(export(store, [number], ExportFormat.JSON), encoding="utf-8")
    store.delete(number)
    (copy,) = import_file(store, path).ids
    assert copy != number
    assert [one.conversation.id for one in store.deleted()] == [number]
    assert [hit.conversation.id for hit in store.search(RARE)] == [copy]


def test_an_import_that_was_given_up_leaves_nothing_to_restore(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    path = tmp_path / "out.json"
    path.write_text(export(store, [_rich(store)], ExportFormat.JSON), encoding="utf-8")
    store.forget(store.delete([one.id for one in store.summaries()]))
    steps = importing(store, path)
    while not store.summaries():
        next(steps)
    steps.close()
    assert store.summaries() == store.deleted() == []
    path.unlink()
    store.close()
    Store.open(tmp_path).close()
    assert _holding(tmp_path) == []


def test_what_is_not_deleted_is_not_forgotten(store: Store) -> None:
    number, hidden = _rich(store), _rich(store)
    store.hide(hidden)
    assert store.forget(number) == store.forget([number, hidden]) == store.forget() == []
    assert store.restore([number, hidden]) == []
    store.unhide(hidden)
    assert len(store.summaries()) == 2


def test_search_reaches_what_is_older_than_all_that_was_deleted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = _rich(store)
    gone = store.create("Many")
    store.add(gone, [("user", f"{RARE} {number}", State.DONE) for number in range(20)], None)
    store.delete(gone)
    monkeypatch.setattr("tern.chat.search._MOST_ROWS", 10)
    assert [hit.conversation.id for hit in store.search("asked")] == [kept]
    assert [hit.conversation.id for hit in store.search(f"{RARE} a")] == [kept]


# Messages within a conversation


def test_removals_can_be_undone_in_any_order_by_any_session(store: Store) -> None:
    session = Session(store)
    for question in ("One?", "Two?", "Three?"):
        session.ask(question)
        session.append("Yes.", END)
    texts = [entry.content for entry in session.path]
    last = session.delete_from(session.path[4].id)
    middle = session.delete_from(session.path[2].id)
    store.forget_old(0)
    again = Session(store, session.conversation)
    again.restore(last)
    assert [entry.content for entry in again.path] == texts, "with what it hangs on"
    again.restore(middle)
    assert [entry.content for entry in Session(store, session.conversation).path] == texts


def test_a_removal_whose_branch_was_taken_away_later_shows_itself(store: Store) -> None:
    session = Session(store)
    session.ask("One?")
    session.append("First.", END)
    session.regenerate(session.path[-1].id)
    session.append("Second.", END)
    first, second = session.siblings(session.path[-1])
    removal = session.delete_from(first.id)
    session.delete_from(second.id)
    session.restore(removal)
    assert [entry.content for entry in session.path] == ["One?", "First."]
    with pytest.raises(BugError):
        store.deleted_entry(first.id)


# Forgotten


def test_what_is_forgotten_is_in_no_file(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    kept = store.create("Kept")
    store.add(kept, [("user", "an ordinary question", State.DONE)], None)
    number = _rich(store)
    _backup(tmp_path, "20250101-120000")
    assert set(_holding(tmp_path)) >= {"20250101-120000.db"}
    store.delete(number)
    assert store.forget(number) == [number]
    assert [name for name in _holding(tmp_path) if not name.startswith("2025")] == [], "while it is open too"
    assert database_file.erase_from_backups(tmp_path / database_file.FILE_NAME)
    assert store.deleted() == []
    store.close()
    assert _holding(tmp_path) == []
    with closing(sqlite3.connect(tmp_path / database_file.FILE_NAME)) as connection:
        assert forgetting.noted(connection) == []
    store = Store.open(tmp_path)
    assert [hit.conversation.id for hit in store.search("ordinary")] == [kept]
    store.close()


def test_a_reader_keeps_no_journal_alive(tmp_path: Path) -> None:
    """The journal is cleared when the last one closes, where another was reading as something was forgotten."""
    store = Store.open(tmp_path)
    number = _rich(store)
    other = store.another()
    with other.snapshot():
        assert other.summaries()
        store.forget(store.delete(number))
        assert store.summaries() == []
    other.close()
    store.close()
    assert _holding(tmp_path) == []


def test_backups_lose_what_was_forgotten_and_nothing_else(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    kept = store.create("Kept")
    store.add(kept, [("user", "an ordinary question", State.DONE)], None)
    only_there = store.create("Deleted since, not forgotten")
    number = _rich(store)
    for day in (1, 2, 3):
        _backup(tmp_path, f"2025010{day}-120000")
    store.forget(store.delete(number))
    store.delete(only_there)
    database_file.back_up(tmp_path / database_file.FILE_NAME)
    store.close()
    assert _holding(tmp_path) == [], "the next backup does it"
    names = [path.stem for path in database_file.backups(tmp_path / database_file.BACKUPS)]
    assert names[1:] == ["20250103-120000", "20250102-120000", "20250101-120000"]
    (tmp_path / database_file.FILE_NAME).unlink()
    for newer in database_file.backups(tmp_path / database_file.BACKUPS)[:2]:
        newer.unlink()
    store = Store.open(tmp_path)
    assert "2025-01-02 12:00" in store.warning
    assert {summary.id for summary in store.summaries()} == {kept, only_there}
    assert [hit.conversation.id for hit in store.search("ordinary")] == [kept]
    store.close()
    assert not list(tmp_path.rglob("*.part"))


def test_backups_of_every_age_are_cleaned(tmp_path: Path) -> None:
    """What was copied before a migration is in an older shape."""
    for old in sorted(OLD.glob("v*.db")):
        folder = tmp_path / old.stem
        folder.mkdir()
        shutil.copy(old, folder / database_file.FILE_NAME)
        (folder / database_file.BACKUPS).mkdir()
        shutil.copy(old, folder / database_file.BACKUPS / "20250101-120000.db")
        store = Store.open(folder)
        store.forget(store.delete(store.search("antarctic")[0].conversation.id))
        assert database_file.erase_from_backups(folder / database_file.FILE_NAME)
        store.close()
        assert _holding(folder, "antarctic") == [], old.stem
        backup = folder / database_file.BACKUPS / "20250101-120000.db"
        with closing(sqlite3.connect(backup)) as connection:
            assert migrations.version(connection) == int(old.stem[1:])
            assert connection.execute("SELECT title FROM conversation").fetchall() == [("Pinned one",)]


def test_a_number_that_was_given_anew_after_a_loss_is_not_confused(tmp_path: Path) -> None:
    """The backup that is newer than the one Tern went back to holds another conversation under the same number."""
    store = Store.open(tmp_path)
    store.create("First")
    _backup(tmp_path, "20250101-120000")
    other = store.create("Other, of the lost file")
    newer = _backup(tmp_path, "20250102-120000")
    whole = newer.read_bytes()
    store.close()
    newer.write_bytes(b"damaged")
    (tmp_path / database_file.FILE_NAME).unlink()
    store = Store.open(tmp_path)
    assert store.create("Of the new file") == other
    store.forget(store.delete(other))
    newer.write_bytes(whole)
    assert database_file.erase_from_backups(tmp_path / database_file.FILE_NAME)
    assert newer.read_bytes() == whole
    store.close()


@pytest.mark.parametrize("content", [b"damaged " * 999, None], ids=["damaged", "newer"])
def test_a_backup_that_cannot_be_cleaned_is_tried_again(tmp_path: Path, content: bytes | None) -> None:
    store = Store.open(tmp_path)
    number = _rich(store)
    store.create("Kept")
    backup = _backup(tmp_path, "20250101-120000")
    whole = backup.read_bytes()
    if content is None:
        with closing(sqlite3.connect(backup)) as connection:
            connection.execute(f"PRAGMA user_version = {len(migrations.STEPS) + 1}")
    else:
        backup.write_bytes(content)
    store.forget(store.delete(number))
    before = backup.read_bytes()
    assert not database_file.erase_from_backups(tmp_path / database_file.FILE_NAME)
    assert backup.read_bytes() == before
    backup.write_bytes(whole)
    assert database_file.erase_from_backups(tmp_path / database_file.FILE_NAME)
    store.close()
    assert _holding(tmp_path) == []


def test_a_full_disk_leaves_the_backups_as_they_are(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    number = _rich(store)
    backup = _backup(tmp_path, "20250101-120000")
    whole = backup.read_bytes()
    store.forget(store.delete(number))
    (backup.parent / ".erasing.part").mkdir()  # where the copy is to be made nothing can be
    assert not database_file.erase_from_backups(tmp_path / database_file.FILE_NAME)
    assert backup.read_bytes() == whole
    store.close()


def test_forgetting_is_a_sentence_where_the_disk_refuses(store: Store) -> None:
    number = _rich(store)
    store.delete(number)
    store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(UserError):
        store.forget(number)
    store._db.execute("PRAGMA query_only = OFF")
    assert store.forget(number) == [number]
