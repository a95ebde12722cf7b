"""One window for one data folder: a second launch raises the first, hands over what it was asked to open, and ends.

The folder itself says whether there is a window (data_lock.py) and, in a file, where it can be spoken to: a local
socket that belongs to the person. Between the two go lines of JSON, and nothing leaves this computer. Qt's classes for
that come into use after the first frame, which need not wait 10 ms for them: another launch tries until it is answered.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from tern.data_lock import DataLock, Hold
from tern.errors import UserError

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalSocket

log = logging.getLogger(__name__)

ADDRESS_NAME = "tern.address"
_CONNECT_MS = 1000
_LOOK_MS = 200
_PATIENCE_S = 20.0  # for a window that is just starting, or busy


def take_or_visit(folder: Path, lock: DataLock, model: Path | None) -> Hold:
    """Take ``folder`` by its ``lock``. ``OTHERS``: there is a window already, and it has done what was asked.

    Raises UserError when it could not, or does not answer.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while (hold := lock.take()) is not Hold.OURS:
        sentence = _visit(folder, model)
        if sentence:
            raise UserError("{sentence}", sentence=sentence)
        if sentence is not None:
            return Hold.OTHERS
        if hold is Hold.UNKNOWN:  # there may be one that cannot be found
            return hold
        if time.monotonic() > deadline:
            raise UserError(
                "Tern is already open with its data in {folder}, but its window does not answer. Close that one "
                "first, or choose another folder with --data-dir DIR.",
                folder=folder,
            )
        # It is starting, or a command of the terminal has the folder for a moment.
        time.sleep(_LOOK_MS / 1000)
    return hold


def _visit(folder: Path, model: Path | None) -> str | None:
    """Ask the window that has ``folder``; the sentence says why it did not do it. None: there is none to be found."""
    try:
        address = (folder / ADDRESS_NAME).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    from PySide6.QtNetwork import QLocalSocket

    socket = QLocalSocket()
    socket.connectToServer(address)
    if not socket.waitForConnected(_CONNECT_MS):
        return None
    _send(socket, {"model": None if model is None else str(model.absolute())})
    raised, deadline = False, time.monotonic() + _PATIENCE_S
    while True:
        if socket.canReadLine():
            answer = _object(socket)
            if "sentence" in answer:
                return str(answer["sentence"])
            raised = True
        elif not socket.waitForReadyRead(_LOOK_MS) and not socket.canReadLine():
            if socket.state() is not QLocalSocket.LocalSocketState.ConnectedState:
                return "Tern's window was closed before the model was open." if raised else None
            if not raised and time.monotonic() > deadline:
                return None


class Visit(QObject):
    """Another launch, which waits for an answer. ``model``: what it was asked to open, if anything."""

    def __init__(self, socket: QLocalSocket, model: Path | None) -> None:
        super().__init__(socket)
        self._socket = socket
        self.model = model

    def greet(self) -> None:
        """The window has come up; the answer may take a while."""
        _send(self._socket, {"raised": True})

    def answer(self, sentence: str = "") -> None:
        """Let it end; ``sentence`` says why what it asked could not be done."""
        _send(self._socket, {"sentence": sentence})


class Doorbell(QObject):
    """``rung`` carries the :class:`Visit` when another launch comes. For whoever holds the lock of ``folder``."""

    rung = Signal(object)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        from PySide6.QtNetwork import QLocalServer

        super().__init__(parent)
        self._file = folder / ADDRESS_NAME
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        for name in _names(folder):
            QLocalServer.removeServer(name)  # left behind by a Tern that was killed
            if self._server.listen(name):
                break
            log.warning("no doorbell at %s: %s", name, self._server.errorString())
        try:
            self._file.write_text(self._server.fullServerName(), encoding="utf-8")
        except OSError as error:
            log.warning("other launches will not find this one: %s", error)

    def close(self) -> None:
        self._server.close()
        self._file.unlink(missing_ok=True)

    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        while socket.canReadLine():
            model = _object(socket).get("model")
            self.rung.emit(Visit(socket, Path(model) if isinstance(model, str) else None))


def _names(folder: Path) -> list[str]:
    """Where to listen: short enough for a socket, whatever the folder is called; the best first."""
    status = folder.stat()
    name = (
        "tern-"
        + hashlib.sha256(f"{status.st_dev}-{status.st_ino}-{folder.resolve()}".encode()).hexdigest()[:16]
    )
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    places = [f"{runtime}/{name}"] if runtime else []
    return [*places, name, *([] if os.name == "nt" else [f"/tmp/{name}"])]


def _send(socket: QLocalSocket, what: dict[str, Any]) -> None:
    if socket.state() is socket.LocalSocketState.ConnectedState:
        socket.write(json.dumps(what).encode() + b"\n")
        socket.flush()


def _object(socket: QLocalSocket) -> dict[str, Any]:
    """The next line; empty for what is no object."""
    try:
        found = json.loads(bytes(socket.readLine().data()))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
