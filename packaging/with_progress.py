"""Runs an installation step and says how far it is: ``with_progress.py LABEL -- COMMAND...``

Counts ninja's ``[12/83]`` and names what pip downloads, on one line of a terminal or, elsewhere, a line now and then.
All that the command says goes to build/setup.log; its end is shown when the step fails. Standard library only:
it runs before anything is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

LOG = Path("build") / "setup.log"
TAIL = 40  # lines shown of a step that failed
EVERY_S = 10  # between lines where there is no terminal
_COUNT = re.compile(r"^\s*\[(\d+)/(\d+)\] ")
_PIP = re.compile(r"^\s*(?:Downloading|Using cached|Building wheel for|Installing collected packages)\b.*")


def said_of(line: str) -> str | None:
    """What a line of the command says of its progress; None when nothing."""
    if (count := _COUNT.match(line)) is not None:
        done, all_ = int(count[1]), int(count[2])
        return f"{done} of {all_} parts built ({done * 100 // max(all_, 1)}%)"
    if (pip := _PIP.match(line)) is not None:
        return pip[0].strip().partition(", ")[0]
    return None


class Line:
    """The line that is redrawn on a terminal, or printed now and then elsewhere."""

    def __init__(self, label: str) -> None:
        self._label, self._began, self._printed = label, time.monotonic(), 0.0
        self._terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, said: str, last: bool = False) -> None:
        now = time.monotonic()
        minutes, seconds = divmod(int(now - self._began), 60)
        text = f"{self._label}: {said} · {minutes}:{seconds:02}"
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{text[:width]}", end="\n" if last else "", flush=True)
        elif last or now - self._printed >= EVERY_S:
            self._printed = now
            print(text, flush=True)


def run(label: str, command: list[str]) -> int:
    """Run ``command`` and return its exit status."""
    LOG.parent.mkdir(exist_ok=True)
    line, tail = Line(label), [""]
    line.show("begins")
    with (
        LOG.open("a", encoding="utf-8") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
    ):
        assert process.stdout is not None
        log.write(f"\n$ {' '.join(command)}\n")
        for told in process.stdout:
            log.write(told)
            tail = [*tail[1 - TAIL :], told]
            if (said := said_of(told)) is not None:
                line.show(said)
    if process.returncode:
        line.show(f"failed; all of it is in {LOG}", last=True)
        print("".join(tail), end="")
    else:
        line.show("done", last=True)
    return process.returncode


def main(arguments: list[str]) -> int:
    label, dashes, *command = arguments
    assert dashes == "--"
    try:
        return run(label, command)
    except KeyboardInterrupt:
        print()
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
