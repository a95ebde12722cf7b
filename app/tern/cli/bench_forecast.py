"""What ``tern bench --forecast`` does: tell the full-size model's speed from a sixth of it, in a few seconds.

The window runs it in a process of its own, at low priority. It leaves nothing behind, on the disk or in memory.
"""

from __future__ import annotations

import _thread
import argparse
import contextlib
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tern.engine.convert.synthetic import SyntheticShape
    from tern.engine.types import EngineOptions

HIDDEN_OPTION = "--forecast"
_FOLDER = "forecast-"
_ROOM = 3.0  # of the file's size, free on the disk before it is made: prepared weights come beside it
_TOKENS, _REPEATS = 16, 12


def run(args: argparse.Namespace) -> int:
    """Measure, and print a forecast as one line of JSON. Raises UserError where the disk has no room."""
    from tern import __version__, paths
    from tern.cli import options
    from tern.engine.convert.synthetic import SHAPES, file_bytes
    from tern.errors import UserError
    from tern.metrics import forecast
    from tern.metrics.cpu import OtherLoad

    _step_back()
    _end_with_the_window()
    opened = options.engine_options(args)
    cache = paths.cache_dir()
    for left in cache.glob(f"{_FOLDER}*"):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    shape = forecast.slice_shape()
    if shutil.disk_usage(cache).free < _ROOM * file_bytes(shape):
        raise UserError("There is too little room in {cache} to measure.", cache=cache)
    with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=cache) as folder:
        paths.set_data_dir(folder)  # vocabulary and prepared weights go where the model goes
        load = OtherLoad()
        slice_rate, smallest_rate = (_rate(Path(folder), each, opened) for each in (shape, SHAPES["tiny"]))
        others = round(load.share(), 2)
    rate = forecast.full_rate(slice_rate, smallest_rate)
    found = forecast.Forecast(rate, forecast.place(__version__), others)
    print(found.as_json())
    return 0


def _step_back() -> None:
    """Let others go first, and clean up when asked to end. Not behind everyone: beside programs that keep every core
    busy, the last in the row gets a hundredth of one, and the measuring would not end.
    """
    import psutil

    process = psutil.Process()
    process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _end_with_the_window() -> None:
    """End when the window that started this does, however it ended: that closes the pipe on standard input."""
    try:
        kind = os.fstat(0).st_mode
    except OSError:
        return  # there is none
    if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
        threading.Thread(target=_wait_for_the_end_of_input, daemon=True).start()


def _wait_for_the_end_of_input() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    _thread.interrupt_main(signal.SIGTERM)  # what was made on the disk goes first


def _rate(folder: Path, shape: SyntheticShape, opened: EngineOptions) -> float:
    """Tokens a second of random weights of ``shape``: the best of some repeats.

    The others were disturbed, and a process that steps back for everyone is disturbed more than a reply will be.
    """
    from tern.engine.convert.synthetic import write_synthetic
    from tern.engine.types import SamplingParams
    from tern.metrics import benchmark, forecast
    from tern.metrics.benchmark import Plan
    from tern.open_engine import open_engine

    path = folder / f"{shape.n_embd}.gguf"
    write_synthetic(path, shape, sparsity=forecast.SPARSITY)
    engine = open_engine(path, opened)
    try:
        plan = Plan((), (0,), _TOKENS, _REPEATS, SamplingParams().top_k)
        return benchmark.measure(engine, shape.n_vocab, plan).decode[0].high
    finally:
        engine.close()
