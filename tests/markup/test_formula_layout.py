"""TeX as outlines: what models write is set, and what is not known is None, never a guess."""

from __future__ import annotations

import pytest

from tern.markup.formula_layout import laid_out

KNOWN = (
    r"\frac{-b \pm \sqrt{b^2-4ac}}{2a}",
    r"\sum_{n=1}^{\infty} \frac{1}{n^2}",
    r"\int_0^\infty e^{-x^2}\,dx",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
    r"f(x)=\begin{cases} 1 & x>0 \\ 0 & \text{else} \end{cases}",
    r"\begin{aligned} x &= 1 \\ y &= 2 \end{aligned}",
    r"\sqrt[3]{\hat{x}} \cdot \binom{n}{k}",
    r"\boxed{\mathbb{R}^n}",
)  # fmt: skip
UNKNOWN = (
    r"\foo{x}",
    r"\ce{H2O}",
    r"x^{2",
    r"\frac{a",
    "}{",
    r"a \tag{1}",
    "",
    "x" * 5000,
    r"\left(",
    r"\text{日本}",
)


@pytest.mark.parametrize("tex", KNOWN)
def test_what_models_write_is_set_inside_its_box(tex: str) -> None:
    formula = laid_out(tex)
    assert formula is not None
    corners = [at for outline in formula.outlines for _, at in outline.commands]
    across = [number for at in corners for number in at[::2]]
    down = [number for at in corners for number in at[1::2]]
    assert -2 <= min(across) <= max(across) <= formula.width + 2
    assert -2 <= min(down) <= max(down) <= formula.height + 2
    assert len(formula.outlines) >= 3


def test_numerators_stand_over_denominators_and_limits_over_sums() -> None:
    fraction, line = laid_out(r"\frac{a}{b}"), laid_out("ab")
    assert fraction is not None
    assert line is not None
    assert fraction.height > 1.8 * line.height
    assert fraction.width < line.width
    beside, stacked = laid_out(r"\sigma_{i}^{n}"), laid_out(r"\sum_{i}^{n}")
    assert beside is not None
    assert stacked is not None
    assert stacked.height > 1.5 * beside.height


@pytest.mark.parametrize("tex", UNKNOWN)
def test_what_is_not_known_is_not_guessed_at(tex: str) -> None:
    assert laid_out(tex) is None


def test_colours_are_kept() -> None:
    formula = laid_out(r"\color{red}{x}")
    assert formula is not None
    assert {outline.colour for outline in formula.outlines} == {"red"}
