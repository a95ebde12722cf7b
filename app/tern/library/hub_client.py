"""The one door to the network: an HTTP client that asks first whether it may, and logs what it did; and the hub's
metadata through huggingface_hub, over that client. Of this disk it knows only where huggingface_hub keeps its files.

Whatever fails leaves the client as a HubError, which huggingface_hub does not know: it would try five times again by
itself, unlogged. How often and how long is tried is decided here alone, in :func:`persistently`.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from urllib.request import getproxies, proxy_bypass

import httpx2

from tern import __version__
from tern.errors import Sentence, UserError
from tern.library import hub_errors, hub_token, network, shelf
from tern.library.hub_errors import FaultKind, HubError
from tern.library.network import NetworkOptions, SettingError
from tern.library.shards import shards

log = logging.getLogger(__name__)
T = TypeVar("T")

USER_AGENT = f"tern/{__version__}"
_REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_SHA256, _GIT_BLOB = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
_DESCRIPTIONS = ["config.json", "tokenizer.json", "model.safetensors.index.json"]  # beside safetensors
_MAX_WAIT_S = 120.0
_LOST_WAIT_S = 30.0  # a network that comes back should be noticed soon
_AT_ONCE = 0.05  # of the first pause, after a connection that did bring bytes
_QUESTION_TRIES, _QUESTION_WAIT_S = 4, 10.0  # of a look-up: somebody waits for it, with nothing to see
_QUESTION_LOST_TRIES, _QUESTION_CONNECT_S = 2, 8.0  # ... and who is offline should hear so at once
_SOCKS = re.compile(r"^socks(?=://)", re.IGNORECASE)  # as desktops write it, and httpx does not read it
_PROXY_VARIABLES = [
    name for scheme in ("all", "http", "https") for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())
]
_LONGEST_LICENCE = 60
_NO_MODEL = Sentence("no model file at all")
_metadata_lock = threading.Lock()  # huggingface_hub keeps one client for the process


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of the hub at one commit. ``sha256`` is known for large files, ``git_blob`` (git's SHA-1) for others."""

    repo: str
    commit: str
    file: str
    size: int
    sha256: str | None
    git_blob: str | None
    url: str

    @property
    def label(self) -> str:
        return f"{self.repo}/{self.file}"

    @property
    def identity(self) -> dict[str, Any]:
        """What makes two files the same one, wherever they come from."""
        if self.sha256 is not None:
            return {"size": self.size, "sha256": self.sha256}
        return {"size": self.size, "file": self.label, "commit": self.commit}


def open_client(options: NetworkOptions, why: str) -> httpx2.Client:
    """A client whose every request is allowed first and logged. Redirects are the caller's to follow."""
    options.check()
    options.check_proxies()
    _check_certificates()

    def before(request: httpx2.Request) -> None:
        options.check()
        request.headers["User-Agent"] = (
            USER_AGENT  # no telemetry: what this computer runs is nobody's business
        )

    def after(response: httpx2.Response) -> None:
        if response.status_code >= 300:  # a whole answer is noted with its bytes when they have come
            network.note(response.url.host, why, str(response.status_code), 0)

    proxy = _SOCKS.sub("socks5://", options.proxy.strip())
    for name in _PROXY_VARIABLES:
        if _SOCKS.match(os.environ.get(name, "")):
            os.environ[name] = _SOCKS.sub("socks5://", os.environ[name])
    try:
        return _Client(
            options,
            why,
            timeout=httpx2.Timeout(options.stall_s, connect=options.connect_s),
            proxy=(proxy if "://" in proxy else f"http://{proxy}") if proxy else None,
            event_hooks={"request": [before], "response": [after]},
            limits=httpx2.Limits(max_connections=4),
        )
    except (ValueError, OSError, httpx2.InvalidURL) as error:  # the system's own settings, where it has some
        raise SettingError(
            "The proxies that this computer is set to use cannot be used ({error}). Correct them in its settings.",
            name="",
            error=error,
        ) from error


def _check_certificates() -> None:
    """The files that hold whom to trust, as OpenSSL's variables name them."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        try:
            ssl.create_default_context(cafile=file)
        except ssl.SSLError as error:
            raise SettingError(
                "SSL_CERT_FILE names {file}, which holds no certificates. Correct the variable, or unset it.",
                name="SSL_CERT_FILE",
                file=file,
            ) from error
        except (OSError, ValueError) as error:
            raise SettingError(
                "SSL_CERT_FILE names {file}, which is not there or cannot be read. Correct the variable, or unset it.",
                name="SSL_CERT_FILE",
                file=file,
            ) from error
    elif folder and not any(Path(part).is_dir() for part in folder.split(os.pathsep)):
        raise SettingError(
            "SSL_CERT_DIR names {folder}, which is not a folder. Correct the variable, or unset it.",
            name="SSL_CERT_DIR",
            folder=folder,
        )


class _Client(httpx2.Client):
    """Logs each attempt that brought no answer, and raises HubError for it."""

    def __init__(self, options: NetworkOptions, why: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._options, self._why = options, why

    def send(self, request: httpx2.Request, **arguments: Any) -> httpx2.Response:
        try:
            return super().send(request, **arguments)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            url = _asked(error) or request.url
            failed = hub_errors.of_transport(error, url.host, proxy_for(self._options, url))
            network.note(url.host, self._why, failed.kind, 0)
            raise failed from error


def _asked(error: Exception) -> httpx2.URL | None:
    """The address that was asked when it failed: after a redirect another one than in the beginning."""
    try:
        return error.request.url if isinstance(error, httpx2.RequestError) else None
    except RuntimeError:  # httpx: nothing was asked yet
        return None


def proxy_for(options: NetworkOptions, url: httpx2.URL) -> str:
    """The proxy that a connection to ``url`` goes through, without a password; empty when there is none."""
    found = options.proxy
    if not found and not proxy_bypass(url.host):
        proxies = getproxies()
        found = proxies.get(url.scheme) or proxies.get("all") or ""
    return found.rpartition("@")[2].rpartition("//")[2].rstrip("/")


@contextmanager
def _api(options: NetworkOptions, why: str, what: str, token: str | None) -> Iterator[Any]:
    """huggingface_hub's API over our client. ``what`` is asked for, as errors name it."""
    import huggingface_hub
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True  # else it asks huggingface.co first who might be using it
    theirs = logging.getLogger("huggingface_hub")
    theirs.handlers, theirs.propagate = [], True  # to Tern's log, not among the words of a command

    def factory() -> httpx2.Client:
        client = open_client(options, why)
        client.follow_redirects = True

        def after(answer: httpx2.Response) -> None:
            answer.read()  # then it is known how much came: the hub does not announce it
            network.note(answer.url.host, why, str(answer.status_code), answer.num_bytes_downloaded)
            if answer.status_code >= 400:
                raise hub_errors.of_status(answer, what, f"{options.hub()}/{what.split(' ')[0]}")
            if answer.is_success and _is_page(answer):
                raise hub_errors.captive(answer.url.host)

        client.event_hooks = {**client.event_hooks, "response": [after]}
        return client

    with _metadata_lock:
        huggingface_hub.set_client_factory(factory)
        try:
            yield huggingface_hub.HfApi(options.hub(), token=token or False)
        finally:
            huggingface_hub.close_session()


def _is_page(answer: httpx2.Response) -> bool:
    """Whether a web page came, and not only something that cannot be read."""
    if answer.request.method == "HEAD":
        of_a_file = "ETag" in answer.headers or "X-Linked-Etag" in answer.headers
        return "text/html" in answer.headers.get("Content-Type", "") and not of_a_file
    begins = answer.content[:200].lstrip().lower()
    return begins.startswith((b"<!doctype html", b"<html")) or (
        "text/html" in answer.headers.get("Content-Type", "") and begins.startswith(b"<")
    )


def cached(remote: RemoteFile) -> Path | None:
    """The file where huggingface_hub's own cache has it already, of the right size; its bytes are not checked."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(remote.repo, remote.file, revision=remote.commit)
    if not isinstance(found, str):
        return None
    path = Path(found)
    try:
        return path if path.stat().st_size == remote.size else None
    except OSError:
        return None


def find_file(
    options: NetworkOptions, repo: str, file: str | None = None, revision: str | None = None
) -> RemoteFile:
    """Look up a file of the repository ``repo`` (OWNER/NAME); without ``file`` its only .gguf. Of a model in several
    files the first."""
    if not _REPO.fullmatch(repo):
        raise UserError(
            "{repo!r} is not a repository of the hub; write OWNER/NAME, as on its page.", repo=repo
        )
    info = _info(options, repo, revision)
    names = [sibling.rfilename for sibling in info.siblings or ()]
    name = file if file is not None else _only_model(repo, names)
    found = _remote(options, repo, info, next((part for part in shards(name) if part in names), name))
    if found is None:
        near = ", ".join(models(names)[:5]) or _NO_MODEL
        raise UserError("{repo} has no file {name}. It has: {near}.", repo=repo, name=name, near=near)
    return found


def find_beside(options: NetworkOptions, remote: RemoteFile) -> list[RemoteFile]:
    """What has to lie beside ``remote``: the other files of a model in several, and the descriptions of safetensors."""
    wanted = shards(remote.file)[1:]
    if remote.file.lower().endswith(".safetensors"):
        wanted += _DESCRIPTIONS
    if not wanted:
        return []
    info = _info(options, remote.repo, remote.commit)
    found = [_remote(options, remote.repo, info, name) for name in wanted]
    if missing := [
        name for name, other in zip(wanted, found, strict=True) if other is None and name not in _DESCRIPTIONS
    ]:
        raise HubError(
            "{repo} lacks {missing}, a part of this model. Look for another repository.",
            repo=remote.repo,
            missing=missing[0],
        )
    return [other for other in found if other is not None]


def models(names: list[str]) -> list[str]:
    """Those of a repository's files that are models; of one in several files the first."""
    found = (name for name in names if name.lower().endswith(shelf.MODEL_SUFFIXES) and name.isprintable())
    return sorted({next((part for part in shards(name) if part in names), name) for name in found})


@dataclass(frozen=True, slots=True)
class Repository:
    """What a repository offers: every file with its bytes (None: the hub does not say), and the licence its owner
    names ("" for none)."""

    repo: str
    licence: str
    files: dict[str, int | None]


def repository(options: NetworkOptions, repo: str, revision: str | None = None) -> Repository:
    """Ask the hub what is in a repository. No byte of its files is fetched."""
    if not _REPO.fullmatch(repo):
        raise UserError(
            "{repo!r} is not a repository of the hub; write OWNER/NAME, as on its page.", repo=repo
        )
    info = _info(options, repo, revision)
    sizes = {
        sibling.rfilename: sibling.size if type(sibling.size) is int and sibling.size >= 0 else None
        for sibling in info.siblings or ()
    }
    return Repository(repo, _licence(info), sizes)


def _licence(info: Any) -> str:
    """As the card names it: a short name, or "other" with a name of its own."""
    card = info.card_data
    named = [getattr(card, name, None) for name in ("license_name", "license")] if card is not None else []
    named += [tag.removeprefix("license:") for tag in info.tags or () if str(tag).startswith("license:")]
    found = next((name for name in named if isinstance(name, str) and name and name.isprintable()), "")
    return found[:_LONGEST_LICENCE]


def _info(options: NetworkOptions, repo: str, revision: str | None) -> Any:
    return _ask(
        options,
        f"look up {repo}",
        repo if revision is None else f"{repo} at {revision}",
        lambda api: api.model_info(repo, revision=revision, files_metadata=True),
    )


def _remote(options: NetworkOptions, repo: str, info: Any, name: str) -> RemoteFile | None:
    found = next((sibling for sibling in info.siblings or () if sibling.rfilename == name), None)
    if found is None:
        return None
    lfs, commit = found.lfs, info.sha or "main"
    url = f"{options.hub()}/{repo}/resolve/{quote(commit, safe='')}/{quote(name)}"
    size, sha256, git_blob = (lfs.size, lfs.sha256, None) if lfs else (found.size, None, found.blob_id)
    if size is None:  # some mirrors say it only at the file's own address
        size, sha256, git_blob = _at_its_address(options, repo, url)
    if size is None:
        raise HubError(
            "The hub does not say how large {repo}/{name} is, so it cannot be fetched safely.",
            repo=repo,
            name=name,
        )
    if type(size) is not int or size < 0 or not _SHA256.fullmatch(sha256 or "0" * 64):
        raise HubError(
            "The hub says something about {repo}/{name} that cannot be. Use another mirror.",
            repo=repo,
            name=name,
        )
    return RemoteFile(repo, commit, name, size, sha256, git_blob, url)


def _at_its_address(options: NetworkOptions, repo: str, url: str) -> tuple[Any, str | None, str | None]:
    """Size, SHA-256 and git's name, as far as the answer to HEAD has them (X-Linked-Size and -Etag, or plain)."""
    found = _ask(options, f"look up {repo}", repo, lambda api: api.get_hf_file_metadata(url=url))
    etag = found.etag or ""
    return found.size, etag if _SHA256.fullmatch(etag) else None, etag if _GIT_BLOB.fullmatch(etag) else None


@dataclass(frozen=True, slots=True)
class HubHit:
    """A repository that a search found."""

    repo: str
    downloads: int
    likes: int


def search(options: NetworkOptions, words: str, limit: int = 20) -> list[HubHit]:
    """Repositories with GGUF files whose name has these words, the most fetched first."""

    def ask(api: Any) -> list[HubHit]:
        found = api.list_models(search=words, filter="gguf", sort="downloads", limit=limit)
        return [
            HubHit(model.id, model.downloads or 0, model.likes or 0)
            for model in found
            if _REPO.fullmatch(model.id)
        ]

    return _ask(options, f"search: {words}", words, ask)


def _ask(options: NetworkOptions, why: str, what: str, question: Callable[[Any], T]) -> T:
    """Ask the hub, with the keyring's token where it wants to know who asks."""
    options = replace(
        options,
        tries=min(options.tries, _QUESTION_TRIES),
        connect_s=min(options.connect_s, _QUESTION_CONNECT_S),
    )
    options.check()
    lost: list[HubError] = []

    def once() -> T:
        sent = hub_token.for_hub(options)
        try:
            return _question(options, why, what, sent, question)
        except HubError as error:
            if (other := hub_token.another(options, sent, error)) is None:
                raise
            return _question(options, why, what, other, question)

    def wait(seconds: float, error: HubError) -> None:
        lost.extend([error] if error.lost else [])
        if seconds > _QUESTION_WAIT_S or error.kind is FaultKind.SILENT or len(lost) >= _QUESTION_LOST_TRIES:
            raise error
        time.sleep(seconds)

    return persistently(options, once, wait)


def _question(
    options: NetworkOptions, why: str, what: str, sent: str | None, question: Callable[[Any], T]
) -> T:
    host = httpx2.URL(options.hub()).host
    try:
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ValueError:  # it reads HF_ENDPOINT while it is imported, even where the settings name another hub
        replace(options, endpoint="").hub()
        raise
    try:
        with _api(options, why, what, sent) as api:
            return question(api)
    except HFValidationError as error:
        raise UserError(
            "{what!r} is not a name that the hub can have. Write OWNER/NAME, as on its page.", what=what
        ) from error
    except UnicodeEncodeError as error:
        raise UserError(
            "{what!r} has a character that cannot be sent. Leave that character out.", what=what
        ) from error
    except (HfHubHTTPError, ValueError, KeyError, TypeError, AttributeError) as error:  # not the hub's JSON
        log.info("answer of %s: %r", host, error)
        raise hub_errors.no_hub(host) from error


def persistently(
    options: NetworkOptions,
    attempt: Callable[[], T],
    wait: Callable[[float, HubError], None] = lambda seconds, error: time.sleep(seconds),
    moved: Callable[[], int] = lambda: 0,
    patient: bool = False,
) -> T:
    """Call ``attempt`` until it works, waiting longer each time; errors that trying again cannot help come out at once.

    ``moved`` says how many bytes have come so far: whatever brings some starts the count anew. ``patient``: a lost
    network is waited for however long it takes (a laptop asleep, a tunnel, another Wi-Fi).
    """
    failures, before = 0, moved()
    while True:
        try:
            return attempt()
        except HubError as error:
            now = moved()
            came, before = now > before, now
            failures = 0 if came else failures
            if not error.again or (failures + 1 >= options.tries and not (patient and error.lost)):
                raise
            pause = options.backoff_s * (_AT_ONCE if came else 2 ** min(failures, 10))
            longest = _LOST_WAIT_S if error.lost else _MAX_WAIT_S
            wait(min(max(pause, error.after_s or 0.0), longest), error)
            failures += 1


def _only_model(repo: str, names: list[str]) -> str:
    found = [name for name in models(names) if name.lower().endswith(".gguf")]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UserError(
            "{repo} has no .gguf file. Name the file to fetch: tern models fetch {repo} FILE.", repo=repo
        )
    listed = ", ".join(found[:8]) + (", …" if len(found) > 8 else "")
    raise UserError(
        "{repo} has {found} models. Name one: {listed}.", repo=repo, found=len(found), listed=listed
    )
