"""Keeps computer and screen awake while the stage is open: on a thread of its own, because desktops may answer late."""

from __future__ import annotations

import threading

from tern.library.awake import awake

_PATIENCE_S = 5.0


class KeepAwake:
    """From its making on until :meth:`end`."""

    def __init__(self, why: str) -> None:
        self._why = why
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tern-awake", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        with awake(self._why, screen=True):
            self._over.wait()
