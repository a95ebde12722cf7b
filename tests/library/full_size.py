"""A full-size file through everything, with figures. Too long for the suite:

    python tests/library/full_size.py MODEL.gguf [--window]     (``tern bench --synthetic 2b4t`` makes such a file)

Whole; hashing on and off; the connection reset every 20 MB; killed at half; then loaded and asked.
``--window`` does the first through the models page, by clicks.
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
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from library.local_hub import LocalHub, sha256_of

REPO = "owner/full-gguf"
NO_HASH = """
import hashlib, sys
from tern.library import part
class Nothing:
    def update(self, data): pass
    def copy(self): return self
    def hexdigest(self): return sys.argv[-1]
real = hashlib.sha256
part.hashlib = type("hashlib", (), {"sha256": Nothing})
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
        return {**json.loads(out), "seconds": seconds, "peak_mb": usage.ru_maxrss / 1024}


def terminal(hub: LocalHub, size: int, sha256: str, work: Path) -> None:
    def fresh(name: str) -> Run:
        shutil.rmtree(work / "data", ignore_errors=True)
        print(f"\n{name}")
        return Run(hub, work / "data")

    without, with_hash = [], []
    for _ in range(2):
        without.append(fresh("hashing off").fetch(sha256, program=("-c", NO_HASH))["seconds"])
        found = fresh("whole, hashing on").fetch()
        with_hash.append(found["seconds"])
        print(
            f"  {found['seconds']:.2f} s, {size / found['seconds'] / 1e6:,.0f} MB/s, peak {found['peak_mb']:.0f} MB"
        )
    print(f"  hashing costs {min(with_hash) / min(without) - 1:+.1%} ({min(without):.2f} s without)")

    hub.asked.clear()
    hub.faults.reset_every = 20_000_000
    found = fresh("reset every 20 MB").fetch()
    print(
        f"  {len(hub.asked)} answers, sent {hub.sent / size - 1:+.2%} of the file too much, {found['seconds']:.1f} s"
    )
    hub.faults.reset_every = None

    hub.asked.clear()
    hub.faults.rate = 400e6
    run = fresh("killed at 50%")
    process = run.start("models", "fetch", REPO)
    while hub.sent < size // 2:
        time.sleep(0.005)
    process.kill()
    process.wait()
    hub.faults.rate = None
    found = run.fetch()
    print(f"  kept {1 - found['received'] / size:.1%}")
    asked = run.start("ask", "--model", found["name"], "--max-tokens", "8", "--json", "Hi")
    print("  then asked:", json.loads(asked.communicate()[0].splitlines()[-1])["tokens"], "tokens came")


def window(hub: LocalHub, size: int, work: Path) -> None:
    os.environ.update(TERN_DATA_DIR=str(work / "data"), HF_ENDPOINT=hub.url)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QPushButton

    from tern.library import shelf
    from tern.ui.downloads import Downloads
    from tern.ui.models_page import ModelsPage
    from tern.ui.theme import Theme

    app = QApplication([])
    page = ModelsPage(Theme(app), Downloads())
    page.show()
    QTest.keyClicks(page.repository, REPO)
    began, longest, before = time.perf_counter(), 0.0, time.perf_counter()
    button = page.findChild(QPushButton, "fetchButton")
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    while not shelf.installed():
        app.processEvents()
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
        time.sleep(0.005)
        before += 0.005
    (model,) = shelf.installed()
    print(f"\nthrough the window: {time.perf_counter() - began:.2f} s, verified: {model.verified}, ", end="")
    print(f"longest pause of the window {1000 * longest:.0f} ms")
    page.close_page()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--window", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tern-full-") as name:
        work = Path(name)
        served = work / "hub" / REPO / "full.gguf"
        served.parent.mkdir(parents=True)
        served.symlink_to(args.model.resolve())
        size, sha256 = served.stat().st_size, sha256_of(served)
        print(f"{size:,} bytes")
        with LocalHub(work / "hub") as hub:
            if args.window:
                window(hub, size, work)
            else:
                terminal(hub, size, sha256, work)


if __name__ == "__main__":
    main()
