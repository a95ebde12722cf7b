"""How and whether Tern may use the network, and the log of every time it did. Opens no connection itself.

What is wrong with a setting or a variable of this computer is found here, before anything is blamed on the network.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tern import paths
from tern.errors import UserError, Value
from tern.settings import DOWNLOAD_LIMIT, HUB_ENDPOINT, OFFLINE, PROXY, Settings

log = logging.getLogger(__name__)

LOG_NAME = "connections.jsonl"
DEFAULT_ENDPOINT = "https://huggingface.co"
_YES = {"1", "ON", "YES", "TRUE"}  # as huggingface_hub reads its variables
_KINDS: dict[Any, type] = {"str": str, "int": int}
_PROXY_SCHEMES = {"http", "https", "socks5", "socks5h", "socks"}
_PROXY_VARIABLES = ("all_proxy", "http_proxy", "https_proxy")  # before the same in capitals
_lock = threading.Lock()
_listeners: list[Callable[[Connection], None]] = []


class SettingError(UserError):
    """A setting or a variable of this computer is at fault: no connection was tried. ``name``: the variable, if it is
    one."""

    def __init__(self, form: str, /, *, name: str, **values: Value) -> None:
        super().__init__(form, **values)
        self.name = name


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """What a download may do. Times in seconds, ``limit`` in bytes a second (0: none).

    ``endpoint``, ``token`` empty: what huggingface_hub's own conventions give (HF_ENDPOINT, HF_TOKEN, a saved login).
    ``tries``: how often in a row nothing may come before it gives up; each that brings bytes starts the count anew.
    """

    offline: bool = False
    endpoint: str = ""
    proxy: str = ""
    token: str = ""
    limit: int = 0
    connect_s: float = 15.0
    stall_s: float = 30.0
    stall_bytes_per_s: int = 64
    tries: int = 6
    backoff_s: float = 1.0

    @classmethod
    def from_settings(cls, settings: Settings) -> NetworkOptions:
        return cls(
            offline=settings[OFFLINE],
            endpoint=settings[HUB_ENDPOINT],
            proxy=settings[PROXY],
            limit=round(settings[DOWNLOAD_LIMIT] * 1e6),
        )

    def hub(self, environment: Mapping[str, str] = os.environ) -> str:
        """Address of the hub or its mirror, without a final slash."""
        found = (self.endpoint or environment.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).strip()
        if not found.lower().startswith(("http://", "https://")):
            if self.endpoint:
                raise SettingError(
                    "The hub's address {address!r} does not begin with https://. Correct it in the settings.",
                    name="",
                    address=found,
                )
            raise SettingError(
                "The hub's address {address!r} does not begin with https://. Correct it in HF_ENDPOINT.",
                name="HF_ENDPOINT",
                address=found,
            )
        if not _is_address(found):
            if self.endpoint:
                raise SettingError(
                    "The hub's address {address!r} cannot be used: it names no server, or its port is not a number up "
                    "to 65535. Correct it in the settings.",
                    name="",
                    address=found,
                )
            raise SettingError(
                "The hub's address {address!r} cannot be used: it names no server, or its port is not a number up to "
                "65535. Correct it in HF_ENDPOINT.",
                name="HF_ENDPOINT",
                address=found,
            )
        return found.rstrip("/")

    def check_proxies(self, environment: Mapping[str, str] = os.environ) -> None:
        """Raise SettingError where a proxy is set to something that cannot be one."""
        if self.proxy and not _is_proxy(self.proxy):
            raise SettingError(
                "The proxy's address in the settings cannot be used. Write it as http://HOST:PORT or "
                "socks5://HOST:PORT.",
                name="",
            )
        for lower in _PROXY_VARIABLES:
            name = lower if environment.get(lower) else lower.upper()
            if environment.get(name) and not _is_proxy(environment[name]):
                raise SettingError(
                    "The proxy's address in the variable {variable} cannot be used. Write it as http://HOST:PORT or "
                    "socks5://HOST:PORT, or unset it.",
                    name=name,
                    variable=name,
                )

    def check(self, environment: Mapping[str, str] = os.environ) -> None:
        """Raise UserError where no connection is allowed."""
        if self.offline:
            raise UserError(
                "Tern is set to work offline, so it opened no connection. "
                "Switch “Work offline” off in the settings first."
            )
        if environment.get("HF_HUB_OFFLINE", "").upper() in _YES:
            raise UserError(
                "HF_HUB_OFFLINE is set, so Tern opened no connection. Unset that variable to use the network."
            )


@dataclass(frozen=True, slots=True)
class Connection:
    """One request that left this computer: ``when`` in UTC (ISO 8601), ``received`` in bytes."""

    when: str
    host: str
    why: str
    result: str
    received: int


def note(host: str, why: str, result: str, received: int) -> None:
    """Append one connection to the log, and tell whoever listens. A log that cannot be written is no reason to fail."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    made = Connection(now, host, why, result, received)
    line = json.dumps(asdict(made), ensure_ascii=False)
    try:
        # A letter that UTF-8 does not have becomes the escape that JSON has for it.
        with _lock, log_path().open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(line + "\n")
    except (OSError, UserError) as error:
        log.warning("connection not logged: %s", error)
    for listener in tuple(_listeners):
        listener(made)


def listen(listener: Callable[[Connection], None]) -> Callable[[], None]:
    """Have ``listener`` told each connection when it has been made, on whatever thread; returns how to stop that."""
    _listeners.append(listener)

    def stop() -> None:
        if listener in _listeners:
            _listeners.remove(listener)

    return stop


def connections() -> list[Connection]:
    """Every connection ever made, oldest first. Lines that cannot be read are passed over."""
    found = []
    try:
        lines = log_path().read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(
            "The log of connections {path} cannot be read ({reason}).", path=log_path(), reason=error.strerror
        ) from error
    for line in lines:
        try:
            read = Connection(**json.loads(line))
            if all(type(getattr(read, item.name)) is _KINDS[item.type] for item in fields(Connection)):
                found.append(read)
        except (ValueError, TypeError, RecursionError):
            continue
    return found


def log_path() -> Path:
    """Where connections are logged."""
    return paths.log_dir() / LOG_NAME


def _is_proxy(value: str) -> bool:
    scheme, _, rest = value.strip().rpartition("://")
    return (scheme or "http").lower() in _PROXY_SCHEMES and _is_address(f"http://{rest}")


def _is_address(value: str) -> bool:
    """Whether ``value`` (http or https) names a server, and nothing behind it but a folder."""
    if any(char.isspace() or not char.isprintable() for char in value):
        return False
    try:
        parts = urlsplit(value)
        (parts.hostname or "").encode("idna")
        return bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:  # a port over 65535, half an IPv6 address, letters that no name has
        return False
