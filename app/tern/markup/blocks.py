"""What Markdown is read into: blocks of runs of text. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

THOUGHT_LINK = "tern-thought:"  # then the message's key, "/" and which of its thoughts


class Style(Enum):
    """How a run of text is set; a run has any number of them."""

    STRONG = "strong"
    EMPHASIS = "emphasis"
    CODE = "code"
    STRUCK = "struck"
    UNDERLINED = "underlined"
    MARKED = "marked"
    SUPER = "super"  # raised or lowered, in formulas
    SUB = "sub"


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one look. ``link`` is an address or empty."""

    text: str
    styles: frozenset[Style] = frozenset()
    link: str = ""


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CODE = "code"
    TABLE = "table"
    RULE = "rule"
    MATH = "math"  # a formula, its runs
    LABEL = "label"  # no part of the text: what opens and closes a thought


@dataclass(frozen=True, slots=True)
class ListItem:
    """The mark of the first block of a list item. ``number`` is None for a bullet; ``task`` None for no checkbox."""

    number: int | None
    first: bool  # of its list
    task: bool | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One block, with the nesting it stands in.

    ``indent`` counts the lists around it, ``quote`` the block quotes. ``language`` and ``text`` are for code
    (``text`` of a formula: its TeX),
    ``level`` (1-6) for headings, ``rows`` (the first is the head), ``aligns`` and ``mirrored`` (it is written from the
    right, its first column stands there) for tables.

    A block too long to be set at once is set in parts (``parts``): ``part`` counts them from 0, ``joined`` says that
    this one goes on within the line in which the one before it ends, ``right`` that its text is written from the right
    as the first part's. Only the first part of a table has a head.
    """

    kind: BlockKind
    runs: tuple[Run, ...] = ()
    indent: int = 0
    quote: int = 0
    item: ListItem | None = None
    tight: bool = False  # no space above: a further item of a tight list
    level: int = 0
    language: str = ""
    text: str = ""
    rows: tuple[tuple[tuple[Run, ...], ...], ...] = ()
    aligns: tuple[str, ...] = ()
    mirrored: bool = False
    part: int = 0
    joined: bool = False
    right: bool = False
