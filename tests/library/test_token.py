"""The hub's token: in a keyring or nowhere, sent to the hub alone, and never written down by Tern itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError

from tern import paths
from tern.errors import UserError
from tern.library import hub_token, network
from tern.library.hub_client import find_file
from tern.library.hub_token import for_hub
from tern.library.network import NetworkOptions
from tern.settings import Settings
from tools.local_hub import LocalHub

from .conftest import REPO, SIZE, Start

SECRET = "hf_AbCdEfGhIjKlMnOpQrSt"


class MemoryKeyring(KeyringBackend):
    """A keyring as the systems have them, for this test alone: the real one belongs to whoever runs it."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        if (service, username) not in self.kept:
            raise PasswordDeleteError("not there")
        del self.kept[service, username]

    def _open(self) -> None:
        if self.locked:
            raise KeyringLocked("locked")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    before, made = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(made)
    monkeypatch.setattr(hub_token, "_known", [])
    yield made
    keyring.set_keyring(before)


def test_kept_sent_and_forgotten(
    system: MemoryKeyring, hub: LocalHub, start: Start, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert hub_token.status() == hub_token.Status("", hub_token.keyring_name())
    hub_token.keep(f"  {SECRET}\n")
    assert list(system.kept.values()) == [SECRET]
    assert hub_token.status().source == "keyring"
    assert start().run() is not None
    assert set(hub.tokens) == {f"Bearer {SECRET}"}
    assert not any(asked.token for asked in hub.asked)
    Settings().save()
    written = [path for folder in (data_dir, paths.config_dir()) for path in folder.rglob("*.json*")]
    assert written
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    assert SECRET not in caplog.text
    hub_token.forget()
    assert system.kept == {}
    assert for_hub(NetworkOptions()) is None


def test_the_variable_comes_first_and_the_saved_login_last(
    system: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    (tmp_path / "token").write_text("hf_file")
    assert for_hub(NetworkOptions()) == "hf_file"
    assert hub_token.status().source == "hugging face"
    hub_token.keep("hf_kept")
    assert for_hub(NetworkOptions()) == "hf_kept"
    monkeypatch.setenv("HF_TOKEN", "hf_variable")
    assert for_hub(NetworkOptions()) == "hf_variable"
    assert hub_token.status().source == "HF_TOKEN"
    assert for_hub(NetworkOptions(token="hf_given")) == "hf_given"


def test_no_keyring_is_said_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path, system: MemoryKeyring
) -> None:
    keyring.set_keyring(NoKeyring())
    assert hub_token.keyring_name() == ""
    with pytest.raises(UserError, match=r"no keyring.*HF_TOKEN.*hf auth login") as caught:
        hub_token.keep(SECRET)
    assert SECRET not in str(caught.value)
    hub_token.forget()
    assert for_hub(NetworkOptions()) is None


@pytest.mark.parametrize("text", ["", "  ", "two words", "x" * 600, "hf_ä"])
def test_what_is_no_token(text: str, system: MemoryKeyring) -> None:
    with pytest.raises(UserError, match="not a token"):
        hub_token.keep(text)
    assert system.kept == {}


def test_a_locked_keyring_stops_nothing(system: MemoryKeyring, hub: LocalHub, start: Start) -> None:
    hub_token.keep(SECRET)
    system.locked = True
    hub_token._known.clear()
    with pytest.raises(UserError, match=r"refused the token \(KeyringLocked\)\. Unlock it") as caught:
        hub_token.keep("hf_new")
    assert caught.value.__cause__ is None
    assert start().run() is not None  # without it
    assert set(hub.tokens) == {None}


def test_nothing_is_asked_but_what_the_person_wants(
    hub: LocalHub, options: NetworkOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """huggingface_hub would first fetch a list of programs that might be using it, and renew a login by itself."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _auth, _detect_agent

    monkeypatch.setattr(_detect_agent, "_registry", None)
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(tmp_path / "none.json"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(_auth, "_get_token_from_file_refreshed", lambda: pytest.fail("asked for a new token"))
    (tmp_path / "token").write_text("hf_mine\n")
    assert find_file(options, REPO).size == SIZE
    assert [(line.host, line.result) for line in network.connections()] == [("127.0.0.1", "200")]
    assert hub.tokens == ["Bearer hf_mine"]
    (tmp_path / "token").write_bytes(b"\xff")
    assert hub_token.status().source == ""
