"""The accent colours to choose from, in light and dark, and every tone that follows from one. Pure.

A tone is changed until its contrast is enough, so that the system's own accent can be taken whatever it is.
"""

from __future__ import annotations

from dataclasses import replace

from tern.ui.style.tokens import Tokens, contrast, luminance, mixed

# name: (light, dark), as #RRGGBB
ACCENTS = {
    "blue": ("#2B6CB0", "#7FB2E5"),
    "teal": ("#0F766E", "#5FC4B8"),
    "green": ("#3B7A2A", "#8CC77A"),
    "violet": ("#6D4FB8", "#B7A2EC"),
    "rose": ("#B03A6B", "#EE9DBB"),
    "graphite": ("#4A5560", "#B9C2CB"),
}
SYSTEM = "system"
TEXT_CONTRAST = 4.5  # WCAG 2.2, AA
_HIGH_CONTRAST = 7.0  # AAA
_STEP = 0.02
_ON_DARK_ACCENT = "#10202F"


def accented(tokens: Tokens, accent: str) -> Tokens:
    """``tokens`` with everything that carries the accent in ``accent``, made darker or lighter where it must be."""
    dark = luminance(tokens.paper) < luminance(tokens.ink)
    towards = "#FFFFFF" if dark else "#000000"
    on_accent = _ON_DARK_ACCENT if dark else "#FFFFFF"
    fitted = accent
    while min(contrast(fitted, each) for each in (tokens.paper, tokens.surface, on_accent)) < TEXT_CONTRAST:
        fitted = mixed(fitted, towards, _STEP)
    return replace(
        tokens,
        accent=fitted,
        accent_hover=mixed(fitted, towards, 0.2 if dark else 0.15),
        on_accent=on_accent,
        selection=_tint(tokens.surface, fitted, 0.35 if dark else 0.22, tokens.ink),
        chosen=_tint(tokens.paper, fitted, 0.18 if dark else 0.11, tokens.ink),
    )


def stronger(tokens: Tokens) -> Tokens:
    """``tokens`` for a person whose system asks for more contrast: AAA for all text, and every line can be seen."""
    grounds = tokens.paper, tokens.surface, tokens.bubble, tokens.hover, tokens.chosen, tokens.notice

    def fitted(color: str) -> str:
        while min(contrast(color, ground) for ground in grounds) < _HIGH_CONTRAST:
            color = mixed(color, tokens.ink, _STEP)
        return color

    quiet = fitted(tokens.quiet)
    return replace(tokens, quiet=quiet, warning=fitted(tokens.warning), edge=quiet, line=quiet)


def _tint(surface: str, accent: str, part: float, ink: str) -> str:
    """``surface`` with ``part`` of the accent, or with less where ``ink`` could not be read on it."""
    while contrast(tint := mixed(surface, accent, part), ink) < TEXT_CONTRAST:
        part -= _STEP
    return tint
