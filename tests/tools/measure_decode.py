"""What the window costs the model: tokens a second headless and with the window streaming, in alternation. A command,
not a test: ``xvfb-run python tests/tools/measure_decode.py --model FILE``.

One engine, opened once; without the window its replies go nowhere. Aim: within 5%.
"""

from __future__ import annotations

# ruff: noqa: E402 (the path must be set before the imports)
import argparse
import statistics
import sys
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "app")]

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from tern.engine.types import Engine, EngineOptions, Message, Request, SamplingParams, Stats
from tern.open_engine import open_engine
from tern.settings import MAX_TOKENS, TEMPERATURE, Settings
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow

PROMPT = "Tell me of the tern."


def headless(engine: Engine, tokens: int) -> Stats:
    """A reply on a thread of its own, as the worker makes it."""
    last: list[Stats] = []
    request = Request([Message("user", PROMPT)], SamplingParams(temperature=0.0), tokens)

    def work() -> None:
        for chunk in engine.generate(request, lambda: False, lambda done, total: None):
            last[:] = [chunk.stats]

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return last[0]


def in_the_window(window: MainWindow) -> tuple[Stats, float]:
    """The same in a new conversation on show, and the GUI thread's share of a core."""
    window.conversations.new()
    window.chat.send(PROMPT)
    loop, timer = QEventLoop(), QTimer(interval=50)
    timer.timeout.connect(lambda: None if window.session.busy or not window.session.path else loop.quit())
    timer.start()
    wall, cpu = time.perf_counter(), time.thread_time()
    loop.exec()
    share = (time.thread_time() - cpu) / (time.perf_counter() - wall)
    return window.session.path[-1].stats, share


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    application = QApplication([])
    engine = open_engine(args.model, EngineOptions(threads=args.threads))
    settings = Settings()
    settings[TEMPERATURE], settings[MAX_TOKENS] = 0.0, args.tokens
    window = MainWindow(Theme(application), settings=settings)
    window.show()
    window.open_model(lambda progress: engine)
    loop = QEventLoop()
    window.queue.model_loaded.connect(loop.quit)
    loop.exec()
    headless(engine, args.tokens)  # pages in, clocks up
    ratios = []
    for _ in range(args.turns):
        alone = headless(engine, args.tokens)
        shown, share = in_the_window(window)
        assert alone.tokens == shown.tokens == args.tokens, (alone, shown)
        ratios.append(shown.decode_tokens_per_s / alone.decode_tokens_per_s)
        print(
            f"headless {alone.decode_tokens_per_s:6.2f}   window {shown.decode_tokens_per_s:6.2f} tokens/s   "
            f"ratio {ratios[-1]:.3f}   GUI thread {share:.1%}",
            flush=True,
        )
    print(f"median ratio {statistics.median(ratios):.3f}")
    window.close()


if __name__ == "__main__":
    main()
