"""The one form in which text is shown, kept and sent: what comes in from outside is brought into it once. Pure."""

from __future__ import annotations

import re

_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
# NUL ends a text for some, U+FDD0 and U+FDD1 mean structure to a text document, halves of characters are none.
_NO_CHARACTERS = re.compile("[\0\ufdd0\ufdd1\ud800-\udfff]")


def as_written(text: str) -> str:
    """``text`` with every line end as ``\\n`` and with U+FFFD for what is no character; all else as it is: no-break
    spaces, tabs, and what has no width."""
    return _NO_CHARACTERS.sub("\ufffd", _LINE_ENDS.sub("\n", text))
