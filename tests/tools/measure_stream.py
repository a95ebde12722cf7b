"""What a long reply costs the GUI thread. A command, not a test: ``python tests/tools/measure_stream.py``.

A FakeEngine speaks 4,000 tokens at 100 a second. Measured are the CPU time of the GUI thread and how long its event
loop is busy at a stretch (a heartbeat every 5 ms comes late by that much; beside other programs only the CPU time
between two heartbeats says something). Aim: under 30% of a core, under 33 ms. ``--models-page``: that page is open.
"""

from __future__ import annotations

# ruff: noqa: E402 (the paths must be set before the imports)
import argparse
import gc
import os
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "app"), str(Path(__file__).resolve().parents[1])]

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from tern import paths
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import EngineOptions
from tern.settings import Settings
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController
from ui.samples import EVERYTHING

PROSE = "The tern flies from one end of the world to the other, and back again, every year of its life. "
_BEAT_MS = 5
SHAPES = {
    "mixed": EVERYTHING,
    "paragraphs": (PROSE * 3).strip() + "\n\n",
    "one paragraph": PROSE,
    "one list": "- " + PROSE.strip() + "\n",
    "one code": None,
}


def _reply(shape: str, tokens: int) -> str:
    unit = SHAPES[shape]
    text = "```python\n" if unit is None else ""
    unit = unit or "total += weights[row] * activations[column]  # exact\n"
    while text.count(" ") < tokens:
        text += unit
    return " ".join(text.split(" ")[:tokens])


def measure(shape: str, tokens: int, rate: float, models_page: bool) -> dict[str, float]:
    """Stream ``tokens`` tokens of ``shape`` at ``rate`` a second and return the figures."""
    theme = Theme(QApplication.instance())
    window = MainWindow(theme)
    host = ModelsController(window, theme, Settings(), lambda: None, EngineOptions)
    window.open_model(lambda progress: FakeEngine([_reply(shape, tokens)], token_seconds=1 / rate))
    window.show()
    gc.freeze()  # as ui/app.py does: a full collection takes as long as a frame
    beats: list[float] = []
    spent: list[float] = []  # CPU seconds of this thread, at each beat

    def beat() -> None:
        beats.append(time.perf_counter())
        spent.append(time.thread_time())

    heart = QTimer(interval=_BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
    heart.timeout.connect(beat)
    loop = QEventLoop()
    finished = QTimer(interval=200)
    finished.timeout.connect(lambda: None if window.session.busy else loop.quit())
    window.chat.send("Go")
    if models_page:
        window.actions_["models"].trigger()
    finished.start()
    heart.start()
    wall, cpu = time.perf_counter(), time.thread_time()
    loop.exec()
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    heart.stop()
    flushes = window.queue.bridge.flushes
    window.close()
    host.close()
    late = sorted(max(0.0, 1000 * (after - before) - _BEAT_MS) for before, after in pairwise(beats))
    return {
        "seconds": wall,
        "gui_cpu_percent": 100 * cpu / wall,
        "flushes_per_s": flushes / wall,
        "busy_ms_99%": late[int(len(late) * 0.99)],
        "busy_ms_99.9%": late[int(len(late) * 0.999)],
        "busy_ms_max": late[-1],
        "cpu_ms_max": 1000 * max(after - before for before, after in pairwise(spent)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokens", type=int, default=4000)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--models-page", action="store_true", help="with the Models page open over the reply")
    parser.add_argument("--shape", choices=list(SHAPES), action="append")
    args = parser.parse_args()
    paths.set_data_dir(tempfile.mkdtemp(prefix="tern-stream-"))
    application = QApplication([])
    for shape in args.shape or list(SHAPES):
        figures = measure(shape, args.tokens, args.rate, args.models_page)
        print(
            f"{shape:>14}: " + ", ".join(f"{name} {value:.1f}" for name, value in figures.items()), flush=True
        )
    del application


if __name__ == "__main__":
    main()
