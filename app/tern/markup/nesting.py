"""Lists and quotations in one another to any depth: markdown-it leaves out what is nested deeper than it reads, here it
stands flat at the deepest level. A rule for markdown-it.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

# Counted as markdown-it does: a quotation is one level, a list two. Each is some calls within one another, of which
# Python allows a thousand.
_READ = 60
_FLAT = _READ - 4
_CONTAINER = re.compile(r"(?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t]))+[ \t]*(?=\S)")


def add_to(markdown: MarkdownIt) -> None:
    """Make ``markdown`` read deep nesting, and what is deeper yet as paragraphs."""
    markdown.options["maxNesting"] = _READ
    markdown.block.ruler.before("table", "flat", _flat)


def _flat(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """A line that is nested too deep is a paragraph, without the marks of what it is nested in."""
    if silent or state.level < _FLAT:
        return False
    said = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
    state.line = line + 1
    token = state.push("paragraph_open", "p", 1)
    token.map = [line, line + 1]
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = _CONTAINER.sub("", said, count=1).strip(), [line, line + 1], []
    state.push("paragraph_close", "p", -1)
    return True
