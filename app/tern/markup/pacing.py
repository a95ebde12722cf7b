"""A long call in slices: it gives way after so many steps, and goes on where it stood when it is asked to. Pure.

Reading Markdown counts its steps (:func:`tick`), so that a reply whose reading takes seconds costs each frame a little.
What runs so must not call Qt: a greenlet's stack is moved while others run, and Qt keeps pointers into its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from greenlet import getcurrent, greenlet
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_MARKS, _DEAR = "[<`$\\", 8  # what may be a link, a tag, code or a formula, and the steps of each
_NESTED = ["paragraph", "reference", "blockquote", "list"]  # what looks at each line whether it ends there

T = TypeVar("T")


class TooMuchError(Exception):
    """The call took more steps than it may take in all."""


class Paced(Generic[T]):
    """``call`` in slices. ``most``: steps it may take in all; beyond them :meth:`run` raises TooMuchError."""

    def __init__(self, call: Callable[[], T], most: int) -> None:
        self._greenlet = greenlet(self._begin)
        self._call = call
        self._most = most
        self._given = 0
        self._left = 0
        self._result: list[T] = []

    def _begin(self) -> None:
        self._result.append(self._call())

    @property
    def done(self) -> bool:
        return bool(self._result)

    @property
    def result(self) -> T:
        return self._result[0]

    def run(self, steps: int) -> int:
        """Go on for ``steps`` steps, or until it is done; returns how many are left."""
        global _running
        self._given += steps
        self._left = steps
        outer, _running = _running, self
        try:
            self._greenlet.switch()
        finally:
            _running = outer
        return max(0, self._left)

    def _pause(self) -> None:
        if getcurrent() is not self._greenlet:
            return  # another thread reads too
        if self._given > self._most:
            raise TooMuchError
        parent = self._greenlet.parent
        assert parent is not None
        parent.switch()


_running: Paced[Any] | None = None


def tick(count: int = 1) -> None:
    """A step of work, a few microseconds of it: here a paced call may pause."""
    running = _running
    if running is not None:
        running._left -= count
        if running._left < 0 and count:
            running._pause()


def renew() -> None:
    """The paced call may take as much again: it has given something up."""
    if _running is not None:
        _running._given = 0


def add_to(markdown: MarkdownIt) -> None:
    """Make ``markdown`` count a step for every line and every token that it looks at."""
    skip = markdown.inline.skipToken

    def counted_skip(state: StateInline) -> None:
        tick()
        skip(state)

    setattr(markdown.inline, "skipToken", counted_skip)  # noqa: B010 (looking ahead is looking too)
    markdown.inline.ruler.before("text", "pace", _inline_step)
    markdown.block.ruler.before("table", "pace", _block_step, {"alt": _NESTED})


def _inline_step(state: StateInline, silent: bool) -> bool:
    tick(_DEAR if not silent and state.src[state.pos] in _MARKS else 1)
    return False


def _block_step(_state: StateBlock, _line: int, _last: int, _silent: bool) -> bool:
    tick(3)
    return False
