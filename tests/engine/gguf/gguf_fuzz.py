"""Open mutated model files and say what happened; run by test_gguf_fuzz.py in a process of its own.

Prints one JSON object: how many files were tried, opened and refused, the slowest, and how the memory grew.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tern.engine.config import BitnetConfig
from tern.engine.convert.synthetic import SyntheticShape, write_synthetic
from tern.engine.gguf.reader import GGUFError, GGUFFile, StringArray
from tern.engine.gguf.writer import GGUFWriter
from tern.engine.vocabulary import sidecar

SHAPE = SyntheticShape(
    n_embd=128, n_layers=1, n_ff=128, n_heads=2, n_kv_heads=1, n_vocab=280, context_size=64
)
EXTREMES = (
    0,
    1,
    7,
    255,
    1 << 16,
    (1 << 31) - 1,
    1 << 31,
    1 << 32,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)


def seeds(folder: Path) -> list[tuple[bytes, int]]:
    """Valid files to start from, each with the length of its header."""
    model = folder / "model.gguf"
    write_synthetic(model, SHAPE)
    arrays = folder / "arrays.gguf"
    writer = GGUFWriter(arrays)
    for kind, dtype in enumerate(("u1", "i1", "<u2", "<i2", "<u4", "<i4", "<f4", "?", "<u8", "<i8", "<f8")):
        writer.add(f"array.{kind}", np.ones(kind, dtype))
    writer.add("words", ["a", "", "word"])
    writer.add("text", "some text")
    writer.write()
    found = []
    for path in (model, arrays):
        with GGUFFile.open(path) as file:
            found.append((path.read_bytes(), file.data_offset))
    return found


def mutate(content: bytes, header: int, random: np.random.Generator) -> bytes:
    """One to three small lies in the header, or an early end."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 4))):
        at = int(random.integers(0, min(header, len(data))))
        match int(random.integers(0, 7)):
            case 0:
                data[at] ^= 1 << int(random.integers(0, 8))
            case 1:
                data[at] = int(random.integers(0, 256))
            case 2:
                value = EXTREMES[int(random.integers(0, len(EXTREMES)))]
                data[at : at + 8] = value.to_bytes(8, "little")
            case 3:
                data[at : at + 4] = int(random.integers(0, 48)).to_bytes(4, "little")
            case 4:  # splice: a piece of the header over another
                length = int(random.integers(1, 64))
                start = int(random.integers(0, header))
                data[at : at + length] = data[start : start + length]
            case 5:
                data[at:at] = random.bytes(int(random.integers(1, 32)))
            case 6:
                del data[at : at + int(random.integers(1, 32))]
    if random.random() < 0.1:
        del data[int(random.integers(0, len(data))) :]
    return bytes(data)


def use(path: Path, cache: Path) -> None:
    """Do all that Tern does with a file before it computes."""
    with GGUFFile.open(path) as file:
        for value in file.metadata.values():
            if isinstance(value, StringArray):
                list(value)
        for name in file.tensors:
            file.data(name)[-1]
        BitnetConfig.from_gguf(file)
        sidecar(file, cache)


def hostile(folder: Path) -> Iterator[Path]:
    """Large sparse files whose headers announce as much as the reader lets them."""

    def text(raw: bytes) -> bytes:
        return len(raw).to_bytes(8, "little") + raw

    head = b"GGUF" + (3).to_bytes(4, "little")
    strings = text(b"a") + (9).to_bytes(4, "little") + (8).to_bytes(4, "little")
    for n_tensors, n_pairs, rest in (
        (0, 1, strings + (2_000_000).to_bytes(8, "little")),
        (0, 1, strings + (1 << 27).to_bytes(8, "little")),
        (0, 1, text(b"a") + (8).to_bytes(4, "little") + (1 << 30).to_bytes(8, "little")),
        (
            65536,
            0,
            b"".join(
                text(b"%d" % n) + (1).to_bytes(4, "little") + bytes([1] + [0] * 19) for n in range(65536)
            ),
        ),
        (0, 4096, b"".join(text(b"%0512d" % n) + (0).to_bytes(4, "little") + b"x" for n in range(4096))),
    ):
        path = folder / "hostile.gguf"
        with path.open("wb") as file:
            file.write(head + n_tensors.to_bytes(8, "little") + n_pairs.to_bytes(8, "little") + rest)
            file.truncate(2 << 30)
        yield path


def main(folder: Path, count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    starts = seeds(folder)
    target = folder / "mutated.gguf"
    reasons: dict[str, int] = {}
    opened = calls = 0
    most = {True: 0, False: 0}
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def count_call(*_: object) -> None:  # whatever the clock says on a busy machine: the work of one file
        nonlocal calls
        calls += 1

    def files() -> Iterator[Path]:
        for n in range(count):
            target.write_bytes(mutate(*starts[n % len(starts)], random))
            yield target
        yield from hostile(folder)

    for path in files():
        calls = 0
        sys.setprofile(count_call)
        try:
            use(path, folder)
            opened += 1
        except GGUFError as error:
            reason = str(error).partition(": ")[2][:24]
            reasons[reason] = reasons.get(reason, 0) + 1
        finally:
            sys.setprofile(None)
        most[path == target] = max(most[path == target], calls)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident
    answer = {
        "tried": count,
        "opened": opened,
        "refused": sum(reasons.values()),
        "reasons": len(reasons),
        "most_calls": most[True],
        "most_calls_hostile": most[False],
        "grown_kb": grown,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
