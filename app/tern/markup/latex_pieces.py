"""The pieces that a TeX formula is made of, and how they stand beside each other as text. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from tern.markup.blocks import Run, Style

_SUPER = str.maketrans("0123456789+−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾")
_SUB = str.maketrans("0123456789+−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_SMALL = frozenset("0123456789+−=()")
ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}


class Class(Enum):
    """What decides the space around a piece, as in TeX."""

    ORDINARY = 0
    OPERATOR = 1
    BINARY = 2
    RELATION = 3
    OPEN = 4
    CLOSE = 5
    COMMA = 6
    SPACE = 7


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    kind: Class = Class.ORDINARY
    styles: frozenset[Style] = frozenset()


class UnknownError(Exception):
    """Something that is not understood."""


DELIMITERS = {
    "(": Class.OPEN, "[": Class.OPEN, "{": Class.OPEN, "⟨": Class.OPEN, "⌊": Class.OPEN, "⌈": Class.OPEN,
    ")": Class.CLOSE, "]": Class.CLOSE, "}": Class.CLOSE, "⟩": Class.CLOSE, "⌋": Class.CLOSE,
    "⌉": Class.CLOSE,
}  # fmt: skip
_CHARACTERS = {
    "-": Piece("−", Class.BINARY), "+": Piece("+", Class.BINARY), "*": Piece("∗", Class.BINARY),
    "=": Piece("=", Class.RELATION), "<": Piece("<", Class.RELATION), ">": Piece(">", Class.RELATION),
    ":": Piece(":", Class.RELATION), ",": Piece(",", Class.COMMA), ";": Piece(";", Class.COMMA),
    "~": Piece(" ", Class.SPACE),
}  # fmt: skip


def character(token: str) -> Piece:
    if token in _CHARACTERS:
        return _CHARACTERS[token]
    if token in DELIMITERS:
        return Piece(token, DELIMITERS[token])
    return Piece(
        token, styles=frozenset({Style.EMPHASIS}) if token.isalpha() and token.isascii() else frozenset()
    )


def greek(name: str) -> Piece | None:
    word = name.removeprefix("var").replace("lambda", "lamda").replace("Lambda", "Lamda")
    case = "CAPITAL" if word[:1].isupper() else "SMALL"
    try:
        letter = unicodedata.lookup(f"GREEK {case} LETTER {word.upper()}")
    except KeyError:
        return None
    return Piece(letter, styles=frozenset({Style.EMPHASIS}) if case == "SMALL" else frozenset())


def named(piece: Piece, kind: str) -> Piece:
    """A letter in another alphabet, where Unicode has it."""
    case = "CAPITAL" if piece.text.isupper() else "SMALL"
    for name in (f"{kind} {case} {piece.text.upper()}", f"MATHEMATICAL {kind} {case} {piece.text.upper()}"):
        try:
            return Piece(unicodedata.lookup(name))
        except KeyError:
            continue
    return piece


def accented(pieces: Sequence[Piece], accent: str) -> list[Piece]:
    if not pieces:
        raise UnknownError
    if accent in ("\u0305", "\u0332"):  # a bar over or under all of it
        return [replace(piece, text="".join(letter + accent for letter in piece.text)) for piece in pieces]
    if len(pieces) > 1:
        raise UnknownError
    text = pieces[0].text
    return [replace(pieces[0], text=unicodedata.normalize("NFC", text[:1] + accent + text[1:]))]


def plain(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def enclosed(pieces: list[Piece]) -> list[Piece]:
    """In brackets, unless it is one thing: a number, a letter, something with scripts."""
    if not pieces:
        raise UnknownError
    text = plain(pieces)
    bases = [
        piece
        for piece in pieces
        if not piece.styles & {Style.SUPER, Style.SUB} and not _is_script(piece.text)
    ]
    if len(bases) - (pieces[0].text in ROOTS.values()) <= 1 or re.fullmatch(r"[\d.]+", text):
        return pieces
    if (pieces[0].text, pieces[-1].text) == ("(", ")") and text.count("(") == 1:
        return pieces
    return [Piece("(", Class.OPEN), *pieces, Piece(")", Class.CLOSE)]


def _is_script(text: str) -> bool:
    return all(
        "SUPERSCRIPT" in name or "SUBSCRIPT" in name for name in (unicodedata.name(c, "") for c in text)
    )


def script(pieces: list[Piece], raised: bool) -> list[Piece]:
    """Raised or lowered: as characters of Unicode where they are figures and signs, else by the look of the text."""
    text = plain(pieces)
    if raised and text in ("∘", "°"):
        return [Piece("°")]
    if raised and set(text) <= {"′"}:
        return [Piece(text)]
    if set(text) <= _SMALL and not any(piece.styles for piece in pieces):
        return [Piece(text.translate(_SUPER if raised else _SUB))]
    style, nested = (Style.SUPER, Style.SUB) if raised else (Style.SUB, Style.SUPER)
    out = []
    for piece in pieces:
        inner = piece.text
        if nested in piece.styles or style in piece.styles:  # a script on a script: text has one step only
            inner = ("^" if Style.SUPER in piece.styles else "_") + inner
        styles = (piece.styles - {nested}) | {style}
        out.append(Piece(inner, Class.SPACE if piece.kind is Class.SPACE else Class.ORDINARY, styles))
    return out


def spaced(pieces: Sequence[Piece]) -> tuple[Run, ...]:
    """With the spaces that TeX would set, as runs."""
    runs: list[Run] = []

    def add(text: str, styles: frozenset[Style]) -> None:
        if runs and runs[-1].styles == styles:
            runs[-1] = Run(runs[-1].text + text, styles)
        else:
            runs.append(Run(text, styles))

    before: Class | None = None
    for piece in pieces:
        if not piece.text:
            continue
        kind = piece.kind
        if kind is Class.BINARY and before in (
            None, Class.BINARY, Class.RELATION, Class.OPEN, Class.COMMA, Class.OPERATOR, Class.SPACE,
        ):  # fmt: skip
            kind = Class.ORDINARY  # a sign
        gap = {Class.RELATION, Class.BINARY} & {before, kind}
        if before not in (None, Class.SPACE) and kind is not Class.SPACE and kind is not Class.COMMA:
            scripted = bool(piece.styles & {Style.SUPER, Style.SUB}) or _is_script(piece.text)
            after_name = before is Class.OPERATOR and kind in (Class.ORDINARY, Class.OPERATOR)
            before_name = kind is Class.OPERATOR and before in (Class.ORDINARY, Class.CLOSE)
            if not scripted and (gap or before is Class.COMMA or after_name or before_name):
                add(" ", frozenset())
            if scripted and kind is Class.ORDINARY and before is not None:
                add(piece.text, piece.styles)
                continue  # what it stands on decides the space after it
        add(piece.text, piece.styles)
        before = kind
    return tuple(runs)
