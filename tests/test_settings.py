"""Settings survive: damaged files, bad values, newer versions, full disks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tern.errors import BugError, UserError
from tern.settings import (
    FILE_NAME,
    KV_TYPE,
    TABLE,
    TEMPERATURE,
    THEME,
    THREADS,
    Settings,
)


def test_the_table_is_sound() -> None:
    assert len({setting.key for setting in TABLE}) == len(TABLE)
    for setting in TABLE:
        assert setting.problem(setting.default) is None, setting.key
        if setting.label:
            assert setting.help.endswith("."), setting.key
            assert setting.group, setting.key


def test_values_come_back(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path)
    assert settings[THREADS] == 0
    settings[THREADS] = 4
    settings[TEMPERATURE] = 0.0
    settings[THEME] = "dark"
    settings.save(tmp_path)
    again = Settings.load(tmp_path)
    assert (again[THREADS], again[TEMPERATURE], again[THEME]) == (4, 0.0, "dark")
    assert again.is_changed(THREADS)
    assert not again.is_changed(KV_TYPE)
    again.restore(THREADS)
    assert again[THREADS] == THREADS.default
    assert not again.warnings


def test_only_what_differs_is_kept(tmp_path: Path) -> None:
    settings = Settings()
    settings[THREADS] = 3
    settings[THREADS] = THREADS.default
    settings[THEME] = "light"
    settings.save(tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"theme": "light"}


def test_a_newer_versions_keys_are_kept(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"from_the_future": [1, 2], "threads": 2}')
    settings = Settings.load(tmp_path)
    settings[THREADS] = 8
    settings.save(tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"from_the_future": [1, 2], "threads": 8}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("threads", -1),
        ("threads", "4"),
        ("threads", True),
        ("threads", 2.5),
        ("sampling.temperature", 9),
        ("sampling.temperature", float("nan")),
        ("sampling.temperature", None),
        ("theme", "purple"),
        ("kv_type", 16),
        ("reduced_motion", 1),
    ],
)
def test_a_bad_value_falls_back_and_is_said(tmp_path: Path, key: str, value: object) -> None:
    (tmp_path / FILE_NAME).write_text(json.dumps({key: value, "font_size": 20}))
    settings = Settings.load(tmp_path)
    setting = next(setting for setting in TABLE if setting.key == key)
    assert settings[setting] == setting.default
    assert len(settings.warnings) == 1
    assert key in settings.warnings[0]
    with pytest.raises(BugError):
        settings[setting] = value


def test_a_whole_number_will_do_for_a_real_one(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"sampling.temperature": 1}')
    settings = Settings.load(tmp_path)
    assert settings[TEMPERATURE] == 1.0
    assert isinstance(settings[TEMPERATURE], float)
    assert not settings.warnings


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'{"a": 1} x'])
def test_a_damaged_file_is_put_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    settings = Settings.load(tmp_path)
    assert settings[THEME] == "system"
    assert len(settings.warnings) == 1
    assert (tmp_path / f"{FILE_NAME}.damaged").read_bytes() == content
    settings.save(tmp_path)
    assert not Settings.load(tmp_path).warnings


def test_a_disk_that_refuses_keeps_the_old_file(tmp_path: Path) -> None:
    settings = Settings()
    with pytest.raises(UserError, match="could not save its settings"):
        settings.save(tmp_path / "missing")
