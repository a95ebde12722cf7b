"""A race of two engines: one open at a time, each token timed, and an end to it at any point."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Chunk, Engine, Message, PrefillProgress, Request, StopFlag
from tern.errors import UserError
from tern.metrics.cpu import OtherLoad
from tern.metrics.race import MOST_RUNS, Race, Step
from tern.progress import ignore_progress

REQUEST = Request((Message("user", "one two three four five six"),))


class _Logged(FakeEngine):
    """Says what becomes of it."""

    def __init__(self, name: str, log: list[str], seconds: float) -> None:
        super().__init__(token_seconds=seconds)
        self._name, self._log = name, log
        log.append(f"{name} opened")

    def generate(
        self,
        request: Request,
        should_stop: StopFlag = lambda: False,
        on_prefill: PrefillProgress = ignore_progress,
    ) -> Iterator[Chunk]:
        self._log.append(f"{self._name} asked")
        return super().generate(request, should_stop, on_prefill)

    def close(self) -> None:
        super().close()
        self._log.append(f"{self._name} closed")


def _opener(name: str, log: list[str], seconds: float) -> Callable[[Callable[[float], None]], Engine]:
    def opened(progress: Callable[[float], None]) -> Engine:
        progress(0.5)
        return _Logged(name, log, seconds)

    return opened


def test_other_programs_that_took_part_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = [0.02, 0.4]
    monkeypatch.setattr(OtherLoad, "share", lambda self: shares.pop(0))
    log: list[str] = []
    race = Race((_opener("a", log, 0.0), _opener("b", log, 0.0)), REQUEST)
    race.run()
    assert race.others == 0.4
    assert race.disturbed


def test_one_is_closed_before_the_other_is_opened_and_each_is_warmed_up() -> None:
    log: list[str] = []
    race = Race((_opener("a", log, 0.002), _opener("b", log, 0.02)), REQUEST)
    race.run()
    assert race.step is Step.DONE
    assert race.runs == MOST_RUNS  # each is over in a moment, so the one in the middle counts
    each = ["opened", *["asked"] * 2 * MOST_RUNS, "closed"]
    assert log == [f"a {what}" for what in each] + [f"b {what}" for what in each]
    for line in race.timelines:
        text, stats = line.now
        assert text == "one two three four five six"
        assert stats.tokens == 6
        assert line.seconds == sorted(line.seconds)
        assert line.at(0.0)[0] == ""
        middle = line.at(line.seconds[2])
        assert middle[1].tokens == 3
        assert middle[0] == "one two three"
    rates = [line.now[1].decode_tokens_per_s for line in race.timelines]
    assert race.ratio == rates[0] / rates[1]


def test_a_cancelled_race_closes_what_it_opened_and_has_no_ratio() -> None:
    log: list[str] = []
    race = Race((_opener("a", log, 0.0), _opener("b", log, 0.0)), REQUEST)
    race.cancel()
    race.run()
    assert race.step is Step.CANCELLED
    assert race.ratio == 0
    assert log == []  # at the first step of the opening

    class Cancels(_Logged):
        def generate(
            self,
            request: Request,
            should_stop: StopFlag = lambda: False,
            on_prefill: PrefillProgress = ignore_progress,
        ) -> Iterator[Chunk]:
            for number, chunk in enumerate(super().generate(request, should_stop, on_prefill)):
                if request is REQUEST and number == 2:
                    again.cancel()
                yield chunk

    again = Race((lambda progress: Cancels("a", log, 0.0), _opener("b", log, 0.0)), REQUEST)
    again.run()
    assert again.step is Step.CANCELLED
    assert again.timelines[0].now[1].tokens == 3
    assert log == ["a opened", "a asked", "a asked", "a closed"]


@pytest.mark.parametrize("bug", [False, True])
def test_what_cannot_be_opened_ends_it_with_a_sentence(bug: bool, caplog: pytest.LogCaptureFixture) -> None:
    def broken(progress: Callable[[float], None]) -> Engine:
        raise RuntimeError("a bug") if bug else UserError("There is no room on the disk.")

    log: list[str] = []
    race = Race((_opener("a", log, 0.0), broken), REQUEST)
    race.run()
    assert race.step is Step.FAILED
    assert str(race.trouble) == ("None" if bug else "There is no room on the disk.")
    assert log[-1] == "a closed"
