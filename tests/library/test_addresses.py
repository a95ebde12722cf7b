"""Where a download comes from and what it is called: mirrors, proxies, certificates, and names that lead astray."""

from __future__ import annotations

import shutil
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tern.errors import UserError
from tern.library import hub_client
from tern.library.hub_client import find_file
from tern.library.hub_find import target_of
from tern.library.hub_model import ModelDownload
from tern.library.network import NetworkOptions
from tools import local_hub
from tools.local_hub import LocalHub

from .conftest import FILE, REPO, SIZE
from .test_faults import said

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.gguf",
        "/etc/evil.gguf",
        "a\\b.gguf",
        "C:evil.gguf",
        "a/../evil.gguf",
        ".hidden.gguf",
        "bell\x07\x1b[2J.gguf",
        "two\nlines.gguf",
        "con.gguf",
        "dot./x.gguf",
        "é" * 120 + ".gguf",
        "",
    ],
)
def test_a_hub_cannot_choose_where_to_write(name: str, options: NetworkOptions, hub: LocalHub) -> None:
    with pytest.raises(UserError, match="does not write"):
        target_of(replace(find_file(options, REPO, FILE), file=name))


def test_names_that_are_only_odd(
    hub: LocalHub, options: NetworkOptions, served: Path, data_dir: Path
) -> None:
    for name in ("sub folder/deep/mödel 1#2%20&+.gguf", "模型.gguf", "🙂'$(x);.gguf"):
        path = served.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 100)
        remote = find_file(options, REPO, name)
        model = ModelDownload(remote, target_of(remote), options).run()
        assert model is not None
        assert model.path.read_bytes() == path.read_bytes()
        assert model.path == data_dir / "data" / "models" / "owner--model-gguf" / name
        assert model.verified


@pytest.mark.parametrize(
    "lfs",
    [
        {"sha256": "../x", "size": 3000, "pointerSize": 1},
        {"sha256": "0" * 64, "size": "1e9", "pointerSize": 1},
    ],
)
def test_a_hub_that_says_what_cannot_be(
    lfs: dict[str, object], hub: LocalHub, options: NetworkOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"rfilename": FILE, "size": 3000, "blobId": "0", "lfs": lfs}
    monkeypatch.setattr(local_hub._Hub, "_sibling", lambda self, folder, path: answer)
    with pytest.raises(hub_client.HubError, match=r"cannot be\. Use another mirror"):
        find_file(options, REPO, FILE)


def test_a_mirror_that_only_names_its_files(hub: LocalHub, options: NetworkOptions, served: Path) -> None:
    whole, small = find_file(options, REPO), find_file(options, REPO, "README.md")
    hub.faults.bare = True
    assert find_file(options, REPO) == whole  # asked for at its address
    assert find_file(options, REPO, "README.md") == small
    assert hub.asked == []
    model = ModelDownload(whole, target_of(whole), options).run()
    assert model is not None
    assert model.path.read_bytes() == served.read_bytes()


def test_nobody_there(options: NetworkOptions, hub: LocalHub) -> None:
    with pytest.raises(hub_client.HubError, match=r"cannot be reached.*proxy or a mirror") as caught:
        find_file(replace(options, endpoint="http://127.0.0.1:9", tries=2), REPO)
    said(caught.value)
    assert "Errno" not in str(caught.value)
    with pytest.raises(UserError, match="does not begin with https"):
        find_file(replace(options, endpoint="ftp://x"), REPO)
    with pytest.raises(UserError, match="names no server"):
        find_file(replace(options, endpoint="https:///models"), REPO)
    with pytest.raises(hub_client.HubError, match=r"nowhere\.invalid cannot be found") as caught:
        find_file(replace(options, endpoint="http://nowhere.invalid", tries=1), REPO)
    said(caught.value)


@pytest.mark.parametrize("proxy", ["http://ann:secret@127.0.0.1:9", "127.0.0.1:9", "socks://127.0.0.1:9"])
def test_a_proxy_that_is_not_there(proxy: str, options: NetworkOptions, hub: LocalHub) -> None:
    with pytest.raises(hub_client.HubError, match=r"through the proxy 127\.0\.0\.1:9") as caught:
        find_file(replace(options, proxy=proxy, tries=1), REPO)
    assert "secret" not in said(caught.value)
    assert hub.tokens == []


def test_a_proxy_that_wants_a_password(options: NetworkOptions) -> None:
    """To a hub over TLS it says so before there is any connection to the hub."""

    class Refuses(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            allowed = self.headers.get("Proxy-Authorization") == "Basic " + b64encode(b"ann:secret").decode()
            self.send_response(502 if allowed else 407)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        address = f"127.0.0.1:{server.server_address[1]}"
        behind = replace(options, endpoint="https://hub.example", tries=1)
        with pytest.raises(hub_client.HubError, match=r"a name and a password \(407\)") as caught:
            find_file(replace(behind, proxy=address), REPO)
        said(caught.value)
        with pytest.raises(
            hub_client.HubError, match=r"refused the connection to hub\.example \(502"
        ) as caught:
            find_file(replace(behind, proxy=f"http://ann:secret@{address}"), REPO)
        assert "secret" not in said(caught.value)
        server.shutdown()


def test_the_proxy_of_the_environment(
    options: NetworkOptions, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(hub_client.HubError, match=r"through the proxy 127\.0\.0\.1:9"):
        find_file(replace(options, tries=1), REPO)
    monkeypatch.setenv("http_proxy", "carrier pigeon://home")
    with pytest.raises(
        UserError, match=r"proxy's address in the variable http_proxy cannot be used.*socks5://HOST:PORT"
    ):
        find_file(options, REPO)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("all_proxy", "socks://127.0.0.1:9/")  # as GNOME sets it
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert find_file(options, REPO).size == SIZE


def test_a_token_that_is_not_accepted(hub: LocalHub, options: NetworkOptions) -> None:
    hub.faults.api_status = [401]
    with pytest.raises(hub_client.HubError, match=r"does not accept your token \(401\).*Make a new one"):
        find_file(replace(options, token="hf_old"), REPO)


@pytest.fixture
def secure_hub(tmp_path: Path, served: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub whose certificate nobody has signed."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command = ["openssl", "req", "-x509", *made, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    with LocalHub(tmp_path / "hub", tls=(certificate, key)) as running:
        yield running


def test_bad_tls(secure_hub: LocalHub, options: NetworkOptions) -> None:
    with pytest.raises(
        hub_client.HubError, match=r"cannot be trusted \(self-signed certificate\).*date"
    ) as caught:
        find_file(replace(options, endpoint=secure_hub.url), REPO)
    said(caught.value)
    assert secure_hub.api == []
    plain = secure_hub.cdn_url.replace("http:", "https:")  # what answers there knows no TLS
    with pytest.raises(hub_client.HubError, match=r"does not answer as a safe server does\. Check") as caught:
        find_file(replace(options, endpoint=plain), REPO)
    said(caught.value)
