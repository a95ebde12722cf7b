"""The person's token for the hub, kept in the system's keyring and nowhere else: no settings file, no log, no journal.

Where the system has no keyring (a server, a container) Tern keeps nothing and says so: HF_TOKEN and Hugging Face's own
token file (`hf auth login`) are read all the same. The keyring is imported and asked only when a token is needed.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass
from typing import Any

from tern.errors import UserError

log = logging.getLogger(__name__)

SERVICE, USER = "tern", "huggingface.co"
_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_LONGEST = 512
_lock = threading.Lock()
_known: list[str | None] = []  # what the keyring said, once it was asked: each question may unlock it


@dataclass(frozen=True, slots=True)
class Status:
    """Where the token in use comes from ("HF_TOKEN", "keyring", "hugging face", "" for none), and the keyring's name
    ("" where there is none to keep one in)."""

    source: str
    keyring: str


def token() -> str | None:
    """The token to send to the hub: HF_TOKEN, the keyring's, or Hugging Face's own file's; None when there is none."""
    return _from_variable() or kept() or _from_hugging_face()


def kept() -> str | None:
    """The token in the system's keyring; None when there is none, or no keyring."""
    with _lock:
        if not _known:
            _known.append(_read())
        return _known[0]


def keep(text: str) -> None:
    """Put the token into the system's keyring. Raises UserError, which never has the token in it."""
    value = text.strip()
    if not value or len(value) > _LONGEST or not value.isascii() or any(char.isspace() for char in value):
        raise UserError(
            "That is not a token. Copy the whole of it from huggingface.co, Settings, Access Tokens."
        )
    backend = _backend()
    if backend is None:
        raise UserError(
            "This system has no keyring that Tern can use, so the token was not kept. Set HF_TOKEN, or run "
            "`hf auth login`, which keeps it in Hugging Face's own file; Tern reads both."
        )
    try:
        backend.set_password(SERVICE, USER, value)
    except Exception as error:  # each system's keyring has errors of its own
        raise UserError(
            f"The system's keyring refused the token ({type(error).__name__}). Unlock it and try again."
        ) from None
    with _lock:
        _known[:] = [value]


def forget() -> None:
    """Take the token out of the keyring; nothing happens where there is none. Raises UserError when it refuses."""
    backend = _backend()
    if backend is not None and kept() is not None:
        try:
            backend.delete_password(SERVICE, USER)
        except Exception as error:
            raise UserError(
                f"The system's keyring did not give the token up ({type(error).__name__}). Unlock it and try again."
            ) from None
    with _lock:
        _known[:] = [None]


def status() -> Status:
    """What there is. May wait for the person to unlock the keyring: not for the GUI thread."""
    name = keyring_name()
    source = (
        "HF_TOKEN"
        if _from_variable()
        else "keyring"
        if kept()
        else "hugging face"
        if _from_hugging_face()
        else ""
    )
    return Status(source, name)


def keyring_name() -> str:
    """The keyring as a person knows it; empty when this system has none."""
    backend = _backend()
    return "" if backend is None else str(backend.name).split(" ")[0].removesuffix(".Keyring")


def _from_variable() -> str | None:
    found = (os.environ.get(name, "").strip() for name in _VARIABLES)
    return next((value for value in found if value), None)


def _from_hugging_face() -> str | None:
    from tern.library import hub_client

    return hub_client.saved_login()


def _read() -> str | None:
    backend = _backend()
    if backend is None:
        return None
    try:
        found = backend.get_password(SERVICE, USER)
    except Exception as error:
        log.warning("keyring not read: %s", type(error).__name__)
        return None
    return str(found) if found else None


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
