"""The disk fills up while a window saves, while models are imported, prepared and converted; the folder cannot be
written any more, or is gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faults.full_disk_window import fill
from faults.harness import Outcome, Row, check, environment, small_disk, tern
from faults.promises import broken
from tern import paths

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("mount"),
        reason="only an administrator may mount a small disk",
    ),
]

GUIDE = str(paths.guide_model())


def _window(disk: Path, outcome: Outcome) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "faults.full_disk_window", str(disk)],
        env=environment(disk), capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    outcome.count("windows")
    if said.returncode or "Traceback" in said.stderr:
        outcome.problems.append(f"the window: {said.returncode}, {said.stderr[-1500:]}")
        return
    found = json.loads(said.stdout.splitlines()[-1])
    for what in ("during a reply", "sending"):
        if "full" not in found[what] or str(disk) not in found[what]:
            outcome.problems.append(f"{what}, it says: {found[what]!r}")
    if not found["in the composer"]:
        outcome.problems.append("what was written is gone from the composer")
    if found["kept"] != [True, True, True, True]:
        outcome.problems.append(f"kept when there was room again: {found['kept']}")
    if found["setting kept"] != 20:
        outcome.problems.append("the setting was not kept when there was room again")


def _commands(disk: Path, outcome: Outcome) -> None:
    """Each says what and where, with no traceback; leaves no half; and goes when there is room."""
    commands = {
        "prepare": ["ask", "--model", GUIDE, "--max-tokens", "2", "Hi"],
        "import": ["models", "import", GUIDE, "--name", "mine"],
        "convert": ["models", "convert", GUIDE, "--out", str(disk / "out.gguf")],
    }
    tern(disk, "doctor")  # its folders are there
    for name, command in commands.items():
        filler = fill(disk)
        refused = tern(disk, *command)
        filler.unlink()
        outcome.count(name)
        if "Traceback" in refused.stderr or "inside Tern" in refused.stderr:
            outcome.problems.append(f"{name} on a full disk: {refused.stderr[-500:]}")
        if refused.returncode and str(disk) not in refused.stderr:
            outcome.problems.append(f"{name} does not say where: {refused.stderr[-500:]}")
        left = [path.name for path in disk.rglob("*") if path.name.endswith((".part", ".converting"))]
        if left or (disk / "out.gguf").exists():
            outcome.problems.append(f"{name} leaves {left}")
        went = tern(disk, *command)
        if went.returncode:
            outcome.problems.append(f"{name} with room again: {went.stderr[-500:]}")
        (disk / "out.gguf").unlink(missing_ok=True)


def trial(folder: Path, number: int) -> Outcome:
    outcome = Outcome()
    with small_disk(folder / "disk", (8 if number % 2 == 0 else 160) << 20) as disk:
        if disk is None:
            raise RuntimeError("no small disk can be mounted here")
        (_window if number % 2 == 0 else _commands)(disk, outcome)
        outcome.problems += broken(disk, [])
    return outcome


ROW = Row(
    "disk_full",
    "disk full while saving, sending, changing a setting; while importing, preparing, converting",
    "a banner that says what and where; text kept in memory and saved when there is room; no half left",
    20,
    trial,
)


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    counted = check(ROW, tmp_path, [0])
    assert counted["windows"] == 1
