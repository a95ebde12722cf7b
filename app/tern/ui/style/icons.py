"""Icons: Phosphor for actions, and our own drawing for the application. Knows only the theme.

The font and its names are QtAwesome's; its own code would load a dozen families before the first window is shown.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

from tern import paths
from tern.errors import BugError
from tern.ui.style.theme import Theme

_PART = 0.875  # of the icon's side that the em takes: the drawings fill it to the edge


def action_icon(name: str, theme: Theme, role: str = "ink") -> QIcon:
    """The Phosphor icon ``name`` (its own name, as "copy") in the theme's colour ``role``; quiet when disabled."""
    return QIcon(_Glyph(_glyphs()[name], theme.color(role), theme.color("quiet")))


@cache
def app_icon() -> QIcon:
    """The tern."""
    return QIcon(str(paths.resources_dir() / "icons" / "tern.svg"))


class _Glyph(QIconEngine):
    """Draws one character of the icon font, sharp at every size."""

    def __init__(self, character: str, color: QColor, disabled: QColor) -> None:
        super().__init__()
        self._character = character
        self._color, self._disabled = color, disabled

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        painter.setPen(self._disabled if mode is QIcon.Mode.Disabled else self._color)
        font = QFont(_family())
        font.setPixelSize(max(1, round(_PART * rect.height())))
        painter.setFont(font)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._character)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Glyph(self._character, self._color, self._disabled)


@cache
def _folder() -> Path:
    found = find_spec("qtawesome")
    if found is None or not found.submodule_search_locations:
        raise BugError("QtAwesome's icon font is not installed")
    return Path(found.submodule_search_locations[0]) / "fonts"


@cache
def _glyphs() -> dict[str, str]:
    """Characters by the icons' names."""
    names = json.loads(next(_folder().glob("phosphor-charmap-*.json")).read_bytes())
    return {name: chr(int(code, 16)) for name, code in names.items()}


@cache
def _family() -> str:
    number = QFontDatabase.addApplicationFont(str(next(_folder().glob("phosphor-*.ttf"))))
    return QFontDatabase.applicationFontFamilies(number)[0]
