"""The look's promises: contrast AA everywhere, and a style sheet without holes."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tern.ui.style import theme as look
from tern.ui.style.accents import ACCENTS, accented, stronger
from tern.ui.style.theme import Mode, Size, Theme
from tern.ui.style.tokens import DARK, LIGHT, Tokens

TEXT_ON = [  # (text, the surfaces it is used on)
    ("ink", ("paper", "surface", "bubble", "hover", "selection", "notice", "chosen")),
    ("quiet", ("paper", "surface")),
    ("accent", ("paper", "surface")),
    ("warning", ("surface",)),
    ("on_accent", ("accent", "accent_hover")),
]
SEEN_ON = [  # outlines and marks that carry meaning need 3:1
    ("edge", ("paper", "surface")),
    ("accent", ("paper", "surface")),
    ("mark", ("paper", "surface")),
]


def _luminance(color: str) -> float:
    """Relative luminance of #RRGGBB, 0 to 1 (WCAG 2.2)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


# Every accent to choose, and colours that a system might name: far too light, far too dark, loud.
LOOKS = {
    **{f"{name}-{mode}": accented(tokens, pair[mode == "dark"])
       for name, pair in ACCENTS.items() for mode, tokens in (("light", LIGHT), ("dark", DARK))},
    **{f"{color}-{mode}": accented(tokens, color)
       for color in ("#FFFF00", "#000000", "#FFFFFF", "#FF0000", "#308CC6")
       for mode, tokens in (("light", LIGHT), ("dark", DARK))},
    "as drawn, light": LIGHT,
    "as drawn, dark": DARK,
}  # fmt: skip


@pytest.mark.parametrize("tokens", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize(("pairs", "least"), [(TEXT_ON, 4.5), (SEEN_ON, 3.0)], ids=["text", "marks"])
def test_contrast_is_aa(tokens: Tokens, pairs: list[tuple[str, tuple[str, ...]]], least: float) -> None:
    for front, backs in pairs:
        for back in backs:
            ratio = contrast(getattr(tokens, front), getattr(tokens, back))
            assert ratio >= least, f"{front} on {back}: {ratio:.2f}"


@pytest.mark.slow
@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_more_contrast_where_the_system_asks_for_it(
    tokens: Tokens, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    high = stronger(tokens)
    for front in ("ink", "quiet", "warning", "edge", "line"):
        for back in ("paper", "surface", "bubble", "hover", "chosen", "notice"):
            assert contrast(getattr(high, front), getattr(high, back)) >= 7, (front, back)
    theme.set_mode(Mode.DARK if tokens is DARK else Mode.LIGHT)
    assert theme.tokens == tokens
    monkeypatch.setattr(look, "system_wants_contrast", lambda: True)
    theme.apply()
    assert theme.tokens == high
    monkeypatch.undo()
    theme.apply()
    assert theme.tokens == tokens


def test_every_token_of_the_style_sheet_is_known(theme: Theme) -> None:
    assert not re.findall(r"@\w+", look._style_sheet(theme))


@pytest.mark.slow
def test_mode_and_scale_change_the_look(theme: Theme) -> None:
    changes = []
    theme.changed.connect(lambda: changes.append(theme.dark))
    theme.set_mode(Mode.DARK)
    assert theme.color("paper").name().upper() == DARK.paper
    theme.set_mode(Mode.LIGHT)
    assert changes == [True, False]
    theme.set_scale(2.0)
    assert theme.font(Size.BODY).pixelSize() == 30


def test_a_line_of_the_column_holds_about_74_characters(theme: Theme) -> None:
    from PySide6.QtGui import QFontMetricsF

    text = "The quick brown fox jumps over the lazy dog while a tern crosses the sea. "
    per_character = QFontMetricsF(theme.font(Size.BODY)).horizontalAdvance(text) / len(text)
    assert 66 <= theme.column_width() / per_character <= 82


@pytest.mark.slow
def test_an_accent_that_is_fit_is_taken_as_it_is(theme: Theme) -> None:
    for name, (light, dark) in ACCENTS.items():
        for mode, color in ((Mode.LIGHT, light), (Mode.DARK, dark)):
            theme.set_mode(mode)
            theme.set_accent(name)
            assert theme.color("accent").name().upper() == color
            assert (theme.dark, theme.color("ink").name().upper()) == (mode is Mode.DARK, theme.tokens.ink)
    theme.set_accent("system")
    assert contrast(theme.color("accent").name().upper(), theme.tokens.paper) >= 4.5
    theme.set_accent("blue")


def test_reduced_motion_stops_every_effect_and_the_blinking(qapp: QApplication, theme: Theme) -> None:
    theme.set_still(False)
    effect = Qt.UIEffect.UI_General
    qapp.setEffectEnabled(effect, True)
    moving = Theme(qapp, Mode.LIGHT)
    assert qapp.styleHints().cursorFlashTime() > 0
    moving.set_still(True)
    assert moving.still
    assert not qapp.isEffectEnabled(effect)
    assert qapp.styleHints().cursorFlashTime() == 0
    moving.set_still(False)
    assert not moving.still
    assert qapp.isEffectEnabled(effect)
    assert qapp.styleHints().cursorFlashTime() > 0
    qapp.setEffectEnabled(effect, False)
    moving.deleteLater()
