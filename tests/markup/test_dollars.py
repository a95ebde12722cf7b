"""What between dollars is a formula, and what is money, shell, PHP or a template: a corpus of both.

In ``tests/data/dollars.txt`` a formula stands between ⟦ and ⟧; everything else must stay as it was written.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tern.markup.blocks import Block
from tern.markup.markdown import StreamParser, parse

pytestmark = pytest.mark.slow

CORPUS = Path(__file__).parents[1] / "data" / "dollars.txt"
CASES = [
    line.replace("⏎", "\n")
    for line in CORPUS.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("# ")
]
_MARKS = re.compile(r"(\$\$|\$|\\\(|\\\[)(.*?)(\$\$|\$|\\\)|\\\])\Z", re.DOTALL)


def _formulas(text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read as a formula in ``text``: what is asked to be made readable."""
    asked: list[str] = []
    monkeypatch.setattr("tern.markup.markdown.readable", lambda tex: asked.append(tex.strip()))
    parse(text)
    return asked


def test_the_corpus_has_enough_of_both() -> None:
    assert len(CASES) > 300
    assert sum("⟦" in case for case in CASES) > 100
    assert sum("⟦" not in case for case in CASES) > 200


@pytest.mark.parametrize("case", CASES)
def test_only_what_is_surely_a_formula_is_one(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = []
    for formula in re.findall("⟦(.*?)⟧", case, re.DOTALL):
        marks = _MARKS.match(formula)
        assert marks is not None
        expected.append(marks[2].strip())
    assert _formulas(re.sub("[⟦⟧]", "", case), monkeypatch) == expected


def _text(blocks: list[Block]) -> str:
    return "\n".join("".join(run.text for run in block.runs) for block in blocks)


@pytest.mark.parametrize("case", [case for case in CASES if "⟦" not in case and "](" not in case])
def test_what_is_none_keeps_its_dollars(case: str) -> None:
    blocks = parse(case)
    if all(block.runs for block in blocks):
        assert _text(blocks).count("$") == case.count("$")


@pytest.mark.parametrize("case", CASES)
def test_a_streamed_reply_decides_as_a_whole_one(case: str) -> None:
    text = f"Before.\n\n{re.sub('[⟦⟧]', '', case)}\n\nAfter."
    parser = StreamParser()
    for character in text:
        parser.append(character)
    parser.append("", last=True)
    assert parser.blocks == parse(text)
