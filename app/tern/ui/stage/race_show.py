"""A race as it is seen: each engine live while it is timed, then both beside each other in the true pace of each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QCoreApplication

from tern.engine.types import Stats
from tern.metrics.race import Race, Step
from tern.ui.shared import translate_errors
from tern.ui.stage.growing_text import GrowingText
from tern.ui.stage.scene import Facts, Lane, Scene
from tern.ui.style.number_text import localized, percent_text, seconds_text

_WATCHABLE_S = 6.0  # what is over sooner is shown more slowly


class RaceShow:
    """Of ``race`` for ``prompt``. Ask for its :meth:`scene` as often as there are frames."""

    def __init__(self, race: Race, prompt: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.race, self._prompt, self._clock = race, prompt, clock
        self._texts = (GrowingText(), GrowingText())
        self._began: float | None = None  # of showing both beside each other

    @property
    def finished(self) -> bool:
        """Whether all has been shown, or there is nothing to show."""
        if self.race.step is not Step.DONE:
            return self.race.over
        return self._began is not None and self._clock() - self._began >= self._slower * self._longest

    def again(self) -> None:
        """Show both once more from the start."""
        self._began = None

    def scene(self, facts: Facts) -> Scene:
        race = self.race
        scene = Scene(self._prompt, facts=facts)
        if race.step is Step.DONE:
            if self._began is None:
                self._began = self._clock()
            seconds = (self._clock() - self._began) / self._slower
            lanes = [self._lane(turn, *line.at(seconds)) for turn, line in enumerate(race.timelines)]
            lanes = [
                replace(lane, writing=seconds < line.duration)
                for lane, line in zip(lanes, race.timelines, strict=True)
            ]
            over = seconds >= self._longest
            return replace(
                scene,
                lanes=tuple(lanes),
                note=self._note(),
                verdict=self._verdict() if over else "",
                verdict_about=self._about() if over else "",
                status=_tr("Both in their true pace, beside each other"),
            )
        lanes = [self._lane(turn, *line.now) for turn, line in enumerate(race.timelines)]
        lanes[race.turn] = replace(lanes[race.turn], writing=race.step is Step.RUNNING)
        status, progress = self._status()
        return replace(scene, lanes=tuple(lanes), status=status, progress=progress)

    def _lane(self, turn: int, text: str, stats: Stats) -> Lane:
        title = _tr("Tern's kernels") if turn == 0 else _tr("llama.cpp's TQ2_0 kernels")
        about = (
            _tr("the model's own file, exactly") if turn == 0 else _tr("a copy, its head in Q6_K; not exact")
        )
        self._texts[turn].follow(text)
        return Lane(self._texts[turn].plain, 0, stats, title=title, about=about)

    def _status(self) -> tuple[str, float | None]:
        race = self.race
        if race.step is Step.OPENING and race.turn == 1:
            words = _tr("One at a time: now llama.cpp's kernels. Their copy is made once. Esc cancels. {0}")
            return words.format(percent_text(race.fraction)), race.fraction
        if race.step is Step.RUNNING:
            words = (
                _tr("Timed now: Tern's kernels") if race.turn == 0 else _tr("Timed now: llama.cpp's kernels")
            )
            return words, None
        return _tr("Opening the model for the race… Esc cancels."), race.fraction

    @property
    def _longest(self) -> float:
        return max(line.duration for line in self.race.timelines)

    @property
    def _slower(self) -> int:
        """How many times as slowly as it was both are shown."""
        longest = self._longest
        return 1 if longest <= 0 or longest >= _WATCHABLE_S / 2 else round(_WATCHABLE_S / longest)

    def _note(self) -> str:
        slower, others = self._slower, self.race.others
        said = []
        if slower > 1:
            said.append(_tr("Both are shown {0} times as slowly as they were.").format(slower))
        if self.race.disturbed:
            words = _tr("Other programs took {0} of the processors.")
            said.append(words.format(percent_text(others)))
        return " ".join(said)

    def _verdict(self) -> str:
        return _tr("{0} times as fast").format(ratio_text(self.race.ratio))

    def _about(self) -> str:
        firsts = [seconds_text(line.now[1].time_to_first_token_s) for line in self.race.timelines]
        words = _tr("First word after {0} and {1}. In turn, threads for each: {2}.")
        said = words.format(*firsts, self.race.threads)
        if self.race.runs > 1:
            said += " " + _tr("The median of {0} runs.").format(self.race.runs)
        return said


def trouble(race: Race) -> str:
    """Why there was no race; empty where there was one, or it was cancelled."""
    if race.step is not Step.FAILED:
        return ""
    if race.trouble is None:
        return _tr("The race could not be run; the details are in the log.")
    return translate_errors.said(race.trouble)


def ratio_text(ratio: float) -> str:
    """``2.4``: one decimal under ten."""
    return localized(f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}")


def _tr(text: str) -> str:
    return QCoreApplication.translate("stage", text)
