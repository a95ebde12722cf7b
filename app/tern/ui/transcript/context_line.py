"""The oldest messages, which the model no longer sees: dimmed, with a line of text under the last of them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QBrush, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextDocument

from tern.ui.transcript.formats import DIMMED, Formats


class ContextLine:
    """Writes into ``document``, which the owner fills. Dimming cannot be taken back but by writing anew."""

    def __init__(self, document: QTextDocument) -> None:
        self._document = document
        self._line: QTextCursor | None = None  # in its block

    def forget(self) -> None:
        """The document was cleared."""
        self._line = None

    @property
    def drawn(self) -> bool:
        return self._line is not None

    def draw(self, first: int, end: int, formats: Formats) -> None:
        """Dim the text between two positions that begin blocks (``end`` may be the document's end), and stand the
        line under it, wherever it stood before."""
        edit = QTextCursor(self._document)
        edit.beginEditBlock()
        last = min(end, self._document.characterCount()) - 1
        pinned = QTextCursor(self._document)
        pinned.setPosition(last)
        edit.setPosition(first)
        edit.setPosition(last, QTextCursor.MoveMode.KeepAnchor)
        quiet = QTextCharFormat()
        quiet.setForeground(formats.quiet)
        quiet.setBackground(QBrush())
        edit.mergeCharFormat(quiet)
        dimmed = QTextBlockFormat()
        dimmed.setProperty(DIMMED, True)
        edit.mergeBlockFormat(dimmed)
        block = self._document.findBlock(first)
        while block.isValid() and block.position() <= last:
            block.layout().clearFormats()  # the colours of code
            block = block.next()
        if self._line is not None:
            block = self._line.block()
            above = block.previous().blockFormat()
            old = QTextCursor(block)
            old.movePosition(QTextCursor.MoveOperation.PreviousCharacter)
            old.setPosition(block.position() + block.length() - 1, QTextCursor.MoveMode.KeepAnchor)
            old.removeSelectedText()
            old.setBlockFormat(above)
        pinned.insertBlock(formats.context_line(), formats.note_char())
        pinned.insertText(_tr("The model can't see messages above this line."), formats.note_char())
        self._line = pinned
        edit.endEditBlock()


def _tr(text: str) -> str:
    return QCoreApplication.translate("context_line", text)
