"""How long a test waits for something that must come. Only a hang is longer: no test says how fast anything is."""

from __future__ import annotations

import os
from typing import Any

from pytestqt.qtbot import QtBot

HANG_S = int(os.environ.get("TERN_TEST_PATIENCE_S", "300"))
HANG_MS = HANG_S * 1000


class PatientBot(QtBot):
    """pytest-qt's bot, whose waits give up after :data:`HANG_S` instead of after a second or five."""

    def waitUntil(self, callback: Any, *, timeout: int = HANG_MS) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = HANG_MS, **options: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitSignals(self, signals: Any, *, timeout: int = HANG_MS, **options: Any) -> Any:
        return super().waitSignals(signals, timeout=timeout, **options)

    def waitActive(self, widget: Any, *, timeout: int = HANG_MS) -> Any:
        return super().waitActive(widget, timeout=timeout)

    def waitExposed(self, widget: Any, *, timeout: int = HANG_MS) -> Any:
        return super().waitExposed(widget, timeout=timeout)
