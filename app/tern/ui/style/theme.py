"""How Tern looks: one table of tokens, and the palette and style sheet made from it. Knows no widget by name
beyond its object name or its ``kind`` property, and nothing of engines or chats.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontInfo,
    QFontMetricsF,
    QGuiApplication,
    QPalette,
)
from PySide6.QtWidgets import QApplication

from tern.ui.style.accents import ACCENTS, SYSTEM, accented, stronger
from tern.ui.style.style_sheet import SHEET
from tern.ui.style.tokens import DARK, LIGHT, Tokens

if TYPE_CHECKING:
    from PySide6.QtGui import QAccessibilityHints  # from 6.10 on


class Mode(StrEnum):
    """Which appearance the person chose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Space:
    """Distances in px."""

    XS, S, M, L, XL, XXL = 4, 8, 12, 16, 24, 32


RADIUS, BLOCK_RADIUS = 8, 12
ICON = 18
_CARET_ROOM = 24  # px at the end of a choice or a number
LINE_HEIGHT = 1.55
COLUMN_CHARACTERS = 74
_EFFECTS = Qt.UIEffect.UI_General  # of menus, lists and tips; the others are nothing without it
_SAMPLE = "In March, a Tern of 110 grams leaves the Antarctic; by June it has flown 17,000 km North."


class Size(StrEnum):
    """Type sizes by use; px at scale 1 in ``PX``."""

    SMALL = "small"
    CONTROL = "control"
    BODY = "body"
    LARGE = "large"
    TITLE = "title"


PX = {Size.SMALL: 12, Size.CONTROL: 13, Size.BODY: 15, Size.LARGE: 18, Size.TITLE: 24}


class Theme(QObject):
    """The look in force. ``changed`` fires after the application has taken a new one."""

    changed = Signal()

    def __init__(self, app: QApplication, mode: Mode = Mode.SYSTEM, scale: float = 1.0) -> None:
        super().__init__(app)
        self._app = app
        self._mode = mode
        self._scale = scale
        self._density = 1.0
        self._accent = "blue"
        self._still = False
        self._base_font = QFont(app.font())
        self._effects = app.isEffectEnabled(_EFFECTS)
        self._flash_ms = QGuiApplication.styleHints().cursorFlashTime()
        self._dark = False
        self.tokens = LIGHT
        app.setStyle("Fusion")  # one drawing of controls everywhere, so that the style sheet can stay small
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
        if (more := _accessibility()) is not None:
            more.contrastPreferenceChanged.connect(self.apply)
        self.apply()

    @property
    def mode(self) -> Mode:
        return self._mode

    @property
    def dark(self) -> bool:
        return self._dark

    @property
    def scale(self) -> float:
        return self._scale

    def set_mode(self, mode: Mode) -> None:
        if mode is not self._mode:
            self._mode = mode
            self.apply()

    def set_scale(self, scale: float) -> None:
        """Make all text ``scale`` times its size of the table."""
        if scale != self._scale:
            self._scale = scale
            self.apply()

    def space(self, px: int) -> int:
        """A distance that the chosen density makes smaller."""
        return round(px * self._density)

    def set_density(self, density: float) -> None:
        """Make the distances between things ``density`` times those of the table."""
        if density != self._density:
            self._density = density
            self.apply()

    def set_accent(self, name: str) -> None:
        """One of ui/style/accents by its name, or the system's."""
        if name != self._accent:
            self._accent = name
            self.apply()

    @property
    def still(self) -> bool:
        """Whether nothing may move: the person's wish, or the system's where Qt knows it."""
        return self._still or _system_is_still()

    def set_still(self, still: bool) -> None:
        self._still = still
        self._app.setEffectEnabled(_EFFECTS, self._effects and not self.still)
        QGuiApplication.styleHints().setCursorFlashTime(0 if self.still else self._flash_ms)

    def px(self, size: Size) -> int:
        return round(PX[size] * self._scale)

    def font(self, size: Size, *, weight: QFont.Weight = QFont.Weight.Normal, tabular: bool = False) -> QFont:
        """The system's UI font at ``size``; ``tabular`` gives every figure the same width."""
        font = QFont(self._base_font)
        font.setPixelSize(self.px(size))
        font.setWeight(weight)
        if tabular:
            font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def mono(self, size: Size) -> QFont:
        """The system's fixed-pitch font at ``size``."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        if not QFontInfo(font).fixedPitch():  # some minimal desktops name a proportional one
            font = QFont("monospace")
            font.setStyleHint(QFont.StyleHint.Monospace)
        font.setPixelSize(self.px(size))
        for ligature in ("liga", "calt"):  # code is shown letter by letter
            font.setFeature(QFont.Tag(ligature), 0)
        return font

    def column_width(self) -> float:
        """Width in px of the text column: a line of about 74 characters of the body font."""
        advance = QFontMetricsF(self.font(Size.BODY)).horizontalAdvance(_SAMPLE)
        return advance / len(_SAMPLE) * COLUMN_CHARACTERS

    @property
    def icon_size(self) -> QSize:
        side = round(ICON * self._scale)
        return QSize(side, side)

    def color(self, role: str) -> QColor:
        return QColor(getattr(self.tokens, role))

    def apply(self) -> None:
        """Hand the look to the application: font, palette, style sheet."""
        hints = QGuiApplication.styleHints()
        dark = self._mode is Mode.DARK
        if self._mode is Mode.SYSTEM:
            dark = hints.colorScheme() is Qt.ColorScheme.Dark
        self._dark = dark
        self.tokens = self._tokens(dark)
        if system_wants_contrast():
            self.tokens = stronger(self.tokens)
        self._app.setFont(self.font(Size.CONTROL))
        self._app.setPalette(_palette(self.tokens))
        self._app.setStyleSheet(_style_sheet(self))
        self.changed.emit()

    def _tokens(self, dark: bool) -> Tokens:
        tokens = DARK if dark else LIGHT
        if self._accent == SYSTEM:
            self._app.setPalette(QPalette())  # only then does Qt tell what the system's is
            return accented(tokens, self._app.palette().color(QPalette.ColorRole.Accent).name())
        return tokens if self._accent == "blue" else accented(tokens, ACCENTS[self._accent][dark])

    def _system_changed(self) -> None:
        if self._mode is Mode.SYSTEM:
            self.apply()


def _system_is_still() -> bool:
    """Whether the system asks for less motion. Qt tells it from 6.12 on, if then; else only the setting counts."""
    told = getattr(_accessibility(), "motionPreference", None)
    return told is not None and "Reduced" in str(told())


def system_wants_contrast() -> bool:
    """Whether the system asks for more contrast. Qt tells it from 6.10 on."""
    hints = _accessibility()
    return hints is not None and hints.contrastPreference() is Qt.ContrastPreference.HighContrast


def _accessibility() -> QAccessibilityHints | None:
    hints = QGuiApplication.styleHints()
    return hints.accessibility() if hasattr(hints, "accessibility") else None


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    roles = {
        role.Window: tokens.paper,
        role.WindowText: tokens.ink,
        role.Base: tokens.surface,
        role.AlternateBase: tokens.paper,
        role.Text: tokens.ink,
        role.PlaceholderText: tokens.quiet,
        role.Button: tokens.surface,
        role.ButtonText: tokens.ink,
        role.BrightText: tokens.mark,
        role.Highlight: tokens.selection,
        role.HighlightedText: tokens.ink,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.ToolTipBase: tokens.ink,
        role.ToolTipText: tokens.paper,
        role.Accent: tokens.accent,
        role.Light: tokens.surface,
        role.Midlight: tokens.line,
        role.Mid: tokens.line,
        role.Dark: tokens.edge,
        role.Shadow: tokens.line,
    }
    palette = QPalette()
    for name, value in roles.items():
        palette.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(tokens.quiet))
    return palette


def _style_sheet(theme: Theme) -> str:
    values = {name: getattr(theme.tokens, name) for name in Tokens.__slots__}
    values |= {size.value + "_px": f"{theme.px(size)}px" for size in Size}
    values |= {"caret": f"{round(_CARET_ROOM * theme.scale)}px"}
    values |= {"radius": f"{RADIUS}px", "block": f"{BLOCK_RADIUS}px"}
    sheet = SHEET
    for name in sorted(values, key=len, reverse=True):
        sheet = sheet.replace("@" + name, values[name])
    return sheet
