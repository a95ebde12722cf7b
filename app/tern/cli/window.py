"""``tern`` alone: the window, or the conversation in the terminal where no window can be."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import tempfile
from pathlib import Path

from tern import paths
from tern.cli import chat, settings_warnings
from tern.cli.display import missing_display
from tern.cli.model_argument import installed_path
from tern.cli.streams import note

log = logging.getLogger(__name__)

_GUI_LIBRARIES = ("PySide6", "shiboken6", "qtawesome")


def run(args: argparse.Namespace) -> int:
    """Open the window; where none can be opened, say why and start ``tern chat``."""
    model: Path | None = args.model
    if args.self_test:
        return _self_test()
    if missing_display():
        return _chat(model, "There is no display to open a window on, so Tern chats here in the terminal.")
    gc.disable()  # until the first frame: what is made till then stays, and walking it costs 30 ms
    try:
        from tern.ui.display import Attempt

        attempt = Attempt()
        from tern.ui import app  # takes as long as the attempt
    except ImportError as error:
        if not _is_of_the_gui(error):
            raise
        log.warning("no window: %s", error)
        return _chat(model, f"The window's libraries cannot be loaded ({error}), so Tern chats here.")
    if problem := attempt.problem():
        return _chat(model, f"Tern cannot open its window here ({problem}), so it chats in the terminal.")
    from tern.engine.types import EngineOptions
    from tern.metrics.thread_choice import thread_count
    from tern.settings import Settings

    if model is not None:
        model = installed_path(model)
    threads = thread_count(Settings.load())
    return app.run(app.WindowOptions(model=model, engine=EngineOptions(threads=threads)), attempt.release)


def _self_test() -> int:
    """Whether this installation works, window and all, tried in a folder of its own that is gone afterwards."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="tern-self-test-") as folder:
        paths.set_data_dir(folder)
        from tern.ui import app

        return app.run(app.WindowOptions(self_test=True))


def display_problem() -> str:
    """Why no window can be opened here, found out by trying; empty when one can."""
    if missing_display():
        return "there is no display"
    try:
        from tern.ui.display import Attempt
    except ImportError as error:
        return str(error)
    attempt = Attempt()
    problem = attempt.problem()
    attempt.release()
    return problem


def _is_of_the_gui(error: ImportError) -> bool:
    """Whether an import failed for want of Qt, or of a system library that Qt needs, and not for a bug of ours."""
    module = (error.name or "").partition(".")[0]
    return module in _GUI_LIBRARIES or (not module and ".so" in str(error))


def _chat(model: Path | None, sentence: str) -> int:
    gc.enable()
    settings_warnings.say()
    note(f"{sentence} (tern --help lists what else it can do.)")
    parser = argparse.ArgumentParser(prog="tern")
    parser.set_defaults(model=None)  # as the whole command line has it
    chat.register(parser.add_subparsers())
    command = ["chat"] if model is None else ["chat", "--model", str(model)]
    return chat.run(parser.parse_args(command))
