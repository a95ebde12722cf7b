"""Two launches at once, of the real window; a lock that was left behind by a Tern that was killed; a disk
without locks.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from faults.harness import Outcome, Row, check, environment
from patience import HANG_S
from tern import data_lock
from tern.data_lock import DataLock, Hold

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")]

_LOOK_S = 0.05


def trial(folder: Path, number: int) -> Outcome:
    """Two processes are started in the same moment: one is a window, the other raises it and ends. In every third trial
    a third one has been killed in the folder before."""
    outcome = Outcome()
    if number % 3 == 0:
        killed = _launch(folder, 0)
        assert killed.stdout is not None
        killed.stdout.readline()
        killed.kill()
        killed.communicate()
        outcome.count("locks left behind")
    pair = [_launch(folder, 2 * number + one) for one in (1, 2)]
    outcome.count("pairs")
    try:
        ended = _first_end(pair)
        if ended is None:
            outcome.problems.append("two windows: neither has ended")
            return outcome
        out, said = ended.communicate()
        if ended.returncode != 0 or "up" in out:
            outcome.problems.append(f"the second ended with {ended.returncode}: {out!r} {said[-800:]}")
        (other,) = [one for one in pair if one is not ended]
        time.sleep(0.1)
        if other.poll() is not None:
            outcome.problems.append(f"no window is left: {other.communicate()[1][-800:]}")
    finally:
        for one in pair:
            one.kill()
            if one.stdout is not None and not one.stdout.closed:
                one.communicate()
    return outcome


def _launch(folder: Path, seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "faults.busy_window", str(folder), str(seed)],
        env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _first_end(pair: list[subprocess.Popen[str]]) -> subprocess.Popen[str] | None:
    for _ in range(int(HANG_S / _LOOK_S)):
        for one in pair:
            if one.poll() is not None:
                return one
        time.sleep(_LOOK_S)
    return None


ROW = Row(
    "two_launches",
    "two launches at once; a stale lock after kill -9",
    "one window; the other launch raises it and ends with 0; the lock is cleared",
    100,
    trial,
)


def test_of_two_launches_one_is_a_window(tmp_path: Path) -> None:
    check(ROW, tmp_path, [0])


def test_a_disk_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some network file systems answer."""

    def refuse(*given: object, **named: object) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(data_lock.filelock.FileLock, "acquire", refuse)
    lock = DataLock(tmp_path)
    assert lock.take() is Hold.UNKNOWN
    assert "cannot be locked" in lock.problem
    assert "second window" in lock.problem
