"""Whether there is a newer Tern: one question to the project's own address, asked only when a person asks it.

The address and its answer are those of a release on GitHub: an object with tag_name, body and html_url. It comes from
the package's metadata (pyproject.toml, Releases), so that it is written once; without it nothing is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, metadata

import httpx2

from tern import __version__
from tern.errors import UserError
from tern.library import hub_client, hub_errors, network
from tern.library.network import NetworkOptions

_WHY = "look for a newer version"
_PACKAGE = "tern-chat"
_LABEL = "Releases"
_LONGEST = 1_000_000  # bytes of an answer
_NOTES = 20_000  # characters of it that are shown
_CONNECT_S, _TRIES = 8.0, 2
_NUMBER = re.compile(r"v?(\d+(?:\.\d+){1,3})(?:[-+.].*)?")


@dataclass(frozen=True, slots=True)
class Release:
    """A published Tern: ``page`` is where it is downloaded, ``notes`` what is new in it."""

    version: str
    notes: str
    page: str

    @property
    def newer(self) -> bool:
        """Than this one."""
        return _numbers(self.version) > _numbers(__version__)


def releases_address() -> str:
    """Where to ask, as whoever published this Tern filled it in; empty where nobody did."""
    try:
        addresses = metadata(_PACKAGE).get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    found = [each.partition(",")[2].strip() for each in addresses if each.partition(",")[0].strip() == _LABEL]
    return found[0] if found else ""


def newest(options: NetworkOptions, address: str) -> Release:
    """The newest release. Raises UserError when the network or the answer is at fault, or work is set to offline."""
    options = replace(options, connect_s=min(options.connect_s, _CONNECT_S), tries=_TRIES)
    return hub_client.persistently(options, lambda: _ask(options, address))


def _ask(options: NetworkOptions, address: str) -> Release:
    with hub_client.open_client(options, _WHY) as client:
        client.follow_redirects = True
        with client.stream("GET", address, headers={"Accept": "application/json"}) as answer:
            content = b""
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > _LONGEST:
                    break
            if answer.is_success:
                network.note(answer.url.host, _WHY, str(answer.status_code), answer.num_bytes_downloaded)
    if not answer.is_success:
        raise hub_errors.of_status(answer, _WHY, answer.url.host)
    if content.lstrip()[:1] == b"<":
        raise hub_errors.captive(answer.url.host)
    return _release(content, answer)


def _release(content: bytes, answer: httpx2.Response) -> Release:
    import json

    try:
        told = json.loads(content)
        version = _NUMBER.fullmatch(told["tag_name"].strip())
        page, notes = httpx2.URL(told["html_url"]), told.get("body") or ""
        if version is None or page.scheme != "https" or not isinstance(notes, str):
            raise ValueError("no version, or no page to download it from")
    except (ValueError, KeyError, TypeError, AttributeError, httpx2.InvalidURL) as error:
        raise UserError(
            "{host} answered with something that is no release of Tern ({error}). Try again later, or look at its "
            "page in a browser.",
            host=answer.url.host,
            error=error,
        ) from error
    return Release(version[1], notes[:_NOTES], str(page))


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBER.fullmatch(version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()
