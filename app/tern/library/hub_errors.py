"""What went wrong on the way to a file, by kind, as a sentence with advice, and whether trying again may help.

The kinds keep apart what people mix up: this computer, the network, and who answers at the other end. Opens nothing.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import httpx2

from tern.errors import Sentence, UserError, Value, format_size

log = logging.getLogger(__name__)
E = TypeVar("E", bound=BaseException)

BEGINS_AGAIN = Sentence("The file changed on the server, so it begins again.")
BEGINS_AGAIN_WHOLE = Sentence("The server sent other bytes than asked for, so it begins again, in one piece.")
WHOLE_AGAIN = Sentence("This server only sends whole files: Tern passes over what is here already.")
_RETRY_STATUS = {408, 425, 429, 500, 502, 503, 504}
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
_NOT_VALID_NOW = {9, 10}  # X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED


class FaultKind(StrEnum):
    """Whose fault it is; the log of connections says it in these words."""

    HERE = "this computer"  # its clock, its firewall, its disk
    NETWORK = "no network"  # no name service, no route
    UNREACHED = "not reached"  # refused, or nobody there
    SILENT = "no answer"
    BROKEN = "broken off"
    UNSAFE = "not safe"
    PROXY = "proxy"
    PORTAL = "web page"  # of a network that wants a login first
    HUB = "hub"  # what it says, or sends


class HubError(UserError):
    """A question or a download that cannot go on as it is. ``again``: the same request may work a little later;
    ``lost``: because the network is gone, which may take long; ``status``: the answer's, where one came; ``keeps``: the
    next try goes on where this one ended."""

    def __init__(
        self,
        form: str,
        /,
        *,
        again: bool = False,
        after_s: float | None = None,
        lost: bool = False,
        status: int = 0,
        kind: FaultKind = FaultKind.HUB,
        keeps: bool = True,
        **values: Value,
    ) -> None:
        super().__init__(form, **values)
        self.again = again
        self.lost = lost
        self.after_s = after_s  # how long the server asked to wait
        self.status = status
        self.kind = kind
        self.keeps = keeps


class ChangedError(HubError):
    """The file on the server is not the one that was begun."""

    def __init__(self, form: str, /, **values: Value) -> None:
        super().__init__(form, keeps=False, **values)  # type: ignore[arg-type]  # no value is named as HubError's own


class RangeError(HubError):
    """The server cannot send a part of a file so that it is known which part it is."""


class FullError(HubError):
    """The disk has no room for the rest."""


class DamagedError(HubError):
    """The file arrived whole and its hash is wrong; ``kept`` is where it lies."""

    def __init__(self, form: str, /, *, kept: Path, **values: Value) -> None:
        super().__init__(form, keeps=False, **values)  # type: ignore[arg-type]  # no value is named as HubError's own
        self.kept = kept


def say_what_is_kept(error: HubError, arrived: int) -> None:
    """Add to the sentence of ``error`` that the ``arrived`` bytes are kept: once, and only where there are any."""
    if error.keeps and arrived > 0:
        error.sentence = Sentence(
            "{error} What has arrived is kept; the next try goes on from there.", error=error
        )
        error.keeps = False


def waiting_for_room(error: FullError) -> Sentence:
    """What is said while somebody makes room on the disk."""
    return Sentence("{error} Tern waits, and goes on by itself.", error=error)


def of_status(response: httpx2.Response, what: str, hub: str) -> HubError:
    """The error for an answer that is neither 200 nor 206."""
    status, host = response.status_code, response.url.host
    code = response.headers.get("X-Error-Code", "")
    if status == 511:  # network authentication required: a portal that says so
        return captive(host)
    if status == 407:
        return _proxy_asks()
    if status == 401 and "Authorization" in response.request.headers:
        return HubError(
            "{host} does not accept your token (401): it may have expired. Make a new one on the hub's page and save "
            "it under Settings, Network (or set HF_TOKEN).",
            status=401,
            host=host,
        )
    if status == 401:
        return HubError(
            "{host} wants to know who asks for {what}, or has no such file (401). Check the name; if the model is "
            "private or gated, log in: save your token under Settings, Network (or set HF_TOKEN).",
            status=401,
            host=host,
            what=what,
        )
    if status == 403 or code == "GatedRepo":
        return HubError(
            "{host} does not give {what} to everyone (403). Open {hub} in a browser, accept the model's conditions, "
            "and save your token under Settings, Network (or set HF_TOKEN).",
            status=403,
            host=host,
            what=what,
            hub=hub,
        )
    if status in (404, 410):
        return HubError(
            "{host} has no {what} (404). Check the owner, the name and the revision.",
            status=404,
            host=host,
            what=what,
        )
    if status == 416:
        return ChangedError(
            "{host} says that {what} has no more bytes where Tern wanted to go on (416).",
            host=host,
            what=what,
        )
    if status == 429:
        return HubError(
            "{host} says that too many requests came from here (429); after some minutes it answers again.",
            again=True,
            after_s=_retry_after(response),
            host=host,
        )
    again = status in _RETRY_STATUS
    after_s = _retry_after(response) if again else None
    if status >= 500:
        return HubError(
            "{host} has a fault of its own right now ({code}), which usually passes: try again later.",
            again=again,
            after_s=after_s,
            host=host,
            code=status,
        )
    return HubError(
        "{host} answered {code} when asked for {what}; Tern does not know what to do with that. Try again later, or "
        "use another mirror.",
        again=again,
        after_s=after_s,
        host=host,
        code=status,
        what=what,
    )


def captive(host: str) -> HubError:
    """A web page came where a file should."""
    return HubError(
        "A web page came instead of the model from {host}: this network probably wants you to log in or agree to "
        "something first. Open any page in your browser, then try again.",
        kind=FaultKind.PORTAL,
        host=host,
    )


def no_hub(host: str) -> HubError:
    """Something answered, and not as a hub does."""
    return HubError(
        "{host} does not answer as a hub does. Check the address of the mirror in the settings or in HF_ENDPOINT, or "
        "try again later.",
        host=host,
    )


def of_transport(error: Exception, host: str, proxy: str = "") -> HubError:
    """The error for a connection that failed or broke; ``proxy`` is the one it went through. The one place where what
    httpx, ssl and the system raise is told apart."""
    log.info("connection to %s: %r", host, error)
    unsafe = _cause(error, ssl.SSLError)
    if unsafe is not None and not isinstance(error, httpx2.ReadError):
        return _of_tls(unsafe, host)
    if isinstance(error, httpx2.ProxyError) and str(error).startswith("407"):
        return _proxy_asks()
    if isinstance(error, httpx2.ProxyError):
        return HubError(
            "The proxy refused the connection to {host} ({error}). Check the proxy in the settings or in HTTPS_PROXY.",
            kind=FaultKind.PROXY,
            host=host,
            error=error,
        )
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return HubError(
            "{host} is no address that Tern can ask. Check the mirror in the settings.", host=host or "That"
        )
    if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError):
        return _of_no_connection(error, host, proxy)
    if isinstance(error, httpx2.TimeoutException):
        return HubError(
            "Nothing came from {host} for a while. The network may be too slow or gone; try again later.",
            again=True,
            lost=True,
            kind=FaultKind.SILENT,
            host=host,
        )
    if isinstance(error, httpx2.DecodingError):
        return HubError(
            "{host} sends the file compressed, and what comes cannot be unpacked. Try again, or use another mirror.",
            host=host,
        )
    if isinstance(error, httpx2.TransportError):
        return HubError(
            "The connection to {host} broke: the network is not steady. Try again where it is better.",
            again=True,
            lost=True,
            kind=FaultKind.BROKEN,
            host=host,
        )
    return HubError(
        "The answer from {host} cannot be understood ({error}). Try again, or use another mirror.",
        host=host,
        error=error,
    )


def _of_no_connection(error: Exception, host: str, proxy: str) -> HubError:
    """Nobody was reached, by what the system says of it."""
    number = next((cause.errno for cause in _causes(error, OSError) if cause.errno is not None), 0)
    if number in (errno.EACCES, errno.EPERM):
        return HubError(
            "This computer does not let Tern connect to {host}. Check its firewall, then try again.",
            kind=FaultKind.HERE,
            host=host,
        )
    if number in (errno.EMFILE, errno.ENFILE):
        return HubError(
            "This computer has too many files and connections open. Close other programs, then try again.",
            kind=FaultKind.HERE,
        )
    if number in _NO_ROUTE:
        return HubError(
            "There is no network: no way leads to {host}. Check that this computer is online.",
            again=True,
            lost=True,
            kind=FaultKind.NETWORK,
            host=host,
        )
    if proxy:
        return HubError(
            "{host} cannot be reached through the proxy {proxy}. Check that this computer is online, and the "
            "proxy in the settings or in HTTPS_PROXY.",
            again=True,
            lost=True,
            kind=FaultKind.PROXY,
            host=host,
            proxy=proxy,
        )
    if _cause(error, socket.gaierror) is not None:
        return HubError(
            "There is no network, or no such address: {host} cannot be found. Check that this computer is online; "
            "behind a company network set a proxy or a mirror in the settings.",
            again=True,
            lost=True,
            kind=FaultKind.NETWORK,
            host=host,
        )
    return HubError(
        "{host} cannot be reached. Check that this computer is online; behind a company network set a proxy or a "
        "mirror in the settings.",
        again=True,
        lost=True,
        kind=FaultKind.SILENT if isinstance(error, httpx2.ConnectTimeout) else FaultKind.UNREACHED,
        host=host,
    )


def _of_tls(unsafe: ssl.SSLError, host: str) -> HubError:
    """A connection that would not be safe; and whether this computer's own clock or settings are why."""
    if not isinstance(unsafe, ssl.SSLCertVerificationError):
        return HubError(
            "{host} does not answer as a safe server does. Check the address of the mirror and the proxy in the "
            "settings; in a hotel or café log in to its network first. Nothing was sent.",
            kind=FaultKind.UNSAFE,
            host=host,
        )
    reason = unsafe.verify_message.rstrip(".")
    if unsafe.verify_code in _NOT_VALID_NOW:
        today = datetime.now().astimezone().date()
        return HubError(
            "The connection to {host} is not safe: by this computer's clock ({today}) the {reason}. Check the "
            "clock; if it is right, use another mirror. Nothing was sent.",
            kind=FaultKind.HERE,
            host=host,
            today=today,
            reason=reason,
        )
    if named := next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), ""):
        return HubError(
            "The connection to {host} is not safe: its certificate cannot be trusted ({reason}). {named} says whom to "
            "trust here: check that variable; in a hotel or café log in to its network first. Nothing was sent.",
            kind=FaultKind.UNSAFE,
            host=host,
            reason=reason,
            named=named,
        )
    return HubError(
        "The connection to {host} is not safe: its certificate cannot be trusted ({reason}). Check this computer's "
        "date; in a hotel or café log in to its network first; in a company set SSL_CERT_FILE to its certificate. "
        "Nothing was sent.",
        kind=FaultKind.UNSAFE,
        host=host,
        reason=reason,
    )


def waiting(error: HubError, seconds: float) -> Sentence:
    """What is said while it is waited for another try."""
    return Sentence("{error} Tern tries again in {seconds:.0f} s.", error=error, seconds=max(seconds, 1))


def of_disk(error: OSError, path: Path) -> HubError:
    """The error for a disk that refuses."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FullError(
            "The disk is full at {folder}. Make room, or choose another place with --data-dir DIR.",
            folder=path.parent,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return HubError(
            "Tern may not write in {folder} ({reason}). Change the folder's permissions, or choose "
            "another place with --data-dir DIR.",
            folder=path.parent,
            reason=error.strerror,
        )
    if error.errno == errno.EFBIG:
        return HubError(
            "The disk of {folder} does not take a file as large as this one; FAT32 ends at 4 GB. Choose another "
            "place with --data-dir DIR.",
            folder=path.parent,
        )
    return HubError(
        "The disk failed at {path} ({reason}). Check it, or choose another place with --data-dir DIR.",
        path=path,
        reason=error.strerror or error,
    )


def runs_low(path: Path, needed: int, free: int) -> FullError:
    """The rest of the file, on a disk that others have filled meanwhile."""
    return FullError(
        "{folder} has only {free} of room left, and {needed} is still to come. Make room there.",
        free=format_size(free),
        folder=path.parent,
        needed=format_size(needed),
    )


def no_room(path: Path, needed: int, free: int) -> HubError:
    """The file will not fit."""
    return HubError(
        "This needs {needed} in {folder}, where only {free} is free. Make room, or "
        "choose another place with --data-dir DIR.",
        needed=format_size(needed),
        folder=path.parent,
        free=format_size(free),
    )


def _proxy_asks() -> HubError:
    return HubError(
        "The proxy wants a name and a password (407). Write them into its address in the settings: "
        "http://NAME:PASSWORD@HOST:PORT"
    )


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds that the server asks to wait: a count, a date, or the hub's own RateLimit header (``t=``)."""
    asked = response.headers.get("Retry-After", "")
    limit = re.search(r"\bt=(\d+)", response.headers.get("RateLimit", ""))
    try:
        return max(0.0, float(asked or (limit[1] if limit else "")))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _cause(error: BaseException | None, kind: type[E]) -> E | None:
    """The error of that kind that ``error`` comes from, if there is one."""
    return next(_causes(error, kind), None)


def _causes(error: BaseException | None, kind: type[E]) -> Iterator[E]:
    for _ in range(10):
        if error is None:
            return
        if isinstance(error, kind):
            yield error
        error = error.__cause__ or error.__context__
