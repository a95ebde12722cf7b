"""Texts that models and people write when something has gone wrong, of any length: what they have in common is that
reading or laying them out is dear somewhere.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable


def repeated(unit: str) -> Callable[[int], str]:
    return lambda length: (unit * (length // len(unit) + 1))[:length]


def base64_text(length: int) -> str:
    return base64.b64encode(random.Random(1).randbytes(length))[:length].decode()


def _minified(length: int) -> str:
    return f"```json\n{json.dumps([{'id': n, 'name': f'tern {n}', 'far': True} for n in range(length // 42)])}\n```\n"


WORDS = "The tern flies from one end of the world to the other, and back again, every year of its life. "
TABLE = "| Number | Bird | Far |\n|---|---|---|\n"
# By name: the text of a length, and the length that counts as 1x. At 10x they are those of the faults that were found.
REPLIES: dict[str, tuple[Callable[[int], str], int]] = {
    "dollars": (repeated("$ "), 4000),
    "blanks": (repeated(" "), 8000),
    "table of n rows": (
        lambda n: TABLE + "".join(f"| {row} | a tern | {row * 7} km |\n" for row in range(n)),
        150,
    ),
    "one run": (repeated("A"), 400_000),
    "minified json": (_minified, 24_000),
    "minified json, twice": (_minified, 48_000),
    "asterisks": (repeated("*"), 10_000),
    "emphasis": (repeated("*a **b "), 10_000),
    "brackets": (repeated("["), 10_000),
    "images": (repeated("!["), 10_000),
    "open links": (repeated("[]("), 10_000),
    "backticks": (repeated("`"), 10_000),
    "unlike backticks": (lambda n: "".join("`" * (k % 97 + 1) + "a" for k in range(n // 50)), 10_000),
    "quotes in quotes": (repeated(">"), 10_000),
    "a long quotation": (repeated("> some words\n"), 10_000),
    "list of n items": (lambda n: "- item\n" * n, 1000),
    "a list in an item": (lambda n: "- all\n" + "  - item\n" * n, 1000),
    "n links": (lambda n: "[tern](https://example.org/tern) " * n, 500),
    "n lines of code": (lambda n: "```python\n" + "x = 1\n" * n, 1000),
    "code": (
        lambda n: "```python\n" + repeated("total += weights[row] * columns[row]  # exact\n")(n),
        100_000,
    ),
    "code in a list": (lambda n: "- so:\n\n  ```c\n" + repeated("  int x = 1;\n")(n), 10_000),
    "ends of lines": (repeated("\n"), 10_000),
    "short lines": (repeated("a\n"), 10_000),
    "table of n columns": (
        lambda n: "|" + "a|" * n + "\n|" + "-|" * n + "\n" + ("|" + "b|" * n + "\n") * 8,
        20,
    ),
    "chinese": (repeated("燕鷗每年從世界的一端飛到另一端"), 10_000),
    "marks on letters": (repeated("t" + "\u0301\u0308" * 8), 10_000),
    "marks on one letter": (lambda n: "a" + "\u0301" * n, 10_000),
    "hebrew": (repeated("השחף חוצה את העולם מקצה אל קצה "), 10_000),
    "hebrew without spaces": (repeated("שחף"), 10_000),
    "emoji": (repeated("🐦"), 10_000),
    "joined emoji": (repeated("👨‍👩‍👧"), 10_000),
    "nulls": (repeated("\0"), 10_000),
    "paragraph": (repeated(WORDS), 20_000),
    "html": (repeated("<b>x</b>"), 10_000),
    "angles": (repeated("<"), 10_000),
    "open comments": (repeated("<!-- "), 10_000),
    "open formulas": (repeated("\\[\n"), 10_000),
    "formula marks": (repeated("$$\n"), 10_000),
    "formulas": (repeated("$x_1$ "), 10_000),
    "rules": (repeated("---\n"), 10_000),
    "headings": (repeated("# a\n"), 10_000),
    "definitions": (repeated("[a]: b\n"), 10_000),
    "entities": (repeated("&amp;"), 10_000),
}
