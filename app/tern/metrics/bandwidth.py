"""How fast this computer's memory can be read: the ceiling of every engine that reads each weight for each token.

Each thread takes the maximum of an int32 array of its own, far larger than any cache; numpy does that with vector
instructions and without the interpreter's lock, and it keeps up with a plain C loop.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

TOTAL_BYTES = 1 << 29  # read in each pass, by all threads together
_LEAST_BYTES = 1 << 26  # of a thread's array


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """GB (10^9 bytes) read a second in each pass. The best one is the ceiling: others were disturbed."""

    threads: int
    passes: tuple[float, ...]

    @property
    def best(self) -> float:
        return max(self.passes)

    def as_json(self) -> dict[str, object]:
        """The object of the JSON report."""
        return {"threads": self.threads, "gb_s": self.best, "passes": list(self.passes)}


def measure(threads: int, passes: int = 8, total_bytes: int = TOTAL_BYTES) -> Bandwidth:
    """Read about ``total_bytes`` with ``threads`` threads, ``passes`` times after one that does not count."""
    size = max(total_bytes // threads, min(_LEAST_BYTES, total_bytes)) // 4
    arrays = [np.ones(size, np.int32) for _ in range(threads)]
    rates = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(passes + 1):
            started = time.perf_counter()
            for highest in pool.map(np.max, arrays):
                assert highest == 1
            rates.append(4 * size * threads / 1e9 / (time.perf_counter() - started))
    return Bandwidth(threads, tuple(rates[1:]))
