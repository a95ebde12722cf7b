"""Thoughts in a reply: folded, opened, and not copied."""

from __future__ import annotations

from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tern.chat.export import ExportFormat as FileKind
from tern.chat.export import export
from tern.engine.fake_engine import FakeEngine
from tern.markup.blocks import Block, BlockKind
from tern.markup.markdown import StreamParser, parse
from tern.ui.shared.announcer import Announcer
from tern.ui.transcript.thought_folding import FoldingReader

from ..composing import CONTROL, SHIFT, exchange, idle, say, shown_text
from ..conftest import WindowMaker

REPLY = "<think>\nThey ask for *birds*.\n\n- gulls\n- terns\n</think>\n\nTerns, **surely**."


class _ReadAnew:
    """Reads all of it each time: what is tested is the folding."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._source = ""

    def append(self, piece: str, last: bool = False) -> int:
        self._source += piece
        before, self.blocks = self.blocks, parse(self._source)
        pairs = zip_longest(before, self.blocks)
        return next((n for n, (old, new) in enumerate(pairs) if old != new), len(before))


def _read(reply: str, turned: frozenset[int] = frozenset(), sizes: tuple[int, ...] = ()) -> list[Block]:
    reader, at = FoldingReader(_ReadAnew, 7, turned), 0
    mirror: list[Block] = []
    for size in sizes:
        start = reader.append(reply[at : at + size])
        mirror[start:] = reader.blocks[start:]
        assert mirror == reader.blocks, "what it says changed is all that did"
        at += size
    start = reader.append(reply[at:], last=True)
    mirror[start:] = reader.blocks[start:]
    assert mirror == reader.blocks
    return reader.blocks


def _texts(blocks: list[Block]) -> list[str]:
    return ["".join(run.text for run in block.runs) for block in blocks]


def test_a_thought_is_a_line_that_opens_it() -> None:
    folded = _read(REPLY)
    assert _texts(folded) == ["▸ Thought for a moment", "Terns, surely."]
    assert (folded[0].kind, folded[0].runs[0].link) == (BlockKind.LABEL, "tern-thought:7/0")
    opened = _read(REPLY, frozenset({0}))
    assert _texts(opened) == [
        "▾ Thought for a moment",
        "They ask for birds.",
        "gulls",
        "terns",
        "Terns, surely.",
    ]
    assert [block.quote for block in opened] == [0, 1, 1, 1, 0]
    assert _texts(_read("<think>a</think>One.\n\n<think>b</think>Two.", frozenset({1}))) == [
        "▸ Thought for a moment", "One.", "▾ Thought for a moment", "b", "Two.",
    ]  # fmt: skip


def test_a_reply_without_thoughts_is_read_as_ever() -> None:
    for reply in ("", "Hi", "# A\n\n- b\n- c\n\n```\n<think>\n```\n", "<think>\n\n</think>\n\nHi"):
        assert _read(reply) == parse(reply.removeprefix("<think>\n\n</think>"))


def test_a_reply_that_came_to_no_answer_is_not_folded_away() -> None:
    assert _texts(_read("<think>never\n\nclosed")) == ["▾ Thought for a moment", "never", "closed"]
    assert _texts(_read("<think>never closed", frozenset({0}))) == ["▸ Thought for a moment"]


def test_while_it_streams() -> None:
    reader = FoldingReader(StreamParser)
    reader.append("<thi")
    assert reader.blocks == []
    reader.append("nk>\nhm")
    assert _texts(reader.blocks) == ["▸ Thinking…"]
    reader.append(" well</think>\n")
    assert _texts(reader.blocks) == ["▸ Thought for a moment"]
    reader.append("Hi")
    assert _texts(reader.blocks) == ["▸ Thought for a moment", "Hi"]
    opened_by_the_template = FoldingReader(StreamParser)
    opened_by_the_template.append("hm\n\nwell\n")
    assert _texts(opened_by_the_template.blocks) == ["hm", "well"]
    opened_by_the_template.append("</think>\nHi")
    assert _texts(opened_by_the_template.blocks) == ["▸ Thought for a moment", "Hi"]


pieces = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<thinking>",
        "\n",
        "\n\n",
        "```\n",
        "- a\n",
        "1. b\n",
        "# h\n",
        "> q\n",
        "word ",
        "*it*",
        "|a|\n",
    ]
)


@given(
    st.lists(pieces, max_size=16).map("".join),
    st.lists(st.integers(1, 9), max_size=20).map(tuple),
    st.frozensets(st.integers(0, 2)),
)
def test_streamed_and_whole_are_alike(reply: str, sizes: tuple[int, ...], turned: frozenset[int]) -> None:
    assert _read(reply, turned, sizes) == _read(reply, turned)


def test_a_thinking_model_in_the_window(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine([REPLY, "Two."])
    window = make_window(engine)
    exchange(qtbot, window, "Which birds?")
    assert "They ask" not in shown_text(window)
    assert "Terns, surely." in shown_text(window)
    window.activateWindow()
    transcript = window.transcript
    transcript.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(transcript, Qt.Key.Key_Tab)  # to the first link
    QTest.keyClick(transcript, Qt.Key.Key_Return)
    assert "They ask for birds." in shown_text(window)
    place = transcript.cursorRect(transcript.document().find("Thought for")).center()
    QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert "They ask" not in shown_text(window)
    transcript.selectAll()
    transcript.copy()
    assert QGuiApplication.clipboard().text() == "Which birds?\nTerns, surely."
    QTest.keyClick(window.composer.editor, Qt.Key.Key_C, CONTROL | SHIFT)
    assert QGuiApplication.clipboard().text() == "Terns, **surely**."
    exchange(qtbot, window, "And now?")
    told = [message.content for message in engine.requests[1].messages]
    assert told == ["Which birds?", "Terns, **surely**.", "And now?"]
    number = window.session.conversation
    assert window.store.entries(number)[1].content == REPLY, "it is kept"
    assert "They ask" in export(window.store, [number], FileKind.JSON)
    for kind in (FileKind.MARKDOWN, FileKind.TEXT):
        assert "They ask" not in export(window.store, [number], kind)
    qtbot.waitUntil(lambda: window.composer.meter.text().startswith(f"{1 + 3 + 3 + 3 + 2 + 1} /"))


def test_while_it_thinks_the_window_says_so(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(FakeEngine(["<think>" + "hm " * 300 + "</think>Hi"], token_seconds=0.005))
    say(window, "Go")
    qtbot.waitUntil(lambda: "Thinking…" in shown_text(window))
    window.chat.stop()
    qtbot.waitUntil(lambda: idle(window))
    assert "▾ Thought for a moment" in shown_text(window), "it came to no answer"
    assert window.session.messages()[-1].content == "Go"


def test_thoughts_are_not_read_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(Announcer, "say", lambda self, text: said.append(text.strip()))
    announcer = Announcer(None)  # type: ignore[arg-type]
    for piece in ("<think>They ask. ", "Hm.\n</th", "ink>\nTerns. ", "Surely"):
        announcer.add(piece)
    announcer.finish()
    announcer.add("Next. ")
    assert [one for one in said if one] == ["Terns.", "Surely", "Next."]
