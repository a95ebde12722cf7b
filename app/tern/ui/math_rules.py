r"""Where mathematics stands in Markdown: ``$...$`` and ``\(...\)`` in a line, ``$$...$$``, ``\[...\]`` and a few
environments as blocks. Rules for markdown-it; says nothing of how it is shown.

Money is no mathematics: ``$5 and $10`` and ``$HOME:$PATH`` stay text. A block ends at its mark or, as in TeX, was none
if a blank line comes first; one that is still being written is open (``info`` "open").
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_LONGEST = 2000  # characters of one formula within a line
_INLINE = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))
_ENVIRONMENT = re.compile(r"\\begin\{((?:align|equation|gather|multline|eqnarray)\*?)\}")
_PROSE = re.compile(r"[^\W\d_]{3,}|\s[^\W\d_]{2,}")
_MATHEMATICS = re.compile(r"[\\^_={}]")


def add_to(markdown: MarkdownIt) -> None:
    """Make ``markdown`` emit ``math_inline`` and ``math_block`` tokens, the TeX in their content."""
    markdown.inline.ruler.before("escape", "math", _inline)
    markdown.block.ruler.before(
        "fence", "math", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def _inline(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] not in "$\\":
        return False
    marks = next((marks for marks in _INLINE if source.startswith(marks[0], start)), None)
    if marks is None:
        return False
    opening, closing = marks
    begin = start + len(opening)
    if opening == "$" and (source[start - 1 : start].isalnum() or source[begin : begin + 1].isspace()):
        return False  # whatever closes it: nothing is looked for
    end = source.find(closing, begin, min(state.posMax, begin + _LONGEST))
    while opening == "$" and end >= 0 and not _is_single(source, start, begin, end):
        end = source.find(closing, end + 1, min(state.posMax, begin + _LONGEST))
    tex = source[begin:end] if end >= 0 else ""
    if not tex.strip() or (opening == "$" and _PROSE.search(tex) and not _MATHEMATICS.search(tex)):
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content, token.markup = tex, opening
    state.pos = end + len(closing)
    return True


def _is_single(source: str, start: int, begin: int, end: int) -> bool:
    """Whether the dollars at ``start`` and ``end`` enclose a formula, going by what is beside them."""
    before = source[start - 1 : start]
    after = source[end + 1 : end + 2]
    return not (
        before.isalnum()
        or source[begin].isspace()
        or source[end - 1].isspace()
        or source[end - 1] == "\\"
        or after.isdigit()
    )


def _block(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    if state.is_code_block(line):
        return False
    first = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
    if first.startswith("$$"):
        if silent and state.src.count("$$", state.bMarks[state.line], state.bMarks[line]) % 2:
            return False  # it ends what began within a line above
        opening, closing = "$$", "$$"
    elif first.startswith(r"\["):
        opening, closing = r"\[", r"\]"
    elif environment := _ENVIRONMENT.match(first):
        opening, closing = "", rf"\end{{{environment[1]}}}"
    else:
        return False
    said: list[str] = []
    text, number = first[len(opening) :], line
    while (end := text.find(closing)) < 0:
        said.append(text)
        number += 1
        if number >= last or state.sCount[number] < state.blkIndent:
            break
        if state.isEmpty(number):
            return False
        text = state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]
    closed = end >= 0
    if closed:
        rest = text[end + len(closing) :].strip()
        if len(rest) > 1 or rest.isalnum():
            return False  # it goes on: a formula within a line
        said.append(text[: end if opening else end + len(closing)] + rest)
        number += 1
    if silent:
        return True
    state.line = number
    token = state.push("math_block", "math", 0)
    token.content = "\n".join(said).strip()
    token.markup, token.info = opening, "" if closed else "open"
    token.map = [line, number]
    return True
