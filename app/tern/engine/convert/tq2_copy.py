"""Ternary models of llama's architecture in Microsoft's I2_S (Falcon-E, Falcon3 1.58-bit and their like): llama.cpp
knows the architecture and not the encoding, so a copy in TQ2_0 is made once, in the cache, and that is opened.

Nothing is rounded: the codes are the same, and each tensor's F32 scale stands beside it as llama.cpp reads it. The copy
is read back and compared before it is used. Knows no llama.cpp.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from tern import derived_files
from tern.engine.convert.recode import write_recoded
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.errors import UserError, format_size
from tern.progress import OnProgress, ignore_progress

_MAKER = "tq2_0"
_SPARE = 64 << 20


def openable(path: Path, cache: Path, progress: OnProgress = ignore_progress) -> Path:
    """``path`` itself, or its copy in the folder ``cache`` where llama.cpp could not open it as it is.

    Raises UserError where there is no room for the copy, or its weights cannot be had in TQ2_0.
    """
    with GGUFFile.open(path) as file:
        if not any(info.type is TensorType.I2_S for info in file.tensors.values()):
            return path
        folder = cache / derived_files.RECODED
        target = folder / f"{_key(path)}.gguf"
        if target.is_file():
            return target
        derived_files.forget_gone(folder, _MAKER)
        free = shutil.disk_usage(cache).free
        if free < file.size + _SPARE:
            raise UserError(
                "{name} has to be re-encoded once for llama.cpp: that needs {size} in "
                "{folder}, where only {free} is free. Make room and try again.",
                name=path.name,
                size=format_size(file.size),
                folder=folder,
                free=format_size(free),
            )
        try:
            folder.mkdir(exist_ok=True)
            derived_files.note(target, path, _MAKER)
        except OSError as error:
            raise UserError(
                "Tern could not write in {folder} ({reason}).", folder=folder, reason=error.strerror
            ) from error
        write_recoded(file, target, "tq2_0", progress=progress)
    return target


def _key(path: Path) -> str:
    return hashlib.sha256(json.dumps(derived_files.source_of(path)).encode()).hexdigest()[:24]
