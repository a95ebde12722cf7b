"""``tern chats``: what the window keeps, listed, searched, shown, exported, imported and deleted from the terminal."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tern import paths
from tern.__main__ import main
from tern.chat import database_file
from tern.chat.export import ExportFormat, export
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Manner, State
from tern.engine.types import FinishReason, Stats
from tern.settings import KEEP_DELETED, Settings

from .pty_screen import OWN_ESCAPES, TERN, PtyScreen

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]
END = Stats(tokens=2, finish_reason=FinishReason.END_OF_TURN)


@pytest.fixture
def store() -> Iterator[Store]:
    """Two conversations; the second, the newer, has a branch and a system prompt."""
    store = Store.open(paths.data_dir())
    store.now = lambda: time.time() - 3600
    session = Session(store)
    session.ask("Trains\x1b]0;owned\x07 and C++?")
    session.append("They run on 铁路轨道 \x1b[2J", END, "Guide")
    store.now = time.time
    session = Session(store, manner=Manner("Be brief."))
    session.ask("Birds?")
    session.append("Wrong.", END)
    session.regenerate(session.path[-1].id)
    session.append("Terns.", END)
    yield store
    store.close()


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def test_an_empty_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chats", "list"]) == 0
    assert capsys.readouterr().out == "There are no conversations yet.\n"
    assert main(["chats", "list", "--json"]) == 0
    assert _json(capsys) == []


def test_list_shows_the_newest_first(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chats", "list"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[0] == "2"
    assert first.endswith("     3  Birds?")
    assert second.split()[0] == "1"
    assert main(["chats", "list", "--limit", "1", "--json"]) == 0
    (one,) = _json(capsys)
    assert (one["id"], one["title"], one["pinned"], one["messages"]) == (2, "Birds?", False, 3)
    assert one["updated"].endswith("Z")


@pytest.mark.parametrize("title", ["x" * 59, "漢字" * 29, "word " * 11, "🌿" * 50])
def test_a_row_fits_its_hundred_columns(title: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store.open(paths.data_dir())
    number = store.create(title)
    store.set_pinned(number, True)
    store.add(number, [("user", "字" * 3000 + " needle " + "字" * 3000, State.DONE)], None)
    store.close()
    for command in (["list"], ["search", "needle"], ["search", "they"], ["show", "1"], ["show", str(number)]):
        assert main(["chats", *command, "--json"]) == 0
        json.loads(out := capsys.readouterr().out)
        with PtyScreen([*TERN, "chats", *command]) as screen:
            assert screen.finish() == 0
            assert screen.title == ""
            out += OWN_ESCAPES.sub(b"", screen.raw).decode()
        for char in "\x1b\x07\x9b\u202e\x7f":
            assert char not in out, command


@pytest.mark.parametrize("command", ["show", "export", "delete"])
def test_a_number_that_is_none_is_a_sentence(
    store: Store, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main(["chats", command, "77"]) == 1
    assert (
        capsys.readouterr().err == "tern: There is no conversation 77; `tern chats list` has the numbers.\n"
    )


def test_export_to_the_screen_and_to_files(
    store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["chats", "export", "2"]) == 0
    assert capsys.readouterr().out == export(store, [2], ExportFormat.MARKDOWN)
    for name, chosen, kind in (
        ("a.json", None, ExportFormat.JSON),
        ("b v1.2", "txt", ExportFormat.TEXT),
        ("c.json", "md", ExportFormat.MARKDOWN),
        ("d", None, ExportFormat.MARKDOWN),
    ):
        out = tmp_path / name
        more = ["--format", chosen] if chosen else []
        assert main(["chats", "export", "--all", "--out", str(out), *more]) == 0
        ids = [summary.id for summary in store.summaries()]
        assert out.read_text(encoding="utf-8") == export(store, ids, kind)
    assert capsys.readouterr().out.startswith("2 conversations exported to ")
    before = out.read_bytes()
    assert main(["chats", "export", "1", "--out", str(out)]) == 1
    assert out.read_bytes() == before
    assert main(["chats", "export", "1", "--out", str(out), "--force", "--json"]) == 0
    assert _json(capsys) == {"file": str(out), "format": "md", "conversations": 1}
    assert main(["chats", "export"]) == main(["chats", "export", "1", "--all"]) == 1
    store.add(store.create("C1"), [("user", "\x9b2J", State.DONE)], None)
    assert main(["chats", "export", "--all", "--json"]) == 0
    said = capsys.readouterr().out
    assert "\x9b" not in said
    assert "\x9b2J" in [
        one["content"] for found in json.loads(said)["conversations"] for one in found["messages"]
    ]


def _chatgpt(title: str) -> dict[str, Any]:
    content = {"parts": [f"Question of {title}"]}
    hidden = {"author": {"role": "system"}, "content": {"parts": ["Hidden"]}}
    return {"title": title, "messages": [hidden, {"author": {"role": "user"}, "content": content}]}


def test_import_takes_a_zip_and_says_a_line_for_each(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "conversations.json", json.dumps([_chatgpt("A"), _chatgpt("B\x1b[2J"), {"mapping": 5}])
        )
    odd = tmp_path / "odd.txt"
    odd.write_text("nothing")
    assert main(["chats", "import", str(path), str(odd), str(tmp_path / "nowhere")]) == 0
    out, err = capsys.readouterr()
    first, second, *rest = out.splitlines()
    assert first == "     1  A: 1 message; left out: hidden messages (1)"
    assert second.startswith("     2  B")
    assert second.endswith(": 1 message; left out: hidden messages (1)")
    assert "\x1b" not in second
    assert rest == ["     -  (without a title): could not be read", "2 imported."]
    assert [line.split(" ", 2)[1] for line in err.splitlines()] == ["odd.txt", "nowhere"]
    assert main(["chats", "import", str(path), "--json"]) == 0, "all of it is here"
    said = _json(capsys)
    assert said["imported"] == 0
    assert [one["why"] for one in said["files"][0]["conversations"]] == [
        "already_here",
        "already_here",
        "unreadable",
    ]
    assert main(["chats", "import", str(odd)]) == 1
    assert main(["chats", "import"]) == 1


def test_deleting_for_good_erases(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.close()
    assert main(["chats", "delete", "1", "1", "--forget"]) == 0
    assert capsys.readouterr().out == "1 conversation deleted permanently.\n"
    assert main(["chats", "list", "--json"]) == 0
    assert [one["id"] for one in _json(capsys)] == [2]
    left = b"".join(path.read_bytes() for path in paths.data_dir().glob("conversations.db*"))
    assert "铁路轨道".encode() not in left


@pytest.mark.parametrize(("answer", "left"), [("y", 1), ("yes", 1), ("", 2), ("n", 2), ("2", 2)])
def test_deleting_asks_in_a_terminal(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
    for_good = ["--forget"] if answer == "yes" else []
    code = main(["chats", "delete", "2", *for_good])
    asked = "Delete this conversation permanently?" if for_good else "Delete this conversation?"
    assert asked in capsys.readouterr().err
    assert len(store.summaries()) == left
    assert code == (left != 1)
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    assert main(["chats", "delete", "1", "--yes"]) == 0


def test_what_is_deleted_is_listed_apart_and_restored(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    before = store.summaries()
    assert main(["chats", "list", "--deleted"]) == 0
    assert capsys.readouterr().out == "There are no deleted conversations.\n"
    assert main(["chats", "delete", "1", "2", "--json"]) == 0
    said = _json(capsys)
    assert (said["deleted"], said["erased"]) == ([1, 2], False)
    for command in (["list"], ["search", "trains"], ["export", "--all"]):
        assert main(["chats", *command, "--json"]) == 0
        left = _json(capsys)
        assert (left if isinstance(left, list) else left["conversations"]) == [], command
    assert main(["chats", "list", "--deleted", "--json"]) == 0
    listed = _json(capsys)
    assert [(one["id"], one["title"], one["messages"]) for one in listed] == [
        (2, "Birds?", 3),
        (1, before[1].title, 2),
    ]
    assert listed[0]["deleted"] < listed[0]["kept_until"] == said["kept_until"]
    assert main(["chats", "list", "--deleted", "--limit", "1"]) == 0
    (row,) = capsys.readouterr().out.splitlines()
    assert row.endswith("     3  Birds?")
    assert main(["chats", "restore", "1", "77"]) == 1
    error = "tern: There is no deleted conversation 77; `tern chats list --deleted` has the numbers.\n"
    assert capsys.readouterr().err == error
    assert store.summaries() == []
    assert main(["chats", "restore", "1", "2", "1"]) == 0
    assert capsys.readouterr().out == "2 conversations restored.\n"
    assert store.summaries() == before
    assert main(["chats", "delete", "2"]) == 0
    assert capsys.readouterr().out.startswith(
        "1 conversation deleted. `tern chats restore 2` brings it back until 20"
    )
    assert main(["chats", "restore", "2", "--json"]) == 0
    assert _json(capsys) == {"restored": [2]}


def test_what_was_deleted_before_can_be_forgotten(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.close()
    assert main(["chats", "delete", "1"]) == 0
    assert main(["chats", "delete", "1"]) == 1, "it is no longer there"
    capsys.readouterr()
    assert main(["chats", "delete", "1", "2", "--forget", "--json"]) == 0
    assert _json(capsys) == {"deleted": [1, 2], "kept_until": None, "erased": True}
    assert main(["chats", "restore", "1"]) == 1


def test_the_settings_may_say_that_nothing_is_kept(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.close()
    settings = Settings()
    settings[KEEP_DELETED] = 0
    settings.save()
    assert main(["chats", "delete", "1"]) == 0
    assert capsys.readouterr().out == "1 conversation deleted permanently.\n"
    assert main(["chats", "list", "--deleted", "--json"]) == 0
    assert _json(capsys) == []


def test_forgetting_reaches_the_backups(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.close()
    backup = database_file.back_up(paths.data_dir() / database_file.FILE_NAME)
    assert backup is not None
    assert "铁路轨道".encode() in backup.read_bytes()
    damaged = backup.with_name("20250101-120000.db")
    damaged.write_bytes(b"damaged " * 999)
    assert main(["chats", "delete", "1", "--forget"]) == 0
    assert "A backup that cannot be changed" in capsys.readouterr().out
    assert "铁路轨道".encode() not in backup.read_bytes()
    damaged.unlink()
    assert main(["chats", "delete", "2", "--forget", "--json"]) == 0
    assert _json(capsys)["erased"] is True


def test_one_number_that_is_none_deletes_nothing(store: Store) -> None:
    assert main(["chats", "delete", "1", "77"]) == 1
    assert len(store.summaries()) == 2


def test_an_export_into_a_pipe_is_utf_8(store: Store, tern: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    store.close()
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")  # as a pipe on Windows is
    said = tern("chats", "export", "1")
    assert "铁路轨道" in said.stdout
    said = tern("chats", "export", "1", "--format", "json")
    assert json.loads(said.stdout)["conversations"][0]["messages"]
    assert "铁路轨道" in json.dumps(json.loads(said.stdout), ensure_ascii=False)
    said = tern("chats", "search", "--json", "铁路")
    assert [one["id"] for one in json.loads(said.stdout)] == [1]


WINDOW = """
import sys
from pathlib import Path
from tern import data_lock
from tern.chat.session import Session
from tern.chat.store import Store

lock = data_lock.DataLock(Path(sys.argv[1]))
lock.take()
store = Store.open(Path(sys.argv[1]))
gone = store.create("To be brought back")
store.delete(gone)
Session(store, 2).ask("And gulls?")
print("replies", flush=True)
sys.stdin.readline()
store.restore(gone)
print([entry.state.value for entry in Session(store, 2).path], flush=True)
sys.stdin.readline()
"""


def test_all_of_it_works_while_the_window_replies(store: Store, tern: Run, tmp_path: Path) -> None:
    """Another process holds the folder and is in the middle of a reply: nothing of its own is lost or marked cut."""
    store.close()
    export = tmp_path / "export.json"
    export.write_text(json.dumps([_chatgpt("From elsewhere")]), "utf-8")
    command = [sys.executable, "-c", WINDOW, str(paths.data_dir())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as window:
        assert window.stdin is not None
        assert window.stdout is not None
        try:
            assert window.stdout.readline() == "replies\n"
            listed = json.loads(tern("chats", "list", "--json").stdout)
            assert {one["id"] for one in listed} == {1, 2}
            assert "And gulls?" in tern("chats", "show", "2").stdout
            assert tern("chats", "import", export).returncode == 0
            refused = tern("chats", "delete", "2")
            assert refused.returncode == 1
            assert "A reply is being written in conversation 2" in refused.stderr
            forgotten = tern("chats", "delete", "1", "--forget")
            assert "erased when Tern is next started" in forgotten.stdout
            window.stdin.write("\n")
            window.stdin.flush()
            assert window.stdout.readline() == "['done', 'done', 'done', 'streaming']\n"
            listed = json.loads(tern("chats", "list", "--json").stdout)
            assert {one["title"] for one in listed} == {"From elsewhere", "To be brought back", "Birds?"}
        finally:
            window.kill()


def test_a_conversation_that_is_being_answered_is_not_deleted(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Session(store, 2).ask("And gulls?")
    assert store.is_being_answered(2)
    assert not store.is_being_answered(1)
    monkeypatch.setattr(Store, "open", classmethod(lambda cls, folder, **_: store.another()))
    assert main(["chats", "delete", "1", "2"]) == 1
    assert "A reply is being written in conversation 2" in capsys.readouterr().err
    assert len(store.summaries()) == 2


def test_help_names_the_keys(tern: Run) -> None:
    for command, key in (("list", "pinned"), ("search", "message"), ("show", "system"), ("export", "conversations"),
                         ("import", "left_out"), ("delete", "erased"), ("restore", "restored")):  # fmt: skip
        said = tern("chats", command, "--help")
        assert said.returncode == 0
        assert key in said.stdout
    assert tern("chats").returncode == 2
