"""Formulas in replies: readable, in every way of marking them, whole or while they are written; money stays money."""

from __future__ import annotations

import random

import pytest

from tern.markup.blocks import Block, BlockKind, Style
from tern.markup.latex import readable
from tern.markup.markdown import StreamParser, parse


def _said(tex: str) -> str | None:
    """The formula with ^ and _ for what is raised and lowered by its look."""
    runs = readable(tex)
    if runs is None:
        return None
    marks = {Style.SUPER: "^", Style.SUB: "_"}
    return "".join("".join(marks.get(style, "") for style in run.styles) + run.text for run in runs)


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"x^2 + y_1 = \frac{a+b}{2c}", "x² + y₁ = (a + b)/(2c)"),
        (r"w_i x_i", "w_ix_i"),
        (r"-5\times-3 \le +2", "−5 × −3 ≤ +2"),
        (r"\alpha\,\beta \in \mathbb{R}", "α\u2009β ∈ ℝ"),
        (r"\sqrt[3]{x+1} \cdot \sqrt{\pi}/2", "∛(x + 1) ⋅ √π/2"),
        (r"f(x) = \begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{else} \end{cases}",
         "f(x) = { 1  if x > 0;  0  else"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "(a  b; c  d)"),
        ("\\begin{aligned} a &= b \\\\ &= c \\end{aligned}", "a = b\u2028= c"),
        (r"\left\{ \hat{y} \right\} \not= 90^\circ, 10\%", "{ŷ} ≠ 90°, 10%"),
        (r"x^{y^{z}} + f'(x)", "x^y^z + f′(x)"),
        (r"e^{i\pi}", "e^iπ"),
        (r"\sin^2 x + \log_2 8", "sin² x + log₂ 8"),
    ],
)  # fmt: skip
def test_formulas_can_be_read(tex: str, text: str) -> None:
    assert _said(tex) == text


@pytest.mark.parametrize("tex", [r"\unknowncommand{x}", r"\frac{1}", "{", "}", r"\begin{tikzpicture}x\end{tikzpicture}",
                                 r"\left", "{" * 300 + "}" * 300, ""])  # fmt: skip
def test_what_is_not_understood_is_not_guessed_at(tex: str) -> None:
    assert readable(tex) is None


def test_nothing_makes_the_reader_fail() -> None:
    chance = random.Random(3)
    bits = [r"\frac", "{", "}", "^", "_", "x", "2", r"\\", "&", r"\begin{cases}", r"\end{cases}", r"\left", "(", " ",
            r"\text", r"\sqrt", "[", "]", r"\hat", "'", r"\mathbb", "é", "🐦"]  # fmt: skip
    for _ in range(3000):
        readable("".join(chance.choices(bits, k=chance.randint(1, 12))))


def _text(block: Block) -> str:
    return "".join(run.text for run in block.runs)


@pytest.mark.parametrize(
    "text",
    ["It costs $5 and $10.", "From $5-$10 a day", "$5 or 4$ more", "echo $HOME:$PATH", "US$ 5, A$6 and 7$", "a $ b $ c",
     r"\$5 and \$6", "$20,000 to $30,000"],
)  # fmt: skip
def test_money_stays_money(text: str) -> None:
    (block,) = parse(text)
    assert _text(block) == text.replace("\\", "")
    assert all(not run.styles for run in block.runs)


@pytest.mark.parametrize("source", ["$x^2$", "$$x^2$$", r"\(x^2\)", r"\[x^2\]"])
def test_every_mark_is_known_within_a_line(source: str) -> None:
    (block,) = parse(f"so {source} it is")
    assert _text(block) == "so x² it is"
    assert block.runs[1].styles == {Style.EMPHASIS}
    (code,) = parse(f"so `{source}` it is")
    assert _text(code) == f"so {source} it is"


@pytest.mark.parametrize("source", ["$$\nx^2\n$$", "$$x^2$$", "\\[\n x^2 \n\\]", r"\[x^2\]"])
def test_a_formula_on_lines_of_its_own_is_a_block(source: str) -> None:
    before, formula, after = parse(f"Before:\n{source}\nAfter.")
    assert (formula.kind, _text(formula)) == (BlockKind.MATH, "x²")
    assert (_text(before), _text(after)) == ("Before:", "After.")


def test_unknown_formulas_are_shown_as_written() -> None:
    (block,) = parse(r"as \(\odd{x}\) here")
    assert [(run.text, run.styles) for run in block.runs][1] == (r"\(\odd{x}\)", {Style.CODE})
    (block,) = parse("\\[\n\\odd{x}\n\\]")
    assert (block.kind, block.language, block.text) == (BlockKind.CODE, "latex", r"\odd{x}")
    (block,) = parse("\\[\nx = 1")
    assert _text(block) == "\\[x = 1", "cut off"


STREAMED = r"""The sum \(s = \sum_i w_i\) of $n$ weights, for $5 or $10:

\[
s = a
- b
+ \frac{1}{2}
\]

and also
$$ x^2 $$
then:

$$
never closed
- a list

1. one $y_1$
2. two

   \[ z = 2 \]

\begin{align}
a &= b \\
  &= c
\end{align}

That is all, \[ almost
"""


@pytest.mark.parametrize("seed", range(30))
def test_a_formula_that_is_written_ends_as_one_read_at_once(seed: int) -> None:
    parser, chance, position = StreamParser(), random.Random(seed), 0
    shown: list[Block] = []
    while position < len(STREAMED):
        size = chance.choice([1, 2, 5, 20])
        last = position + size >= len(STREAMED)
        index = parser.append(STREAMED[position : position + size], last)
        shown[index:] = parser.blocks[index:]
        assert shown == parser.blocks
        position += size
    assert shown == parse(STREAMED)
    assert [_text(block) for block in shown if block.kind is BlockKind.MATH] == [
        "s = a − b + 1/2", "x²", "z = 2", "a = b\u2028= c",
    ]  # fmt: skip
