"""The power fails: what was written since the last sync is lost or torn. All of writes_log.c, power_loss.py."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faults.harness import KEPT, Outcome, Row, built, check, environment
from faults.power_loss import SYNC, after_the_loss, read
from faults.promises import broken, made
from tern.settings import FONT_SIZE, Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="LD_PRELOAD"),
]

CUTS = 20  # of one recording
STEPS = 60


def recording(seed: int, folder: Path, steps: int = STEPS) -> Path:
    """The record of a Tern that was busy in ``folder / "root"``; that of an earlier trial where there is one."""
    log, root = folder / "writes.log", folder / "root"
    if log.exists():
        return log
    root.mkdir(parents=True)
    part = log.with_suffix(".part")
    part.unlink(missing_ok=True)
    subprocess.run(
        [sys.executable, "-m", "faults.busy_core", str(root), str(seed), str(steps)],
        env=environment(
            root, LD_PRELOAD=str(built("writes_log.c")), TERN_WRITES_ROOT=str(root), TERN_WRITES_LOG=str(part)
        ),
        check=True,
    )  # fmt: skip
    part.replace(log)
    return log


def trial(folder: Path, number: int) -> Outcome:
    seed = number // CUTS
    place = KEPT / "recordings" / str(seed)
    if number % CUTS == 0 and place.exists():
        shutil.rmtree(place)  # a new run: of the Tern that there is now
    return cut_once(folder, number, recording(seed, place), (place / "root").resolve())


def cut_once(folder: Path, number: int, log: Path, root: Path) -> Outcome:
    """The power fails once, somewhere in the recording; half of the times right before or after a sync."""
    chance = random.Random(number)
    events = read(log)
    syncs = [at for at, event in enumerate(events) if event.op == SYNC]
    cut = chance.randrange(1, len(events) + 1)
    if chance.random() < 0.5:
        cut = min(len(events), chance.choice(syncs) + chance.choice([0, 1, 2, 3]))
    after_the_loss(events, cut, root, folder, chance)
    lines = made(folder)
    outcome = Outcome([f"cut after {cut} of {len(events)}: {each}" for each in broken(folder, lines)])
    outcome.count("cuts")
    outcome.count("promises", len([line for line in lines if "did" in line]))
    return outcome


ROW = Row(
    "power_loss",
    "power loss: what was written since the last fsync is lost, or torn at a sector",
    "integrity_check is ok; no committed message, setting or model is lost",
    400,
    trial,
)


def test_what_was_synced_is_enough(tmp_path: Path) -> None:
    log = recording(7, tmp_path / "recorded", steps=40)
    root = (tmp_path / "recorded" / "root").resolve()
    row = Row(ROW.name, ROW.fault, ROW.passes, 0, lambda folder, number: cut_once(folder, number, log, root))
    counted = check(row, tmp_path, range(25))
    assert counted["promises"] > 100, "it did write"


def test_the_layer_would_notice(tmp_path: Path) -> None:
    """What is written and not synced is lost here."""
    root = tmp_path / "root"
    root.mkdir()
    code = "import os, sys; f = open(sys.argv[1], 'wb'); f.write(b'kept'); f.flush(); os.fsync(f.fileno()); "
    code += "f.write(b'lost'); f.close(); open(sys.argv[1] + '.2', 'w').write('never')"
    log = tmp_path / "log"
    subprocess.run(
        [sys.executable, "-c", code, str(root / "file")],
        env=environment(
            root, LD_PRELOAD=str(built("writes_log.c")), TERN_WRITES_ROOT=str(root), TERN_WRITES_LOG=str(log)
        ),
        check=True,
    )  # fmt: skip
    events, left = read(log), set()
    for number in range(60):
        into = tmp_path / str(number)
        into.mkdir()
        after_the_loss(events, len(events), root.resolve(), into, random.Random(number))
        left.add((into / "file").read_bytes() if (into / "file").exists() else None)
        left.add((into / "file.2").exists())
    assert left == {b"kept", b"keptlost", True, False}


def test_a_saved_setting_has_its_name_for_good(tmp_path: Path) -> None:
    """The power fails the moment that it is saved; without a sync of the folder the old file would be back."""
    root, log = tmp_path / "root", tmp_path / "log"
    root.mkdir()
    code = "from tern.settings import FONT_SIZE, Settings\nfor size in (18, 20):\n"
    code += "    settings = Settings.load()\n    settings[FONT_SIZE] = size\n    settings.save()\n"
    subprocess.run(
        [sys.executable, "-c", code],
        env=environment(
            root, LD_PRELOAD=str(built("writes_log.c")), TERN_WRITES_ROOT=str(root), TERN_WRITES_LOG=str(log)
        ),
        check=True,
    )  # fmt: skip
    events = read(log)
    for number in range(20):
        into = tmp_path / str(number)
        into.mkdir()
        after_the_loss(events, len(events), root.resolve(), into, random.Random(number))
        assert Settings.load(into / "config")[FONT_SIZE] == 20
