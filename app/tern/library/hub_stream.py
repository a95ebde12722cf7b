"""The bytes of one remote file over one client: redirects, ranges, the bandwidth limit, stalls. Writes nothing."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx2

from tern.library import hub_client, hub_errors, hub_token, network
from tern.library.hub_client import RemoteFile
from tern.library.hub_errors import ChangedError, FaultKind, HubError, RangeError
from tern.library.network import NetworkOptions

_MAX_REDIRECTS = 6
_UNPACKED = {"gzip", "deflate"}  # what httpx undoes everywhere
_RANGE = re.compile(r"bytes[ =](?P<first>\d+)-\d*(?:/(?P<size>\d+|\*))?")


class Answer:
    """What a server began to send. ``status`` 200 or 206; ``linked``: the hash that the hub named on the way;
    ``unsure``: it does not say which bytes it sends, and only the hash of the whole will tell."""

    def __init__(self, response: httpx2.Response, linked: str | None) -> None:
        self.response, self.linked = response, linked
        self.status: int = response.status_code
        self.host: str = response.url.host
        self.unsure = False
        self.encodings = [
            coding
            for part in response.headers.get("Content-Encoding", "").lower().split(",")
            if (coding := part.strip()) not in ("", "identity")
        ]
        found: str | None = response.headers.get("ETag")
        # only a strong one says "the same bytes", and one of the packed bytes says nothing of the file's
        self.etag = found if found and not found.startswith("W/") and not self.encodings else None

    def beginning(self, remote: RemoteFile, offset: int) -> int:
        """Bytes of the answer to pass over when asked for what comes after ``offset``. Raises when it is something
        else: RangeError where the whole has to be asked for."""
        length = _number(self.response.headers.get("Content-Length"))
        if unknown := [coding for coding in self.encodings if coding not in _UNPACKED]:
            raise HubError(
                "{host} sends the file compressed ({encoding}), which Tern did not ask for and cannot undo. "
                "Use another mirror.",
                host=self.host,
                encoding=unknown[0],
            )
        if self.status == 206:
            return self._part_from(remote, offset, length)
        if (self.encodings or length != remote.size) and "text/html" in self.response.headers.get(
            "Content-Type", ""
        ):
            raise hub_errors.captive(self.host)
        if self.encodings:
            return offset
        if length is not None and length != remote.size:
            raise ChangedError(
                "{file} has {length:,} bytes on {host}, not the {size:,} that were announced.",
                file=remote.file,
                length=length,
                host=self.host,
                size=remote.size,
            )
        return offset

    def _part_from(self, remote: RemoteFile, offset: int, length: int | None) -> int:
        said = _RANGE.fullmatch(self.response.headers.get("Content-Range", "").strip())
        if said is not None and said["size"] not in (None, "*", str(remote.size)):
            raise ChangedError(
                "{file} has {length:,} bytes on {host}, not the {size:,} that were announced.",
                file=remote.file,
                length=int(said["size"]),
                host=self.host,
                size=remote.size,
            )
        if said is not None and int(said["first"]) <= offset and not self.encodings:
            return offset - int(said["first"])
        if said is None and not self.encodings and length is not None:
            if length == remote.size:
                return offset
            if length == remote.size - offset and (remote.sha256 or remote.git_blob):
                self.unsure = True
                return 0
        raise RangeError(
            "{host} sent other bytes than asked for. Try again, or use another mirror.", host=self.host
        )

    def check_same(self, remote: RemoteFile, before: str | None) -> None:
        """The server must still offer the file that was begun; ``before`` is the ETag of what is here."""
        known = remote.sha256
        if known and self.linked and len(self.linked) == 64:
            if self.linked != known:
                raise HubError(
                    "{file} was replaced on the server while it was fetched. Fetch it once more: that "
                    "begins again with the new file.",
                    keeps=False,
                    file=remote.label,
                )
            return
        if before and self.etag and before != self.etag:
            raise ChangedError("{file} changed on the server.", file=remote.label)

    def ended_early(self) -> HubError:
        return HubError(
            "The connection to {host} ended too early. Try again, or use another mirror.",
            again=True,
            kind=FaultKind.BROKEN,
            host=self.host,
        )


class Source:
    """``on_bytes`` is told each count that came and may raise to stop; ``sleep`` waits, and may raise as well.
    ``limit``: bytes a second that are allowed now, 0 for all."""

    def __init__(
        self,
        client: httpx2.Client,
        remote: RemoteFile,
        options: NetworkOptions,
        why: str,
        on_bytes: Callable[[int], None],
        sleep: Callable[[float], None],
        limit: Callable[[], int],
    ) -> None:
        self._client, self._remote, self._options, self._why = client, remote, options, why
        self._on_bytes, self._sleep, self._limit = on_bytes, sleep, limit
        self._broke: httpx2.HTTPError | None = None
        self._socket: socket.socket | None = None

    def abort(self) -> None:
        """End what is under way at once, from any thread: a read that waits for bytes which do not come breaks."""
        if self._socket is not None:
            with suppress(OSError):
                # Not the TLS one's: that is the reader's.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    @contextmanager
    def get(self, headers: dict[str, str]) -> Iterator[Answer]:
        """GET through the hub's redirects, the token to the hub alone; the keyring's where the hub asks for one."""
        url, linked = httpx2.URL(self._remote.url), None
        home = _origin(url)
        token = hub_token.for_hub(self._options)
        for _ in range(_MAX_REDIRECTS):
            sent = {"Accept-Encoding": "identity", **headers}
            if token and _origin(url) == home:
                sent["Authorization"] = f"Bearer {token}"
            with self._client.stream("GET", url, headers=sent) as response:
                linked = linked or response.headers.get("X-Linked-Etag", "").strip('W/"') or None
                if response.next_request is not None:
                    url = response.next_request.url
                    continue
                if response.status_code not in (200, 206):
                    hub = f"{self._options.hub()}/{self._remote.repo}"
                    refused = hub_errors.of_status(response, self._remote.label, hub)
                    if _origin(url) == home and (other := hub_token.another(self._options, token, refused)):
                        token = other
                        continue
                    raise refused
                yield from self._noted(response, linked)
                return
        raise HubError("{host} sends Tern in circles. Try again later, or use another mirror.", host=url.host)

    def _noted(self, response: httpx2.Response, linked: str | None) -> Iterator[Answer]:
        """The answer, and a line in the log of connections when it is over."""
        url = response.url
        stream = response.extensions.get("network_stream")
        self._socket = stream.get_extra_info("socket") if stream is not None else None
        ended = str(response.status_code)
        try:
            yield Answer(response, linked)
        except httpx2.HTTPError as error:
            ended += ", broken off"
            raise hub_errors.of_transport(
                error, url.host, hub_client.proxy_for(self._options, url)
            ) from error
        finally:
            self._socket = None
            network.note(url.host, self._why, ended, response.num_bytes_downloaded)

    def part(self, start: int, end: int) -> bytes | None:
        """Bytes ``start`` to ``end`` (not included); None where the server gives no parts."""
        with self.get({"Range": f"bytes={start}-{end - 1}"}) as answer:
            said = _RANGE.fullmatch(answer.response.headers.get("Content-Range", "").strip())
            if answer.status != 206 or answer.encodings or (said is not None and int(said["first"]) != start):
                return None
            data = b"".join(self.chunks(answer))
            if len(data) != end - start:
                raise answer.ended_early()
            return data

    def chunks(self, answer: Answer) -> Iterator[bytes]:
        """The answer in pieces as they come, within the bandwidth limit; a trickle counts as a stall."""
        options = self._options
        began = window = time.monotonic()
        in_window = taken = limit = 0
        for data in self._until_it_breaks(answer):
            self._on_bytes(len(data))
            yield data
            taken, in_window = taken + len(data), in_window + len(data)
            if self._limit() != limit:
                limit, taken, began = self._limit(), len(data), time.monotonic()
            if limit:
                ahead = taken / limit - (time.monotonic() - began)
                if ahead > 0:
                    self._sleep(ahead)
            now = time.monotonic()
            if now - window > options.stall_s:
                if in_window < options.stall_bytes_per_s * (now - window):
                    raise HubError(
                        "Almost nothing comes from {host} any more. Try again where the network is better.",
                        again=True,
                        lost=True,
                        kind=FaultKind.SILENT,
                        host=answer.host,
                    )
                window, in_window = now, 0
        if self._broke is not None:
            raise self._broke

    def _until_it_breaks(self, answer: Answer) -> Iterator[bytes]:
        """The bytes of the file; an error waits in ``_broke`` until what came before it has been written."""
        self._broke = None
        try:
            yield from answer.response.iter_bytes() if answer.encodings else answer.response.iter_raw()
        except httpx2.HTTPError as error:
            self._broke = error


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
