"""How long the window's thread is busy at a stretch, whatever a model or a person writes. A command, not a test:
``python tests/tools/measure_frames.py``, or with ``--text NAME --scale 1 2 4 10``.

Each text is streamed through the real window, worker and bridge, a piece a frame (27 characters, as 200 tokens a second
bring them, or a four-hundredth of a long text), and then opened from the store. Printed are the longest frame, from one
return to the event loop to the next with all painting, what Stop takes in the middle, and for opening the first frame
and all of them until it stands there. Times are CPU times of the window's thread (``time.thread_time``), so that they
hold on a busy machine. Every text runs in a process of its own, which is ended after ``--limit`` seconds. Aim: 33 ms.
"""

from __future__ import annotations

# ruff: noqa: E402 (the paths must be set before the imports)
import argparse
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "app"), str(Path(__file__).resolve().parents[1])]

from PySide6.QtWidgets import QApplication

from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.store import Store
from tern.chat.types import Entry, State
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Chunk, FinishReason, Request, Stats
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow
from ui.long_texts import REPLIES, TABLE, WORDS, base64_text, repeated

CHARACTERS_A_FRAME = 27
MOST_FRAMES = 400


def _table_and_formulas(rows: int) -> str:
    """A table of that many rows, and a formula for every six of them."""
    table = TABLE + "".join(f"| {row} | a tern | {row * 7} km |\n" for row in range(rows))
    return table + "".join(
        f"\n$$\\sum_{{n={number}}}^{{\\infty}} \\frac{{1}}{{n^2}} = \\sqrt{{x_{{{number}}}}}$$\n"
        for number in range(rows // 6)
    )


SETTING: dict[str, tuple[Callable[[int], str], int]] = {
    "table of n rows, n/6 formulas": (_table_and_formulas, 300)
}
MESSAGES: dict[str, tuple[Callable[[int], str], int]] = {
    "message: one run": (repeated("A"), 400_000),
    "message: ends of lines": (repeated("\n"), 10_000),
    "message: paragraph": (repeated(WORDS), 20_000),
}
PAGES: dict[str, tuple[Callable[[int], str], int]] = {
    "page: base64": (base64_text, 300_000),
    "page: paragraph": (repeated(WORDS), 300_000),
    "page: ends of lines": (repeated("\n"), 10_000),
}
CONVERSATIONS: dict[str, tuple[Callable[[int], str], int]] = {
    "conversation of n turns": (lambda n: "x" * n, 200)
}
STREAMED = REPLIES | SETTING
ALL = STREAMED | MESSAGES | PAGES | CONVERSATIONS


class _Stepped(FakeEngine):
    """Says the next piece when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.go = threading.Semaphore(0)

    def generate(
        self, request: Request, should_stop: object = None, on_prefill: object = None
    ) -> Iterator[Chunk]:
        for number, piece in enumerate(self.pieces):
            self.go.acquire()
            if should_stop():  # type: ignore[operator]
                yield Chunk("", Stats(tokens=number, finish_reason=FinishReason.STOPPED))
                return
            yield Chunk(piece, Stats(tokens=number + 1, context_size=4096))
        yield Chunk("", Stats(tokens=len(self.pieces), context_size=4096, finish_reason=FinishReason.END))


class _Clock:
    """CPU milliseconds of this thread, by frames."""

    def __init__(self) -> None:
        self.frames: list[float] = []

    def frame(self, act: Callable[[], object] = lambda: None) -> float:
        started = time.thread_time()
        act()
        QApplication.processEvents()
        self.frames.append(1000 * (time.thread_time() - started))
        return self.frames[-1]


def _settle(window: MainWindow, clock: _Clock) -> None:
    """Frames until all of the conversation stands there."""
    while True:
        clock.frame()
        view = window.transcript
        if view.settled and view._writer.highlighter.idle and not view.formulas.busy:
            return
        time.sleep(0.002)


def stream(text: str) -> dict[str, float]:
    window, engine, clock = MainWindow(Theme(QApplication.instance())), _Stepped(), _Clock()
    size = max(CHARACTERS_A_FRAME, len(text) // MOST_FRAMES)
    engine.pieces = [text[at : at + size] for at in range(0, len(text), size)] * 2
    window.open_model(lambda progress: engine)
    window.resize(1000, 700)
    window.show()
    while window.queue.info is None:
        QApplication.processEvents()
    window.chat.send("Go")
    QApplication.processEvents()
    gc.collect()
    gc.freeze()
    bridge = window.queue.bridge

    def step() -> None:
        engine.go.release()
        while not bridge._waiting and window.session.busy:
            time.sleep(0)

    for _ in range(len(engine.pieces) // 2):
        step()
        clock.frame(bridge.drain)
    stop = _Clock()

    def until_stopped() -> None:
        window.chat.stop()
        step()
        bridge.drain()

    stop.frame(until_stopped)
    assert not window.session.busy
    _settle(window, clock)
    window.close()
    return {
        "longest": max(clock.frames),
        "mean": sum(clock.frames) / len(clock.frames),
        "stop": stop.frames[0],
    }


def _opened(entries: list[Entry]) -> dict[str, float]:
    store = Store.in_memory()
    number = store.create("Long")
    store.import_entries(number, entries, entries[-1].id)
    window, clock = MainWindow(Theme(QApplication.instance()), store), _Clock()
    window.resize(1000, 700)
    window.show()
    QApplication.processEvents()
    gc.collect()
    gc.freeze()
    first = clock.frame(lambda: window.conversations.show(number))
    _settle(window, clock)
    window.close()
    store.close()
    return {"first": first, "longest later": max(clock.frames[1:]), "all": sum(clock.frames)}


def open_page(text: str) -> dict[str, float]:
    window, clock = MainWindow(Theme(QApplication.instance())), _Clock()
    window.show()
    QApplication.processEvents()
    page: list[AttachmentPage] = []

    def show() -> None:
        page.append(
            AttachmentPage(
                window._theme, Attachment("file.txt", text, len(text), AttachmentKind.FILE), window
            )
        )
        page[0].show()

    first = clock.frame(show)
    for _ in range(5):
        clock.frame()
    page[0].close()
    window.close()
    return {"first": first, "longest later": max(clock.frames[1:]), "all": sum(clock.frames)}


def measure(name: str, scale: int, part: str) -> dict[str, float]:
    make, length = ALL[name]
    text = make(length * scale)
    if part == "stream":
        return stream(text)
    if name in PAGES:
        return open_page(text)
    if name in CONVERSATIONS:
        return _opened([_entry(n, WORDS * 4) for n in range(2 * len(text))])
    if name in MESSAGES:
        return _opened([_entry(0, text), _entry(1, "Yes.")])
    return _opened([_entry(0, "Go"), _entry(1, text)])


def _entry(number: int, text: str) -> Entry:
    role = "assistant" if number % 2 else "user"
    return Entry(number + 1, number or None, role, text, State.DONE)


def _in_a_process(name: str, scale: int, part: str, limit: float) -> dict[str, float] | None:
    command = [sys.executable, __file__, "--one", "--text", name, "--scale", str(scale), "--part", part]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", choices=list(ALL), action="append")
    parser.add_argument("--scale", type=int, nargs="+", default=[1, 2, 4, 10])
    parser.add_argument("--limit", type=float, default=60, metavar="SECONDS")
    parser.add_argument("--part", choices=["stream", "open"], help=argparse.SUPPRESS)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        application = QApplication([])
        figures = measure(args.text[0], args.scale[0], args.part)
        print(json.dumps(figures))
        del application
        return
    print("| text | at | stream: longest | mean | Stop | open: first | longest later | all |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name in args.text or list(ALL):
        # What took too long at a smaller scale is not tried.
        over = {
            "stream": name not in STREAMED,
            "open": False,
        }
        for scale in args.scale:
            cells = [name, f"{scale}x"]
            for part, keys in (
                ("stream", ("longest", "mean", "stop")),
                ("open", ("first", "longest later", "all")),
            ):
                figures = None if over[part] else _in_a_process(name, scale, part, args.limit)
                if figures is not None:
                    cells += [f"{figures[key]:.0f}" for key in keys]
                    continue
                words = "" if part == "stream" and name not in STREAMED else f"over {args.limit:.0f} s"
                over[part] = True
                cells += [words, "", ""]
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
