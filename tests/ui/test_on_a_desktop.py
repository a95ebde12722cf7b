"""Tern on a desktop: an X server, a window manager, and real keys from outside that go to whatever has the keyboard."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from patience import HANG_S

from .test_display import SCREEN
from .x_server import x_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux", reason="the window managers of other systems are always there"
    ),
]
_NAME = "Tern"


class Desktop:
    """Programs are started on it, and keys pressed."""

    def __init__(self, display: str, folder: Path) -> None:
        left = {name: value for name, value in os.environ.items() if name not in SCREEN}
        self.environment = {**left, "DISPLAY": display, "TERN_DATA_DIR": str(folder)}
        self._database = folder / "data" / "conversations.db"

    @contextmanager
    def started(self, *command: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=self.environment) as process:
            try:
                yield process
            finally:
                process.kill()

    def tern(self) -> list[str]:
        return [sys.executable, "-m", "tern"]

    def do(self, *words: str) -> str:
        """What xdotool answers; nothing where it fails."""
        ran = subprocess.run(
            ["xdotool", *words],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=HANG_S,
            check=False,
        )
        return ran.stdout.strip() if ran.returncode == 0 else ""

    def keys(self, *names: str) -> None:
        self.do("key", "--clearmodifiers", *names)

    def writes(self, text: str) -> None:
        self.do("type", "--delay", "20", text)

    def windows(self) -> list[str]:
        return self.do("search", "--onlyvisible", "--name", _NAME).split()

    @property
    def active(self) -> str:
        return self.do("getactivewindow")

    def kept(self, sql: str) -> list[tuple[object, ...]]:
        """What the data folder has now."""
        try:
            with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as database:
                return database.execute(sql).fetchall()
        except sqlite3.Error:
            return []  # not made yet


def _until(true: Callable[[], object]) -> None:
    for _ in range(HANG_S * 20):
        if true():
            return
        time.sleep(0.05)
    pytest.fail("it never came")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    for program in ("openbox", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with x_server("-screen", "0", "1600x1000x24") as display:
        made = Desktop(display, tmp_path / "folder")
        with made.started("openbox", "--sm-disable"):
            _until(lambda: made.do("get_num_desktops"))
            yield made


REPLIES = "SELECT content FROM message WHERE role = 'assistant' AND state = 'done'"


def test_keys_alone_from_the_first_start_to_the_last_word(desktop: Desktop) -> None:
    with desktop.started(*desktop.tern()) as tern:
        _until(desktop.windows)
        (window,) = desktop.windows()
        _until(lambda: desktop.active == window)
        desktop.writes("What are you?")
        desktop.keys("Return")
        _until(lambda: desktop.kept(REPLIES))

        desktop.keys("ctrl+k")  # the palette, and back: the keyboard is where it was
        desktop.writes("settings")
        desktop.keys("Escape")
        desktop.writes("half a thought")
        assert desktop.windows() == [window], "all of it is one window"

        desktop.keys("alt+F4")  # openbox asks it to close
        assert tern.wait(HANG_S) == 0
        assert tern.stderr is not None
        assert "Traceback" not in tern.stderr.read()
    (question,) = desktop.kept("SELECT content FROM message WHERE role = 'user'")
    assert question == ("What are you?",)
    assert desktop.kept("SELECT draft FROM conversation") == [("half a thought",)]


OTHER = (
    sys.executable,
    "-c",
    "from PySide6.QtWidgets import QApplication, QLabel; a = QApplication([]); w = QLabel('Here'); "
    "w.setWindowTitle('Something else'); w.show(); a.exec()",
)


@pytest.mark.parametrize("away", ["minimized", "behind"])
def test_a_second_launch_brings_the_window_of_the_first_to_the_front(away: str, desktop: Desktop) -> None:
    with desktop.started(*desktop.tern()) as tern, desktop.started(*OTHER):
        _until(
            lambda: desktop.windows() and desktop.do("search", "--onlyvisible", "--name", "Something else")
        )
        (window,) = desktop.windows()
        if away == "minimized":
            desktop.do("windowminimize", window)
            _until(lambda: not desktop.windows())
        else:
            desktop.do(
                "windowactivate", "--sync", desktop.do("search", "--name", "Something else").split()[0]
            )
        assert desktop.active != window
        with desktop.started(*desktop.tern()) as second:
            assert second.wait(HANG_S) == 0
        _until(lambda: desktop.active == window)
        assert desktop.windows() == [window]
        assert tern.poll() is None


def test_the_stage_takes_the_screen_and_gives_it_back(desktop: Desktop) -> None:
    with desktop.started(*desktop.tern()):
        _until(desktop.windows)
        (window,) = desktop.windows()
        _until(lambda: desktop.active == window)
        desktop.keys("F11")
        _until(lambda: len(desktop.windows()) == 2)
        (stage,) = set(desktop.windows()) - {window}
        _until(lambda: desktop.active == stage)
        _until(lambda: "Geometry: 1600x1000" in desktop.do("getwindowgeometry", stage))
        desktop.keys("1", "x", "space", "Tab")
        desktop.keys("Escape")
        _until(lambda: desktop.windows() == [window])
        _until(lambda: desktop.active == window)
        desktop.writes("What are you?")
        desktop.keys("Return")
        _until(lambda: desktop.kept(REPLIES))
        assert len(desktop.kept(REPLIES)) == 1, "what is asked on the stage is kept nowhere"
