"""Full-text search over titles and messages, on the connection that the store lends. Writes nothing.

The index holds no text as it stands but its words as :func:`words_of` gives them: folded (case, accents, ligatures,
full and half width), with every letter of a script that writes no spaces and every symbol a word of its own. What
stands together in the query must stand together in the text: a run of such letters is found anywhere within another,
and "C++" is not "C". The last word of each piece need only begin one. The newest message of a conversation stands for
it. Where nothing is found, words of the conversations that differ by one letter are tried.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, islice
from typing import Literal

from tern.chat.types import Hit, Summary

# Thai, Lao, Tibetan, Burmese, Khmer; kana, bopomofo, Han, Hangul. Ranges, not categories: a newer Python that knows
# more characters must still give the words that an older one put into the index, or they could not be taken out.
_UNSPACED = (
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u3131-\u318e\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U0001aff0-\U0001b16f\U00020000-\U0003ffff]"
)
# Marks that stand over or in a letter and that are left out in a hurry: accents, points of Hebrew, vowels of Arabic.
_ACCENT = ("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
                     "\u06d6-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe2f]")  # fmt: skip
_SYMBOL = (
    "[#$%&@^~|<>=+/\\\\\u00a2-\u00a9\u00ac\u00ae-\u00b1\u00b4\u00b6\u00b8\u00d7\u00f7\u2020\u2021\u2030-\u2038"
    "\u2044\u2052\u20a0-\u20cf\u2100-\u214f\u2190-\u2bff\u3012\u3013\u3020\u3036\ue000-\uf8ff"
    "\U0001f000-\U0001faff]"
)
_MARK = "\ue000"  # before a symbol's number in the index: FTS5 takes it for a letter, and nobody writes it
_BETWEEN = r"[\W_]{0,9}"  # words of a piece, in the text
_LETTER = r"[^\W_]"
_SPACES = re.compile(r"\s+")
_BEFORE, _AFTER = 24, 90  # characters of a passage on either side of where the words found begin
_PLACES = 20  # of each word that are looked at for the best passage
_MOST_ROWS = 20_000  # messages found, newest first, before a search is content with what it has
_TRIES = 8  # near words that one misspelt word may stand for
_SHORTEST = 4  # letters of a word that may be misspelt


class _Folding(dict[int, str]):
    """What becomes of each character, worked out when it is first met; ``str.translate`` reads it."""

    def __init__(self, spaced: bool) -> None:
        self._spaced = spaced

    def __missing__(self, code: int) -> str:
        self[code] = found = self._fold(chr(code))
        return found

    def _fold(self, char: str) -> str:
        if char == "\0" or "\ud800" <= char <= "\udfff":  # what SQLite takes no text with
            return " "
        if re.match(_ACCENT, char):
            return ""
        if re.match(_SYMBOL, char):
            return f" {_MARK}{ord(char):x} " if self._spaced else char
        # Hangul letters by themselves stay: NFKC would make parts of syllables.
        if "\u3131" <= char <= "\u318e":
            return f" {char} " if self._spaced else char
        whole = unicodedata.normalize("NFKC", char).casefold()
        if whole != char and len(whole) == 1 and re.match(_SYMBOL, whole):
            return self[ord(whole)]
        if whole == "й":  # a letter of its own, which only looks like one with an accent
            return whole
        bare = re.sub(_ACCENT, "", unicodedata.normalize("NFD", whole))
        bare = unicodedata.normalize("NFC", bare)
        return re.sub(_UNSPACED, r" \g<0> ", bare) if self._spaced else bare


_INDEXED, _FOLDED = _Folding(spaced=True), _Folding(spaced=False)


def words_of(text: str) -> str:
    """``text`` as the index holds it; the same words for the same text in every version that has this schema."""
    return _composed(text).translate(_INDEXED)


def prepare(db: sqlite3.Connection) -> None:
    """Teach a connection ``words_of``, which the triggers call: without it nothing can be written."""
    db.create_function("words_of", 1, words_of, deterministic=True)


def find(db: sqlite3.Connection, query: str, limit: int) -> list[Hit]:
    """At most ``limit`` conversations: those found by their title first, then by the newest message."""
    pieces = [piece for piece in map(_trimmed, query.split()) if piece]
    if not pieces:
        return []
    hits = _find(db, [[piece] for piece in pieces], limit)
    if hits:
        return hits
    near = [_near(db, words_of(piece)) for piece in pieces]
    if not any(near):
        return []
    return _find(db, [[piece, *others] for piece, others in zip(pieces, near, strict=True)], limit)


def _find(db: sqlite3.Connection, wanted: list[list[str]], limit: int) -> list[Hit]:
    """Where one piece of each list stands."""
    match = " AND ".join("(" + " OR ".join(map(_phrase, pieces)) + ")" for pieces in wanted)
    patterns = [re.compile("|".join(map(_pattern, pieces))) for pieces in wanted]
    hits: dict[int, Hit] = {}
    titles = db.execute(
        "SELECT c.id, c.title, c.updated, c.pinned "
        "FROM title_words JOIN conversation c ON c.id = title_words.rowid "
        "WHERE title_words MATCH ? AND c.deleted IS NULL ORDER BY c.updated DESC LIMIT ?",
        (match, limit),
    )
    for row in titles:
        hits[row[0]] = Hit(
            Summary(row[0], row[1], row[2], bool(row[3])), None, row[1], _marks(row[1], patterns)
        )
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
        content = db.execute("SELECT content FROM message WHERE id = ?", (message,)).fetchone()[0]
        text = _passage(content, patterns)
        hits[summary.id] = Hit(summary, message, text, _marks(text, patterns))
    return list(hits.values())


def _messages(db: sqlite3.Connection, match: str) -> Iterator[tuple[int, str, float, int, int]]:
    """(conversation, title, updated, pinned, message) of the messages found, newest first, read as needed."""
    yield from db.execute(
        "SELECT c.id, c.title, c.updated, c.pinned, m.id FROM message_words f "
        "CROSS JOIN message m ON m.id = f.rowid CROSS JOIN conversation c ON c.id = m.conversation "
        "WHERE f.message_words MATCH ? AND m.deleted IS NULL AND c.deleted IS NULL "
        f"ORDER BY f.rowid DESC LIMIT {_MOST_ROWS}", (match,),
    )  # fmt: skip


# What is asked for


def _trimmed(piece: str) -> str:
    """Without what is no word at its end, as a comma; empty when there is no word in it."""
    end = len(piece)
    while end and not _has_word(piece[end - 1]):
        end -= 1
    return piece[:end]


def _has_word(text: str) -> bool:
    return any(char.isalnum() or char == _MARK for char in words_of(text))


def _phrase(piece: str) -> str:
    words = words_of(piece)
    # A symbol, or a letter that is a word by itself; else more letters may follow.
    whole = words.endswith(" ")
    quoted = words.replace('"', " ")
    return f'"{quoted}"' if whole else f'"{quoted}"*'


def _pattern(piece: str) -> str:
    """What the index found, as it stands in a folded text."""
    words = words_of(piece)
    tokens = [
        chr(int(word[1:], 16)) if word[0] == _MARK else word
        for word in re.findall(rf"{_MARK}[0-9a-f]+|{_LETTER}+", words)
    ]
    begins = rf"(?<!{_LETTER})" if tokens[0].isalnum() and not re.match(_UNSPACED, tokens[0]) else ""
    ends = "" if words.endswith(" ") else f"{_LETTER}*"
    return begins + _BETWEEN.join(map(re.escape, tokens)) + ends


def _near(db: sqlite3.Connection, word: str) -> list[str]:
    """Words that begin like ``word`` and are one letter away from it, the most frequent first. Reading all words
    of the conversations, for a wrong first letter too, would take ten times as long."""
    if len(word) < _SHORTEST or not word.isalnum():
        return []
    rows = db.execute(
        "SELECT term FROM message_vocabulary WHERE term >= ? AND term < ? "
        "AND length(term) BETWEEN ? AND ? ORDER BY cnt DESC",
        (word[0], chr(ord(word[0]) + 1), len(word) - 1, len(word) + 1),
    )
    near: list[str] = []
    for (term,) in rows:
        if one_letter_apart(word, term):
            near.append(term)
            if len(near) == _TRIES:
                break
    return near


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


# What is shown of it


def _passage(text: str, patterns: list[re.Pattern[str]]) -> str:
    """One line of ``text``, around the place where most of what was asked for stands together."""
    folded, place = _folded(text)
    places = [
        (match.start(), number)
        for number, pattern in enumerate(patterns)
        for match in islice(pattern.finditer(folded), _PLACES)
    ]
    near = {
        start: len({number for at, number in places if start <= at < start + _AFTER}) for start, _ in places
    }
    at = place(max(sorted(near), key=near.__getitem__, default=0))
    text = _composed(text)
    start, end = max(0, at - _BEFORE), at + _AFTER
    if start:
        start = next((match.end() for match in _SPACES.finditer(text, start, at)), start)
    if end < len(text):
        end = max((match.start() for match in _SPACES.finditer(text, at + _AFTER // 2, end)), default=end)
    passage = _SPACES.sub(" ", text[start:end]).strip()
    return ("…" if start else "") + passage + ("…" if end < len(text) else "")


def _marks(text: str, patterns: list[re.Pattern[str]]) -> tuple[tuple[int, int], ...]:
    """Where in ``text`` stands what was asked for."""
    folded, place = _folded(text)
    spans = sorted(
        (place(match.start()), place(match.end()))
        for pattern in patterns
        for match in pattern.finditer(folded)
    )
    marks: list[tuple[int, int]] = []
    for start, end in spans:
        if not marks or start >= marks[-1][1]:
            marks.append((start, end))
    return tuple(marks)


def _folded(text: str) -> tuple[str, Callable[[int], int]]:
    """``text`` folded, and which place in it (composed) a place in that is."""
    text = _composed(text)
    folded = text.translate(_FOLDED)
    if len(folded) == len(text):
        return folded, lambda place: place
    ends = list(accumulate(len(_FOLDED[ord(char)]) for char in text))
    return folded, lambda place: bisect_right(ends, place)


def _composed(text: str) -> str:
    """Letters and their accents as one character each, where there is one; half-width kana with marks as full ones."""
    if text.isascii():
        return text
    form: Literal["NFC", "NFKC"] = "NFKC" if "\uff9e" in text or "\uff9f" in text else "NFC"
    return unicodedata.normalize(form, text)
