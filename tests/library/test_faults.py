"""Everything that goes wrong outside: for each the sentence, what is on disk after it, and that the next try works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tern.errors import UserError
from tern.library import hub_client, hub_errors, network, shelf
from tern.library.hub_client import find_file
from tern.library.hub_model import ModelDownload
from tern.library.hub_progress import DownloadProgress
from tern.library.network import NetworkOptions
from tools.local_hub import Faults, LocalHub

from .conftest import BLOCK, FILE, REPO, SIZE, Start

pytestmark = pytest.mark.slow

ADVICE = (
    "again",
    "Check",
    "log in",
    "Wait",
    "accept",
    "Make room",
    "Change",
    "Unset",
    "Switch",
    "Write",
    "Name",
    "Fetch",
)


def said(error: BaseException) -> str:
    """The sentence, which always says what to do."""
    text = str(error)
    assert any(word in text for word in ADVICE), text
    assert "Traceback" not in text
    assert len(text) < 420
    return text


def recovers(hub: LocalHub, start: Start, target: Path, content: bytes) -> None:
    hub.faults = Faults()
    assert start().run() is not None
    assert target.read_bytes() == content
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def fill(status: int) -> Callable[[Faults], None]:
    return lambda faults: faults.cdn_status.extend([status] * 20)


CDN_FAULTS: dict[str, tuple[Callable[[Faults], None], str]] = {
    "captive": (lambda faults: setattr(faults, "captive_cdn", True), "web page came instead"),
    "401": (fill(401), r"\(401\)"),
    "403": (fill(403), "accept the model's conditions"),
    "404": (fill(404), "Check the owner"),
    "429": (fill(429), "too many requests"),
    "500": (fill(500), r"fault of its own right now \(500\)"),
    "503": (fill(503), r"\(503\)"),
    "407": (fill(407), "NAME:PASSWORD"),
    "511": (fill(511), "web page came instead"),
    "418": (fill(418), "answered 418"),
}


@pytest.mark.parametrize("fault", CDN_FAULTS)
def test_a_download_that_cannot_go_on(
    fault: str, hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    """Half of the file is here already: it is kept, whatever the answer for the rest."""
    download: ModelDownload
    download = start(on_progress=lambda progress: download.pause() if progress.done > SIZE // 2 else None)
    hub.faults.rate = 5e6
    assert download.run() is None
    part = target.with_name(FILE + ".part")
    before = part.stat().st_size
    hub.faults = Faults()
    cause, sentence = CDN_FAULTS[fault]
    cause(hub.faults)
    with pytest.raises(hub_client.HubError, match=sentence) as caught:
        start().run()
    assert said(caught.value).count("What has arrived is kept") == 1
    assert not target.exists()
    assert shelf.installed() == []
    assert before - BLOCK < part.stat().st_size <= before
    sent = hub.sent
    recovers(hub, start, target, content)
    assert hub.sent - sent <= SIZE - before + BLOCK


def test_nothing_that_has_arrived_is_kept_where_nothing_has(hub: LocalHub, start: Start) -> None:
    notes: list[str] = []
    download = start(on_progress=lambda progress: notes.append(progress.note))
    hub.faults.cdn_status = [503] * 20
    with pytest.raises(hub_client.HubError) as caught:
        download.run()
    assert any("tries again" in note for note in notes)
    assert "arrived" not in "".join((str(caught.value), *notes))


def half(hub: LocalHub, start: Start, target: Path) -> int:
    """Fetch about half of the file and stop; the bytes of it that are kept."""
    download: ModelDownload
    download = start(on_progress=lambda progress: download.pause() if progress.done > SIZE // 2 else None)
    hub.faults = Faults(rate=5e6)
    assert download.run() is None
    hub.faults = Faults()
    hub.asked.clear()
    return target.with_name(FILE + ".part").stat().st_size // BLOCK * BLOCK


@pytest.mark.parametrize("away", [-10, 10])
def test_a_server_that_begins_elsewhere_and_says_so(
    away: int, hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    """What comes twice is passed over; what would leave a gap is not taken, and what is here stays all the same."""
    before = half(hub, start, target)
    hub.faults.wrong_part = away
    assert start().run() is not None
    assert target.read_bytes() == content
    assert [(asked.status, asked.start) for asked in hub.asked] == (
        [(206, before - 10)] if away < 0 else [(206, before + 10), (200, 0)]
    )


def test_a_mirror_that_does_not_say_which_bytes_it_sends(
    hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    """206 without Content-Range: the length fits, and the hash of the whole says whether it was the right part."""
    before = half(hub, start, target)
    hub.faults.silent_ranges = True
    assert start().run() is not None
    assert target.read_bytes() == content
    assert hub.sent == SIZE - before


def test_a_mirror_that_sends_another_part_and_does_not_say_so(
    hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    """Only the hash tells: it begins again, once, asks for no part any more, and passes over what it has."""
    before = half(hub, start, target)
    hub.faults.silent_ranges, hub.faults.shifted = True, 7
    notes: list[str] = []
    assert start(on_progress=lambda progress: notes.append(progress.note)).run() is not None
    assert target.read_bytes() == content
    assert [(asked.status, asked.start) for asked in hub.asked] == [(206, before), (200, 0)]
    assert hub_errors.BEGINS_AGAIN_WHOLE in notes


def test_it_begins_again_once_and_never_twice(
    hub: LocalHub, start: Start, target: Path, served: Path
) -> None:
    """The bytes are wrong from the beginning too: the second time they are kept aside, to be mended."""
    half(hub, start, target)
    hub.faults.silent_ranges, hub.faults.shifted = True, 7
    hub.faults.flip_at, hub.faults.flips = 20, 99
    with pytest.raises(hub_errors.DamagedError, match="arrived damaged"):
        start().run()
    assert [asked.status for asked in hub.asked] == [206, 200]


def test_a_mirror_without_ranges_that_breaks_off_goes_on(
    hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    """After a part that cannot be placed only whole files are asked for; what is here is never thrown away."""
    half(hub, start, target)
    hub.faults.wrong_part, hub.faults.reset_every = 10, SIZE - 100_000
    with pytest.raises(hub_client.HubError, match=r"broke.*What has arrived is kept"):
        start().run()
    sent = hub.sent
    recovers(hub, start, target, content)
    assert hub.sent - sent <= 100_000 + BLOCK


@pytest.mark.parametrize("begun", [False, True])
def test_a_mirror_that_compresses(
    begun: bool, hub: LocalHub, start: Start, target: Path, served: Path, options: NetworkOptions
) -> None:
    """Packed although it was asked not to be: unpacked here. A part of something packed cannot be used: the whole is
    asked for, and what is here already is passed over."""
    served.write_bytes(b"GGUF" + bytes(range(256)) * 12_000)
    size = served.stat().st_size
    if begun:
        download: ModelDownload
        download = start(on_progress=lambda progress: download.pause() if progress.done > size // 2 else None)
        hub.faults.rate = 5e6
        assert download.run() is None
        hub.faults = Faults()
        hub.asked.clear()
    hub.faults.compress = "gzip"
    download = start()
    assert download.run() is not None
    assert target.read_bytes() == served.read_bytes()
    assert [asked.status for asked in hub.asked] == ([206, 200] if begun else [200])
    assert network.connections()[-1].received < size // 2  # what came over the network, not what it became


def test_a_mirror_that_compresses_and_breaks_off(
    hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    hub.faults.compress, hub.faults.reset_every = "gzip", 1_000_000
    with pytest.raises(hub_client.HubError, match=r"broke|ended too early") as caught:
        start().run()
    assert "changed" not in str(caught.value)
    assert "What has arrived is kept" in str(caught.value)
    recovers(hub, start, target, content)


def test_a_mirror_that_compresses_as_nobody_here_can_undo(
    hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    hub.faults.compress = "x-secret"
    with pytest.raises(hub_client.HubError, match=r"compressed \(x-secret\).*Use another mirror"):
        start().run()
    recovers(hub, start, target, content)


def test_416_begins_again(hub: LocalHub, start: Start, target: Path, content: bytes) -> None:
    hub.faults.rate = 5e6
    download: ModelDownload
    download = start(on_progress=lambda progress: download.pause() if progress.done > SIZE // 2 else None)
    assert download.run() is None
    hub.faults = Faults(cdn_status=[416])
    assert start().run() is not None
    assert target.read_bytes() == content


@pytest.mark.parametrize("statuses", [[429, 503, 500], [502, 504]])
def test_a_passing_fault_is_waited_out(
    statuses: list[int], hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    remote = start().remote
    hub.faults.cdn_status = list(statuses)
    notes: list[str] = []
    assert start(remote=remote, on_progress=lambda progress: notes.append(progress.note)).run() is not None
    assert sum("tries again" in note for note in notes) == len(statuses)
    hub.faults.api_status = list(statuses)
    assert start().remote == remote


def test_the_server_says_how_long_to_wait(hub: LocalHub, options: NetworkOptions) -> None:
    hub.faults.api_status, hub.faults.retry_after = [429], "7"
    waited: list[float] = []
    error = hub_client.HubError("", again=True, after_s=7)

    def attempt(left: list[int] = [1]) -> str:  # noqa: B006  # counts its calls
        if left:
            left.pop()
            raise error
        return "done"

    assert hub_client.persistently(options, attempt, lambda seconds, _: waited.append(seconds)) == "done"
    assert waited == [7]
    hub.faults.retry_after = "60"  # nobody watches a question for so long
    with pytest.raises(hub_client.HubError, match="too many requests"):
        find_file(options, REPO)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"RateLimit": '"api";r=0;t=55'}, 55.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    response = httpx2.Response(429, headers=headers, request=httpx2.Request("GET", "https://hub.example/x"))
    assert hub_errors.of_status(response, "it", "there").after_s == seconds


API_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "captive": ({"captive_api": True}, "web page came instead"),
    "401": ({"api_status": [401] * 9}, r"\(401\)"),
    "gated": ({"gated": True}, "accept the model's conditions"),
    "429": ({"api_status": [429] * 9}, "too many requests"),
    "5xx": ({"api_status": [503] * 9}, "fault of its own"),
}


@pytest.mark.parametrize("fault", API_FAULTS)
def test_a_look_up_that_fails(fault: str, hub: LocalHub, options: NetworkOptions) -> None:
    values, sentence = API_FAULTS[fault]
    hub.faults = Faults(**values)
    with pytest.raises(hub_client.HubError, match=sentence) as caught:
        find_file(options, REPO, FILE)
    assert "arrived" not in said(caught.value)  # nothing has
    hub.faults = Faults()
    assert find_file(options, REPO, FILE).size == SIZE


def test_names_that_are_not_there(hub: LocalHub, options: NetworkOptions, served: Path) -> None:
    for repo, file, revision, sentence in (
        ("owner/nothing", None, None, r"has no owner/nothing \(404\)"),
        (REPO, FILE, "v9", rf"has no {REPO} at v9 \(404\). Check the owner, the name and the revision"),
        (REPO, "other.gguf", None, r"has no file other.gguf. It has: model.gguf"),
        ("not a name", None, None, "write OWNER/NAME"),
    ):
        with pytest.raises(UserError, match=sentence):
            find_file(options, repo, file, revision)
    (served.parent / "second.gguf").write_bytes(b"x" * 2000)
    with pytest.raises(UserError, match=r"has 2 models. Name one: model.gguf, second.gguf"):
        find_file(options, REPO)


def test_a_stall_is_noticed_and_passed(
    hub: LocalHub, start: Start, options: NetworkOptions, target: Path, content: bytes
) -> None:
    hub.faults.stall_after, hub.faults.stall_s = 1_000_000, 2.0
    notes: list[str] = []
    download = start(
        options=replace(options, stall_s=0.3), on_progress=lambda progress: notes.append(progress.note)
    )
    assert download.run() is not None
    assert target.read_bytes() == content
    assert any("Nothing came" in note for note in notes)
    assert [asked.status for asked in hub.asked] == [200, 206]
    assert download.received <= 1.05 * SIZE


def test_a_trickle_is_a_stall(hub: LocalHub, start: Start, options: NetworkOptions) -> None:
    hub.faults.rate = 2000.0
    slow = replace(options, stall_s=0.3, stall_bytes_per_s=1_000_000, tries=1)
    with pytest.raises(hub_client.HubError, match="Almost nothing comes"):
        start(options=slow).run()


def test_no_room_is_said_before_anything_is_fetched(
    hub: LocalHub, start: Start, target: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("tern.library.hub_file.SPARE", 10**15)
        with pytest.raises(hub_client.HubError, match=r"needs 1,000,000\u2009GB in .*Make room") as caught:
            start().run()
    said(caught.value)
    assert hub.asked == []
    recovers(hub, start, target, content)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a small disk: needs root")
def test_a_disk_that_fills_up(
    hub: LocalHub, start: Start, target: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = target.parent
    models.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", models], check=False).returncode:
        pytest.skip("may not mount here")
    try:
        monkeypatch.setattr("tern.library.hub_file.SPARE", -SIZE)  # somebody else fills the disk meanwhile
        monkeypatch.setattr("tern.library.hub_file.LOW", -SIZE)  # ... between two looks at it
        with pytest.raises(hub_client.HubError, match=r"disk is full.*Make room") as caught:
            start().run()
        said(caught.value)
        assert not target.exists()
        kept = target.with_name(FILE + ".part").stat().st_size
        assert kept > 1_500_000
        subprocess.run(["mount", "-o", "remount,size=8m", str(models)], check=True)
        assert start().run() is not None
        assert target.read_bytes() == content
        assert hub.asked[-1].start >= kept - 2 * BLOCK
    finally:
        subprocess.run(["umount", str(models)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a small disk: needs root")
@pytest.mark.parametrize("low", [100_000, 0], ids=["seen coming", "by surprise"])
def test_a_full_disk_is_waited_for_while_somebody_watches(
    low: int, hub: LocalHub, start: Start, target: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It pauses, says why, and goes on by itself as soon as there is room, from where it was."""
    models = target.parent
    models.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", models], check=False).returncode:
        pytest.skip("may not mount here")
    try:
        monkeypatch.setattr("tern.library.hub_file.SPARE", -SIZE)
        monkeypatch.setattr("tern.library.hub_file.LOW", low)
        monkeypatch.setattr("tern.library.hub_file.ROOM_S", 0.0)
        hub.faults.rate = 8e6
        notes: list[str] = []

        def watch(progress: DownloadProgress) -> None:
            if progress.phase == "waiting":
                if len(notes) == 3:
                    assert not target.exists()
                    subprocess.run(["mount", "-o", "remount,size=8m", str(models)], check=True)
                notes.append(progress.note)

        assert start(on_progress=watch, patient=True).run() is not None
        assert re.search(
            r"only \d+\u2009\w+ of room left, and .* is still to come. Make room there", notes[0]
        )
        assert "Tern waits, and goes on by itself" in notes[0]
        assert target.read_bytes() == content
        assert [asked.status for asked in hub.asked] == [200, 206]
        assert hub.asked[1].start > 1_500_000
    finally:
        subprocess.run(["umount", str(models)], check=True)


def test_a_network_that_goes_away_is_waited_for(
    hub: LocalHub, options: NetworkOptions, start: Start, target: Path, content: bytes
) -> None:
    """A laptop sleeps and wakes in another place: every connection is dead, then nothing answers, then it goes on."""
    hub.faults.rate = 4e6
    back: list[LocalHub] = []
    notes: list[str] = []
    port = int(hub.url.rpartition(":")[2])

    def watch(progress: DownloadProgress) -> None:
        if progress.done > SIZE // 2 and not notes:
            hub.stop()
            notes.append("away")
        if progress.phase == "waiting":
            notes.append(progress.note)
            if len(notes) == 6:  # twice as many as an impatient one waits for
                back.append(LocalHub(hub.folder, port))
                back[0].__enter__()

    download = start(options=replace(options, tries=2), on_progress=watch, patient=True)
    try:
        assert download.run() is not None
    finally:
        for again in back:
            again.__exit__()
    assert target.read_bytes() == content
    assert any("cannot be reached" in note for note in notes)
    assert back[0].asked[-1].status == 206
    assert download.received <= 1.05 * SIZE


def test_a_folder_that_may_not_be_written(hub: LocalHub, start: Start, target: Path, content: bytes) -> None:
    target.parent.parent.mkdir(parents=True, exist_ok=True)
    target.parent.write_bytes(b"")  # root may write everywhere: a file in the folder's place stops even root
    with pytest.raises(hub_client.HubError, match="The disk failed at") as caught:
        start().run()
    assert str(target.parent) in str(caught.value)
    target.parent.unlink()
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        target.parent.mkdir()
        target.parent.chmod(0o500)
        with pytest.raises(hub_client.HubError, match="may not write"):
            start().run()
        target.parent.chmod(0o700)
    recovers(hub, start, target, content)


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of the process")
def test_a_disk_that_takes_no_large_files(hub: LocalHub, options: NetworkOptions, data_dir: Path) -> None:
    """As FAT32 does from 4 GB on: here a process that may write no more than 1 MB into a file."""
    program = (
        "import resource, signal, sys; from tern.__main__ import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)); sys.exit(main(sys.argv[1:]))"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub.url}
    run = subprocess.run(
        [sys.executable, "-c", program, "models", "fetch", REPO],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "does not take a file as large as this one" in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a disk: needs root")
def test_a_read_only_disk(hub: LocalHub, start: Start, target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", target.parent], check=False).returncode:
        pytest.skip("may not mount here")
    try:
        with pytest.raises(hub_client.HubError, match=r"may not write in .*Change the folder's permissions"):
            start().run()
        assert hub.asked == []
    finally:
        subprocess.run(["umount", str(target.parent)], check=True)
    recovers(hub, start, target, content)


@pytest.mark.parametrize("value", ["1", "true", "ON"])
def test_offline_by_the_variable(
    value: str, hub: LocalHub, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    download = start()
    asked, logged = len(hub.tokens), len(network.connections())
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    for act in (download.run, start):
        with pytest.raises(UserError, match="HF_HUB_OFFLINE is set") as caught:
            act()
        said(caught.value)
    assert len(hub.tokens) == asked
    assert len(network.connections()) == logged


def test_offline_by_the_switch(hub: LocalHub, start: Start, options: NetworkOptions) -> None:
    offline = replace(options, offline=True)
    with pytest.raises(UserError, match="set to work offline"):
        find_file(offline, REPO)
    assert hub.tokens == []
    assert network.connections() == []
