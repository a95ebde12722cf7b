"""Where Tern's files go when the system, or a script, does not say: one sentence, and no folders by accident."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tern import paths
from tern.__main__ import main
from tern.errors import UserError


@pytest.fixture(autouse=True)
def own_places(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("TERN_DATA_DIR", raising=False)
    yield
    paths.set_data_dir(None)


def _one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err
    assert said.startswith("tern: ")
    assert said.count("\n") == 1
    assert "--data-dir" in said
    return said


def test_an_empty_name_is_not_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--data-dir", ""]) == 1
    assert "--data-dir is empty" in _one_sentence(capsys)
    assert main(["--data-dir", "", "doctor"]) == 1
    assert "--data-dir is empty" in _one_sentence(capsys)
    monkeypatch.setenv("TERN_DATA_DIR", "")
    assert main(["doctor"]) == 1
    assert "TERN_DATA_DIR is empty" in _one_sentence(capsys)
    assert not list(tmp_path.iterdir())
    assert main(["--data-dir", "here", "models", "list"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.skipif(sys.platform == "win32", reason="people have no ~name there")
@pytest.mark.parametrize("by_variable", [False, True])
def test_a_person_nobody_knows(
    by_variable: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if by_variable:
        monkeypatch.setenv("TERN_DATA_DIR", "~nosuchperson/tern")
    assert main(["doctor"] if by_variable else ["--data-dir", "~nosuchperson/tern", "doctor"]) == 1
    assert "~nosuchperson/tern" in _one_sentence(capsys)


@pytest.mark.skipif(sys.platform == "win32", reason="Unix keeps people's homes in HOME")
def test_no_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a service that runs under a number has it."""
    import pwd

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 1
    assert "Set HOME" in _one_sentence(capsys)
    assert main(["--data-dir", "~/tern", "doctor"]) == 1
    _one_sentence(capsys)
    for place in (paths.config_dir, paths.data_dir, paths.cache_dir, paths.log_dir):
        with pytest.raises(UserError, match="--data-dir"):
            place()
    assert not list(tmp_path.iterdir())  # not even a folder called ~


@pytest.mark.skipif(sys.platform == "win32", reason="the current folder cannot be deleted there")
def test_a_current_folder_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(["--data-dir", "here", "doctor"]) == 1
    assert "current folder is gone" in _one_sentence(capsys)
    whole = str(tmp_path / "whole")
    assert main(["--data-dir", whole, "models", "list"]) == 0
    capsys.readouterr()
    assert main(["--data-dir", whole, "ask", "--model", "some.gguf", "Hi"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("tern: ")
    assert said.count("\n") == 1
    assert "inside Tern" not in said
    os.chdir(tmp_path)
