"""Tern crashes: the next start says so once, says what was recovered, and gives the report to the person alone."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from faults.harness import environment
from tern import log, paths
from tern.chat.store import Store
from tern.chat.types import State
from tern.ui.app import _tell_of_crash
from tern.ui.shared.sheet import Sheet
from tern.ui.style.theme import Mode, Theme
from tern.ui.window.main_window import MainWindow

pytestmark = pytest.mark.slow

CRASH = """
import faulthandler
from tern import log, paths
from tern.chat.store import Store
from tern.chat.types import State
log.start()
store = Store.open(paths.data_dir())
store.add(store.create("A secret"), [("user", "A secret", State.DONE), ("assistant", "Half", State.STREAMING)], None)
faulthandler._sigsegv()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSEGV")
def test_the_next_start_tells_of_a_crash_once(qtbot: QtBot, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", CRASH], env=environment(tmp_path), check=False)
    paths.set_data_dir(tmp_path)
    log.start()
    theme = Theme(QApplication.instance(), Mode.LIGHT)  # type: ignore[arg-type]
    window = MainWindow(theme, Store.open(paths.data_dir()))
    try:
        window.show()
        _tell_of_crash(window, theme)
        assert window.notice.message.endswith("one reply was cut off.")
        window.notice.findChild(QPushButton, "noticeButton").click()
        (sheet,) = [sheet for sheet in window.findChildren(Sheet) if sheet.isVisible()]
        sheet.findChild(QPushButton, "copyCrash").click()
        copied = QApplication.clipboard().text()
        assert "Segmentation fault" in copied
        assert "A secret" not in copied
        sheet.close()
        _tell_of_crash(window, theme)
        assert not window.notice.isVisible(), "once"
        assert [entry.state for entry in window.store.entries(1)] == [State.DONE, State.CUT]
    finally:
        window.close()
        window.store.close()
        log.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="modes")
def test_nobody_else_reads_what_tern_keeps(tmp_path: Path) -> None:
    paths.set_data_dir(tmp_path / "new")
    for folder in (paths.data_dir(), paths.config_dir(), paths.cache_dir(), paths.log_dir()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    open_to_all = tmp_path / "new" / "data"
    open_to_all.chmod(0o755)
    assert paths.data_dir() == open_to_all
    assert stat.S_IMODE(open_to_all.stat().st_mode) == 0o755, "what a person has changed stays"
