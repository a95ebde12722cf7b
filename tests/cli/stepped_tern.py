"""``tern`` with an engine that goes on only when told: each step, in reading and in writing, waits for a line on a
named pipe. A reading is as slow as a test wants it, on however fast a computer.

Run as a program: ``stepped_tern.py PIPE CHUNKS ARGUMENTS...``; CHUNKS is JSON, for each reply its pieces.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from tern import open_engine
from tern.__main__ import main
from tern.cli import terminal
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Chunk, FinishReason, PrefillProgress, Request, Stats, StopFlag
from tern.errors import UserError

READING_STEPS = 4
FAILS = "(fails)"  # a piece that is an error


class SteppedEngine(FakeEngine):
    def __init__(self, pipe: str, replies: list[list[str]]) -> None:
        super().__init__()
        self._gate = open(pipe)  # noqa: PTH123, SIM115  # for as long as the process lives
        self._pieces = replies

    def generate(
        self,
        request: Request,
        should_stop: StopFlag = lambda: False,
        on_prefill: PrefillProgress = lambda done, total: None,
    ) -> Iterator[Chunk]:
        stats = Stats(prompt_tokens=READING_STEPS, context_size=100)
        stopped = Chunk("", stats.finished(FinishReason.STOPPED))
        for done in range(1, READING_STEPS + 1):
            on_prefill(done, READING_STEPS)
            self._gate.readline()
            if should_stop():
                yield stopped
                return
        for piece in self._pieces.pop(0):
            if piece == FAILS:
                raise UserError("The engine gave up.")
            yield Chunk(piece, stats)
            self._gate.readline()
            if should_stop():
                yield stopped
                return
        yield Chunk("", stats.finished(FinishReason.END_OF_TURN))


if __name__ == "__main__":
    engine = SteppedEngine(sys.argv[1], json.loads(sys.argv[2]))
    open_engine.open_any_engine = lambda *_: engine  # type: ignore[assignment]
    terminal._PATIENCE_S = terminal._REDRAW_S = 0.0
    sys.argv[1:] = sys.argv[3:]
    sys.exit(main())
