"""Icons: Phosphor for actions, and our own drawing for the application. Knows only the theme.

The font and its names are QtAwesome's; its own code would load a dozen families before the first window is shown.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from tern import paths
from tern.errors import BugError
from tern.ui.style.theme import Theme

_PART = 0.875  # of the icon's side that the em takes: the drawings fill it to the edge
_SMALL = 24  # pixels: up to here thin wings would blur, and the tern has a drawing of its own


def action_icon(name: str, theme: Theme, role: str = "ink") -> QIcon:
    """The Phosphor icon ``name`` (its own name, as "copy") in the theme's colour ``role``; quiet when disabled."""
    return QIcon(_Glyph(_glyphs()[name], theme.color(role), theme.color("quiet")))


def app_icon() -> QIcon:
    """The application's icon: an arctic tern in flight."""
    return QIcon(_Tern())


class _Painted(QIconEngine):
    """Icon that is painted anew for each size, so that it is sharp at all of them."""

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(), size), mode, state)
        painter.end()
        return pixmap


class _Tern(_Painted):
    """The tern: one drawing for docks and pages, a heavier one for title bars and trays."""

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        pixels = min(rect.width(), rect.height()) * painter.device().devicePixelRatio()
        name = "tern_small.svg" if pixels <= _SMALL else "tern.svg"
        renderer = QSvgRenderer(str(paths.resources_dir() / "icons" / name))
        renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
        renderer.render(painter, QRectF(rect))

    def clone(self) -> QIconEngine:
        return _Tern()


class _Glyph(_Painted):
    """Draws one character of the icon font."""

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
