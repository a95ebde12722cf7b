"""Writing into the document: a streamed reply must stand there exactly as one written at once."""

from __future__ import annotations

import random

import pytest
from PySide6.QtGui import QTextDocument, QTextFrame, QTextTable

from tern.ui.document import DocumentWriter
from tern.ui.formats import ASIDE, LANGUAGE, MARK, PADDING, QUOTE, RULE
from tern.ui.markdown import StreamParser, parse
from tern.ui.text_units import utf16_length
from tern.ui.theme import Theme

from .samples import EVERYTHING


def _writer(theme: Theme) -> tuple[QTextDocument, DocumentWriter]:
    document = QTextDocument()
    document.documentLayout()  # without one a document reports no changes
    document.setTextWidth(600)
    writer = DocumentWriter(document, theme)
    writer.clear()
    writer.add_user("A question", 500)
    return document, writer


def _blocks(document: QTextDocument) -> list[tuple[object, ...]]:
    """Everything visible about every block."""
    out = []
    block = document.begin()
    while block.isValid():
        fmt = block.blockFormat()
        pieces = []
        for fragment in block:
            char = fragment.fragment().charFormat()
            pieces.append((fragment.fragment().text(), char.font().key(), char.foreground().color().name()))
        margins = (fmt.topMargin(), fmt.bottomMargin(), fmt.leftMargin(), fmt.lineHeight())
        properties = {
            key: fmt.property(key) for key in (QUOTE, LANGUAGE, RULE, MARK, ASIDE) if fmt.hasProperty(key)
        }
        out.append((block.text(), margins, properties, pieces))
        block = block.next()
    return out


def _frames(frame: QTextFrame) -> list[object]:
    return [
        (type(child) is QTextTable, child.firstPosition(), child.lastPosition(), _frames(child))
        for child in frame.childFrames()
    ]


PIECES = [
    "word ", "**bold** ", "*it", "* ", "`code` ", "``` ", "\n", "\n\n", "```python\n", "def f(x):\n    return x\n",
    "```\n", "- item\n", "  - deep\n", "1. one\n", "> quote\n", "| a | b |\n", "|---|---|\n", "| 1 | 2 |\n",
    "# Head\n", "$x^2$ ", "$$\n\\frac{a}{b}\n$$\n", "\\(", "\\[ a \\]", "[link](http://x.y) ", "<b>html</b>",
    "![img](http://x/y.png)", "- [x] done\n", "~~gone~~ ", "---\n", "\U0001f426", "\u05e9\u05dc\u05d5\u05dd ",
    "\t", "    indented\n", "&amp; ", "\\*", "|", "~~~\n", "===\n", "\r\n", "\u200b", "<!-- c -->",
]  # fmt: skip


def _assert_streamed_as_whole(text: str, chance: random.Random, theme: Theme) -> None:
    whole, writer = _writer(theme)
    writer.update(writer.add_reply(), 0, parse(text))

    streamed, writer = _writer(theme)
    slot, parser, position = writer.add_reply(), StreamParser(), 0
    while position <= len(text):
        size = chance.choice([1, 3, 8, 50])
        last = position + size > len(text)
        index = parser.append(text[position : position + size], last)
        writer.update(slot, index, parser.blocks[index:])
        position += size
    assert streamed.toPlainText() == whole.toPlainText()
    assert _frames(streamed.rootFrame()) == _frames(whole.rootFrame())
    assert _blocks(streamed) == _blocks(whole)


@pytest.mark.parametrize("seed", range(25))
def test_streamed_and_written_at_once_are_the_same(seed: int, theme: Theme) -> None:
    _assert_streamed_as_whole(EVERYTHING, random.Random(seed), theme)


@pytest.mark.parametrize("seed", range(60))
def test_so_are_marks_in_any_order(seed: int, theme: Theme) -> None:
    chance = random.Random(seed)
    _assert_streamed_as_whole("".join(chance.choices(PIECES, k=chance.randint(3, 45))), chance, theme)


@pytest.mark.parametrize(
    "text",
    [
        "The mean is $$\n\\frac{a}{b}\n$$\nwhere $a$ is large.\n\nAnd so on.",
        "```python\n\n\n# Two empty lines first\n",
    ],
)
def test_and_what_once_was_not(text: str, theme: Theme) -> None:
    for seed in range(40):
        _assert_streamed_as_whole(text, random.Random(seed), theme)
    for cut in range(len(text)):
        parser = StreamParser()
        parser.append(text[:cut])
        parser.append(text[cut:], last=True)
        assert parser.blocks == parse(text)


def test_settled_text_is_never_written_again(theme: Theme) -> None:
    document, writer = _writer(theme)
    slot, parser = writer.add_reply(), StreamParser()

    def add(text: str) -> None:
        index = parser.append(text)
        writer.update(slot, index, parser.blocks[index:])

    add("# Settled\n\nThis **paragraph** stays.\n\n```\ncode\n```\n\nAnd this grows")
    before = document.toPlainText().index("And this grows")
    changes: list[tuple[int, int, int]] = []
    document.contentsChange.connect(lambda at, removed, added: changes.append((at, removed, added)))
    for word in ["", "word", "by", "word", "until", "it", "is", "done."]:
        add(" " + word)
    assert changes
    assert min(position for position, _, _ in changes) > before
    assert sum(removed for _, removed, _ in changes) <= 2 * len(changes)  # the document's own block end


def test_positions_count_as_the_document_counts(theme: Theme) -> None:
    _document, writer = _writer(theme)
    slot, parser = writer.add_reply(), StreamParser()
    for text in ("🐦🐦 ", "two **birds", "** 🐦", " fly 🐦"):
        index = parser.append(text)
        writer.update(slot, index, parser.blocks[index:])
    assert slot.start.block().text() == "🐦🐦 two birds 🐦 fly 🐦"
    assert utf16_length("🐦a") == 3


def test_the_bubble_is_as_wide_as_its_text_and_no_wider_than_four_fifths(theme: Theme) -> None:
    _document, writer = _writer(theme)
    short = writer.add_user("Hi", 500)
    long = writer.add_user("long " * 100, 500)
    assert short.start.blockFormat().leftMargin() > 400
    assert long.start.blockFormat().leftMargin() == pytest.approx(100 + PADDING)
    writer.fit_bubble(long, 400)
    assert long.start.blockFormat().leftMargin() == PADDING
