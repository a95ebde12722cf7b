"""Keeps computer and screen awake while the stage is open: on a thread of its own, because desktops may answer late."""

from __future__ import annotations

import threading

from tern.library.awake import awake


class KeepAwake:
    """From its making on until :meth:`end`."""

    def __init__(self, why: str) -> None:
        self._why = why
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tern-awake", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Nobody waits for it here: a desktop that answers late must not hold up the window."""
        self._over.set()

    def _run(self) -> None:
        with awake(self._why, screen=True):
            self._over.wait()
