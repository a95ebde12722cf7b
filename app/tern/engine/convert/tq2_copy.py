"""Copies in TQ2_0 of models in Microsoft's I2_S, which llama.cpp's kernels do not know: made once, in the cache.

Of ternary models of llama's architecture (Falcon-E, Falcon3 1.58-bit and their like) llama.cpp opens the copy. Of a
BitNet it is there to compare kernels with: ggml's compute it in Tern's graph, its output head in Q6_K, as llama.cpp's
users have it; `tern bench --compare` measures the same file.

No ternary weight is rounded: the codes are the same, and each tensor's F32 scale stands beside it as llama.cpp reads
it. The copy is read back and compared before it is used. Knows no llama.cpp.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tern import derived_files
from tern.engine.convert.recode import compare, head_of, write_recoded, write_tq2_0
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.errors import UserError, format_size
from tern.progress import OnProgress, ignore_progress

_MAKER = "tq2_0"
_SPARE = 64 << 20


def openable(path: Path, cache: Path, progress: OnProgress = ignore_progress) -> Path:
    """``path`` itself, or its copy in the folder ``cache`` where llama.cpp could not open it as it is.

    Raises UserError where there is no room for the copy, or its weights cannot be had in TQ2_0.
    """
    return _made(
        path, cache, "", lambda file, target: write_recoded(file, target, "tq2_0", progress=progress)
    )


def of_bitnet(path: Path, cache: Path, progress: OnProgress = ignore_progress, threads: int = 1) -> Path:
    """The copy of the BitNet at ``path`` that llama.cpp's kernels compute; ``path`` itself where they can read it.

    Raises UserError as ``openable`` does. What ``progress`` raises ends it, and nothing half done stays.
    """

    def write(file: GGUFFile, target: Path) -> None:
        part = target.with_name(f".{target.name}.part")
        try:
            write_tq2_0(file, part, lambda fraction: progress(0.5 * fraction), threads)
            with GGUFFile.open(part) as written:
                compare(file, written, lambda fraction: progress(0.5 + 0.5 * fraction), but=head_of(file))
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    return _made(path, cache, "-q6_k", write)


def _made(path: Path, cache: Path, kind: str, write: Callable[[GGUFFile, Path], None]) -> Path:
    with GGUFFile.open(path) as file:
        if not any(info.type is TensorType.I2_S for info in file.tensors.values()):
            return path
        folder = cache / derived_files.RECODED
        target = folder / f"{_key(path)}{kind}.gguf"
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
        write(file, target)
    return target


def _key(path: Path) -> str:
    return hashlib.sha256(json.dumps(derived_files.source_of(path)).encode()).hexdigest()[:24]
