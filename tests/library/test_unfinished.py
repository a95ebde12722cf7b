"""Downloads that an earlier session left: what they are of and for, how they go on, and what deleting them leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tern.library import shelf
from tern.library.download_id import DownloadId
from tern.library.hub_client import HubError, find_file
from tern.library.hub_find import in_place_of, newer, prepare, repair
from tern.library.hub_model import ModelDownload
from tern.library.hub_progress import DownloadProgress
from tern.library.network import NetworkOptions
from tern.library.part_file import journal_of, kept_aside, part_of, read_notes
from tern.library.unfinished import discard, unfinished
from tools.local_hub import Faults, LocalHub

from .conftest import FILE, REPO, SIZE, Start

pytestmark = pytest.mark.slow

NEW = b"better" * 1_500_000  # more than two of the blocks by which it goes on


@pytest.fixture
def model(start: Start, target: Path) -> shelf.Installed:
    """Installed, under a name that no file has."""
    found = start().run()
    assert found is not None
    return found


def paused_update(hub: LocalHub, options: NetworkOptions, model: shelf.Installed, served: Path) -> None:
    """The hub has another file; a good part of it comes."""
    served.write_bytes(NEW)
    remote = newer(model, options)
    assert remote is not None
    hub.faults.rate = 20e6
    download: ModelDownload
    download = prepare(remote, options, lambda p: download.pause() if p.done > len(NEW) // 2 else None)
    assert download.run() is None
    hub.faults = Faults()


def damage(path: Path, *places: int) -> bytes:
    data = bytearray(path.read_bytes())
    for place in places:
        data[place] ^= 1
    path.write_bytes(data)
    return bytes(data)


def stopped_repair(options: NetworkOptions, model: shelf.Installed, cancel: bool = False) -> None:
    """At the first word of it."""
    mending: ModelDownload
    mending = repair(model, options, lambda p: mending.cancel() if cancel else mending.pause())
    assert mending.run() is None


def left(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()} - {target.name}


def test_a_paused_update_goes_on(
    hub: LocalHub, options: NetworkOptions, model: shelf.Installed, served: Path, target: Path, content: bytes
) -> None:
    paused_update(hub, options, model, served)
    (item,) = unfinished()
    assert item.id == DownloadId(REPO, FILE, "update")
    assert (item.name, item.title) == ("model", "A model")
    assert (item.total, item.damaged) == (len(NEW), False)
    assert target.read_bytes() == content  # which is chatted with meanwhile
    sent = hub.sent
    assert prepare(find_file(options, REPO, FILE), options).run() is not None
    assert hub.sent - sent < 0.7 * len(NEW)
    assert target.read_bytes() == NEW
    assert [(here.name, here.title) for here in shelf.installed()] == [("model", "A model")]
    assert unfinished() == []


def test_a_paused_update_is_deleted_and_the_model_stays(
    hub: LocalHub, options: NetworkOptions, model: shelf.Installed, served: Path, target: Path, content: bytes
) -> None:
    paused_update(hub, options, model, served)
    discard(unfinished()[0])
    assert left(target) == set()
    assert target.read_bytes() == content
    assert shelf.installed() == [model]
    assert shelf.need("model").verified


def test_an_update_that_arrived_damaged_is_still_one(
    hub: LocalHub, options: NetworkOptions, model: shelf.Installed, served: Path, target: Path, content: bytes
) -> None:
    served.write_bytes(NEW)
    hub.faults.flip_at = 1_000_000
    with pytest.raises(HubError, match="arrived damaged"):
        prepare(find_file(options, REPO, FILE), options).run()
    (item,) = unfinished()
    assert (item.id.kind, item.damaged) == ("update", True)
    discard(item)
    assert left(target) == set()
    assert target.read_bytes() == content


def test_an_update_of_what_is_gone_meanwhile_is_a_fetch(
    hub: LocalHub, options: NetworkOptions, model: shelf.Installed, served: Path, target: Path
) -> None:
    paused_update(hub, options, model, served)
    assert in_place_of(REPO, FILE) == model
    shelf.remove(model, for_good=True)
    assert in_place_of(REPO, FILE) is None
    (item,) = unfinished()
    assert item.id == DownloadId(REPO, FILE, "fetch")
    discard(item)
    assert left(target) == set()


def test_a_paused_repair_goes_on(
    options: NetworkOptions, model: shelf.Installed, target: Path, content: bytes
) -> None:
    damage(target, 100, 1_500_000)
    stopped_repair(options, model)
    (item,) = unfinished()
    assert item.id == DownloadId(REPO, FILE, "repair")
    assert (item.name, item.title, item.damaged) == ("model", "A model", True)
    assert repair(shelf.need(item.name), options).run() is not None
    assert target.read_bytes() == content
    assert unfinished() == []


@pytest.mark.parametrize("cancelled", [False, True], ids=["paused, then deleted", "cancelled"])
def test_giving_up_a_repair_leaves_the_damaged_file_in_its_place(
    cancelled: bool, options: NetworkOptions, model: shelf.Installed, target: Path, content: bytes
) -> None:
    damaged = damage(target, 1_500_000)
    assert shelf.verify(model) is False
    stopped_repair(options, model, cancelled)
    if not cancelled:
        discard(unfinished()[0])
    assert target.read_bytes() == damaged
    assert left(target) == set()
    assert shelf.need("model").damaged
    assert repair(shelf.need("model"), options).run() is not None
    assert target.read_bytes() == content


def test_a_repair_that_was_killed_is_put_back_too(
    options: NetworkOptions, model: shelf.Installed, target: Path
) -> None:
    """While it runs, the file lies there as a part in its full length."""
    damaged = damage(target, 1_500_000)
    stopped_repair(options, model)
    kept = kept_aside(target)
    journal_of(kept).replace(journal_of(part_of(target)))
    kept.replace(part_of(target))
    (item,) = unfinished()
    assert item.id.kind == "repair"
    discard(item)
    assert target.read_bytes() == damaged
    assert left(target) == set()


def test_a_damaged_arrival_that_is_cancelled_on_its_way_is_deleted(
    hub: LocalHub, start: Start, target: Path
) -> None:
    hub.faults.flip_at = SIZE - 10
    with pytest.raises(HubError, match="arrived damaged"):
        start().run()
    download: ModelDownload
    download = start(on_progress=lambda progress: download.cancel())
    assert download.run() is None
    assert left(target) == set()
    assert unfinished() == []


@pytest.mark.parametrize("kind", ["update", "repair"])
def test_a_journal_of_an_earlier_tern_says_no_kind(
    kind: str, hub: LocalHub, options: NetworkOptions, model: shelf.Installed, served: Path, target: Path
) -> None:
    if kind == "update":
        paused_update(hub, options, model, served)
    else:
        damage(target, 1_500_000)
        stopped_repair(options, model)
    (journal,) = target.parent.glob("*.journal")
    text = journal.read_text(encoding="utf-8")
    journal.write_text(text.replace(f', "kind": "{kind}"', ""), encoding="utf-8")
    assert "kind" not in read_notes(journal)
    assert [item.id.kind for item in unfinished()] == [kind]


@pytest.fixture
def split(served: Path) -> list[Path]:
    """A model in three files, as the hub has it."""
    served.unlink()
    paths = [served.with_name(f"big-{n:05}-of-00003.gguf") for n in (1, 2, 3)]
    for path in paths:
        path.write_bytes(path.name.encode() * 40_000)
    return paths


def paused_at(hub: LocalHub, options: NetworkOptions, part: float) -> None:
    hub.faults.rate = 4e6
    download: ModelDownload

    def watch(progress: DownloadProgress) -> None:
        if progress.phase == "downloading" and progress.done > part * progress.total:
            download.pause()

    download = prepare(find_file(options, REPO), options, watch, "mine", "Mine")
    assert download.run() is None
    hub.faults = Faults()


def test_whichever_of_several_files_is_under_way_the_model_is_meant(
    split: list[Path], hub: LocalHub, options: NetworkOptions, target: Path
) -> None:
    paused_at(hub, options, 0.5)  # in the third file, before the first
    (item,) = unfinished()
    assert item.id == DownloadId(REPO, split[0].name)
    assert (item.name, item.title) == ("mine", "Mine")
    assert [place.name for place in item.places] == [split[2].name]
    discard(item)
    assert list(target.parent.iterdir()) == []


def test_a_repair_of_several_files_is_one_download(
    split: list[Path], hub: LocalHub, options: NetworkOptions, target: Path
) -> None:
    model = prepare(find_file(options, REPO), options, name="mine").run()
    assert model is not None
    damaged = [damage(path, 100) for path, _, _ in model.files]
    hub.faults.rate = 4e6
    mending: ModelDownload

    def watch(progress: DownloadProgress) -> None:
        if progress.phase == "downloading":
            mending.pause()

    mending = repair(model, options, watch)
    assert mending.run() is None  # the first lies aside, the second has begun
    (item,) = unfinished()
    assert item.id == DownloadId(REPO, split[0].name, "repair")
    assert len(item.places) == 2
    discard(item)
    assert [path.read_bytes() for path, _, _ in model.files] == damaged
    assert len(list(target.parent.iterdir())) == 3
    assert repair(shelf.need("mine"), options).run() is not None
    assert [path.read_bytes() for path, _, _ in model.files] == [path.read_bytes() for path in split]


def test_a_description_that_safetensors_need_is_a_part_of_their_download(
    hub: LocalHub, options: NetworkOptions, served: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("config.json", 5000), ("model.safetensors", 9000)):
        served.with_name(name).write_bytes(b"x" * size)
    remote = find_file(options, REPO, "model.safetensors")
    download: ModelDownload
    download = prepare(remote, options, lambda progress: download.pause())
    assert download.run() is None
    part = part_of(target.with_name("config.json"))
    if not part.exists():  # it was paused before its first byte
        pytest.fail("nothing has begun")
    (item,) = unfinished()
    assert item.id == DownloadId(REPO, "model.safetensors")
    discard(item)
    assert list(target.parent.iterdir()) == []
