"""Two that write to one file: who waits for whom, and how; counted, with no clock."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tern.chat import import_process
from tern.chat.import_process import import_apart
from tern.chat.session import CHECKPOINT_S, Session
from tern.chat.store import Store
from tern.chat.types import State
from tern.engine.types import FinishReason, Stats
from tern.errors import UserError
from tern.metrics.fresh_process import tern_command

pytestmark = pytest.mark.slow


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    store = Store.open(tmp_path)
    with closing(store), closing(store.another()) as other:
        yield store, other


class Naps:
    """Counts how often someone sleeps, and does ``then`` at the third time."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.count, self._then = 0, then

    def __call__(self, seconds: float) -> None:
        self.count += 1
        if self.count == 3:
            self._then()


def test_whoever_wants_to_write_gets_in_at_the_first_pause(
    both: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = both
    other._db.execute("BEGIN IMMEDIATE")
    naps = Naps(lambda: other._db.execute("COMMIT"))
    monkeypatch.setattr(time, "sleep", naps)
    number = store.create("Mine")
    assert naps.count == 3, "it looks after each short sleep, and sees the first pause"
    assert [summary.id for summary in other.summaries()] == [number]


def test_one_who_never_pauses_is_named(both: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = both
    other._db.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("tern.chat.store._PATIENCE_S", 0.0)
    with pytest.raises(UserError, match=r"locked|writing"):
        store.create("Mine")
    other._db.execute("ROLLBACK")
    store.create("Mine")


def test_a_checkpoint_waits_for_nobody_and_is_made_up_for(
    both: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = both
    now = [0.0]
    session = Session(store, clock=lambda: now[0])
    session.ask("Go")
    reply = session.path[-1].id

    def kept() -> str:
        return next(entry.content for entry in other.entries(1) if entry.id == reply)

    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("the window waits"))
    other._db.execute("BEGIN IMMEDIATE")
    now[0] += CHECKPOINT_S
    session.append("one ", Stats())
    assert kept() == ""
    other._db.execute("COMMIT")
    session.append("two ", Stats())
    assert kept() == "one two ", "with the next piece, not a second later"
    session.append("three", Stats())
    assert kept() == "one two "
    session.append("", Stats(finish_reason=FinishReason.END_OF_TURN))
    assert kept() == "one two three"


def test_after_each_piece_of_something_long_there_is_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps = Naps()
    store = Store.open(tmp_path)
    monkeypatch.setattr(time, "sleep", naps)
    with store.pausing():
        store.create("One")
    assert naps.count == 1
    with closing(Store.in_memory()) as alone, alone.pausing():
        alone.create("Nobody else is there")
    assert naps.count == 1
    store.close()


def test_what_another_writes_is_noticed_once(both: tuple[Store, Store]) -> None:
    store, other = both
    store.create("My own")
    assert not store.changed_elsewhere()
    other.create("Theirs")
    assert store.changed_elsewhere()
    assert not store.changed_elsewhere()


def test_what_is_hidden_outlives_a_start_and_goes_after_a_day(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    number = store.create("Not whole yet")
    store.add(number, [("user", "x", State.DONE)], None)
    store.hide(number)
    assert store.summaries() == store.search("whole") == []
    store.close()
    store = Store.open(tmp_path)
    assert len(store.entries(number)) == 1, "a window that starts meanwhile leaves it alone"
    store.now = lambda: time.time() + 25 * 3600
    store.purge()
    assert store.entries(number) == []
    store.close()


# An import in a process of its own

COMMAND = [*tern_command(), *import_process.RELAY]


def _file(folder: Path, count: int) -> Path:
    said = [{"role": "user", "content": f"{at} " + "words " * 200} for at in range(20)]
    path = folder / "conversations.json"
    path.write_text(json.dumps([{"title": f"T{number}", "messages": said} for number in range(count)]))
    return path


def test_the_process_imports_and_reports(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    assert store.path is not None
    done: list[float] = []
    report = import_apart(COMMAND, store.path, _file(tmp_path, 40), done.append)
    assert [summary.id for summary in store.summaries()] == report.ids[::-1]
    assert [one.messages for one in report.outcomes] == [20] * 40
    assert done == sorted(done)
    with pytest.raises(UserError, match="could not be read"):
        import_apart(COMMAND, store.path, tmp_path / "nowhere.json", done.append)
    with pytest.raises(UserError, match="could not start"):
        import_apart(["/nowhere/at/all"], store.path, tmp_path / "x", done.append)
    with pytest.raises(UserError, match="ended early"):
        import_apart([sys.executable, "-c", "pass"], store.path, tmp_path / "x", lambda fraction: None)
    store.close()


def test_what_stops_the_process_leaves_nothing(tmp_path: Path) -> None:
    class EnoughError(Exception):
        pass

    store = Store.open(tmp_path)
    assert store.path is not None

    def told(fraction: float) -> None:
        if store.summaries():
            raise EnoughError

    with pytest.raises(EnoughError):
        import_apart(COMMAND, store.path, _file(tmp_path, 2000), told)
    assert store.summaries() == []
    store.close()
