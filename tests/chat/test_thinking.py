"""What a model thinks is told from what it answers, whole and in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tern.chat.thinking import TAGS, Splitter, What, answer, answer_or_all, split


def _parts(reply: str) -> list[tuple[bool, str]]:
    return [(part.thought, part.text) for part in split(reply)]


@pytest.mark.parametrize(
    ("reply", "thoughts", "answered"),
    [
        ("<think>hm</think>Hi", ["hm"], "Hi"),
        ("<think>\nhm\n\nwell\n</think>\n\nHi\n", ["\nhm\n\nwell\n"], "Hi"),
        ("\n <think>hm</think> Hi", ["hm"], " Hi"),
        ("<thinking>hm</thinking>Hi", ["hm"], "Hi"),
        ("[THINK]hm[/THINK]Hi", ["hm"], "Hi"),
        ("◁think▷hm◁/think▷Hi", ["hm"], "Hi"),
        ("hm, well\n</think>\n\nHi", ["hm, well\n"], "Hi"),  # the template opened it
        ("</think>\nHi", [], "Hi"),
        ("<think>\n\n</think>\n\nHi", [], "Hi"),  # a model that was told not to
        ("<think>never closed, and stopped", ["never closed, and stopped"], ""),
        ("<think>a</think>One.\n<think>b</think>Two.", ["a", "b"], "One.\n\nTwo."),
        ("One.\n\n<think>\nb\n</think>\nTwo.", ["\nb\n"], "One.\n\nTwo."),
        ("<think>a</think><think>b</think>Hi", ["a", "b"], "Hi"),
        ("<think>```\ncode that is not closed\n</think>Hi", ["```\ncode that is not closed\n"], "Hi"),
        ("<think>of <think> and </thinking></think>Hi", ["of <think> and </thinking>"], "Hi"),
        (
            "<think>hm</think>\n```html\n<think>x</think>\n```\nSo.",
            ["hm"],
            "```html\n<think>x</think>\n```\nSo.",
        ),
    ],
)
def test_thought_and_answer(reply: str, thoughts: list[str], answered: str) -> None:
    assert [text for thought, text in _parts(reply) if thought] == thoughts
    assert answer(reply) == answered
    assert answer_or_all(reply) == (answered or reply)


@pytest.mark.parametrize(
    "reply",
    [
        "Hi",
        "",
        "The tag `<think>` opens, `</think>` closes.",
        "Write <think> and </think> around it.",
        "<think",
        "<thinker>no</thinker>",
        "```\n<think>x</think>\n```",
        "Look:\n\n~~~xml\n<think>\n```\n</think>\n~~~\n\nSo.",
        "````\n```\n<think>\nx\n````",
        "    <think>indented code</think>",
        "Models of this kind write this:\n\n<think> is where they begin, and it goes on.",
        "```\nnever closed\n<think>\n</think>\n",
    ],
)
def test_what_is_no_thought_stays_as_it_is(reply: str) -> None:
    assert answer(reply) == reply
    assert not any(thought for thought, _ in _parts(reply))


words = st.sampled_from(
    [
        *TAGS,
        *TAGS.values(),
        "\n",
        "\n\n",
        " ",
        "    ",
        "`",
        "```",
        "~~~",
        "```py",
        "<",
        "</",
        "[",
        "a",
        "Hi ",
        "think>",
    ]
)


@given(st.lists(words, max_size=14).map("".join), st.lists(st.integers(1, 5), max_size=30))
def test_however_it_arrives_it_is_read_alike(reply: str, sizes: list[int]) -> None:
    splitter, events, at = Splitter(), [], 0
    for size in [*sizes, len(reply)]:
        events += splitter.feed(reply[at : at + size])
        at += size
    events += splitter.end()
    whole = Splitter()
    assert _merged(events) == _merged([*whole.feed(reply), *whole.end()])


def _merged(events: list[tuple[What, str]]) -> list[tuple[What, str]]:
    out: list[tuple[What, str]] = []
    for what, text in events:
        if out and what is What.TEXT and out[-1][0] is What.TEXT:
            out[-1] = what, out[-1][1] + text
        else:
            out.append((what, text))
    return out


def test_nothing_is_held_that_is_sure() -> None:
    splitter = Splitter()
    assert splitter.feed("<thi") == []
    assert splitter.feed("nk>some th") == [(What.THOUGHT, ""), (What.TEXT, "some th")]
    assert splitter.feed("ought</thi") == [(What.TEXT, "ought")]
    assert splitter.feed("s and</think>H") == [
        (What.TEXT, "</this and"), (What.ANSWER, ""), (What.TEXT, "H"),
    ]  # fmt: skip


def test_the_work_is_that_of_the_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters read again are those that were held, a tag's length at most."""
    splitter, read = Splitter(), []
    real = Splitter._read
    monkeypatch.setattr(
        Splitter, "_read", lambda self, text, last: (read.append(len(text)), real(self, text, last))[1]
    )
    reply = "<think>" + "thought " * 5000 + "\n</think>\n" + "A line of the answer. < [\n" * 2000
    for at in range(0, len(reply), 7):
        splitter.feed(reply[at : at + 7])
    assert sum(read) < 3 * len(reply)
