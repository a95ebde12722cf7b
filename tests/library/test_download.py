"""Downloads from a real local hub: whole, interrupted, resumed, paused, limited; what is on disk and what is told."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from patience import HANG_S
from tern.library import hub_client, hub_progress, hub_repair, hub_stream, network, shelf
from tern.library.download_id import DownloadId
from tern.library.hub_client import find_file
from tern.library.hub_file import Control
from tern.library.hub_find import newer, repair
from tern.library.hub_model import ModelDownload
from tern.library.hub_progress import DownloadProgress
from tern.library.network import NetworkOptions
from tern.library.unfinished import discard, unfinished
from tools.local_hub import Faults, LocalHub, sha256_of

from .conftest import BLOCK, FILE, REPO, SIZE, Start

pytestmark = pytest.mark.slow


def left(target: Path) -> set[str]:
    """What lies beside the target, besides it."""
    return {path.name for path in target.parent.iterdir()} - {target.name}


def test_a_file_comes_whole_and_is_on_the_shelf(
    hub: LocalHub, start: Start, target: Path, content: bytes, served: Path
) -> None:
    told: list[DownloadProgress] = []
    model = start(on_progress=told.append).run()
    assert model is not None
    assert target.read_bytes() == content
    assert left(target) == set()
    assert model.path == target
    assert model.sha256 == sha256_of(served)
    assert model.verified
    assert shelf.installed() == [model]
    assert shelf.find("model") == shelf.find("MODEL.gguf") == shelf.find(f"{REPO}/{FILE}") == model
    assert told[-1].phase == "verifying"
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert len(hub.asked) == 1
    log = network.connections()
    assert sum(line.received for line in log if "fetch" in line.why) == SIZE
    assert 0 < sum(line.received for line in log if "look up" in line.why) < 2000  # the metadata
    assert {line.host for line in log} == {"127.0.0.1", "localhost"}
    assert all(REPO in line.why for line in log)
    assert [line.result for line in log] == ["200", "302", "200"]  # each request once
    network.log_path().write_bytes(network.log_path().read_bytes() + b'\xff\n{"when": 1}\n[1]\n')
    assert network.connections() == log  # what is damaged is passed over


def test_metadata_comes_from_the_hub(hub: LocalHub, options: NetworkOptions, served: Path) -> None:
    remote = find_file(options, REPO)  # the only .gguf
    assert (remote.file, remote.size, remote.sha256) == (FILE, SIZE, sha256_of(served))
    assert remote.commit == hub.commit
    assert hub.commit in remote.url
    small = find_file(options, REPO, "README.md")
    assert small.sha256 is None
    assert small.git_blob is not None
    assert hub_client.search(options, "model")[0].repo == REPO
    assert hub_client.repository(options, REPO).files == {FILE: SIZE, "README.md": 9}


def test_a_small_file_is_checked_by_its_git_name(
    options: NetworkOptions, start: Start, served: Path, data_dir: Path
) -> None:
    model = start(remote=find_file(options, REPO, "README.md")).run()
    assert model is not None
    assert model.path.read_text() == "A model.\n"
    assert shelf.installed() == []  # fetched, and no model


def test_the_token_goes_to_the_hub_alone(hub: LocalHub, start: Start, options: NetworkOptions) -> None:
    assert start(options=replace(options, token="hf_secret")).run() is not None
    assert set(hub.tokens) == {"Bearer hf_secret"}
    assert not any(asked.token for asked in hub.asked)


def test_paused_and_resumed_by_another_run(hub: LocalHub, start: Start, target: Path, content: bytes) -> None:
    hub.faults.rate = 5e6
    download: ModelDownload

    def at_half(progress: DownloadProgress) -> None:
        if progress.done > SIZE // 2:
            download.pause()

    download = start(on_progress=at_half)
    assert download.run() is None
    assert not target.exists()
    assert left(target) == {"model.gguf.part", "model.gguf.part.journal"}
    hub.faults.rate = None
    before = hub.sent
    again = start()
    assert again.run() is not None
    assert target.read_bytes() == content
    assert again.received <= 0.55 * SIZE
    assert hub.sent - before == again.received
    assert hub.asked[-1].status == 206


def test_what_the_disk_lost_is_not_believed(
    hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    hub.faults.rate = 5e6
    download: ModelDownload

    def near_the_end(progress: DownloadProgress) -> None:
        if progress.done > 0.8 * SIZE:
            download.pause()

    download = start(on_progress=near_the_end)
    download.run()
    part = target.with_name("model.gguf.part")
    data = bytearray(part.read_bytes())
    data[BLOCK * 10 + 7] ^= 1  # a power cut left another byte here
    part.write_bytes(data)
    hub.faults.rate = None
    assert start().run() is not None
    assert target.read_bytes() == content
    assert hub.asked[-1].start == BLOCK * 10


def test_cancelled_leaves_nothing(hub: LocalHub, start: Start, target: Path) -> None:
    hub.faults.rate = 5e6
    download: ModelDownload
    download = start(on_progress=lambda progress: download.cancel() if progress.done > SIZE // 3 else None)
    assert download.run() is None
    assert left(target) == set()
    assert not target.exists()
    assert shelf.installed() == []


@pytest.mark.parametrize("stall_s", [0.3, 3 * HANG_S], ids=["waiting for another try", "waiting for bytes"])
def test_pause_ends_a_stalled_download(
    stall_s: float, hub: LocalHub, start: Start, options: NetworkOptions, target: Path, content: bytes
) -> None:
    hub.faults.stall_after, hub.faults.stall_s = 1_000_000, 3 * HANG_S
    download = start(options=replace(options, stall_s=stall_s, backoff_s=3 * HANG_S))
    timer = threading.Timer(0.6, download.pause)
    timer.start()
    assert download.run() is None  # waiting for either would outlast the test
    timer.join()
    hub.faults = Faults()
    assert start().run() is not None
    assert target.read_bytes() == content


def test_reset_again_and_again(hub: LocalHub, start: Start, target: Path, content: bytes) -> None:
    hub.faults.reset_every = 300_000
    download = start()
    assert download.run() is not None
    assert target.read_bytes() == content
    assert len(hub.asked) == -(-SIZE // 300_000)
    fetched = [line for line in network.connections() if "fetch" in line.why and line.result != "302"]
    assert [line.result for line in fetched] == [
        "200, broken off",
        *["206, broken off"] * (len(hub.asked) - 2),
        "206",
    ]
    assert sum(line.received for line in fetched) == download.received
    assert download.received <= 1.05 * SIZE
    assert hub.sent <= 1.05 * SIZE


def test_a_server_that_ignores_range(hub: LocalHub, start: Start, target: Path, content: bytes) -> None:
    hub.faults.reset_every = 2_000_000
    hub.faults.ignore_range = True
    with pytest.raises(hub_client.HubError, match=r"broke.*is kept"):
        start().run()
    assert target.with_name("model.gguf.part").stat().st_size == pytest.approx(2_000_000, abs=BLOCK)
    hub.faults.reset_every = None
    told: list[DownloadProgress] = []
    assert start(on_progress=told.append).run() is not None
    assert hub.asked[-1].status == 200
    assert target.read_bytes() == content
    assert any("only sends whole files" in progress.note for progress in told)
    # Never back.
    assert min(progress.done for progress in told if progress.phase == "downloading") > SIZE // 2


def test_the_file_changed_on_the_server(hub: LocalHub, start: Start, served: Path, target: Path) -> None:
    hub.faults.reset_every = 2_000_000
    hub.faults.cdn_status = []
    download: ModelDownload
    download = start(on_progress=lambda progress: download.pause() if progress.done > 1_500_000 else None)
    hub.faults.rate = 5e6
    assert download.run() is None
    hub.faults.rate = hub.faults.reset_every = None
    new = b"new" * 1_000_000
    served.write_bytes(new)
    assert start().run() is not None  # looked up anew: another hash, so it begins at 0
    assert target.read_bytes() == new
    assert hub.asked[-1].start == 0


def test_replaced_while_it_is_fetched(hub: LocalHub, start: Start, served: Path, target: Path) -> None:
    download = start()
    served.write_bytes(b"new" * 1_000_000)
    with pytest.raises(hub_client.HubError, match="replaced on the server"):
        download.run()
    assert not target.exists()


def test_a_changed_etag_begins_again_where_no_hash_is_known(
    hub: LocalHub, start: Start, options: NetworkOptions, target: Path, content: bytes
) -> None:
    remote = replace(find_file(options, REPO, FILE), sha256=None)
    remote = replace(remote, url=f"{hub.cdn_url}/{REPO}/{FILE}")
    hub.faults.reset_every, hub.faults.etag = 1_000_000, '"one"'
    told: list[str] = []

    def watch(progress: DownloadProgress) -> None:
        told.append(progress.note)
        if progress.phase == "waiting":
            hub.faults.etag, hub.faults.reset_every = '"two"', None

    assert start(remote=remote, on_progress=watch).run() is not None
    assert target.read_bytes() == content
    assert any("changed on the server" in note for note in told)
    assert [asked.status for asked in hub.asked] == [200, 200, 200]


def test_flipped_bit_is_kept_aside_and_repaired(
    hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    hub.faults.flip_at = 1_000_000
    with pytest.raises(hub_client.HubError, match=r"arrived damaged.*kept at.*repair"):
        start().run()
    assert not target.exists()
    assert left(target) == {"model.gguf.bad", "model.gguf.bad.journal"}
    assert shelf.installed() == []
    before = hub.sent
    assert start().run() is not None
    assert target.read_bytes() == content
    assert left(target) == set()
    assert hub.sent - before <= 1_000_000 + BLOCK  # up to the bad block and no further


def test_a_damaged_file_that_the_hub_has_replaced_meanwhile(
    hub: LocalHub, start: Start, served: Path, target: Path
) -> None:
    hub.faults.flip_at = 1_000_000
    with pytest.raises(hub_client.HubError, match="arrived damaged"):
        start().run()
    served.write_bytes(b"better" * 500_000)
    asked = len(hub.asked)
    assert start().run() is not None  # nothing to compare with: it comes whole
    assert target.read_bytes() == served.read_bytes()
    assert left(target) == set()
    assert [answer.status for answer in hub.asked[asked:]] == [200]


def test_many_bad_blocks_are_not_hashed_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, block = bytes(range(256)) * 256, 1024
    path = tmp_path / "file.part"
    path.write_bytes(bytes(len(right)))
    passes: list[int] = []
    real = hub_repair._digests
    monkeypatch.setattr(hub_repair, "_digests", lambda *args: passes.append(1) or real(*args))
    sha256 = hashlib.sha256(right).hexdigest()
    digests = hub_repair.repair_blocks(
        path, len(right), block, [], sha256, lambda start, end: right[start:end]
    )
    assert digests is not None
    assert digests[-1] == sha256
    assert path.read_bytes() == right
    assert len(passes) <= 9  # of 64 blocks, all bad


def test_an_installed_file_that_went_bad(
    hub: LocalHub, start: Start, options: NetworkOptions, target: Path, content: bytes
) -> None:
    model = start().run()
    assert model is not None
    data = bytearray(content)
    data[2_000_000] ^= 1
    target.write_bytes(data)
    assert not shelf.need("model").verified  # touched since
    assert shelf.verify(model) is False
    assert not shelf.need("model").verified
    before = hub.sent
    assert repair(model, options).run() is not None
    assert target.read_bytes() == content
    assert hub.sent - before == BLOCK  # the one bad block
    assert left(target) == set()
    assert shelf.need("model").verified
    assert shelf.verify(shelf.need("model")) is True


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that downloads wait of themselves, one after the other; a clock that only these waits move."""
    waits: list[float] = []
    monkeypatch.setattr(hub_stream, "time", SimpleNamespace(monotonic=lambda: sum(waits)))
    monkeypatch.setattr(Control, "sleep", lambda self, seconds: waits.append(seconds))
    monkeypatch.setattr(hub_progress, "_REPORT_S", 0)
    return waits


def test_the_bandwidth_limit_holds(
    hub: LocalHub, start: Start, options: NetworkOptions, waited: list[float]
) -> None:
    assert start(options=replace(options, limit=4_000_000)).run() is not None
    assert sum(waited) == pytest.approx(SIZE / 4_000_000, rel=0.05)


def test_the_bandwidth_limit_can_change_on_the_way(
    hub: LocalHub, start: Start, options: NetworkOptions, waited: list[float]
) -> None:
    download: ModelDownload

    def loosen(progress: DownloadProgress) -> None:
        if progress.phase == "downloading" and progress.done > SIZE // 10:
            download.limit = 0

    download = start(options=replace(options, limit=1_000_000), on_progress=loosen)
    assert download.run() is not None
    # About a tenth of it at the first limit.
    assert 0.05 * SIZE / 1_000_000 < sum(waited) < 0.5 * SIZE / 1_000_000


def test_two_do_not_write_the_same_file(hub: LocalHub, start: Start) -> None:
    hub.faults.rate = 3e6
    first = start()
    thread = threading.Thread(target=first.run)
    thread.start()
    while not first.received:
        time.sleep(0.01)
    with pytest.raises(hub_client.HubError, match="Another Tern"):
        start().run()
    first.cancel()
    thread.join()


def test_what_was_left_unfinished_can_go_on_in_another_session(
    hub: LocalHub, start: Start, target: Path, content: bytes
) -> None:
    hub.faults.rate = 5e6
    download: ModelDownload
    download = start(on_progress=lambda progress: download.pause() if progress.done > SIZE // 2 else None)
    assert download.run() is None
    (item,) = unfinished()
    assert (item.id, item.name, item.title) == (DownloadId(REPO, FILE), "model", "A model")
    assert (item.total, item.damaged) == (SIZE, False)
    assert SIZE // 3 < item.done < SIZE
    hub.faults = Faults(flip_at=SIZE - 10)
    with pytest.raises(hub_client.HubError, match="arrived damaged"):
        start().run()
    (item,) = unfinished()
    assert (item.damaged, item.done) == (True, SIZE)
    assert start().run() is not None
    assert target.read_bytes() == content
    assert unfinished() == []


@pytest.mark.parametrize(
    "line",
    [
        '{"identity": {"size": 5}, "block": 1, "origin": "nonsense"}',
        '{"identity": {"size": 0}, "origin": "a/b/c.gguf"}',
    ],
)
def test_a_journal_of_nothing_known_is_passed_over(line: str, target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.with_name(FILE + ".part").write_bytes(b"12345")
    target.with_name(FILE + ".part.journal").write_text(line + "\n")
    assert unfinished() == []


def test_discarding_leaves_nothing(hub: LocalHub, start: Start, target: Path) -> None:
    hub.faults.rate = 5e6
    download: ModelDownload
    download = start(on_progress=lambda progress: download.pause() if progress.done > SIZE // 2 else None)
    assert download.run() is None
    discard(unfinished()[0])
    assert left(target) == set()


def test_a_newer_file_on_the_hub(
    hub: LocalHub, start: Start, options: NetworkOptions, served: Path, target: Path
) -> None:
    model = start().run()
    assert model is not None
    assert model.commit == hub.commit
    shelf.allow_template(model)
    shelf.note_speed(model.path, 40.0)
    shelf.note_speed(model.path, 42.0)
    assert shelf.need("model").speed == 41.0
    assert newer(model, options) is None
    assert start().run() is not None  # the same bytes: what is known of them stays
    assert shelf.need("model").template_allowed
    served.write_bytes(b"better" * 400_000)
    remote = newer(model, options)
    assert remote is not None
    assert start(remote=remote).run() is not None
    (model,) = shelf.installed()
    assert target.read_bytes() == served.read_bytes()
    assert (model.template_allowed, model.speed) == (False, None)  # another file: asked and measured anew
    with pytest.raises(hub_client.HubError, match="cannot be mended"):
        repair(replace(model, sha256="0" * 64), options)


def test_a_repair_that_was_stopped_goes_on(
    hub: LocalHub, start: Start, options: NetworkOptions, target: Path, content: bytes
) -> None:
    model = start().run()
    assert model is not None
    data = bytearray(content)
    for place in (100, 1_500_000):
        data[place] ^= 1
    target.write_bytes(data)
    assert shelf.verify(model) is False
    assert shelf.need("model").damaged
    mending: ModelDownload
    mending = repair(model, options, lambda progress: mending.pause())
    assert mending.run() is None
    assert not target.exists()
    assert repair(shelf.need("model"), options).run() is not None
    assert target.read_bytes() == content
    assert shelf.need("model").verified


@pytest.mark.parametrize("damaged", [False, True])
def test_what_hugging_faces_cache_has_need_not_come_again(
    damaged: bool,
    hub: LocalHub,
    start: Start,
    target: Path,
    content: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own downloader fills its own cache; ours takes the file from there, after hashing it."""
    import huggingface_hub

    cache = tmp_path / "hf-cache"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    theirs = Path(huggingface_hub.hf_hub_download(REPO, FILE, endpoint=hub.url, cache_dir=cache, token=False))
    assert theirs.read_bytes() == content
    if damaged:
        theirs.resolve().write_bytes(b"x" + content[1:])
    sent = hub.sent
    download = start()
    assert download.run() is not None
    assert target.read_bytes() == content
    assert left(target) == set()
    assert download.received == hub.sent - sent == (SIZE if damaged else 0)
    assert theirs.exists()
