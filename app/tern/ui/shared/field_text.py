"""What stands in a field as text, to the character: Qt's own plain text has spaces for no-break spaces."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QTextDocument, QTextDocumentFragment

from tern.chat.normalize import as_written


def written_in(document: QTextDocument) -> str:
    return as_written(document.toRawText())


def pasted_text(source: QMimeData) -> str:
    """The text of what is pasted; of a page's piece that came without one, what can be read of it."""
    if source.hasText() or not source.hasHtml():
        return as_written(source.text())
    # A page's no-break spaces are its layout.
    found = QTextDocumentFragment.fromHtml(source.html()).toPlainText()
    return as_written(found.replace("\ufffc", "")).strip("\n")
