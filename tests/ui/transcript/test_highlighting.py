"""Colours of code: right, the same however the text arrived, and never dear."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from tern.markup.lexing import Ink, LexedCode, language_name, lexer_of, load
from tern.markup.markdown import StreamParser
from tern.ui.style.theme import Mode, Theme
from tern.ui.style.tokens import DARK, LIGHT
from tern.ui.transcript.document import DocumentWriter, Slot
from tern.ui.transcript.formats import CODE
from tern.ui.transcript.highlighting import DARK_INKS, LIGHT_INKS
from ui.style.test_theme import contrast

pytestmark = pytest.mark.slow

FOREVER = float("inf")
PYTHON = '''import math
from dataclasses import dataclass

@dataclass(frozen=True)
class Tern:
    """A bird: "quoted" words, def and class in here are text.

    def not_code(self): 1 + 1
    """

    weight: float = 0.11

    def flies(self, far: float) -> bool:
        # the whole way
        return far / self.weight > 1e5 and math.isfinite(far) or 'x🐦y' in f"{far:.2f}"

'''
SAMPLES = {
    "python": PYTHON,
    "c": "#include <stdint.h>\n/* sums\n   int x; of products */\nstatic int32_t dot(const int8_t *w) {\n"
    '    char *s = "a\\n";\n    return w[0] * 0x1F;  // last\n}\n\n',
    "html": '<p class="a">text</p>\n<script>\nconst x = "in";\nfunction f() { return 1; }\n</script>\n<!-- a\nb -->\n',
    "css": "main, .a > b {\n  color: #fff;\n  margin: 0 2px;\n}\n\n/* note\n more */\n",
    "json": '{\n  "key": [1, 2.5, true],\n  "other": null\n}\n',
    "bash": 'for f in *.txt; do\n  echo "$f" | wc -l  # count\ndone\n',
    "diff": "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same\n",
    "rust": 'fn main() {\n    let x: u32 = 5; // five\n    println!("{}", x);\n}\n',
}


def _kinds(language: str, code: str) -> dict[str, set[Ink]]:
    """The kinds of each word of the code."""
    lexer = lexer_of(language)
    assert lexer is not None
    reading = LexedCode(lexer)
    reading.set_text(code)
    reading.work(FOREVER)
    assert reading.done
    words: dict[str, set[Ink]] = {}
    for line, spans in zip(code.split("\n"), reading.lines, strict=True):
        units = line.encode("utf-16-le")
        for start, length, ink in spans:
            words.setdefault(units[2 * start : 2 * (start + length)].decode("utf-16-le"), set()).add(ink)
    return words


def test_words_are_told_apart() -> None:
    words = _kinds("python", PYTHON)
    assert words["import"] == words["def"] == words["return"] == {Ink.KEYWORD}
    assert words["# the whole way"] == {Ink.COMMENT}
    assert words["1e5"] == {Ink.NUMBER}
    assert words["flies"] == {Ink.NAME}
    assert words["Tern"] == words["float"] == {Ink.TYPE}
    assert words["@dataclass"] == {Ink.META}
    assert words["x🐦y"] == {Ink.STRING}, "positions count as the document counts"
    assert "not_code" not in words
    assert _kinds("diff", SAMPLES["diff"])["-old"] == {Ink.GONE}


def test_languages_go_by_many_names() -> None:
    for word in ("py", "C++", "sh", "JS", "rs", "text", "klingon", ""):
        load(word)
    assert [language_name(word) for word in ("py", "C++", "sh", "JS", "rs", "text", "klingon", "")] == [
        "Python", "C++", "Bash", "JavaScript", "Rust", "text", "klingon", "",
    ]  # fmt: skip
    assert lexer_of("text") is lexer_of("klingon") is lexer_of("") is None


@pytest.mark.parametrize("language", SAMPLES)
def test_code_that_grows_is_coloured_as_if_read_at_once(language: str) -> None:
    code = (SAMPLES[language] * 30)[:4000]
    lexer = lexer_of(language)
    assert lexer is not None
    whole = LexedCode(lexer)
    whole.set_text(code)
    whole.work(FOREVER)
    growing, chance, position = LexedCode(lexer), random.Random(language), 0
    while position < len(code):
        position += chance.choice([1, 4, 9, 30])
        growing.set_text(code[:position])
        growing.work(FOREVER)
    assert growing.lines == whole.lines
    if language not in ("html", "diff"):
        assert growing._open_line > 20, "it was not read from its start each time"


def test_what_is_changed_before_its_end_is_read_again() -> None:
    reading = LexedCode(lexer_of("python"))  # type: ignore[arg-type]
    code = PYTHON * 5
    for text in (code, code[:900] + '"""' + code[900:], code[:40], code):
        reading.set_text(text)
        reading.work(FOREVER)
        fresh = LexedCode(lexer_of("python"))  # type: ignore[arg-type]
        fresh.set_text(text)
        fresh.work(FOREVER)
        assert reading.lines == fresh.lines


def test_a_reading_keeps_to_its_time_and_goes_on_later() -> None:
    reading = LexedCode(lexer_of("python"))  # type: ignore[arg-type]
    reading.set_text(PYTHON * 200)
    slices = 0
    while not reading.done:
        reading.work(0.0)  # until long ago: the least that it does
        slices += 1
    assert slices > 50
    assert len(reading.lines) == (PYTHON * 200).count("\n") + 1


class _Counting:
    """A lexer that counts what it is asked to read."""

    def __init__(self, lexer: Any) -> None:
        self._lexer = lexer
        self.characters = 0

    def get_tokens_unprocessed(self, text: str) -> Iterator[Any]:
        self.characters += len(text)
        yield from self._lexer.get_tokens_unprocessed(text)


def test_a_long_code_costs_no_more_a_token_than_a_short_one() -> None:
    lexer = _Counting(lexer_of("python"))
    reading: Any = LexedCode(lexer)  # type: ignore[arg-type]
    code, costs = PYTHON * 60, []
    for position in range(0, len(code), 20):
        before = lexer.characters
        reading.set_text(code[:position])
        reading.work(FOREVER)
        costs.append(lexer.characters - before)
    early, late = costs[100:400], costs[-300:]
    assert sum(late) < 1.3 * sum(early)
    assert sum(late) / len(late) < 2500


class _Broken:
    def get_tokens_unprocessed(self, text: str) -> Iterator[Any]:
        yield from lexer_of("python").get_tokens_unprocessed(text[:20])  # type: ignore[union-attr]
        raise IndexError("a lexer's own fault")


def test_a_lexer_that_fails_leaves_the_rest_plain() -> None:
    reading: Any = LexedCode(_Broken())  # type: ignore[arg-type]
    reading.set_text(PYTHON)
    reading.work(FOREVER)
    assert reading.done
    assert len(reading.lines) == PYTHON.count("\n") + 1


# In the document


def _writer(theme: Theme) -> tuple[QTextDocument, DocumentWriter, Slot]:
    document = QTextDocument()
    document.documentLayout()
    document.setTextWidth(600)
    writer = DocumentWriter(document, theme)
    writer.clear()
    return document, writer, writer.add_reply()


def _colours(document: QTextDocument) -> list[tuple[str, list[tuple[int, int, str]]]]:
    out, block = [], document.begin()
    while block.isValid():
        if block.blockFormat().hasProperty(CODE):
            pieces = [
                (f.start, f.length, f.format.foreground().color().name()) for f in block.layout().formats()
            ]
            out.append((block.text(), pieces))
        block = block.next()
    return out


@pytest.mark.parametrize("seed", range(4))
def test_a_streamed_document_has_the_colours_of_one_written_at_once(
    seed: int, theme: Theme, qtbot: QtBot
) -> None:
    text = f"Look:\n\n```python\n{PYTHON * 6}```\n\nAnd:\n\n- in a list\n\n  ```c\n{SAMPLES['c']}  ```\n"
    whole, writer, slot = _writer(theme)
    parser = StreamParser()
    parser.append(text, last=True)
    writer.update(slot, 0, parser.blocks)
    assert not writer.highlighter.idle, "the first paint does not wait for colours"
    qtbot.waitUntil(lambda: writer.highlighter.idle)
    streamed, other, slot = _writer(theme)
    parser, chance, position = StreamParser(), random.Random(seed), 0
    while position < len(text):
        size = chance.choice([2, 9, 40])
        index = parser.append(text[position : position + size], position + size >= len(text))
        other.update(slot, index, parser.blocks[index:], growing=True)
        QCoreApplication.processEvents()
        position += size
    qtbot.waitUntil(lambda: other.highlighter.idle)
    assert _colours(streamed) == _colours(whole)
    assert sum(bool(pieces) for _, pieces in _colours(whole)) > 50


@pytest.mark.parametrize(("inks", "surface"), [(LIGHT_INKS, LIGHT.surface), (DARK_INKS, DARK.surface)])
def test_every_colour_can_be_read(inks: dict[Ink, str], surface: str) -> None:
    assert set(inks) == set(Ink)
    for ink, color in inks.items():
        assert contrast(color, surface) >= 4.5, ink


def test_dark_takes_dark_colours(theme: Theme, qtbot: QtBot) -> None:
    document, writer, slot = _writer(theme)
    theme.set_mode(Mode.DARK)
    writer.restyle()
    parser = StreamParser()
    parser.append("```python\nimport math\n```\n", last=True)
    writer.update(slot, 0, parser.blocks, growing=True)
    qtbot.waitUntil(lambda: writer.highlighter.idle)
    ((_, pieces),) = _colours(document)
    assert pieces[0] == (0, 6, DARK_INKS[Ink.KEYWORD].lower())
