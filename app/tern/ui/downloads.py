"""The downloads of this window: each on a thread of its own, seen as signals. Draws nothing.

One :class:`Downloads` a window: the first-run card and the models page show the same task of the same model.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from tern.errors import TernError
from tern.library import hub_client, hub_find, shelf
from tern.library.catalog import Entry
from tern.library.hub import Download
from tern.library.hub_client import RemoteFile
from tern.library.hub_progress import Progress
from tern.library.network import NetworkOptions
from tern.settings import Settings

log = logging.getLogger(__name__)

BUG_SENTENCE = "Something went wrong inside Tern while fetching. The details are in its log; try again."


def saved_options() -> NetworkOptions:
    """What the settings say of the network now."""
    return NetworkOptions.from_settings(Settings.load())


class DownloadTask(QObject):
    """One model on its way. Signals come on the thread that made the task, whatever thread they are sent from."""

    progressed = Signal(object)  # Progress
    finished = Signal(object)  # shelf.Installed
    paused = Signal()
    cancelled = Signal()
    failed = Signal(str)  # sentence
    state_changed = Signal()

    def __init__(
        self,
        name: str,
        title: str,
        find: Callable[[NetworkOptions], RemoteFile],
        options: Callable[[], NetworkOptions],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.name, self.title = name, title
        self.progress: Progress | None = None
        self.error = ""
        self._find, self._options = find, options
        self._download: Download | None = None
        self._thread: threading.Thread | None = None
        self._asked_to_stop = False
        self._cancelled = False
        self.progressed.connect(self._keep)
        for ended in (self.finished, self.failed):
            ended.connect(self._ended)
        for stopped in (self.paused, self.cancelled):
            stopped.connect(self._ended)

    @property
    def running(self) -> bool:
        return self._thread is not None

    def start(self) -> None:
        """Begin, or go on where it was."""
        if self._thread is not None:
            return
        self.error, self._asked_to_stop, self._cancelled, self._download = "", False, False, None
        self._thread = threading.Thread(target=self._run, name=f"tern-fetch-{self.name}", daemon=True)
        self._thread.start()
        self.state_changed.emit()

    def pause(self) -> None:
        self._asked_to_stop = True
        if self._download is not None:
            self._download.pause()

    def cancel(self) -> None:
        """Stop and delete what has arrived."""
        self._asked_to_stop = self._cancelled = True
        if self._download is not None:
            self._download.cancel()

    def wait(self) -> None:
        """Until the thread has ended."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            options = self._options()
            remote = self._find(options)
            target = hub_find.target_of(remote)
            download = Download(remote, target, options, self.progressed.emit, self.name, self.title)
            self._download = download
            if self._cancelled:
                download.cancel()
            elif self._asked_to_stop:
                download.pause()
            found = download.run()
        except TernError as error:
            self.failed.emit(str(error))
        except Exception:
            log.exception("download of %s", self.name)
            self.failed.emit(BUG_SENTENCE)
        else:
            if found is not None:
                self.finished.emit(found)
            else:
                (self.cancelled if self._cancelled else self.paused).emit()

    def _keep(self, progress: Progress) -> None:
        self.progress = progress

    def _ended(self, what: object = None) -> None:
        self.wait()
        self._thread = None
        if isinstance(what, str):
            self.error = what
        if isinstance(what, shelf.Installed) or self._cancelled:
            self.progress = None
        self.state_changed.emit()


class Downloads(QObject):
    """Every task of the window, by the model's name."""

    installed = Signal(object)  # shelf.Installed: a download has ended well

    def __init__(
        self, options: Callable[[], NetworkOptions] = saved_options, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._options = options
        self._tasks: dict[str, DownloadTask] = {}

    def of_entry(self, entry: Entry) -> DownloadTask:
        """The task of a model of the catalogue; not begun."""
        return self._task(entry.name, entry.title, lambda options: hub_find.look_up(options, entry))

    def of_repository(self, repo: str, file: str | None = None) -> DownloadTask:
        """The task of any file of the hub; not begun."""
        name = shelf.slug(repo.partition("/")[2] or repo)
        return self._task(name, repo, lambda options: hub_client.find_file(options, repo, file))

    def close(self) -> None:
        """Pause everything that runs and wait for it."""
        for task in self._tasks.values():
            task.pause()
        for task in self._tasks.values():
            task.wait()

    def _task(self, name: str, title: str, find: Callable[[NetworkOptions], RemoteFile]) -> DownloadTask:
        if name not in self._tasks:
            task = DownloadTask(name, title, find, self._options, self)
            task.finished.connect(self.installed)
            self._tasks[name] = task
        return self._tasks[name]
