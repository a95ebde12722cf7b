"""What the window costs: launch, rest, memory, and ten thousand conversations. A command, not a test:
``xvfb-run python tests/tools/measure_window.py``.

Tern itself is launched in a process of its own, with the guide. Aims: seen within 1 s, about no CPU at rest, under
150 MB of private memory; a search shown in 50 ms, a conversation in 100 ms, the list scrolled without a stutter.
"""

from __future__ import annotations

# ruff: noqa: E402 (the paths must be set before the imports)
import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "app"), str(HERE)]

import psutil
from PySide6.QtCore import QEventLoop, QPoint, QTimer
from PySide6.QtWidgets import QApplication

from tern.chat.store import Store
from tern.chat.types import State
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow

# What the launched process runs: the door that `tern` is, and one line when the window has first been painted. Asked
# by a line, it shows every page once, and says so. The window's class is changed when Tern itself imports it: imported
# before, it would come without what Tern does meanwhile (trying the display in a child), a tenth of a second later.
LAUNCH = """
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
NAME = "tern.ui.window.main_window"
PAGES = ("models", "settings", "about", "help", "reply_options", "network", "deleted", "palette")
class Changed(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != NAME:
            return None
        spec = PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module
        def change(module):
            execute(module)
            say_when_painted(module.MainWindow)
        spec.loader.exec_module = change
        return spec
def say_when_painted(window_class):
    from PySide6.QtCore import QEvent, QSocketNotifier
    inner, said = window_class.event, []
    def event(self, what):
        done = inner(self, what)
        if what.type() == QEvent.Type.Paint and not said:
            said.append(True)
            print("painted", flush=True)
            asked = QSocketNotifier(0, QSocketNotifier.Type.Read, self)
            asked.activated.connect(lambda: show(self, asked))
        return done
    window_class.event = event
def show(window, asked):
    from PySide6.QtCore import QTimer
    from tern.ui.shared.closables import Layer
    asked.setEnabled(False)
    for number, name in enumerate(PAGES):
        QTimer.singleShot(700 * number, window.actions_[name].trigger)
    QTimer.singleShot(700 * len(PAGES), lambda: (window.closables.close_from(Layer.PAGE), print("shown", flush=True)))
sys.meta_path.insert(0, Changed())
from tern.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def _switches(process: psutil.Process) -> int:
    """Times that any of its threads was woken so far."""
    total = 0
    for thread in process.threads():
        for line in Path(f"/proc/{process.pid}/task/{thread.id}/status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def _memory(process: psutil.Process) -> str:
    memory = process.memory_full_info()
    return f"private {memory.uss / 1e6:.0f} MB, resident {memory.rss / 1e6:.0f} MB"


def launch(folder: Path, rest_s: float) -> None:
    """Time to the first paint, then CPU, wake-ups and memory of the window at rest."""
    environment = dict(os.environ, PYTHONPATH=str(HERE.parents[1] / "app"))
    command = [sys.executable, "-c", LAUNCH, "--data-dir", str(folder)]
    for attempt in ("first launch", "second launch"):
        # Our own clock: what the system says of a process's start is off by up to a second (whole seconds of boot).
        started = time.perf_counter()
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            print(f"{attempt:>26}: painted after {time.perf_counter() - started:.2f} s", flush=True)
            process = psutil.Process(child.pid)
            time.sleep(8)  # the model has come up and the backup is made
            cpu, woken = sum(process.cpu_times()[:2]), _switches(process)
            time.sleep(rest_s)
            cpu, woken = sum(process.cpu_times()[:2]) - cpu, _switches(process) - woken
            print(
                f"{'at rest':>26}: {100 * cpu / rest_s:.2f}% of a core, {woken / rest_s:.1f} wake-ups a second; "
                f"{_memory(process)}",
                flush=True,
            )
            assert child.stdin is not None
            child.stdin.write("show\n")
            child.stdin.flush()
            child.stdout.readline()
            time.sleep(2)
            print(f"{'after every page':>26}: {_memory(process)}", flush=True)
            child.terminate()


def _painted(act: Callable[[], object]) -> float:
    """ms until ``act`` and all painting that follows from it are done."""
    started = time.perf_counter()
    act()
    for _ in range(3):
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
    return 1000 * (time.perf_counter() - started)


def _report(name: str, took: list[float]) -> None:
    took.sort()
    print(f"{name:>26}: {took[len(took) // 2]:7.1f} ms, worst {took[-1]:7.1f} ms", flush=True)


def _reply(window: MainWindow, conversation: int) -> None:
    """What follows when a reply ends in an old conversation: it moves to the top."""
    window.store.add(conversation, [("assistant", "Fine.", State.DONE)], None)
    window.queue.conversation_changed.emit(conversation)


def conversations(folder: Path, count: int) -> None:
    """Ten thousand conversations in the window: open, search, scroll."""
    from measure_store import fill

    store = Store.open(folder)
    fill(store, count, 20)
    store.close()
    store = Store.open(folder)
    window = MainWindow(Theme(QApplication.instance()), store)
    window.show()
    QTimer.singleShot(500, (loop := QEventLoop()).quit)
    loop.exec()
    ids = [summary.id for summary in store.summaries()]
    some = ids[:: max(1, count // 20)][:20]
    _report("open a conversation", [_painted(lambda n=n: window.conversations.show(n)) for n in some])
    _report("new chat", [_painted(window.conversations.new) for _ in range(3)])
    common = store._db.execute("SELECT term FROM message_vocabulary ORDER BY cnt DESC LIMIT 1").fetchone()[0]
    for query in ("kittiwake", common, "a", "kitiwake", f"{common} kittiwake", "nothingofthesort"):
        window.sidebar.search.setText(query)
        _report(
            f"search {query!r}",
            [_painted(lambda: window.conversations.search_for(window.sidebar.query)) for _ in range(5)],
        )
    window.sidebar.search.clear()
    _report("leave the search", [_painted(lambda: window.conversations.search_for("")) for _ in range(3)])
    bar = window.sidebar.list.verticalScrollBar()
    steps = range(0, bar.maximum(), max(1, bar.maximum() // 100))
    _report("scroll the list", [_painted(lambda at=at: bar.setValue(at)) for at in steps])
    _report("a reply ends", [_painted(lambda n=n: _reply(window, n)) for n in ids[count // 2 :][:5]])
    _report(
        "rename",
        [_painted(lambda n=n: window.conversations.rename(n, f"Conversation {n}")) for n in some[:5]],
    )
    _report("pin", [_painted(lambda n=n: window.conversations.pin(n, True)) for n in some[:5]])
    _report("delete", [_painted(lambda n=n: window.conversations.delete(n)) for n in some[:5]])
    rows = window.sidebar.list
    _report("a frame of the list", [_painted(lambda: rows.viewport().repaint()) for _ in range(20)])
    rows.indexAt(QPoint(4, 4))
    window.close()
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--rest", type=float, default=10, metavar="SECONDS")
    parser.add_argument("--part", choices=["launch", "conversations"])
    args = parser.parse_args()
    application = QApplication([])
    with tempfile.TemporaryDirectory(prefix="tern-window-") as name:
        if args.part in (None, "launch"):
            launch(Path(name) / "launch", args.rest)
        if args.part in (None, "conversations"):
            (many := Path(name) / "many").mkdir()
            conversations(many, args.conversations)
    del application


if __name__ == "__main__":
    main()
