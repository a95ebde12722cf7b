"""What an import costs the window beside a reply. A command, not a test: ``python tests/tools/measure_import.py``.

Writes a file of 100 MB as ChatGPT exports it, imports it while a FakeEngine streams, and measures how late a heartbeat
of 5 ms comes on the GUI thread. Beside it a process that draws nothing beats as well: what comes late there is the
machine's. Aim: no stall over 50 ms that is ours.
"""

from __future__ import annotations

# ruff: noqa: E402 (the paths must be set before the imports)
import argparse
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [os.environ.get("TERN_APP") or str(Path(__file__).resolve().parents[2] / "app")]

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from tern.chat.store import Store
from tern.engine.fake_engine import FakeEngine
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow

_BEAT_MS = 5
_HEART = """
import sys, time
late, last = [], time.perf_counter()
try:
    while True:
        time.sleep(0.005)
        now = time.perf_counter()
        late.append(1000 * (now - last) - 5)
        last = now
except KeyboardInterrupt:
    print(max(late), sorted(late)[-max(1, len(late) // 100)])
"""


def fill(path: Path, size: int) -> None:
    """Conversations of 20 messages of 200 words each, until ``size`` bytes are there."""
    chance = random.Random(1)
    words = ["".join(chance.choices("aeiounrtsldm", k=chance.randint(2, 9))) for _ in range(20_000)]
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        number = 0
        while file.tell() < size:
            mapping = {"root": {"parent": None, "children": ["0"], "message": None}}
            for at in range(20):
                mapping[str(at)] = {
                    "parent": str(at - 1) if at else "root",
                    "children": [str(at + 1)] if at < 19 else [],
                    "message": {
                        "author": {"role": "assistant" if at % 2 else "user"},
                        "create_time": 1.7e9 + number,
                        "content": {
                            "content_type": "text",
                            "parts": [" ".join(chance.choices(words, k=200))],
                        },
                    },
                }
            item = {
                "title": f"T{number}",
                "create_time": 1.7e9 + number,
                "mapping": mapping,
                "current_node": "19",
            }
            file.write((",\n" if number else "") + json.dumps(item))
            number += 1
        file.write("]")
    print(f"{path.stat().st_size / 1e6:,.0f} MB, {number:,} conversations", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=120, help="give up after (default: 120)")
    args = parser.parse_args()
    app = QApplication([])
    with tempfile.TemporaryDirectory(prefix="tern-import-") as name:
        os.environ["TERN_DATA_DIR"] = name
        path = Path(name) / "conversations.json"
        fill(path, args.megabytes << 20)
        store = Store.open(Path(name))
        window = MainWindow(Theme(app), store)
        reply = "word and more, " * 100_000
        window.open_model(lambda progress: FakeEngine([reply], token_seconds=0.05))
        window.show()
        gc.freeze()
        window.chat.send("Go")
        loop = QEventLoop()
        beats: list[float] = []
        heart = QTimer(interval=_BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        heart.timeout.connect(lambda: beats.append(time.perf_counter()))
        other = subprocess.Popen([sys.executable, "-c", _HEART], stdout=subprocess.PIPE, text=True)
        QTimer.singleShot(3000, loop.quit)
        loop.exec()
        heart.start()
        started = time.perf_counter()
        window.transfer.import_from(path)
        look = QTimer(interval=200)
        over = started + args.seconds
        look.timeout.connect(
            lambda: None if window.transfer._jobs and time.perf_counter() < over else loop.quit()
        )
        look.start()
        loop.exec()
        took = time.perf_counter() - started
        heart.stop()
        other.send_signal(2)
        said = other.communicate()[0].split()
        late = sorted(1000 * (after - before) - _BEAT_MS for before, after in pairwise(beats))
        print(f"{took:.1f} s, {len(store.summaries()):,} conversations; {window.notice.message}")
        print(f"GUI thread: worst {late[-1]:.0f} ms, 99th percentile {late[-len(late) // 100]:.1f} ms, "
              f"{sum(one > 50 for one in late)} of {len(late):,} beats over 50 ms")  # fmt: skip
        where = [f"{before - started:.1f} s" for before, after in pairwise(beats) if after - before > 0.055]
        print("over 50 ms at " + ", ".join(where))
        print(f"a process beside it: worst {float(said[0]):.0f} ms, 99th percentile {float(said[1]):.1f} ms")
        window.close()
        store.close()


if __name__ == "__main__":
    main()
