"""The whole program as it is started: a process of its own, on the offscreen platform."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from patience import HANG_S
from tern.chat import keeping
from tern.chat.store import Store
from tern.ui import app

START = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from tern.ui import app, main_window

def window():
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, main_window.MainWindow))

def look():  # until something is said
    if not window().notice.isVisible():
        QTimer.singleShot(50, look)
        return
    print("said", window().notice.isVisible(), window().notice.message, flush=True)
    window().close()

def fail():
    raise RuntimeError("secret detail")

application = QApplication([])

def ready():
    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, main_window.MainWindow)]
    if windows and windows[0].isVisible():
        print("ready True", flush=True)
    else:
        QTimer.singleShot(50, ready)

QTimer.singleShot(50, ready)
{extra}
sys.exit(app.run(app.WindowOptions({options})))
"""


@contextmanager
def _start(tmp_path: Path, extra: str = "", options: str = "") -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "TERN_DATA_DIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", START.format(extra=extra, options=options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(
    sys.platform == "win32", reason="Ctrl+C reaches a Windows process only through its console"
)
def test_ctrl_c_closes_the_window(tmp_path: Path) -> None:
    with _start(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready True"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_an_error_nobody_caught_is_one_sentence_in_the_window(tmp_path: Path) -> None:
    with _start(tmp_path, "QTimer.singleShot(600, fail); QTimer.singleShot(900, look)") as process:
        out, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, errors
    assert "said True Something went wrong inside Tern" in out
    assert "secret" not in out


def test_a_missing_model_leaves_a_window_that_says_so(tmp_path: Path) -> None:
    with _start(tmp_path, "QTimer.singleShot(1500, look)", "model=Path('nowhere.gguf')") as process:
        out, errors = process.communicate(timeout=HANG_S)
    assert "said True" in out, errors
    assert "nowhere.gguf" in out


def test_a_second_launch_raises_the_first_and_ends(tmp_path: Path) -> None:
    watch = "main_window.MainWindow.come_up = lambda self: (print('came up', flush=True), self.close())"
    with _start(tmp_path, watch) as first:
        assert first.stdout is not None
        assert first.stdout.readline().strip() == "ready True"
        with _start(tmp_path) as second:
            out, errors = second.communicate(timeout=HANG_S)
            assert (second.returncode, out) == (0, ""), errors
        out, errors = first.communicate(timeout=HANG_S)
    assert first.returncode == 0, errors
    assert "came up" in out


def test_a_window_that_stays_open_backs_up_every_day(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_BACKUP_AFTER_MS", 10)
    monkeypatch.setattr(app, "_BACKUP_LOOK_MS", 30)
    store = Store.open(tmp_path)
    store.create("One")
    with app._backing_up(store):
        qtbot.waitUntil(lambda: len(keeping.backups(tmp_path / keeping.BACKUPS)) == 1)
        (backup,) = keeping.backups(tmp_path / keeping.BACKUPS)
        two_days_ago = time.time() - 2 * keeping.EVERY_S
        os.utime(backup, (two_days_ago, two_days_ago))
        qtbot.waitUntil(
            lambda: keeping.backups(tmp_path / keeping.BACKUPS)[0].stat().st_mtime > two_days_ago + 1
        )
