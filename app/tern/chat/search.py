"""Full-text search over titles and messages, on the connection that the store lends. Writes nothing.

Every word of the query must begin a word of the text; the newest message of a conversation stands for it. Where
nothing is found, words of the conversations that differ by one letter are tried.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator

from tern.chat.types import Hit, Summary

_WORD = re.compile(r"\w+")
_OPEN, _CLOSE = "\x02", "\x03"
_AROUND = 14  # words of a passage
_MOST_ROWS = 20_000  # messages looked at, newest first, before a search is content with what it has
_TRIES = 8  # near words that one misspelt word may stand for
_SHORTEST = 4  # letters of a word that may be misspelt


def find(db: sqlite3.Connection, query: str, limit: int) -> list[Hit]:
    """At most ``limit`` conversations: those found by their title first, then by the newest message."""
    words = _WORD.findall(query)
    if not words:
        return []
    hits = _find(db, " ".join(f'"{word}"*' for word in words), limit)
    if hits or not any(len(word) >= _SHORTEST for word in words):
        return hits
    near = [[word, *_near(db, _folded(word))] for word in words]
    if all(len(choices) == 1 for choices in near):
        return []
    any_of = ["(" + " OR ".join(f'"{word}"*' for word in choices) + ")" for choices in near]
    return _find(db, " AND ".join(any_of), limit)


def _find(db: sqlite3.Connection, match: str, limit: int) -> list[Hit]:
    hits: dict[int, Hit] = {}
    titles = db.execute(
        "SELECT c.id, c.title, c.updated, c.pinned, highlight(title_words, 0, ?, ?) "
        "FROM title_words JOIN conversation c ON c.id = title_words.rowid "
        "WHERE title_words MATCH ? AND c.deleted IS NULL ORDER BY c.updated DESC LIMIT ?",
        (_OPEN, _CLOSE, match, limit),
    )
    for row in titles:
        text, marks = _unmarked(row[4])
        hits[row[0]] = Hit(Summary(row[0], row[1], row[2], bool(row[3])), None, text, marks)
    found: list[tuple[int, Summary]] = []
    seen = set(hits)
    for row in _messages(db, match):
        if len(seen) >= limit:
            break
        if row[0] not in seen:
            seen.add(row[0])
            found.append((row[4], Summary(row[0], row[1], row[2], bool(row[3]))))
    # The passages are cut out only of what is shown: it is the dear part.
    for message, summary in found:
        passage = db.execute(
            f"SELECT snippet(message_words, 0, ?, ?, '…', {_AROUND}) FROM message_words "
            "WHERE message_words MATCH ? AND rowid = ?", (_OPEN, _CLOSE, match, message),
        ).fetchone()[0]  # fmt: skip
        text, marks = _unmarked(passage)
        hits[summary.id] = Hit(summary, message, text, marks)
    return list(hits.values())


def _messages(db: sqlite3.Connection, match: str) -> Iterator[tuple[int, str, float, int, int]]:
    """(conversation, title, updated, pinned, message) of the messages found, newest first, read as needed."""
    yield from db.execute(
        "SELECT c.id, c.title, c.updated, c.pinned, m.id FROM "
        f"(SELECT rowid FROM message_words WHERE message_words MATCH ? ORDER BY rowid DESC LIMIT {_MOST_ROWS}) f "
        "CROSS JOIN message m ON m.id = f.rowid CROSS JOIN conversation c ON c.id = m.conversation "
        "WHERE m.deleted IS NULL AND c.deleted IS NULL", (match,),
    )  # fmt: skip


def _near(db: sqlite3.Connection, word: str) -> list[str]:
    """Words that begin like ``word`` and are one letter away from it, the most frequent first. Reading all words
    of the conversations, for a wrong first letter too, would take ten times as long."""
    if len(word) < _SHORTEST:
        return []
    rows = db.execute(
        "SELECT term FROM message_vocabulary WHERE term >= ? AND term < ? "
        "AND length(term) BETWEEN ? AND ? ORDER BY cnt DESC",
        (word[0], chr(ord(word[0]) + 1), len(word) - 1, len(word) + 1),
    )
    near: list[str] = []
    for (term,) in rows:
        if one_letter_apart(_plain(word), _plain(term)) or (_plain(word) == _plain(term) and word != term):
            near.append(term)
            if len(near) == _TRIES:
                break
    return near


def _folded(word: str) -> str:
    """As the index keeps it: small, without accents."""
    letters = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _plain(word: str) -> str:
    """As those write it who have no ß."""
    return word.replace("ß", "ss")


def one_letter_apart(a: str, b: str) -> bool:
    """Whether one letter more, less, other, or two swapped neighbours make ``b`` of ``a``."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    rest_a, rest_b = a[start:], b[start:]
    return (
        rest_a[1:] == rest_b[1:]
        or rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or (rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])
    )


def _unmarked(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A passage as one line without the marks, and where they were."""
    marks: list[tuple[int, int]] = []
    out: list[str] = []
    length = start = 0
    for piece in re.split(f"([{_OPEN}{_CLOSE}])", re.sub(r"\s+", " ", text)):
        if piece == _OPEN:
            start = length
        elif piece == _CLOSE:
            marks.append((start, length))
        else:
            out.append(piece)
            length += len(piece)
    return "".join(out), tuple(marks)
