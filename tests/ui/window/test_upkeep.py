"""What a window that stays open for weeks does by itself: a backup a day, and forgetting what was deleted long ago."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tern.chat import database_file
from tern.chat.store import Store
from tern.settings import KEEP_DELETED, Settings
from tern.ui.window import upkeep
from tern.ui.window.upkeep import Upkeep

DAY_S = 24 * 3600


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_FIRST_MS", 10)
    monkeypatch.setattr(upkeep, "_LOOK_MS", 30)


@pytest.mark.usefixtures("often")
def test_a_backup_is_made_every_day(qtbot: QtBot, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.create("One")
    keeper = Upkeep(store, Settings())
    keeper.start()
    qtbot.waitUntil(lambda: len(database_file.backups(tmp_path / database_file.BACKUPS)) == 1)
    (backup,) = database_file.backups(tmp_path / database_file.BACKUPS)
    two_days_ago = time.strftime("%Y%m%d-%H%M%S", time.localtime(time.time() - 2 * database_file.EVERY_S))
    backup.rename(backup.with_stem(two_days_ago))
    qtbot.waitUntil(lambda: len(database_file.backups(tmp_path / database_file.BACKUPS)) == 2)
    keeper.close()
    store.close()


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize(("days", "left"), [(30, ["Yesterday's", "Just now"]), (0, ["Just now"])])
def test_what_was_deleted_long_ago_is_forgotten_meanwhile(
    qtbot: QtBot, tmp_path: Path, days: int, left: list[str]
) -> None:
    store, settings = Store.open(tmp_path), Settings()
    settings[KEEP_DELETED] = days
    now = store.now
    for title, age in (("Old", 31), ("Yesterday's", 1), ("Just now", 0)):
        store.now = lambda age=age: now() - age * DAY_S  # type: ignore[misc]
        store.delete(store.create(title))
    keeper = Upkeep(store, settings)
    keeper.start()
    with qtbot.waitSignal(keeper.erased):
        pass
    assert sorted(one.conversation.title for one in store.deleted()) == sorted(left)
    keeper.close()
    store.close()


def test_what_is_erased_is_erased_from_the_backups_too(qtbot: QtBot, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    kept, gone = store.create("Kept"), store.create("quizzaciously")
    assert store.path is not None
    database_file.back_up(store.path)
    store.delete([gone])
    keeper = Upkeep(store, Settings())
    with qtbot.waitSignal(keeper.erased):
        keeper.erase([gone])
    keeper.close()
    assert [one.id for one in store.summaries()] == [kept]
    store.close()
    (backup,) = database_file.backups(tmp_path / database_file.BACKUPS)
    assert b"quizzaciously" not in backup.read_bytes()


def test_a_disk_that_refuses_is_said(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(tmp_path)
    gone = store.create("One")
    store.delete([gone])
    keeper = Upkeep(store, Settings())
    (tmp_path / database_file.FILE_NAME).rename(tmp_path / "elsewhere")
    (tmp_path / database_file.FILE_NAME).mkdir()
    with qtbot.waitSignal(keeper.trouble):
        keeper.erase([gone])
    keeper.close()
    store.close()
