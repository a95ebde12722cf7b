"""Ternary models of llama's architecture in Microsoft's I2_S (Falcon-E, Falcon3 1.58-bit and their like): llama.cpp
knows the architecture and not the encoding, so a copy in TQ2_0 is made once, in the cache, and that is opened.

Nothing is rounded: the codes are the same, and each tensor's F32 scale stands beside it as llama.cpp reads it. The copy
is read back and compared before it is used. Knows no llama.cpp.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tern.atomic import replacing
from tern.engine.gguf import GGUFFile, TensorType
from tern.engine.recode import write_recoded
from tern.errors import UserError

_FOLDER = "recoded"
_SPARE = 64 << 20


def openable(path: Path, cache: Path, progress: Callable[[float], None] = lambda fraction: None) -> Path:
    """``path`` itself, or its copy in the folder ``cache`` where llama.cpp could not open it as it is.

    Raises UserError where there is no room for the copy, or its weights cannot be had in TQ2_0.
    """
    with GGUFFile.open(path) as file:
        if not any(info.type is TensorType.I2_S for info in file.tensors.values()):
            return path
        folder = cache / _FOLDER
        target, source = folder / f"{_key(path)}.gguf", _source(path)
        if target.is_file():
            return target
        _forget_the_gone(folder)
        free = shutil.disk_usage(cache).free
        if free < file.size + _SPARE:
            raise UserError(
                f"{path.name} has to be re-encoded once for llama.cpp: that needs {file.size / 1e6:,.0f} MB in "
                f"{folder}, where {free / 1e6:,.0f} MB are free. Make room and try again."
            )
        try:
            folder.mkdir(exist_ok=True)
            with replacing(target.with_suffix(".json")) as note:
                note.write(json.dumps(source).encode())
        except OSError as error:
            raise UserError(f"Tern could not write in {folder} ({error.strerror}).") from error
        write_recoded(file, target, "tq2_0", progress=progress)
    return target


def _source(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {"path": str(path.resolve()), "size": status.st_size, "modified": status.st_mtime_ns}


def _key(path: Path) -> str:
    return hashlib.sha256(json.dumps(_source(path)).encode()).hexdigest()[:24]


def _forget_the_gone(folder: Path) -> None:
    """Delete copies of files that are no longer there, or no longer what they were."""
    for note in folder.glob("*.json"):
        try:
            path = Path(json.loads(note.read_bytes())["path"])
            if path.is_file() and _key(path) == note.stem:
                continue
        except (OSError, ValueError, KeyError, TypeError):
            pass
        note.with_suffix(".gguf").unlink(missing_ok=True)
        note.unlink(missing_ok=True)
