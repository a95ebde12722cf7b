"""Files that are almost an export of Tern's: what came in can be lived with, and what did not is counted."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tern.chat.export import ExportFormat, export
from tern.chat.import_report import Left
from tern.chat.importing import import_file
from tern.chat.reply_options import sampling_of
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import State
from tern.engine.types import FinishReason, Stats
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
    ("change", "left"),
    [
        ({"id": "1"}, {}), ({"id": True}, {}), ({"role": "system"}, {}), ({"leaf": [1]}, {}), ({"parent": 77}, {}),
        ({"parent": 1}, {}), ({"parent": [1]}, {}), ({"content": 5}, {}),
        ({"stats": []}, {}), ({"stats": {"tokens": "many"}}, {Left.NUMBERS: 1}), ({"stats": [1]}, {Left.NUMBERS: 1}),
        ({"stats": {"tokens": -5}}, {Left.NUMBERS: 1}), ({"stats": {"tokens": 10**30}}, {Left.NUMBERS: 1}),
        ({"stats": {"tokens": 1.5}}, {Left.NUMBERS: 1}), ({"stats": {"tokens": True}}, {Left.NUMBERS: 1}),
        ({"stats": {"decode_tokens_per_s": float("nan")}}, {Left.NUMBERS: 1}),
        ({"stats": {"time_to_first_token_s": float("inf")}}, {Left.NUMBERS: 1}),
        ({"stats": {"dropped_messages": ["a"]}}, {Left.NUMBERS: 1}),
        ({"stats": {"finish_reason": "weird"}}, {Left.NUMBERS: 1}), ({"manner": {}}, {}), ({"manner": 5}, {}),
        ({"manner": MANNER | {"system": ["x"]}}, {}), ({"manner": MANNER | {"system": 5}}, {}),
        ({"manner": MANNER | {"sampling": []}}, {}), ({"created": "today"}, {}), ({"created": 10**400}, {}),
        ({"attachments": [5]}, {Left.ATTACHMENTS: 1}), ({"attachments": "x"}, {Left.ATTACHMENTS: 1}),
        ({"state": "flying"}, {}), ({"state": 3}, {}), ({"error": None}, {}), ({"model": 5}, {}),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_costs_only_itself(
    tmp_path: Path, change: dict[str, Any], left: dict[Left, int]
) -> None:
    store = Store.in_memory()
    report = import_file(store, _written(tmp_path / "x.json", change))
    (outcome,) = report.outcomes
    assert (outcome.messages, outcome.turns, outcome.left) == (1, 1, left)
    (entry,) = Session(store, report.ids[0]).path
    assert entry.content in ("hi", "5")
    assert entry.stats == Stats()


@pytest.mark.parametrize("content", [None, True, [], {}, ["hi"]], ids=str)
def test_a_message_that_cannot_be_read_is_counted_and_the_others_come(
    tmp_path: Path, content: object
) -> None:
    messages = [
        MESSAGE, MESSAGE | {"id": 2, "parent": 1, "role": "assistant", "content": content},
        MESSAGE | {"id": 3, "parent": 2, "content": "and then?"}, MESSAGE,
    ]  # fmt: skip
    store = Store.in_memory()
    report = import_file(store, _written(tmp_path / "x.json", {"messages": messages, "leaf": 3}))
    (outcome,) = report.outcomes
    assert (outcome.messages, outcome.turns, outcome.left) == (3, 4, {Left.UNREADABLE: 1})
    assert [entry.content for entry in Session(store, report.ids[0]).path] == ["hi", "and then?"]
    assert len(store.entries(report.ids[0])) == 3, "a message whose number is taken comes too"


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
    (number,) = import_file(store, _written(tmp_path / "x.json", change)).ids
    (summary,) = store.summaries()
    assert summary.title.strip()
    assert dt.date.fromtimestamp(summary.updated) <= dt.date.today(), "the list stands it under a day"
    assert not summary.pinned
    session = Session(store, number)
    assert session.manner.sampling == {}
    assert len(session.path) == (0 if "messages" in change else 1)
    session.ask("More?")
    session.request("", *sampling_of(session.manner, Settings()))
    for kind in ExportFormat:
        export(store, [number], kind).encode()


def test_why_a_reply_failed_goes_along(tmp_path: Path) -> None:
    store, other = Store.in_memory(), Store.in_memory()
    session = Session(store)
    session.ask("One?")
    session.append("half", Stats(tokens=1))
    session.fail("The memory ran out.")
    assert session.conversation is not None
    path = tmp_path / "x.json"
    path.write_text(export(store, [session.conversation], ExportFormat.JSON), encoding="utf-8")
    (number,) = import_file(other, path).ids
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
    (number,) = import_file(store, path).ids
    assert [entry.content for entry in Session(store, number).path] == ["Draw a tern \ufffd", "Here."]
    assert abs(store.summary(number).updated - time.time()) < 60


def test_a_question_of_marks_alone_has_a_title() -> None:
    store = Store.in_memory()
    session = Session(store)
    session.ask("###")
    session.append("", Stats(finish_reason=FinishReason.END_OF_TURN))
    assert [summary.title for summary in store.summaries()] == ["###"]
