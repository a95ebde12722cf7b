"""Text in the columns of a terminal: how many it takes, what of it fits, and tables that are never too wide."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from tern.cli.streams import shown

WIDTH = 100  # columns that a table takes at most
_GAP = "  "


def char_columns(char: str) -> int:
    """The columns of one character: none for what joins or marks another, two for the wide ones of East Asia."""
    if " " <= char <= "~":
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf") or "\u1160" <= char <= "\u11ff":
        return 1 if char == "\u00ad" else 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def columns(text: str) -> int:
    """The columns of ``text``."""
    return sum(map(char_columns, text))


def cut(text: str, width: int) -> str:
    """As much of a line as ``width`` columns hold."""
    if columns(text) <= width:
        return text
    kept = text[:width]
    while columns(kept) > width - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def line(text: str) -> str:
    """``text`` in one line, harmless."""
    return shown(" ".join(text.split()), lines=False)


def table_width() -> int:
    """The columns that a table may take: the terminal's, and a hundred at most or where there is no terminal."""
    if not sys.stdout.isatty():
        return WIDTH
    try:
        return min(WIDTH, os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH)
    except (OSError, ValueError):
        return min(WIDTH, shutil.get_terminal_size().columns)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. ``least``: columns to which it may be cut, 0 for never. ``drop``: where there is no room
    the column with the highest goes first; 0 stays. ``right``: aligned there, as figures are."""

    head: str
    least: int = 0
    drop: int = 0
    right: bool = False


def table(heads: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """``rows`` under ``heads`` in lines of at most ``width`` columns; a column with nothing in it is left out."""
    cells = [[shown(cell, lines=False) for cell in row] for row in rows]
    full = [
        max(columns(row[at]) for row in ([head.head for head in heads], *cells)) for at in range(len(heads))
    ]
    kept = [at for at in range(len(heads)) if any(row[at] for row in cells)]
    while _too_wide(widths := _shrunk(heads, full, kept, width), kept, width):
        at = max(kept, key=lambda at: heads[at].drop)
        if not heads[at].drop:
            break
        kept.remove(at)
    return [
        cut(_row([texts[at] for at in kept], [heads[at] for at in kept], [widths[at] for at in kept]), width)
        for texts in ([head.head for head in heads], *cells)
    ]


def _shrunk(heads: Sequence[Column], full: Sequence[int], kept: Sequence[int], width: int) -> list[int]:
    """The widths that ``kept`` get: cut where they may be, the dispensable ones first."""
    widths = list(full)
    for dispensable in (True, False):
        while _too_wide(widths, kept, width):
            going = [at for at in kept if bool(heads[at].drop) is dispensable]
            going = [at for at in going if heads[at].least and widths[at] > heads[at].least]
            if not going:
                break
            widths[max(going, key=lambda at: widths[at])] -= 1
        if any(heads[at].drop for at in kept):
            break  # what cannot be done without is cut last
    return widths


def _too_wide(widths: Sequence[int], kept: Sequence[int], width: int) -> bool:
    return sum(widths[at] for at in kept) + len(_GAP) * (len(kept) - 1) > width


def _row(texts: Sequence[str], heads: Sequence[Column], widths: Sequence[int]) -> str:
    cells = []
    for text, head, width in zip(texts, heads, widths, strict=True):
        fits = cut(text, width)
        space = " " * (width - columns(fits))
        cells.append(space + fits if head.right else fits + space)
    return _GAP.join(cells).rstrip()
