"""Markdown as plain lines: marks go, bullets and numbers stay."""

from __future__ import annotations

from tern.markup.incremental import ReplyReader
from tern.markup.markdown import parse
from tern.markup.plain import plain_text

SOURCE = """# Birds

A **tern** is a `bird`.

1. one
2. two

- a
- b

| x | y |
|---|---|
| 1 | 2 |

```py
a = 1
b = 2
```
---
The end.
"""
PLAIN = """Birds

A tern is a bird.

1. one
2. two

• a
• b

x  ·  y
1  ·  2

a = 1
b = 2

The end."""


def test_every_kind_of_block_becomes_lines() -> None:
    assert plain_text(parse(SOURCE)) == PLAIN


def test_a_growing_reply_ends_as_one_read_at_once() -> None:
    reader = ReplyReader()
    for character in SOURCE:
        reader.append(character)
    assert plain_text(reader.blocks) == PLAIN
    assert plain_text([]) == ""
