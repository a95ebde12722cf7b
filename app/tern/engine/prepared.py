"""Copies of some weights in an order that decodes faster, made once a model and kept in the cache.

Three of them: every ``ffn_down`` by columns, so that columns whose activation is zero are never read; the other ternary
matrices with five codes in a byte instead of four, where this computer reads that faster (layout_choice.py); and a
coarse copy of the output matrix, four bits a weight, that ranks the vocabulary (kernels/coarse.h). All hold what the
model file holds and can always be made again. A small model's are made anew in memory at every start.
"""

from __future__ import annotations

import ctypes as C
import hashlib
import json
import logging
import mmap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tern import derived_files
from tern.atomic import replacing
from tern.engine import ggml
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.engine.kernels import loader as kernels
from tern.engine.layout_choice import Layout, choose, from_json, untimed
from tern.engine.weights import Weights, head_name
from tern.progress import OnProgress, ignore_progress

log = logging.getLogger(__name__)

FORMAT = 7  # of the cache file; a change makes every file again
IN_MEMORY_BYTES = 32 << 20  # up to here making them costs less than a file is worth
COARSE_FROM_BYTES = 32 << 20  # of the exact output matrix; a smaller one is read whole
_MAKER = f"format {FORMAT}"
HEADER_BYTES = 1 << 16
SAMPLES = 256  # pages hashed to know a file again and to see that it is whole
PAGE = 4096
COARSE_TASK_ROWS = 2048


@dataclass(frozen=True, slots=True)
class Coarse:
    """Addresses: ``rows`` u8[n_vocab * n_embd / 2], ``step``, ``along`` and ``reach`` f32[n_vocab], ``dither`` and
    ``direction`` f32[n_embd]."""

    rows: int
    step: int
    along: int
    reach: int
    dither: int
    direction: int


_COLUMNS, _PACKED = "columns.", "packed."  # followed by the name of the matrix
_PARTS = {"columns": "columns of down", "packed": "packed attention, gate, up", "coarse": "coarse head"}


def _by_matrix(addresses: dict[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): at for name, at in addresses.items() if name.startswith(prefix)}


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    offset: int
    n_bytes: int


class Prepared:
    """``columns`` and ``packed``: address of the copy by columns, or with five codes a byte, by matrix name.
    ``coarse``: the coarse head, if there is one. ``layout``: the instruction set that they are made for."""

    def __init__(self, memory: mmap.mmap, sections: list[_Section], layout: Layout) -> None:
        self.layout = layout
        self._memory = memory  # unmapped when the last view of it goes
        base = int(np.frombuffer(memory, np.uint8).ctypes.data)
        addresses = {section.name: base + section.offset for section in sections}
        self.columns = _by_matrix(addresses, _COLUMNS)
        self.packed = _by_matrix(addresses, _PACKED)
        self.coarse: Coarse | None = None
        self.largest_reach = 0.0  # of the rows of the coarse head
        if "coarse.rows" in addresses:
            self.coarse = Coarse(**{name: addresses[f"coarse.{name}"] for name in Coarse.__slots__})
            reach = next(section for section in sections if section.name == "coarse.reach")
            self.largest_reach = float(
                np.frombuffer(memory, np.float32, reach.n_bytes // 4, reach.offset).max()
            )
        self.ranges: dict[str, list[tuple[int, int]]] = {}
        for section in sections:
            part = _PARTS[section.name.partition(".")[0]]
            self.ranges.setdefault(part, []).append((base + section.offset, section.n_bytes))


def prepare(
    file: GGUFFile,
    weights: Weights,
    cache_folder: Path,
    threads: int,
    exact_head: bool = False,
    progress: OnProgress = ignore_progress,
) -> Prepared | None:
    """The prepared copies of a model, from the cache where they are, else made now. None when nothing gains by it.

    When the cache cannot be written the copies live in memory and the log says so.
    """
    library = kernels.load()
    smallest = list(_sections(file, weights, exact_head, packed=True))
    if not smallest:
        return None
    if _end(smallest) - HEADER_BYTES <= IN_MEMORY_BYTES:
        layout = untimed(library)
        sections = list(_sections(file, weights, exact_head, layout.packed))
        memory = _made(mmap.mmap(-1, _end(sections)), sections, file, weights, threads, progress)
        return Prepared(memory, sections, layout)
    key = _key(file, smallest)
    path = cache_folder / derived_files.PREPARED / f"{key[:32]}.bin"
    if (found := _opened(path, key)) is not None:
        memory, layout = found
        sections = list(_sections(file, weights, exact_head, layout.packed))
        if _end(sections) == len(memory):
            return Prepared(memory, sections, layout)
    layout = choose(library, weights, _packed_bytes(weights, library), threads)
    log.info("computing with %s, %s codes a byte", layout.kernel, "five" if layout.packed else "four")
    sections = list(_sections(file, weights, exact_head, layout.packed))
    memory = _made(mmap.mmap(-1, _end(sections)), sections, file, weights, threads, progress)
    memory = _kept(path, key, layout, memory, file.path) or memory
    return Prepared(memory, sections, layout)


def layouts(cache_folder: Path) -> Iterator[tuple[str, Layout]]:
    """Name of the model file and the layout of each prepared copy in the cache, for ``tern doctor``."""
    for path in sorted((cache_folder / derived_files.PREPARED).glob("*.bin")):
        with suppress(OSError, ValueError, KeyError, TypeError), path.open("rb") as stream:
            header = json.loads(stream.read(HEADER_BYTES).rstrip(b"\0"))
            yield header["model"], from_json(header["layout"])


def _end(sections: list[_Section]) -> int:
    return sections[-1].offset + sections[-1].n_bytes if sections else HEADER_BYTES


def _by_columns(weights: Weights, name: str) -> bool:
    return weights.config.activation == "relu2" and name.endswith("ffn_down")


def _packed_bytes(weights: Weights, library: kernels.Kernels) -> dict[str, int]:
    """Size of the packed copy of each matrix that can have one."""
    found = {
        name: library.packed_bytes(weights.n_in(name), matrix.n_out)
        for name, matrix in weights.matrices.items()
        if not _by_columns(weights, name)
    }
    return {name: n_bytes for name, n_bytes in found.items() if n_bytes}


def _sections(file: GGUFFile, weights: Weights, exact_head: bool, packed: bool) -> Iterator[_Section]:
    """What to make, each part beginning on a page."""
    config = weights.config
    at = HEADER_BYTES

    def section(name: str, n_bytes: int) -> _Section:
        nonlocal at
        made = _Section(name, at, n_bytes)
        at += -(-n_bytes // PAGE) * PAGE
        return made

    library = kernels.load()
    rows = _packed_bytes(weights, library) if packed else {}
    for name, matrix in weights.matrices.items():
        if _by_columns(weights, name):
            yield section(_COLUMNS + name, library.columns_bytes(config.n_ff, matrix.n_out))
        elif name in rows:
            yield section(_PACKED + name, rows[name])
    head = file.tensors[head_name(file)]
    fits = head.type in (TensorType.F16, TensorType.F32) and config.n_embd <= kernels.MAX_COARSE_WIDTH
    if fits and not exact_head and head.n_bytes >= COARSE_FROM_BYTES:
        for name in ("step", "along", "reach"):
            yield section(f"coarse.{name}", 4 * config.n_vocab)
        for name in ("dither", "direction"):
            yield section(f"coarse.{name}", 4 * config.n_embd)
        yield section("coarse.rows", config.n_vocab * config.n_embd // 2)


def _key(file: GGUFFile, sections: list[_Section]) -> str:
    """Names the model's content, from its header and sampled pages, what can be made of it, and the instruction sets
    that the layout was timed among. Not the count of threads, each of which would cost another large copy."""
    hasher = hashlib.blake2b(digest_size=32)
    sets = f"{kernels.load().available} {kernels.forced()}"
    hasher.update(f"{FORMAT} {kernels.ABI_VERSION} {file.size} {sections} {sets}".encode())
    # Read, not mapped: every page touched through the mapping would stay.
    with file.path.open("rb") as stream:
        hasher.update(stream.read(file.data_offset))
        for start in _sample_starts(file.size):
            stream.seek(start)
            hasher.update(stream.read(PAGE))
    return hasher.hexdigest()


def _sample_starts(size: int) -> list[int]:
    return [int(start) for start in np.linspace(0, max(0, size - PAGE), SAMPLES)]


def _sampled(content: NDArray[np.uint8]) -> bytes:
    return b"".join(content[start : start + PAGE].tobytes() for start in _sample_starts(len(content)))


def _opened(path: Path, key: str) -> tuple[mmap.mmap, Layout] | None:
    """The file mapped, and its layout, or None when it is missing, of another model or damaged."""
    try:
        with path.open("rb") as stream:
            memory = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
    try:
        header = json.loads(memory[:HEADER_BYTES].rstrip(b"\0"))
        content = np.frombuffer(memory, np.uint8)[HEADER_BYTES:]
        digest = hashlib.blake2b(_sampled(content)).hexdigest()
        if (header["key"], header["samples"], header["bytes"]) == (key, digest, len(memory)):
            return memory, from_json(header["layout"])
    except (ValueError, TypeError, KeyError):
        pass
    log.warning("the prepared weights in %s do not fit the model and are made again", path)
    return None


def _kept(path: Path, key: str, layout: Layout, memory: mmap.mmap, model: Path) -> mmap.mmap | None:
    """Write ``memory`` to ``path`` and map that instead, so that the system can take its pages back when it must.

    What was kept for models that are gone makes room first.
    """
    with memoryview(memory) as content:
        digest = hashlib.blake2b(_sampled(np.frombuffer(content, np.uint8)[HEADER_BYTES:])).hexdigest()
        about = {"key": key, "samples": digest, "bytes": len(memory), "model": model.name}
        header = json.dumps({**about, "layout": layout.as_json()}).encode()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            derived_files.forget_gone(path.parent, _MAKER)
            derived_files.note(path, model, _MAKER)
            with replacing(path) as stream:
                stream.write(header.ljust(HEADER_BYTES, b"\0"))
                stream.write(content[HEADER_BYTES:])
        except OSError as error:
            log.warning("the prepared weights could not be kept in %s: %s", path.parent, error)
            return None
    found = _opened(path, key)
    return found[0] if found else None


def _made(
    memory: mmap.mmap,
    sections: list[_Section],
    file: GGUFFile,
    weights: Weights,
    threads: int,
    progress: OnProgress,
) -> mmap.mmap:
    """Fill ``memory`` on ``threads`` threads (the C functions release the GIL)."""
    view = np.frombuffer(memory, np.uint8)
    base = int(view.ctypes.data)
    by_name = {section.name: section for section in sections}
    config, library = weights.config, kernels.load()
    tasks: list[Callable[[], None]] = []
    ternary: list[str] = []
    for name, section in by_name.items():
        if not name.startswith((_COLUMNS, _PACKED)):
            continue
        matrix_name = name.partition(".")[2]
        ternary.append(f"{matrix_name}.weight")
        repack = partial(_repacked, library, weights, matrix_name, base + section.offset)
        tasks.append(partial(repack, name.startswith(_COLUMNS)))
    if "coarse.rows" in by_name:
        head = file.tensors[head_name(file)]
        half = head.type == TensorType.F16
        exact = file.data(head_name(file)).view(np.float16 if half else np.float32)
        at = {name: base + by_name[f"coarse.{name}"].offset for name in Coarse.__slots__}
        args = kernels.CoarseArgs(
            **at,
            weights=file.address + head.offset,
            n=config.n_embd,
            type=ggml.Type.F16 if half else ggml.Type.F32,
        )
        for name, values in (
            ("dither", dither(config.n_embd)),
            ("direction", direction(exact.reshape(config.n_vocab, config.n_embd))),
        ):
            C.memmove(at[name], values.ctypes.data, values.nbytes)
        for first in range(0, config.n_vocab, COARSE_TASK_ROWS):
            end = min(first + COARSE_TASK_ROWS, config.n_vocab)
            tasks.append(lambda first=first, end=end: library.coarse_build(args, first, end))  # type: ignore[misc]
    with ThreadPoolExecutor(threads, "tern-prepare") as pool:
        for done, _ in enumerate(pool.map(lambda task: task(), tasks), start=1):
            progress(done / len(tasks))
    del view
    file.release([*ternary, head_name(file)])
    return memory


def _repacked(library: kernels.Kernels, weights: Weights, name: str, out: int, columns: bool) -> None:
    """One matrix by columns, or with five codes a byte, written to address ``out``."""
    matrix, n_in = weights.matrices[name], weights.n_in(name)
    if columns:
        library.repack_columns(matrix.codes, n_in, matrix.n_out, out)
    else:
        library.pack_rows(matrix.codes, n_in, 0, matrix.n_out, out)


def dither(n: int) -> NDArray[np.float32]:
    """``n`` values uniform in [-1/2, 1/2), the same for ever and independent of any weights."""
    raw = np.random.PCG64(20260222).random_raw(n) >> np.uint64(40)
    return (raw.astype(np.float64) * 2.0**-24 - 0.5).astype(np.float32)


def direction(rows: NDArray[Any]) -> NDArray[np.float32]:
    """The mean of the output ``rows`` (n_vocab, n), made length 1; of every 16th row, which is close enough."""
    mean = rows[::16].astype(np.float32).mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    unit: NDArray[np.float32] = (mean / length if length > 0 else mean).astype(np.float32)
    return unit
