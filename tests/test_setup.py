"""The first minutes of a newcomer: the set-up says how far it is, and why it failed."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "packaging" / "with_progress.py"
BUILD = "for n in range(1, 84): print(f'  [{n}/83] Building CXX object src/part{n}.cpp.o', flush=True)"


def _run(script: str, folder: Path, **options: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), "llama.cpp", "--", sys.executable, "-c", script]
    return subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )


def test_elsewhere_than_on_a_terminal_a_few_lines_tell_it(tmp_path: Path) -> None:
    ran = _run(BUILD, tmp_path)
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0
    assert 2 <= len(lines) < 20, "a line now and then, not one for each file"
    assert lines[-1].startswith("llama.cpp: done")
    assert "\x1b" not in ran.stdout
    assert "[83/83] Building" in (tmp_path / "build" / "setup.log").read_text()


def test_a_step_that_fails_shows_its_end_and_its_status(tmp_path: Path) -> None:
    ran = _run(BUILD + "; print('no such compiler'); raise SystemExit(7)", tmp_path)
    assert ran.returncode == 7
    assert "failed; all of it is in build" in ran.stdout
    assert ran.stdout.rstrip().endswith("no such compiler")


@pytest.mark.skipif(sys.platform == "win32", reason="a pty is Unix's")
def test_on_a_terminal_the_count_is_seen(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    script = BUILD + "\nprint('Downloading pyside6_essentials-6.11.whl (96.2 MB)')"
    command = [sys.executable, str(PROGRAM), "llama.cpp", "--", sys.executable, "-c", script]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=theirs, env=os.environ | {"TERM": "xterm"}
    ) as process:
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0
    assert b"83 of 83 parts built (100%)" in seen
    assert b"Downloading pyside6_essentials-6.11.whl (96.2 MB)" in seen
    assert seen.count(b"\n") == 1, "one line, redrawn"


def test_only_what_is_used_of_llama_cpp_is_built() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "LLAVA_BUILD=OFF" in makefile
    assert "packaging/llama_parts.cmake" in makefile
