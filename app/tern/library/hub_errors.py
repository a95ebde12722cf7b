"""What went wrong on the network, as a sentence with advice, and whether trying again may help. Opens nothing."""

from __future__ import annotations

import errno
import ssl
from pathlib import Path

import httpx2

from tern.errors import UserError

KEPT = "What has arrived is kept; the next try goes on from there."
_RETRY_STATUS = {408, 425, 429, 500, 502, 503, 504}


class HubError(UserError):
    """A download that cannot go on as it is. ``again``: the same request may work a little later; ``lost``: because
    the network is gone, which may take long."""

    def __init__(
        self, message: str, again: bool = False, after_s: float | None = None, lost: bool = False
    ) -> None:
        super().__init__(message)
        self.again = again
        self.lost = lost
        self.after_s = after_s  # how long the server asked to wait


class ChangedError(HubError):
    """The file on the server is not the one that was begun."""


class FullError(HubError):
    """The disk has no room for the rest."""


class DamagedError(HubError):
    """The file arrived whole and its hash is wrong; ``kept`` is where it lies."""

    def __init__(self, message: str, kept: Path) -> None:
        super().__init__(message)
        self.kept = kept


def of_status(response: httpx2.Response, what: str, hub: str) -> HubError:
    """The error for an answer that is neither 200 nor 206."""
    status, host = response.status_code, response.url.host
    code = response.headers.get("X-Error-Code", "")
    if status == 401:
        return HubError(
            f"{host} wants to know who asks for {what}, or has no such file (401). Check the name; if the model is "
            "private or gated, log in: keep your token under Models, Connections (or set HF_TOKEN)."
        )
    if status == 403 or code == "GatedRepo":
        return HubError(
            f"{host} does not give {what} to everyone (403). Open {hub} in a browser, accept the model's conditions, "
            "and keep your token under Models, Connections (or set HF_TOKEN)."
        )
    if status in (404, 410):
        return HubError(f"{host} has no {what} (404). Check the owner, the name and the revision.")
    if status == 416:
        return ChangedError(f"{host} says that {what} has no more bytes where Tern wanted to go on (416).")
    if status == 429:
        return HubError(
            f"{host} says that too many requests came from here (429). Wait some minutes and try again. {KEPT}",
            again=True,
            after_s=_retry_after(response),
        )
    again = status in _RETRY_STATUS
    return HubError(
        f"{host} has a fault of its own right now ({status}). Try again later. {KEPT}"
        if status >= 500
        else f"{host} answered {status} when asked for {what}; Tern does not know what to do "
        "with that. Try again later, or use another mirror.",
        again=again,
        after_s=_retry_after(response) if again else None,
    )


def captive(host: str) -> HubError:
    """HTML came where a file should."""
    return HubError(
        f"A web page came instead of the model from {host}: this network probably wants you to log in or agree to "
        f"something first. Open any page in your browser, then try again. {KEPT}"
    )


def of_transport(error: httpx2.HTTPError, host: str) -> HubError:
    """The error for a connection that failed or broke."""
    if _caused_by(error, ssl.SSLError) and not isinstance(error, httpx2.ReadError):
        return HubError(
            f"The connection to {host} is not safe: its certificate cannot be trusted ({_reason(error)}). Check this "
            "computer's date; on a company network ask for its certificate or use a mirror. Nothing was sent."
        )
    if isinstance(error, httpx2.ProxyError):
        return HubError(
            f"The proxy refused the connection to {host} ({error}). Check the proxy in the settings."
        )
    if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError):
        return HubError(
            f"{host} cannot be reached ({_reason(error)}). Check that this computer is online; behind a company "
            f"network set a proxy or a mirror in the settings. {KEPT}",
            again=True,
            lost=True,
        )
    if isinstance(error, httpx2.TimeoutException):
        return HubError(
            f"Nothing came from {host} for a while. The network may be too slow or gone. {KEPT}",
            again=True,
            lost=True,
        )
    if isinstance(error, httpx2.TransportError):
        return HubError(
            f"The connection to {host} broke. Try again when the network is steadier. {KEPT}",
            again=True,
            lost=True,
        )
    return HubError(
        f"The answer from {host} cannot be understood ({error}). Try again, or use another mirror."
    )


def of_disk(error: OSError, path: Path) -> HubError:
    """The error for a disk that refuses."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FullError(
            f"The disk is full at {path.parent}. Make room, or choose another place with --data-dir DIR. {KEPT}"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return HubError(
            f"Tern may not write in {path.parent} ({error.strerror}). Change the folder's permissions, or choose "
            "another place with --data-dir DIR."
        )
    return HubError(f"The disk failed at {path} ({error.strerror or error}). {KEPT}")


def runs_low(path: Path, needed: int, free: int) -> FullError:
    """The rest of the file, on a disk that others have filled meanwhile."""
    return FullError(
        f"Only {free / 1e6:,.0f} MB are free in {path.parent}, and {needed / 1e6:,.0f} MB are still to come. Make "
        f"room there. {KEPT}"
    )


def no_room(path: Path, needed: int, free: int) -> HubError:
    """The file will not fit."""
    return HubError(
        f"This needs {needed / 1e6:,.0f} MB in {path.parent}, where {free / 1e6:,.0f} MB are free. Make room, or "
        f"choose another place with --data-dir DIR. {KEPT}"
    )


def _retry_after(response: httpx2.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, kind):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return "CERTIFICATE_VERIFY_FAILED" in str(error) if error else False


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).rstrip(".")
