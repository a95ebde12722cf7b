"""The colours by role, in light and dark, and the arithmetic of colours. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours by role, as #RRGGBB. Text is AA (4.5:1) wherever it is used (tests/ui/style/test_theme.py)."""

    paper: str  # the window
    surface: str  # things one writes on or reads code from
    ink: str  # text
    quiet: str  # secondary text, idle figures
    line: str  # hairlines
    edge: str  # outlines of controls (3:1, so that a control can be seen)
    bubble: str  # the person's message
    hover: str  # a quiet control under the pointer
    accent: str
    accent_hover: str
    on_accent: str
    selection: str
    mark: str  # the tern's bill: something live, destructive actions
    notice: str  # the surface of an inline error bar
    warning: str  # text of a figure that gets tight
    chosen: str  # the conversation on show, in the list


LIGHT = Tokens(
    paper="#FBFAF8",
    surface="#FFFFFF",
    ink="#1B1F23",
    quiet="#6A737D",
    line="#E6E3DE",
    edge="#8C9196",
    bubble="#EEF1F4",
    hover="#F1EEE9",
    accent="#2B6CB0",
    accent_hover="#245C97",
    on_accent="#FFFFFF",
    selection="#CFE0F2",
    mark="#D9482B",
    notice="#FCEFEB",
    warning="#8A5600",
    chosen="#E4ECF5",
)
DARK = Tokens(
    paper="#16181B",
    surface="#1E2125",
    ink="#E7E9EC",
    quiet="#98A1AB",
    line="#2B2F35",
    edge="#6B737C",
    bubble="#25303B",
    hover="#24282D",
    accent="#7FB2E5",
    accent_hover="#9AC3EC",
    on_accent="#10202F",
    selection="#2F4A66",
    mark="#D9482B",
    notice="#33211D",
    warning="#E2B25C",
    chosen="#27323E",
)


def mixed(color: str, other: str, part: float) -> str:
    """``color`` with ``part`` (0 to 1) of ``other``."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    red, green, blue = (round(a + (b - a) * part) for a, b in pairs)
    return QColor(red, green, blue).name().upper()


def _channels(color: str) -> tuple[int, int, int]:
    found = QColor(color)
    return found.red(), found.green(), found.blue()


def luminance(color: str) -> float:
    """Relative luminance of #RRGGBB, 0 to 1 (WCAG 2.2)."""
    parts = (value / 255 for value in _channels(color))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
