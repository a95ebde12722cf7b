"""A private chat among the others: the queue of replies answers it as it answers any, and the disk hears nothing."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft
from tern.engine.fake_engine import FakeEngine
from tern.settings import Settings
from tern.ui.reply_queue import ReplyQueue

RARE = "quizzaciously"


def test_the_queue_of_replies_needs_to_know_nothing_of_it(qtbot: QtBot, tmp_path: Path) -> None:
    store, private, other = Store.open(tmp_path), Store.private(), Store.private()
    desk = ReplyQueue(store, Settings())
    desk.open_model(lambda progress: FakeEngine([f"{RARE} one", "two", f"{RARE} three", f"{RARE} four"]))
    sessions = [Session(private), Session(store), Session(other)]
    desk.ask(sessions[0], Draft(f"{RARE}?"))
    desk.ask(sessions[1], Draft("An ordinary question"))
    desk.ask(sessions[2], Draft(f"{RARE} too?"))
    for session in sessions:
        assert session.conversation is not None
        assert desk.session(session.conversation) is session
        assert desk.is_busy(session.conversation)
    qtbot.waitUntil(lambda: not desk.busy)
    assert [session.reply for session in sessions] == [f"{RARE} one", "two", f"{RARE} three"]
    desk.regenerate(sessions[0], sessions[0].path[-1].id)
    qtbot.waitUntil(lambda: not desk.busy)
    assert sessions[0].reply == f"{RARE} four"
    desk.ask(sessions[0], Draft(f"{RARE}, again?"))
    desk.stop(sessions[0])
    qtbot.waitUntil(lambda: not desk.busy)
    assert [summary.title for summary in store.summaries()] == ["An ordinary question"]
    desk.close()
    for each in (private, other, store):
        each.close()
    held = [
        path.name for path in tmp_path.rglob("*") if path.is_file() and RARE.encode() in path.read_bytes()
    ]
    assert held == []
