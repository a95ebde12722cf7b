"""A benchmark's result as a picture for a slide: the machine, the model, and three figures."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tern.ui.style.icons import app_icon
from tern.ui.style.number_text import localized, size_text
from tern.ui.style.theme import BLOCK_RADIUS, Size, Theme

_WIDTH, _HEIGHT = 640, 320
_WORDS_A_TOKEN = 0.75  # of English


class ShareCard(QWidget):
    """Draws the report it is given; :meth:`image` is the same at twice the size."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._report: dict[str, Any] | None = None
        self.setAccessibleName(self.tr("Result as a picture"))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMaximumWidth(_WIDTH)

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, _HEIGHT)

    def heightForWidth(self, width: int) -> int:
        return min(width, _WIDTH) * _HEIGHT // _WIDTH

    def show_report(self, report: dict[str, Any]) -> None:
        self._report = report
        self.setAccessibleDescription(
            "; ".join(f"{figure} {words}" for figure, words in self._figures(report))
        )
        self.update()

    def image(self) -> QImage:
        """1280 x 640 px."""
        image = QImage(2 * _WIDTH, 2 * _HEIGHT, QImage.Format.Format_RGB32)
        image.fill(self._theme.color("paper"))
        painter = QPainter(image)
        painter.scale(2, 2)
        self._draw(painter)
        painter.end()
        return image

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.scale(self.width() / _WIDTH, self.width() / _WIDTH)
        self._draw(painter)

    def _figures(self, report: dict[str, Any]) -> list[tuple[str, str]]:
        rate = float(report["decode"]["tokens_per_s"])
        found = [
            (localized(f"{rate:.1f}" if rate < 99.95 else f"{rate:,.0f}"), self.tr("tokens a second")),
            (localized(f"{rate * _WORDS_A_TOKEN * 60:,.0f}"), self.tr("words a minute")),
        ]
        each = ((report.get("reply") or {}).get("energy") or {}).get("joules_per_token")
        if each is not None:
            found.append((localized(f"{each:.2f}"), self.tr("joules a token")))
        else:
            found.append((size_text(1e6 * report["resident_mb"]), self.tr("of memory")))
        return found

    def _draw(self, painter: QPainter) -> None:
        if self._report is None:
            return
        report, theme = self._report, self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("line"))
        painter.setBrush(theme.color("surface"))
        card = QRectF(0.5, 0.5, _WIDTH - 1, _HEIGHT - 1)
        painter.drawRoundedRect(card, BLOCK_RADIUS, BLOCK_RADIUS)
        left, width = 40.0, _WIDTH - 80.0
        app_icon().paint(painter, int(left), 36, 36, 36)
        self._text(painter, QRectF(left + 50, 32, width - 50, 24), str(report["model"]), 18, "ink", bold=True)
        self._text(
            painter,
            QRectF(left + 50, 54, width - 50, 20),
            self.tr("on the CPU, offline, with Tern"),
            13,
            "quiet",
        )
        column = width / 3
        for number, (figure, words) in enumerate(self._figures(report)):
            x = left + number * column
            role = "ink" if number else "accent"
            self._text(painter, QRectF(x, 118, column, 64), figure, 46, role, bold=True)
            self._text(painter, QRectF(x, 182, column, 22), words, 15, "quiet")
        painter.setPen(theme.color("line"))
        painter.drawLine(int(left), 240, int(left + width), 240)
        computer = report["computer"]
        cores = self.tr("Threads: {0} · {1}").format(
            report["threads"], size_text(1e6 * computer["memory_mb"])
        )
        self._text(painter, QRectF(left, 254, width * 0.72, 20), str(computer["cpu"]), 13, "ink")
        self._text(painter, QRectF(left, 274, width * 0.72, 20), f"{cores} · {report['kernel']}", 13, "quiet")
        day = str(report.get("measured_at", ""))[:10]
        self._text(painter, QRectF(left, 274, width, 20), day, 13, "quiet", right=True)

    def _text(
        self,
        painter: QPainter,
        box: QRectF,
        words: str,
        px: int,
        role: str,
        bold: bool = False,
        right: bool = False,
    ) -> None:
        font = self._theme.font(Size.BODY, tabular=True)
        font.setPixelSize(px)
        font.setBold(bold)
        painter.setFont(font)
        while bold and px > 20 and painter.fontMetrics().horizontalAdvance(words) > box.width() - 12:
            px -= 2
            font.setPixelSize(px)
            painter.setFont(font)
        painter.setPen(self._theme.color(role))
        words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(box.width()))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, words)
