"""Passages of texts that are longer than the context: cut, ranked by a question, and told to the model with their
places. Pure but for an index in memory (SQLite's FTS5, ranked by BM25); knows no window and no model.
"""

from __future__ import annotations

import re
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise

from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.search import words_of

_LONGEST = 900  # characters of a passage, about 220 tokens: one thought with what stands around it
_SHORTEST = 300  # ... and of one that is not joined with the next paragraph
_MOST_RANKED = 80  # passages that a question is asked of; more never have room
_BESIDE = (
    0.25  # of a passage's rank that its neighbours have from it: an answer may stand a paragraph further on
)

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE = re.compile("(?<=[.!?])[\"'”’)]*\\s+|(?<=[。！？])|\n")
_HEADING = re.compile(r"#{1,6}[ \t]+(\S.*)")
_FILE = re.compile(r"=== (.+) ===\n*")
_WORD = re.compile(r"\S+")
_TOKEN = re.compile("(?:[^\\W_]|[\ue000-\uf8ff])+")  # as FTS5 divides what words_of gives
_TOKENS = "tokenize=\"porter unicode61 remove_diacritics 0 categories 'L* N* Co M*'\""

# Words that ask, join and point, in the languages that Tern speaks; they stand in every passage.
_COMMON_WORDS = """
    a about after all also am an and any are as at be because been before being between both but by can could did
    do does doing done down during each else ever few for from further give had has have having he her here hers him his
    how i if in into is it its itself just let may me might more most much must my name no nor not of off on once only
    or other our out over own per please same say says she should so some such tell than that the their them then there
    these they this those through to too under until up upon us very was we were what when where whether which while
    who whom whose why will with would yet you your
    aber als am an auch auf aus bei bin bis bitte da das dass dem den der des die dies diese dieser doch du durch ein
    eine einem einen einer eines er es für gegen hat hatte ich ihm ihn ihr im in ist ja kann kein keine man mehr mein
    mit nach nicht noch nur ob oder ohne sein sich sie sind so über um und uns unter vom von vor war waren warum was
    wann welche welcher welches wenn wer wie wird wo zu zum zur"""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Passage:
    """``text[start:end]`` of the attachment with number ``source``."""

    source: int
    start: int
    end: int


def cut(text: str, source: int = 0) -> list[Passage]:
    """``text`` in passages, first to last, that leave out nothing but blank ends. A heading begins one; paragraphs stay
    whole where they are not too long, and sentences after that."""
    found: list[Passage] = []
    start = end = -1
    for begin, stop in _pieces(text):
        whole = start >= 0 and (
            stop - start > _LONGEST
            or _HEADING.match(text, begin) is not None
            or _FILE.match(text, begin) is not None
            or (end - start >= _SHORTEST and _is_entry(text, begin))
        )
        if whole:
            found.append(Passage(source, start, end))
        if start < 0 or whole:
            start = begin
        end = stop
    if start >= 0:
        found.append(Passage(source, start, end))
    return found


def _is_entry(text: str, at: int) -> bool:
    """Whether a paragraph begins at the margin after an indented one, as entries of a dictionary do."""
    before = text.rfind("\n", 0, max(0, at - 1))
    line = text.rfind("\n", 0, before) + 1 if before > 0 else 0
    return not text[at].isspace() and at > 0 and text[at - 1] == "\n" and text[line : line + 2].isspace()


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Paragraphs, and the sentences of those that are too long; of a sentence as long as that, its words."""
    at = 0
    for gap in [*_PARAGRAPH.finditer(text), None]:
        end = gap.start() if gap is not None else len(text)
        if text[at:end].strip():
            yield from _sentences(text, at, end)
        at = gap.end() if gap is not None else end


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if end - start <= _LONGEST:
        yield start, end
        return
    at = start
    for gap in [*_SENTENCE.finditer(text, start, end), None]:
        stop = gap.start() if gap is not None else end
        while stop - at > _LONGEST:
            space = text.rfind(" ", at + _LONGEST // 2, at + _LONGEST)
            mid = space if space > 0 else at + _LONGEST
            yield at, mid
            at = mid + (space > 0)
        if stop > at:
            yield at, stop
        at = gap.end() if gap is not None else stop


class PassageIndex:
    """The passages of ``texts``, to be ranked by questions. Holds the texts and an index in memory; :meth:`close` frees
    it. May be made on one thread and asked on another."""

    def __init__(self, texts: Sequence[str], should_stop: Callable[[], bool] = lambda: False) -> None:
        self.texts = texts
        self.passages = [passage for number, text in enumerate(texts) for passage in cut(text, number)]
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.execute(f"CREATE VIRTUAL TABLE passage USING fts5 (words, content='', {_TOKENS})")
        with self._connection:
            for number, one in enumerate(self.passages):
                if should_stop():
                    break
                words = words_of(texts[one.source][one.start : one.end])
                self._connection.execute("INSERT INTO passage (rowid, words) VALUES (?, ?)", (number, words))

    def close(self) -> None:
        self._connection.close()

    def ranked(self, question: str) -> list[Passage]:
        """Those that a question's words stand in, the likeliest first; the first ones of all where none does."""
        asked = query(question)
        if not asked:
            return self.passages[:_MOST_RANKED]
        with closing(self._connection.cursor()) as cursor:
            rows = cursor.execute(
                "SELECT rowid, -bm25(passage) FROM passage WHERE passage MATCH ? ORDER BY bm25(passage) LIMIT ?",
                (asked, 4 * _MOST_RANKED),
            ).fetchall()
        scores = dict(rows)
        for number, score in rows:
            for beside in (number - 1, number + 1):
                if 0 <= beside < len(self.passages) and self._neighbours(number, beside):
                    scores[beside] = scores.get(beside, 0.0) + _BESIDE * score
        best = sorted(scores, key=lambda number: (-scores[number], number))[:_MOST_RANKED]
        return [self.passages[number] for number in best] or self.passages[:_MOST_RANKED]

    def _neighbours(self, one: int, other: int) -> bool:
        return self.passages[one].source == self.passages[other].source


def query(question: str) -> str:
    """A question as FTS5 takes it: any of its words, without those that stand everywhere; empty for none. Letters of a
    script without spaces, and symbols, count with what stands beside them."""
    words: list[str] = []
    for word in _WORD.findall(question):
        parts = _TOKEN.findall(words_of(word))
        if len(parts) == 1:
            words.append(parts[0])
        else:  # also of no token: nothing
            words += [f"{one} {other}" for one, other in pairwise(parts)]
    telling = [word for word in words if word not in _COMMON] or words
    return " OR ".join(f'"{word}"' for word in dict.fromkeys(telling))


def chosen(ranked: Sequence[Passage], costs: Sequence[int], budget: int) -> list[Passage]:
    """The likeliest of ``ranked`` whose ``costs`` (tokens) have room in ``budget`` together, in the order in which they
    stand; of the first the beginning, where not all of it has room."""
    found: list[Passage] = []
    for passage, cost in zip(ranked, costs, strict=False):
        if cost > budget:
            if not found and budget > 0:
                length = (passage.end - passage.start) * budget * 3 // (4 * cost)
                found.append(replace(passage, end=passage.start + max(1, length)))
            break
        found.append(passage)
        budget -= cost
    return sorted(found, key=lambda one: (one.source, one.start))


def parts_of(attachments: Sequence[Attachment], passages: Sequence[Passage]) -> tuple[Attachment, ...]:
    """What is told of the attachments: their passages, each under its place; nothing of one that has none."""
    told = []
    for number, attachment in enumerate(attachments):
        runs = _joined(attachment.text, [one for one in passages if one.source == number])
        if runs:
            text = "\n\n".join(
                f"[{place(attachment, start, end)}]\n{attachment.text[start:end].strip()}"
                for start, end in runs
            )
            name = attachment.name or "Pasted text"
            told.append(
                replace(
                    attachment, name=name, text=text, kind=AttachmentKind.PARTS, raw=b"", pages=(), faults=0
                )
            )
    return tuple(told)


def told_passage(attachment: Attachment, passage: Passage) -> str:
    """What a passage adds to what the model is told, at most."""
    where = place(attachment, passage.start, passage.end)
    return f"[{where}]\n{attachment.text[passage.start : passage.end].strip()}\n\n"


def _joined(text: str, passages: Sequence[Passage]) -> list[tuple[int, int]]:
    """Where they begin and end, those as one that nothing but space stands between."""
    runs: list[tuple[int, int]] = []
    for one in passages:
        if runs and not text[runs[-1][1] : one.start].strip():
            runs[-1] = runs[-1][0], one.end
        else:
            runs.append((one.start, one.end))
    return runs


def place(attachment: Attachment, start: int, end: int) -> str:
    """Where a part of an attachment stands: its pages where it has any, or else its lines; and its heading."""
    if attachment.kind is AttachmentKind.FOLDER and (found := _file_over(attachment.text, start)):
        name, begin = found
        inside = Attachment(name, attachment.text[begin:], 0)
        return f"{name}, {place(inside, max(0, start - begin), max(1, end - begin))}"
    last = max(start, end - 1)
    if attachment.pages:
        first_page, last_page = (bisect_right(attachment.pages, at) for at in (start, last))
        where = f"page {first_page}" if first_page == last_page else f"pages {first_page}-{last_page}"
    else:
        line = attachment.text.count("\n", 0, start) + 1
        until = line + attachment.text.count("\n", start, last)
        where = f"line {line}" if line == until else f"lines {line}-{until}"
    heading = _heading_over(attachment.text, start) if _has_headings(attachment) else ""
    return f"{where}, {heading}" if heading else where


def _file_over(text: str, at: int) -> tuple[str, int] | None:
    """The file of a folder that a place stands in, and where its text begins."""
    start = text.rfind("\n=== ", 0, at + 1) + 1
    found = _FILE.match(text, start)
    return (found[1], found.end()) if found is not None else None


def _has_headings(attachment: Attachment) -> bool:
    """Whether lines that begin with ``#`` are headings: of Markdown and of documents, not of code."""
    return not attachment.encoding or attachment.name.lower().endswith((".md", ".markdown"))


def _heading_over(text: str, at: int) -> str:
    """The Markdown heading that a place stands under; empty for none."""
    start = text.rfind("\n#", 0, at + 1) + 1
    found = _HEADING.match(text, start)
    return found[1].strip(" #")[:80] if found is not None and found.start() <= at else ""
