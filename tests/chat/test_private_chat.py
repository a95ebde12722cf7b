"""A private chat: a session like any other, of which no file holds a word; gone when its store is closed."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tern.chat.attachments import Attachment
from tern.chat.export import ExportFormat, export
from tern.chat.importing import import_file
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft, Manner
from tern.engine.types import FinishReason, Stats
from tern.errors import BugError

pytestmark = pytest.mark.slow

RARE = "quizzaciously"
END = Stats(tokens=1, finish_reason=FinishReason.END_OF_TURN)


def test_its_numbers_are_no_other_stores() -> None:
    """What tells conversations and messages apart by number needs to know nothing of privacy."""
    conversations: list[int | None] = []
    messages: list[int] = []
    for store in (Store.in_memory(), Store.private(), Store.private()):
        for _ in range(2):
            session = Session(store)
            session.ask("One?")
            session.append("First.", END)
            conversations.append(session.conversation)
            messages += [entry.id for entry in session.path]
    assert len(set(conversations)) == len(conversations) == 6
    assert len(set(messages)) == len(messages) == 12
    assert max(messages) < 2**31, "a signal carries it"


def test_it_does_all_that_a_session_does() -> None:
    store = Store.private()
    assert store.is_private
    assert store.path is None
    assert not Store.in_memory().is_private
    session = Session(store, manner=Manner("Be brief."))
    session.ask("One?", attachments=(Attachment("a.txt", "text", 4),))
    session.append("Fir", Stats(tokens=1))
    session.cut()
    session.go_on()
    session.append("st.", END)
    session.regenerate(session.path[-1].id)
    session.append("Another.", END)
    session.ask("Two?", before=session.path[0].id)
    session.append("Second.", END)
    session.choose(session.siblings(session.path[0])[0].id)
    assert [entry.content for entry in session.path][-1] == "Another."
    session.restore(session.delete_from(session.path[-1].id))
    number = session.conversation
    assert number is not None
    assert session.store.summary(number).title == "One?"
    assert [hit.conversation.id for hit in store.search("second")] == [number]
    again = Session(session.store, number)
    assert [entry.content for entry in again.path] == [entry.content for entry in session.path]
    assert "Another." in export(store, [number], ExportFormat.MARKDOWN)
    assert store.forget(store.delete(number)) == [number]
    assert store.summaries() == store.deleted() == []


def test_it_is_gone_when_it_is_closed() -> None:
    store = Store.private()
    session = Session(store)
    session.ask(RARE)
    session.append(RARE, END)
    store.close()
    with pytest.raises(BugError):
        store.summaries()
    with pytest.raises(BugError):
        Session(store, session.conversation)


def test_it_can_be_kept_after_all(tmp_path: Path) -> None:
    """By what there is: an export comes into the store that is kept."""
    private, kept = Store.private(), Store.in_memory()
    session = Session(private)
    session.ask("One?")
    session.append("First.", END)
    assert session.conversation is not None
    path = tmp_path / "out.json"
    path.write_text(export(private, [session.conversation], ExportFormat.JSON), encoding="utf-8")
    (number,) = import_file(kept, path).ids
    assert [entry.content for entry in Session(kept, number).path] == ["One?", "First."]


PRIVATE = """
import json, logging, os, resource, sys, threading
from pathlib import Path
from tern import log, paths
from tern.chat.export import ExportFormat, export
from tern.chat.file_text import pasted, read_file
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft, Manner
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import SamplingParams

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
log.start(logging.DEBUG)
logging.getLogger("tern").info("started")
word = sys.stdin.readline().strip()
engine = FakeEngine([f"{word} said {number}" for number in range(9)])

def reply(session):
    for chunk in engine.generate(session.request("", SamplingParams(), None)):
        session.append(chunk.text, chunk.stats, word)
        if session.busy:
            session.checkpoint()

kept = Session(Store.open(paths.data_dir()))
kept.ask("An ordinary question")
kept.append("answered", engine.info and next(engine.generate(kept.request("", SamplingParams(), None))).stats)
store = Store.private()
session = Session(store, manner=Manner(f"Speak {word}."))
store.set_draft(None, Draft(word, (pasted(word),)))
session.ask(f"{word}?", attachments=[read_file(Path(name)) for name in sys.argv[1:]])
reply(session)
session.regenerate(session.path[-1].id)
reply(session)
session.ask(f"{word}, edited", before=session.path[0].id)
reply(session)
session.ask(word * 1_000_000)  # more than any cache holds
reply(session)
session.regenerate(session.path[-1].id)
session.fail(f"{word} failed")
session.restore(session.delete_from(session.path[-1].id))
number = session.conversation
store.rename(number, word)
store.set_draft(number, Draft(word, (pasted(word),)))
store.set_edit(session.path[0].id, Draft(word))
assert store.search(word[:-1]) and word in export(store, [number], ExportFormat.JSON)
assert store._db.execute("SELECT content FROM message ORDER BY content || id").fetchall()
open_files = {os.readlink(f"/proc/self/fd/{fd}"): fd for fd in os.listdir("/proc/self/fd")
              if os.path.exists(f"/proc/self/fd/{fd}")}
print(json.dumps([name for name in open_files if name.startswith("/") and not name.startswith("/dev/")]), flush=True)
session.ask(word)
thread = threading.Thread(target=session.ask, args=(word,))  # out of order: a bug, which is logged
thread.start()
thread.join()
os.abort()  # a crash, whose trace is kept
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_no_file_holds_a_word_of_it(tmp_path: Path) -> None:
    """With replies, edits, attachments, drafts, a bug and a crash, in the midst of it: the process is never tidy."""
    attached = tmp_path / "attached"
    attached.mkdir()
    (attached / "a.txt").write_text(f"{RARE} in a file")
    (attached / "b.txt").write_bytes(f"{RARE} m".encode() + b"\x81we")
    home = tmp_path / "home"
    for name in ("data", "temp"):
        (home / name).mkdir(parents=True)
    places = {
        "HOME": home,
        "TERN_DATA_DIR": home / "data",
        "TMPDIR": home / "temp",
        "SQLITE_TMPDIR": home / "temp",
    }
    child = subprocess.run(
        [sys.executable, "-c", PRIVATE, *map(str, sorted(attached.iterdir()))],
        input=f"{RARE}\n",
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {key: str(value) for key, value in places.items()},
        cwd=home,
        check=False,
    )
    assert child.returncode == -6, child.stderr
    written = {path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    for part, expected in (("conversations.db", b"ordinary"), ("tern.log", b"started"), ("crash-", b"abort")):
        assert any(part in path.name and expected in data.lower() for path, data in written.items()), part
    assert [path for path, data in written.items() if any(mark in data.lower() for mark in _marks())] == []
    open_files = json.loads(child.stdout)
    assert [name for name in open_files if "(deleted)" in name] == [], "nor a file without a name"
    assert {Path(name).name.split("-")[0] for name in open_files} <= {
        "conversations.db",
        "tern.log",
        "crash",
        "tern.lock",
    }


def _marks() -> list[bytes]:
    """The word as a file may hold it: as it is, in two bytes a letter, as base64 wherever it begins."""
    plain = RARE.encode()
    coded = [base64.b64encode(b"x" * shift + plain)[4 : len(plain)].lower() for shift in range(3)]
    return [plain, RARE.encode("utf-16-le"), *coded]


def test_the_marks_find_what_a_store_on_the_disk_keeps(tmp_path: Path) -> None:
    """The test above sees what it is to see."""
    store = Store.open(tmp_path)
    store.set_draft(None, Draft("", (Attachment("a", "b", 1, raw=f"12{RARE}".encode()),)))
    store.close()
    data = b"".join(path.read_bytes() for path in tmp_path.glob("conversations.db*")).lower()
    assert [mark in data for mark in _marks()].count(True) == 1
    assert RARE.encode() not in data
