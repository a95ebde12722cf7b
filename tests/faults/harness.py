"""A row of the table of faults: what is done to Tern so many times, and what came of it. Kept as it comes, so that a
run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "faults"


@dataclass
class Outcome:
    """What one trial found. ``problems`` empty: Tern survived it. ``counts`` are added up over the trials; of
    ``seconds`` the longest is reported."""

    problems: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """How long the block takes, for the report: no trial fails by it."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[what] = max(self.seconds.get(what, 0.0), time.monotonic() - started)


Trial = Callable[[Path, int], Outcome]


@dataclass(frozen=True)
class Row:
    """``trial`` gets an empty folder and a number, from which all of its chance follows."""

    name: str
    fault: str
    passes: str
    times: int
    trial: Trial


@dataclass
class Kept:
    """One trial as it is kept."""

    number: int
    outcome: Outcome
    took_s: float
    when: str
    revision: str


def attempt(row: Row, number: int, folder: Path) -> Outcome:
    """One trial; what it raises is a problem like any other."""
    try:
        return row.trial(folder, number)
    except Exception:
        return Outcome([traceback.format_exc().strip()])


def check(row: Row, folder: Path, numbers: Iterable[int]) -> dict[str, int]:
    """For the suite: these trials pass; returns what they counted."""
    counts: dict[str, int] = {}
    for number in numbers:
        place = folder / f"{row.name}-{number}"
        place.mkdir()
        outcome = row.trial(place, number)
        assert outcome.problems == [], f"{row.name}, trial {number}: {outcome.problems}"
        for what, count in outcome.counts.items():
            counts[what] = counts.get(what, 0) + count
    return counts


def kept(name: str) -> list[Kept]:
    """The trials of a row that were made, in their order."""
    path = KEPT / f"{name}.jsonl"
    found: dict[int, Kept] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                values = json.loads(line)
            except ValueError:
                continue  # the run was broken off while it wrote
            found[values["number"]] = Kept(**{**values, "outcome": Outcome(**values["outcome"])})
    return [found[number] for number in sorted(found)]


def carry_out(row: Row, times: int, again: bool = False, only_bad: bool = False) -> None:
    """Make the trials that are missing; ``only_bad``: once more those that had problems."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{row.name}.jsonl"
    if again:
        path.unlink(missing_ok=True)
    before = kept(row.name)
    done = {each.number for each in before if not (only_bad and each.outcome.problems)}
    missing = [number for number in range(times) if number not in done]
    with path.open("a", encoding="utf-8") as log:
        for at, number in enumerate(missing, 1):
            folder = Path(tempfile.mkdtemp(prefix=f"tern-{row.name}-"))
            started = time.monotonic()
            outcome = attempt(row, number, folder)
            took = time.monotonic() - started
            when = time.strftime("%Y-%m-%d %H:%M")
            log.write(json.dumps(asdict(Kept(number, outcome, round(took, 2), when, revision()))) + "\n")
            log.flush()
            for problem in outcome.problems:
                print(f"{row.name} {number}: {problem}  ({folder})", flush=True)
            if not outcome.problems:
                shutil.rmtree(folder, ignore_errors=True)
            print(f"\r{row.name}: {at} of {len(missing)}", end="", flush=True, file=sys.stderr)
    if missing:
        print(file=sys.stderr)


def revision() -> str:
    """The commit that is tried, with a + where the sources differ from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"


def environment(folder: Path, **extra: str) -> dict[str, str]:
    """For a Tern of its own that keeps everything below ``folder`` and shows no window."""
    return {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TERN_", "HF_", "PYTEST_"))
        },
        "TERN_DATA_DIR": str(folder),
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "QT_QPA_PLATFORM": "offscreen",
        "QT_LOGGING_RULES": "qt.qpa.*=false",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT / "app")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        **extra,
    }


def tern(
    folder: Path, *arguments: str, timeout: float = 600, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command of Tern to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tern", *arguments],
        env=environment(folder, **options.pop("env", {})),
        capture_output=True, text=True, timeout=timeout, check=False, **options,
    )  # fmt: skip


def built(source: str, folder: Path = KEPT) -> Path:
    """A library made of a C file beside this one; built when it is older."""
    path = Path(__file__).with_name(source)
    library = folder / path.with_suffix(".so").name
    if not library.exists() or library.stat().st_mtime < path.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        part = library.with_suffix(f".{os.getpid()}")
        subprocess.run(
            [
                os.environ.get("CC", "cc"),
                "-O1",
                "-shared",
                "-fPIC",
                "-o",
                str(part),
                str(path),
                "-ldl",
                "-lpthread",
            ],
            check=True,
        )
        part.replace(library)
    return library


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path | None]:
    """A disk of ``size`` bytes at ``folder``; None where only an administrator may mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("mount"):
        yield None
        return
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tern-faults", str(folder)], check=False
    )
    if made.returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
