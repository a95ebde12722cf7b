"""The files that ``tern bench`` measures: random models, and llama.cpp's form of a model, made once in the cache."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tern.errors import UserError, format_size

SHAPES = ("2b4t", "small", "tiny")  # of engine.convert.synthetic, which is too heavy to import for --help
_SEED = 0
_VERSION = 1  # of the files made here: a change in how they are made needs new ones
_ROOM = 1.1  # of the file's size, free on the disk before it is made

Make = Callable[[Path, Callable[[float], None]], None]


def synthetic_model(shape_name: str, sparsity: float | None = None) -> Path:
    """The random model of that shape in the cache; made when it is not there or not whole."""
    from tern import paths
    from tern.engine.convert.synthetic import SHAPES, file_bytes, write_synthetic

    shape = SHAPES[shape_name]
    kind = "" if sparsity is None else f"-sparse{sparsity:g}"
    path = paths.cache_dir() / f"synthetic-{shape_name}-i2_s{kind}-v{_VERSION}.gguf"

    def make(target: Path, progress: Callable[[float], None]) -> None:
        write_synthetic(target, shape, seed=_SEED, progress=progress, sparsity=sparsity)

    return _cached(path, file_bytes(shape), "Making random weights (once)", make)


def llama_cpp_model(model: Path) -> Path:
    """The same weights in llama.cpp's own types, TQ2_0 and a Q6_K head, in the cache: the copy that the window's race
    runs on too.

    Raises UserError where a layer's width has no such types.
    """
    from tern import paths
    from tern.cli.terminal import ProgressLine
    from tern.engine.convert import tq2_copy
    from tern.engine.threads import performance_cores

    for old in paths.cache_dir().glob("compare-*-tq2_0-v*.gguf"):  # where such copies lay before
        with suppress(OSError):
            old.unlink()
    with ProgressLine("Making llama.cpp's form of the weights (once)") as progress:
        return tq2_copy.of_bitnet(model, paths.cache_dir(), progress, performance_cores())


def _cached(path: Path, needed: int, label: str, make: Make) -> Path:
    from tern.cli.terminal import ProgressLine
    from tern.engine.config import BitnetConfig
    from tern.engine.gguf.reader import GGUFError, GGUFFile

    try:
        with GGUFFile.open(path) as file:
            BitnetConfig.from_gguf(file)
        return path
    except GGUFError:
        pass  # not there, or not whole: make it
    free = shutil.disk_usage(path.parent).free
    if free < needed * _ROOM:
        raise UserError(
            "These weights need {needed} in {folder}, where only {free} is free. "
            "Make room, or choose another place with --data-dir DIR.",
            needed=format_size(needed),
            folder=path.parent,
            free=format_size(free),
        )
    with ProgressLine(label) as progress:
        make(path, progress)
    return path
