"""GPT4All's chats: files written as its source writes them come in; anything else is one sentence."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from tern.chat import gpt4all
from tern.chat.attachments import Attachment
from tern.chat.importing import import_file
from tern.chat.session import Session
from tern.chat.store import Store
from tern.errors import UserError

pytestmark = pytest.mark.slow


def _text(text: str | None) -> bytes:
    if text is None:
        return b"\xff\xff\xff\xff"
    data = text.encode("utf-16-be")
    return struct.pack(">I", len(data)) + data


def _blob(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _item(
    version: int, label: str, value: str, files: tuple[tuple[str, bytes], ...] = (), parts: bytes = b""
) -> bytes:
    """As ChatItem::serialize writes it (and, below 12, as its deserialize expects it)."""
    out = struct.pack(">i", 7) if version < 12 else b""
    out += _text(label) + _text(value)
    out += _text("old") if version < 10 else b""
    out += _text(None) + bytes([0, 1, 0, 0])
    out += b"\0" if version >= 11 and label == "Response: " else b""
    if version >= 8:
        source = b"".join(map(_text, ("c", "/p", "f.pdf", "t", "a", "d", "context"))) + struct.pack(
            ">iii", 1, 2, 3
        )
        out += struct.pack(">q", 1) + source
    elif version >= 3:
        out += _text("1. In f. ") + struct.pack(">I", 1) + _text("context")
    if version >= 10:
        out += struct.pack(">q", len(files)) + b"".join(
            _blob(url.encode()) + _blob(data) for url, data in files
        )
    if version >= 12:
        out += parts or struct.pack(">q", 0)
    return out


def _chat(version: int, items: list[bytes], has_state: bool = False) -> bytes:
    out = struct.pack(">Iiq", gpt4all.MAGIC, version, 1_700_000_000)
    out += _text("an-id") + _text("Ternary weights 🐦") + _text(None) + _text("model.gguf")
    out += struct.pack(">I", 1) + _text("papers") if version >= 3 else b""
    if version < 11:
        out += bytes([has_state]) if version >= 6 else b""
        out += struct.pack(">ii", 1, 0) if version >= 2 else b""
        out += _text("r") + _text("n") + struct.pack(">I", 12)
        if has_state or version < 6:
            out += struct.pack(">I", 0) if version < 4 else b""
            out += struct.pack(">I", 2) + (struct.pack(">I", 2048) if version >= 7 else b"")
            out += struct.pack(">Q", 2) + bytes(8) if version < 9 else b""
            out += struct.pack(">Q", 3) + bytes(12) + _blob(b"the cache")
    return out + struct.pack(">i", len(items)) + b"".join(items)


def _part(label: str, value: str, extra: bytes = b"") -> bytes:
    return _text(label) + _text(value) + extra + struct.pack(">q", 0)


def _whole(version: int = 12, has_state: bool = False) -> bytes:
    files = (("file:///home/a/my%20notes.txt", b"Some notes."), ("file:///t.xlsx", b"PK\x03\x04\0\xff"))
    return _chat(
        version,
        [
            _item(version, "System: ", "Be brief."),
            _item(version, "Prompt: ", "What is a ternary weight?", files if version >= 10 else ()),
            _item(version, "Response: ", "One of three values."),
            _item(version, "Prompt: ", "Which?"),
            _item(version, "Response: ", "−1, 0 and +1."),
        ],
        has_state,
    )


@pytest.mark.parametrize("version", range(1, 13))
@pytest.mark.parametrize("has_state", [False, True])
def test_every_version_comes_in(version: int, has_state: bool, tmp_path: Path) -> None:
    path = tmp_path / "gpt4all-an-id.chat"
    path.write_bytes(_whole(version, has_state))
    store = Store.in_memory()
    (number,) = import_file(store, path).ids
    assert store.summary(number).title == "Ternary weights 🐦"
    path_ = Session(store, number).path
    assert [(e.role, e.text) for e in path_] == [
        ("user", "What is a ternary weight?"), ("assistant", "One of three values."),
        ("user", "Which?"), ("assistant", "−1, 0 and +1."),
    ]  # fmt: skip
    assert path_[0].created == 1_700_000_000
    expected = (Attachment("my notes.txt", "Some notes.", 11),) if version >= 10 else ()
    assert path_[0].attachments == expected
    assert [hit.conversation.id for hit in store.search("ternary")] == [number]


def test_of_a_reply_with_tools_and_thoughts_what_was_said_is_kept() -> None:
    parameter = _text("code") + struct.pack(">iI", 0, 10) + b"\0" + _text("print(1)")
    number = _text("n") + struct.pack(">iI", 1, 6) + b"\0" + struct.pack(">d", 1.5)
    call = _text("javascript_interpret") + struct.pack(">q", 2) + parameter + number
    call += _text("1") + struct.pack(">i", 0) + _text(None)
    parts = [
        _part("Think: ", "Hm.", struct.pack(">i", 900)), _part("Text: ", "Let me see. "), _part("ToolCall: ", "", call),
        _part("ToolResponse: ", "1"), _part("Text: ", "It is 1."),
    ]  # fmt: skip
    reply = _item(12, "Response: ", "", parts=struct.pack(">q", len(parts)) + b"".join(parts))
    (_, said) = gpt4all.read(_chat(12, [_item(12, "Prompt: ", "Run it"), reply])).said
    assert said.text == "Let me see. It is 1."


def test_a_file_that_is_cut_short_anywhere_is_one_sentence(tmp_path: Path) -> None:
    whole, store = _whole(), Store.in_memory()
    path = tmp_path / "gpt4all-cut.chat"
    for length in range(len(whole)):
        with pytest.raises(ValueError, match=r"\w"):
            gpt4all.read(whole[:length])
    for data in (whole[:100], whole[:-1], whole + b"\0", whole[:4] + b"\0\0\0\x0d" + whole[8:]):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"gpt4all-cut\.chat is a chat of GPT4All's"):
            import_file(store, path)
    assert store.summaries() == []


def test_no_file_makes_the_reader_do_anything_else_than_refuse_or_read() -> None:
    chance, whole = random.Random(5), _whole()
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(4, len(data))] = chance.choice(
                [0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)]
            )
        try:
            chat = gpt4all.read(bytes(data))
        except ValueError:
            continue
        assert sum(len(said.text) for said in chat.said) < len(data)
