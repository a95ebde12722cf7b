"""How fast this computer's memory can be read: the ceiling of every engine that reads each weight for each token.

Each thread takes the maximum of an int32 array of its own, far larger than any cache; numpy does that with vector
instructions and without the interpreter's lock, and it keeps up with a plain C loop.
"""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

TOTAL_BYTES = 1 << 29  # read in each pass, by all threads together
_LEAST_BYTES = 1 << 26  # of a thread's array


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """GB (10^9 bytes) read a second in each pass. On a machine shared with others they differ from minute to minute."""

    threads: int
    passes: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.passes)

    @property
    def best(self) -> float:
        return max(self.passes)

    def as_json(self) -> dict[str, object]:
        """The object of the JSON report."""
        return {"threads": self.threads, "gb_s": self.median, "best": self.best, "passes": list(self.passes)}


class Probe:
    """Arrays to read, ready; ``threads`` threads read ``total_bytes`` together in a pass."""

    def __init__(self, threads: int, total_bytes: int = TOTAL_BYTES) -> None:
        self.threads = threads
        size = max(total_bytes // threads, min(_LEAST_BYTES, total_bytes)) // 4
        self._arrays = [np.ones(size, np.int32) for _ in range(threads)]
        self._bytes = 4 * size * threads
        self._pool = ThreadPoolExecutor(threads)
        self.read()  # starts the threads

    def read(self) -> float:
        """One pass, some milliseconds long: GB a second."""
        started = time.perf_counter()
        for highest in self._pool.map(np.max, self._arrays):
            assert highest == 1
        return self._bytes / 1e9 / (time.perf_counter() - started)

    def close(self) -> None:
        self._pool.shutdown()
        self._arrays.clear()


def measure(threads: int, passes: int = 8, total_bytes: int = TOTAL_BYTES) -> Bandwidth:
    """Read about ``total_bytes`` with ``threads`` threads, ``passes`` times after one that does not count."""
    probe = Probe(threads, total_bytes)
    try:
        return Bandwidth(threads, tuple(probe.read() for _ in range(passes)))
    finally:
        probe.close()
