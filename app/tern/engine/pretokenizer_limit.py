"""Cuts text so that libllama's pre-tokenizers cannot overflow the stack: most of them are expressions for std::regex,
which calls itself for every character of a match. Pure.

Ordinary text is never cut: a match ends at a space, or at the line's end. Only where there is none for
``DEEPEST`` characters the stretch is cut, and before that in a place where every pre-tokenizer cuts, if it has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# A character takes 320 bytes of stack here (libstdc++, x86-64), and a match may go on from one stretch into the next:
# 1.3 MB, of the 8 MB of a main thread and of the worker's 16 MB.
DEEPEST = 2000
_WORDS = re.compile(rf"\S{{{DEEPEST},}}|\s{{{DEEPEST},}}")
_STRETCHES = {
    # A match goes on over single spaces between words.
    "exaone-moe": re.compile(rf"(?:[^\s.,!?]| (?!\s)){{{DEEPEST},}}|\s{{{DEEPEST},}}|[.,!?]{{{DEEPEST},}}"),
    # The expressions see numbers only, and merges go over everything else.
    "superbpe": re.compile(rf"[\d²³¹¼-¾\u2070-\u218b\u2460-\u249b]{{{DEEPEST},}}"),
}
# Llama 3's, and those that only cut at line ends: llama.cpp has loops for them.
_OWN_CODE = frozenset({"llama-bpe", "gemma4", "sarvam-moe", "laguna"})
# Best first; the place is at the match's end.
_PLACES = (
    # Before a mark that follows a letter.
    re.compile(r"[^\W\d_](?=[.,!?…。，、])"),
    # Where the kind of character changes.
    re.compile(r"[^\W\d_](?=[\d\s])|\d(?=\D)|\s(?=\S)|[^\w\s](?=[\w\s])"),
)


def pieces(text: str, pre_tokenizer: str) -> Iterator[str]:
    """``text`` in as few pieces as are safe for ``pre_tokenizer`` (llama.cpp's name)."""
    start = 0
    if pre_tokenizer in _OWN_CODE:
        yield text
        return
    for stretch in _STRETCHES.get(pre_tokenizer, _WORDS).finditer(text):
        at = stretch.start()
        while stretch.end() - at > DEEPEST:
            at = _place(text, at, at + DEEPEST)
            yield text[start:at]
            start = at
    yield text[start:]


def _place(text: str, start: int, end: int) -> int:
    """Where to cut between ``start`` and ``end``, as late as there is a good place in the second half."""
    half = (start + end) // 2
    for pattern in _PLACES:
        found = [match.end() for match in pattern.finditer(text, half, end)]
        if found:
            return found[-1]
    return end
