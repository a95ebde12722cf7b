"""Very long lines in a field of plain text: Qt lays a line out as a whole, and an unbroken run in the square of its
length. So they are broken where they are put in (:func:`broken`), and whole again in what is taken out
(:func:`whole`), to the character. Pure.
"""

from __future__ import annotations

from tern.markup.parts import UNBROKEN, lines

# Ends a line that goes on in the next. Nothing of it shows, and nobody writes it: invisible marks that undo each other.
_SEAM = "\u2060\u200b\u2060"


def broken(text: str) -> str:
    """``text`` with its very long lines in pieces."""
    if max(map(len, text.split("\n"))) <= UNBROKEN:
        return text
    pieces = lines(text)
    out: list[str] = []
    for number, (piece, joined) in enumerate(pieces):
        if number:
            out.append(f"{_SEAM}\n" if joined else "\n")
        out.append(piece)
    return "".join(out)


def whole(text: str) -> str:
    """What was given to :func:`broken`, with whatever has been changed since."""
    return text.replace(f"{_SEAM}\n", "")
