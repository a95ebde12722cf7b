"""Reads a streaming reply to a screen reader by the sentence, never by the token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tern.chat.thinking import Splitter, What

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_SENTENCE_END = re.compile(r"[.!?…:][\"'”’)\]]*\s+|\n+")
_LONGEST = 2000  # characters that are kept back for the end of a sentence
_LOOK_BACK = 20  # of them, in which that end may begin
_MARKUP = re.compile(r"[*_`#>|~]+")


class Announcer:
    """Gathers text and announces each sentence as it is completed, on behalf of ``widget``."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._pending = ""
        self._thoughts = Splitter()
        self._thinks = False

    def add(self, text: str) -> None:
        for what, piece in self._thoughts.feed(text):
            self._hear(what, piece)

    def _hear(self, what: What, text: str) -> None:
        if what is not What.TEXT:  # thoughts are folded for the eye, too
            self._thinks = what is What.THOUGHT
        elif not self._thinks:
            self._add(text)

    def _add(self, text: str) -> None:
        seen = max(0, len(self._pending) - _LOOK_BACK)
        self._pending += text
        end = 0
        for match in _SENTENCE_END.finditer(self._pending, seen):
            end = match.end()
        if not end and len(self._pending) > _LONGEST:
            end = len(self._pending)
        if end:
            self.say(self._pending[:end])
            self._pending = self._pending[end:]

    def finish(self) -> None:
        """The reply is over: say what is left."""
        for what, piece in self._thoughts.end():
            self._hear(what, piece)
        self._thoughts, self._thinks = Splitter(), False
        self.say(self._pending)
        self._pending = ""

    def say(self, text: str) -> None:
        # Here, because the first frame can do without these 7 ms.
        from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

        spoken = _MARKUP.sub("", text).strip()
        if spoken and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._widget, spoken))
