"""One reply on the stage: asked for through the queue like any other, in a private chat that nobody keeps, or a reply
that was asked for in Tern's window. Knows what of it is shown at each moment; draws nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QCoreApplication

from tern.chat.session import Session
from tern.engine.types import Stats
from tern.metrics.reading import words_per_minute, words_read
from tern.ui.stage.growing_text import GrowingText
from tern.ui.stage.scene import Lane

_FIGURES_S = 0.5  # between two changes of the figures


@dataclass(slots=True)
class Reply:
    """What the engine has said of a reply so far."""

    text: str = ""
    stats: Stats = field(default_factory=Stats)
    ended: bool = False
    trouble: str = ""
    status: str = ""  # while there is no text


class Showing:
    """How ``reply`` is shown, moment by moment. ``pace``: words a minute of the reader; ``shown_per_s``: words a second
    that are shown at most, None for all there are."""

    def __init__(
        self,
        pace: float,
        shown_per_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.reply = Reply()
        self.pace, self.shown_per_s = pace, shown_per_s
        self._clock = clock
        self._began: float | None = None  # when the first word came
        self._text = GrowingText()
        self._figures = Stats(), 0.0, 0.0  # what is said of the speed, and when that was taken

    def lane(self) -> Lane:
        """The lane of this moment."""
        reply = self.reply
        self._text.follow(reply.text)
        plain, found = self._text.plain, self._text.words
        if not found:
            return Lane(status=reply.trouble or reply.status, stats=reply.stats, writing=not reply.ended)
        now = self._clock()
        if self._began is None:
            self._began = now
        seconds = now - self._began
        shown, count = plain, len(found)
        if self.shown_per_s is not None:
            count = min(count, 1 + int(self.shown_per_s * seconds))
            if count < len(found):
                shown = _up_to(plain, found[count - 1].end)
        read = words_read(self.pace, seconds, count)
        all_read = read >= len(found)
        at = found[read - 1].end if read else 0
        if reply.ended or now - self._figures[2] >= _FIGURES_S:
            self._figures = reply.stats, words_per_minute(len(found), reply.stats), now
        return Lane(
            shown,
            count,
            self._figures[0],
            at,
            writing=not (reply.ended and count == len(found)),
            status="" if not all_read else reply.trouble,
            words_per_min=self._figures[1],
        )

    @property
    def written_s(self) -> float:
        """Seconds from the question to the reply's last token."""
        stats = self.reply.stats
        decoding = (stats.tokens - 1) / stats.decode_tokens_per_s if stats.decode_tokens_per_s > 0 else 0.0
        return stats.time_to_first_token_s + decoding

    @property
    def reading_s(self) -> float:
        """Seconds that the reader takes for all of it."""
        return 60 * len(self._text.words) / self.pace

    @property
    def all_shown(self) -> bool:
        """Whether the reply has ended and all of it is shown."""
        return self.reply.ended and not self.lane().writing

    @property
    def all_read(self) -> bool:
        """Whether the reader is through as well."""
        count = len(self._text.words)
        if not self.all_shown or self._began is None:
            return self.reply.ended and not count
        return words_read(self.pace, self._clock() - self._began, count) >= count


def begun(session: Session) -> Reply:
    """A reply that was under way before the stage looked at it."""
    return Reply(session.reply, session.path[-1].stats if session.path else Stats())


def question_of(session: Session) -> str:
    """What was asked for the reply in progress."""
    asked = [entry.text for entry in session.path if entry.role == "user"]
    return asked[-1] if asked else ""


def reading_status(done: int, total: int) -> str:
    """While the prompt is read."""
    return _tr("Reading the question… {0} of {1} tokens").format(done, total)


def _up_to(text: str, units: int) -> str:
    """``text`` up to a place given in UTF-16 units."""
    if text.isascii():
        return text[:units]
    return text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "surrogatepass")


def _tr(text: str) -> str:
    return QCoreApplication.translate("stage", text)
