"""Rules for every test: no window on a screen, no Qt warning unheeded, no thread left behind."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from patience import HANG_S
from tern import paths

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# What the offscreen platform says of itself, about no fault of ours.
_PLATFORM_NOISE = (
    r"This plugin does not support propagateSizeHints\(\)",
    r"This plugin does not support raise\(\)",
)


def pytest_configure(config: pytest.Config) -> None:
    # A shell without job control starts what runs behind it deaf to Ctrl-C, and every process of a test after it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for message in _PLATFORM_NOISE:
        config.addinivalue_line("qt_log_ignore", message)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What `make quick` leaves out whole is not even imported."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return True if re.search(r"^pytestmark = (\[\s*)?pytest\.mark\.slow\b", text, re.MULTILINE) else None


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Everything that Tern writes stays inside the test, and nothing of the person who runs it is read."""
    monkeypatch.setenv("TERN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path / "data"
    paths.set_data_dir(None)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Every engine thread that a test starts ends with it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + HANG_S
    while left := [t.name for t in set(threading.enumerate()) - before if t.name.startswith("tern")]:
        assert time.monotonic() < deadline, f"threads still running: {left}"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def no_other_application_is_left() -> Iterator[None]:
    """One application a process: any but pytest-qt's would fail every test of the window that comes after."""
    yield
    if (core := sys.modules.get("PySide6.QtCore")) is not None:
        kind = type(core.QCoreApplication.instance()).__name__
        assert kind in ("NoneType", "QApplication"), f"a {kind} is left"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The offscreen platform frees the clipboard after Python has ended, and crashes on data that Python made."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is not None and (app := widgets.QApplication.instance()) is not None:
        app.clipboard().clear()
