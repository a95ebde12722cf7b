"""Something that went wrong, in the place it concerns: an icon, a headline, one sentence, and Try again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from tern.ui.shared.announcer import Announcer
from tern.ui.shared.labels import button, show_trouble_icon, text, trouble_icon
from tern.ui.style.theme import Size, Space, Theme


class Trouble(QFrame):
    """Hidden until :meth:`tell`; ``retried`` asks for another try."""

    retried = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("trouble")
        self.setAccessibleName(self.tr("Error"))
        self._icon = trouble_icon(theme, self.tr("Error"), self)
        self._headline = text(theme, "", Size.CONTROL, self)
        self._headline.setObjectName("troubleHeadline")
        self._sentence = text(theme, "", Size.SMALL, self, quiet=True)
        self._sentence.setObjectName("troubleSentence")
        again = button(
            self, "retryButton", self.tr("Try again"), self.tr("what went wrong"), self.retried.emit
        )
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._headline)
        words.addWidget(self._sentence)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, Space.S, 0, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(again, 0, Qt.AlignmentFlag.AlignVCenter)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def tell(self, headline: str, sentence: str) -> None:
        self._headline.setText(headline)
        self._sentence.setText(sentence)
        self.setAccessibleDescription(f"{headline}. {sentence}")
        self.show()
        Announcer(self).say(f"{headline}. {sentence}")

    def clear(self) -> None:
        """Its cause is gone."""
        self.hide()

    def _restyle(self) -> None:
        self._headline.setFont(self._theme.font(Size.CONTROL, weight=QFont.Weight.DemiBold))
        self._sentence.setFont(self._theme.font(Size.SMALL))
        show_trouble_icon(self._icon, self._theme)
