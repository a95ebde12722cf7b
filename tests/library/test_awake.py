"""Sleep is held off while a download runs, by the system's own program, and no longer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
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


class _Desktop:
    """A desktop's screen saver on a bus of its own: what it was asked, in order."""

    def __init__(self, address: str) -> None:
        from jeepney import message_bus, new_method_return
        from jeepney.io.blocking import open_dbus_connection

        self.asked: list[tuple[str, tuple[object, ...]]] = []
        self._answer = new_method_return
        self._bus = open_dbus_connection(address)
        self._bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.ScreenSaver"))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        from jeepney import HeaderFields, MessageType

        while len(self.asked) < 2:
            message = self._bus.receive()
            if message.header.message_type is not MessageType.method_call:
                continue
            member = message.header.fields[HeaderFields.member]
            self.asked.append((member, message.body))
            if member == "Inhibit":
                self._bus.send(self._answer(message, "u", (77,)))

    def until_two_were_asked(self) -> None:
        self._thread.join(HANG_S)
        self._bus.close()


@pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="no dbus-daemon")
def test_the_screen_is_held_on_by_the_desktop(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bus:
        try:
            assert bus.stdout is not None
            address = bus.stdout.readline().strip()
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            desktop = _Desktop(address)
            with awake("The stage", screen=True):
                _until_held(told, os.getpid())
                assert desktop.asked == [("Inhibit", ("Tern", "The stage"))]
            desktop.until_two_were_asked()
            assert desktop.asked[1] == ("UnInhibit", (77,))
        finally:
            bus.terminate()


def test_without_a_desktop_only_the_computer_is_kept_awake(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/no/such/bus")
    with awake("x", screen=True):
        _until_held(told, os.getpid())
