"""Fetch a model of the hub: its file and those that have to lie beside it, one after the other, and its record on the
shelf. The bytes of each are ``hub_file``'s. Runs on whatever thread calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tern.library import hub_errors, models_folder, shelf, unfinished
from tern.library.awake import awake
from tern.library.download_id import Kind
from tern.library.hub_client import RemoteFile
from tern.library.hub_errors import HubError
from tern.library.hub_file import Arrived, Control, FileDownload, StoppedError, alone
from tern.library.hub_progress import DownloadProgress
from tern.library.network import NetworkOptions
from tern.library.part_file import BLOCK, arrived
from tern.library.shards import stem


class ModelDownload:
    """A model on its way to ``target``. :meth:`run` does it all; the other methods may be called from any thread.

    ``patient``: somebody watches, so a lost network and a full disk are waited for instead of given up on.
    ``beside``: files, and their places, that come before this one because it is of no use without them.
    ``kind``: what it is for, which decides what cancelling it may delete.
    """

    def __init__(
        self,
        remote: RemoteFile,
        target: Path,
        options: NetworkOptions,
        on_progress: Callable[[DownloadProgress], None] = lambda progress: None,
        name: str = "",
        title: str = "",
        block: int = BLOCK,
        patient: bool = False,
        beside: Sequence[tuple[RemoteFile, Path]] = (),
        kind: Kind = "fetch",
    ) -> None:
        self.remote = remote
        self._target, self._options, self._kind = target, options, kind
        self._name, self._title = name or shelf.slug(stem(remote.file)), title or shelf.title_of(remote.repo)
        self._on_progress, self._block, self._patient = on_progress, block, patient
        self._beside = beside
        self._total = remote.size + sum(other.size for other, _ in beside)
        self._control = Control(options.limit)

    @property
    def received(self) -> int:
        """Bytes that came over the network."""
        return self._control.received

    @property
    def limit(self) -> int:
        """Bytes a second that it may take, 0 for all there is; may be changed while it runs."""
        return self._control.limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._control.limit = limit

    def pause(self) -> None:
        """Stop soon and keep what there is."""
        self._control.stop()

    def cancel(self) -> None:
        """Stop soon and delete what has arrived. An installed model stays, damaged where it was to be mended."""
        self._control.stop(cancel=True)

    def run(self) -> shelf.Installed | None:
        """Fetch, verify and put on the shelf; None when paused or cancelled. Raises HubError, one sentence."""
        models_folder.need_rest()
        try:
            with alone(self.remote, self._target):
                try:
                    with awake(f"Downloading {self._title}"):
                        return self._fetch()
                except BaseException:
                    if self._control.cancelled:
                        unfinished.forget(self._target, [place for _, place in self._beside], self._kind)
                    raise
        except StoppedError:
            return None
        except HubError as error:
            hub_errors.say_what_is_kept(error, self._kept())
            raise
        except OSError as error:
            failed = hub_errors.of_disk(error, self._target)
            hub_errors.say_what_is_kept(failed, self._kept())
            raise failed from error

    def _kept(self) -> int:
        """Bytes that the next run goes on from, of this file and of what it needs."""
        return sum(arrived(place) for place in (self._target, *(place for _, place in self._beside)))

    def _fetch(self) -> shelf.Installed:
        before = 0
        for other, place in self._beside:
            file = self._file(other, place, before)
            if not file.is_here():
                with alone(other, place):
                    file.run()
            before += other.size
        return self._record(self._file(self.remote, self._target, before).run())

    def _file(self, remote: RemoteFile, target: Path, before: int) -> FileDownload:
        """The download of one of the files, when ``before`` bytes of others are here."""
        notes = unfinished.notes(remote.label, self.remote.label, self._name, self._title, self._kind)

        def tell(progress: DownloadProgress) -> None:
            """Of all that is fetched together, as one."""
            if self._beside:
                done = before + progress.done
                left = (self._total - done) / progress.rate if progress.rate > 0 else None
                progress = replace(progress, done=done, total=self._total, seconds_left=left)
            self._on_progress(progress)

        return FileDownload(
            remote, target, self._options, self._control, tell, notes, self._block, self._patient
        )

    def _record(self, file: Arrived) -> shelf.Installed:
        """The model with its record; the record goes on the shelf where the file is a model at all."""
        status = file.path.stat()
        added = shelf.now()
        model = shelf.Installed(
            name=self._name,
            title=self._title,
            path=file.path,
            size=status.st_size,
            sha256=file.sha256,
            origin=self.remote.label,
            commit=self.remote.commit,
            added=added,
            verified_at=added,
            modified_ns=status.st_mtime_ns,
            block=self._block,
            blocks=file.blocks,
            parts=tuple(
                (place.name, other.size, other.sha256 or "")
                for other, place in self._beside
                if place.suffix.lower() in shelf.MODEL_SUFFIXES
            ),
        )
        return shelf.add(model) if shelf.is_model(file.path) else model
