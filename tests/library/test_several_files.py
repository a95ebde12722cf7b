"""A model in several files is one: fetched, paused, mended, cancelled, imported and removed as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tern.errors import UserError
from tern.library import hub_client, shelf
from tern.library.hub_client import find_file
from tern.library.hub_find import prepare, repair
from tern.library.hub_model import ModelDownload
from tern.library.hub_progress import DownloadProgress
from tern.library.importing import take
from tern.library.network import NetworkOptions
from tern.library.unfinished import discard, unfinished
from tools.local_hub import LocalHub

from .conftest import REPO

pytestmark = pytest.mark.slow


@pytest.fixture
def split(served: Path) -> list[Path]:
    """A model in three files, as the hub has it."""
    served.unlink()
    paths = [served.with_name(f"big-{n:05}-of-00003.gguf") for n in (1, 2, 3)]
    for path in paths:
        path.write_bytes(path.name.encode() * 40_000)
    return paths


def test_a_model_in_several_files_is_one(
    split: list[Path], hub: LocalHub, options: NetworkOptions, target: Path
) -> None:
    assert find_file(options, REPO).file == split[0].name  # the only model
    remote = find_file(options, REPO, split[1].name)
    assert remote.file == split[0].name  # whichever part is named
    told: list[DownloadProgress] = []
    hub.faults.rate = 4e6
    whole = sum(path.stat().st_size for path in split)
    download: ModelDownload
    download = prepare(
        remote, options, lambda p: download.pause() if p.done > 0.7 * whole else told.append(p)
    )
    assert download.run() is None
    assert shelf.installed() == []  # no part of it is offered
    assert [item.total for item in unfinished()] == [split[0].stat().st_size]
    hub.faults.rate = None
    sent = hub.sent
    download = prepare(remote, options, told.append)
    model = download.run()
    assert model is not None
    assert hub.sent - sent < 0.7 * whole
    assert {progress.total for progress in told} == {whole}
    here = sorted(path.name for path in target.parent.iterdir())
    assert here == [path.name for path in split]
    assert shelf.installed() == [model]
    assert (model.name, model.total, model.verified, len(model.files)) == ("big", whole, True, 3)
    third = model.files[2][0]
    right = third.read_bytes()
    third.write_bytes(right[:-1] + b"!")
    assert shelf.verify(model) is False
    sent = hub.sent
    assert repair(shelf.need(model.name), options).run() is not None
    assert third.read_bytes() == right
    assert hub.sent - sent == len(right)
    assert shelf.verify(shelf.need(model.name)) is True
    third.unlink()
    assert not shelf.need(model.name).present
    shelf.remove(shelf.need(model.name), for_good=True)
    assert list(target.parent.iterdir()) == []


def test_what_is_left_of_several_files_is_deleted_whole(
    split: list[Path], hub: LocalHub, options: NetworkOptions, target: Path
) -> None:
    hub.faults.rate = 4e6
    download: ModelDownload
    download = prepare(
        find_file(options, REPO), options, lambda p: download.pause() if p.done > 0.5 * p.total else None
    )
    assert download.run() is None
    assert len(list(target.parent.iterdir())) == 3  # one whole, one begun and its journal
    discard(unfinished()[0])
    assert list(target.parent.iterdir()) == []


def test_several_files_of_ours_are_linked_together(split: list[Path], tmp_path: Path) -> None:
    fractions: list[float] = []
    model = take(split[1], False, progress=fractions.append)
    assert (model.name, model.linked) == ("big", True)
    assert [path for path, _, _ in model.files] == split
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert shelf.verify(model)
    split[2].unlink()
    with pytest.raises(UserError, match=r"big-00003-of-00003\.gguf could not be imported"):
        take(split[0], True)


def test_a_model_in_several_files_is_cancelled_whole(
    split: list[Path], hub: LocalHub, options: NetworkOptions, target: Path
) -> None:
    hub.faults.rate = 4e6
    download: ModelDownload
    remote = find_file(options, REPO)
    download = prepare(remote, options, lambda p: download.cancel() if p.done > 0.6 * p.total else None)
    assert download.run() is None
    assert list(target.parent.iterdir()) == []
    assert prepare(remote, options).run() is not None
    here = sorted(target.parent.iterdir())
    download = prepare(remote, options, lambda p: download.cancel() if p.done > 0.8 * p.total else None)
    assert download.run() is None
    assert sorted(target.parent.iterdir()) == here  # what was here before stays
    split[2].unlink()
    with pytest.raises(hub_client.HubError, match=r"lacks big-00003-of-00003\.gguf"):
        prepare(remote, options)
