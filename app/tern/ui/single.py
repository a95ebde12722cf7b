"""One window for one data folder: a second launch raises the first and ends. Talks only within this computer,
through a local socket that belongs to the person.
"""

from __future__ import annotations

import hashlib
import logging

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from tern import paths

log = logging.getLogger(__name__)
_PATIENCE_MS = 1000


def raise_running() -> bool:
    """Whether a Tern with this data folder runs already; it has then been asked to come up."""
    socket = QLocalSocket()
    socket.connectToServer(_name())
    if not socket.waitForConnected(_PATIENCE_MS):
        return False
    socket.disconnectFromServer()
    return True


class Doorbell(QObject):
    """``rung`` fires when another launch asks this one to come up."""

    rung = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        QLocalServer.removeServer(_name())  # left behind by a Tern that was killed
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._answer)
        if not self._server.listen(_name()):
            log.warning("no doorbell: %s", self._server.errorString())

    def close(self) -> None:
        self._server.close()

    def _answer(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.deleteLater()
            self.rung.emit()


def _name() -> str:
    return "tern-" + hashlib.sha256(str(paths.data_dir()).encode()).hexdigest()[:16]
