"""Where replies are read otherwise than by CommonMark, as rules for markdown-it: emphasis beside Chinese, Japanese and
Korean, fences within a fence, bare addresses, and a few HTML tags. Says nothing of how it is shown.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace, unescapeAll
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock, fence
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token

from tern.markup.math_rules import GROWING
from tern.markup.utf16 import is_cjk


def reader() -> MarkdownIt:
    """A markdown-it that reads CommonMark with tables and strikethrough, and by the rules below."""
    markdown = MarkdownIt("commonmark", {"html": False})
    markdown.inline = _Inline()
    markdown.configure("commonmark", {"html": False})  # what of it is in force, for the new one too
    markdown.enable(["table", "strikethrough"])
    markdown.inline.add_terminator_char(".")
    markdown.inline.ruler.after("text", "address", _address)
    markdown.inline.ruler.before("autolink", "tag", _tag)
    markdown.block.ruler.at("fence", _fence, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    return markdown


# Emphasis beside Chinese, Japanese and Korean

_SELECTORS = ("\ufe00", "\ufe0e")  # of a character's form; U+FE0F, which follows, makes a picture of it
_IDEOGRAPHIC_SELECTORS = ("\U000e0100", "\U000e01ef")


class _Inline(ParserInline):
    def parse(
        self, src: str, md: MarkdownIt, env: MutableMapping[str, Any], tokens: list[Token]
    ) -> list[Token]:
        state = _InlineState(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _InlineState(StateInline):
    """Marks of emphasis may stand between punctuation and a letter where words are written without spaces, by the
    amendment that https://github.com/tats-u/markdown-cjk-friendly proposes. Elsewhere CommonMark holds."""

    def __init__(self, src: str, md: MarkdownIt, env: MutableMapping[str, Any], tokens: list[Token]) -> None:
        super().__init__(src, md, env, tokens)
        self.endless: set[tuple[str, int]] = set()  # tags that do not end up to there

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N803 (its name there)
        source, end = self.src, start
        while end < self.posMax and source[end] == source[start]:
            end += 1
        before, selector = source[start - 1 : start] or " ", ""
        if _SELECTORS[0] <= before <= _SELECTORS[1] and start > 1:
            before, selector = source[start - 2], before
        after = source[end] if end < self.posMax else " "
        wide_before = is_cjk(before) or _IDEOGRAPHIC_SELECTORS[0] <= before <= _IDEOGRAPHIC_SELECTORS[1]
        wide_mark = wide_before or (before in "“”‘’" and selector == "\ufe01")  # which makes them wide
        space_before, space_after = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
        mark_before, mark_after = _is_mark(before), _is_mark(after)
        narrow_before = mark_before and not wide_mark
        narrow_after = mark_after and not is_cjk(after)
        left = not space_after and (not narrow_after or space_before or narrow_before or wide_before)
        right = not space_before and (not narrow_before or space_after or narrow_after or is_cjk(after))
        return Scanned(
            left and (canSplitWord or not right or mark_before),
            right and (canSplitWord or not left or mark_after),
            end - start,
        )


def _is_mark(character: str) -> bool:
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)


# A fence within a fence

_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([^\s`]*)([^`]*)\Z")
OF_MARKDOWN = frozenset(("markdown", "md", "mdx", "qmd", "rmd"))
_MAY_HOLD = OF_MARKDOWN | {"", "text", "txt", "plaintext"}


def _fence(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """A fence of Markdown may hold further ones, though they are no shorter: one with a language opens, and the next
    without one closes it. Only if all of them are closed, else CommonMark knows better what was meant."""
    end = None if silent or state.is_code_block(line) else _holding_end(state, line, last)
    if end is None:
        return fence(state, line, last, silent)
    opening = _FENCE.match(_text(state, line))
    assert opening is not None
    inside = min(end, last)
    token = state.push("fence", "code", 0)
    token.info = (opening[2] + opening[3]).strip()
    token.content = state.getLines(line + 1, inside, state.sCount[line], True)
    token.markup = opening[1]
    state.line = inside + (1 if end < last else 0)
    token.map = [line, state.line]
    return True


def _holding_end(state: StateBlock, line: int, last: int) -> int | None:
    """The line that closes the fence at ``line``, ``last`` while it may yet come; None if it holds no other."""
    opening = _FENCE.match(_text(state, line))
    if opening is None or opening[2].lower() not in _MAY_HOLD:
        return None
    open_fences, held = [(opening[1], True)], 0
    for number in range(line + 1, last):
        if not state.isEmpty(number) and state.sCount[number] < state.blkIndent:
            return None  # the list or quotation around it has ended
        mark = None if state.is_code_block(number) else _FENCE.match(_text(state, number))
        if mark is None:
            continue
        fence_, may_hold = open_fences[-1]
        if mark[2]:
            if may_hold and mark[1].startswith(opening[1]):
                open_fences.append((mark[1], mark[2].lower() in _MAY_HOLD))
                held += 1
        elif mark[1].startswith(fence_):
            open_fences.pop()
            if not open_fences:
                return number if held else None
    growing = state.env.get(GROWING) and last >= len(state.bMarks) - 1
    return last if held and growing else None


def _text(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


# Bare addresses

_BEGINS = {":": re.compile(r"(?<![\w+.\-])(https?)\Z", re.IGNORECASE | re.ASCII),
           ".": re.compile(r"(?<![\w+.\-/@])(www)\Z", re.IGNORECASE | re.ASCII)}  # fmt: skip
_LABEL = r"[^\W_](?:[\w\-]*[^\W_])?"
_HOST = re.compile(rf"\[[0-9A-Fa-f:.]+\]|{_LABEL}(?:\.{_LABEL})*")
_PORT = re.compile(r":\d{1,5}(?!\d)")
_PATH = re.compile(r"[/?#][^\s<>\"`“”‘’]*")
_STOP = re.compile(r"\*\*|~~|\]\(")
_TRAILING = re.compile(r"[?!.,:;*_~'\\]\Z|&[A-Za-z0-9]+;\Z")
_PAIRS = {")": "(", "]": "[", "}": "{"}


def _address(state: StateInline, silent: bool) -> bool:
    """An address that is written as it is, as GitHub reads it, and without the punctuation after it: also that of
    Chinese and Japanese, whose sentences go on without a space."""
    begins = _BEGINS.get(state.src[state.pos])
    if begins is None or silent or state.linkLevel > 0:
        return False
    begin = begins.search(state.src, max(0, state.pos - 6), state.pos)
    if begin is None or not state.pending.endswith(begin[1]):
        return False
    scheme = "" if begin[1][0] in "wW" else f"{begin[1]}://"
    if not state.src.startswith(scheme, begin.start()):
        return False
    end = _address_end(state.src[begin.start() : state.posMax], len(scheme))
    if not end:
        return False
    said = unescapeAll(state.src[begin.start() : begin.start() + end])
    address = state.md.normalizeLink(said if scheme else f"http://{said}")
    if not state.md.validateLink(address):
        return False
    state.pending = state.pending[: -len(begin[1])]
    state.push("link_open", "a", 1).attrs = {"href": address}
    state.push("text", "", 0).content = said
    state.push("link_close", "a", -1)
    state.pos = begin.start() + end
    return True


def _address_end(text: str, host_at: int) -> int:
    """Where the address at the beginning of ``text`` ends, whose host begins at ``host_at``; 0: it is none."""
    host = _HOST.match(text, host_at)
    if host is None:
        return 0
    least = end = host_at + _host_length(host[0])
    dots = text.count(".", host_at, end)
    if dots < 2 if not host_at else not dots and not text[host_at:end].isascii():
        return 0
    if port := _PORT.match(text, end):
        least = end = port.end()
    if path := _PATH.match(text, end):
        end = next(
            (at for at in range(end, path.end()) if is_cjk(text[at]) and _is_mark(text[at])), path.end()
        )
        if stop := _STOP.search(text, least, end):
            end = stop.start()
    while end > least:
        last = text[end - 1]
        if trailing := _TRAILING.search(text, least, end):
            end = trailing.start()
        elif last in _PAIRS and text.count(last, 0, end) > text.count(_PAIRS[last], 0, end):
            end -= 1
        else:
            break
    return end


def _host_length(host: str) -> int:
    """Without the Chinese or Japanese that goes on after it: none of their letters follows others in a name's end."""
    at = 0
    for number, label in enumerate(host.split(".")):
        if number and label[:1].isascii():
            for place, character in enumerate(label):
                if is_cjk(character):
                    return at + place
        at += len(label) + 1
    return len(host)


# Tags

TAGS = {
    "b": "strong", "strong": "strong", "i": "em", "em": "em", "s": "s", "del": "s", "strike": "s", "u": "u", "ins": "u",
    "sub": "sub", "sup": "sup", "mark": "mark", "kbd": "kbd",
}  # fmt: skip
_TAG = re.compile(r"<(?:(br)[ \t]*/?>[ \t]*\n?[ \t]*|([a-z]+)>)", re.IGNORECASE)


def _tag(state: StateInline, silent: bool) -> bool:
    """A line break, or one of :data:`TAGS` with its end. Any other HTML is text."""
    opening = _TAG.match(state.src, state.pos, state.posMax)
    if opening is None:
        return False
    begin = opening.end()
    if opening[1]:
        if not silent:
            state.pending = state.pending.rstrip(" ")
            state.push("hardbreak", "br", 0)
        state.pos = begin
        return True
    name, last = opening[2].lower(), state.posMax
    assert isinstance(state, _InlineState)
    if name not in TAGS or (name, last) in state.endless:
        return False
    closing = re.compile(f"</{name}>", re.IGNORECASE)
    at, state.pos = state.pos, begin
    while state.pos < last and not closing.match(state.src, state.pos, last):
        state.md.inline.skipToken(state)
    end, state.pos = state.pos, at
    if end >= last:
        state.endless.add((name, last))
        return False
    if not silent:
        state.pos, state.posMax = begin, end
        state.push(f"{TAGS[name]}_open", name, 1)
        state.md.inline.tokenize(state)
        state.push(f"{TAGS[name]}_close", name, -1)
        state.posMax = last
    state.pos = end + len(name) + 3
    return True
