"""How and whether Tern may use the network, and the log of every time it did. Opens no connection itself."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tern import paths
from tern.errors import UserError
from tern.settings import DOWNLOAD_LIMIT, HUB_ENDPOINT, OFFLINE, PROXY, Settings

log = logging.getLogger(__name__)

LOG_NAME = "connections.jsonl"
DEFAULT_ENDPOINT = "https://huggingface.co"
_YES = {"1", "ON", "YES", "TRUE"}  # as huggingface_hub reads its variables
_KINDS: dict[Any, type] = {"str": str, "int": int}
_lock = threading.Lock()


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
        found = self.endpoint or environment.get("HF_ENDPOINT") or DEFAULT_ENDPOINT
        if not found.startswith(("http://", "https://")):
            raise UserError(
                f"The hub's address {found!r} does not begin with https://. Correct it in the settings."
            )
        if not found.partition("://")[2].partition("/")[0]:
            raise UserError(
                f"The hub's address {found!r} names no server. Correct it in the settings, or in HF_ENDPOINT."
            )
        return found.rstrip("/")

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
    """Append one connection to the log. A log that cannot be written is no reason to fail."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps(asdict(Connection(now, host, why, result, received)), ensure_ascii=False)
    try:
        with _lock, log_path().open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except (OSError, UserError) as error:
        log.warning("connection not logged: %s", error)


def connections() -> list[Connection]:
    """Every connection ever made, oldest first. Lines that cannot be read are passed over."""
    found = []
    try:
        lines = log_path().read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"The log of connections {log_path()} cannot be read ({error.strerror}).") from error
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
