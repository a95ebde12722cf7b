"""A hub on this computer that speaks Hugging Face's protocol, with switches for everything that goes wrong outside.

Two servers, as there: the hub answers the API and ``/resolve/`` (302 with X-Repo-Commit, X-Linked-Etag and
X-Linked-Size), another host, here another port, sends the bytes (ETag, Range, If-Range). Real sockets, real HTTP.

    python tests/tools/local_hub.py FOLDER [--port N]     serves FOLDER/OWNER/NAME/FILES, until Ctrl-C
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

LARGE = 1000  # bytes from which a file is LFS; the hub's own limit is 10 MB
_CHUNK = 1 << 20


@dataclass
class Faults:
    """What the servers do wrong. Counters go down as they are used; None and False are off."""

    reset_every: int | None = None  # bytes after which the CDN breaks the connection
    ignore_range: bool = False
    etag: str | None = None  # of the CDN, instead of the file's own
    captive_api: bool = False  # HTML and 200 instead of JSON
    captive_cdn: bool = False
    api_status: list[int] = field(default_factory=list)  # answers to the next API requests
    cdn_status: list[int] = field(default_factory=list)  # ... and to the next downloads
    gated: bool = False
    bare: bool = False  # the API names files and says nothing more of them
    retry_after: str | None = None
    stall_after: int | None = None  # bytes after which one answer stops for ``stall_s``
    stall_s: float = 5.0
    flip_at: int | None = None  # this byte is sent wrong, ``flips`` times
    flips: int = 1
    wrong_part: int = 0  # answers that begin so many bytes away from what was asked for, and say so
    silent_ranges: bool = False  # 206 without Content-Range
    shifted: int = 0  # ... and these bytes away from what was asked for
    compress: str | None = None  # Content-Encoding, whatever the client asks for
    secret: str | None = None  # the token without which the hub gives no file
    licence: str | None = None  # as the model's card names it
    rate: float | None = None  # bytes a second
    gone: bool = False  # the machine is off: what is under way ends in the middle


@dataclass
class Asked:
    """One request that the CDN answered: status, first byte, bytes sent, and whether a token came along."""

    status: int
    start: int
    sent: int = 0
    token: bool = False


class LocalHub:
    """Serves ``folder``/OWNER/NAME/... Use with ``with``; ``url`` is what HF_ENDPOINT should be."""

    def __init__(self, folder: Path, port: int = 0, tls: tuple[Path, Path] | None = None) -> None:
        self.folder, self.faults = folder, Faults()
        self.closing = threading.Event()  # ends a stall
        self.asked: list[Asked] = []
        self.api: list[str] = []
        self.tokens: list[str | None] = []
        self.commit = "c0ffee" * 6 + "c0ff"
        self._hub = _server(self, _Hub, port)
        self._cdn = _server(self, _Cdn, 0)
        scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._hub.socket = context.wrap_socket(self._hub.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._hub.server_address[1]}"
        # Another name for the same machine: to a client it is another host, as a CDN is.
        self.cdn_url = f"http://localhost:{self._cdn.server_address[1]}"
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.02,), name="local-hub", daemon=True)
            for server in (self._hub, self._cdn)
        ]

    def __enter__(self) -> LocalHub:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Go away: what is under way breaks, and nobody listens any more. Safe to call twice."""
        self.faults.gone = True
        self.closing.set()
        for server in (self._hub, self._cdn):
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()

    @property
    def sent(self) -> int:
        """Bytes of files sent so far."""
        return sum(asked.sent for asked in self.asked)


def _server(hub: LocalHub, handler: type[_Handler], port: int) -> ThreadingHTTPServer:
    bound = type(handler.__name__, (handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", port), bound)
    server.daemon_threads = True
    server.handle_error = lambda request, address: None  # type: ignore[method-assign]  # clients hang up; that is fine
    return server


@lru_cache
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a served file."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


def _blob_id(path: Path) -> str:
    size = path.stat().st_size
    data = path.read_bytes() if size < LARGE else b""
    return hashlib.sha1(b"blob %d\0" % size + data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: LocalHub

    def log_message(self, *_: object) -> None:
        pass

    def send(self, status: int, body: bytes = b"", kind: str = "text/plain", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_chunked(self, body: bytes) -> None:
        """JSON without its length, as the real hub's API has it."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        raise NotImplementedError

    def captive(self) -> None:
        self.send(200, b"<!DOCTYPE html><title>Welcome to the hotel</title>", "text/html; charset=utf-8")

    def fail(self, status: int) -> None:
        headers = {"Retry_After": self.hub.faults.retry_after} if self.hub.faults.retry_after else {}
        if status == 403:
            headers |= {"X_Error_Code": "GatedRepo", "X_Error_Message": "Access is restricted."}
        self.send(status, b"{}", "application/json", **headers)


class _Hub(_Handler):
    """The API and ``/resolve/``."""

    def do_GET(self) -> None:
        faults, url = self.hub.faults, urlsplit(self.path)
        self.hub.tokens.append(self.headers.get("Authorization"))
        if faults.captive_api:
            return self.captive()
        if faults.api_status:
            return self.fail(faults.api_status.pop(0))
        parts = unquote(url.path).strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self.hub.api.append(self.path)
            return self._api(parts[2:], parse_qs(url.query))
        if len(parts) > 4 and parts[2] == "resolve":
            return self._resolve("/".join(parts[:2]), "/".join(parts[4:]))
        return self.send(404)

    def _api(self, parts: list[str], query: dict[str, list[str]]) -> None:
        if not parts:
            return self._search(query.get("search", [""])[0])
        repo = "/".join(parts[:2])
        folder = self.hub.folder / repo
        if self.hub.faults.gated:
            return self.fail(403)
        if not folder.is_dir():
            return self.send(
                404, b'{"error": "Repository not found"}', "application/json", X_Error_Code="RepoNotFound"
            )
        if len(parts) > 3 and parts[2] == "revision" and parts[3] not in ("main", self.hub.commit):
            return self.send(404, b"{}", "application/json", X_Error_Code="RevisionNotFound")
        siblings = [self._sibling(folder, path) for path in sorted(folder.rglob("*")) if path.is_file()]
        body: dict[str, object] = {"id": repo, "modelId": repo, "sha": self.hub.commit, "siblings": siblings}
        if self.hub.faults.licence:
            body |= {"cardData": {"license": self.hub.faults.licence}}
        return self.send_chunked(json.dumps(body).encode())

    def _sibling(self, folder: Path, path: Path) -> dict[str, object]:
        size = path.stat().st_size
        found: dict[str, object] = {"rfilename": path.relative_to(folder).as_posix()}
        if self.hub.faults.bare:
            return found
        found |= {"size": size, "blobId": _blob_id(path)}
        if size >= LARGE:
            found["lfs"] = {"sha256": sha256_of(path), "size": size, "pointerSize": 135}
        return found

    def _search(self, words: str) -> None:
        found = [
            {"id": f"{path.parent.name}/{path.name}", "modelId": "", "downloads": 7, "likes": 3}
            for path in sorted(self.hub.folder.glob("*/*"))
            if words.lower() in path.name.lower()
        ]
        self.send(200, json.dumps(found).encode(), "application/json")

    def _resolve(self, repo: str, name: str) -> None:
        path = self.hub.folder / repo / name
        if not path.is_file():
            return self.send(404, X_Error_Code="EntryNotFound")
        secret = self.hub.faults.secret
        if secret and self.headers.get("Authorization") != f"Bearer {secret}":
            return self.send(401, b"{}", "application/json", X_Error_Code="GatedRepo")
        size = path.stat().st_size
        if size < LARGE:
            etag = f'"{_blob_id(path)}"'
            return self.send(200, path.read_bytes(), ETag=etag, X_Repo_Commit=self.hub.commit)
        return self.send(
            302,
            Location=f"{self.hub.cdn_url}/{repo}/{quote(name)}?signature=abc",
            X_Repo_Commit=self.hub.commit,
            X_Linked_Etag=f'"{sha256_of(path)}"',
            X_Linked_Size=str(size),
        )


class _Cdn(_Handler):
    """The bytes."""

    def do_GET(self) -> None:
        faults = self.hub.faults
        if faults.captive_cdn:
            return self.captive()
        if faults.cdn_status:
            status = faults.cdn_status.pop(0)
            self.hub.asked.append(Asked(status, -1))
            return self.fail(status)
        path = self.hub.folder / unquote(urlsplit(self.path).path).strip("/")
        size = path.stat().st_size
        etag = faults.etag or f'"{sha256_of(path)[:32]}"'
        start, end, shift = 0, size, 0
        wanted = self.headers.get("Range")
        partial = bool(wanted) and not faults.ignore_range and self.headers.get("If-Range", etag) == etag
        if partial and wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last) + 1 if last else size
            if start >= size:
                return self.send(416, Content_Range=f"bytes */{size}")
            start = max(0, start + faults.wrong_part)
            shift = faults.shifted
        asked = Asked(206 if partial else 200, start, token="Authorization" in self.headers)
        self.hub.asked.append(asked)
        if faults.compress:
            return self._send_packed(path, start, end, asked)
        self.send_response(asked.status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(end - start))
        self.send_header("Accept-Ranges", "none" if faults.ignore_range else "bytes")
        self.send_header("ETag", etag)
        if partial and not faults.silent_ranges:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.end_headers()
        return self._send(path, start - shift, end - shift, asked)

    def _send_packed(self, path: Path, start: int, end: int, asked: Asked) -> None:
        """As servers do that compress on the way: in chunks, with an ETag of its own."""
        kind = self.hub.faults.compress or ""
        data = path.read_bytes()[start:end]
        body = gzip.compress(data, 1) if kind == "gzip" else data
        self.send_response(asked.status)
        self.send_header("Content-Encoding", kind)
        self.send_header("ETag", f'"{sha256_of(path)[:32]}-{kind}"')
        self.send_header("Transfer-Encoding", "chunked")
        if asked.status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{path.stat().st_size}")
        self.end_headers()
        limit = self.hub.faults.reset_every or len(body)
        for at in range(0, min(limit, len(body)), 64 << 10):
            piece = body[at : min(at + (64 << 10), limit)]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            asked.sent += len(piece)
        if limit < len(body):
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, path: Path, start: int, end: int, asked: Asked) -> None:
        faults, at = self.hub.faults, start
        with path.open("rb") as file:
            if faults == Faults():
                asked.sent = self.connection.sendfile(file, start, end - start)
                return
            file.seek(start)
            while at < end and not faults.gone:
                size = min(_CHUNK, end - at)
                for limit in (faults.reset_every, faults.stall_after):
                    if limit is not None:
                        size = min(size, max(1, limit - asked.sent))
                if faults.rate:
                    size = min(size, max(1, int(faults.rate / 20)))
                    time.sleep(size / faults.rate)
                data = bytearray(file.read(size))
                if faults.flip_at is not None and at <= faults.flip_at < at + size and faults.flips > 0:
                    data[faults.flip_at - at] ^= 0x10
                    faults.flips -= 1
                self.wfile.write(data)
                asked.sent, at = asked.sent + size, at + size
                if faults.stall_after is not None and asked.sent >= faults.stall_after and at < end:
                    faults.stall_after = None
                    self.hub.closing.wait(faults.stall_s)
                if faults.reset_every is not None and asked.sent >= faults.reset_every and at < end:
                    time.sleep(0.02)  # let it arrive: a reset also throws away what is under way
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    self.connection.close()
                    return
        self.close_connection = self.close_connection or faults.gone


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=float, help="bytes a second")
    parser.add_argument("--reset-every", type=int, help="break the connection after so many bytes")
    args = parser.parse_args()
    with LocalHub(args.folder, args.port) as hub:
        hub.faults.rate, hub.faults.reset_every = args.rate, args.reset_every
        print(f"HF_ENDPOINT={hub.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(f"sent {hub.sent:,} bytes in {len(hub.asked)} answers")


if __name__ == "__main__":
    main()
