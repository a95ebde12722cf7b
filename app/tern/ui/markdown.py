"""Markdown to a flat list of blocks, whole or while it is still being written. Pure; imports no Qt.

A reply arrives in pieces. :class:`StreamParser` parses only the part that can still change: blocks that are
followed by a further block are settled and never looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tern.ui import math_rules, nesting, pacing
from tern.ui.latex import readable
from tern.ui.markdown_types import Block, Kind, ListItem, Run, Style

_OPEN_ITEMS = 2  # of a list that is being written: the last, and the one before it that may yet go on
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
math_rules.add_to(_MARKDOWN)
nesting.add_to(_MARKDOWN)
pacing.add_to(_MARKDOWN)
# U+2028/2029 and U+FDD0/FDD1 mean structure to a text document; NUL means its end.
_UNSAFE = str.maketrans(
    {"\u2028": "\n", "\u2029": "\n", "\ufdd0": "\ufffd", "\ufdd1": "\ufffd", "\0": "\ufffd"}
)
_TASK = re.compile(r"\[([ xX])\]\s+")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_MARKS = "-=*_+>#|:~`"
_NUMBER = re.compile(r"\d{1,9}[.)]?\Z")


def safe_text(text: str) -> str:
    """``text`` without the characters that would mean structure to a text document."""
    return text.translate(_UNSAFE)


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
        self._settled = 0  # how many of ``blocks`` can no longer change
        self._open = ""  # the source of the rest
        self._list: _List | None = None  # the rest begins in the middle of this list
        self._passed = ""  # the source of that list before the rest
        self._list_at = 0  # where its blocks begin

    def append(self, piece: str, last: bool = False) -> int:
        """Add ``piece``; returns the index of the first block that may have changed.

        ``last``: nothing more will come, so a line that could still become something else is taken as it is.
        """
        self._open += safe_text(piece)
        if last:
            self._open_list()
        source, tokens = self._parse(last)
        if not last and self._list is not None and len(_tops(tokens, source)) > 1:
            self._open_list()  # it has ended
            source, tokens = self._parse(last)
        changed = self._settled
        self.blocks[changed:] = _blocks(tokens, self._list)
        if not last:
            self._settle(tokens, source)
        return changed

    def _parse(self, last: bool) -> tuple[str, list[Token]]:
        """The part of the rest that can be read, and its reading."""
        source = self._open
        if not last:
            source = source[: _decided(source)]
        return source, _MARKDOWN.parse(source)

    def _open_list(self) -> None:
        """Read a list that was settled by items as a whole again. One without an empty line was judged rightly."""
        if self._list is None or not _EMPTY_LINE.search(self._passed + self._open):
            return
        self._open, self._settled, self._list = self._passed + self._open, self._list_at, None

    def _settle(self, tokens: list[Token], source: str) -> None:
        tops = _tops(tokens, source)
        if tops and tops[-1].type == "math_block" and tops[-1].info == "open":
            tops.pop()  # if it never ends it was none, and belongs to the block before it
        if len(tops) < 2 or tops[-1].map is None:
            self._settle_items(tokens, source, source.count("\n"))
            return
        self._list = None
        self._settle_to(tops[-1].map[0], source)
        self._settle_items(_MARKDOWN.parse(self._open), self._open, self._open.count("\n"))

    def _settle_items(self, tokens: list[Token], source: str, lines: int) -> None:
        """Settle the items of a list at the beginning of the rest, but for the last two."""
        if not tokens or tokens[0].type not in ("bullet_list_open", "ordered_list_open"):
            return
        if any(token.level == 0 and token.nesting >= 0 for token in tokens[1:]):
            return
        items = [
            token.map[0]
            for token in tokens
            if token.type == "list_item_open" and token.level == 1 and token.map
        ]
        items = [line for line in items if line < lines]
        if len(items) < _OPEN_ITEMS + 1:
            return
        number = int(tokens[0].attrs.get("start", 1)) if tokens[0].type == "ordered_list_open" else None
        if self._list is not None:
            number = self._list.number
        else:
            self._list_at, self._passed = self._settled, ""
        done = len(items) - _OPEN_ITEMS
        self._list = _List(number + done if number is not None else None, first=False)
        self._settle_to(items[done], source)

    def _settle_to(self, line: int, source: str) -> None:
        """What stands before ``line`` of the rest can no longer change."""
        offset = 0
        for _ in range(line):
            offset = source.index("\n", offset) + 1
        still_open = len(_blocks(_MARKDOWN.parse(source[offset:]), self._list))
        self._passed += source[:offset]
        self._settled = len(self.blocks) - still_open
        self._open = self._open[offset:]


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
                    out.append(_placed(nest, Kind.PARAGRAPH, tight=not nest.item.first))
                    nest.item = None
            case "paragraph_open":
                out.append(_paragraph(nest, tokens[position + 1], tight=token.hidden))
            case "heading_open":
                runs = _runs(tokens[position + 1].children or [])
                out.append(_placed(nest, Kind.HEADING, runs=runs, level=int(token.tag[1])))
            case "fence" | "code_block":
                words = token.info.split()
                text = token.content.removesuffix("\n")
                out.append(_placed(nest, Kind.CODE, text=text, language=words[0] if words else ""))
            case "math_block":
                out.append(_formula(nest, token))
            case "hr":
                out.append(_placed(nest, Kind.RULE))
            case "table_open":
                end = next(i for i in range(position, len(tokens)) if tokens[i].type == "table_close")
                out.append(_table(nest, tokens[position:end]))
                position = end
        position += 1
    return out


def _placed(
    nest: _Nesting,
    kind: Kind,
    *,
    runs: tuple[Run, ...] = (),
    tight: bool = False,
    level: int = 0,
    language: str = "",
    text: str = "",
    rows: tuple[tuple[tuple[Run, ...], ...], ...] = (),
    aligns: tuple[str, ...] = (),
) -> Block:
    item, nest.item = nest.item, None
    return Block(kind, runs, len(nest.lists), nest.quote, item, tight, level, language, text, rows, aligns)


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
    return _placed(nest, Kind.PARAGRAPH, runs=_runs(children), tight=tight and not first)


def _formula(nest: _Nesting, token: Token) -> Block:
    """As text where it is understood, else as the code that it is; as it was written while it is being written."""
    tex = token.content
    if token.info == "open":
        return _placed(nest, Kind.MATH, runs=(Run(token.markup + tex, frozenset({Style.CODE})),))
    if (runs := readable(tex)) is not None:
        return _placed(nest, Kind.MATH, runs=runs)
    return _placed(nest, Kind.CODE, text=tex, language="latex")


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
    return _placed(nest, Kind.TABLE, rows=tuple(rows), aligns=tuple(aligns))


_CLOSINGS = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_OPENS = {"strong": Style.STRONG, "em": Style.EMPHASIS, "s": Style.STRUCK}


def _runs(children: Sequence[Token]) -> tuple[Run, ...]:
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
            styles |= {_OPENS[name]}
        elif edge == "close" and name in _OPENS:
            styles -= {_OPENS[name]}
        elif token.type == "link_open":
            link = str(token.attrs.get("href", ""))
        elif token.type == "link_close":
            link = ""
        elif token.type == "code_inline":
            add(token.content, frozenset({Style.CODE}))
        elif token.type == "math_inline":
            closing = _CLOSINGS[token.markup]
            formula = readable(token.content) or (
                Run(token.markup + token.content + closing, frozenset({Style.CODE})),
            )
            for run in formula:
                add(run.text, run.styles)
        elif token.type in ("softbreak", "hardbreak"):
            # U+2028 breaks a line inside a text document's block. Soft breaks count too: models write verse so.
            add("\u2028")
        elif token.type == "image":  # nothing is fetched: its description, as a link
            link, outer = str(token.attrs.get("src", "")), link
            add(token.content or link)
            link = outer
        else:
            add(token.content)
    return tuple(Run("".join(text), *look) for text, look in zip(texts, looks, strict=True))
