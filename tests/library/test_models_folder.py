"""The models can be moved to another disk and back, by the window and the terminal; nothing is lost on the way."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from tern import paths
from tern.__main__ import main
from tern.data_lock import DataLock
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.errors import UserError
from tern.library import importing, models_folder, shelf
from tern.settings import MODEL_PATH, Settings


@pytest.fixture
def model(tmp_path: Path) -> shelf.Installed:
    write_synthetic(tmp_path / "tiny.gguf", SHAPES["tiny"])
    return importing.take(tmp_path / "tiny.gguf", False, "tiny", "Tiny")


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another one: nothing on it can be a second name of a file here."""

    def link(source: object, target: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    (folder := tmp_path / "another disk").mkdir()
    return folder


def test_all_of_it_moves_and_comes_back(model: shelf.Installed, disk: Path) -> None:
    content, told = model.path.read_bytes(), []
    old, new = models_folder.move(disk, told.append)
    assert new == disk / models_folder.NAME
    assert model.path.read_bytes() == content, "it may still be read where it was"
    assert models_folder.remove(old)
    (moved,) = shelf.installed()
    assert moved.path.is_relative_to(new)
    assert moved.path.read_bytes() == content
    assert moved.verified, "its time came along"
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert shelf.models_dir() == new

    models_folder.remove(models_folder.move(None)[0])
    (back,) = shelf.installed()
    assert back.path == model.path
    assert back.verified
    assert models_folder.chosen() is None
    assert list(disk.rglob("*.gguf")) == []


def test_on_the_same_disk_nothing_is_copied(model: shelf.Installed, tmp_path: Path) -> None:
    number = model.path.stat().st_ino
    models_folder.remove(models_folder.move(tmp_path / "beside")[0])
    assert shelf.installed()[0].path.stat().st_ino == number


def test_without_its_disk_tern_works_on_and_finds_them_again(model: shelf.Installed, disk: Path) -> None:
    models_folder.remove(models_folder.move(disk)[0])
    gone = disk.rename(disk.with_name("unplugged"))
    assert shelf.installed() == []
    assert models_folder.missing() == disk / models_folder.NAME
    assert not disk.exists(), "nothing is made in the place of a disk"
    gone.rename(disk)
    assert [each.name for each in shelf.installed()] == ["tiny"]
    assert models_folder.missing() is None


def test_a_disk_that_is_full_leaves_everything_as_it_was(
    model: shelf.Installed, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copystat", full)
    with pytest.raises(UserError, match=r"could not be moved .* They are where they were"):
        models_folder.move(disk)
    assert list(disk.iterdir()) == []
    assert shelf.installed()[0].path == model.path
    models_folder.need_rest()


def test_cancelled_in_the_middle_nothing_has_happened(model: shelf.Installed, disk: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(fraction: float) -> None:
        with pytest.raises(UserError, match="being moved"):
            models_folder.need_rest()
        raise StoppedError

    with pytest.raises(StoppedError):
        models_folder.move(disk, stop)
    assert list(disk.iterdir()) == []
    assert shelf.installed()[0].path == model.path
    models_folder.need_rest()


def test_places_that_cannot_be(model: shelf.Installed, disk: Path) -> None:
    with pytest.raises(UserError, match="already"):
        models_folder.move(None)
    with pytest.raises(UserError, match="lies in the folder"):
        models_folder.move(shelf.models_dir())
    (disk / models_folder.NAME).mkdir()
    (disk / models_folder.NAME / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="something in"):
        models_folder.move(disk)
    assert (disk / models_folder.NAME / "mine.txt").read_text() == "mine"


def test_what_is_written_there_that_is_no_place_is_passed_over(model: shelf.Installed) -> None:
    for content in (b"", b"relative", b"\xff\xfe\x00", b"\n"):
        (paths.data_dir() / "models.location").write_bytes(content)
        assert models_folder.chosen() is None
        assert shelf.installed()


def test_the_terminal_moves_them_and_what_was_chosen_goes_along(
    model: shelf.Installed, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings()
    settings[MODEL_PATH] = str(model.path)
    settings.save()
    lock = DataLock(paths.data_dir())
    lock.take()
    assert main(["models", "move", str(disk)]) == 0  # the same process may
    lock.release()
    assert f"The models are in {disk / models_folder.NAME} now." in capsys.readouterr().out
    kept = Path(Settings.load()[MODEL_PATH])
    assert kept.is_relative_to(disk)
    assert kept.is_file()
    assert not model.path.exists()
    assert main(["models", "move", "--back"]) == 0
    assert Settings.load()[MODEL_PATH] == str(model.path)
