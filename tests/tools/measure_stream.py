"""What a long reply costs the GUI thread. A command, not a test: ``python tests/tools/measure_stream.py``.

A FakeEngine speaks 4,000 tokens at 100 a second. Measured are the CPU time of the GUI thread and how long its event
loop is busy at a stretch (a heartbeat every 5 ms comes late by that much; beside other programs only the CPU time
between two heartbeats says something). Aim: under 30% of a core, under 33 ms. ``--models-page``: that page is open,
and a download runs on it at 20 MB/s, from a hub in a process of its own.
"""

from __future__ import annotations

# ruff: noqa: E402 (the paths must be set before the imports)
import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def _hub(folder: Path) -> Iterator[None]:
    """A hub with one file, which takes longer to come than any reply."""
    file = folder / "owner" / "large-gguf" / "large.gguf"
    file.parent.mkdir(parents=True)
    with file.open("wb") as out:
        out.write(paths.guide_model().read_bytes())
        out.truncate(4_000_000_000)  # holes: it takes no room here
    command = [sys.executable, str(Path(__file__).with_name("local_hub.py")), str(folder), "--rate", "20e6"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        name, _, url = hub.stdout.readline().strip().partition("=")
        os.environ[name] = url
        try:
            yield
        finally:
            hub.terminate()


def measure(shape: str, tokens: int, rate: float, models_page: bool) -> dict[str, float]:
    """Stream ``tokens`` tokens of ``shape`` at ``rate`` a second and return the figures."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme = Theme(application)
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
    while window.queue.info is None:
        application.processEvents()
    if models_page:
        window.actions_["models"].trigger()
        download = host.downloads.of_repository("owner/large-gguf", "large.gguf")
        download.start()
        while download.progress is None or not download.progress.done:
            application.processEvents()
    window.chat.send("Go")
    finished.start()
    heart.start()
    wall, cpu = time.perf_counter(), time.thread_time()
    loop.exec()
    if models_page:
        assert download.running, "it was to run all the while"
        assert download.progress is not None
        print(f"{download.progress.done / 1e6:.0f} MB came meanwhile", file=sys.stderr)
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
    with _hub(Path(tempfile.mkdtemp(prefix="tern-hub-"))):
        for shape in args.shape or list(SHAPES):
            figures = measure(shape, args.tokens, args.rate, args.models_page)
            said = ", ".join(f"{name} {value:.1f}" for name, value in figures.items())
            print(f"{shape:>14}: {said}", flush=True)
    del application


if __name__ == "__main__":
    main()
