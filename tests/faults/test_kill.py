"""kill -9 at a random moment: of the real window, which chats, saves, searches, deletes, imports, migrates and
converts; and of commands of the terminal.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faults.busy_core import SAMPLE
from faults.harness import ROOT, Outcome, Row, check, environment
from faults.promises import Promises, broken, made
from tern import paths

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")]

OLD = sorted((ROOT / "tests" / "data" / "old_databases").glob("v*.db"))
_START_S = 120.0  # that a window may take on a busy computer
_UP_S = 4.0  # of its life, before the killer comes
_DOWN_S = 1.5  # of a start that is not let come to an end


def window(folder: Path, number: int) -> Outcome:
    """Two windows one after the other in one folder, each killed: the second finds what the first has left."""
    chance = random.Random(number)
    outcome = Outcome()
    data = folder / "data"
    data.mkdir()
    if number % 3 == 0:  # its first act is to migrate
        shutil.copy(OLD[number // 3 % len(OLD)], data / "conversations.db")
    for life in range(2):
        early = chance.random() < 0.2
        moment = chance.uniform(0, _DOWN_S if early else _UP_S)
        outcome.count("kills")
        outcome.count("during the start", int(early))
        said = _live_and_die(folder, 2 * number + life, early, moment)
        if said:
            outcome.problems.append(said)
        outcome.problems += [f"after kill {life + 1}: {each}" for each in broken(folder, made(folder))]
    outcome.count("promises", len([line for line in made(folder) if "did" in line]))
    erased = any(line.get("will") in ("delete", "erase") for line in made(folder))
    if number % 3 == 0 and not erased and not _holds(folder, "Where do terns fly?"):
        outcome.problems.append("what an older Tern kept is gone")
    return outcome


def _live_and_die(folder: Path, seed: int, early: bool, moment: float) -> str:
    with subprocess.Popen(
        [sys.executable, "-m", "faults.busy_window", str(folder), str(seed)],
        env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stderr is not None
        if not early and child.stdout.readline() != "up\n":
            return f"no window: {child.stderr.read()[-2000:]}"
        time.sleep(moment)
        ended = child.poll()
        child.kill()
        child.wait()
        said = child.stderr.read()
        if ended is not None:
            return f"it ended by itself with {ended}: {said[-2000:]}"
        return said[-2000:] if "Traceback" in said else ""


def _holds(folder: Path, words: str) -> bool:
    from tern.chat.store import Store

    store = Store.open(folder / "data")
    try:
        return any(words in entry.content for one in store.summaries() for entry in store.entries(one.id))
    finally:
        store.close()


COMMANDS = {
    "import": ["chats", "import", str(SAMPLE)],
    "convert": ["models", "convert", str(paths.guide_model()), "--to", "tq2_0", "--out", "{folder}/out.gguf"],
    "put on the shelf": ["models", "import", str(paths.guide_model()), "--name", "mine"],
    "list": ["chats", "list"],
    "chat": ["chat", "--max-tokens", "40"],
    "search": ["chats", "search", "antarctic"],
}


def terminal(folder: Path, number: int) -> Outcome:
    """A command, killed; then the same once more, to its end."""
    chance = random.Random(number)
    name = list(COMMANDS)[number % len(COMMANDS)]
    command = [part.format(folder=folder) for part in COMMANDS[name]]
    data = folder / "data"
    data.mkdir()
    shutil.copy(chance.choice(OLD), data / "conversations.db")
    outcome = Outcome()
    outcome.count("kills")
    outcome.count(f"of {name}")
    promises = Promises(folder)
    for killed in (True, False):
        with subprocess.Popen(
            [sys.executable, "-m", "tern", *command],
            env=environment(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as child:  # fmt: skip
            assert child.stdin is not None
            if name == "chat":
                child.stdin.write("What are you?\nTell me more\n")
                child.stdin.close()
                child.stdin = None
            if not killed:
                (folder / "out.gguf").unlink(missing_ok=True)  # the killer may have come too late
            if killed:
                time.sleep(chance.uniform(0, 1.5))
                child.kill()
            _, said = child.communicate()
            if not killed and child.returncode != 0:
                outcome.problems.append(f"{name} after a kill: {child.returncode}, {said[-500:]}")
            if child.returncode not in (0, -signal.SIGKILL) or "Traceback" in said:
                outcome.problems.append(f"{name}: {child.returncode}, {said[-500:]}")
    if name == "put on the shelf":
        promises.did("model", name="mine")
    outcome.problems += broken(folder, made(folder))
    if not _holds(folder, "Where do terns fly?"):
        outcome.problems.append("what an older Tern kept is gone")
    if name == "import":
        outcome.problems += _twice(folder)
    return outcome


def _twice(folder: Path) -> list[str]:
    """An import that was killed and made once more leaves nothing of the first."""
    from tern.chat.store import Store

    titles = [one.get("title") for one in json.loads(SAMPLE.read_text(encoding="utf-8"))]
    store = Store.open(folder / "data")
    try:
        shown = [one.title for one in store.summaries()]
    finally:
        store.close()
    return [f"{title!r} is there {shown.count(title)} times" for title in titles if shown.count(title) > 1]


_PASSES = "integrity_check is ok; no committed message, setting or model is lost; the next start says nothing"
WINDOW = Row("kill_window", "kill -9 of the window, twice in one folder", _PASSES, 100, window)
TERMINAL = Row("kill_terminal", "kill -9 of a command in the terminal", _PASSES, 60, terminal)


@pytest.mark.skipif(not paths.guide_model().exists(), reason="the guide has not been made")
def test_the_window_dies_and_nothing_is_lost(tmp_path: Path) -> None:
    counted = check(WINDOW, tmp_path, [1])
    assert counted["kills"] == 2


def test_a_command_dies_and_nothing_is_lost(tmp_path: Path) -> None:
    check(TERMINAL, tmp_path, [0])
