"""Memory and processor of this process, read on a thread of its own: the kernel's account walks every page."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from tern.metrics.memory import MemoryAccount, memory_account, memory_limit

_PAUSE_S = 2.0
_BUSY = 0.02  # of a processor: less is no thread that works


@dataclass(frozen=True, slots=True)
class Sample:
    """``threads``: the part of a processor that each busy thread took since the last sample, greatest first."""

    memory: MemoryAccount
    limit: int | None
    threads: tuple[float, ...]


class Sampler(QObject):
    """Samples every two seconds between :meth:`start` and :meth:`stop`."""

    sampled = Signal(object)  # Sample

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._stop: threading.Event | None = None

    def start(self) -> None:
        if self._stop is None:
            self._stop = threading.Event()
            threading.Thread(
                target=self._run, args=(self._stop,), name="tern-instruments", daemon=True
            ).start()

    def stop(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _run(self, stop: threading.Event) -> None:
        import psutil

        process = psutil.Process()
        before: dict[int, float] = {}
        then = time.monotonic()
        while not stop.is_set():
            try:
                used = {each.id: each.user_time + each.system_time for each in process.threads()}
            except psutil.Error:  # some systems tell the administrator only
                used = {}
            now = time.monotonic()
            parts = [(used[name] - before[name]) / max(now - then, 0.001) for name in used if name in before]
            busy = tuple(sorted((min(1.0, part) for part in parts if part >= _BUSY), reverse=True))
            before, then = used, now
            sample = Sample(memory_account(), memory_limit(), busy)
            if stop.is_set():
                return
            try:
                self.sampled.emit(sample)
            except RuntimeError:  # the window has gone
                return
            stop.wait(_PAUSE_S)
