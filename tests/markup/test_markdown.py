"""Reading Markdown, whole and while it is written: both must come to the same."""

from __future__ import annotations

import random

import pytest

from tern.markup.blocks import Block, BlockKind, ListItem, Run, Style
from tern.markup.markdown import StreamParser, parse
from ui.samples import EVERYTHING


def test_text_keeps_its_looks() -> None:
    (block,) = parse("A **b** *c* `d` ~~e~~ [f](https://g.h)")
    assert [(run.text, run.styles, run.link) for run in block.runs if run.text.strip()] == [
        ("A ", frozenset(), ""),
        ("b", {Style.STRONG}, ""),
        ("c", {Style.EMPHASIS}, ""),
        ("d", {Style.CODE}, ""),
        ("e", {Style.STRUCK}, ""),
        ("f", frozenset(), "https://g.h"),
    ]


def test_lists_know_their_marks_and_depth() -> None:
    blocks = parse("3. a\n4. b\n   - c\n\n- [x] d\n- [ ] e\n-\n")
    assert [(block.indent, block.item) for block in blocks] == [
        (1, ListItem(3, True)),
        (1, ListItem(4, False)),
        (2, ListItem(None, True)),
        (1, ListItem(None, True, task=True)),
        (1, ListItem(None, False, task=False)),
        (1, ListItem(None, False)),
    ]


def test_code_and_tables_keep_their_content() -> None:
    code, table = parse("```python x\n a\n\n b\n```\n\n|a|b|\n|-|-:|\n|1|`2`|\n|3|\n")
    assert (code.kind, code.language, code.text) == (BlockKind.CODE, "python", " a\n\n b")
    assert (table.kind, table.aligns) == (BlockKind.TABLE, ("", "right"))
    assert table.rows[1] == ((Run("1"),), (Run("2", frozenset({Style.CODE})),))
    assert [len(row) for row in table.rows] == [2, 2, 2]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<b class="x">y</b>',
        "<b>never closed",
        "</b>x<b>",
        "<bravo>",
        "<!-- c --> <p>",
    ],
)
def test_other_html_is_only_text(text: str) -> None:
    (block,) = parse(text)
    assert "".join(run.text for run in block.runs) == text


def test_structure_characters_of_a_text_document_are_made_harmless() -> None:
    (block,) = parse("a\ufdd0b\ufdd1c\0d")
    assert block.runs == (Run("a\ufffdb\ufffdc\ufffdd"),)


def test_a_line_break_stays_one() -> None:
    (block,) = parse("An old silent pond\nA frog jumps in")
    assert block.runs == (Run("An old silent pond\u2028A frog jumps in"),)


@pytest.mark.parametrize("seed", range(60))
def test_streaming_in_any_pieces_reads_the_same(seed: int) -> None:
    chance = random.Random(seed)
    parser, position = StreamParser(), 0
    shown: list[Block] = []
    while position < len(EVERYTHING):
        size = chance.choice([1, 2, 3, 7, 40])
        changed = parser.append(EVERYTHING[position : position + size])
        position += size
        assert parser.blocks[:changed] == shown[:changed], "a settled block changed"
        shown = list(parser.blocks)
    parser.append("", last=True)
    assert parser.blocks == parse(EVERYTHING)


def test_only_the_open_block_is_parsed_again() -> None:
    parser = StreamParser()
    for number in range(50):
        parser.append(f"Paragraph {number}.\n\n")
    assert parser.append("The last one") >= 48


def test_a_line_that_may_become_a_list_does_not_flicker_as_a_heading() -> None:
    parser = StreamParser()
    for character in "Two things:\n- one":
        parser.append(character)
        assert all(block.kind is BlockKind.PARAGRAPH for block in parser.blocks)


LISTS = """Before:

1. one
2. two

   with more
3. three
4. four
   - deep
   - deeper

     and deepest
5. five

6. six
lazy
7. seven

- tight
- also
- and
- so
- on

* another

  1) mixed

* list

> - quoted
> - list
> - three
> - four

After.
"""


@pytest.mark.parametrize("seed", range(20))
def test_a_streamed_list_ends_as_it_would_have_been_read_at_once(seed: int) -> None:
    parser, chance, position = StreamParser(), random.Random(seed), 0
    shown: list[Block] = []
    while position < len(LISTS):
        size = chance.choice([1, 2, 5, 20])
        last = position + size >= len(LISTS)
        index = parser.append(LISTS[position : position + size], last)
        shown[index:] = parser.blocks[index:]
        assert shown == parser.blocks, "what came before the first changed block did not change"
        position += size
    assert shown == parse(LISTS)


def test_the_items_of_a_list_settle_one_by_one_and_keep_their_numbers() -> None:
    parser = StreamParser()
    opened = []
    for number in range(1, 200):
        parser.append(f"{number}. item number {number}\n")
        opened.append(len(parser._open))
        numbers = [block.item.number for block in parser.blocks if block.item is not None]
        assert numbers == list(range(1, number + 1))
    assert max(opened) < 100, "what has to be read again does not grow with the list"
