"""Code whose lines are not wrapped: all code, unless the person wants it otherwise. That, and how far it is scrolled,
stands in the formats of its lines, so that selections, copying and what is still being written know nothing of it.
"""

from __future__ import annotations

from PySide6.QtGui import QTextBlock, QTextBlockFormat, QTextCursor

from tern.ui.transcript.backgrounds import neighbours
from tern.ui.transcript.formats import CODE, SCROLLED


def is_wide(block: QTextBlock) -> bool:
    """Whether the lines of the code that ``block`` is one of are not wrapped."""
    return block.blockFormat().hasProperty(SCROLLED)


def scrolled(block: QTextBlock) -> float:
    """px of it that are scrolled away to the left."""
    return float(block.blockFormat().property(SCROLLED) or 0)


def overflow(block: QTextBlock, room: float) -> float:
    """How far it can be scrolled: px by which its longest line is wider than ``room``."""
    if not is_wide(block):
        return 0
    line, last = neighbours(block, CODE)
    most = 0.0
    while True:
        layout = line.layout()
        if layout.lineCount():
            most = max(most, layout.lineAt(0).naturalTextWidth() - room)
        if line == last:
            return most
        line = line.next()


def set_wide(block: QTextBlock, wide: bool) -> None:
    """Wrap the lines of a code no longer, or again."""
    _set(block, 0.0 if wide else None)


def scroll_to(block: QTextBlock, to: float, room: float) -> None:
    """Scroll a code that is wide, as far as it goes."""
    if is_wide(block):
        _set(block, max(0.0, min(to, overflow(block, room))))


def like_its_first(fmt: QTextBlockFormat, block: QTextBlock) -> QTextBlockFormat:
    """``fmt`` for a further line of the code of ``block``, wrapped and scrolled as that is."""
    _place(fmt, scrolled(block) if is_wide(block) else None)
    return fmt


def _set(block: QTextBlock, to: float | None) -> None:
    line, last = neighbours(block, CODE)
    edit = QTextCursor(line)
    edit.beginEditBlock()  # one layout for all of it
    while True:
        fmt = line.blockFormat()
        _place(fmt, to)
        edit.setPosition(line.position())
        edit.setBlockFormat(fmt)
        if line == last:
            break
        line = line.next()
    edit.endEditBlock()


def _place(fmt: QTextBlockFormat, to: float | None) -> None:
    if to is None:
        fmt.clearProperty(SCROLLED)
    else:
        fmt.setProperty(SCROLLED, to)
    fmt.setNonBreakableLines(to is not None)
    fmt.setTextIndent(-(to or 0))  # margins cannot be negative, the place of a paragraph's first line can
