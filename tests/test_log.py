"""A crash leaves a trace that the next start finds; an orderly end leaves none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tern import log, paths

SCRIPT = """
import logging, sys, threading
from tern import log, paths
paths.set_data_dir(sys.argv[1])
log.start()
logging.getLogger("tern.test").info("a line")
"""
ENDINGS = {
    "orderly": "log.stop()",
    "segfault": "import faulthandler; faulthandler._sigsegv()",
    "abort": "import os; os.abort()",
    "exception": "raise RuntimeError('out of the blue')",
    "thread": "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join(); log.stop()",
    "interrupt": "raise KeyboardInterrupt",
}


@pytest.fixture
def folder(tmp_path: Path):
    paths.set_data_dir(tmp_path)
    yield tmp_path
    log.stop()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_next_start_finds_the_trace(folder: Path, ending: str) -> None:
    command = [sys.executable, "-c", SCRIPT + ENDINGS[ending], str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode == 0) == (ending in ("orderly", "thread"))
    assert "a line" in (folder / "log" / log.FILE_NAME).read_text()
    log.start()
    crash = log.previous_crash()
    if ending in ("orderly", "interrupt"):
        assert crash is None
        return
    assert crash is not None
    expected = {"exception": "out of the blue", "thread": "ZeroDivisionError"}.get(
        ending, "Fatal Python error"
    )
    assert expected in crash.read_text()
    log.crash_seen()
    assert log.previous_crash() is None
    assert (folder / "log" / "seen-crash.log").is_file()


def test_starting_twice_logs_once(folder: Path) -> None:
    log.start()
    log.start()
    log.log.warning("only once")
    assert (folder / "log" / log.FILE_NAME).read_text().count("only once") == 1
    log.stop()
    assert list((folder / "log").glob("crash-*.log")) == []


def test_while_words_are_withheld_an_exception_is_told_by_its_kind_and_place(tmp_path: Path) -> None:
    code = """
import sys
from tern import log
log.start()
log.withhold_words(True)
raise ValueError(sys.stdin.read() + " is not in list")
"""
    subprocess.run(
        [sys.executable, "-c", code],
        input="quizzaciously",
        text=True,
        capture_output=True,
        env=os.environ | {"TERN_DATA_DIR": str(tmp_path)},
        check=False,
    )
    written = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert [text for text in written if "ValueError" in text and 'File "<string>", line 6' in text]
    assert "quizzaciously" not in "".join(written)
