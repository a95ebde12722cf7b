"""Fetch one file of the hub: resumable, verified, repairable, and never half a file under its final name.

What the hub says of a file comes from ``hub_client``; sentences for what goes wrong from ``hub_errors``; the growing
file is ``part_file``'s; the connections are ``hub_stream``'s. Which files make a model, and the shelf, are
``hub_model``'s. Runs on whatever thread calls it.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock
import httpx2

from tern.library import hub_client, hub_errors
from tern.library.hub_client import RemoteFile
from tern.library.hub_errors import ChangedError, DamagedError, FullError, HubError, RangeError
from tern.library.hub_progress import DownloadProgress, Reporter
from tern.library.hub_repair import git_blob, repair_blocks
from tern.library.hub_stream import Source
from tern.library.network import NetworkOptions
from tern.library.part_file import BLOCK, PartFile, arrived, hash_file, journal_of, kept_aside, read_journal
from tern.library.shelf import SPARE

LOW = 32 << 20  # bytes of the disk below which a download waits for room on its way
ROOM_S = 2.0  # between two looks at the room that is left
_COPY = 1 << 20


class StoppedError(Exception):
    """Paused or cancelled; never leaves ``hub_model``."""


class Control:
    """What a download may be told while it runs, from any thread; one for all the files of a model."""

    def __init__(self, limit: int) -> None:
        self.limit = limit  # bytes a second, 0 for all there is; may be changed on the way
        self.received = 0  # bytes that came over the network
        self.cancelled = False
        self._stop = threading.Event()
        self._source: Source | None = None

    def stop(self, cancel: bool = False) -> None:
        """End soon: a read that waits for bytes breaks, and so does a pause between two tries."""
        self.cancelled = self.cancelled or cancel
        self._stop.set()
        if self._source is not None:
            self._source.abort()

    def watch(self, source: Source) -> None:
        """``source`` is what a stop has to break now."""
        self._source = source

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def check(self) -> None:
        """Raise StoppedError once it is asked for."""
        if self.stopped:
            raise StoppedError

    def sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)
        self.check()


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that is whole, right and in its place. ``blocks``: SHA-256 of everything up to the end of each block."""

    path: Path
    sha256: str
    blocks: tuple[str, ...]


@contextmanager
def alone(remote: RemoteFile, target: Path) -> Iterator[None]:
    """Nobody else, in this process or another, fetches to ``target`` meanwhile. Raises HubError where one does."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(target.with_name(target.name + ".lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise HubError(
            "Another Tern is fetching {file} already. Wait for it, or stop it there.",
            keeps=False,
            file=remote.file,
        ) from None
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):
            Path(lock.lock_file).unlink()


class FileDownload:
    """One file on its way to ``target``. ``notes`` go into its journal: whose file it is, for a later session.

    ``patient``: somebody watches, so a lost network and a full disk are waited for instead of given up on.
    """

    def __init__(
        self,
        remote: RemoteFile,
        target: Path,
        options: NetworkOptions,
        control: Control,
        on_progress: Callable[[DownloadProgress], None],
        notes: dict[str, str],
        block: int = BLOCK,
        patient: bool = False,
    ) -> None:
        self._remote, self._target, self._options, self._control = remote, target, options, control
        self._notes, self._block, self._patient = notes, block, patient
        self._why = f"fetch {remote.label}"
        self._part = PartFile(target, remote.identity, block)
        self._reporter = Reporter(remote.size, on_progress)
        self._looked = 0.0  # at the room on the disk
        self._ranges = True  # whether this server is asked for parts
        self._unsure = False  # whether a part came without its place being said

    def is_here(self) -> bool:
        """Whether the very file is in its place, by its hash."""
        if not self._target.is_file() or self._target.stat().st_size != self._remote.size:
            return False
        sha256 = hash_file(
            self._target, lambda done: self._report("checking", done), lambda: self._control.stopped
        )
        self._control.check()
        return self._is_right(self._target, sha256 or "")

    def run(self) -> Arrived:
        """Fetch, verify and put in its place. Raises HubError, OSError as the disk does, and StoppedError; whatever
        ends it keeps what has arrived."""
        remote, part = self._remote, self._part
        kept = kept_aside(self._target)
        if kept.exists():
            return self._repair_kept(kept)
        try:
            self._need_room(remote.size - arrived(self._target))
            part.resume(lambda done: self._report("checking", done))
            part.note(**self._notes)
            if part.offset == 0 and (sha256 := self._take_cached()):
                return self._publish(sha256)
            if part.offset < remote.size:
                self._receive()
            self._report("verifying", remote.size, force=True)
            sha256 = part.finish()
            if self._unsure and not self._is_right(part.path, sha256):
                # It sent other bytes than asked for and did not say so: once more, all of it and in one piece.
                self._unsure = self._ranges = False
                part.restart()
                self._report("downloading", 0, note=hub_errors.BEGINS_AGAIN_WHOLE)
                self._receive()
                self._report("verifying", remote.size, force=True)
                sha256 = part.finish()
        except BaseException:
            part.close()
            raise
        if not self._is_right(part.path, sha256):
            part.path.replace(kept)
            part.journal.replace(journal_of(kept))
            raise DamagedError(
                "{file} arrived damaged: its hash is {found}…, not {wanted}…. It "
                "is kept at {path} and not used. Fetch it again to repair it: it is compared with the server's and "
                "mended where it differs.",
                kept=kept,
                file=remote.file,
                found=sha256[:12],
                wanted=(remote.sha256 or "?")[:12],
                path=kept,
            )
        return self._publish(sha256)

    # -- steps ---------------------------------------------------------------------------------------------------

    def _publish(self, sha256: str) -> Arrived:
        return Arrived(self._part.publish(), sha256, tuple(self._part.digests))

    def _take_cached(self) -> str:
        """What huggingface_hub has fetched before need not come again: copied from its cache, and hashed as ever.
        The hash when it is right; empty where there is nothing, or nothing right."""
        part = self._part
        path = hub_client.cached(self._remote) if self._remote.sha256 is not None else None
        if path is None:
            return ""
        with path.open("rb", buffering=0) as file:
            while data := file.read(_COPY):
                self._write(data)
                self._report("checking", part.offset)
        sha256 = part.finish()
        if sha256 == self._remote.sha256:
            return sha256
        part.restart()  # damaged there: fetched after all
        return ""

    def _repair_kept(self, kept: Path) -> Arrived:
        """A damaged file from before: fetch its bad blocks again, or all of it where the server gives no parts."""
        part = self._part
        kept.replace(part.path)
        with suppress(FileNotFoundError):
            journal_of(kept).replace(part.journal)
        told, notes = read_journal(part.journal, part.identity, self._block)
        if not notes:  # it was another file, or nothing is known of it: nothing to compare with
            part.discard()
            return self.run()
        try:
            with hub_client.open_client(self._options, self._why) as client:
                source = self._source(client)
                repaired = repair_blocks(
                    part.path,
                    self._remote.size,
                    self._block,
                    told,
                    self._remote.sha256,
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
            return self.run()
        part.digests = repaired
        return self._publish(repaired[-1])

    def _receive(self) -> None:
        part = self._part
        with hub_client.open_client(self._options, self._why) as client:
            source = self._source(client)
            changes = 0
            while part.offset < self._remote.size:
                try:
                    self._persist(lambda: self._stream(source), lambda: part.offset)
                except FullError as error:
                    self._wait_for_room(error)
                except RangeError as error:
                    if not self._ranges:
                        raise HubError("{error}", error=error) from error
                    self._ranges = False  # what is here stays: the whole comes, and it is passed over
                except ChangedError as error:
                    changes += 1
                    if changes > 2:
                        raise HubError(
                            "{error} Try again later, or use another mirror.", error=error
                        ) from error
                    part.restart()  # what is there belongs to another file
                    self._report("downloading", 0, note=hub_errors.BEGINS_AGAIN)

    def _stream(self, source: Source) -> None:
        """One request for the rest of the file."""
        remote, part = self._remote, self._part
        headers = {}
        if part.offset and self._ranges:
            headers["Range"] = f"bytes={part.offset}-"
            if etag := part.notes.get("etag"):
                headers["If-Range"] = etag
        with source.get(headers) as answer:
            answer.check_same(remote, part.notes.get("etag") if part.offset else None)
            skip = answer.beginning(remote, part.offset)
            self._unsure = self._unsure or answer.unsure
            if skip and skip == part.offset:
                self._report("downloading", part.offset, note=hub_errors.WHOLE_AGAIN)
            if answer.etag and answer.etag != part.notes.get("etag"):
                part.note(etag=answer.etag)
            for data in source.chunks(answer):
                if skip:  # the server sent what is here already
                    skip, data = max(0, skip - len(data)), data[skip:]
                if data:
                    self._write(data)
                    self._report("downloading", part.offset)
                else:
                    self._control.check()
                self._look_for_room()
            if part.offset < remote.size:
                raise answer.ended_early()

    def _write(self, data: bytes) -> None:
        if self._part.offset + len(data) > self._remote.size:
            raise ChangedError("More of {file} came than it is large.", file=self._remote.file)
        try:
            self._part.write(data)
        except OSError as error:
            raise hub_errors.of_disk(error, self._part.path) from error

    # -- room on the disk ----------------------------------------------------------------------------------------

    def _need_room(self, needed: int) -> None:
        free = self._free()
        if needed > 0 and free < needed + SPARE:
            raise hub_errors.no_room(self._target, needed + SPARE, free)

    def _look_for_room(self) -> None:
        """Others use the disk as well: now and then, whether there still is room for a while."""
        now = time.monotonic()
        if now - self._looked < ROOM_S:
            return
        self._looked = now
        left, free = self._remote.size - self._part.offset, self._free()
        if left and free < min(LOW, left + LOW // 2):
            raise hub_errors.runs_low(self._target, left, free)

    def _wait_for_room(self, error: FullError) -> None:
        """Until the rest fits, with the reason on show; at once an error where nobody is there to make room."""
        if not self._patient:
            raise error
        part = self._part
        part.close()
        while True:
            left, free = self._remote.size - part.offset, self._free()
            if free >= left + LOW:
                part.resume(lambda done: self._report("checking", done))
                return
            note = hub_errors.waiting_for_room(hub_errors.runs_low(self._target, left, free))
            self._report("waiting", part.offset, note=note, force=True)
            self._control.sleep(ROOM_S)

    def _free(self) -> int:
        return shutil.disk_usage(self._target.parent).free

    # -- small things --------------------------------------------------------------------------------------------

    def _persist(
        self, attempt: Callable[[], hub_client.T], moved: Callable[[], int] = lambda: 0
    ) -> hub_client.T:
        return hub_client.persistently(self._options, attempt, self._wait, moved, self._patient)

    def _wait(self, seconds: float, error: HubError) -> None:
        hub_errors.say_what_is_kept(error, arrived(self._target))
        self._report("waiting", self._reporter.done, note=hub_errors.waiting(error, seconds), force=True)
        self._control.sleep(seconds)

    def _source(self, client: httpx2.Client) -> Source:
        control = self._control
        source = Source(
            client, self._remote, self._options, self._why, self._came, control.sleep, lambda: control.limit
        )
        control.watch(source)
        return source

    def _came(self, count: int) -> None:
        self._control.check()
        self._control.received += count
        self._reporter.came(count)

    def _report(self, phase: str, done: int, note: str = "", force: bool = False) -> None:
        self._control.check()
        self._reporter.tell(phase, done, note, force)

    def _is_right(self, path: Path, sha256: str) -> bool:
        if self._remote.sha256 is not None:
            return sha256 == self._remote.sha256
        if self._remote.git_blob is not None:
            return git_blob(path) == self._remote.git_blob
        return True  # the hub names no hash: the length is all there is to check
