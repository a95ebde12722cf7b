"""Fetch a file of the hub: resumable, verified, repairable, and never half a file under its final name.

The bytes go through :class:`Download`; what the hub says of a file comes from ``hub_client``; sentences for what
goes wrong from ``hub_errors``; the growing file is ``part``'s; the connections are ``hub_stream``'s. Runs on whatever
thread calls it.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import filelock
import httpx2

from tern.library import hub_client, hub_errors, shelf
from tern.library.hub_client import RemoteFile
from tern.library.hub_errors import ChangedError, DamagedError, FullError, HubError, RangeError
from tern.library.hub_progress import Progress, Rate
from tern.library.hub_repair import git_blob, repair_blocks
from tern.library.hub_stream import Source
from tern.library.network import NetworkOptions
from tern.library.part_file import BLOCK, PartFile, hash_file, journal_of, kept_aside, part_of, read_journal
from tern.library.shards import stem

SPARE = 64 << 20  # bytes of the disk that a download leaves free when it begins
LOW = 32 << 20  # ... and below which it waits for room on its way
ROOM_S = 2.0  # between two looks at the room that is left
_REPORT_S = 0.1
_COPY = 1 << 20


class StoppedError(Exception):
    """Paused or cancelled; never leaves this module."""


class Download:
    """One file on its way to ``target``. :meth:`run` does it all; the other methods may be called from any thread.

    ``patient``: somebody watches, so a lost network and a full disk are waited for instead of given up on.
    ``beside``: files, and their places, that come before this one because it is of no use without them.
    """

    def __init__(
        self,
        remote: RemoteFile,
        target: Path,
        options: NetworkOptions,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        name: str = "",
        title: str = "",
        block: int = BLOCK,
        patient: bool = False,
        beside: Sequence[tuple[RemoteFile, Path]] = (),
    ) -> None:
        self.remote, self.target, self.options = remote, target, options
        self.received = 0  # bytes that came over the network
        self.limit = options.limit  # bytes a second; may be changed while it runs
        self._name, self._title = name or shelf.slug(stem(remote.file)), title or remote.label
        self._on_progress = on_progress
        self._why = f"fetch {remote.label}"
        self._patient, self._beside = patient, beside
        self._active: Source | None = None
        self._whole: Download | None = None  # what this one lies beside
        self._before = 0  # bytes of what lies beside it already
        self._all = remote.size + sum(other.size for other, _ in beside)
        self._stop = threading.Event()
        self._cancelled = False
        self._block = block
        self._rate = Rate()
        self._reported = self._looked = 0.0
        self._ranges = True  # whether this server is asked for parts
        self._unsure = False  # whether a part came without its place being said

    def pause(self) -> None:
        """Stop soon and keep what there is."""
        self._stop.set()
        if self._active is not None:
            self._active.abort()

    def cancel(self) -> None:
        """Stop soon and delete what there is."""
        self._cancelled = True
        self.pause()

    def run(self) -> shelf.Installed | None:
        """Fetch, verify and put on the shelf; None when paused or cancelled. Raises HubError, one sentence."""
        try:
            with self._alone():
                self._fetch_beside()
                return self._fetch(True)
        except StoppedError:
            if self._cancelled:
                self._forget_beside()
            return None
        except HubError as error:
            hub_errors.say_what_is_kept(error, self._kept())
            raise
        except OSError as error:
            failed = hub_errors.of_disk(error, self.target)
            hub_errors.say_what_is_kept(failed, self._kept())
            raise failed from error

    def _kept(self) -> int:
        """Bytes that the next run goes on from, of this file and of what it needs."""
        places = [self.target, *(target for _, target in self._beside)]
        parts = (part_of(target) for target in places)
        return sum(part.stat().st_size for part in parts if part.is_file())

    # -- steps ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.target.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.target.with_name(self.target.name + ".lock"))
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise HubError(
                f"Another Tern is fetching {self.remote.file} already. Wait for it, or stop it there.",
                keeps=False,
            ) from None
        try:
            yield
        finally:
            lock.release()
            with suppress(OSError):
                Path(lock.lock_file).unlink()

    def _fetch_beside(self) -> None:
        """What this file needs; each is hashed where it is here already."""
        self._before = 0
        for other, target in self._beside:
            child = Download(
                other, target, self.options, self._tell, block=self._block, patient=self._patient
            )
            child._stop, child._whole = self._stop, self
            try:
                if not child._is_here():
                    with child._alone():
                        child._fetch(shelve=False)
            finally:
                self.received += child.received
            self._before += other.size

    def _forget_beside(self) -> None:
        for other, target in self._beside:
            PartFile(target, other.identity, self._block).discard()
            if not self.target.exists():  # else it belongs to the model that is here already
                target.unlink(missing_ok=True)

    def _is_here(self) -> bool:
        """Whether the very file is in its place, by its hash."""
        if not self.target.is_file() or self.target.stat().st_size != self.remote.size:
            return False
        sha256 = hash_file(self.target, lambda done: self._report("checking", done), self._stop.is_set)
        self._check_stop()
        return self._is_right(self.target, sha256 or "")

    def _fetch(self, shelve: bool) -> shelf.Installed:
        remote = self.remote
        part = PartFile(self.target, remote.identity, self._block)
        kept = kept_aside(self.target)
        if kept.exists():
            return self._repair_kept(part, kept, shelve)
        try:
            left = self._all - self._before
            self._room(left - (part.path.stat().st_size if part.path.exists() else 0))
            part.resume(lambda done: self._report("checking", done))
            part.note(origin=self.remote.label, name=self._name, title=self._title)
            if part.offset == 0 and (sha256 := self._take_cached(part)):
                return self._publish(part, sha256, shelve)
            if part.offset < remote.size:
                self._receive(part)
            self._report("verifying", remote.size, force=True)
            sha256 = part.finish()
            if self._unsure and not self._is_right(part.path, sha256):
                # It sent other bytes than asked for and did not say so: once more, all of it and in one piece.
                self._unsure = self._ranges = False
                part.restart()
                self._report("downloading", 0, note=hub_errors.BEGINS_AGAIN_WHOLE)
                self._receive(part)
                self._report("verifying", remote.size, force=True)
                sha256 = part.finish()
        except BaseException:
            part.close()
            if self._cancelled:
                part.discard()
            raise
        if not self._is_right(part.path, sha256):
            part.path.replace(kept)
            part.journal.replace(journal_of(kept))
            raise DamagedError(
                f"{remote.file} arrived damaged: its hash is {sha256[:12]}…, not {(remote.sha256 or '?')[:12]}…. It "
                f"is kept at {kept} and not used. Fetch it again to repair it: it is compared with the server's and "
                "mended where it differs.",
                kept,
            )
        return self._publish(part, sha256, shelve)

    def _publish(self, part: PartFile, sha256: str, shelve: bool) -> shelf.Installed:
        path = part.publish()
        status = path.stat()
        added = shelf.now()
        model = shelf.Installed(
            name=self._name,
            title=self._title,
            path=path,
            size=status.st_size,
            sha256=sha256,
            origin=self.remote.label,
            commit=self.remote.commit,
            added=added,
            verified_at=added,
            modified_ns=status.st_mtime_ns,
            block=self._block,
            blocks=tuple(part.digests),
            parts=tuple(
                (target.name, other.size, other.sha256 or "")
                for other, target in self._beside
                if target.suffix.lower() in shelf.MODEL_SUFFIXES
            ),
        )
        return shelf.add(model) if shelve and shelf.is_model(path) else model

    def _take_cached(self, part: PartFile) -> str:
        """What huggingface_hub has fetched before need not come again: copied from its cache, and hashed as ever.
        The hash when it is right; empty where there is nothing, or nothing right."""
        path = hub_client.cached(self.remote) if self.remote.sha256 is not None else None
        if path is None:
            return ""
        with path.open("rb", buffering=0) as file:
            while data := file.read(_COPY):
                self._write(part, data)
                self._report("checking", part.offset)
        sha256 = part.finish()
        if sha256 == self.remote.sha256:
            return sha256
        part.restart()  # damaged there: fetched after all
        return ""

    def _repair_kept(self, part: PartFile, kept: Path, shelve: bool) -> shelf.Installed:
        """A damaged file from before: fetch its bad blocks again, or all of it where the server gives no parts."""
        kept.replace(part.path)
        with suppress(FileNotFoundError):
            journal_of(kept).replace(part.journal)
        told, notes = read_journal(part.journal, part.identity, self._block)
        if not notes:  # it was another file, or nothing is known of it: nothing to compare with
            part.discard()
            return self._fetch(shelve)
        try:
            with hub_client.open_client(self.options, self._why) as client:
                source = self._source(client)
                repaired = repair_blocks(
                    part.path,
                    self.remote.size,
                    self._block,
                    told,
                    self.remote.sha256,
                    lambda start, end: self._persist(lambda: source.part(start, end)),
                    lambda done: self._report("repairing", done),
                )
        except BaseException:
            part.path.replace(kept)
            if part.journal.exists():
                part.journal.replace(journal_of(kept))
            raise
        if repaired is None:
            part.discard()
            return self._fetch(shelve)
        part.digests = repaired
        return self._publish(part, repaired[-1], shelve)

    def _receive(self, part: PartFile) -> None:
        with hub_client.open_client(self.options, self._why) as client:
            source = self._source(client)
            changes = 0
            while part.offset < self.remote.size:
                try:
                    self._persist(lambda: self._stream(source, part), lambda: part.offset)
                except FullError as error:
                    self._wait_for_room(part, error)
                except RangeError as error:
                    if not self._ranges:
                        raise HubError(str(error)) from error
                    self._ranges = False  # what is here stays: the whole comes, and it is passed over
                except ChangedError as error:
                    changes += 1
                    if changes > 2:
                        raise HubError(f"{error} Try again later, or use another mirror.") from error
                    part.restart()  # what is there belongs to another file
                    self._report("downloading", 0, note=hub_errors.BEGINS_AGAIN)

    def _stream(self, source: Source, part: PartFile) -> None:
        """One request for the rest of the file."""
        headers = {}
        if part.offset and self._ranges:
            headers["Range"] = f"bytes={part.offset}-"
            if etag := part.notes.get("etag"):
                headers["If-Range"] = etag
        with source.get(headers) as answer:
            answer.check_same(self.remote, part.notes.get("etag") if part.offset else None)
            skip = answer.beginning(self.remote, part.offset)
            self._unsure = self._unsure or answer.unsure
            if skip and skip == part.offset:
                self._report("downloading", part.offset, note=hub_errors.WHOLE_AGAIN)
            if answer.etag and answer.etag != part.notes.get("etag"):
                part.note(etag=answer.etag)
            for data in source.chunks(answer):
                if skip:  # the server sent what is here already
                    skip, data = max(0, skip - len(data)), data[skip:]
                if data:
                    self._write(part, data)
                    self._report("downloading", part.offset)
                else:
                    self._check_stop()
                self._look_for_room(part)
            if part.offset < self.remote.size:
                raise answer.ended_early()

    def _write(self, part: PartFile, data: bytes) -> None:
        if part.offset + len(data) > self.remote.size:
            raise ChangedError(f"More of {self.remote.file} came than it is large.")
        try:
            part.write(data)
        except OSError as error:
            raise hub_errors.of_disk(error, part.path) from error

    # -- room on the disk ----------------------------------------------------------------------------------------

    def _room(self, needed: int) -> None:
        free = shutil.disk_usage(self.target.parent).free
        if needed > 0 and free < needed + SPARE:
            raise hub_errors.no_room(self.target, needed + SPARE, free)

    def _look_for_room(self, part: PartFile) -> None:
        """Others use the disk as well: now and then, whether there still is room for a while."""
        now = time.monotonic()
        if now - self._looked < ROOM_S:
            return
        self._looked = now
        left = self.remote.size - part.offset
        free = shutil.disk_usage(self.target.parent).free
        if left and free < min(LOW, left + LOW // 2):
            raise hub_errors.runs_low(self.target, left, free)

    def _wait_for_room(self, part: PartFile, error: FullError) -> None:
        """Until the rest fits, with the reason on show; at once an error where nobody is there to make room."""
        if not self._patient:
            raise error
        part.close()
        while True:
            left = self.remote.size - part.offset
            free = shutil.disk_usage(self.target.parent).free
            if free >= left + LOW:
                part.resume(lambda done: self._report("checking", done))
                return
            note = hub_errors.waiting_for_room(hub_errors.runs_low(self.target, left, free))
            self._report("waiting", part.offset, note=note, force=True)
            self._sleep(ROOM_S)

    # -- small things --------------------------------------------------------------------------------------------

    def _persist(
        self, attempt: Callable[[], hub_client.T], moved: Callable[[], int] = lambda: 0
    ) -> hub_client.T:
        return hub_client.persistently(self.options, attempt, self._wait, moved, self._patient)

    def _wait(self, seconds: float, error: HubError) -> None:
        done = self._last.done if self._last else 0
        hub_errors.say_what_is_kept(error, self._kept())
        self._report("waiting", done, note=hub_errors.waiting(error, seconds), force=True)
        self._sleep(seconds)

    def _source(self, client: httpx2.Client) -> Source:
        whole = self._whole or self
        source = Source(
            client, self.remote, self.options, self._why, self._came, self._sleep, lambda: whole.limit
        )
        whole._active = source
        return source

    def _came(self, count: int) -> None:
        self._check_stop()
        self.received += count
        self._rate.add(count)

    def _sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)
        self._check_stop()

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    _last: Progress | None = None

    def _report(self, phase: str, done: int, note: str = "", force: bool = False) -> None:
        self._check_stop()
        now = time.monotonic()
        if not force and not note and now - self._reported < _REPORT_S:
            return
        self._reported = now
        rate = self._rate.per_s() if phase == "downloading" else 0.0
        left = (self.remote.size - done) / rate if rate > 0 else None
        self._last = Progress(phase, done, self.remote.size, rate, left, note)
        self._tell(self._last)

    def _tell(self, progress: Progress) -> None:
        """Of all that is fetched together, as one."""
        if self._beside:
            done = self._before + progress.done
            left = (self._all - done) / progress.rate if progress.rate > 0 else None
            progress = replace(progress, done=done, total=self._all, seconds_left=left)
        self._on_progress(progress)

    def _is_right(self, path: Path, sha256: str) -> bool:
        if self.remote.sha256 is not None:
            return sha256 == self.remote.sha256
        if self.remote.git_blob is not None:
            return git_blob(path) == self.remote.git_blob
        return True  # the hub names no hash: the length is all there is to check
