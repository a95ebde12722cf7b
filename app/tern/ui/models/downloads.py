"""The downloads of this window: each on a thread of its own, seen as signals. Draws nothing.

One :class:`Downloads` a window: the first-run card and the models page show the same task of the same model.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from tern.engine.gguf.reader import GGUFFile
from tern.errors import Sentence, TernError, UserError
from tern.library import catalog, hub_client, hub_find, shelf
from tern.library.catalog import CatalogEntry
from tern.library.download_id import DownloadId
from tern.library.hub_client import RemoteFile
from tern.library.hub_model import ModelDownload
from tern.library.hub_progress import DownloadProgress
from tern.library.network import NetworkOptions
from tern.library.running import keep_running, ran_at_the_end
from tern.library.shards import stem
from tern.library.unfinished import Unfinished, discard, unfinished
from tern.ui.shared.translate_errors import said

log = logging.getLogger(__name__)

_PATIENCE_S = 3.0
_LONGEST_TITLE = 80
BUG_SENTENCE = Sentence(
    "Something went wrong inside Tern while fetching. The details are in its log; try again."
)


Prepare = Callable[[NetworkOptions, Callable[[DownloadProgress], None]], ModelDownload]


class DownloadTask(QObject):
    """One model on its way. Signals come on the thread that made the task, whatever thread they are sent from.

    ``prepare`` asks the hub and makes the download; ``forget`` deletes what an earlier session left of it.
    """

    progressed = Signal(object)  # Progress
    finished = Signal(object)  # shelf.Installed
    paused = Signal()
    cancelled = Signal()
    failed = Signal(str)  # sentence
    state_changed = Signal()

    def __init__(
        self,
        key: DownloadId,
        name: str,
        title: str,
        prepare: Prepare,
        options: Callable[[], NetworkOptions],
        parent: QObject | None = None,
        progress: DownloadProgress | None = None,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(parent)
        self.id, self.name, self.title = key, name, title
        self.progress = progress
        self.error = ""
        self._prepare, self._options, self._forget = prepare, options, forget
        self._download: ModelDownload | None = None
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

    def forget_error(self) -> None:
        """What stopped it may be past."""
        if self.error and self._thread is None:
            self.error = ""
            self.state_changed.emit()

    def start(self) -> None:
        """Begin, or go on where it was."""
        if self._thread is not None:
            return
        self.error, self._asked_to_stop, self._cancelled, self._download = "", False, False, None
        options = self._options()  # here: what they come from belongs to this thread
        self._thread = threading.Thread(
            target=self._run, args=(options,), name=f"tern-fetch-{self.name}", daemon=True
        )
        self._thread.start()
        self.state_changed.emit()

    def pause(self) -> None:
        self._asked_to_stop = True
        if self._download is not None:
            self._download.pause()

    def set_limit(self, limit: int) -> None:
        if self._download is not None:
            self._download.limit = limit

    def cancel(self) -> None:
        """Stop and delete what has arrived."""
        self._asked_to_stop = self._cancelled = True
        if self._thread is None:
            self._forget()
            self.error = ""
            self.cancelled.emit()
        elif self._download is not None:
            self._download.cancel()

    def wait(self, seconds: float | None = None) -> None:
        """Until the thread has ended, or for so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def nothing_left(self) -> None:
        """What had arrived is in its place, or deleted, by another task of the same file."""
        if self._thread is None:
            self.progress, self.error = None, ""
            self.state_changed.emit()

    def _run(self, options: NetworkOptions) -> None:
        try:
            download = self._prepare(options, self.progressed.emit)
            self._download = download
            if self._cancelled:
                download.cancel()
            elif self._asked_to_stop:
                download.pause()
            found = download.run()
            if found is not None and found.title == shelf.title_of(found.origin):
                found = _with_its_own_title(found)
        except TernError as error:
            self.failed.emit(said(error))
        except Exception:
            log.exception("download of %s", self.name)
            self.failed.emit(said(BUG_SENTENCE))
        else:
            if found is not None:
                self.finished.emit(found)
            else:
                (self.cancelled if self._cancelled else self.paused).emit()

    def _keep(self, progress: DownloadProgress) -> None:
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
    """Every task of the window, by what it is of and for: the same download, the same task."""

    installed = Signal(object)  # shelf.Installed: a download has ended well
    failed = Signal(object, str)  # DownloadTask, sentence
    progressed = Signal()
    changed = Signal()  # one has begun, or is over, or stands still

    def __init__(self, options: Callable[[], NetworkOptions], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._options = options
        self._tasks: dict[DownloadId, DownloadTask] = {}
        self._kept: list[DownloadId] | None = None  # as running, on the disk
        self._closing = False
        self.changed.connect(self._keep_running)

    def of_entry(self, entry: CatalogEntry) -> DownloadTask:
        """The task of a model of the catalogue; not begun in this session."""
        prepare = _fetching(lambda options: hub_find.look_up(options, entry), entry.name, entry.title)
        return self._task(_id(entry.repo, entry.file), entry.name, entry.title, prepare)

    def of_repository(self, repo: str, file: str, name: str = "", title: str = "") -> DownloadTask:
        """The task of any file of the hub; not begun in this session. The installed model whose place it takes keeps
        its name."""
        key, model = _id(repo, file), hub_find.in_place_of(repo, file)
        name = model.name if model is not None else name or shelf.slug(stem(file))
        title = model.title if model is not None else title or shelf.title_of(repo)
        prepare = _fetching(lambda options: hub_client.find_file(options, repo, file), name, title)
        return self._task(key, name, title, prepare)

    def of_update(self, model: shelf.Installed) -> DownloadTask:
        """The task that fetches what the hub has now in ``model``'s place."""
        return self.of_repository(*model.repository, model.name, model.title)

    def of_repair(self, model: shelf.Installed) -> DownloadTask:
        """The task that mends the damaged file of ``model``."""
        return self._of_repair(DownloadId(*model.repository, "repair"), model.name, model.title)

    def of_unfinished(self, item: Unfinished) -> DownloadTask:
        """The task that goes on with what an earlier session left."""
        if item.id.kind == "repair":
            return self._of_repair(item.id, item.name, item.title)
        entry = next((e for e in catalog.entries() if (e.repo, e.file) == (item.id.repo, item.id.file)), None)
        if entry is not None and item.id.kind == "fetch":
            return self.of_entry(entry)
        return self.of_repository(item.id.repo, item.id.file, item.name, item.title)

    def resume(self) -> None:
        """Go on with what ran when Tern ended; nothing where no connection is allowed, or it is not known whether one
        is."""
        ran = ran_at_the_end()
        self._kept = ran
        try:
            self._options().check()
        except UserError:
            ran = []
        for key in ran:
            if (task := self._of_id(key)) is not None:
                task.start()
        self._keep_running()

    def _of_id(self, key: DownloadId) -> DownloadTask | None:
        left = next((item for item in unfinished() if item.id == key), None)
        if left is not None:
            return self.of_unfinished(left)
        if key.kind != "fetch" or hub_find.in_place_of(key.repo, key.file) is not None:
            return None  # it has ended well, or what it was for is gone
        entry = next((e for e in catalog.entries() if (e.repo, e.file) == (key.repo, key.file)), None)
        return self.of_entry(entry) if entry is not None else self.of_repository(key.repo, key.file)

    def _keep_running(self) -> None:
        running = [task.id for task in self._tasks.values() if task.running]
        if not self._closing and running != self._kept:
            self._kept = running
            keep_running(running)

    def _of_repair(self, key: DownloadId, name: str, title: str) -> DownloadTask:
        def prepare(
            options: NetworkOptions, on_progress: Callable[[DownloadProgress], None]
        ) -> ModelDownload:
            return hub_find.repair(shelf.need(name), options, on_progress, patient=True)

        return self._task(key, name, title, prepare)

    @property
    def tasks(self) -> list[DownloadTask]:
        """Every one that was asked for in this session."""
        return list(self._tasks.values())

    @property
    def running(self) -> bool:
        """Whether anything is on its way."""
        return any(task.running for task in self._tasks.values())

    def running_for(self, name: str) -> DownloadTask | None:
        """The task of the model called ``name`` that is under way, or that stopped with something to say."""
        tasks = (task for task in self._tasks.values() if task.name == name)
        return next((task for task in tasks if task.running or task.error or task.progress is not None), None)

    def forget_errors(self) -> None:
        """The network is another now: what stopped a download may be past."""
        for task in self._tasks.values():
            task.forget_error()

    def set_limit(self, limit: int) -> None:
        """From now on at most so many bytes a second; 0 for all there is."""
        for task in self._tasks.values():
            task.set_limit(limit)

    def pause(self) -> None:
        """Pause everything that runs."""
        for task in self._tasks.values():
            if task.running:
                task.pause()

    def close(self) -> None:
        """Pause everything that runs and wait for it; not for a server that says nothing: what is kept is safe.
        What ran is remembered as running."""
        self._closing = True
        self.pause()
        for task in self._tasks.values():
            task.wait(_PATIENCE_S)

    def _task(self, key: DownloadId, name: str, title: str, prepare: Prepare) -> DownloadTask:
        if key not in self._tasks:
            left = next((item for item in unfinished() if item.id == key), None)
            progress = DownloadProgress("paused", left.done, left.total) if left is not None else None

            def forget() -> None:
                for item in unfinished():
                    if item.id.same_file(key):
                        discard(item)

            task = DownloadTask(key, name, title, prepare, self._options, self, progress, forget)
            task.finished.connect(self.installed)
            task.failed.connect(lambda sentence: self.failed.emit(task, sentence))
            task.progressed.connect(lambda progress: self.progressed.emit())
            for over in (task.finished, task.cancelled):
                over.connect(lambda: self._nothing_left(key))
            task.state_changed.connect(self.changed)
            self._tasks[key] = task
        return self._tasks[key]

    def _nothing_left(self, key: DownloadId) -> None:
        """The other tasks of that file have nothing to go on from any more."""
        for other in self._tasks.values():
            if other.id != key and other.id.same_file(key):
                other.nothing_left()


def _id(repo: str, file: str) -> DownloadId:
    """Of a file that is fetched as the hub has it now."""
    key = DownloadId(repo, file)
    return key if hub_find.in_place_of(repo, file) is None else replace(key, kind="update")


def title_in_file(path: Path) -> str:
    """What the GGUF at ``path`` calls itself; empty where it does not say, or is none."""
    try:
        with GGUFFile.open(path) as file:
            return " ".join(file.get("general.name", str, "").split())[:_LONGEST_TITLE]
    except TernError:
        return ""


def _with_its_own_title(model: shelf.Installed) -> shelf.Installed:
    """A model that nobody has named, called what its file says."""
    title = title_in_file(model.path)
    if not title or not model.gguf:
        return model
    shelf.rename(model, title)
    return replace(model, title=title)


def _fetching(find: Callable[[NetworkOptions], RemoteFile], name: str, title: str) -> Prepare:
    def prepare(options: NetworkOptions, on_progress: Callable[[DownloadProgress], None]) -> ModelDownload:
        return hub_find.prepare(find(options), options, on_progress, name, title, patient=True)

    return prepare
