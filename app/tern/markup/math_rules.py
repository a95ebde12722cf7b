r"""Where mathematics stands in Markdown: ``$...$`` and ``\(...\)`` in a line, ``$$...$$``, ``\[...\]`` and a few
environments as blocks. Rules for markdown-it; says nothing of how it is shown.

Text stays as it was written unless it is surely a formula (:func:`is_formula`): dollars are money, shell, PHP and
templates too. A block ends at its mark or, as in TeX, was none if a blank line comes first; one that is still being
written is open (``info`` "open").
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from tern.markup import pacing
from tern.markup.latex_symbols import FUNCTIONS
from tern.markup.utf16 import is_cjk

GROWING = "growing"  # in markdown-it's environment: the text is still being written

_LONGEST = 2000  # characters of one formula within a line
_ORDINAL = re.compile(r"th\b")
_INLINE = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))
_ENVIRONMENT = re.compile(r"\\begin\{((?:align|equation|gather|multline|eqnarray)\*?)\}")


def add_to(markdown: MarkdownIt) -> None:
    """Make ``markdown`` emit ``math_inline`` and ``math_block`` tokens, the TeX in their content."""
    markdown.inline.ruler.before("escape", "math", _inline)
    markdown.block.ruler.before(
        "fence", "math", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


# What a formula is

_WORDS = re.compile(r"\\(?:text\w*|math\w+|operatorname\*?|mbox|tag|label|begin|end)\s*\{[^{}]*\}")
_COMMAND = re.compile(r"\\(?:[A-Za-z]+|.)")
_STEPPED = re.compile(r"[_^]\s*(?:\{[^{}]*\}|\w)")
# Never in a formula: quotation marks, code spans, markup of the text around it.
_FOREIGN = re.compile(r"[\"`“”„«»‚‘#@，。、！？：；「」『』（）]|\*\*|~~|(?<![=\s])\s*\?")
_CODE = re.compile(
    r"(?<![\^{])\+\+|--\s*$|=~|&&|::|//|->\w{2}|=>\s*\[|<\?|:\."  # operators of programs
    r"|^\{[A-Za-z_][^{}\\]*\}"  # ${name}, ${an + expression}
    r"|^\(\([^()]*\)\)$|^\([A-Za-z_][\w.\-]+(?:\s[^()]*)?\)$"  # $((sum)), $(command and its words)
    r"|^\w{3,}=\w{3,}$"  # name=value
)
_SNAKE = re.compile(r"[^\W\d_]{2,}_[^\W\d_]{2,}")
_BAD_START = re.compile(r"[/,;:)?&*'%}–—]|\.(?!\d)")
_BAD_END = re.compile(r"(?<![\^_{])[+\-*]$|[,;:&=<>/\\]$")
_SIGN = re.compile(r"\\[A-Za-z]|[=^<>≤≥≠≈≡∈→]|(?<![^\W\d_]{3})_[\d{A-Za-z]")
_SAYS_SOMETHING = re.compile(r"[^\W_]|\\[A-Za-z]|^[+=<>×÷±≤≥≠∞∅]$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_PROSE = re.compile(r"([^\W\d_]{2,})[,.:]?\s+(?=([^\W\d_]{2,}))")
_AMOUNTS = re.compile(r"\d\s+[^\W\d_]+\s+[\d.]|\d\s*[–—]\s*\d")  # 5 to 10, 5 a 10, 5–10
_UNIT = re.compile(r"[\d.,]+\s*[^\W\d_]{1,2}\Z")
_CHEMICAL = re.compile(r"(?=.*[a-z])(?:[A-Z][a-z]?){2,}\Z")
_CORNERS = 6  # of a figure, named in the order of the alphabet


def is_formula(tex: str) -> bool:
    """Whether what stands between two marks is surely a formula: neither prose nor code nor amounts of money."""
    body = tex.strip()
    bare = _WORDS.sub("·", body)
    shape = _COMMAND.sub("·", bare)
    if not _SAYS_SOMETHING.search(body) or _FOREIGN.search(shape) or _CODE.search(body):
        return False
    if len(body) > 1 and (_BAD_START.match(body) or _BAD_END.search(body)):
        return False
    if not _is_balanced(shape) or any(_is_name(match[0]) for match in _SNAKE.finditer(shape)):
        return False
    plain = _STEPPED.sub("", shape)
    if any(_is_prose(*match.groups()) for match in _PROSE.finditer(plain)):
        return False
    return bool(_SIGN.search(bare)) or not _needs_a_sign(plain)


def _is_balanced(shape: str) -> bool:
    """Half-open intervals mix their brackets. A semicolon stands in brackets only: f(x; y)."""
    depth = 0
    for character in shape:
        depth += 1 if character in "([{" else -1 if character in ")]}" else 0
        if character == ";" and not depth:
            return False
    return depth == 0


def _is_name(snake: str) -> bool:
    r"""snake_case, and no \max_xy."""
    return snake.partition("_")[0] not in FUNCTIONS


def _is_prose(one: str, two: str) -> bool:
    """Whether two neighbours are words: a function's name is none, and dx dy are two letters each."""
    return max(len(one), len(two)) > 2 and not {one, two} & FUNCTIONS


def _needs_a_sign(plain: str) -> bool:
    """Whether letters or numbers stand there that are a formula only beside signs of mathematics."""
    if _AMOUNTS.search(plain) or any(is_cjk(character) for character in plain):
        return True
    if _UNIT.match(plain):
        return False
    for match in _WORD.finditer(plain):
        word = match[0]
        if word in FUNCTIONS or _CHEMICAL.match(word):
            continue
        if word.isupper() and (len(word) <= 3 or (len(word) <= _CORNERS and list(word) == sorted(set(word)))):
            continue
        if len(word) > 2 or plain[match.start() - 1 : match.start()].isspace():
            return True
    return False


# Within a line


def _inline(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] not in "$\\":
        return False
    marks = next((marks for marks in _INLINE if source.startswith(marks[0], start)), None)
    if marks is None:
        return False
    opening, closing = marks
    begin = start + len(opening)
    if opening == "$" and source[begin : begin + 1].isspace():
        return False  # whatever closes it: nothing is looked for
    end = _closing(source, closing, begin, min(state.posMax, begin + _LONGEST))
    if end < 0 or not _is_apart(source, start, begin, end, opening):
        return False
    tex = source[begin:end]
    pacing.tick(10)  # what it takes to tell
    if not is_formula(tex):
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content, token.markup = tex, opening
    state.pos = end + len(closing)
    return True


def _closing(source: str, closing: str, begin: int, last: int) -> int:
    """Where the next mark stands that is not escaped; a dollar is never skipped."""
    if closing[0] == "\\":
        return source.find(closing, begin, last)
    end = source.find("$", begin, last)
    while end > 0 and (end - len(source[begin:end].rstrip("\\")) - begin) % 2:
        end = source.find("$", end + 1, last)
    return end if source.startswith(closing, end) else -1


def _is_apart(source: str, start: int, begin: int, end: int, opening: str) -> bool:
    """Whether the marks stand as those of a formula do, going by what is beside them."""
    before, after = source[start - 1 : start], source[end + len(opening) : end + len(opening) + 1]
    if _is_wordly(before):
        return False
    if opening == r"\[":  # an escaped bracket: of a link, a reference or a task
        tex = source[begin:end]
        return after not in ("(", "[", ":") and not re.fullmatch(r"[\d,\s]+|\s*[xX]\s*", tex)
    if opening == r"\(":
        return True
    if "$" in (before, after):
        return False
    if opening == "$" and (source[begin].isspace() or source[end - 1].isspace()):
        return False
    return not _is_wordly(after) or bool(_ORDINAL.match(source, end + len(opening)))


def _is_wordly(character: str) -> bool:
    """Part of a word. Where words are written without spaces, a formula touches them."""
    return (character.isalnum() or character == "_") and not is_cjk(character)


# On lines of its own


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
        pacing.tick()
        said.append(text)
        number += 1
        if number >= last or state.sCount[number] < state.blkIndent:
            break
        if state.isEmpty(number):
            return False
        text = state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]
    closed = end >= 0
    # While the text grows, what is open may yet close, and the line of a closing mark may go on.
    unsure = bool(state.env.get(GROWING)) and (
        state.eMarks[number] >= len(state.src) if closed else number >= len(state.bMarks) - 1
    )
    if closed:
        rest = text[end + len(closing) :].strip()
        if len(rest) > 1 or rest.isalnum():
            return False  # it goes on: a formula within a line
        said.append(text[: end if opening else end + len(closing)] + rest)
        number += 1
    content = "\n".join(said).strip()
    if opening and first.strip() != opening and (closed or not unsure) and not is_formula(content):
        return False
    if silent:
        return True
    state.line = number
    token = state.push("math_block", "math", 0)
    token.content = content
    token.markup, token.info = opening, "" if closed else "open"
    token.meta = {"unsure": unsure}
    token.map = [line, number]
    return True
