"""Files that are almost an export: each is refused with nothing added, or what came in can be lived with."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tern.chat.export import Kind, export
from tern.chat.importing import import_file
from tern.chat.manner import sampling_of
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import State
from tern.engine.types import FinishReason, Stats
from tern.errors import UserError
from tern.settings import Settings

MESSAGE = {
    "id": 1, "parent": None, "role": "user", "content": "hi", "state": "done", "created": 1.7e9, "stats": {},
    "attachments": [], "model": "", "error": "",
}  # fmt: skip
CONVERSATION = {
    "title": "T", "pinned": False, "updated": 1.7e9, "manner": {"system": None, "sampling": {}}, "leaf": 1,
}  # fmt: skip
MANNER = {"system": None, "sampling": {}}


def _written(path: Path, change: dict[str, Any]) -> Path:
    message = MESSAGE | {key: value for key, value in change.items() if key in MESSAGE}
    conversation = CONVERSATION | {key: value for key, value in change.items() if key not in MESSAGE}
    document = {"messages": [message]} | conversation
    whole = {"format": "tern-conversations", "version": 1, "conversations": [document]}
    path.write_text(json.dumps(whole))
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"id": "1"}, {"id": True}, {"content": 5}, {"content": None}, {"role": "system"}, {"leaf": [1]},
        {"stats": []}, {"stats": {"tokens": "many"}}, {"stats": {"tokens": -5}}, {"stats": {"tokens": 10**30}},
        {"stats": {"tokens": 1.5}}, {"stats": {"decode_tokens_per_s": float("nan")}},
        {"stats": {"time_to_first_token_s": float("inf")}}, {"stats": {"dropped_messages": ["a"]}},
        {"stats": {"finish_reason": "weird"}}, {"manner": {}}, {"manner": MANNER | {"system": ["x"]}},
        {"manner": MANNER | {"system": 5}}, {"manner": MANNER | {"sampling": []}}, {"created": "today"},
        {"created": 10**400}, {"attachments": [5]}, {"attachments": "x"}, {"messages": [MESSAGE, MESSAGE]},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    store = Store.in_memory()
    with pytest.raises(UserError, match="not an export that Tern knows"):
        import_file(store, _written(tmp_path / "x.json", change))
    assert store.summaries() == []


@pytest.mark.parametrize(
    "change",
    [
        {"created": float("nan")}, {"created": float("inf")}, {"created": 1e300}, {"created": -1e18},
        {"updated": 1e300, "messages": []}, {"updated": float("nan"), "messages": []}, {"title": ""},
        {"title": "\ud83d cut"}, {"content": "\ud800 lone"}, {"id": 10**30}, {"leaf": "x"}, {"leaf": 77},
        {"pinned": "no"}, {"state": "streaming"}, {"content": "a\0b"},
        {"manner": MANNER | {"sampling": {"sampling.temperature": "hot", "sampling.top_k": -3, "x": [1]}}},
    ],
    ids=str,
)  # fmt: skip
def test_what_can_be_mended_comes_in(tmp_path: Path, change: dict[str, Any]) -> None:
    store = Store.in_memory()
    (number,) = import_file(store, _written(tmp_path / "x.json", change))
    (summary,) = store.summaries()
    assert summary.title.strip()
    assert dt.date.fromtimestamp(summary.updated) <= dt.date.today(), "the list stands it under a day"
    assert not summary.pinned
    session = Session(store, number)
    assert session.manner.sampling == {}
    assert len(session.path) == (0 if "messages" in change else 1)
    session.ask("More?")
    session.request("", *sampling_of(session.manner, Settings()))
    for kind in Kind:
        export(store, [number], kind).encode()


def test_why_a_reply_failed_goes_along(tmp_path: Path) -> None:
    store, other = Store.in_memory(), Store.in_memory()
    session = Session(store)
    session.ask("One?")
    session.append("half", Stats(tokens=1))
    session.fail("The memory ran out.")
    assert session.conversation is not None
    path = tmp_path / "x.json"
    path.write_text(export(store, [session.conversation], Kind.JSON), encoding="utf-8")
    (number,) = import_file(other, path)
    reply = other.entries(number)[-1]
    assert (reply.state, reply.error) == (State.FAILED, "The memory ran out.")


def test_chatgpts_times_and_words_to_its_tools(tmp_path: Path) -> None:
    def node(
        parent: str | None, children: list[str], role: str, text: str, **more: object
    ) -> dict[str, object]:
        message = {"author": {"role": role}, "content": {"parts": [text]}, "create_time": None} | more
        return {"parent": parent, "children": children, "message": message}

    mapping = {
        "q": node(None, ["call"], "user", "Draw a tern \ud83d"),
        "call": node("q", ["a"], "assistant", '{"prompt": "a tern"}', recipient="dalle.text2im"),
        "a": node("call", [], "assistant", "Here.", recipient="all", create_time=1e300),
    }
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([{"title": None, "mapping": mapping, "current_node": "a"}]))
    store = Store.in_memory()
    (number,) = import_file(store, path)
    assert [entry.content for entry in Session(store, number).path] == ["Draw a tern \ufffd", "Here."]
    assert abs(store.summary(number).updated - time.time()) < 60


def test_a_question_of_marks_alone_has_a_title() -> None:
    store = Store.in_memory()
    session = Session(store)
    session.ask("###")
    session.append("", Stats(finish_reason=FinishReason.END_OF_TURN))
    assert [summary.title for summary in store.summaries()] == ["###"]
