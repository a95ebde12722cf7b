"""Runs of text into a document, each in its look."""

from __future__ import annotations

from PySide6.QtGui import QTextCursor, QTextFormat

from tern.markup.blocks import Run, Style
from tern.markup.utf16 import index_of, utf16_length
from tern.ui.transcript.formats import Formats


def insert_runs(
    cursor: QTextCursor,
    runs: tuple[Run, ...],
    formats: Formats,
    heading: int = 0,
    skip: int = 0,
    px: int | None = None,
) -> None:
    """Insert ``runs`` without their first ``skip`` UTF-16 units. ``px``: the size of what is not code, if not
    that of the body or the heading."""
    for run in runs:
        length = utf16_length(run.text)
        if skip >= length:
            skip -= length
            continue
        fmt = formats.char(run.styles, run.link, heading)
        if px is not None and Style.CODE not in run.styles:
            fmt.setProperty(QTextFormat.Property.FontPixelSize, px)
        cursor.insertText(run.text[index_of(run.text, skip) :], fmt)
        skip = 0
