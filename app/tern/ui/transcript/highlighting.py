"""Colours the code in a document, in slices of a few milliseconds: what is being written at once, the rest of a long
conversation from its end upwards while nothing else is to be done. Changes layouts, never the text.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextDocument, QTextLayout

from tern.markup.lexing import Ink, LexedCode, is_loaded, lexer_of, load
from tern.ui.style.theme import Theme
from tern.ui.style.timing import PAUSE_MS
from tern.ui.transcript.formats import DIMMED

# On `surface`, AA in both (tests/ui/transcript/test_highlighting.py). Quiet hues: code is read, not admired.
LIGHT_INKS = {
    Ink.KEYWORD: "#7A3E9D",
    Ink.TYPE: "#0F6E7C",
    Ink.NAME: "#1F5FA8",
    Ink.STRING: "#2F6F3E",
    Ink.NUMBER: "#9A4A12",
    Ink.COMMENT: "#6A737D",
    Ink.META: "#7A5B00",
    Ink.GONE: "#B3362A",
    Ink.NEW: "#2F6F3E",
}
DARK_INKS = {
    Ink.KEYWORD: "#C9A0E8",
    Ink.TYPE: "#6FC3CF",
    Ink.NAME: "#8CBDF0",
    Ink.STRING: "#93C98B",
    Ink.NUMBER: "#E0A873",
    Ink.COMMENT: "#98A1AB",
    Ink.META: "#D3B55F",
    Ink.GONE: "#EE8A7E",
    Ink.NEW: "#93C98B",
}
PLAIN = 1  # the state of the first line of a code that is not coloured to its end
_AT_ONCE_S = 0.003
_SLICE_S = 0.005


class Highlighter(QObject):
    """Codes are told apart by their numbers (formats.CODE)."""

    _loaded = Signal(str)

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._document = document
        self._theme = theme
        self._codes: dict[int, tuple[LexedCode, QTextCursor]] = {}  # those being written or still to be read
        # For their language: it, the text, the place.
        self._waiting: dict[int, tuple[str, str, QTextCursor]] = {}
        self._loaded.connect(self._begin, Qt.ConnectionType.QueuedConnection)
        self._formats: dict[Ink, QTextCharFormat] = {}
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._work)
        self.restyle()

    def restyle(self) -> None:
        """Take the theme's present colours for what is coloured from now on."""
        for ink, color in (DARK_INKS if self._theme.dark else LIGHT_INKS).items():
            self._formats[ink] = QTextCharFormat()
            self._formats[ink].setForeground(QColor(color))

    def clear(self) -> None:
        """The document was emptied."""
        self._codes.clear()
        self._waiting.clear()
        self._timer.stop()

    def forget(self, number: int) -> None:
        """That code no longer stands in the document."""
        self._codes.pop(number, None)
        self._waiting.pop(number, None)

    def set_code(self, number: int, language: str, text: str, start: int, growing: bool) -> None:
        """Code ``number``, whose first character stands at position ``start``, reads ``text`` now. ``growing``: what
        can be coloured in a moment is coloured before this returns."""
        if number in self._waiting:
            self._waiting[number] = language, text, self._waiting[number][2]
            return
        if number not in self._codes:
            first = QTextCursor(self._document)
            first.setPosition(start)
            first.setKeepPositionOnInsert(True)
            if not is_loaded(language):
                self._load(language)
                self._waiting[number] = language, text, first
                return
            if (lexer := lexer_of(language)) is None:
                return
            self._codes[number] = LexedCode(lexer), first
        reading, first = self._codes[number]
        reading.set_text(text)
        if reading.shortened and first.block().userState() != PLAIN:
            first.block().setUserState(PLAIN)
            self._head_changed(first)
            line = self._document.findBlockByNumber(first.block().blockNumber() + len(reading.lines))
            line.layout().clearFormats()
        if growing:
            self._paint(reading, first, time.perf_counter() + _AT_ONCE_S)
        if not reading.done:
            self._timer.start()

    def settle(self) -> None:
        """Nothing grows any more: what has been read is no longer needed."""
        for number in [number for number, (reading, _) in self._codes.items() if reading.done]:
            del self._codes[number]

    @property
    def idle(self) -> bool:
        return not self._timer.isActive() and not self._waiting

    def _load(self, language: str) -> None:
        """Import it beside the window: compiling its hundreds of patterns here would take a few frames."""
        if any(language == waiting for waiting, _, _ in self._waiting.values()):
            return

        def work() -> None:
            load(language)
            with suppress(RuntimeError):  # the window may have gone meanwhile
                self._loaded.emit(language)

        threading.Thread(target=work, name=f"tern-language-{language}", daemon=True).start()

    def _begin(self, language: str) -> None:
        """What waited for a language can be read now."""
        for number, (wanted, text, first) in list(self._waiting.items()):
            if wanted == language:
                del self._waiting[number]
                self._head_changed(first)  # its name is known now
                self.set_code(number, language, text, first.position(), growing=False)

    def _head_changed(self, first: QTextCursor) -> None:
        """Paint the head of that code anew. Later: as a part of what is being changed now, all that stands between
        would be laid out again."""
        QTimer.singleShot(0, self, lambda: self._document.markContentsDirty(first.position(), 1))

    def _work(self) -> None:
        until = time.perf_counter() + _SLICE_S
        for reading, first in reversed(self._codes.values()):
            if not reading.done:
                self._paint(reading, first, until)
            if time.perf_counter() > until:
                break
        if any(not reading.done for reading, _ in self._codes.values()):
            self._timer.start()

    def _paint(self, reading: LexedCode, first: QTextCursor, until: float) -> None:
        changed = reading.work(until)
        if not changed:
            return
        edit = QTextCursor(self._document)
        edit.beginEditBlock()  # one layout for all of it
        top = first.block().blockNumber()
        for number in changed:
            block = self._document.findBlockByNumber(top + number)
            if not block.isValid() or block.blockFormat().hasProperty(DIMMED):
                continue
            if not reading.lines[number] and not block.layout().formats():
                continue
            ranges = []
            for start, length, ink in reading.lines[number]:
                piece = QTextLayout.FormatRange()
                piece.start, piece.length, piece.format = start, length, self._formats[ink]
                ranges.append(piece)
            block.layout().setFormats(ranges)
        edit.endEditBlock()
