"""Decode in the window and on the stage, in turns: ``xvfb-run python tests/tools/measure_stage.py MODEL``.

The same question, greedy, as many tokens; the first pair does not count. Prints each pair's ratio and the median.
"""

from __future__ import annotations

# ruff: noqa: E402 (the paths must be set before the imports)
import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "app")]

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from tern import paths
from tern.chat.types import Draft
from tern.engine.types import EngineOptions
from tern.open_engine import open_any_engine
from tern.settings import MAX_TOKENS, STAGE_LOOK, TEMPERATURE, Settings
from tern.ui.stage import stage_controller
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow

QUESTION = "Tell a short story about an arctic tern that flies from pole to pole."


def _until(true: Callable[[], bool]) -> None:
    while not true():
        loop = QEventLoop()
        QTimer.singleShot(50, loop.quit)
        loop.exec()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--black", action="store_true")
    args = parser.parse_args()
    cache = paths.cache_dir()
    paths.set_data_dir(Path(tempfile.mkdtemp(prefix="tern-stage-")))
    (paths.cache_dir() / "prepared").symlink_to(cache / "prepared")  # made once
    app = QApplication(sys.argv[:1])
    settings = Settings()
    settings[MAX_TOKENS], settings[TEMPERATURE] = args.tokens, 0.0
    settings[STAGE_LOOK] = "black" if args.black else "paper"
    stage_controller._LONGEST = args.tokens
    window = MainWindow(Theme(app), None, settings)
    window.resize(1280, 800)
    window.show()
    window.open_model(lambda told: open_any_engine(args.model, EngineOptions(), told))
    _until(lambda: window.queue.info is not None)

    def in_window() -> float:
        window.conversations.new()
        window.queue.ask(window.session, Draft(QUESTION))
        window.chat._show_session()
        _until(lambda: not window.queue.busy)
        return window.session.path[-1].stats.decode_tokens_per_s

    def on_stage() -> float:
        window.show_stage()
        stage = window.stage
        assert stage is not None
        stage.ask(1)
        session = stage._session
        assert session is not None
        _until(lambda: not window.queue.busy)
        rate = session.path[-1].stats.decode_tokens_per_s
        stage.leave()
        return rate

    def pair(turned: bool) -> tuple[float, float]:
        if turned:  # whatever the first of two has of its place, both have it as often
            later = on_stage()
            return in_window(), later
        return in_window(), on_stage()

    pairs = [pair(bool(number % 2)) for number in range(args.pairs + 1)][1:]
    for first, second in pairs:
        print(f"window {first:.2f}, stage {second:.2f} tokens/s: {second / first:.3f}")
    print(
        f"median ratio {statistics.median(b / a for a, b in pairs):.3f}, screen {app.primaryScreen().size()}"
    )
    window.close()


if __name__ == "__main__":
    main()
