"""Blocks in parts of a bounded size, so that no one layout is long: Qt's takes the square of the length of an unbroken
run, and lays a paragraph or a table out as a whole whenever a letter of it changes. Pure.

Where a block is cut follows from what stands before the cut, so a block that grows keeps its first parts as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from tern.markup.blocks import Block, BlockKind, Run, Style
from tern.markup.utf16 import from_right

LONGEST = 4000  # characters of a part of text
LINES = 100  # of them, at most
UNBROKEN = 1000  # of them in one run without a place to break
CODE_LINE = 2000  # characters of a line of code, and of the lines before a part of code may end
CELLS = 60  # of a part of a table; a row stays whole
MOST_COLUMNS = 50  # of a table; a wider one is shown as it was written

# Chinese, Japanese and Korean break anywhere, and so do pictures.
_RUN = re.compile(rf"[^\s\u2e80-\U0010ffff]{{{UNBROKEN + 1}}}")
_LONG_CODE_LINE = re.compile(rf"[^\n]{{{CODE_LINE + 1}}}")
Rows = tuple[tuple[tuple[Run, ...], ...], ...]

_CLUSTER = 64  # characters of one letter with its marks, at most
_LINE = "\u2028"  # a line's end within a block of a text document
_JOINERS = "\u200d\ufe0e\ufe0f"


def parts(block: Block) -> list[Block]:
    """``block`` as it is set: itself, or its parts."""
    match block.kind:
        case BlockKind.CODE if len(block.text) > CODE_LINE // 2:
            return _code_parts(block)
        case BlockKind.TABLE:
            return _table_parts(block)
        case BlockKind.PARAGRAPH | BlockKind.HEADING | BlockKind.MATH if (
            sum(len(run.text) for run in block.runs) > LINES
        ):
            return _text_parts(block)
    return [block]


def grown(last: Block, text: str = "", rows: Rows = ()) -> list[Block]:
    """What ``last``, the last part of its block, becomes with more text or more rows at its end: itself and the parts
    that follow it."""
    if last.kind is BlockKind.TABLE:
        count = rows_in_part(len(last.rows[0]))
        room = count + (last.part == 0) - len(last.rows)
        groups = [last.rows + rows[:room], *(rows[at : at + count] for at in range(room, len(rows), count))]
        pieces = [_part(last, number, joined=False, rows=group) for number, group in enumerate(groups)]
    elif last.kind is BlockKind.CODE:
        pieces = parts(replace(last, text=last.text + text, part=0))
    else:
        *runs, end = last.runs or (Run(""),)
        said = text.replace("\n", _LINE)
        runs += [replace(end, text=end.text + said)] if not (end.styles or end.link) else [end, Run(said)]
        pieces = parts(replace(last, runs=tuple(runs), part=0))
    for number, piece in enumerate(pieces):
        first = number == 0
        pieces[number] = replace(
            piece,
            part=last.part + number,
            item=last.item if first else None,
            joined=last.joined if first else piece.joined,
            right=last.right or piece.right if last.part else piece.right,
        )
    return pieces


def plain(text: str) -> list[Block]:
    """Text as it was written, as parts of paragraphs."""
    out: list[Block] = []
    for paragraph in re.split(r"\n(?:[ \t]*\n)+", text.strip("\n")):
        if paragraph:
            out += parts(Block(BlockKind.PARAGRAPH, (Run(paragraph.replace("\n", _LINE)),)))
    return out


def lines(text: str) -> list[tuple[str, bool]]:
    """The lines of a text in their parts; whether each goes on within the line that the one before it ends in."""
    out: list[tuple[str, bool]] = []
    for line in text.split("\n"):
        start = 0
        for cut in cuts(line):
            out.append((line[start:cut], start > 0))
            start = cut
        out.append((line[start:], start > 0))
    return out


def cuts(text: str) -> Iterator[int]:
    """Where each part of ``text`` but the last ends: at a space or the end of a line where there is one."""
    start = 0
    while len(text) - start > LINES:
        stop = start + LONGEST
        if (run := _RUN.search(text, start, stop)) is not None:
            stop = _between_letters(text, run.start() + UNBROKEN)
        if few := _after_lines(text, start, stop):
            cut = few
        elif run is not None:
            cut = stop
        elif len(text) <= stop:
            return
        else:
            ends = (text.rfind(mark, start + LONGEST // 2, stop) + 1 for mark in (_LINE, " "))
            cut = next(filter(None, ends), 0) or _between_letters(text, stop)
        yield cut
        start = cut


def line_cuts(length: int) -> range:
    """Where a line of code of that length is cut."""
    return range(CODE_LINE, length, CODE_LINE)


def long_line(text: str, start: int = 0) -> re.Match[str] | None:
    """The first line of code that is set in parts, from ``start``, which begins a line."""
    return _LONG_CODE_LINE.search(text, start)


def rows_in_part(columns: int) -> int:
    return max(1, CELLS // max(1, columns))


def _after_lines(text: str, start: int, stop: int) -> int:
    """The end of the last line that a part may have; 0: it has fewer."""
    if text.count(_LINE, start, stop) <= LINES:
        return 0
    for _ in range(LINES):
        start = text.index(_LINE, start) + 1
    return start


def _between_letters(text: str, cut: int) -> int:
    """``cut``, or a little before it: no mark is parted from its letter."""
    for at in range(cut, max(1, cut - _CLUSTER), -1):
        if at >= len(text) or not (
            text[at] in _JOINERS or text[at - 1] == "\u200d" or unicodedata.category(text[at]).startswith("M")
        ):
            return at
    return cut


def _text_parts(block: Block) -> list[Block]:
    pieces: list[list[Run]] = [[]]
    at, waiting = 0, cuts("".join(run.text for run in block.runs))
    end = next(waiting, None)
    for run in block.runs:
        text = run.text
        while end is not None and at + len(text) >= end:
            if end > at:
                pieces[-1].append(replace(run, text=text[: end - at]))
            text, at = text[end - at :], end
            pieces.append([])
            end = next(waiting, None)
        if text:
            pieces[-1].append(replace(run, text=text))
        at += len(text)
    if len(pieces) == 1:
        return [block]
    out: list[Block] = []
    right, joined = from_right(tuple(pieces[0])), False
    for number, runs in enumerate(pieces):
        ends_line = runs[-1].text.endswith(_LINE) and number + 1 < len(pieces)
        if ends_line:  # the next part begins a line anyway
            runs[-1] = replace(runs[-1], text=runs[-1].text.removesuffix(_LINE))
        part = _part(block, number, joined, runs=tuple(runs))
        out.append(replace(part, right=right) if number else part)
        joined = not ends_line
    return out


def _code_parts(block: Block) -> list[Block]:
    out: list[Block] = []
    text, start, joined = block.text, 0, False
    at = 0  # where the line begins that is looked at
    while True:
        end = text.find("\n", at)
        line_end = len(text) if end < 0 else end
        for cut in line_cuts(line_end - at):
            out.append(_part(block, len(out), joined, text=text[start : at + cut]))
            start, joined = at + cut, True
        if end < 0:
            break
        at = end + 1
        if end - start >= CODE_LINE // 2:
            out.append(_part(block, len(out), joined, text=text[start:end]))
            start, joined = at, False
    out.append(_part(block, len(out), joined, text=text[start:]))
    return out


def _table_parts(block: Block) -> list[Block]:
    columns = max(len(row) for row in block.rows)
    if columns > MOST_COLUMNS:
        text = "\n".join("| " + " | ".join(_said(cell) for cell in row) + " |" for row in block.rows)
        return parts(replace(block, kind=BlockKind.CODE, text=text, rows=(), aligns=()))
    count = rows_in_part(columns)
    if len(block.rows) <= count + 1:
        return [block]
    starts = range(1, len(block.rows), count)
    return [
        _part(block, number, joined=False, rows=block.rows[start - (number == 0) : start + count])
        for number, start in enumerate(starts)
    ]


def _said(cell: tuple[Run, ...]) -> str:
    return "".join(f"`{run.text}`" if Style.CODE in run.styles else run.text for run in cell)


def _part(
    block: Block,
    number: int,
    joined: bool,
    runs: tuple[Run, ...] | None = None,
    text: str | None = None,
    rows: Rows | None = None,
) -> Block:
    return replace(
        block,
        runs=block.runs if runs is None else runs,
        text=block.text if text is None else text,
        rows=block.rows if rows is None else rows,
        item=block.item if number == 0 else None,
        part=number,
        joined=joined,
    )
