"""Labels and small buttons of the pages, made alike."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Theme

_LONG_WORD = re.compile(r"[^\s-]{20,}")
_PIECE = re.compile(r"[^_./]{1,16}[_./]*|[_./]+")  # of a long word: what stays together


def text(theme: Theme, words: str, size: Size, parent: QWidget, quiet: bool = False) -> QLabel:
    """A label that breaks its lines and follows the look."""
    label = QLabel(breakable(words), parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setFont(theme.font(size, tabular=True))
    if quiet:
        label.setProperty("kind", "quiet")
    return label


def breakable(words: str) -> str:
    """``words`` whose long ones, as the names of files, may be broken by a label."""
    return _LONG_WORD.sub(_breakable, words)


def _breakable(word: re.Match[str]) -> str:
    """A file's name without a hyphen would make the page as wide as it is."""
    return _PIECE.sub("\\g<0>\u200b", word[0])


def button(
    parent: QWidget, name: str, words: str, about: str, act: Callable[[], object] | None = None
) -> QPushButton:
    """A small button whose accessible name says what it is about."""
    made = QPushButton(words, parent)
    made.setObjectName(name)
    made.setProperty("kind", "floating")
    made.setAutoDefault(False)
    made.setAccessibleName(f"{words}: {about}" if about else words)
    made.setAccessibleDescription(made.accessibleName())
    if act is not None:
        made.clicked.connect(lambda: act())
    return made


def trouble_icon(theme: Theme, name: str, parent: QWidget) -> QLabel:
    """A small warning sign, ``name`` to a screen reader; the words beside it say what it means."""
    label = QLabel(parent)
    label.setObjectName("troubleIcon")
    label.setAccessibleName(name)
    show_trouble_icon(label, theme)
    return label


def show_trouble_icon(label: QLabel, theme: Theme) -> None:
    """Draw it in the colours of now."""
    label.setPixmap(
        action_icon("warning-circle", theme, "mark").pixmap(theme.icon_size, label.devicePixelRatioF())
    )
