"""What a text is made of: its length in UTF-16 units, as a text document counts it, its direction, its script. Pure."""

from __future__ import annotations

import unicodedata

from tern.markup.blocks import Run


def utf16_length(text: str) -> int:
    """Length as a text document counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def from_right(runs: tuple[Run, ...]) -> bool:
    """Whether the text is written from the right: going by its first letter that says so, as Qt does."""
    for run in runs:
        for character in run.text:
            if (kind := unicodedata.bidirectional(character)) in ("L", "R", "AL"):
                return kind != "L"
    return False


def is_cjk(character: str) -> bool:
    """Whether it is Chinese, Japanese or Korean: a letter of theirs, or one of their marks, which are as wide."""
    code = ord(character) if character else 0
    if code < 0x1100:
        return False
    if code <= 0x11FF or 0xD7B0 <= code <= 0xD7FF:  # the parts of Korean letters
        return True
    if unicodedata.east_asian_width(character) not in ("W", "F", "H"):
        return False
    # Pictures are wide too. Unicode's own list of them is not in Python: they are the symbols outside these blocks.
    return unicodedata.category(character) != "So" or 0x2E80 <= code < 0x1F000 or 0x1F200 <= code <= 0x1F265


def index_of(text: str, units: int) -> int:
    """The index into ``text`` after ``units`` UTF-16 units."""
    if text.isascii():
        return units
    counted = 0
    for index, character in enumerate(text):
        if counted >= units:
            return index
        counted += 2 if character > "\uffff" else 1
    return len(text)


def same_length(old: str, new: str) -> int:
    """UTF-16 length of the common beginning."""
    if new.startswith(old):
        return utf16_length(old)
    same = 0
    for a, b in zip(old, new, strict=False):
        if a != b:
            break
        same += 2 if a > "\uffff" else 1
    return same


def same_prefix(old: tuple[Run, ...], new: tuple[Run, ...]) -> int:
    """UTF-16 length of the common beginning of two texts in the same looks."""
    same = 0
    for a, b in zip(old, new, strict=False):
        if (a.styles, a.link) != (b.styles, b.link):
            break
        same += same_length(a.text, b.text)
        if a.text != b.text:
            break
    return same
