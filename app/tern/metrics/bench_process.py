"""``tern bench`` in a process of its own: the window's benchmark is the terminal's, and ends when it is cancelled."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tern import paths
from tern.errors import UserError
from tern.metrics.fresh_process import tern_command

_PATIENCE_S = 3.0


def arguments(model: Path, quick: bool, compare: bool) -> list[str]:
    """Of the command that is run."""
    found = ["bench", "--json", "--progress-lines", "--model", str(model)]
    found += ["--quick"] if quick else []
    found += ["--compare"] if compare else []
    folder = paths.override()
    return found if folder is None else [*found, "--data-dir", str(folder)]


def run(command: list[str], tell: Callable[[str, float], None]) -> dict[str, Any]:
    """The report. ``tell(step, fraction)`` hears each step, and ends the process by raising. Raises UserError."""
    answer: list[str] = []
    said: deque[str] = deque(maxlen=5)
    with subprocess.Popen(
        [*tern_command(), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        out, messages = process.stdout, process.stderr
        assert out is not None
        assert messages is not None
        reader = threading.Thread(target=lambda: answer.append(out.read()), daemon=True)
        reader.start()
        try:
            for line in messages:
                step, tab, fraction = line.rstrip("\n").partition("\t")
                if tab:
                    tell(step, float(fraction))
                else:
                    said.append(line.strip())
            code = process.wait()
        except BaseException:
            _end(process)
            raise
        finally:
            reader.join()
    if code != 0 or not answer:
        raise UserError(
            "The process that Tern started to measure failed: {reason}",
            reason=" ".join(said) or "no word why",
        )
    found: dict[str, Any] = json.loads(answer[0])
    return found


def _end(process: subprocess.Popen[str]) -> None:
    """Interrupt it, so that it ends the processes that it has started; where there is no such thing, kill it."""
    if os.name == "posix":
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)
    process.kill()
