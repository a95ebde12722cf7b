"""How full the context would be, once that matters: ``3,012 / 4,096 tokens``, and in words what that means when it gets
tight. In its place stands what becomes of a message that cannot go yet. Draws numbers that others counted.
"""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from tern.ui.shared.announcer import Announcer
from tern.ui.style.number_text import context_text
from tern.ui.style.theme import Size, Theme

_FROM = 0.6  # of the context: below that, nobody needs to know


class MeterState(StrEnum):
    """How tight it is."""

    ROOMY = "roomy"
    NEAR = "near"  # little is left
    LEAVING = "leaving"  # the oldest messages do not fit with the next one
    OVER = "over"  # the message by itself cannot be sent


class ContextMeter(QLabel):
    """Hidden until the context fills. Shows as much of the words as there is room for; the tool tip has them all."""

    wish_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._room = 1 << 16
        self._figures = self._words = self._note = ""
        self._matters = False
        self._state = MeterState.ROOMY
        self.setObjectName("contextReadout")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("kind", "quiet")
        self._description = self.tr("How much of the model's context this chat and your message use.")
        theme.changed.connect(self.restyle)
        self.restyle()
        self.hide()

    def show_use(self, used: int, size: int, state: MeterState = MeterState.ROOMY, words: str = "") -> None:
        """``used`` of ``size`` tokens; size 0: no model is open. ``words``: what a tight ``state`` means."""
        self._matters = size > 0 and (state is not MeterState.ROOMY or used >= _FROM * size)
        self._figures, self._words = context_text(used, size), words
        if state is not self._state:
            self._state = state
            self.setProperty("state", state.value)  # the style sheet knows no Python objects
            self._polish()
        self._show()
        self.wish_changed.emit()

    def say(self, note: str) -> None:
        """Say ``note`` in place of the figures; empty to give them back their place."""
        if note != self._note:
            self._note = note
            self._show()
            self.wish_changed.emit()
            Announcer(self).say(note)

    @property
    def note(self) -> str:
        return self._note

    @property
    def wish(self) -> int:
        """Width that shows the words and the figures, px."""
        if self.isHidden():
            return 0
        return max(self.fontMetrics().horizontalAdvance(form) for form in self._forms()[-3:])

    def set_room(self, width: int) -> None:
        """How wide it may be, px."""
        if width != self._room:
            self._room = width
            self._show()

    def restyle(self) -> None:
        self.setFont(self._theme.font(Size.SMALL, tabular=True))
        self._polish()
        self._show()

    def _show(self) -> None:
        self.setVisible(self._matters or bool(self._note))
        forms = self._forms()
        metrics = self.fontMetrics()
        shown = next((form for form in forms if metrics.horizontalAdvance(form) <= self._room), forms[-1])
        if shown != self.text():
            self.setText(shown)
        self.setAccessibleName(self._note or self.tr("Context: {0}").format(forms[0]))
        self.setAccessibleDescription("" if self._note else self._description)
        self.setToolTip(self._note or f"{forms[0]}\n{self._description}")

    def _polish(self) -> None:
        """Look as the style sheet wants this state to look."""
        self.style().unpolish(self)
        self.style().polish(self)

    def _forms(self) -> list[str]:
        """The longest first."""
        if self._note:
            return [self._note]
        full = self.tr("{0} tokens").format(self._figures)
        forms = [f"{self._words} · {full}", f"{self._words} · {self._figures}"] if self._words else []
        return [*forms, full, self._figures]
