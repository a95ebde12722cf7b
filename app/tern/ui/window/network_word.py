"""What the network does, in the few words of the readout bar: true to the settings, the downloads and the log of
connections. Draws nothing and opens no connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from tern.errors import UserError
from tern.library import network
from tern.library.hub_progress import DownloadProgress
from tern.library.network import Connection, NetworkOptions
from tern.ui.style.number_text import percent_text, rate_text

if TYPE_CHECKING:  # it brings the hub's client and numpy along, which the first frame must not wait for
    from tern.ui.models.downloads import Downloads

_REDRAW_MS = 500
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class NetworkWord:
    """``short`` for where there is little room; ``about``: a sentence more."""

    text: str
    short: str
    about: str
    downloads: bool = False  # whether it is about downloads
    part: float | None = None  # of the downloads under way; None when there is none


def network_word(
    off: bool,
    running: Sequence[DownloadProgress | None],
    last: Connection | None,
    paused: Sequence[DownloadProgress] = (),
    now: datetime | None = None,
) -> NetworkWord:
    """``off``: no connection is allowed, or it is not known whether one is. ``running``: each download under way, None
    while its file is still looked up. ``last``: the last connection since Tern was started. ``paused``: downloads that
    can go on."""
    known = [progress for progress in running if progress is not None]
    if running:
        about = _tr("What is being downloaded now. Click to see it.")
        waits = bool(known) and all(progress.phase == "waiting" for progress in known)
        done = _fraction(known)
        part = percent_text(done)
        rate = sum(progress.rate for progress in known)
        if waits:
            words, short = _tr("Download waits at {0}"), _tr("Waits at {0}")
            return NetworkWord(words.format(part), short.format(part), about, True, done)
        if not known:
            words = _tr("Downloading…")
            return NetworkWord(words, words, about, True, done)
        words = _tr("Downloading {0}").format(part)
        speed = f" · {rate_text(rate)}" if rate > 0 else ""
        return NetworkWord(words + speed, words, about, True, done)
    if off:
        words = _tr("Network off")
        return NetworkWord(words, words, _tr("Tern is offline. Click to see past connections."))
    if last is not None:
        ago = _ago(_seconds_since(last, now))
        about = _tr("The last connection was to {0}. Click to see all connections.").format(last.host)
        return NetworkWord(_done(last).format(ago), ago, about)
    if paused:
        part = percent_text(_fraction(paused))
        words, short = _tr("Download paused at {0}"), _tr("Paused at {0}")
        about = _tr("A download can be resumed. Click to see it.")
        return NetworkWord(words.format(part), short.format(part), about, True)
    words = _tr("No network used")
    about = _tr("Tern has not used the network since it started. Click to see past connections.")
    return NetworkWord(words, words, about)


class NetworkWatch(QObject):
    """Says the word anew whenever one of its facts changes; between those a timer waits for the next full minute."""

    changed = Signal(object)  # NetworkWord
    _connected = Signal(object)  # Connection, from whatever thread made it

    def __init__(self, downloads: Downloads, options: Callable[[], NetworkOptions], parent: QObject) -> None:
        super().__init__(parent)
        self._downloads, self._options = downloads, options
        self._last: Connection | None = None
        self._redraw = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._aging = QTimer(self, singleShot=True)
        for timer in (self._redraw, self._aging):
            timer.timeout.connect(self.refresh)
        self._connected.connect(self._keep)
        self._stop = network.listen(self._connected.emit)
        self.destroyed.connect(self._stop)
        downloads.progressed.connect(self._soon)
        downloads.changed.connect(self.refresh)

    def close(self) -> None:
        """Stop listening."""
        self._stop()
        self._redraw.stop()
        self._aging.stop()

    def refresh(self) -> None:
        """Look at the facts, and say what they come to."""
        try:
            self._options().check()
            off = False
        except UserError:
            off = True
        running = [task.progress for task in self._downloads.tasks if task.running]
        paused = [task.progress for task in self._downloads.tasks if not task.running and task.progress]
        self._aging.stop()
        if self._last is not None and not running and not off:
            age = _seconds_since(self._last)
            step = _MINUTE if age < _HOUR else _HOUR
            self._aging.start(round(1000 * (step - age % step)) + 1)
        self.changed.emit(network_word(off, running, self._last, paused))

    def _keep(self, connection: Connection) -> None:
        self._last = connection
        self.refresh()

    def _soon(self) -> None:
        if not self._redraw.isActive():
            self._redraw.start()


def _fraction(parts: Sequence[DownloadProgress]) -> float:
    done, total = sum(part.done for part in parts), sum(part.total for part in parts)
    return done / max(total, 1)


def _done(last: Connection) -> str:
    """What it was, with a gap for when."""
    if not last.result[:1].isdigit() or last.result[:1] in "45":
        return _tr("No answer {0}")
    if last.why.startswith("search:"):
        return _tr("Searched {0}")
    return _tr("Downloaded {0}") if last.why.startswith("fetch ") else _tr("Looked up {0}")


def _ago(seconds: float) -> str:
    if seconds < _MINUTE:
        return _tr("just now")
    if seconds < _HOUR:
        return _tr("{0} min ago").format(int(seconds // _MINUTE))
    return _tr("{0} h ago").format(int(seconds // _HOUR))


def _seconds_since(last: Connection, now: datetime | None = None) -> float:
    try:
        return max(0.0, ((now or datetime.now(UTC)) - datetime.fromisoformat(last.when)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("network_word", text)
