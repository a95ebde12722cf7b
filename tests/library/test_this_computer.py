"""What is wrong with this computer is said of this computer: its variables, its clock, its keyring, its being offline.

The hub is real and local, or a port where nobody listens: attempts are counted there and in Tern's own log.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import keyring
import pytest
from keyring.backend import KeyringBackend

from tern.errors import UserError
from tern.library import hub_errors, hub_token, network
from tern.library.hub_client import find_file, search
from tern.library.hub_errors import FaultKind, HubError
from tern.library.network import NetworkOptions, SettingError
from tools.local_hub import LocalHub

from .conftest import REPO, SIZE, Start
from .test_faults import said

pytestmark = pytest.mark.slow

SECRET = "hf_AbCdEfGhIjKlMnOpQrSt"
TYPOGRAPHIC = "hf_AbCd’EfGh"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """A server that closes each connection at once; and one entry for each."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                came.append(connection.recv(4096))
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", came
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


# -- variables ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HF_TOKEN", TYPOGRAPHIC),
        ("HF_TOKEN", "hf_Ab\nCd"),
        ("HF_TOKEN", "hf_Ab Cd"),
        ("HF_TOKEN", "\x7fhf_Ab"),
        ("HUGGING_FACE_HUB_TOKEN", "hf_Äb"),
        ("HF_ENDPOINT", "http://127.0.0.1:99999"),
        ("HF_ENDPOINT", "http://127.0.0.1:0"),
        ("HF_ENDPOINT", "http://127.0.0.1:port"),
        ("HF_ENDPOINT", "http://[::1"),
        ("HF_ENDPOINT", "127.0.0.1:9"),
        ("HF_ENDPOINT", "https//hub.example"),
        ("HF_ENDPOINT", "https://"),
        ("HF_ENDPOINT", "https:///models"),
        ("HF_ENDPOINT", "https://hub example"),
        ("HF_ENDPOINT", "https://hub..example"),
        ("HF_ENDPOINT", "https://hub.example/?mirror=1"),
        ("HF_ENDPOINT", "https://hub\u200b.example"),
        ("SSL_CERT_FILE", "/nowhere/certificates.pem"),
        ("SSL_CERT_FILE", __file__),  # is there, and is no certificate
        ("SSL_CERT_FILE", str(Path(__file__).parent)),
        ("SSL_CERT_DIR", "/nowhere"),
        ("HTTP_PROXY", "http://127.0.0.1:99999"),
        ("http_proxy", "carrier pigeon://home"),
        ("HTTPS_PROXY", "http://"),
        ("ALL_PROXY", "http://[::1"),
        ("all_proxy", "ftp://proxy:21"),
    ],
)
def test_a_variable_at_fault_is_named(
    name: str, value: str, hub: LocalHub, options: NetworkOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any connection; and neither a login page nor Tern itself is blamed."""
    if name == "HF_ENDPOINT":
        options = replace(options, endpoint="")
    monkeypatch.setenv(name, value)
    for act in (lambda: find_file(options, REPO), lambda: search(options, "model")):
        with pytest.raises(SettingError) as caught:
            act()
        assert caught.value.name == name
        assert name in str(caught.value)
        assert any(word in str(caught.value) for word in ("Correct", "Copy", "Write"))
        assert "web page" not in str(caught.value)
    if "TOKEN" in name:
        assert value not in str(caught.value)  # at most one letter of it
    assert hub.tokens == []
    assert network.connections() == []


@pytest.mark.parametrize("settings", ["{}", '{"hub_endpoint": "http://127.0.0.1:9"}'])
def test_an_address_that_hugging_faces_library_cannot_even_read(settings: str, tmp_path: Path) -> None:
    """It reads the variable while it is imported, which only a process of its own does anew."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.json").write_text(settings, "utf-8")
    environment = {**os.environ, "HF_ENDPOINT": "http://[::1"}
    for words, code in ((["search", "x"], 1), (["fetch", REPO], 1), (["token", "--status"], 0)):
        said = subprocess.run(
            [sys.executable, "-m", "tern", "--data-dir", str(tmp_path), "models", *words],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert said.returncode == code
        assert ("HF_ENDPOINT" in said.stderr) == bool(code)
        assert "inside Tern" not in said.stderr


@pytest.mark.parametrize(
    "changes", [{"endpoint": "http://127.0.0.1:99999"}, {"endpoint": "ftp://hub"}, {"proxy": "http://"}]
)
def test_a_setting_at_fault_is_named(changes: dict[str, str], options: NetworkOptions, hub: LocalHub) -> None:
    with pytest.raises(SettingError, match="in the settings") as caught:
        find_file(replace(options, **changes), REPO)
    assert caught.value.name == ""
    assert network.connections() == []


@pytest.mark.parametrize("value", ["[::1", "http://[", "a:99999", "a b,,*.x"])
def test_a_strange_no_proxy_harms_nobody(
    value: str, options: NetworkOptions, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", value)
    assert find_file(options, REPO).size == SIZE
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(HubError, match=r"through the proxy 127\.0\.0\.1:9"):
        find_file(replace(options, tries=1), REPO)


def test_a_token_kept_elsewhere_that_cannot_be_sent(
    options: NetworkOptions, hub: LocalHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    (tmp_path / "token").write_text(TYPOGRAPHIC, encoding="utf-8")
    with pytest.raises(SettingError, match=r"your Hugging Face login has a character .*hf auth login"):
        find_file(options, REPO)
    monkeypatch.setattr(hub_token, "_known", [TYPOGRAPHIC])
    with pytest.raises(SettingError, match=r"the system's keyring has a character"):
        find_file(options, REPO)
    assert hub.tokens == []


def test_words_that_cannot_be_sent(options: NetworkOptions, hub: LocalHub) -> None:
    with pytest.raises(UserError, match="has a character that cannot be sent"):
        search(options, "caf\udce9")
    with pytest.raises(UserError, match="has a character that cannot be sent"):
        find_file(options, REPO, revision="\udce9")
    assert hub.tokens == []


def test_what_is_not_a_hub_is_not_called_a_login_page(
    options: NetworkOptions, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON of another kind, or no JSON: the mirror's address is wrong. A page is called one when one came."""
    from tools import local_hub

    for body in (b"[1, 2]", b"nonsense", b"", b'{"siblings": 3}'):
        monkeypatch.setattr(
            local_hub._Hub, "_api", lambda self, parts, query, body=body: self.send(200, body)
        )
        with pytest.raises(HubError, match=r"does not answer as a hub does\. Check the address") as caught:
            find_file(options, REPO)
        assert caught.value.kind is FaultKind.HUB
    monkeypatch.setattr(
        local_hub._Hub, "_api", lambda self, parts, query: self.send(200, b"<html>", "text/plain")
    )
    with pytest.raises(HubError, match="web page came") as caught:
        find_file(options, REPO)
    assert caught.value.kind is FaultKind.PORTAL


# -- the network -------------------------------------------------------------------------------------------------


def test_offline_one_sentence_and_each_attempt_logged(
    options: NetworkOptions, hub: LocalHub, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody listens there: tried once more, and that is all."""
    nobody = replace(options, endpoint=closed_port(), tries=6)
    with pytest.raises(HubError, match="cannot be reached") as caught:
        search(nobody, "What are you?")
    assert caught.value.kind is FaultKind.UNREACHED
    lines = network.connections()
    assert [(line.host, line.why, line.result) for line in lines] == [
        ("127.0.0.1", "search: What are you?", "not reached")
    ] * 2
    assert not [record for record in caplog.records if record.name.startswith("huggingface_hub")]


def test_each_attempt_that_arrives_is_logged(
    options: NetworkOptions, listening: tuple[str, list[bytes]]
) -> None:
    """What the server counts is what the log says: no retries of anybody else's."""
    address, came = listening
    with pytest.raises(HubError, match="broke"):
        search(replace(options, endpoint=address, tries=6), "bitnet")
    assert len(came) == 2
    assert [line.result for line in network.connections()] == ["broken off"] * 2


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_fault_of_the_hub_is_asked_for_as_often_as_tern_says(
    status: int, options: NetworkOptions, hub: LocalHub
) -> None:
    hub.faults.api_status = [status] * 50
    with pytest.raises(HubError, match=rf"\({status}\)|answered {status}"):
        search(options, "bitnet")
    assert len(hub.tokens) == options.tries
    assert [line.result for line in network.connections()] == [str(status)] * options.tries


@pytest.mark.parametrize("how", ["setting", "variable"])
def test_working_offline_asks_nobody(
    how: str, options: NetworkOptions, listening: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, came = listening
    monkeypatch.setattr(hub_token, "kept", lambda *_: pytest.fail("the keyring was asked"))
    if how == "variable":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match=r"work offline|HF_HUB_OFFLINE is set"):
        search(replace(options, endpoint=address, offline=how == "setting"), "bitnet")
    assert came == []
    assert network.connections() == []


def test_the_command_says_one_sentence(data_dir: Path) -> None:
    """As a person sees it: nothing of the library's on the terminal."""
    run = subprocess.run(
        [sys.executable, "-m", "tern", "models", "search", "bitnet"],
        env={**os.environ, "HF_ENDPOINT": closed_port()},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("tern: 127.0.0.1 cannot be reached.")
    assert "arrived" not in run.stderr


def test_no_name_service_is_no_network(options: NetworkOptions) -> None:
    with pytest.raises(HubError, match=r"no network.*nowhere\.invalid cannot be found") as caught:
        find_file(replace(options, endpoint="http://nowhere.invalid", tries=1), REPO)
    assert caught.value.kind is FaultKind.NETWORK
    said(caught.value)


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        ("ENETUNREACH", FaultKind.NETWORK, "There is no network"),
        ("EHOSTUNREACH", FaultKind.NETWORK, "There is no network"),
        ("EADDRNOTAVAIL", FaultKind.NETWORK, "There is no network"),
        ("ECONNREFUSED", FaultKind.UNREACHED, "cannot be reached"),
        ("EPERM", FaultKind.HERE, "Check its firewall"),
        ("EACCES", FaultKind.HERE, "Check its firewall"),
        ("EMFILE", FaultKind.HERE, "Close other programs"),
    ],
)
def test_what_the_system_says_of_a_connection(number: str, kind: FaultKind, words: str) -> None:
    import errno

    error = httpx2.ConnectError("no")
    error.__cause__ = OSError(getattr(errno, number), "no")
    found = hub_errors.of_transport(error, "hub.example")
    assert found.kind is kind
    assert words in str(found)
    assert found.lost == (kind in (FaultKind.NETWORK, FaultKind.UNREACHED))


# -- certificates and the clock ----------------------------------------------------------------------------------

_AUTHORITY = """
[ca]
default_ca = here
[here]
dir = .
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
"""


def certificates(folder: Path, begins: str, ends: str) -> tuple[Path, Path, Path]:
    """An authority of our own; and a certificate, with its key, that it gave for those days (YYYYMMDDHHMMSSZ)."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    (folder / "ca.cnf").write_text(_AUTHORITY)
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01\n")
    key = ["-newkey", "rsa:2048", "-nodes"]
    for command in (
        ["req", "-x509", *key, "-days", "2", "-subj", "/CN=Ours", "-keyout", "ca.key", "-out", "ca.pem"],
        ["req", *key, "-subj", "/CN=127.0.0.1", "-keyout", "hub.key", "-out", "hub.csr"],
        [
            "ca",
            "-batch",
            "-config",
            "ca.cnf",
            "-cert",
            "ca.pem",
            "-keyfile",
            "ca.key",
            "-in",
            "hub.csr",
            "-startdate",
            begins,
            "-enddate",
            ends,
            "-extensions",
            "names",
            "-out",
            "hub.pem",
            "-notext",
        ],
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return folder / "ca.pem", folder / "hub.pem", folder / "hub.key"


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        ("20200101000000Z", "20210101000000Z", "certificate has expired"),
        ("20900101000000Z", "20910101000000Z", "certificate is not yet valid"),
    ],
)
def test_a_clock_that_is_wrong(
    begins: str,
    ends: str,
    words: str,
    tmp_path: Path,
    served: Path,
    options: NetworkOptions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority, certificate, key = certificates(tmp_path, begins, ends)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with LocalHub(tmp_path / "hub", tls=(certificate, key)) as hub:
        with pytest.raises(
            HubError, match=rf"this computer's clock \(\d.*{words}.*Check the clock"
        ) as caught:
            find_file(replace(options, endpoint=hub.url), REPO)
        assert caught.value.kind is FaultKind.HERE
        said(caught.value)
        assert hub.tokens == []


def test_certificates_of_ones_own(
    tmp_path: Path, served: Path, options: NetworkOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE is honoured; one that names others is what the sentence is about."""
    authority, certificate, key = certificates(tmp_path, "20200101000000Z", "20900101000000Z")
    with LocalHub(tmp_path / "hub", tls=(certificate, key)) as hub:
        theirs = replace(options, endpoint=hub.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert find_file(theirs, REPO).size == SIZE
        with LocalHub(tmp_path / "hub", tls=_self_signed(tmp_path)) as other:
            with pytest.raises(HubError, match=r"SSL_CERT_FILE says whom to trust here: check") as caught:
                find_file(replace(options, endpoint=other.url), REPO)
            assert caught.value.kind is FaultKind.UNSAFE
            said(caught.value)


def _self_signed(folder: Path) -> tuple[Path, Path]:
    command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-keyout", "own.key", "-out", "own.pem"]
    subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return folder / "own.pem", folder / "own.key"


# -- a keyring that does not answer ------------------------------------------------------------------------------


class StuckKeyring(KeyringBackend):
    """Says nothing until ``free`` is set, as one does whose daemon hangs or that asks for a password nobody types."""

    priority = -1  # type: ignore[assignment]  # below "there is none": else other tests would find and ask it, too

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.free = threading.Event(), threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.set()
        self.free.wait()
        return SECRET

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)

    def delete_password(self, service: str, username: str) -> None:
        self.get_password(service, username)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[StuckKeyring]:
    before, made = keyring.get_keyring(), StuckKeyring()
    keyring.set_keyring(made)
    monkeypatch.setattr(hub_token, "_known", [])
    monkeypatch.setattr(hub_token, "_asking", [])
    monkeypatch.setattr(hub_token, "ANSWER_S", 0.05)
    monkeypatch.setattr(hub_token, "UNLOCK_S", 0.05)
    yield made
    made.free.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join()
    keyring.set_keyring(before)


def test_what_is_open_to_everyone_asks_no_keyring(
    stuck: StuckKeyring, hub: LocalHub, start: Start, options: NetworkOptions
) -> None:
    assert search(options, "model")
    assert start().run() is not None
    assert not stuck.asked.is_set()
    assert set(hub.tokens) == {None}


def test_a_gated_file_waits_for_the_keyring_a_moment(
    stuck: StuckKeyring, hub: LocalHub, start: Start
) -> None:
    """It is asked when the hub wants to know who asks; its silence is named; what it says late is not lost."""
    hub.faults.secret = SECRET
    with pytest.raises(HubError, match=r"\(403\)|\(401\)") as caught:
        start().run()
    assert "keyring does not answer" in str(caught.value)
    assert stuck.asked.is_set()
    assert len([t for t in threading.enumerate() if t.name == "keyring"]) == 1
    stuck.free.set()
    hub_token._asking[0].join()
    assert start().run() is not None
    assert hub.tokens[-1] == f"Bearer {SECRET}"


def test_the_keyrings_token_is_sent_once_it_is_needed(
    stuck: StuckKeyring, hub: LocalHub, start: Start, options: NetworkOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck.free.set()
    monkeypatch.setattr(hub_token, "ANSWER_S", 60)
    hub.faults.api_status = [401]
    remote = find_file(options, REPO)
    assert hub.tokens == [None, f"Bearer {SECRET}"]
    monkeypatch.setattr(hub_token, "_known", [])
    hub.tokens.clear()
    hub.faults.secret = SECRET
    assert start(remote=remote).run() is not None
    assert hub.tokens[:2] == [None, f"Bearer {SECRET}"]
    assert not any(asked.token for asked in hub.asked)  # the host of the bytes never sees it


def test_a_token_cannot_be_kept_in_a_keyring_that_says_nothing(stuck: StuckKeyring) -> None:
    for act in (lambda: hub_token.keep(SECRET), hub_token.forget):
        with pytest.raises(hub_token.SilentError, match=r"does not answer\. Unlock it") as caught:
            act()
        assert SECRET not in str(caught.value)
    found = hub_token.status()
    assert found.silent
    assert found.source == ""


def test_a_keyring_that_cannot_even_be_named(stuck: StuckKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some hang while they are looked for."""
    monkeypatch.setattr(keyring, "get_keyring", stuck.free.wait)
    assert hub_token.status().silent
