"""Copies of model files in the cache: kept while their file is what it was, gone soon after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tern import derived_files


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


def copy_of(model: Path, folder: Path, name: str, maker: str = "1") -> Path:
    folder.mkdir(exist_ok=True)
    copy = folder / name
    derived_files.note(copy, model, maker)
    copy.write_bytes(b"prepared")
    return copy


def test_a_copy_stays_with_its_file_and_goes_with_it(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "cache"
    copy = copy_of(model, folder, "a.bin")
    derived_files.forget_gone(folder)
    derived_files.forget_gone(folder, "1")
    assert copy.is_file()
    model.unlink()
    derived_files.forget_gone(folder)
    assert list(folder.iterdir()) == []


def test_a_file_that_changed_is_another(tmp_path: Path, model: Path) -> None:
    copy = copy_of(model, tmp_path / "cache", "a.bin")
    os.utime(model, ns=(1, 1))
    derived_files.forget_gone(copy.parent)
    assert not copy.exists()


def test_what_an_older_tern_made_goes_when_a_newer_one_makes_its_own(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "cache"
    old, new = copy_of(model, folder, "a.bin", "1"), copy_of(model, folder, "b.bin", "2")
    derived_files.forget_gone(folder, "2")
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize("note", [None, b"", b"[]", b'{"path": 3}', b"\xff"])
def test_a_copy_that_nothing_speaks_for_goes(tmp_path: Path, model: Path, note: bytes | None) -> None:
    copy = copy_of(model, tmp_path / "cache", "a.bin")
    if note is None:
        copy.with_suffix(".json").unlink()
    else:
        copy.with_suffix(".json").write_bytes(note)
    derived_files.forget_gone(copy.parent)
    assert list(copy.parent.iterdir()) == []


def test_what_is_being_written_is_left_alone(tmp_path: Path) -> None:
    part = tmp_path / ".a.bin.1-1.part"
    part.write_bytes(b"half")
    derived_files.forget_gone(tmp_path)
    derived_files.forget_gone(tmp_path / "not there")
    assert part.is_file()
