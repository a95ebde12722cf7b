"""A text without what would mean structure to a text document."""

from __future__ import annotations

# U+2028/2029 and U+FDD0/FDD1 mean structure to a text document; NUL means its end.
_UNSAFE = str.maketrans(
    {"\u2028": "\n", "\u2029": "\n", "\ufdd0": "\ufffd", "\ufdd1": "\ufffd", "\0": "\ufffd"}
)


def safe_text(text: str) -> str:
    """``text`` without the characters that would mean structure to a text document."""
    return text.translate(_UNSAFE)
