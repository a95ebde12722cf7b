"""Which parts of a code are of which kind, line by line, while the code is still being written. Pure; the languages
are Pygments', which is imported with the first code in a known one.

Past its first very long line (minified data, mostly) a code is not read: such a line is set in parts.

A growing code is read again only from a line at which reading may begin afresh: one from which a fresh reading came
to the same as the reading before it did. A line inside a long string or comment never passes that test.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from tern.markup.parts import long_line
from tern.markup.utf16 import utf16_length

if TYPE_CHECKING:
    from pygments.lexer import Lexer

log = logging.getLogger(__name__)
_LONGEST = 200_000  # characters; more is no code that a person reads
_MOST_OPEN = 20  # lines read again with each addition, before a nearer line to begin at is looked for
_KEPT_OPEN = 8  # lines that such a line must leave to be compared
_COLOURED = 4  # of those, so many must have something to compare
_CANDIDATES = 3
_PLAIN = "Text only"
_loaded: set[str] = set()
_ASK_CLOCK = 64  # tokens between two looks at the clock


class Ink(StrEnum):
    """What a piece of code is, as far as it is told apart."""

    KEYWORD = "keyword"
    TYPE = "type"  # types and what the language brings
    NAME = "name"  # of what is defined here, tags, attributes
    STRING = "string"
    NUMBER = "number"
    COMMENT = "comment"
    META = "meta"  # decorators, preprocessor, escapes
    GONE = "gone"  # in a diff
    NEW = "new"


Span = tuple[int, int, Ink]  # start and length in UTF-16 units
Line = tuple[Span, ...]


@cache
def _languages() -> dict[str, str]:
    """The lexer's name by every name that may stand behind a fence."""
    from pygments.lexers import get_all_lexers

    names: dict[str, str] = {}
    for name, aliases, patterns, _ in get_all_lexers(plugins=False):
        for alias in (name.lower(), *aliases):
            names.setdefault(alias, name)
        for pattern in patterns:
            if pattern.startswith("*.") and pattern[2:].isalnum():
                names.setdefault(pattern[2:].lower(), name)
    return names


def load(word: str) -> None:
    """Import what the language behind a fence takes: tens of milliseconds, the first time. On any thread."""
    lexer_of(word)
    _loaded.add(word)


def is_loaded(word: str) -> bool:
    return word in _loaded


def language_name(word: str) -> str:
    """How the language behind a fence is called; ``word`` itself when it is not known, or not yet loaded."""
    found = _languages().get(word.lower(), word) if word in _loaded else word
    return word if found == _PLAIN else found


def lexer_of(word: str) -> Lexer | None:
    """None: nothing is to be told apart in it."""
    name = _languages().get(word.lower()) if word else None
    if name is None or name == _PLAIN:
        return None
    from pygments.lexers import find_lexer_class

    found = find_lexer_class(name)
    return found() if found is not None else None


@cache
def _ink(kind: Any) -> Ink | None:
    """``kind`` is one of Pygments' token types."""
    from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, String

    table = {
        Comment: Ink.COMMENT,
        Comment.Preproc: Ink.META,
        Comment.PreprocFile: Ink.STRING,
        Keyword: Ink.KEYWORD,
        Keyword.Type: Ink.TYPE,
        Operator.Word: Ink.KEYWORD,
        Name.Builtin: Ink.TYPE,
        Name.Class: Ink.TYPE,
        Name.Exception: Ink.TYPE,
        Name.Function: Ink.NAME,
        Name.Tag: Ink.NAME,
        Name.Attribute: Ink.META,
        Name.Decorator: Ink.META,
        String: Ink.STRING,
        String.Escape: Ink.META,
        String.Interpol: Ink.META,
        Number: Ink.NUMBER,
        Literal: Ink.NUMBER,
        Generic.Heading: Ink.KEYWORD,
        Generic.Subheading: Ink.META,
        Generic.Deleted: Ink.GONE,
        Generic.Inserted: Ink.NEW,
        Generic.Prompt: Ink.META,
        Generic.Traceback: Ink.GONE,
        Generic.Error: Ink.GONE,
    }
    while kind is not None:
        if kind in table:
            return table[kind]
        kind = kind.parent
    return None


class LexedCode:
    """The kinds in one code. :meth:`set_text` says what the code is now, :meth:`work` reads on."""

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._text = ""
        self.lines: list[Line] = []
        self._open_line = self._open_at = 0  # where reading may begin: line, character
        self._most_open = _MOST_OPEN
        self._pass: _Pass | None = None
        self._stale = False
        self._checked = 0  # no line before this character is too long
        self.shortened = False

    def set_text(self, text: str) -> None:
        """``text`` is read up to the first line that is too long (``shortened``)."""
        grows = text.startswith(self._text)
        start = self._checked if grows else 0
        long = long_line(text, start)
        self.shortened = long is not None or len(text) > _LONGEST
        self._checked = text.rfind("\n", 0, len(text) if long is None else long.start()) + 1
        if long is not None:
            text = text[: long.start()]
        if text == self._text:
            return
        if not text.startswith(self._text):
            same = self._text[: _common(self._text, text)].count("\n")
            del self.lines[same:]
            self._pass = None
            if same < self._open_line:
                self._open_line = self._open_at = 0
        self._text = text
        self._stale = len(text) <= _LONGEST

    @property
    def done(self) -> bool:
        return self._pass is None and not self._stale

    def work(self, until: float) -> set[int]:
        """Read on until all is read or ``time.perf_counter()`` passes ``until``; returns the lines that changed."""
        changed: set[int] = set()
        while not self.done:
            if self._pass is None:
                self._pass = _Pass(self._lexer, self._text[self._open_at :], self._open_line)
                self._stale = False
            finished = self._pass.work(until)
            for number in range(self._pass.taken, len(self._pass.lines)):
                self._take(self._pass.first + number, self._pass.lines[number], changed)
            self._pass.taken = len(self._pass.lines)
            if not finished:
                break
            end = self._pass.first + len(self._pass.lines)
            del self.lines[end:]
            self._pass = None
            self._begin_nearer()
        return changed

    def _take(self, number: int, line: Line, changed: set[int]) -> None:
        if number == len(self.lines):
            self.lines.append(line)
            changed.add(number)
        elif self.lines[number] != line:
            self.lines[number] = line
            changed.add(number)

    def _begin_nearer(self) -> None:
        """Once much has to be read again: find a later line at which reading may begin."""
        count = len(self.lines) - self._open_line
        if count < self._most_open or self._stale:
            return
        rest = self._text[self._open_at :]
        starts = _line_starts(rest)
        ends = range(len(starts) - _KEPT_OPEN, max(0, len(starts) - 3 * _KEPT_OPEN), -1)
        # The least indented first: there a construct that spans lines has most likely ended.
        likely = sorted(
            (n for n in ends if _indent(rest, starts[n]) >= 0), key=lambda n: _indent(rest, starts[n])
        )
        for number in likely[:_CANDIDATES]:
            fresh = _Pass(self._lexer, rest[starts[number] :], 0)
            fresh.work(float("inf"))
            if (
                fresh.lines == self.lines[self._open_line + number :]
                and sum(map(bool, fresh.lines)) >= _COLOURED
            ):
                self._open_line += number
                self._open_at += starts[number]
                self._most_open = _MOST_OPEN
                return
        self._most_open = count + count // 2


@dataclass
class _Pass:
    """One reading of ``text``, which begins at line ``first`` of the code."""

    lexer: Lexer
    text: str
    first: int
    lines: list[Line] = field(default_factory=list)
    taken: int = 0
    _tokens: Iterator[tuple[int, Any, str]] | None = None
    _starts: list[int] = field(default_factory=list)
    # Of the line that is being read, in characters.
    _spans: list[tuple[int, int, Ink]] = field(default_factory=list)

    def work(self, until: float) -> bool:
        """Whether all of it is read."""
        if self._tokens is None:
            self._starts = _line_starts(self.text)
            self._tokens = iter(self.lexer.get_tokens_unprocessed(self.text + "\n"))
        try:
            for count, (at, kind, value) in enumerate(self._tokens, 1):
                ink = _ink(kind)
                if ink is not None and value and not value.isspace():
                    self._add(at, at + len(value), ink)
                if count % _ASK_CLOCK == 0 and time.perf_counter() > until:
                    return False
        except Exception:  # hundreds of lexers, on text from anywhere: the rest stays without colours
            log.warning("%s gave up", type(self.lexer).__name__, exc_info=True)
        while len(self.lines) < len(self._starts):
            self._end_line()
        return True

    def _add(self, start: int, end: int, ink: Ink) -> None:
        while start < end:
            number = len(self.lines)
            last = number + 1 == len(self._starts)
            line_end = len(self.text) if last else self._starts[number + 1] - 1
            start = max(start, self._starts[number])  # some lexers go back a little: what is told twice stays
            if start < line_end:
                self._spans.append((start, min(end, line_end), ink))
            if last or end <= line_end:
                return
            self._end_line()
            start = line_end + 1 if start <= line_end else start

    def _end_line(self) -> None:
        at, before = self._starts[len(self.lines)], 0
        spans: list[Span] = []
        for start, stop, ink in self._spans:
            before += utf16_length(self.text[at:start]) if start >= at else -utf16_length(self.text[start:at])
            length = utf16_length(self.text[start:stop])
            spans.append((before, length, ink))
            at, before = stop, before + length
        self.lines.append(tuple(spans))
        self._spans.clear()


def _line_starts(text: str) -> list[int]:
    starts = [0]
    while (at := text.find("\n", starts[-1])) >= 0:
        starts.append(at + 1)
    return starts


def _common(a: str, b: str) -> int:
    """Length of the common beginning."""
    same, differs = 0, min(len(a), len(b)) + 1
    while differs - same > 1:
        middle = (same + differs) // 2
        if a.startswith(b[same:middle], same):
            same = middle
        else:
            differs = middle
    return same


def _indent(text: str, start: int) -> int:
    """Of the line that begins at ``start``; -1 for a blank one."""
    at = start
    while at < len(text) and text[at] in " \t":
        at += 1
    return at - start if at < len(text) and text[at] != "\n" else -1
