"""Where the lines of a reply end on a terminal, whatever the pieces are in which it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tern.cli.columns import columns
from tern.cli.wrapping import Layout

pytestmark = pytest.mark.slow


def laid(text: str, width: int, step: int = 1) -> str:
    layout = Layout()
    pieces = (text[at : at + step] for at in range(0, len(text), step))
    return "".join(layout.feed(piece, width) for piece in pieces) + layout.release()


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the quick brown fox", "the quick\nbrown fox"),
        ("the quick \nbrown", "the quick\nbrown"),
        ("ten fills!! it", "ten\nfills!! it"),
        ("abcdefghij k", "abcdefghij\nk"),
        ("- one two three four", "- one two\n  three\n  four"),
        ("12. one two three", "12. one\ntwo three"),  # an indent that would leave too little room
        ("abcdefghijklmno pq", "abcdefghijklmno pq"),  # the terminal breaks the long one
        ("no abcdefghijklmno pq", "no\nabcdefghijklmno pq"),
        ("```py\nfor one in two three:\n```\nfive six seven", "```py\nfor one in two three:\n```\nfive six\nseven"),
        ("  ~~~\n  a b c d e f g h i j k\n  ~~~\n", "  ~~~\n  a b c d e f g h i j k\n  ~~~\n"),
        ("| a | table's row |\n", "| a | table's row |\n"),
        ("    code that is indented\n", "    code that is indented\n"),
        ("    - an item that is", "    - an\nitem that\nis"),
        ("白い鳥が海を渡る。", "白い鳥が海\nを渡る。"),
        ("白い鳥が渡。海", "白い鳥が\n渡。海"),  # no line begins with a full stop
        ("ab 白い鳥が「海」", "ab 白い鳥\nが「海」"),
        ("Tabs\tare\tkept", "Tabs\nare\nkept"),
        ("one\r\ntwo", "one\ntwo"),
        ("", ""),
    ],
)  # fmt: skip
def test_where_lines_end(text: str, said: str, step: int) -> None:
    assert laid(text, 10, step) == said


@given(
    st.lists(st.text("ab.- `|白。🐦\u0301\x1b", min_size=1, max_size=14), max_size=20),
    st.integers(2, 20),
    st.integers(1, 9),
)
def test_nothing_is_lost_whatever_comes(words: list[str], width: int, step: int) -> None:
    text = " ".join(words)
    assert "".join(laid(text, width, step).split()) == "".join(text.split())
    assert laid(text, width, step) == laid(text, width)


@given(st.lists(st.text("abc白", min_size=1, max_size=4), max_size=30), st.integers(8, 30))
def test_no_word_is_cut_and_no_line_too_wide(words: list[str], width: int) -> None:
    lines = laid(" ".join(words), width).split("\n")
    assert max(map(columns, lines)) <= width
    if not any("白" in word for word in words):
        assert " ".join(lines).split() == words


def test_a_word_is_held_back_until_it_is_whole_or_asked_for() -> None:
    layout = Layout()
    assert layout.feed("inter", 12) == ""
    assert layout.holds
    assert layout.feed("nal it", 12) == "internal"
    assert layout.release() == " it"
    assert not layout.holds
    assert layout.feed("self stays", 12) == "self"  # where the part of it is that was shown
    assert layout.release() == " stays"
    assert layout.feed(" more", 12) == ""
    assert layout.release() == "\nmore"


def test_a_wider_terminal_takes_more_at_once() -> None:
    layout = Layout()
    assert layout.feed("one two three ", 8) == "one two\nthree"
    assert layout.feed("four five six ", 40) == " four five six"
