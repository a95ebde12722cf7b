"""Whether there is a newer Tern: against a server on this computer, with every answer that it may give."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tern import __version__
from tern.errors import UserError
from tern.library import network, newer_version
from tern.library.hub_client import USER_AGENT
from tern.library.network import NetworkOptions
from tern.library.newer_version import Release

PAGE = "https://example.org/tern/releases/v9.8.7"


class Publisher:
    """Answers each request with ``status`` and ``content``; ``asked`` has the headers of each."""

    def __init__(self) -> None:
        self.status, self.content = 200, b""
        self.asked: list[dict[str, str]] = []
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked.append({**self.headers, "path": self.path})
                self.send_response(publisher.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(publisher.content)))
                self.end_headers()
                self.wfile.write(publisher.content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/releases/latest"

    def publish(self, **values: object) -> None:
        told = {"tag_name": "v9.8.7", "body": "Faster.", "html_url": PAGE, **values}
        self.content = json.dumps(told).encode()


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    made = Publisher()
    yield made
    made.server.shutdown()
    made.server.server_close()


def _look(publisher: Publisher, **options: object) -> Release:
    return newer_version.newest(NetworkOptions(backoff_s=0.0, **options), publisher.address)  # type: ignore[arg-type]


def test_one_question_that_says_nothing_of_this_computer_and_is_in_the_log(publisher: Publisher) -> None:
    publisher.publish()
    assert _look(publisher) == Release("9.8.7", "Faster.", PAGE)
    (asked,) = publisher.asked
    assert asked["path"] == "/releases/latest"
    assert asked["User-Agent"] == USER_AGENT
    assert not {"Cookie", "Authorization", "Referer"} & asked.keys()
    last = network.connections()[-1]
    assert (last.host, last.why, last.result) == ("127.0.0.1", "look for a newer version", "200")
    assert last.received == len(publisher.content)


@pytest.mark.parametrize(
    ("tag", "newer"),
    [
        ("v0.0.9", False),
        (f"v{__version__}", False),
        (__version__, False),
        ("v0.10.0", True),
        ("1.0", True),
        ("v1.2.3-rc1", True),
    ],
)
def test_versions_are_compared_as_numbers(tag: str, newer: bool, publisher: Publisher) -> None:
    publisher.publish(tag_name=tag)
    assert _look(publisher).newer is newer


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{}", b"null", b'{"tag_name": 7}', b'{"tag_name": "next"}', b"\xff\xfe",
        json.dumps({"tag_name": "v9", "body": "", "html_url": PAGE}).encode(),
        json.dumps({"tag_name": "v9.8", "body": [1], "html_url": PAGE}).encode(),
        json.dumps({"tag_name": "v9.8", "body": "", "html_url": "http://example.org"}).encode(),
        json.dumps({"tag_name": "v9.8", "body": "", "html_url": "file:///etc/passwd"}).encode(),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_release_is_a_sentence(content: bytes, publisher: Publisher) -> None:
    publisher.content = content
    with pytest.raises(UserError, match=r"answered with something that is no release of Tern"):
        _look(publisher)


def test_a_login_page_in_between_is_named(publisher: Publisher) -> None:
    publisher.content = b"<!DOCTYPE html><html>Welcome to our Wi-Fi</html>"
    with pytest.raises(UserError, match=r"sign in|log in|page"):
        _look(publisher)


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_refusal_is_a_sentence(status: int, publisher: Publisher) -> None:
    publisher.status = status
    with pytest.raises(UserError):
        _look(publisher)
    assert network.connections()[-1].result == str(status)


def test_an_endless_answer_is_not_read(publisher: Publisher) -> None:
    publisher.content = b" " * 3_000_000
    with pytest.raises(UserError):
        _look(publisher)


def test_nothing_is_asked_while_work_is_offline(publisher: Publisher) -> None:
    publisher.publish()
    with pytest.raises(UserError, match="offline"):
        _look(publisher, offline=True)
    assert publisher.asked == []


def test_the_address_is_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    class Metadata:
        def get_all(self, name: str) -> list[str]:
            return {"Project-URL": ["Homepage, https://example.org", "Releases, https://example.org/r"]}[name]

    monkeypatch.setattr(newer_version, "metadata", lambda name: Metadata())
    assert newer_version.releases_address() == "https://example.org/r"
    monkeypatch.setattr(Metadata, "get_all", lambda self, name: None)
    assert newer_version.releases_address() == ""
