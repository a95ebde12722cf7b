"""The person's token for the hub, kept in the system's keyring and nowhere else: no settings file, no log, no journal.

Where the system has no keyring (a server, a container) Tern keeps nothing and says so: HF_TOKEN and Hugging Face's own
token file (`hf auth login`) are read all the same. The keyring is asked only when a hub wants to know who asks, and
never waited for without end: one that is locked, or broken, must not keep anybody from what is open to everyone.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tern.errors import UserError
from tern.library.hub_errors import HubError
from tern.library.network import NetworkOptions, SettingError

log = logging.getLogger(__name__)

SERVICE, USER = "tern", "huggingface.co"
T = TypeVar("T")
_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_LONGEST = 512
ANSWER_S = 5.0  # that the keyring gets to say something
UNLOCK_S = 30.0  # ... where the person may have to unlock it first
_lock = threading.Lock()
_known: list[str | None] = []  # what the keyring said, once it was asked: each question may unlock it
_asking: list[threading.Thread] = []  # the one question to it that is under way


class SilentError(UserError):
    """The system's keyring says nothing."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where the token in use comes from ("HF_TOKEN", "keyring", "hugging face", "" for none), and the keyring's name
    ("" where there is none to keep one in). ``silent``: the keyring does not answer."""

    source: str
    keyring: str
    silent: bool = False


def token() -> str | None:
    """The token to send to the hub without asking the keyring: HF_TOKEN, what the keyring said before, or Hugging
    Face's own file's; None when there is none. Raises SettingError for one that no request can carry."""
    with _lock:
        known = _known[0] if _known else None
    for value, name in ((_from_variable(), _variable()), (known, "keyring"), (_from_hugging_face(), "")):
        if value:
            _check(value, name)
            return value
    return None


def for_hub(options: NetworkOptions) -> str | None:
    """The token for a request with these ``options``, as far as it is known without asking the keyring; None when
    there is none."""
    return options.token or token()


def another(options: NetworkOptions, sent: str | None, error: HubError) -> str | None:
    """The token of the system's keyring, where ``error`` says that the one ``sent`` (or none) is not enough and the
    keyring has another; else None. Raises HubError, saying so, when the keyring does not answer."""
    if error.status not in (401, 403) or options.token or not unasked():
        return None
    try:
        found = kept()
    except SilentError as silent:
        raise HubError(
            "{error} The system's keyring does not answer, so a token in it was not used: unlock it, then try again.",
            status=error.status,
            error=error,
        ) from silent
    return for_hub(options) if found not in (None, sent) else None


def unasked() -> bool:
    """Whether the keyring may know a token that :func:`token` does not."""
    return not _variable() and not _known


def kept(seconds: float | None = None) -> str | None:
    """The token in the system's keyring; None when there is none, or no keyring. Raises SilentError when it does not
    answer in time (``ANSWER_S``); what it says later is known the next time."""
    with _lock:
        if _known:
            return _known[0]
        if not _asking or not _asking[0].is_alive():
            _asking[:] = [threading.Thread(target=_read, name="keyring", daemon=True)]
            _asking[0].start()
        thread = _asking[0]
    thread.join(ANSWER_S if seconds is None else seconds)
    if thread.is_alive():
        raise _silent()
    with _lock:
        return _known[0] if _known else None


def keep(text: str) -> None:
    """Put the token into the system's keyring. Raises UserError, which never has the token in it."""
    value = text.strip()
    if not value or len(value) > _LONGEST or _wrong_letter(value) is not None:
        raise UserError(
            "That is not a token. Copy the whole of it from huggingface.co, Settings, Access Tokens."
        )
    backend = _answer(_backend)
    if backend is None:
        raise UserError(
            "This system has no keyring that Tern can use, so the token was not kept. Set HF_TOKEN, or run "
            "`hf auth login`, which keeps it in Hugging Face's own file; Tern reads both."
        )
    try:
        _answer(lambda: backend.set_password(SERVICE, USER, value), UNLOCK_S)
    except SilentError:
        raise
    except Exception as error:  # each system's keyring has errors of its own
        raise UserError(
            "The system's keyring refused the token ({kind}). Unlock it and try again.",
            kind=type(error).__name__,
        ) from None
    with _lock:
        _known[:] = [value]


def forget() -> None:
    """Take the token out of the keyring; nothing happens where there is none. Raises UserError when it refuses."""
    backend = _answer(_backend)
    if backend is not None and kept(UNLOCK_S) is not None:
        try:
            _answer(lambda: backend.delete_password(SERVICE, USER), UNLOCK_S)
        except SilentError:
            raise
        except Exception as error:
            raise UserError(
                "The system's keyring did not give the token up ({kind}). Unlock it and try again.",
                kind=type(error).__name__,
            ) from None
    with _lock:
        _known[:] = [None]


def status() -> Status:
    """What there is. Waits a moment for the keyring: not for the GUI thread."""
    name, silent, found = "", False, None
    try:
        name, found = keyring_name(), kept()
    except SilentError:
        silent = True
    source = (
        "HF_TOKEN"
        if _from_variable()
        else "keyring"
        if found
        else "hugging face"
        if _from_hugging_face()
        else ""
    )
    return Status(source, name, silent)


def keyring_name() -> str:
    """The keyring as a person knows it; empty when this system has none. Raises SilentError."""
    backend = _answer(_backend)
    return "" if backend is None else str(backend.name).split(" ")[0].removesuffix(".Keyring")


def _answer(question: Callable[[], T], seconds: float | None = None) -> T:
    """What the keyring answers, or what it raises; SilentError when it does neither in time."""
    said: list[T] = []
    raised: list[Exception] = []

    def ask() -> None:
        try:
            said.append(question())
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=ask, name="keyring", daemon=True)
    thread.start()
    thread.join(ANSWER_S if seconds is None else seconds)
    if raised:
        raise raised[0]
    if not said:
        raise _silent()
    return said[0]


def _silent() -> SilentError:
    return SilentError(
        "The system's keyring does not answer. Unlock it, or restart it, and try again; or set HF_TOKEN, for which no "
        "keyring is needed."
    )


def _check(value: str, name: str) -> None:
    """Raise SettingError where ``value`` has a character that cannot be sent; no more of it than that is said."""
    at = _wrong_letter(value)
    if at is None:
        return
    letter = value[at]
    if name == "keyring":
        raise SettingError(
            "The token in the system's keyring has a character that no token can have ({letter!r}). Copy it anew from "
            "huggingface.co, Settings, Access Tokens.",
            name="",
            letter=letter,
        )
    if not name:
        raise SettingError(
            "The token of your Hugging Face login has a character that no token can have ({letter!r}). Log in anew "
            "with `hf auth login`.",
            name="",
            letter=letter,
        )
    raise SettingError(
        "The token in the variable {variable} has a character that no token can have ({letter!r}). Copy it anew from "
        "huggingface.co, Settings, Access Tokens, or unset the variable.",
        name=name,
        variable=name,
        letter=letter,
    )


def _wrong_letter(value: str) -> int | None:
    return next((at for at, char in enumerate(value) if not "!" <= char <= "~"), None)


def _variable() -> str:
    return next((name for name in _VARIABLES if os.environ.get(name, "").strip()), "")


def _from_variable() -> str | None:
    return os.environ.get(_variable(), "").strip() or None


def _from_hugging_face() -> str | None:
    """The token of `hf auth login`, from Hugging Face's own file."""
    try:  # not their get_token: it asks the network for a new one now and then
        from huggingface_hub import constants

        return Path(constants.HF_TOKEN_PATH).read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None


def _read() -> None:
    """Ask the keyring and remember what it says; one that refuses is asked again the next time."""
    backend = _backend()
    try:
        found = backend.get_password(SERVICE, USER) if backend is not None else None
    except Exception as error:
        log.warning("keyring not read: %s", type(error).__name__)
        return
    with _lock:
        _known[:] = [str(found) if found else None]


def _backend() -> Any | None:
    """The system's keyring, if it is one that keeps secrets."""
    try:
        import keyring
        from keyring.backends import fail, null

        backend = keyring.get_keyring()
    except Exception as error:
        log.warning("no keyring: %s", type(error).__name__)
        return None
    return None if isinstance(backend, fail.Keyring | null.Keyring) else backend
