"""The words of a text as people count them, in any script."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QTextBoundaryFinder

from tern.markup.utf16 import is_cjk

_JOINING = frozenset("-\u2010\u2011'\u2019/.@_:=&?#+%~")  # within a word: long-haul, U.S., and/or, an address


@dataclass(frozen=True, slots=True)
class Word:
    """Where one stands in the text, in UTF-16 units as Qt counts them."""

    start: int
    end: int


def words(text: str) -> list[Word]:
    """Where Qt finds the boundaries of words (Unicode's, UAX 29), with what a person takes as one word as one:
    long-haul, and/or, an address. Each character of Chinese and of Japanese outside of katakana is one, as word
    processors there count; marks alone are none.
    """
    finder = QTextBoundaryFinder(QTextBoundaryFinder.BoundaryType.Word, text)
    units = text if text.isascii() or max(text) <= "\uffff" else _Units(text)
    found: list[Word] = []
    start = 0
    while (end := finder.toNextBoundary()) >= 0:
        piece = units[start:end]
        if any(character.isalnum() for character in piece):
            last = found[-1] if found else None
            between = units[last.end : start] if last is not None else ""
            joined = bool(between) and all(each in _JOINING for each in between) and not is_cjk(piece[0])
            if last is not None and joined:
                found[-1] = Word(last.start, end)
            else:
                found.append(Word(start, end))
        start = end
    return found


def count_words(text: str) -> int:
    """How many there are."""
    return len(words(text))


class _Units:
    """A text by its UTF-16 units: a character beyond the first plane stands at two places."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode("utf-16-le", "surrogatepass")

    def __getitem__(self, where: slice) -> str:
        return self._bytes[2 * where.start : 2 * where.stop].decode("utf-16-le", "replace")
