"""Out and in again: Markdown and text to read, JSON that loses nothing, other programs' exports, broken files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tern.chat.attachments import Attachment, AttachmentKind, compose
from tern.chat.export import ExportFormat, closed, export, pieces, write
from tern.chat.import_report import Left
from tern.chat.importing import import_file
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Entry, Manner
from tern.engine.types import FinishReason, Role, Stats
from tern.errors import UserError

END = Stats(tokens=2, decode_tokens_per_s=9.5, finish_reason=FinishReason.END_OF_TURN)


@pytest.fixture
def store() -> Store:
    """One conversation with a branch."""
    store = Store.in_memory()
    session = Session(store, manner=Manner("Be brief.", {"sampling.temperature": 0.1}))
    session.ask("Why is *ternary* fast?")
    session.append("No multiplication.", END)
    session.ask("And exact?")
    session.append("Wrong.", END)
    session.regenerate(session.path[-1].id)
    session.append("Yes: \U0001f426 integers.", END)
    return store


def _shape(store: Store, conversation: int) -> list[object]:
    """A tree without its ids."""
    entries = store.entries(conversation)
    order = {entry.id: index for index, entry in enumerate(entries)}
    order_of = {None: None} | order
    return [
        (order_of[e.parent], e.role, e.content, e.state, e.stats, e.created) for e in entries
    ] + [order_of[store.leaf(conversation)]]  # fmt: skip


def test_json_loses_nothing(store: Store, tmp_path: Path) -> None:
    (summary,) = store.summaries()
    store.set_pinned(summary.id, True)
    path = tmp_path / "out.json"
    path.write_text(export(store, [summary.id], ExportFormat.JSON), encoding="utf-8")
    other = Store.in_memory()
    other.create("One that makes the ids differ")
    (number,) = import_file(other, path).ids
    assert _shape(other, number) == _shape(store, summary.id)
    assert other.manner(number) == store.manner(summary.id)
    assert other.summary(number).title == summary.title
    assert other.summary(number).pinned
    assert [hit.conversation.id for hit in other.search("integers")] == [number]


def test_markdown_and_text_show_the_branch_on_show(store: Store) -> None:
    (summary,) = store.summaries()
    markdown = export(store, [summary.id], ExportFormat.MARKDOWN)
    assert markdown.startswith("# Why is *ternary* fast?\n\n> Be brief.\n\n**You** (")
    assert "Yes: \U0001f426 integers." in markdown
    assert "Wrong." not in markdown
    text = export(store, [summary.id, summary.id], ExportFormat.TEXT)
    assert text.count("Tern, 20") == 4


def test_chatgpts_export_comes_in_with_its_branches(tmp_path: Path) -> None:
    def node(parent: str | None, children: list[str], role: str = "", *parts: object) -> dict[str, object]:
        message = {"author": {"role": role}, "create_time": 1.7e9, "content": {"parts": list(parts)}}
        return {"parent": parent, "children": children, "message": message if role else None}

    mapping = {
        "root": node(None, ["system"]),
        "system": node("root", ["q"], "system", ""),
        "q": node("system", ["a", "b"], "user", "A question", {"image": 1}),
        "a": node("q", [], "assistant", "One answer"),
        "b": node("q", ["tool"], "assistant", "Another answer"),
        "tool": node("b", ["c"], "tool", "noise"),
        "c": node("tool", [], "assistant", "and more"),
    }
    path = tmp_path / "conversations.json"
    empty = {"title": "Nothing", "mapping": {"root": node(None, [])}}
    item = {"title": "Theirs", "create_time": 1.6e9, "mapping": mapping, "current_node": "c"}
    path.write_text(json.dumps([item, empty]))
    store = Store.in_memory()
    (number,) = import_file(store, path).ids
    session = Session(store, number)
    assert [entry.content for entry in session.path] == ["A question", "Another answer", "and more"]
    assert [entry.content for entry in session.siblings(session.path[1])] == ["One answer", "Another answer"]
    assert store.summary(number).title == "Theirs"
    assert store.summary(number).updated == 1.7e9


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"[1]", b'{"format": "tern-conversations"}', b"\xff", b"[" * 5000, b"PK\x03\x04 no zip",
     b'{"format": "tern-conversations", "version": 2, "conversations": []}',
     b'{"conversations": 5}', b'[{"title": ""}]', b'"text"', b"# A heading", b'{"mapping"}'],
)  # fmt: skip
def test_a_file_that_is_no_export_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    store = Store.in_memory()
    with pytest.raises(UserError):
        import_file(store, path)
    assert store.summaries() == []


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="could not be read"):
        import_file(Store.in_memory(), tmp_path / "nowhere.json")


def test_json_keeps_attachments_and_the_model(tmp_path: Path) -> None:
    store = Store.in_memory()
    number = store.create("Files")
    notes = (
        Attachment("notes.txt", "Some ``` notes.\n", 16),
        Attachment("", "Pasted.", 7, AttachmentKind.PASTE),
    )
    question = Entry(1, None, "user", compose("Sum it up", notes), attachments=notes)
    reply = Entry(2, 1, "assistant", "Notes.", model="BitNet 2B4T")
    store.import_entries(number, [question, reply], 2)
    path = tmp_path / "out.json"
    path.write_text(export(store, [number], ExportFormat.JSON), encoding="utf-8")
    other = Store.in_memory()
    (copy,) = import_file(other, path).ids
    first, second = Session(other, copy).path
    assert (first.attachments, first.text, second.model) == (notes, "Sum it up", "BitNet 2B4T")
    broken = path.read_text(encoding="utf-8").replace('"length": 16', '"length": 15')
    path.write_text(broken, encoding="utf-8")
    report = import_file(Store.in_memory(), path)
    assert report.outcomes[0].left == {Left.ATTACHMENTS: 1}, "the text comes, only the chips do not"
    assert report.outcomes[0].messages == 2


# A file that others can read on


@pytest.mark.parametrize(
    ("cut", "end"),
    [
        ("```python\nprint(1)", "```"), ("```", "```"), ("```\n", "```"), ("````md\n```\ninner\n```", "````"),
        ("~~~~\nx\n~~~", "~~~~"), ("   ```\nx", "```"), ("Text\n\n```\na\n```\n\n```js\nb", "```"),
        ("```\n    ```", "```"), ("```\n``` no end", "```"), ("~~~ a`b\nx", "~~~"), ("```\r\nx\r\n", "```"),
        ("<!-- a remark\n\nthat", "-->"), ("<script>\nlet a;", "</script>"), ("<PRE>\n\nx", "</pre>"),
        ("<![CDATA[\nx", "]]>"),
        ("<?php\necho 1;", "?>"), ("<style>\n\np {}", "</style>"),
    ],
)  # fmt: skip
def test_what_was_cut_inside_a_fence_does_not_swallow_the_rest(cut: str, end: str) -> None:
    from markdown_it import MarkdownIt

    assert closed(cut) == f"{cut}\n{end}"
    assert closed(closed(cut)) == closed(cut), "once it is ended it is left alone"
    tokens = MarkdownIt("commonmark").parse(f"{closed(cut)}\n\n**You** (today)\n\nMore")
    assert [token.content for token in tokens if token.type == "inline"][-2:] == ["**You** (today)", "More"]


@pytest.mark.parametrize(
    "whole",
    [
        "", "plain", "```\nx\n```", "```\nx\n````  ", "~~~\nx\n~~~", "> ```\n> x", "- a\n\n  ```\n  x", "1. ```\n   x",
        "    ```\n    x",
        "`` ` ``", "```a`b", "<div>\n\nx", "<!-- a -->", "<b>x", "text <!-- x", "```\nx\n```\n\nmore", "<pre>x</pre>",
    ],
)  # fmt: skip
def test_what_ends_by_itself_is_left_as_it_is(whole: str) -> None:
    assert closed(whole) == whole


def test_the_markdown_of_a_cut_reply_ends_its_fence(tmp_path: Path) -> None:
    store = Store.in_memory()
    number = store.create("Code")
    texts: list[tuple[Role, str]] = [
        ("user", "~~~\nmy log"),
        ("assistant", "Here:\n\n```c\nint a;"),
        ("user", "Go on"),
    ]
    entries = [Entry(at + 1, at or None, role, text) for at, (role, text) in enumerate(texts)]
    store.import_entries(number, entries, 3)
    path = tmp_path / "x.md"
    write(store, [number, number], path, ExportFormat.MARKDOWN)
    text = path.read_text(encoding="utf-8")
    assert text == export(store, [number, number], ExportFormat.MARKDOWN)
    assert text.count("~~~\nmy log\n~~~\n\n**Tern**") == text.count("```c\nint a;\n```\n\n**You**") == 2


def test_a_large_export_is_written_a_conversation_at_a_time(tmp_path: Path) -> None:
    store = Store.in_memory()
    ids = []
    for number in range(5):
        ids.append(store.create(f"T{number}"))
        store.import_entries(ids[-1], [Entry(1, None, "user", "x" * 1000)], 1)
    sizes = [len(piece) for piece in pieces(store, ids, ExportFormat.JSON)]
    assert len(sizes) == 7
    assert max(sizes) < 2000
    path = tmp_path / "out.json"
    write(store, ids, path, ExportFormat.JSON)
    assert len(import_file(Store.in_memory(), path).ids) == 5
