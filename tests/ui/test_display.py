"""Whether a window can be opened is tried, not read from variables: where none can, one sentence names the cause and
``tern`` talks in the terminal. No process aborts, and nothing is taken for a crash at the next start.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import PySide6
import pytest

from .x_server import x_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen"),
]
SCREEN = (
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "QT_QPA_PLATFORM",
    "XAUTHORITY",
    "XDG_SESSION_TYPE",
    "XDG_RUNTIME_DIR",
)

# What `tern` is, and a line when the window has been painted.
PAINTED = """
import sys
from tern.__main__ import main
from PySide6.QtCore import QEvent, QTimer
from tern.ui.window.main_window import MainWindow
inner = MainWindow.event
def event(self, what):
    if what.type() == QEvent.Type.Paint:
        MainWindow.event = inner
        print("painted", flush=True)
        QTimer.singleShot(0, self.close)
    return inner(self, what)
MainWindow.event = event
sys.exit(main())
"""


def _run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in SCREEN}
    environment |= {"TERN_DATA_DIR": str(folder), **variables}
    return subprocess.run(
        [sys.executable, *(command or ("-m", "tern"))],
        input="/help\n",
        capture_output=True,
        text=True,
        env=environment,
        timeout=200,
        check=False,
    )


def _talks(folder: Path, cause: str, **variables: str) -> None:
    """``tern`` says that there is no window because of ``cause``, and talks."""
    run = _run(folder, **variables)
    assert (run.returncode, run.stderr.count("\n")) == (0, 1), run.stderr
    assert run.stderr.startswith("Tern cannot open its window here (")
    assert cause in run.stderr
    assert "/system TEXT" in run.stdout
    assert [path.name for path in (folder / "log").iterdir()] == ["tern.log"], "no crash was kept"


def _no_such_display() -> str:
    taken = Path("/tmp/.X11-unix")
    return next(f":{n}" for n in range(900, 2000) if not (taken / f"X{n}").exists())


def test_a_server_that_is_gone(tmp_path: Path) -> None:
    display = _no_such_display()
    _talks(tmp_path, f"the X display {display} cannot be reached", DISPLAY=display)


def test_a_host_that_is_no_host(tmp_path: Path) -> None:
    _talks(tmp_path, "the X display nowhere.invalid:0 cannot", DISPLAY="nowhere.invalid:0")


@pytest.mark.parametrize("name", ["nonsense", "xbc"])
def test_a_platform_that_qt_does_not_have(tmp_path: Path, name: str) -> None:
    _talks(tmp_path, f"QT_QPA_PLATFORM asks for “{name}”", QT_QPA_PLATFORM=name)


def test_a_platform_that_shows_no_windows(tmp_path: Path) -> None:
    _talks(tmp_path, "QT_QPA_PLATFORM asks for “minimal”, which shows no windows", QT_QPA_PLATFORM="minimal")


def test_a_wayland_that_is_gone(tmp_path: Path) -> None:
    """Some systems have no libraries for Wayland either, and then that is the cause."""
    run = _run(
        tmp_path, WAYLAND_DISPLAY="wayland-9", XDG_RUNTIME_DIR=str(tmp_path), XDG_SESSION_TYPE="wayland"
    )
    assert run.returncode == 0, run.stderr
    assert "Wayland display wayland-9 cannot be reached" in run.stderr or "libwayland" in run.stderr
    assert "/system TEXT" in run.stdout


def test_a_platform_without_a_screen(tmp_path: Path) -> None:
    if Path("/dev/fb0").exists():
        pytest.skip("there is one")
    _talks(tmp_path, "linuxfb", QT_QPA_PLATFORM="linuxfb")


@pytest.mark.parametrize("there", [False, True], ids=["missing", "broken"])
def test_a_system_library_that_qt_needs(tmp_path: Path, there: bool) -> None:
    """As on a system without the package libxcb-cursor0: the file is looked for before any display."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    if there:
        name = "libxcb-cursor.so.0"
        (libraries / name).touch()
    else:
        name = "libxcb-nothere.so"
        whole = (Path(PySide6.__path__[0]) / "Qt" / "lib" / "libQt6XcbQpa.so.6").read_bytes()
        assert b"libxcb-cursor.so.0\0" in whole
        (libraries / "libQt6XcbQpa.so.6").write_bytes(
            whole.replace(b"libxcb-cursor.so.0\0", name.encode() + b"\0\0")
        )
    _talks(
        tmp_path / "data",
        f"the system library {name} "
        + ("cannot be used (file too short): install" if there else "is missing"),
        DISPLAY=":0",
        LD_LIBRARY_PATH=str(libraries),
    )


def test_a_display_that_never_answers(tmp_path: Path) -> None:
    with socket.socket() as silent:
        port = next(port for port in range(6900, 7900) if _bound(silent, port))
        silent.listen()
        script = "import sys\nfrom tern.ui import display\ndisplay._PATIENCE_S = 1.0\n"
        script += "from tern.__main__ import main\nsys.exit(main([]))"
        run = _run(tmp_path, "-c", script, DISPLAY=f"127.0.0.1:{port - 6000}")
    assert run.returncode == 0, run.stderr
    assert "(the display does not answer)" in run.stderr
    assert "/system TEXT" in run.stdout


def _bound(server: socket.socket, port: int) -> bool:
    try:
        server.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def test_a_display_that_works_shows_the_window(tmp_path: Path) -> None:
    """More than once: a server that has lost its only client begins anew, and refuses connections meanwhile."""
    with x_server() as display:
        for variables in ({}, {}, {"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": str(tmp_path)}):
            run = _run(tmp_path, "-c", PAINTED, DISPLAY=display, **variables)
            assert (run.returncode, run.stdout) == (0, "painted\n"), run.stderr
            assert "cannot open" not in run.stderr


def test_a_display_that_refuses(tmp_path: Path) -> None:
    if shutil.which("xauth") is None:
        pytest.skip("xauth is not installed")
    keys = tmp_path / "keys"
    key = secrets.token_hex(16)
    for number in range(64):
        subprocess.run(
            ["xauth", "-q", "-f", keys, "add", f":{number}", ".", key], check=True, capture_output=True
        )
    with x_server("-auth", str(keys)) as display:
        (tmp_path / "none").touch()
        _talks(
            tmp_path / "data",
            f"the X display {display} lets nobody in",
            DISPLAY=display,
            XAUTHORITY=str(tmp_path / "none"),
        )
        run = _run(tmp_path, "-c", PAINTED, DISPLAY=display, XAUTHORITY=str(keys))
        assert run.stdout == "painted\n", run.stderr


def test_doctor_says_why(tmp_path: Path) -> None:
    run = _run(tmp_path, "-m", "tern", "doctor", DISPLAY=_no_such_display())
    assert "cannot be reached" in run.stdout, run.stderr
    assert (
        "yes"
        in _run(tmp_path, "-m", "tern", "doctor", QT_QPA_PLATFORM="offscreen").stdout.partition("usable")[2]
    )
