"""What the window's first frame waits for: no page that is not on show, and nothing heavy that comes into use later."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# Each costs 20 to 200 ms on the laptops that people own. They are imported where they are used.
LATER = (
    "numpy",
    "psutil",
    "PySide6.QtNetwork",
    "httpx2",
    "huggingface_hub",
    "llama_cpp",
    "rapidfuzz",
    "pygments",
    "markdown_it",
    "tern.cli.models",
    "tern.engine.gguf.reader",
    "tern.library.hub_client",
    "tern.ui.models",
    "tern.ui.settings.settings_page",
    "tern.ui.stage",
    "tern.ui.window.help_page",
    "tern.ui.window.import_page",
    "tern.ui.window.models_controller",
)
SCRIPT = f"""
import os, sys
from PySide6.QtCore import QEvent
from tern.__main__ import main
from tern.ui.window.main_window import MainWindow

inner = MainWindow.event

def event(self, what):
    done = inner(self, what)
    if what.type() == QEvent.Type.Paint:
        print([name for name in {LATER} if name in sys.modules], flush=True)
        os._exit(0)
    return done

MainWindow.event = event
main([])
"""


def test_the_first_frame_waits_for_nothing_heavy() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "[]", run.stderr
