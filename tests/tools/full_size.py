"""A full-size file through everything, with figures. Too long for the suite:

    python tests/tools/full_size.py MODEL.gguf [--part PART] [--work FOLDER]

MODEL.gguf: ``tern bench --synthetic 2b4t`` makes such a file. Parts: ``hashing`` (whole, with and without, in turns),
``reset`` (the connection breaks every 20 MB), ``killed`` (at half; then loaded and asked), ``window`` (through the
models page, by clicks; then loaded and asked there); all of them without --part.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.local_hub import LocalHub, sha256_of

REPO = "owner/full-gguf"
PAIRS = 10
NO_HASH = """
import hashlib, sys
from tern.library import part_file
class Nothing:
    def update(self, data): pass
    def copy(self): return self
    def hexdigest(self): return sys.argv[-1]
real = hashlib.sha256
part_file.hashlib = type("hashlib", (), {"sha256": Nothing})
part_file.PartFile._hash_all = lambda self: None
from tern.__main__ import main
sys.exit(main(sys.argv[1:-1]))
"""


class Run:
    """One ``tern`` in a process of its own, with its own data folder."""

    def __init__(self, hub: LocalHub, folder: Path) -> None:
        self.hub, self.folder = hub, folder
        self.environment = {**os.environ, "HF_ENDPOINT": hub.url, "TERN_DATA_DIR": str(folder)}

    def start(self, *arguments: str, program: tuple[str, ...] = ("-m", "tern")) -> subprocess.Popen[str]:
        command = [sys.executable, *program, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.environment)

    def fetch(self, *more: str, program: tuple[str, ...] = ("-m", "tern")) -> dict[str, Any]:
        """What came of it, with seconds and the peak memory in MB."""
        began = time.perf_counter()
        process = self.start("models", "fetch", REPO, "--json", *more, program=program)
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        seconds = time.perf_counter() - began
        if status:
            raise SystemExit(f"fetch failed: {out}")
        cpu = usage.ru_utime + usage.ru_stime
        return {**json.loads(out), "seconds": seconds, "cpu": cpu, "peak_mb": usage.ru_maxrss / 1024}


def fresh(hub: LocalHub, work: Path, name: str) -> Run:
    shutil.rmtree(work / "data", ignore_errors=True)
    print(f"\n{name}", flush=True)
    return Run(hub, work / "data")


def hashing(hub: LocalHub, size: int, sha256: str, work: Path) -> None:
    """Whole, by the terminal, with and without hashing: pairs in turns, each second pair the other way round."""
    pairs: list[dict[str, dict[str, Any]]] = []
    for number in range(PAIRS):
        pair: dict[str, dict[str, Any]] = {}
        for kind in ("off", "on") if number % 2 else ("on", "off"):
            run = fresh(hub, work, f"hashing {kind}")
            pair[kind] = found = run.fetch(sha256, program=("-c", NO_HASH)) if kind == "off" else run.fetch()
            rate = size / found["seconds"] / 1e6
            figures = f"{found['seconds']:.2f} s ({rate:,.0f} MB/s), {found['cpu']:.2f} s of CPU"
            print(f"  {figures}, peak {found['peak_mb']:.0f} MB", flush=True)
        pairs.append(pair)
    for what in ("seconds", "cpu"):
        ratios = sorted(pair["on"][what] / pair["off"][what] - 1 for pair in pairs)
        costs = [
            pick(pair["on"][what] for pair in pairs) / pick(pair["off"][what] for pair in pairs) - 1
            for pick in (median, min)
        ]
        print(
            f"  hashing costs {median(ratios):+.1%} {what} ({ratios[0]:+.1%} to {ratios[-1]:+.1%}) by the median of "
            f"{PAIRS} pairs; {costs[0]:+.1%} by the medians, {costs[1]:+.1%} by the best"
        )


def reset(hub: LocalHub, size: int, sha256: str, work: Path) -> None:
    hub.faults.reset_every = 20_000_000
    found = fresh(hub, work, "reset every 20 MB").fetch()
    print(
        f"  {len(hub.asked)} answers, sent {hub.sent / size - 1:+.2%} of the file too much, {found['seconds']:.1f} s, "
        f"peak {found['peak_mb']:.0f} MB"
    )


def killed(hub: LocalHub, size: int, sha256: str, work: Path) -> None:
    hub.faults.rate = 400e6
    run = fresh(hub, work, "killed at 50%")
    process = run.start("models", "fetch", REPO)
    while hub.sent < size // 2:
        time.sleep(0.005)
    process.kill()
    process.wait()
    hub.faults.rate = None
    found = run.fetch()
    print(f"  kept {1 - found['received'] / size:.1%}", flush=True)
    asked = run.start("ask", "--model", found["name"], "--max-tokens", "8", "--json", "Hi")
    print("  then asked:", json.loads(asked.communicate()[0].splitlines()[-1])["tokens"], "tokens came")


def window(hub: LocalHub, size: int, sha256: str, work: Path) -> None:
    """Through the window as a person does it: the repository typed, Find, Chat with it, a question."""
    os.environ.update(TERN_DATA_DIR=str(work / "data"), HF_ENDPOINT=hub.url)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QPushButton

    from tern.engine.types import EngineOptions
    from tern.library import shelf
    from tern.settings import Settings
    from tern.ui.style.theme import Theme
    from tern.ui.window.main_window import MainWindow
    from tern.ui.window.models_controller import ModelsController

    shutil.rmtree(work / "data", ignore_errors=True)
    app = QApplication([])
    theme = Theme(app)
    main_window = MainWindow(theme)
    host = ModelsController(main_window, theme, Settings(), lambda: None, EngineOptions)
    main_window.show()
    host.open_first()
    host.show_page()
    page = host.page
    assert page is not None

    def until(true: Callable[[], bool]) -> float:
        """The longest that the window took for one turn, in ms."""
        longest = 0.0
        while not true():
            before = time.perf_counter()
            app.processEvents()
            longest = max(longest, time.perf_counter() - before)
            time.sleep(0.005)
        return 1000 * longest

    until(lambda: main_window.queue.info is not None)
    QTest.keyClicks(page.repository, REPO)
    began = time.perf_counter()
    QTest.mouseClick(page.findChild(QPushButton, "fetchButton"), Qt.MouseButton.LeftButton)
    longest = until(lambda: bool(shelf.installed()))
    (model,) = shelf.installed()
    seconds = time.perf_counter() - began
    print(
        f"\nthrough the window: {seconds:.2f} s, verified: {model.verified}, longest pause {longest:.0f} ms"
    )
    until(lambda: any(b.isVisible() for b in page.findChildren(QPushButton, "useButton")))
    use = next(b for b in page.findChildren(QPushButton, "useButton") if b.isVisible())
    began = time.perf_counter()
    QTest.mouseClick(use, Qt.MouseButton.LeftButton)
    desk = main_window.queue
    longest = until(lambda: desk.info is not None and desk.info.path == model.path)
    print(f"  loaded in {time.perf_counter() - began:.1f} s, longest pause {longest:.0f} ms", flush=True)
    main_window.chat.send("Hi")
    until(lambda: main_window.session.path[-1].stats.tokens >= 8)
    main_window.chat.stop()
    until(lambda: not main_window.session.busy)
    stats = main_window.session.path[-1].stats
    print(f"  then asked: {stats.tokens} tokens came, {stats.decode_tokens_per_s:.1f} tokens/s")
    host.close()
    main_window.close()


PARTS = {"hashing": hashing, "reset": reset, "killed": killed, "window": window}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--part", choices=list(PARTS))
    parser.add_argument("--work", type=Path, help="where to put everything (default: the system's)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tern-full-", dir=args.work) as name:
        work = Path(name)
        served = work / "hub" / REPO / "full.gguf"
        served.parent.mkdir(parents=True)
        served.symlink_to(args.model.resolve())
        size, sha256 = served.stat().st_size, sha256_of(served)
        print(f"{size:,} bytes")
        for part in [args.part] if args.part else PARTS:
            with LocalHub(work / "hub") as hub:  # each part its own: what the last one did wrong is over
                PARTS[part](hub, size, sha256, work)


if __name__ == "__main__":
    main()
