"""What is open in a window and can be closed again, in the order in which it is closed: one thing at a time, what lies
on top first. Knows none of the things.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, auto

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid


class Layer(IntEnum):
    """Where a thing lies, from the bottom up. Popups are above all of them, and close themselves."""

    PAGE = auto()  # in the place of the conversation
    PANEL = auto()  # beside the conversation, or over it
    BAR = auto()  # at its edge, as what finds in it
    SIDEBAR = auto()  # only where it lies over the rest
    SHEET = auto()  # over the whole window


@dataclass(frozen=True, slots=True)
class _Open:
    thing: QWidget
    layer: Layer
    close: Callable[[], object]
    before: QWidget | None  # had the keyboard when it was opened


class Closables(QObject):
    """Of one window. Whoever opens something calls :meth:`opened` before the keyboard goes there, and :meth:`closed`
    before it is hidden: Qt would give the keyboard to the next best.
    """

    changed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._open: list[_Open] = []  # the topmost last
        self.home: Callable[[], object] = lambda: None  # takes the keyboard when what had it before is gone

    @staticmethod
    def of(widget: QWidget) -> Closables:
        """Those of the window that ``widget`` is in."""
        window = widget.window()
        found = window.findChild(Closables, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return found if found is not None else Closables(window)

    def opened(self, thing: QWidget, layer: Layer, close: Callable[[], object]) -> None:
        """``thing`` is open; ``close`` closes it."""
        if thing in self:
            return
        self._open.append(_Open(thing, layer, close, self._window.focusWidget()))
        self._open.sort(key=lambda one: one.layer)  # which keeps the newest of a layer last
        self.changed.emit()

    def closed(self, thing: QWidget, give_back: bool | None = None) -> None:
        """``thing`` is about to be hidden. The keyboard goes back to where it was, with ``give_back`` None unless it is
        elsewhere by now."""
        for one in self._open:
            if one.thing is thing:
                break
        else:
            return
        self._open.remove(one)
        if give_back is None:
            focus = self._window.focusWidget()
            give_back = focus is None or focus is thing or thing.isAncestorOf(focus)
        if give_back:
            before = one.before
            inside = before is not None and isValid(before) and thing.isAncestorOf(before)
            if before is None or inside or not _can_have_the_keyboard(before):
                self.home()
            else:
                before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit()

    def close_top(self) -> bool:
        """Close what lies on top; whether anything was open."""
        self._forget_what_is_gone()
        if not self._open:
            return False
        self._open[-1].close()
        return True

    def close_from(self, layer: Layer) -> None:
        """Close everything on ``layer`` and above it."""
        self._forget_what_is_gone()
        for one in reversed(list(self._open)):
            if one.layer >= layer and one in self._open:
                one.close()

    def __contains__(self, thing: object) -> bool:
        return any(one.thing is thing for one in self._open)

    def has(self, layer: Layer) -> bool:
        """Whether anything on ``layer`` is open."""
        self._forget_what_is_gone()
        return any(one.layer is layer for one in self._open)

    def _forget_what_is_gone(self) -> None:
        self._open = [one for one in self._open if isValid(one.thing)]


def _can_have_the_keyboard(widget: QWidget) -> bool:
    return isValid(widget) and widget.isVisible() and widget.isEnabled()
