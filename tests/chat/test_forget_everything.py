"""Not a word of a person's stays in Tern's folders when everything is forgotten."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tern import data_lock, log, paths
from tern.__main__ import main
from tern.chat import database_file
from tern.chat.store import Store
from tern.chat.types import Draft, State

SECRET = "quetzalcoatlus"


def _written() -> Path:
    """A folder in which the word is wherever Tern keeps words."""
    folder = paths.data_dir()
    store = Store.open(folder)
    for number in range(3):
        made = store.create(f"{SECRET} {number}")
        store.add(made, [("user", f"{SECRET} {number} " * 500, State.DONE)], None)
    store.set_draft(None, Draft(f"{SECRET} not sent"))
    store.set_edit(1, Draft(f"{SECRET} changed"))
    store.delete(2)
    database_file.back_up(folder / database_file.FILE_NAME)
    store.close()
    (folder / "conversations.damaged-20250101-000000.db").write_text(SECRET)
    (paths.cache_dir() / "prepared").mkdir()
    (paths.cache_dir() / "prepared" / "copy").write_text(SECRET)
    (paths.log_dir() / "seen-crash.log").write_text(SECRET)
    (paths.log_dir() / "tern.log.1").write_text(SECRET)
    return folder.parent


def _has_it(root: Path) -> list[str]:
    return [str(path) for path in root.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_everything_is_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    root = _written()
    log.start()
    logging.getLogger("tern").warning(SECRET)
    log.stop()
    assert len(_has_it(root)) >= 6
    assert main(["chats", "forget-everything"]) == 1, "not by accident"
    assert _has_it(root)
    with data_lock.taken(paths.data_dir()):
        pass
    assert main(["chats", "forget-everything", "--yes"]) == 0
    assert "Everything is forgotten." in capsys.readouterr().out
    assert _has_it(root) == []
    store = Store.open(paths.data_dir())
    assert store.summaries() == []
    assert store.warning == "", "an emptied file is the person's own"
    store.close()
