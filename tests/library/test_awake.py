"""Sleep is held off while a download runs, by the system's own program, and no longer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from patience import HANG_S
from tern.library.awake import awake

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a program in the place of systemd's")

# Says what it was asked and runs the command, as systemd-inhibit does.
INHIBIT = """#!{python}
import os, sys
open({told!r}, "w").write("\\n".join(sys.argv[1:]))
os.execvp(sys.argv[-1], sys.argv[-1:])
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    told = tmp_path / "told"
    program = tmp_path / "bin" / "systemd-inhibit"
    program.parent.mkdir()
    program.write_text(INHIBIT.format(python=sys.executable, told=str(told)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return told


def _holders(of: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(of).children() if child.name() == "cat"]


def _until_held(told: Path, of: int) -> psutil.Process:
    while not (told.exists() and _holders(of)):
        time.sleep(0.01)
    return _holders(of)[0]


def test_it_is_held_off_with_a_reason_and_only_meanwhile(told: Path) -> None:
    with awake("Downloading BitNet"):
        holder = _until_held(told, os.getpid())
        asked = told.read_text().splitlines()
        assert "--why=Downloading BitNet" in asked
        assert "--what=idle:sleep" in asked
    assert not holder.is_running()
    told.unlink()
    held = []

    def fail() -> None:
        with awake("Downloading BitNet"):
            held.append(_until_held(told, os.getpid()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not held[0].is_running()


@pytest.mark.slow
def test_it_ends_with_a_killed_tern(told: Path) -> None:
    script = "from tern.library.awake import awake\nwith awake('x'):\n    input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as tern:
        holder = _until_held(told, tern.pid)
        tern.kill()
        tern.wait()
        holder.wait(HANG_S)


@pytest.mark.parametrize("program", [None, "#!/no/such/interpreter\n"])
def test_where_there_is_no_such_program_nothing_fails(
    program: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if program is not None:
        (tmp_path / "systemd-inhibit").write_text(program)
        (tmp_path / "systemd-inhibit").chmod(0o755)
    with awake("x"):
        pass
