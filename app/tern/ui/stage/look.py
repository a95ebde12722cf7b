"""How the stage looks: paper or black, and sizes that go by the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QSizeF
from PySide6.QtGui import QColor, QFont

from tern.ui.style.tokens import DARK, LIGHT, Tokens

# Black is black on a projector, which makes of every grey a bright wall.
PAPER, BLACK = (
    LIGHT,
    replace(DARK, paper="#000000", ink="#F4F5F6", quiet="#A3ABB4", line="#2B2F35", mark="#FF6A4D"),
)
_SCREEN = QSizeF(1920, 1080)  # the one that the sizes are named for
_LEAST_TEXT, _LEAST_FIGURE, _LEAST_LABEL = 32, 64, 24


@dataclass(frozen=True)
class Look:
    """``font``: the system's UI font. Sizes in px, for a stage of ``size``."""

    tokens: Tokens
    font: QFont
    size: QSizeF

    @property
    def unit(self) -> float:
        """How large the screen is beside the one that the sizes are named for."""
        return min(self.size.width() / _SCREEN.width(), self.size.height() / _SCREEN.height())

    @property
    def margin(self) -> float:
        return 88 * self.unit

    @property
    def text_px(self) -> int:
        """The reply: 32 to 40 px, more only where the screen has more."""
        return max(_LEAST_TEXT, round(40 * self.unit))

    @property
    def figure_px(self) -> int:
        """The one figure: 64 to 96 px."""
        return max(_LEAST_FIGURE, round(96 * self.unit))

    @property
    def label_px(self) -> int:
        return max(_LEAST_LABEL, round(33 * self.unit))

    def color(self, role: str) -> QColor:
        return QColor(getattr(self.tokens, role))

    def sized(self, px: float, bold: bool = False) -> QFont:
        """With figures of one width, so that nothing jiggles."""
        font = QFont(self.font)
        font.setPixelSize(max(1, round(px)))
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font
