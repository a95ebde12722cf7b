"""A streamed reply ends as one read at once, whatever is in it and wherever it is cut, and its cost is linear."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tern.markup import markdown
from tern.markup.blocks import Block, BlockKind
from tern.markup.markdown import StreamParser, parse

pytestmark = pytest.mark.slow

BUILDING_BLOCKS = [
    "A paragraph.", "Two\nlines", "Text with [a link] and [another][one] and [one][].", "![picture][one]",
    "[one]: /first", "[a link]: <http://x.y/z> 'Title'", "[one]: /second", "[another]:\n/far\n\"its title\"",
    "[one]: /open\n\"a title that", "goes on\"", "[a link]:", "[one]", "> quoted [one]", "> [one]: /quoted",
    "> a\nlazy", "> - in\n> - a\n>\n> - quotation", "> ```\n> code", "> # Head\n>\n> [a link]", ">",
    "- a\n- b\n- c\n- [one]", "- a\n\n- b\n- c", "- a\n  - b\n    - c\n\n  d",
    "- [a link]\n- [x] task\n- [ ] [one]", "- [one]: /listed\n- b\n- c\n- d", "- ", "-\n\n  x",
    "1. a\n2. b\n3. c\n4. d", "7) a\n8) [one]\n9) c", "1. a\n\n   [another]: /x\n2. b\n3. c", "2",
    "+ a\n* b\n- c", "  indented two", "    code", "\tcode after a tab", "```\ncode [one]", "```",
    "~~~ruby\ndef x", "~~~", "```python\nprint()\n```", "```markdown\n# T\n```python\nx\n```\nmore\n```",
    "```md\n```bash\nx", "````\n```\n````", "````", "``` ` ```", "# Head", "## [one] ##", "Head\n===",
    "Head\n---", "---", "***", "===", "|a|b|\n|-|-|\n|1|[one]|", "|a|", "|-|", "| x | y |", "text\n|a|\n|-|",
    "*em* **strong** `code` ~~gone~~", "*never", "closed*", "`code", "over`", "a\\", "two spaces  ",
    "&amp; &#35; &x;", "<br>", "a<br>b", "<b>bold</b>", "<b>", "</b>", "<sub>1</sub>", "<div>\n\nx\n</div>",
    "<!-- c", "-->", "$x^2$", "$5 and $6", "$$\nx\n$$", "$$\nx", "$$", "$$ x $$ and words", "$$ y", "\\[ x \\]",
    "\\[\nx", "\\]", "\\[ x\n\\] words", "\\begin{align}\nx\n\\end{align}", "\\begin{align}", "costs $$ 5",
    "$$ \\text{some words", "}$$", "https://x.y/a_b.", "<https://x.y>", "**「太字」**です", "אבג", "🐦", "a\r\nb",
    "a\rb", "\r", "\r\n", "\t", " ", "\u2028", "\0",
]  # fmt: skip


def _pieces(text: str, chance: random.Random) -> Iterator[tuple[str, bool]]:
    position = 0
    while True:
        size = chance.choice([1, 1, 2, 3, 5, 20])
        last = position + size >= len(text)
        yield text[position : position + size], last
        if last:
            return
        position += size


def _streamed(text: str, chance: random.Random) -> list[Block]:
    """As it is shown in the end, by one who looks only at what is said to have changed."""
    parser = StreamParser()
    shown: list[Block] = []
    for piece, last in _pieces(text, chance):
        changed = parser.append(piece, last)
        shown[changed:] = parser.blocks[changed:]
        assert shown == parser.blocks, "a block changed before the first that was said to"
    return shown


@pytest.mark.parametrize("seed", range(30))
def test_any_blocks_in_any_pieces_are_read_as_at_once(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        text = chance.choice(["", "\n", "\n\n"]).join(chance.choices(BUILDING_BLOCKS, k=3))
        assert _streamed(text, chance) == parse(text), repr(text)


@pytest.mark.parametrize("seed", range(20))
def test_so_are_long_replies(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(5):
        text = "".join(
            block + chance.choice(["\n", "\n\n"]) for block in chance.choices(BUILDING_BLOCKS, k=40)
        )
        assert _streamed(text, chance) == parse(text), repr(text)


@pytest.mark.parametrize("block", BUILDING_BLOCKS)
def test_and_every_block_alone_wherever_it_is_cut(block: str) -> None:
    text = f"Before [one].\n\n{block}\nafter\n\n[one]: /url"
    for cut in range(len(text)):
        parser = StreamParser()
        parser.append(text[:cut])
        parser.append(text[cut:], last=True)
        assert parser.blocks == parse(text), repr(text)


@pytest.mark.parametrize(
    "text",
    [
        "[foo]\n\n]\n\n[foo]:f]: i",  # it looked like a definition for a while
        "[foo]\n\n[foo]: /url\n'a title\nthat ends' not",
        "[foo]\n\n[foo]: /url\n'a title\nthat ends'",
        "-\n-\n-\n#\n[o]:#",
        "-\n-\n-\n>>\n  >  > \n> [foo]:~~",
        "$$\n-\n`\n\n[k]:|",
        "Before\n$$\nx\n$$ and words",
        "Before\n\\[ x\n\\] and words\n\n# After",
        "one\rtwo\r\rthree\r\n\r\n- four\r- five",
    ],
)
def test_what_looks_like_something_else_for_a_while(text: str) -> None:
    for seed in range(60):
        assert _streamed(text, random.Random(seed)) == parse(text)


def _links(parser: StreamParser) -> list[str]:
    return [run.link for block in parser.blocks for run in block.runs if run.link]


def test_a_link_is_one_as_soon_as_its_definition_has_come() -> None:
    parser = StreamParser()
    parser.append("See [the paper] and [this][2].\n\n- first [2]\n- second\n- third\n- fourth\n\nMore.\n\n")
    assert _links(parser) == []
    parser.append("[the paper]: https://arxiv.org\n[2]: https://x.y\n\n")
    changed = parser.append("And so on.\n")
    assert _links(parser) == ["https://arxiv.org", "https://x.y", "https://x.y"]
    assert changed == 0, "what must be shown again"
    assert parser.append("It goes on.") >= 5, "and not again"


def test_a_definition_holds_for_all_that_follows() -> None:
    parser = StreamParser()
    for piece in ("[1]: https://x.y\n\n", "A paragraph.\n\n", "Another.\n\n", "See [1]."):
        parser.append(piece)
    assert _links(parser) == ["https://x.y"]


def test_the_first_definition_counts_even_if_it_comes_in_pieces() -> None:
    parser = StreamParser()
    for piece in "[1]\n\n> x\n>\n> [1]: /first\n\n[1]\n\n[1]: /second\n\nend":
        parser.append(piece)
    parser.append("", last=True)
    assert _links(parser) == ["/first", "/first"]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many characters were parsed, each time, as blocks and as lines of text."""
    lengths: list[int] = []
    for reader in (markdown._MARKDOWN, markdown._MARKDOWN.inline):

        def counted(source: str, *rest: Any, parse: Any = reader.parse) -> Any:
            lengths.append(len(source))
            return parse(source, *rest)

        monkeypatch.setattr(reader, "parse", counted)
    return lengths


UNITS = {
    "paragraphs": "The tern [flies][1] from $n$ ends of the **world** to the other, see https://x.y/z.\n\n",
    "a list": "- The tern flies from one end of the world to the other, and back [again][2].\n",
    "a loose list": "1. The tern flies from one end of the world\n\n   to the other, and back again.\n\n",
    "codes": "```python\nfor x in range(10):\n    print(x)\n```\n\n",
    "formulas": "So it is:\n\n$$\nx^2 + y^2 = z^2\n$$\n\nand \\(x\\) is large.\n\n",
    "definitions": "Look at [this{0}].\n\n[this{0}]: https://x.y/{0}\n\n",
    "quotations": "> The tern flies [far][3]\n> and wide.\n\n",
}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
def test_what_is_parsed_grows_with_the_reply_and_no_faster(unit: str, parsed: list[int]) -> None:
    costs = []
    for times in (40, 160):
        text = "".join(unit.format(number) for number in range(times)) + "\n[1]: /a\n[2]: /b\n[3]: /c\n"
        parsed.clear()
        parser = StreamParser()
        for at in range(0, len(text), 5):
            parser.append(text[at : at + 5])
        parser.append("", last=True)
        costs.append(sum(parsed) / len(text))
    assert costs[1] < costs[0] * 1.2, "characters parsed for each one of the reply"


def test_a_fence_within_a_fence_of_markdown_is_part_of_it() -> None:
    text = "```markdown\n# T\n```python\nx\n```\nmore\n```\nAfter"
    code, after = parse(text)
    assert (code.kind, code.language, code.text) == (
        BlockKind.CODE,
        "markdown",
        "# T\n```python\nx\n```\nmore",
    )
    assert "".join(run.text for run in after.runs) == "After"


@pytest.mark.parametrize(
    "text",
    [
        "```md\n```bash\nls\n```\n\n~~~\ntilde\n~~~\n\n```js\ny\n```\n```\nAfter",
        "````md\n```bash\nls\n```\n````\nAfter",
        "```\nREADME\n```bash\nls\n```\nend\n```\nAfter",
        "~~~markdown\n~~~ruby\nx\n~~~\n~~~\nAfter",
        "```markdown\n```markdown\n```c\nx\n```\n```\n```\nAfter",
        "> ```md\n> ```c\n> x\n> ```\n> ```\n\nAfter",
        "```md\n- item\n  ```c\n  x\n  ```\n```\nAfter",
    ],
)
def test_fences_within_fences(text: str) -> None:
    code, after = parse(text)
    assert code.kind is BlockKind.CODE
    assert (after.kind, "".join(run.text for run in after.runs)) == (BlockKind.PARAGRAPH, "After")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("```python\nx = 1\n```bash\nls\n```\nAfter", "code paragraph"),  # no Markdown: nothing opens in it
        ("```markdown\n```bash\nnpm i\n```\nThat is all.", "code paragraph"),  # one closing for both
        ("```\na\n```\ntext\n```python\nb\n```\nAfter", "code paragraph code paragraph"),
        ("```markdown\n``` `` x\n```\nAfter", "code paragraph"),  # no fence opens with a backtick behind it
        ("- ```md\n  ```c\n  x\n\nAfter", "code paragraph"),
    ],
)
def test_fences_that_are_not_all_closed_are_read_as_commonmark_says(text: str, kinds: str) -> None:
    assert " ".join(block.kind for block in parse(text)) == kinds


def test_what_follows_an_inner_fence_does_not_flicker_while_it_is_written() -> None:
    parser = StreamParser()
    for character in "```markdown\n# T\n```python\nx\n```\nmore\n":
        parser.append(character)
        assert [block.kind for block in parser.blocks] in ([], [BlockKind.CODE])
