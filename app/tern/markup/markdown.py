"""Markdown to a flat list of blocks, whole or while it is still being written. Pure; imports no Qt.

A reply arrives in pieces. :class:`StreamParser` parses only the part that can still change: blocks that are
followed by a further block are settled. They are looked at again only if they name a link whose definition comes later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markdown_it import rules_core
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from tern.markup import markdown_rules, math_rules, nesting, pacing
from tern.markup.blocks import Block, BlockKind, ListItem, Run, Style
from tern.markup.latex import readable
from tern.markup.safe_text import safe_text
from tern.markup.utf16 import from_right

_OPEN_ITEMS = 2  # of a list that is being written: the last, and the one before it that may yet go on
_MARKDOWN = markdown_rules.reader()
math_rules.add_to(_MARKDOWN)
nesting.add_to(_MARKDOWN)
pacing.add_to(_MARKDOWN)
_TASK = re.compile(r"\[([ xX])\]\s+")
_LINE_END = re.compile(r"\r\n?")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_MARKS = "-=*_+>#|:~`"
_NUMBER = re.compile(r"\d{1,9}[.)]?\Z")


def parse(source: str) -> list[Block]:
    """The blocks of a whole text."""
    return _blocks(_MARKDOWN.parse(safe_text(source)))


class StreamParser:
    """Parses a text that grows. ``blocks`` is the present reading of all of it.

    The items of a list settle one by one, so that a long list costs no more than a short one. Whether they stand
    tight or loose is then judged by the items still open; when the list has ended, by all of them.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._settled = 0  # how many of ``blocks`` can no longer change, but for links defined later
        self._parts: list[_Part] = []  # what they were read from
        self._known: dict[str, Any] = {}  # the links defined in it, by their labels
        self._open = ""  # the source of the rest
        self._list: _List | None = None  # the rest begins in the middle of this list
        self._list_parts = 0  # how many parts stand before that list
        self._return = ""  # held back: it may be half of a line's end

    def append(self, piece: str, last: bool = False) -> int:
        """Add ``piece``; returns the index of the first block that may have changed.

        ``last``: nothing more will come, so a line that could still become something else is taken as it is.
        """
        piece = self._return + piece
        self._return = "\r" if piece.endswith("\r") and not last else ""
        self._open += safe_text(_LINE_END.sub("\n", piece.removesuffix(self._return)))
        if last:
            self._open_list()
        reading = self._read(last)
        if not last and self._list is not None and len(_tops(reading.tokens, reading.source)) > 1:
            self._open_list()  # it has ended
            reading = self._read(last)
        changed = self._settled
        self.blocks[changed:] = _blocks(reading.tokens, self._list)
        if last:
            return min(changed, self._define(reading.definitions))
        return min(changed, self._settle(reading))

    def _read(self, last: bool = False) -> _Reading:
        """Of the rest what can be read."""
        source = self._open
        if not last:
            source = source[: _decided(source)]
        return _Reading(source, self._known, not last)

    def _open_list(self) -> None:
        """Read a list that was settled by items as a whole again. One without an empty line was judged rightly."""
        if self._list is None:
            return
        source = "".join(part.source for part in self._parts[self._list_parts :]) + self._open
        if not _EMPTY_LINE.search(source):
            return
        self._settled = self._parts[self._list_parts].at
        del self._parts[self._list_parts :]
        self._open, self._list = source, None

    def _settle(self, reading: _Reading) -> int:
        """Settle what can no longer change; returns the index of the first block that did for the last time."""
        tops = _tops(reading.tokens, reading.source)
        if tops and tops[-1].type == "math_block" and tops[-1].meta["unsure"]:
            tops.pop()  # it may turn out to be none, and to belong to the block before it
        if len(tops) > 1 and not _is_apart(tops[-2], tops[-1], reading.source):
            tops.pop()  # it may yet become the title of a link's definition
        if len(tops) < 2 or tops[-1].map is None:
            return self._settle_items(reading)
        changed = self._settle_to(tops[-1].map[0], reading, None)
        return min(changed, self._settle_items(self._read()))

    def _settle_items(self, reading: _Reading) -> int:
        """Settle the items of a list at the beginning of the rest, but for the last two."""
        tokens, lines = reading.tokens, reading.source.count("\n")
        if not tokens or tokens[0].type not in ("bullet_list_open", "ordered_list_open"):
            return self._settled
        if any(token.level == 0 and token.nesting >= 0 for token in tokens[1:]):
            return self._settled
        items = [
            token.map[0]
            for token in tokens
            if token.type == "list_item_open" and token.level == 1 and token.map
        ]
        items = [line for line in items if line < lines]
        if len(items) < _OPEN_ITEMS + 1:
            return self._settled
        number = int(tokens[0].attrs.get("start", 1)) if tokens[0].type == "ordered_list_open" else None
        if self._list is not None:
            number = self._list.number
        else:
            self._list_parts = len(self._parts)
        done = len(items) - _OPEN_ITEMS
        rest = _List(number + done if number is not None else None, first=False)
        return self._settle_to(items[done], reading, rest)

    def _settle_to(self, line: int, reading: _Reading, rest: _List | None) -> int:
        """What stands before ``line`` can no longer change; what follows goes on with the list ``rest``."""
        offset = 0
        for _ in range(line):
            offset = reading.source.index("\n", offset) + 1
        part = _Part(reading, offset, self._settled, self._list)
        # Reading may be given up (markup/pacing.py): until it is done, what is open stays as it is.
        still_open = len(_blocks(_Reading(reading.source[offset:], {}, True).tokens, rest))
        self._open, self._list = self._open[offset:], rest
        self._settled = len(self.blocks) - still_open
        part.count = self._settled - part.at
        self._parts.append(part)
        defined = {label: link for label, link in reading.definitions.items() if link["map"][0] < line}
        changed = self._define(defined)
        if part.labels & reading.definitions.keys():  # what is not settled may yet turn out to define nothing
            self.blocks[part.at : self._settled] = part.read_again(self._known)
            changed = min(changed, part.at)
        return min(changed, self._settled)

    def _define(self, links: dict[str, Any]) -> int:
        """These links can no longer change: read again what names them; returns the index of the first such block."""
        self._known |= links
        changed = len(self.blocks)
        for part in self._parts:
            if links.keys() & part.labels:
                part.labels -= links.keys()
                blocks = part.read_again(self._known)
                if blocks != self.blocks[part.at : part.at + part.count]:
                    self.blocks[part.at : part.at + part.count] = blocks
                    changed = min(changed, part.at)
        return changed


class _Part:
    """A settled part of the text: the blocks from ``at`` on, the first ``count`` of those that were read then."""

    def __init__(self, reading: _Reading, length: int, at: int, within: _List | None) -> None:
        self.source = reading.source[:length]
        self.at = at
        self.count = 0
        self.labels = reading.asked  # of links that may yet be defined
        self._tokens = reading.tokens if self.labels else []
        self._within = within  # the list that it goes on with

    def read_again(self, known: dict[str, Any]) -> list[Block]:
        """Its blocks where the links ``known`` are defined: these change words, never blocks."""
        state = StateCore("", _MARKDOWN, {"references": known}, self._tokens)
        for token in self._tokens:
            token.children = [] if token.type == "inline" else None
        for rule in (rules_core.inline, rules_core.text_join):
            rule(state)
        return _blocks(self._tokens, self._within)[: self.count]


class _Links(dict[str, Any]):
    """The definitions of links by their labels; notes which were asked for."""

    def __init__(self, known: dict[str, Any]) -> None:
        super().__init__(known)
        self.asked: set[str] = set()

    def get(self, label: str, default: Any = None) -> Any:
        self.asked.add(label)
        return super().get(label, default)


class _Reading:
    """A source as markdown-it reads it where the links ``known`` are defined."""

    def __init__(self, source: str, known: dict[str, Any], growing: bool) -> None:
        links = _Links(known)
        self.source = source
        self.tokens = _MARKDOWN.parse(source, {"references": links, math_rules.GROWING: growing})
        self.definitions = {label: link for label, link in links.items() if label not in known}
        self.asked = links.asked - known.keys()


def _decided(source: str) -> int:
    """Where an end begins that may yet turn out to be a list item, a heading's underline, a fence or a table."""
    before = source.rstrip(_MARKS + " \t")
    if not source[len(before) :].strip():  # blanks alone
        number = _NUMBER.search(before, max(0, len(before) - 10))
        if number is None:
            return len(source)
        before = before[: number.start()].rstrip(" \t")
    return len(before.removesuffix("\n"))


def _tops(tokens: Sequence[Token], source: str) -> list[Token]:
    """The outermost blocks whose first line is complete: one before another may yet swallow a line that is not
    ("2" becomes "2. item")."""
    tops = [token for token in tokens if token.level == 0 and token.nesting >= 0 and token.map]
    lines = source.count("\n")
    while tops and tops[-1].map and tops[-1].map[0] >= lines:
        tops.pop()
    return tops


def _is_apart(above: Token, below: Token, source: str) -> bool:
    """Whether what stands between two blocks has ended: a line beyond the first one is part of a definition."""
    assert above.map is not None
    assert below.map is not None
    between = source.split("\n")[above.map[1] : below.map[0]]
    return not between or not between[-1].strip()


@dataclass(slots=True)
class _Nesting:
    """What surrounds the block that is being read."""

    quote: int = 0
    lists: list[_List] = field(default_factory=list)
    item: ListItem | None = None


@dataclass(slots=True)
class _List:
    number: int | None
    first: bool = True


def _blocks(tokens: Sequence[Token], middle: _List | None = None) -> list[Block]:
    """``middle``: the list that the first token, a list's, goes on with."""
    out: list[Block] = []
    nest = _Nesting()
    position = 0
    while position < len(tokens):
        pacing.tick()
        token = tokens[position]
        match token.type:
            case "blockquote_open":
                nest.quote += 1
            case "blockquote_close":
                nest.quote -= 1
            case "bullet_list_open" | "ordered_list_open" if position == 0 and middle is not None:
                nest.lists.append(_List(middle.number, middle.first))
            case "bullet_list_open":
                nest.lists.append(_List(None))
            case "ordered_list_open":
                nest.lists.append(_List(int(token.attrs.get("start", 1))))
            case "bullet_list_close" | "ordered_list_close":
                nest.lists.pop()
                nest.item = None
            case "list_item_open":
                innermost = nest.lists[-1]
                nest.item = ListItem(innermost.number, innermost.first)
                innermost.first = False
                if innermost.number is not None:
                    innermost.number += 1
            case "list_item_close":
                if nest.item is not None:  # nothing was in it: the mark still shows
                    out.append(_placed(nest, BlockKind.PARAGRAPH, tight=not nest.item.first))
                    nest.item = None
            case "paragraph_open":
                paragraph = _paragraph(nest, tokens[position + 1], tight=token.hidden)
                if paragraph.runs or paragraph.item is not None:  # else nothing but line breaks
                    out.append(paragraph)
            case "heading_open":
                runs = _runs(tokens[position + 1].children or [])
                out.append(_placed(nest, BlockKind.HEADING, runs=runs, level=int(token.tag[1])))
            case "fence" | "code_block":
                words = token.info.split()
                text = token.content.removesuffix("\n")
                out.append(_placed(nest, BlockKind.CODE, text=text, language=words[0] if words else ""))
            case "math_block":
                out.append(_formula(nest, token))
            case "hr":
                out.append(_placed(nest, BlockKind.RULE))
            case "table_open":
                end = next(i for i in range(position, len(tokens)) if tokens[i].type == "table_close")
                out.append(_table(nest, tokens[position:end]))
                position = end
        position += 1
    return out


def _placed(
    nest: _Nesting,
    kind: BlockKind,
    *,
    runs: tuple[Run, ...] = (),
    tight: bool = False,
    level: int = 0,
    language: str = "",
    text: str = "",
    rows: tuple[tuple[tuple[Run, ...], ...], ...] = (),
    aligns: tuple[str, ...] = (),
    mirrored: bool = False,
) -> Block:
    item, nest.item = nest.item, None
    depth = len(nest.lists)
    return Block(kind, runs, depth, nest.quote, item, tight, level, language, text, rows, aligns, mirrored)


def _paragraph(nest: _Nesting, inline: Token, tight: bool) -> Block:
    children = list(inline.children or [])
    if (
        nest.item is not None
        and children
        and children[0].type == "text"
        and (task := _TASK.match(children[0].content + (" " if len(children) == 1 else "")))
    ):
        nest.item = ListItem(nest.item.number, nest.item.first, task[1] != " ")
        children[0] = children[0].copy(content=children[0].content[task.end() :])
    first = nest.item is not None and nest.item.first and len(nest.lists) == 1
    return _placed(nest, BlockKind.PARAGRAPH, runs=_runs(children), tight=tight and not first)


def _formula(nest: _Nesting, token: Token) -> Block:
    """As text where it is understood, else as the code that it is; as it was written while it is being written."""
    tex = token.content
    if token.info == "open":
        return _placed(nest, BlockKind.MATH, runs=(Run(token.markup + tex, frozenset({Style.CODE})),))
    if (runs := readable(tex)) is not None:
        return _placed(nest, BlockKind.MATH, runs=runs, text=tex)
    return _placed(nest, BlockKind.CODE, text=tex, language="latex")


def _table(nest: _Nesting, tokens: Sequence[Token]) -> Block:
    rows: list[tuple[tuple[Run, ...], ...]] = []
    cells: list[tuple[Run, ...]] = []
    aligns: list[str] = []
    for position, token in enumerate(tokens):
        if token.type in ("th_open", "td_open"):
            cells.append(_runs(tokens[position + 1].children or []))
            if token.type == "th_open":
                aligns.append(str(token.attrs.get("style", "")).removeprefix("text-align:"))
        elif token.type == "tr_close":
            rows.append(tuple(cells))
            cells = []
    mirrored = from_right(tuple(run for row in rows for cell in row for run in cell))
    return _placed(nest, BlockKind.TABLE, rows=tuple(rows), aligns=tuple(aligns), mirrored=mirrored)


_CLOSINGS = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_OPENS = {
    "strong": Style.STRONG, "em": Style.EMPHASIS, "s": Style.STRUCK, "u": Style.UNDERLINED, "mark": Style.MARKED,
    "kbd": Style.CODE, "sup": Style.SUPER, "sub": Style.SUB,
}  # fmt: skip
_BREAK = "\u2028"  # breaks a line inside a text document's block


def _runs(children: Sequence[Token]) -> tuple[Run, ...]:
    open_styles: list[Style] = []
    looks: list[tuple[frozenset[Style], str]] = []
    texts: list[list[str]] = []  # in each of them
    styles: frozenset[Style] = frozenset()
    link = ""

    def add(text: str, extra: frozenset[Style] = frozenset()) -> None:
        look = styles | extra
        if looks and looks[-1] == (look, link):
            texts[-1].append(text)
        elif text:
            looks.append((look, link))
            texts.append([text])

    for token in children:
        pacing.tick()
        name, _, edge = token.type.rpartition("_")
        if edge == "open" and name in _OPENS:
            open_styles.append(_OPENS[name])
            styles = frozenset(open_styles)
        elif edge == "close" and name in _OPENS:
            open_styles.remove(_OPENS[name])
            styles = frozenset(open_styles)
        elif token.type == "link_open":
            link = str(token.attrs.get("href", ""))
        elif token.type == "link_close":
            link = ""
        elif token.type == "code_inline":
            add(token.content, frozenset({Style.CODE}))
        elif token.type == "math_inline":
            pacing.tick(30 + 5 * len(token.content))
            closing = _CLOSINGS[token.markup]
            formula = readable(token.content) or (
                Run(token.markup + token.content + closing, frozenset({Style.CODE})),
            )
            for run in formula:
                add(run.text, run.styles)
        elif token.type in ("softbreak", "hardbreak"):
            add(_BREAK)  # soft breaks too: models write verse so
        elif token.type == "image":  # nothing is fetched: its description, as a link
            link, outer = str(token.attrs.get("src", "")), link
            add(token.content or link)
            link = outer
        else:
            add(token.content)
    return _without_outer_breaks([Run("".join(text), *look) for text, look in zip(texts, looks, strict=True)])


def _without_outer_breaks(runs: list[Run]) -> tuple[Run, ...]:
    """What begins or ends with line breaks would show as empty lines."""
    for at, strip in ((0, str.lstrip), (-1, str.rstrip)):
        while runs and _BREAK in (runs[at].text[:1], runs[at].text[-1:]):
            text = strip(runs[at].text, _BREAK + " ")
            if text == runs[at].text:
                break
            runs[at : at + 1 or None] = [replace(runs[at], text=text)] if text else []
    return tuple(runs)
