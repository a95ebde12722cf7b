"""Finds out how fast the full-size model will be here, once, while nobody needs the computer: `tern bench --forecast`
in a process of its own at low priority, ended at once when a reply begins, and tried again when all is quiet.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from tern import __version__, paths
from tern.metrics.forecast import Forecast, place
from tern.metrics.fresh_process import tern_command
from tern.settings import FORECAST, Settings

log = logging.getLogger(__name__)

_LOOK_MS = 500
_QUIET_LOOKS = 8  # before it starts: the window has come up, and nobody is asking anything
_PATIENCE_LOOKS = 240
_END_MS = 2000
_LATER_MS = 15 * 60 * 1000  # after a measure beside busy programs
_MOST_TRIES = 4


def kept_forecast(settings: Settings) -> Forecast | None:
    """The forecast that was made on this computer by this Tern, if one was."""
    kept = Forecast.from_json(settings[FORECAST])
    return kept if kept is not None and kept.computer == place(__version__) else None


class SpeedProbe(QObject):
    """``told`` carries the Forecast, kept or new; nothing comes when none can be made. ``quiet`` is asked often."""

    told = Signal(object)

    def __init__(
        self, settings: Settings, save: Callable[[], None], quiet: Callable[[], bool], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._settings, self._save, self._quiet = settings, save, quiet
        self._process: QProcess | None = None
        self._looks = 0
        self._tries = 0
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._later = QTimer(self, interval=_LATER_MS, singleShot=True)
        self._later.timeout.connect(self._timer.start)

    def start(self) -> None:
        """Tell the forecast that is kept, or make one as soon as all is quiet."""
        QTimer.singleShot(0, self, self._begin)

    def close(self) -> None:
        """End what runs, and wait for it; what it made on the disk goes with it."""
        self._timer.stop()
        self._later.stop()
        if (process := self._end()) is not None and not process.waitForFinished(_END_MS):
            process.kill()
            process.waitForFinished(_END_MS)

    @property
    def running(self) -> bool:
        return self._process is not None

    def _begin(self) -> None:
        kept = kept_forecast(self._settings)
        if kept is not None:
            self.told.emit(kept)
        else:
            self._timer.start()

    def _look(self) -> None:
        self._looks += 1
        if not self._quiet():
            self._looks = 0
            self._end()
        elif self._process is None and self._looks >= _QUIET_LOOKS:
            self._looks = 0
            self._measure()
        elif self._looks >= _PATIENCE_LOOKS:
            log.warning("no forecast: the measuring does not end")
            self.close()

    def _measure(self) -> None:
        program, *arguments = tern_command()
        arguments += ["bench", "--forecast"]
        if (folder := paths.override()) is not None:
            arguments += ["--data-dir", str(folder)]
        process = self._process = QProcess(self)
        process.finished.connect(lambda status: self._ended(process, status))
        process.errorOccurred.connect(lambda error: self._failed(process, error))
        process.start(program, arguments)

    def _ended(self, process: QProcess, status: int) -> None:
        if process is not self._process:
            return
        found = Forecast.from_json(bytes(process.readAllStandardOutput().data()).decode(errors="replace"))
        if status != 0 or found is None:
            said = bytes(process.readAllStandardError().data()).decode(errors="replace")
            log.warning("no forecast: %s", said.strip() or f"status {status}")
        self._drop()
        self._timer.stop()
        if found is not None and found.disturbed:
            log.info("no forecast yet: other programs take %.0f%% of the processors", 100 * found.others)
            self._tries += 1
            if self._tries < _MOST_TRIES:
                self._later.start()
        elif found is not None:
            self._settings[FORECAST] = found.as_json()
            self._save()
            self.told.emit(found)

    def _failed(self, process: QProcess, error: QProcess.ProcessError) -> None:
        if process is self._process and error is QProcess.ProcessError.FailedToStart:
            log.warning("no forecast: %s", process.errorString())
            self._drop()
            self._timer.stop()

    def _end(self) -> QProcess | None:
        """Ask the process to take its files away and end; nobody waits for that here."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.finished.connect(process.deleteLater)
        if sys.platform == "win32":  # has no other way for a process without a window
            process.kill()
        else:
            process.terminate()
            QTimer.singleShot(_END_MS, process, process.kill)
        return process

    def _drop(self) -> None:
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
