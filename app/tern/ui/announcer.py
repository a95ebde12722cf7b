"""Reads a streaming reply to a screen reader by the sentence, never by the token."""

from __future__ import annotations

import re

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

_SENTENCE_END = re.compile(r"[.!?…:][\"'”’)\]]*\s+|\n+")
_MARKUP = re.compile(r"[*_`#>|~]+")


class Announcer:
    """Gathers text and announces each sentence as it is completed, on behalf of ``widget``."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._pending = ""

    def add(self, text: str) -> None:
        self._pending += text
        end = 0
        for match in _SENTENCE_END.finditer(self._pending):
            end = match.end()
        if end:
            self.say(self._pending[:end])
            self._pending = self._pending[end:]

    def finish(self) -> None:
        """The reply is over: say what is left."""
        self.say(self._pending)
        self._pending = ""

    def say(self, text: str) -> None:
        spoken = _MARKUP.sub("", text).strip()
        if spoken and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._widget, spoken))
