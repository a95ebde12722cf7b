"""What a terminal can do: a progress line, a stop by Ctrl-C, the numbers of a reply in a line."""

from __future__ import annotations

import signal
import time
from types import FrameType, TracebackType
from typing import Any, ClassVar

from tern.chat.attachments import PLAIN
from tern.cli.streams import note, screen
from tern.engine.types import FinishReason, Stats
from tern.metrics.speed import format_count, format_seconds, format_speed

INTERRUPTED = 130  # the exit code of what Ctrl-C has ended (__main__ has its own: it imports nothing)
_REDRAW_S = 0.1
_PATIENCE_S = 0.4  # what is quicker than this needs no progress line


class ProgressLine:
    """A line that says how far something is; only for people, and only when it takes a while.

    It goes when the ``with`` ends, or when anything else is written (see ``streams.Screen``).
    """

    as_lines: ClassVar[bool] = False  # a line for each step on standard error, for a program that reads them

    def __init__(self, label: str) -> None:
        self._label = label
        self._screen = screen()
        self._next = time.monotonic() + _PATIENCE_S

    def __call__(self, fraction: float) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _REDRAW_S
            if self.as_lines:
                note(f"{self._label}\t{fraction:.3f}")
                return
            self._screen.draw(f"{self._label} {fraction:.0%}")

    def __enter__(self) -> ProgressLine:
        if self.as_lines:
            note(f"{self._label}\t0")
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.clear()


class StopOnInterrupt:
    """While it is entered, Ctrl-C asks for a stop (it is a ``should_stop``); a second one interrupts as usual."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __call__(self) -> bool:
        return self.asked

    def __enter__(self) -> StopOnInterrupt:
        self.asked = False
        self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


_ENDINGS = {
    FinishReason.MAX_TOKENS: "stopped at the token limit",
    FinishReason.CONTEXT_FULL: "stopped because the context is full",
    FinishReason.STOPPED: "stopped",
}


def stats_line(stats: Stats) -> str:
    """One reply's numbers: ``42.1 tokens/s · first word after 0.3 s · 186 tokens · context 612 of 4,096``."""
    parts = []
    if stats.decode_tokens_per_s:
        parts.append(format_speed(stats.decode_tokens_per_s))
    if stats.tokens:
        parts.append(f"first word after {format_seconds(stats.time_to_first_token_s)}")
    parts.append("1 token" if stats.tokens == 1 else f"{format_count(stats.tokens)} tokens")
    parts.append(f"context {format_count(stats.context_used)} of {format_count(stats.context_size)}")
    if stats.finish_reason in _ENDINGS:
        parts.append(_ENDINGS[stats.finish_reason])
    return " · ".join(parts)


def say_reading(name: str, encoding: str, faults: int, asked: str | None) -> None:
    """How a file was read, on standard error, where that is worth a word."""
    said = []
    if encoding not in ("", PLAIN) and asked is None:
        said.append(f"read as {encoding} (--encoding NAME for another)")
    if faults:
        count = "1 character" if faults == 1 else f"{format_count(faults)} characters"
        said.append(f"{count} could not be read as {encoding}")
    if said:
        note(f"tern: {name}: {'; '.join(said)}")
