"""Writing into the document: a streamed reply must stand there exactly as one written at once."""

from __future__ import annotations

import random

import pytest
from PySide6.QtGui import QTextCursor, QTextDocument, QTextFrame, QTextTable

from tern.markup.markdown import StreamParser, parse
from tern.markup.utf16 import utf16_length
from tern.ui.style.theme import Theme
from tern.ui.transcript.clipboard import selected_text
from tern.ui.transcript.document import DocumentWriter
from tern.ui.transcript.formats import ASIDE, LANGUAGE, MARK, PADDING, QUOTE, RULE

from ..samples import EVERYTHING

pytestmark = pytest.mark.slow


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
    "[one] ", "[one]: /url\n", "[two][one] ", "[one]: </other> \"t\"\n\n", "\r", "<br>", "<b>b</b> ", "https://x.y/z ",
    "```md\n", "$$ x $$ y ", "**「x」**y ", "| \u05d0 | [one] |\n", "<mark>m</mark>",
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


def test_a_link_that_is_defined_late_changes_its_own_words_only(theme: Theme) -> None:
    document, writer = _writer(theme)
    slot, parser = writer.add_reply(), StreamParser()

    def add(text: str, last: bool = False) -> None:
        index = parser.append(text, last)
        writer.update(slot, index, parser.blocks[index:])

    add(
        "See 🐦 [the paper][1] and [more].\n\n- an item on [1]\n\n```\ncode\n```\n\n|a|\n|-|\n|b|\n\nThe end, "
    )
    end = document.find("The end")
    cell = document.find("b", document.find("code"))
    add("read on.\n\n[1]: https://x.y\n\n[more]: https://m.n\n\nReally.", last=True)
    assert (end.selectedText(), cell.selectedText()) == ("The end", "b"), "what stands below was left alone"
    assert document.toPlainText().startswith("\nA question\nSee 🐦 the paper and more.\nan item on 1\ncode\n")
    again, writer = _writer(theme)
    writer.update(writer.add_reply(), 0, parser.blocks)
    assert _blocks(document) == _blocks(again)


def _right(document: QTextDocument, word: str) -> float:
    """The right edge of the line that a word stands in."""
    block = document.find(word).block()
    line = block.layout().lineAt(0)
    edge = max(line.cursorToX(0)[0], line.cursorToX(block.length() - 1)[0])
    return document.documentLayout().blockBoundingRect(block).left() + edge


HEBREW = "|שם|גיל|\n|:--|--:|\n|דנה|30|\n|C++|1,234|"


def test_a_table_that_is_written_from_the_right_begins_there(theme: Theme) -> None:
    document, writer = _writer(theme)
    writer.column(60, 40, 0)
    writer.update(writer.add_reply(), 0, parse(HEBREW))
    name, age = document.find("שם").block(), document.find("גיל").block()
    layout = document.documentLayout()
    assert layout.blockBoundingRect(name).left() > layout.blockBoundingRect(age).left()
    for width, right in ((600, 40), (500, 90)):
        document.setTextWidth(width)
        writer.column(60 if width == 600 else 20, right, 0)
        for word in ("שם", "דנה", "C++"):
            assert _right(document, word) == pytest.approx(width - right, abs=1), word


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        (HEBREW, True),
        ("|1|2|\n|-|-|\n|3|مرحبا|", True),
        ("|a|b|\n|-|-|\n|שם|c|", False),
        ("|1|2|\n|-|-|\n|3|4|", False),
    ],
)
def test_its_direction_is_that_of_its_first_letter(text: str, mirrored: bool) -> None:
    assert [block.mirrored for block in parse(text)] == [mirrored]


def test_a_mirrored_table_in_a_list_keeps_its_indent(theme: Theme) -> None:
    document, writer = _writer(theme)
    writer.column(60, 40, 0)
    writer.update(writer.add_reply(), 0, parse("- פריט\n\n  |א|ב|\n  |-|-|\n  |ג|ד|"))
    assert _right(document, "א") == pytest.approx(_right(document, "פריט"), abs=1)


def test_a_mirrored_row_is_copied_in_its_own_order(theme: Theme) -> None:
    document, writer = _writer(theme)
    writer.update(writer.add_reply(), 0, parse(HEBREW + "\n|א<br>ב|5|"))
    everything = QTextCursor(document)
    everything.select(QTextCursor.SelectionType.Document)
    assert selected_text(everything).splitlines()[-4:] == ["שם\tגיל", "דנה\t30", "C++\t1,234", "א ב\t5"]


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_a_tab_in_code_is_four_columns(theme: Theme, scale: float) -> None:
    theme.set_scale(scale)
    document, writer = _writer(theme)
    writer.update(writer.add_reply(), 0, parse("```\n\tx\nab\ty\n    z\n```"))
    block = document.find("z").block()
    four = block.layout().lineAt(0).cursorToX(4)[0]
    first = block.previous().previous()
    assert first.layout().lineAt(0).cursorToX(1)[0] == four
    assert block.previous().layout().lineAt(0).cursorToX(3)[0] == four


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
