"""Two engines answer one request, one after the other, each token timed where it is made; to be shown side by side
afterwards. One model is open at a time. Knows no window: whoever shows it reads :class:`Race` meanwhile.
"""

from __future__ import annotations

import gc
import logging
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tern.engine.types import Chunk, Engine, FinishReason, Message, Request, SamplingParams, Stats
from tern.errors import Sentence, UserError
from tern.metrics.cpu import OtherLoad
from tern.progress import OnProgress

log = logging.getLogger(__name__)

_WARM_UP = Request((Message("user", "Hello."),), SamplingParams(temperature=0), 8)

MOST_RUNS = 7  # of what takes less than this:
_SHORT_S = 1.0
_MOST_OTHERS = 0.1  # of the processors

Open = Callable[[OnProgress], Engine]


@dataclass(slots=True)
class Timeline:
    """A reply's chunks with the seconds after its request at which they came. Grows on one thread; others may read."""

    seconds: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    stats: list[Stats] = field(default_factory=list)

    def add(self, seconds: float, chunk: Chunk) -> None:
        self.texts.append(chunk.text)
        self.stats.append(chunk.stats)
        self.seconds.append(seconds)  # last: whoever reads meanwhile goes by this list

    def at(self, seconds: float) -> tuple[str, Stats]:
        """The reply as it stood then: its text, and its numbers."""
        count = bisect_right(self.seconds, seconds)
        return "".join(self.texts[:count]), self.stats[count - 1] if count else Stats()

    @property
    def now(self) -> tuple[str, Stats]:
        """All there is."""
        return self.at(float("inf"))

    @property
    def duration(self) -> float:
        """Seconds from the request to the reply's end; 0 for none."""
        return self.seconds[-1] if self.seconds else 0.0


class Step(StrEnum):
    """Where a race stands."""

    WAITING = "waiting"
    OPENING = "opening"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class _CancelledError(Exception):
    """Raised where an opening tells its progress."""


class Race:
    """Of the engines that ``runners`` open, for ``request``. :meth:`run` it on the engine's thread, the others look on
    and may :meth:`cancel`."""

    def __init__(self, runners: Sequence[Open], request: Request) -> None:
        self._runners, self._request = runners, request
        self._stopped = False
        self.timelines = [Timeline() for _ in runners]
        self.step = Step.WAITING
        self.turn = 0  # whose it is
        self.fraction = 0.0  # of its opening
        self.threads = 0
        self.runs = 1  # of each
        self.others = 0.0  # of the processors that other programs took meanwhile, 0 to 1: at either's turn
        self._short = False
        self.trouble: Sentence | None = None  # why it failed

    def cancel(self) -> None:
        """End it at the next token, or at the next step of an opening."""
        self._stopped = True

    @property
    def over(self) -> bool:
        return self.step in (Step.DONE, Step.CANCELLED, Step.FAILED)

    @property
    def disturbed(self) -> bool:
        """Whether other programs had a part in how it ended."""
        return self.others > _MOST_OTHERS

    @property
    def ratio(self) -> float:
        """How many times as fast the first decoded as the second; 0 until both have."""
        rates = [line.now[1].decode_tokens_per_s for line in self.timelines]
        return rates[0] / rates[1] if self.step is Step.DONE and rates[1] > 0 else 0.0

    def run(self) -> None:
        """Run it to its end, whatever that is; raises nothing."""
        try:
            for turn, (opened, timeline) in enumerate(zip(self._runners, self.timelines, strict=True)):
                self.turn, self.fraction, self.step = turn, 0.0, Step.OPENING
                self._one(opened, timeline)
            self.step = Step.DONE
        except _CancelledError:
            self.step = Step.CANCELLED
        except UserError as error:
            self.trouble, self.step = error.sentence, Step.FAILED
        except Exception:
            log.exception("race")
            self.step = Step.FAILED

    def _one(self, opened: Open, timeline: Timeline) -> None:
        engine = opened(self._told)
        try:
            load = OtherLoad()
            self._time(engine, timeline)
            self.others = max(self.others, load.share())
        finally:
            engine.close()
            del engine
            gc.collect()  # its file stays in memory until nothing refers to it: two must not lie there at once

    def _time(self, engine: Engine, timeline: Timeline) -> None:
        """Each chunk by the clock. What is over in a moment, as the guide is, runs several times: the one in the middle
        counts, because a moment of anything else would decide it."""
        self._told(1.0)
        self.threads = engine.info.threads
        found = [self._run_once(engine, timeline)]
        while self._short and len(found) < MOST_RUNS:
            found.append(self._run_once(engine, Timeline()))
        found.sort(key=lambda line: line.now[1].decode_tokens_per_s)
        middle = found[len(found) // 2]
        timeline.texts, timeline.stats, timeline.seconds = middle.texts, middle.stats, middle.seconds
        self.runs = len(found)

    def _run_once(self, engine: Engine, timeline: Timeline) -> Timeline:
        """A short reply that does not count comes first: it warms caches, builds graphs, and takes the place of the
        question that was read last."""
        for _ in engine.generate(_WARM_UP, lambda: self._stopped):
            pass
        self.step = Step.RUNNING
        started = time.perf_counter()
        for chunk in engine.generate(self._request, lambda: self._stopped):
            timeline.add(time.perf_counter() - started, chunk)
        if self._stopped or timeline.now[1].finish_reason is FinishReason.STOPPED:
            raise _CancelledError
        if self.turn == 0:
            self._short = timeline.duration < _SHORT_S
        return timeline

    def _told(self, fraction: float) -> None:
        if self._stopped:
            raise _CancelledError
        self.fraction = fraction
