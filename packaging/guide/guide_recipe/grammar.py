"""Small text grammars: one line stands for many ways to say a thing. Knows nothing of dialogues or tokens.

``(a|b)`` chooses one alternative, ``[a|b]`` one or nothing, ``{slot}`` is filled by the caller.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"
_INNERMOST = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_SPACES = re.compile(r" +")
_OPTIONAL_U = re.compile(r"u\?(?=r)")  # "colou?r": both spellings


@dataclass(slots=True)
class Intent:
    """One thing a person may want: ways to ask, equivalent replies, and what to add for "tell me more"."""

    asks: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)


def expand(template: str, rng: random.Random) -> str:
    """One random sentence of the grammar line ``template``."""

    def choose(match: re.Match[str]) -> str:
        if match.group(1) is not None:
            return rng.choice(match.group(1).split("|"))
        return rng.choice([*match.group(2).split("|"), ""])

    text = _OPTIONAL_U.sub(lambda _: rng.choice(("u", "")), template)
    while True:
        replaced = _INNERMOST.sub(choose, text)
        if replaced == text:
            return _SPACES.sub(" ", text).strip()
        text = replaced


def fill(text: str, slots: Mapping[str, Callable[[], str]]) -> str:
    """``text`` with each ``{name}`` replaced by a fresh value of ``slots[name]``."""
    return _SLOT.sub(lambda match: slots[match.group(1)](), text)


def read_intents(name: str) -> list[Intent]:
    """The intents of a data file: blocks of "?", "=" and "+" lines, apart by blank lines."""
    intents: list[Intent] = []
    for block in (DATA / name).read_text(encoding="utf-8").split("\n\n"):
        intent = Intent()
        lists = {"? ": intent.asks, "= ": intent.replies, "+ ": intent.more}
        for line in block.splitlines():
            if line[:2] in lists:
                lists[line[:2]].append(unescape(line[2:]))
        if intent.asks:
            if not intent.replies:
                raise ValueError(f"{name}: no reply for {intent.asks[0]!r}")
            intents.append(intent)
    return intents


def read_sections(name: str) -> dict[str, list[str]]:
    """The lines of a data file under each of its "# heading" lines."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            current = sections.setdefault(line[2:], [])
        elif line:
            current.append(unescape(line))
    return sections


def unescape(line: str) -> str:
    """Data files keep one item a line: a backslash and n is a line break, two backslashes are one."""
    return line.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
