r"""TeX formulas as readable text: ``x_i^2 \le \frac{1}{n}`` as x with its index, ², ≤, 1/n. Pure.

Enough for what language models write; Greek letters and names come from Unicode itself. Whatever is not understood is
never guessed at or left out: :func:`readable` returns None and the formula is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from tern.markup.blocks import Run, Style
from tern.markup.latex_pieces import (
    DELIMITERS,
    ROOTS,
    Class,
    Piece,
    UnknownError,
    accented,
    character,
    enclosed,
    greek,
    named,
    plain,
    script,
    spaced,
)
from tern.markup.latex_symbols import (
    ACCENTS,
    BINARY,
    FUNCTIONS,
    OPERATORS,
    ORDINARY,
    RELATIONS,
    SKIPPED,
    SPACES,
)

_DEEPEST = 40
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_BRACKETS = {"matrix": ("", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "Bmatrix": ("{", "}"),
             "vmatrix": ("|", "|"), "Vmatrix": ("‖", "‖"), "smallmatrix": ("", ""), "array": ("", ""),
             "cases": ("{ ", "")}  # fmt: skip
_LINES = ("align", "aligned", "equation", "gather", "gathered", "split", "multline", "eqnarray")


def readable(tex: str) -> tuple[Run, ...] | None:
    """The formula as runs of text; U+2028 between its lines. None: it has something in it that is not known."""
    try:
        reader = _Reader(tex)
        pieces = reader.group(None)
    except (UnknownError, RecursionError):
        return None
    return spaced(pieces) or None


class _Reader:
    def __init__(self, tex: str) -> None:
        self._tokens = [token for token in _TOKEN.findall(tex) if not token.isspace()]
        self._raw = tex
        # Where each token ends in the source, so that \text can take its spaces.
        self._ends = [match.end() for match in _TOKEN.finditer(tex) if not match[0].isspace()]
        self._at = 0
        self._depth = 0

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise UnknownError
        self._at += 1
        return token

    def group(self, until: str | None) -> list[Piece]:
        """Everything up to the token ``until``, which is taken too; None: up to the end."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnknownError
        out: list[Piece] = []
        while (token := self._peek()) != (until or ""):
            if not token:
                raise UnknownError
            out += self._atom()
        if until is not None:
            self._at += 1
        self._depth -= 1
        return out

    def argument(self) -> list[Piece]:
        """A group in braces, or the one atom that stands there."""
        if self._peek() == "{":
            self._at += 1
            return self.group("}")
        return self._one()

    def _atom(self) -> list[Piece]:
        """One atom with the scripts that follow it."""
        out = self._one()
        while (mark := self._peek()) in ("^", "_", "'"):
            self._at += 1
            if mark == "'":
                out.append(Piece("′"))
                continue
            out += script(self.argument(), raised=mark == "^")
        return out

    def _one(self) -> list[Piece]:
        token = self._next()
        if token == "{":
            return self.group("}")
        if token.startswith("\\"):
            return self._command(token[1:])
        if token in "^_}&":
            if token in "^_":  # a script on nothing
                self._at -= 1
                return []
            if token == "&":
                return []
            raise UnknownError
        return [character(token)]

    def _command(self, name: str) -> list[Piece]:
        if name in self._COMMANDS:
            return self._COMMANDS[name](self)
        for table, kind in (
            (RELATIONS, Class.RELATION),
            (BINARY, Class.BINARY),
            (OPERATORS, Class.OPERATOR),
            (ORDINARY, Class.ORDINARY),
        ):
            if name in table:
                return [Piece(table[name], DELIMITERS.get(table[name], kind))]
        if name in SPACES:
            return [Piece(SPACES[name], Class.SPACE)]
        if name in SKIPPED:
            return []
        if name in FUNCTIONS:
            return [Piece(name, Class.OPERATOR)]
        if name in ACCENTS:
            return accented(self.argument(), ACCENTS[name])
        if (letter := greek(name)) is not None:
            return [letter]
        raise UnknownError

    def _fraction(self) -> list[Piece]:
        above, below = self.argument(), self.argument()
        return [*enclosed(above), Piece("/"), *enclosed(below)]

    def _binomial(self) -> list[Piece]:
        above, below = self.argument(), self.argument()
        return [
            Piece("C(", Class.OPEN),
            *above,
            Piece(",", Class.COMMA),
            *below,
            Piece(")", Class.CLOSE),
        ]

    def _root(self) -> list[Piece]:
        degree = ""
        if self._peek() == "[":
            self._at += 1
            degree = plain(self.group("]"))
        radicand = enclosed(self.argument())
        if degree in ROOTS:
            return [Piece(ROOTS[degree]), *radicand]
        return [*script([Piece(degree)], raised=True), Piece("√"), *radicand]

    def _text(self) -> list[Piece]:
        """Words as they stand, spaces and all."""
        if self._next() != "{":
            raise UnknownError
        start, depth = self._ends[self._at - 1], 1
        while depth:
            token = self._next()
            depth += {"{": 1, "}": -1}.get(token, 0)
            if token.startswith("\\") and token[1:] not in "{}$%&#_ ":
                raise UnknownError
        said = self._raw[start : self._ends[self._at - 1] - 1]
        return [Piece(re.sub(r"\\(.)", r"\1", said))]

    def _upright(self) -> list[Piece]:
        return [replace(piece, styles=piece.styles - {Style.EMPHASIS}) for piece in self.argument()]

    def _bold(self) -> list[Piece]:
        return [replace(piece, styles=piece.styles | {Style.STRONG}) for piece in self.argument()]

    def _double_struck(self) -> list[Piece]:
        return [named(piece, "DOUBLE-STRUCK") for piece in self.argument()]

    def _calligraphic(self) -> list[Piece]:
        return [named(piece, "SCRIPT") for piece in self.argument()]

    def _delimiter(self) -> list[Piece]:
        r"""What stands after \left, \right, \big and the like; a dot is none."""
        token = self._next()
        if token == ".":
            return []
        self._at -= 1
        return self._one()

    def _over(self) -> list[Piece]:
        above, base = self.argument(), self.argument()
        return [*base, *script(above, raised=True)]

    def _under(self) -> list[Piece]:
        below, base = self.argument(), self.argument()
        return [*base, *script(below, raised=False)]

    def _arrow(self) -> list[Piece]:
        return [
            Piece("→", Class.RELATION),
            *script(self.argument(), raised=True),
            Piece(" ", Class.SPACE),
        ]

    def _modulo(self) -> list[Piece]:
        return [Piece(" (mod ", Class.SPACE), *self.argument(), Piece(")", Class.CLOSE)]

    def _not(self) -> list[Piece]:
        return accented(self._one(), "\u0338")

    def _line(self) -> list[Piece]:
        if self._peek() == "[":  # \\[4pt]
            self._at += 1
            self.group("]")
        return [Piece("\u2028", Class.SPACE)]

    def _tag(self) -> list[Piece]:
        return [Piece("    (", Class.SPACE), *self._upright(), Piece(")", Class.CLOSE)]

    def _drop(self) -> list[Piece]:
        self.argument()
        return []

    def _environment(self) -> list[Piece]:
        name = plain(self.argument())
        if name.rstrip("*∗") in _LINES:
            return self._rows(name, "\u2028", "")
        if name not in _BRACKETS:
            raise UnknownError
        if name == "array" and self._peek() == "{":
            self.argument()
        left, right = _BRACKETS[name]
        row = "; " if name != "cases" else ";  "
        return [Piece(left, Class.OPEN), *self._rows(name, row, "  "), Piece(right, Class.CLOSE)]

    def _rows(self, name: str, between: str, cell: str) -> list[Piece]:
        out: list[Piece] = []
        while True:
            token = self._peek()
            if token == r"\end":
                self._at += 1
                if plain(self.argument()) != name:
                    raise UnknownError
                while out and out[-1].kind is Class.SPACE:
                    out.pop()
                return out
            if token == r"\\":
                self._at += 1
                self._line()
                out.append(Piece(between, Class.SPACE))
            elif token == "&":
                self._at += 1
                out.append(Piece(cell, Class.SPACE)) if cell else None
            elif token == r"\hline":
                self._at += 1
            elif not token:
                raise UnknownError
            else:
                out += self._atom()

    _COMMANDS: dict[str, Callable[[_Reader], list[Piece]]] = {  # noqa: RUF012 (built once, never changed)
        **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac"), _fraction),
        **dict.fromkeys(("binom", "dbinom", "tbinom"), _binomial),
        "sqrt": _root,
        **dict.fromkeys(("text", "textrm", "mbox", "textit", "textsf", "texttt"), _text),
        **dict.fromkeys(("mathrm", "operatorname", "operatorname*", "mathsf", "mathtt"), _upright),
        **dict.fromkeys(("mathbf", "boldsymbol", "bm", "boxed", "textbf"), _bold),
        **dict.fromkeys(("mathit", "mathnormal", "underbrace", "overbrace"), argument),
        "mathbb": _double_struck,
        **dict.fromkeys(("mathcal", "mathscr"), _calligraphic),
        **dict.fromkeys(
            ("left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr"),
            _delimiter,
        ),
        **dict.fromkeys(("overset", "stackrel"), _over),
        "underset": _under,
        "xrightarrow": _arrow,
        **dict.fromkeys(("pmod", "mod"), _modulo),
        "not": _not,
        "\\": _line,
        "newline": _line,
        "tag": _tag,
        "label": _drop,
        "begin": _environment,
    }
