"""What ChatGPT and Claude export, as it comes and as it is damaged: what can be read comes in, the rest is counted."""

from __future__ import annotations

import copy
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tern.chat import chatgpt, importing, json_stream
from tern.chat.attachments import Attachment
from tern.chat.chatgpt import without_marks
from tern.chat.export import ExportFormat, export
from tern.chat.import_report import Left, Report, Why
from tern.chat.importing import import_file
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Manner
from tern.engine.types import FinishReason, Stats
from tern.errors import UserError

pytestmark = pytest.mark.slow

EXPORTS = Path(__file__).parent.parent / "data" / "exports"
WHEN = 1714550400.0


def _message(role: str, *parts: object, **more: Any) -> dict[str, Any]:
    content = {"content_type": "text", "parts": list(parts)}
    return {"author": {"role": role}, "content": content, "create_time": WHEN} | more


def _tree(title: str, *messages: dict[str, Any] | None) -> dict[str, Any]:
    """A conversation whose messages follow each other, below the empty root that ChatGPT writes."""
    names = ["root", *(f"n{number}" for number in range(len(messages)))]
    mapping = {
        name: {"id": name, "parent": names[at - 1] if at else None, "children": names[at + 1 : at + 2], "message": said}
        for at, (name, said) in enumerate(zip(names, (None, *messages), strict=True))
    }  # fmt: skip
    return {"title": title, "create_time": WHEN, "mapping": mapping, "current_node": names[-1]}


def _talk(title: str, turns: int = 4) -> dict[str, Any]:
    roles = ("user", "assistant")
    return _tree(title, *(_message(roles[at % 2], f"{title} says {at}") for at in range(turns)))


def _imported(document: object, folder: Path, store: Store | None = None) -> tuple[Store, Report]:
    path = folder / "conversations.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    store = store or Store.in_memory()
    return store, import_file(store, path)


def _shown(store: Store, conversation: int) -> list[str]:
    """The branch on show: whose words and which."""
    return [f"{entry.role}: {entry.content}" for entry in Session(store, conversation).path]


TALK = [f"{role}: A says {at}" for at, role in enumerate(("user", "assistant") * 2)]


def test_parents_alone_make_the_tree() -> None:
    store = Store.in_memory()
    report = import_file(store, EXPORTS / "parents_only.json")
    assert _shown(store, report.ids[0]) == ["user: Q1", "assistant: A1", "user: Q2", "assistant: A2"]
    assert report.is_plain


@pytest.mark.parametrize("kept", ["parent", "children", None])
@pytest.mark.parametrize("as_list", [False, True])
def test_a_tree_of_half_its_links_is_the_same_tree(tmp_path: Path, kept: str | None, as_list: bool) -> None:
    one = _talk("A")
    for node in one["mapping"].values():
        for link in ("parent", "children"):
            if link != kept:
                del node[link]
    if as_list:
        one["mapping"] = list(one["mapping"].values())
    store, report = _imported([one], tmp_path)
    assert _shown(store, report.ids[0]) == TALK


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}],
        [{"author": {"role": "user"}, "content": {"parts": ["Q"]}}, _message("assistant", "A")],
        [{"role": "user", "content": [{"type": "text", "text": "Q"}]}, {"role": "model", "content": ["A"]}],
        [{"id": "1", "message": _message("user", "Q")}, {"id": "2", "message": _message("assistant", "A")}],
        [{"role": "human", "message": "Q"}, {"author": "bot", "content": {"text": "A"}}],
    ],
)
@pytest.mark.parametrize("key", ["messages", "linear_conversation"])
def test_a_list_of_messages_is_a_conversation_too(tmp_path: Path, messages: list[Any], key: str) -> None:
    store, report = _imported(
        [{"title": "L", key: messages}, {"title": "M", "mapping": None, key: messages}], tmp_path
    )
    assert [_shown(store, number) for number in report.ids] == [["user: Q", "assistant: A"]] * 2


def test_one_conversation_by_itself_or_under_a_name(tmp_path: Path) -> None:
    for document in (
        _talk("A"),
        {"conversations": [_talk("A")]},
        {"user": {"id": 5}, "conversations": [_talk("A")]},
    ):
        store, report = _imported(document, tmp_path)
        assert _shown(store, report.ids[0]) == TALK


def test_one_that_cannot_be_read_leaves_the_others_alone() -> None:
    store = Store.in_memory()
    report = import_file(store, EXPORTS / "null_mapping.json")
    assert [(one.title, one.messages, one.why) for one in report.outcomes] == [
        ("one", 2, None), ("two", 2, None), ("three", 2, None), ("odd", 0, Why.UNREADABLE),
    ]  # fmt: skip
    assert [summary.title for summary in store.summaries()] == ["three", "two", "one"]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a document."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _places(value[key], (*path, key))


@pytest.mark.parametrize(
    "wrong", [None, True, 0, -1.5, 10**400, float("nan"), "odd", [], {}, [[]], {"a": 1}], ids=str
)
def test_whatever_one_value_becomes_no_other_turn_is_lost(tmp_path: Path, wrong: object) -> None:
    """Every value of one conversation is replaced in turn: the others come whole, and of its own turns at most the one
    that was hit is missing, and is counted."""
    good = _talk("A")
    odd = _talk("B")
    for node in odd["mapping"].values():
        if node["message"]:
            node["message"] |= {"metadata": {"attachments": [], "content_references": [{"matched_text": "x"}]},
                                "recipient": "all", "weight": 1.0}  # fmt: skip
    hit = []
    for path in _places(odd):
        changed = copy.deepcopy(odd)
        at: Any = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = wrong
        hit.append((path, changed))
    store, report = _imported([good, *(changed for _, changed in hit), good], tmp_path)
    assert [one.messages for one in (report.outcomes[0], report.outcomes[-1])] == [4, 4]
    for (path, _), outcome in zip(hit, report.outcomes[1:-1], strict=True):
        if path == ("mapping",):
            assert outcome.why in (Why.UNREADABLE, Why.EMPTY)
            continue
        lost = outcome.turns - outcome.messages
        hidden = sum(outcome.left.values()) - outcome.left.get(Left.UNREADABLE, 0)
        missing = 4 - outcome.messages
        assert missing <= 1, path
        said_nothing = path[-1] == "message" and wrong is None
        whole_node = len(path) == 2 and wrong in (None, {}, {"a": 1})
        empty_text = path[-1] == 0 and path[-2] == "parts"
        if missing > 0 and not (said_nothing or whole_node or empty_text):
            assert lost + hidden >= 1, f"{path} lost a turn without a word"
        assert outcome.conversation is not None
        if missing == 0 and path[-1] not in ("role", "author", "parts", 0, "content", "text"):
            assert len(store.entries(outcome.conversation)) == 4
            if path[-1] not in ("id", "parent"):
                assert len(_shown(store, outcome.conversation)) == 4, path


def _own(title: str) -> dict[str, Any]:
    store = Store.in_memory()
    session = Session(store, manner=Manner("Be brief.", {"sampling.temperature": 0.5}))
    notes = Attachment("a.txt", "notes", 5)
    for at in range(2):
        session.ask(f"{title} asks {at}", attachments=(notes,))
        session.append(f"{title} says {at}", Stats(tokens=3, finish_reason=FinishReason.END_OF_TURN), "Guide")
    found: dict[str, Any] = json.loads(export(store, [1], ExportFormat.JSON))["conversations"][0]
    return found


def _claudes(title: str) -> dict[str, Any]:
    messages = [
        {"uuid": str(at), "sender": ("human", "assistant")[at % 2], "text": f"{title} says {at}",
         "parent_message_uuid": None,
         "content": [{"type": "text", "text": f"{title} says {at}"}], "created_at": "2024-05-01T12:00:00Z",
         "attachments": [{"file_name": "a", "extracted_content": "b"}], "files": [{"file_name": "a.png"}]}
        for at in range(4)
    ]  # fmt: skip
    return {"name": title, "created_at": "2024-05-01T12:00:00Z", "uuid": "u", "chat_messages": messages}


@pytest.mark.parametrize("make", [_own, _claudes])
@pytest.mark.parametrize(
    "wrong", [None, True, 0, -1.5, 10**400, float("nan"), "odd", [], {}, [[]], {"a": 1}], ids=str
)
def test_other_formats_lose_no_more_than_the_turn_that_was_hit(
    tmp_path: Path, make: Callable[[str], dict[str, Any]], wrong: object
) -> None:
    good, odd = make("A"), make("B")
    hit = []
    for path in _places(odd):
        changed = copy.deepcopy(odd)
        at: Any = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = wrong
        hit.append((path, changed))
    store, report = _imported([good, *(changed for _, changed in hit), good], tmp_path)
    assert [one.messages for one in (report.outcomes[0], report.outcomes[-1])] == [4, 4]
    for (path, _), outcome in zip(hit, report.outcomes[1:-1], strict=True):
        if path in (("messages",), ("chat_messages",)):
            continue
        assert outcome.conversation is not None, path
        assert outcome.messages >= 3, path
        assert (
            outcome.turns - outcome.messages == outcome.left.get(Left.UNREADABLE, 0) == 4 - outcome.messages
        )
        assert len(store.entries(outcome.conversation)) == outcome.messages


def test_who_spoke_follows_from_the_turn_before_where_the_file_does_not_say(tmp_path: Path) -> None:
    one = _talk("A")
    for number, author in enumerate((None, {}, {"role": None}, 5)):
        one["mapping"][f"n{number}"]["message"]["author"] = author
    store, report = _imported([one], tmp_path)
    assert _shown(store, report.ids[0]) == TALK


@pytest.mark.parametrize(
    ("said", "when"),
    [("2024-05-01T12:00:00Z", 1714564800.0), ("2024-05-01T12:00:00.000000+02:00", 1714557600.0),
     ("2024-05-01 12:00:00", 1714564800.0), (1714564800000, 1714564800.0), ("1714564800.5", 1714564800.5)],
)  # fmt: skip
def test_dates_in_whatever_form(tmp_path: Path, said: object, when: float) -> None:
    store, report = _imported([_tree("D", _message("user", "Q", create_time=said))], tmp_path)
    assert store.entries(report.ids[0])[0].created == when


@pytest.mark.parametrize("said", [True, "soon", "", [1], {}, float("inf"), 1e300, -5, "9999-12-31", 4e9])
def test_no_date_is_that_of_the_conversation(tmp_path: Path, said: object) -> None:
    one = _tree("D", _message("user", "Q", create_time=said))
    without = one | {"title": "E", "create_time": said, "mapping": copy.deepcopy(one["mapping"])}
    store, report = _imported([one, without], tmp_path)
    first, second = report.ids
    assert store.entries(first)[0].created == WHEN
    assert abs(store.entries(second)[0].created - time.time()) < 600


def test_titles_of_other_types(tmp_path: Path) -> None:
    titles = [5, 2.5, None, [1], "", "  ", "x" * 500]
    store, report = _imported([_talk("A") | {"title": title} for title in titles], tmp_path)
    listed = {summary.id: summary.title for summary in store.summaries()}
    assert [listed[number][:10] for number in report.ids] == ["5", "2.5", *["A says 0"] * 4, "x" * 10]


def test_pictures_speech_and_code_leave_their_mark() -> None:
    store = Store.in_memory()
    report = import_file(store, EXPORTS / "pictures_speech_code.json")
    spoken, coded = report.ids
    assert _shown(store, spoken) == [
        "user: [picture]", "assistant: That is a cat.", "user: hello there", "assistant: Hello to you.",
    ]  # fmt: skip
    assert _shown(store, coded)[1] == "assistant: ```python\nprint(1)\n```"
    assert [(one.messages, one.turns, one.left) for one in report.outcomes] == [
        (4, 4, {Left.PICTURES: 1}), (4, 4, {}),
    ]  # fmt: skip


def test_a_recording_with_its_transcript_is_the_transcript_and_one_without_is_a_mark(tmp_path: Path) -> None:
    sound = {"content_type": "real_time_user_audio_video_asset_pointer", "audio_asset_pointer": {}}
    words = {"content_type": "audio_transcription", "text": "Good morning", "direction": "in"}
    picture = {"content_type": "image_asset_pointer"}
    one = _tree(
        "V",
        _message("user", words, sound),
        _message("assistant", {"content_type": "audio_asset_pointer"}),
        _message("user", "Look:", picture, "and", picture),
        _message("user", "Read it", metadata={"attachments": [
            {"name": "a.pdf", "mime_type": "application/pdf"}, {"name": "b.png", "mime_type": "image/png"}]}),
    )  # fmt: skip
    store, report = _imported([one], tmp_path)
    assert _shown(store, report.ids[0]) == [
        "user: Good morning", "assistant: [recording]", "user: Look:\n\n[picture]\n\nand\n\n[picture]",
        "user: [file: a.pdf]\n\nRead it",
    ]  # fmt: skip
    assert report.outcomes[0].left == {Left.RECORDINGS: 2, Left.PICTURES: 2, Left.FILES: 1}


def test_what_chatgpt_does_not_show_is_not_shown_as_the_persons_words(tmp_path: Path) -> None:
    hidden = {"is_visually_hidden_from_conversation": True}
    profile = {
        "content_type": "user_editable_context",
        "user_profile": "I am",
        "user_instructions": "Be brief",
    }
    one = _tree(
        "H",
        _message("system", ""),
        _message("user", "Instructions", metadata=hidden),
        {"author": {"role": "user"}, "content": profile, "metadata": {"is_user_system_message": True}},
        {"author": {"role": "user"}, "content": profile},
        _message("user", "Dropped", weight=0.0),
        _message("user", "A question"),
        {
            "author": {"role": "assistant"},
            "content": {"content_type": "thoughts", "thoughts": [{"content": "Hm"}]},
        },
        _message("assistant", '{"q": 1}', recipient="browser"),
        _message("tool", "found it"),
        {
            "author": {"role": "assistant"},
            "content": {"content_type": "reasoning_recap", "content": "Thought for 5s"},
        },
        _message("assistant", "An answer", recipient="all", weight=1),
    )
    store, report = _imported([one], tmp_path)
    assert _shown(store, report.ids[0]) == ["user: A question", "assistant: An answer"]
    assert report.outcomes[0].left == {Left.HIDDEN: 4, Left.TOOLS: 4}
    assert (report.outcomes[0].messages, report.outcomes[0].turns) == (2, 2)


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("It rained.\ue200cite\ue202turn0search0\ue201 The end. 【12†source】", "It rained. The end."),
        ("Rain \ue200cite\ue202turn0search0\ue202turn1news2\ue201, then sun", "Rain, then sun"),
        ("See \ue200url\ue202the site\ue202https://example.org/a\ue201.", "See [the site](https://example.org/a)."),
        ('By \ue200entity\ue202["company","Acme \\"A\\"",0]\ue201.', 'By Acme \\"A\\".'),
        ("\ue203Marked\ue204 words", "Marked words"),
        ("Cut off \ue200cite\ue202turn0se", "Cut off"),
        ("Old【4:0†notes.txt】 and new :contentReference[oaicite:0]{index=0}【oaicite:1】", "Old and new"),
        ("見出し【重要】 は残る🌿", "見出し【重要】 は残る🌿"),
        ("A dagger† stays", "A dagger† stays"),
        ("", ""),
    ],
)  # fmt: skip
def test_marks_of_chatgpts_pages_become_words_or_go(text: str, readable: str) -> None:
    assert without_marks(text) == readable


def test_a_reference_that_has_words_is_shown_by_them(tmp_path: Path) -> None:
    mark = "\ue200cite\ue202turn0search0\ue201"
    references = [{"matched_text": mark, "alt": "([Site](https://example.org))"}, 5, {"matched_text": 3}]
    one = _tree(
        "R",
        _message("user", f"I wrote 【1†it】 {mark}"),
        _message("assistant", f"Rain {mark}.", metadata={"content_references": references}),
    )
    store, report = _imported([one], tmp_path)
    assert _shown(store, report.ids[0]) == [
        f"user: I wrote 【1†it】 {mark}", "assistant: Rain ([Site](https://example.org)).",
    ]  # fmt: skip


def test_many_marks_take_steps_in_proportion() -> None:
    without_marks("\ue200cite\ue202turn0search0\ue201 【" * 50_000)


def _link(mapping: dict[str, Any], name: str, parent: str | None, *children: str) -> None:
    mapping[name] = {"parent": parent, "children": list(children), "message": _message("user", name)}


def test_circles_and_strange_links_lose_nothing(tmp_path: Path) -> None:
    mapping: dict[str, Any] = {}
    _link(mapping, "a", "c", "b", "b", "a")
    _link(mapping, "b", "a", "c", "nobody")
    _link(mapping, "c", "b", "a")
    _link(mapping, "d", "d", "d")
    mapping |= {"e": None, "f": {"message": 5}, "g": {}}
    store, report = _imported([{"title": "O", "mapping": mapping, "current_node": "c"}], tmp_path)
    assert sorted(entry.content for entry in store.entries(report.ids[0])) == ["a", "b", "c", "d"]
    assert report.outcomes[0].left == {Left.UNREADABLE: 1}


@pytest.mark.parametrize(
    ("links", "count"),
    [("both", 100_000), ("none", 20_000), ("parents", 20_000), ("children", 20_000), ("circle", 20_000)],
)
def test_a_hundred_thousand_turns_in_one_line(links: str, count: int) -> None:
    one = _tree("Long", *(_message("user", str(number)) for number in range(count)))
    mapping = one["mapping"]
    for node in mapping.values():
        if links in ("none", "parents"):
            del node["children"]
        if links in ("none", "children"):
            del node["parent"]
    if links == "circle":
        mapping["root"]["parent"] = f"n{count - 1}"
        mapping[f"n{count - 1}"]["children"] = ["root"]
    found = chatgpt.read(one)
    assert len(found.entries) == found.turns == count
    assert found.leaf is not None
    assert found.entries[found.leaf - 1].content == str(count - 1)
    if links != "circle":
        assert [entry.parent for entry in found.entries] == [None, *range(1, count)]


def test_a_long_line_can_be_kept_shown_and_deleted(tmp_path: Path) -> None:
    one = _tree("Long", *(_message("user", str(number)) for number in range(3000)))
    store = Store.open(tmp_path)
    path = tmp_path / "x.json"
    path.write_text(json.dumps([one, _talk("A")]))
    first, second = import_file(store, path).ids
    assert [entry.content for entry in Session(store, first).path[-2:]] == ["2998", "2999"]
    store.delete(first)
    store.close()
    store = Store.open(tmp_path, keep_deleted_days=0)
    assert [summary.id for summary in store.summaries()] == [second]
    assert store.entries(first) == []
    store.close()


# The same file again


def test_a_conversation_that_is_here_is_not_added_again(tmp_path: Path) -> None:
    store, first = _imported([_talk("A"), _talk("B")], tmp_path)
    assert len(first.ids) == 2
    Session(store, first.ids[0]).ask("And I went on")
    _, again = _imported([_talk("A"), _talk("B"), _talk("C")], tmp_path, store)
    assert [one.why for one in again.outcomes] == [Why.HERE, Why.HERE, None]
    _, grown = _imported([_talk("B", 6)], tmp_path, store)
    assert len(grown.ids) == 1, "what has grown comes beside the old one: nothing of either is lost"
    store.delete(first.ids[1])
    store.delete(grown.ids[0])
    _, back = _imported([_talk("B")], tmp_path, store)
    assert len(back.ids) == 1, "what was deleted comes back"


def test_equal_conversations_of_one_file_both_come(tmp_path: Path) -> None:
    _, report = _imported([_talk("A"), _talk("A")], tmp_path)
    assert len(report.ids) == 2


# ZIP files


def _zip(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_the_zip_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    _zip(path, **{"user.json": "{}", "chat.html": "<html>", "conversations.json": json.dumps([_talk("A")])})
    store = Store.in_memory()
    assert _shown(store, import_file(store, path).ids[0]) == TALK


def test_a_zip_whose_conversations_are_in_several_files(tmp_path: Path) -> None:
    parts = {f"x/conversations-{n:03}.json": json.dumps([_talk(f"T{n}")]) for n in (2, 0, 1)}
    report = import_file(Store.in_memory(), _zip(tmp_path / "export.zip", **parts))
    assert [one.title for one in report.outcomes] == ["T0", "T1", "T2"]


def test_a_zip_of_something_else_says_what_to_choose(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no conversations\.json"):
        import_file(Store.in_memory(), _zip(tmp_path / "photos.zip", **{"a.jpg": "x"}))


def test_a_damaged_zip_gives_what_it_can(tmp_path: Path) -> None:
    text = json.dumps([_talk(f"T{number}") for number in range(400)])
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("conversations.json", text)
    data = bytearray(path.read_bytes())
    data[-2000:-1990] = b"?" * 10  # its directory stands; the checksum does not hold
    path.write_bytes(data)
    report = import_file(Store.in_memory(), path)
    assert len(report.ids) > 300
    assert "export.zip" in report.trouble


def test_no_more_is_unpacked_than_can_be_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "LARGEST", 3 << 20)
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("conversations.json", "w") as member,
    ):
        member.write(b'[{"mapping": {}, "title": "')
        for _ in range(64):
            member.write(b"a" * (1 << 20))
    taken = []
    read = zipfile.ZipExtFile.read

    def counted(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        data = read(self, n)
        taken.append(len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    store = Store.in_memory()
    with pytest.raises(UserError, match="divide it"):
        import_file(store, path)
    assert sum(taken) < 8 << 20
    assert store.summaries() == []


# Files that are damaged as JSON


def test_of_a_file_that_was_cut_off_what_stands_comes_in(tmp_path: Path) -> None:
    text = json.dumps([_talk(title) for title in "ABCD"])
    for cut in (text[:-1], text[: text.rindex("D says")], text[: len(text) // 2] + "}]}]"):
        path = tmp_path / "cut.json"
        path.write_text(cut)
        store = Store.in_memory()
        report = import_file(store, path)
        assert report.outcomes[0].messages >= 3 or report.outcomes[0].why is Why.UNREADABLE
        assert len(report.ids) >= 1
        assert report.trouble or report.count(Why.UNREADABLE)


@pytest.mark.parametrize(
    "broken", ['{"mapping": {,}}', '{"mapping": ' + "[" * 3000 + "]" * 3000 + "}", "[undefined]"]
)
def test_an_element_that_is_no_json_is_stepped_over(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(f"[{json.dumps(_talk('A'))}, {broken}, {json.dumps(_talk('B'))}]")
    report = import_file(Store.in_memory(), path)
    assert [one.why for one in report.outcomes] == [None, Why.UNREADABLE, None]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(
        json.dumps([_tree("Ö", _message("user", "日本語 🌿"))], ensure_ascii=False).encode(encoding)
    )
    store = Store.in_memory()
    assert _shown(store, import_file(store, path).ids[0]) == ["user: 日本語 🌿"]


def test_wrong_bytes_cost_their_letter(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(json.dumps([_talk("A")]).encode().replace(b"says 1", b"s\xffys 1"))
    store = Store.in_memory()
    assert _shown(store, import_file(store, path).ids[0])[1] == "assistant: A s\ufffdys 1"


def test_reading_takes_steps_in_proportion_to_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is decoded in vain, because the rest had not been read yet, is no multiple of the file."""
    monkeypatch.setattr(json_stream, "_CHUNK", 1 << 12)
    document = json.dumps([{"title": "x" * 400_000}] + [{"title": str(n)} for n in range(5000)])
    elements = json_stream.Elements(io.BytesIO(document.encode()), "conversations")
    in_vain = 0
    decode = elements._decode

    def counted(text: str, at: int) -> Any:
        nonlocal in_vain
        try:
            return decode(text, at)
        except ValueError:
            in_vain += len(text) - at
            raise

    elements._decode = counted  # type: ignore[method-assign]
    assert sum(1 for _ in elements) == 5001
    assert elements.read == len(document)
    assert in_vain < 3 * len(document)


# Claude


def test_claudes_export_comes_in(tmp_path: Path) -> None:
    messages = [
        {"uuid": "1", "sender": "human", "text": "What is in it?", "created_at": "2024-05-01T12:00:00.5+00:00",
         "attachments": [{"file_name": "a.txt", "extracted_content": "Some notes."}], "files": []},
        {"uuid": "2", "sender": "assistant", "created_at": "2024-05-01T12:00:05Z", "content": [
            {"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Notes."},
            {"type": "tool_use", "input": {}}, {"type": "text", "text": "That is all."}]},
        {"uuid": "3", "sender": "human", "text": "", "files": [{"file_name": "p.png"}, {"file_name": "t.pdf"}]},
        {"uuid": "4", "sender": "assistant", "text": None}, 5,
    ]  # fmt: skip
    one = {"uuid": "x", "name": "Notes", "created_at": "2024-05-01T12:00:00Z", "chat_messages": messages}
    store, report = _imported(
        [one, {"name": "E", "chat_messages": []}, {"name": "F", "chat_messages": 5}], tmp_path
    )
    path = Session(store, report.ids[0]).path
    assert [entry.text for entry in path] == [
        "What is in it?", "Notes.\n\nThat is all.", "[file: t.pdf]\n\n[picture]",
    ]  # fmt: skip
    assert [item.text for item in path[0].attachments] == ["Some notes."]
    assert path[0].created == 1714564800.5
    first, empty, odd = report.outcomes
    assert (first.messages, first.turns) == (3, 5)
    assert first.left == {Left.TOOLS: 2, Left.PICTURES: 1, Left.FILES: 1, Left.UNREADABLE: 2}
    assert (empty.why, odd.why) == (Why.EMPTY, Why.UNREADABLE)


# Writing


def test_what_is_stopped_adds_nothing(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([_talk(str(number)) for number in range(100)]))
    steps = importing.importing(store, path)
    seen = [next(steps) for _ in range(4)]
    assert seen == sorted(seen)
    assert store.summaries()
    steps.close()
    assert store.summaries() == []
    store.close()


def test_a_long_conversation_is_written_in_short_transactions_and_seen_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another connection sees either nothing of it or all, and finds room to write between the parts."""
    store = Store.open(tmp_path)
    other = store.another()
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([_tree("Long", *(_message("user", "word " * 2000) for _ in range(60)))]))
    seen: list[int] = []
    part = Store.import_part

    def watched(self: Store, number: int, entries: Any, ids: dict[int, int]) -> None:
        assert sum(len(entry.content) for entry in entries) < 100_000
        seen.append(len(other.summaries()))
        other.note("meanwhile", str(len(seen)))
        part(self, number, entries, ids)

    monkeypatch.setattr(Store, "import_part", watched)
    report = import_file(store, path)
    assert len(seen) >= 6
    assert set(seen) == {0}
    assert len(other.entries(report.ids[0])) == 60
    assert len(_shown(other, report.ids[0])) == 60
    other.close()
    store.close()


def test_a_report_survives_the_way_between_processes(tmp_path: Path) -> None:
    _, report = _imported(
        [_talk("A"), _tree("P", _message("user", {"content_type": "image"})), {"mapping": 5}], tmp_path
    )
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report
