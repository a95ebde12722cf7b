r"""TeX formulas as outlines: ``\frac{a}{b}`` as the shapes that a mathematical font has for it. Pure, and slow: some
milliseconds each, so never on the window's thread.

ziamath does it: it reads TeX by way of MathML and sets it with the font STIX Two. What that does not know is never
guessed at: :func:`laid_out` returns None and the formula stays readable text.
"""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from xml.etree.ElementTree import Element

log = logging.getLogger(__name__)

SIZE = 20.0  # px of the letters in the outlines
_LONGEST = 4000  # characters of a formula
_WIDEST, _HIGHEST = 8000.0, 4000.0  # px: what is larger is no formula
_KEPT = 400
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TAKES = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}  # numbers
_INK = ("", "black", "currentColor")
_lock = threading.Lock()  # the library keeps its fonts and settings in globals


@dataclass(frozen=True, slots=True)
class Outline:
    """A shape: drawing commands M, L, Q, C and Z of SVG with their absolute coordinates. ``colour``: empty for that of
    the text. ``stroke``: width of the pen, 0 for a shape that is filled."""

    commands: tuple[tuple[str, tuple[float, ...]], ...]
    colour: str = ""
    stroke: float = 0.0


@dataclass(frozen=True, slots=True)
class Formula:
    """Its shapes stand in a box of ``width`` and ``height`` px, from (0, 0) down."""

    width: float
    height: float
    outlines: tuple[Outline, ...]


@lru_cache(_KEPT)
def laid_out(tex: str) -> Formula | None:
    """The formula at :data:`SIZE`; None where something in it is not known."""
    if len(tex) > _LONGEST or not _balanced(tex) or r"\tag" in tex:
        return None
    try:
        with _lock:
            return _set(tex)
    except Exception as error:  # whatever a library stumbles over in what a model wrote
        log.info("formula not set: %s", type(error).__name__)
        return None


def _balanced(tex: str) -> bool:
    """Whether every brace is closed; the library fills in what is missing."""
    depth = 0
    for brace in re.findall(r"(?<!\\)(?:\\\\)*([{}])", tex):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _set(tex: str) -> Formula | None:
    from xml.etree import ElementTree

    # Late: a fifth of a second, and most replies have no formula.
    from ziamath.config import config
    from ziamath.tex import tex2mml
    from ziamath.zmath import Latex

    config.svg2 = False  # outlines where they are drawn, not by reference
    if any("\\" in (node.text or "") for node in ElementTree.fromstring(tex2mml(tex)).iter()):
        return None  # a command that it passes on as it is written
    formula = Latex(tex, size=SIZE)
    if any(ord(letter) > 127 and formula.font.glyphindex(letter) == 0 for letter in tex):
        return None  # a letter that its font lacks would be an empty box
    svg = ElementTree.fromstring(formula.svg())
    left, top, width, height = (float(number) for number in _NUMBER.findall(svg.get("viewBox", "")))
    if not (0 < width <= _WIDEST and 0 < height <= _HIGHEST):
        return None
    outlines: list[Outline] = []
    for element in svg.iter():
        if element is svg or element.tag.endswith("}g"):
            if element.get("transform"):
                return None
            continue
        outline = _outline(element, left, top)
        if outline is None:
            return None
        outlines.append(outline)
    return Formula(width, height, tuple(outlines)) if outlines else None


def _outline(element: Element, left: float, top: float) -> Outline | None:
    """A shape of the picture; None for one that is not known here."""
    get = element.get
    kind = element.tag.rpartition("}")[2]
    fill, stroke = get("fill", ""), get("stroke", "none")
    pen = 0.0
    if fill == "none" or (stroke not in ("none", "") and kind == "rect"):
        if stroke in ("none", ""):
            return None
        pen, fill = float(get("stroke-width", "1")), stroke
    colour = "" if fill in _INK else fill
    if kind == "rect":
        x, y, width, height = (float(get(name, "0")) for name in ("x", "y", "width", "height"))
        x, y = x - left, y - top
        corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        lines = [("M" if number == 0 else "L", corner) for number, corner in enumerate(corners)]
        return Outline((*lines, ("Z", ())), colour, pen)
    if kind != "path":
        return None
    commands: list[tuple[str, tuple[float, ...]]] = []
    for letter, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", get("d", "")):
        count = _TAKES.get(letter)
        numbers = [float(number) for number in _NUMBER.findall(rest)]
        if count is None or (count == 0) != (not numbers) or (count and len(numbers) % count):
            return None
        for at in range(0, max(1, len(numbers)), count or 1):
            moved = tuple(
                number - (top if place % 2 else left) for place, number in enumerate(numbers[at : at + count])
            )
            commands.append((letter, moved))
    return Outline(tuple(commands), colour, pen)
