"""Fetch a file of the hub: resumable, verified, repairable, and never half a file under its final name.

The bytes go through :class:`Download`; what the hub says of a file comes from ``hub_client``; sentences for what
goes wrong from ``hub_errors``; the growing file is ``part``'s. Runs on whatever thread calls it.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
import httpx2

from tern.library import hub_client, hub_errors, network, shelf
from tern.library.hub_client import RemoteFile
from tern.library.hub_errors import ChangedError, DamagedError, HubError
from tern.library.hub_progress import Progress, Rate
from tern.library.hub_repair import git_blob, repair_blocks
from tern.library.network import NetworkOptions
from tern.library.part import BLOCK, PartFile, read_journal

SPARE = 64 << 20  # bytes of the disk that a download leaves free
_CHUNK = 1 << 20
_REPORT_S = 0.1
_MAX_REDIRECTS = 6


class StoppedError(Exception):
    """Paused or cancelled; never leaves this module."""


class Download:
    """One file on its way to ``target``. :meth:`run` does it all; the other methods may be called from any thread."""

    def __init__(
        self,
        remote: RemoteFile,
        target: Path,
        options: NetworkOptions,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        name: str = "",
        title: str = "",
        block: int = BLOCK,
    ) -> None:
        self.remote, self.target, self.options = remote, target, options
        self.received = 0  # bytes that came over the network
        self._name, self._title = name or shelf.slug(Path(remote.file).stem), title or remote.label
        self._on_progress = on_progress
        self._why = f"fetch {remote.label}"
        self._stop = threading.Event()
        self._cancelled = False
        self._block = block
        self._rate = Rate()
        self._reported = 0.0

    def pause(self) -> None:
        """Stop soon and keep what there is."""
        self._stop.set()

    def cancel(self) -> None:
        """Stop soon and delete what there is."""
        self._cancelled = True
        self._stop.set()

    def run(self) -> shelf.Installed | None:
        """Fetch, verify and put on the shelf; None when paused or cancelled. Raises HubError, one sentence."""
        try:
            with self._alone():
                return self._fetch()
        except StoppedError:
            return None
        except OSError as error:
            raise hub_errors.of_disk(error, self.target) from error

    # -- steps ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.target.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.target.with_name(self.target.name + ".lock"))
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise HubError(
                f"Another Tern is fetching {self.remote.file} already. Wait for it, or stop it there."
            ) from None
        try:
            yield
        finally:
            lock.release()
            with suppress(OSError):
                Path(lock.lock_file).unlink()

    def _fetch(self) -> shelf.Installed:
        remote = self.remote
        part = PartFile(self.target, remote.identity, self._block)
        kept = kept_aside(self.target)
        if kept.exists():
            return self._repair_kept(part, kept)
        try:
            self._room(remote.size - (part.path.stat().st_size if part.path.exists() else 0))
            part.resume(lambda done: self._report("checking", done))
            if part.offset < remote.size:
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
                f"is kept at {kept} and not used. Fetch it again to repair it: only the damaged parts are asked for.",
                kept,
            )
        return self._publish(part, sha256)

    def _publish(self, part: PartFile, sha256: str) -> shelf.Installed:
        path = part.publish()
        status = path.stat()
        added = shelf.now()
        model = shelf.Installed(
            name=self._name,
            title=self._title,
            path=path,
            size=status.st_size,
            sha256=sha256,
            origin=f"{self.remote.repo}/{self.remote.file}",
            added=added,
            verified_at=added,
            modified_ns=status.st_mtime_ns,
            block=self._block,
            blocks=tuple(part.digests),
        )
        return shelf.add(model) if path.suffix in shelf.MODEL_SUFFIXES else model

    def _repair_kept(self, part: PartFile, kept: Path) -> shelf.Installed:
        """A damaged file from before: fetch its bad blocks again, or all of it where the server gives no parts."""
        kept.replace(part.path)
        with suppress(FileNotFoundError):
            journal_of(kept).replace(part.journal)
        told, _ = read_journal(part.journal, part.identity, self._block)
        try:
            with hub_client.open_client(self.options, self._why) as client:
                repaired = repair_blocks(
                    part.path,
                    self.remote.size,
                    self._block,
                    told,
                    self.remote.sha256,
                    lambda start, end: self._persist(lambda: self._range(client, start, end)),
                    lambda done: self._report("repairing", done),
                )
        except BaseException:
            part.path.replace(kept)
            if part.journal.exists():
                part.journal.replace(journal_of(kept))
            raise
        if repaired is None:
            part.discard()
            return self._fetch()
        part.digests = repaired
        return self._publish(part, repaired[-1])

    def _receive(self, part: PartFile) -> None:
        with hub_client.open_client(self.options, self._why) as client:
            changes = 0
            while part.offset < self.remote.size:
                try:
                    self._persist(lambda: self._stream(client, part), lambda: part.offset)
                except ChangedError as error:
                    changes += 1
                    if changes > 2:
                        raise HubError(f"{error} Try again later, or use another mirror.") from error
                    part.restart()  # what is there belongs to another file
                    self._report("downloading", 0, note="The file changed on the server, so it begins again.")

    def _stream(self, client: httpx2.Client, part: PartFile) -> None:
        """One request for the rest of the file."""
        headers = {}
        if part.offset:
            headers["Range"] = f"bytes={part.offset}-"
            if etag := part.notes.get("etag"):
                headers["If-Range"] = etag
        with self._get(client, headers) as (response, linked):
            self._check_same(response, linked, part)
            skip = self._beginning(response, part)
            if (etag := _strong_etag(response)) and etag != part.notes.get("etag"):
                part.note(etag=etag)
            for data in self._chunks(response):
                if skip:  # the server sent what is here already
                    skip, data = max(0, skip - len(data)), data[skip:]
                if data:
                    self._write(part, data)
                self._report("downloading", part.offset)
            if part.offset < self.remote.size:
                raise HubError(
                    f"The connection to {response.url.host} ended too early. {hub_errors.KEPT}", again=True
                )

    def _beginning(self, response: httpx2.Response, part: PartFile) -> int:
        """Bytes of the answer to pass over, after checking that it is what was asked for."""
        size, host = self.remote.size, response.url.host
        if response.status_code == 206:
            sent, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
            if not sent.startswith(f"{part.offset}-") or total not in (str(size), "*"):
                raise ChangedError(
                    f"{host} sent other bytes than asked for. Try again, or use another mirror."
                )
            return 0
        if "text/html" in response.headers.get("Content-Type", ""):
            raise hub_errors.captive(host)
        length = response.headers.get("Content-Length")
        if length is not None and int(length) != size:
            raise ChangedError(
                f"{self.remote.file} has {int(length):,} bytes on {host}, not the {size:,} that were announced."
            )
        return part.offset

    def _check_same(self, response: httpx2.Response, linked: str | None, part: PartFile) -> None:
        """The server must still offer the file that was begun."""
        known = self.remote.sha256
        if known and linked and len(linked) == 64:
            if linked != known:
                raise HubError(
                    f"{self.remote.label} was replaced on the server while it was fetched. Fetch it once more: that "
                    "begins again with the new file."
                )
            return
        before, etag = part.notes.get("etag"), _strong_etag(response)
        if part.offset and before and etag and before != etag:
            raise ChangedError(f"{self.remote.label} changed on the server.")

    def _range(self, client: httpx2.Client, start: int, end: int) -> bytes | None:
        """Bytes ``start`` to ``end`` (not included); None where the server gives no parts."""
        with self._get(client, {"Range": f"bytes={start}-{end - 1}"}) as (response, _):
            if response.status_code != 206:
                return None
            data = b"".join(self._chunks(response))
            if len(data) != end - start:
                raise HubError(
                    f"The connection to {response.url.host} ended too early. {hub_errors.KEPT}", again=True
                )
            return data

    # -- one connection ------------------------------------------------------------------------------------------

    @contextmanager
    def _get(
        self, client: httpx2.Client, headers: dict[str, str]
    ) -> Iterator[tuple[httpx2.Response, str | None]]:
        """GET through the hub's redirects, the token to the hub alone; with the hash that the hub names on the way."""
        url, linked = httpx2.URL(self.remote.url), None
        home = url.host
        token = hub_client.token(self.options)
        for _ in range(_MAX_REDIRECTS):
            sent = {"Accept-Encoding": "identity", **headers}
            if token and url.host == home:
                sent["Authorization"] = f"Bearer {token}"
            try:
                with client.stream("GET", url, headers=sent) as response:
                    linked = linked or response.headers.get("X-Linked-Etag", "").strip('W/"') or None
                    if response.next_request is not None:
                        url = response.next_request.url
                        continue
                    if response.status_code not in (200, 206):
                        raise hub_errors.of_status(
                            response, self.remote.label, f"{self.options.hub()}/{self.remote.repo}"
                        )
                    before = self.received
                    try:
                        yield response, linked
                    finally:
                        network.note(url.host, self._why, str(response.status_code), self.received - before)
                    return
            except httpx2.HTTPError as error:
                network.note(url.host, self._why, type(error).__name__, 0)
                raise hub_errors.of_transport(error, url.host) from error
        raise HubError(f"{home} sends Tern in circles. Try again later, or use another mirror.")

    def _chunks(self, response: httpx2.Response) -> Iterator[bytes]:
        """The answer in pieces of about a megabyte, within the bandwidth limit; a trickle counts as a stall."""
        gathered, count = [], 0
        began = window = yielded = time.monotonic()
        in_window = taken = 0
        for data in self._until_it_breaks(response):
            self._check_stop()
            self.received += len(data)
            self._rate.add(len(data))
            gathered.append(data)
            count, taken, in_window = count + len(data), taken + len(data), in_window + len(data)
            if self.options.limit:
                ahead = taken / self.options.limit - (time.monotonic() - began)
                if ahead > 0:
                    self._sleep(ahead)
            now = time.monotonic()
            if now - window > self.options.stall_s:
                if in_window < self.options.stall_bytes_per_s * (now - window):
                    raise HubError(
                        f"Almost nothing comes from {response.url.host} any more. {hub_errors.KEPT}",
                        again=True,
                    )
                window, in_window = now, 0
            if count >= _CHUNK or now - yielded > _REPORT_S:
                yield b"".join(gathered)
                gathered, count, yielded = [], 0, now
        if gathered:
            yield b"".join(gathered)
        if self._broke is not None:
            raise self._broke

    def _until_it_breaks(self, response: httpx2.Response) -> Iterator[bytes]:
        """The bytes of the answer; an error waits in ``_broke`` until what came before it has been written."""
        self._broke = None
        try:
            yield from response.iter_raw()
        except httpx2.HTTPError as error:
            self._broke = error

    _broke: httpx2.HTTPError | None = None

    def _write(self, part: PartFile, data: bytes) -> None:
        if part.offset + len(data) > self.remote.size:
            raise ChangedError(f"More of {self.remote.file} came than it is large.")
        try:
            part.write(data)
        except OSError as error:
            raise hub_errors.of_disk(error, part.path) from error

    # -- small things --------------------------------------------------------------------------------------------

    def _persist(
        self, attempt: Callable[[], hub_client.T], moved: Callable[[], int] = lambda: 0
    ) -> hub_client.T:
        return hub_client.persistently(self.options, attempt, self._wait, moved)

    def _wait(self, seconds: float, error: HubError) -> None:
        done = self._last.done if self._last else 0
        self._report(
            "waiting", done, note=f"{error} Tern tries again in {max(seconds, 1):.0f} s.", force=True
        )
        self._sleep(seconds)

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
        self._on_progress(self._last)

    def _room(self, needed: int) -> None:
        free = shutil.disk_usage(self.target.parent).free
        if needed > 0 and free < needed + SPARE:
            raise hub_errors.no_room(self.target, needed, free)

    def _is_right(self, path: Path, sha256: str) -> bool:
        if self.remote.sha256 is not None:
            return sha256 == self.remote.sha256
        if self.remote.git_blob is not None:
            return git_blob(path) == self.remote.git_blob
        return True  # the hub names no hash: the length is all there is to check


def kept_aside(target: Path) -> Path:
    """Where a damaged file waits to be repaired."""
    return target.with_name(target.name + ".bad")


def journal_of(kept: Path) -> Path:
    """The journal of such a file."""
    return kept.with_name(kept.name + ".journal")


def _strong_etag(response: httpx2.Response) -> str | None:
    etag: str | None = response.headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else None
