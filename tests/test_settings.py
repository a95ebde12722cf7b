"""Settings survive: damaged files, bad values, newer versions, full disks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from patience import HANG_S
from tern.errors import BugError, UserError
from tern.library.network import NetworkOptions
from tern.settings import (
    DENSITY,
    FILE_NAME,
    FONT_SIZE,
    KV_TYPE,
    MODEL_PATH,
    OFFLINE,
    PROXY,
    SYSTEM_PROMPT,
    TABLE,
    TEMPERATURE,
    THEME,
    THREADS,
    THREADS_MEASURED,
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


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder, and meanwhile this process is a user for whom permissions count: for root they do not."""
    if sys.platform == "win32":
        pytest.skip("files are forbidden as on Unix")
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    folder = Path(tempfile.mkdtemp())
    yield folder
    os.seteuid(was)
    shutil.rmtree(folder)


def _offline(folder: Path) -> bool:
    return NetworkOptions.from_settings(Settings.load(folder)).offline


@pytest.mark.parametrize(
    "content",
    [b"", b" \n", b"{", b"[1]", b"\xff\xfe", b'{"a": 1} x', b'{"theme": "dark",}', b"[" * 100_000, b"null"],
)
def test_a_damaged_file_forbids_connections_until_the_person_decides(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(content)
    settings = Settings.load(tmp_path)
    assert settings[THEME] == "system"
    assert len(settings.warnings) == 1
    assert "works offline" in settings.warnings[0]
    assert _offline(tmp_path)
    assert file.read_bytes() == content, "reading changes nothing"
    settings[THREADS] = 3
    settings.save(tmp_path)
    assert (tmp_path / f"{FILE_NAME}.damaged").read_bytes() == content
    again = Settings.load(tmp_path)
    assert not again.warnings
    assert (again[THREADS], again[OFFLINE]) == (3, True)
    again[OFFLINE] = False
    again.save(tmp_path)
    assert not _offline(tmp_path)


def test_a_second_damaged_file_does_not_take_the_first_ones_place(tmp_path: Path) -> None:
    for threads, content in ((1, "first,"), (2, "second,")):
        (tmp_path / FILE_NAME).write_text(content)
        settings = Settings.load(tmp_path)
        settings[THREADS] = threads
        settings.save(tmp_path)
    kept = sorted(path.read_text() for path in tmp_path.glob("*.damaged*"))
    assert kept == ["first,", "second,"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("offline", "yes"), ("offline", 1), ("offline", None), ("proxy", 5), ("download_limit", "1")],
)
def test_a_bad_value_about_connections_forbids_them(tmp_path: Path, key: str, value: object) -> None:
    """Without its proxy Tern would connect another way than the person allowed."""
    (tmp_path / FILE_NAME).write_text(json.dumps({key: value, "font_size": 20}))
    settings = Settings.load(tmp_path)
    assert settings[OFFLINE]
    assert settings.is_changed(OFFLINE)
    assert settings[FONT_SIZE] == 20, "only the bad one is passed over"
    assert len(settings.warnings) == 1
    assert "works offline" in settings.warnings[0]
    settings[THREADS] = 2  # whatever else is saved, the question stays open
    settings.save(tmp_path)
    assert settings[OFFLINE]
    assert _offline(tmp_path)
    settings[OFFLINE] = False
    assert not settings[OFFLINE]
    settings.save(tmp_path)
    assert not settings[OFFLINE]
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"font_size": 20, "threads": 2}
    assert not Settings.load(tmp_path).warnings


def test_setting_the_bad_value_anew_is_a_decision_too(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"proxy": 5}')
    settings = Settings.load(tmp_path)
    settings[PROXY] = ""
    assert not settings[OFFLINE]
    settings.save(tmp_path)
    assert not _offline(tmp_path)


def test_a_file_that_may_not_be_read_is_left_alone(nobodys_folder: Path) -> None:
    file = nobodys_folder / FILE_NAME
    file.write_text('{"offline": true, "theme": "dark"}')
    file.chmod(0)
    settings = Settings.load(nobodys_folder)
    assert settings[OFFLINE]
    assert "Permission denied" in settings.warnings[0]
    settings[THREADS] = 2
    with pytest.raises(UserError, match="cannot be read"):
        settings.save(nobodys_folder)
    assert sorted(path.name for path in nobodys_folder.iterdir()) == [FILE_NAME, f"{FILE_NAME}.lock"]
    file.chmod(0o600)
    settings.save(nobodys_folder)
    assert json.loads(file.read_text()) == {"offline": True, "theme": "dark", "threads": 2}
    assert settings[THEME] == "dark"


def test_a_folder_in_the_files_place_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    settings = Settings.load(tmp_path)
    assert settings[OFFLINE]
    settings[THREADS] = 2
    with pytest.raises(UserError, match="cannot be read"):
        settings.save(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are Unix's")
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_one_sentence_and_hangs_nobody(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / FILE_NAME)
    settings = Settings.load(tmp_path)
    assert settings[OFFLINE]
    (said,) = settings.warnings
    assert said.startswith(f"{tmp_path / FILE_NAME} is not a file, so")
    settings[THREADS] = 2
    with pytest.raises(UserError, match="cannot be read"):
        settings.save(tmp_path)


def test_two_processes_do_not_undo_each_other(tmp_path: Path) -> None:
    window, terminal = Settings.load(tmp_path), Settings.load(tmp_path)
    terminal[THREADS_MEASURED] = 3
    terminal.save(tmp_path)
    window[THEME] = "dark"
    window.save(tmp_path)
    assert window[THREADS_MEASURED] == 3, "what the other one saved is in force from now on"
    terminal[THREADS_MEASURED] = 0
    terminal[FONT_SIZE] = 20
    terminal.save(tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"theme": "dark", "font_size": 20}
    window[THEME] = "dark"  # set, and not changed: the window has no word in it
    terminal[THEME] = "light"
    terminal.save(tmp_path)
    window[DENSITY] = "compact"
    window.save(tmp_path)
    assert window[THEME] == "light"
    assert json.loads((tmp_path / FILE_NAME).read_text())["theme"] == "light"


def test_many_processes_save_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tern.settings import Settings, TABLE\n"
        "keys = {s.key: s for s in TABLE}; folder = Path(sys.argv[1])\n"
        "for value in range(1, 21):\n"
        "    settings = Settings.load(folder); settings[keys[sys.argv[2]]] = value; settings.save(folder)\n"
    )
    keys = ["sampling.top_k", "sampling.seed", "max_tokens"]
    running = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), key]) for key in keys]
    assert [process.wait(timeout=HANG_S) for process in running] == [0, 0, 0]
    assert json.loads((tmp_path / FILE_NAME).read_text()) == dict.fromkeys(keys, 20)


def test_damage_that_came_while_tern_ran_costs_nothing_it_knew(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"theme": "dark", "from_the_future": 1.50}')
    settings = Settings.load(tmp_path)
    (tmp_path / FILE_NAME).write_text('{"theme": "dark", "offline": true,}')
    settings[THREADS] = 2
    settings.save(tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {
        "theme": "dark", "from_the_future": 1.5, "threads": 2, "offline": True,
    }  # fmt: skip
    assert settings[OFFLINE]
    assert "works offline" in settings.warnings[0]


STRANGE = (
    r'"half \ud800": "\udfff"', '"big": ' + "9" * 5000, '"much": 1e999', '"point": 1.10', '"none": NaN',
    '"deep": ' + "[" * 200 + "]" * 200, '"grüße": { "a" :  [1,\n2] }', r'"sol\/idus": "\u0041"', '"": -0',
)  # fmt: skip


def test_what_is_not_known_is_kept_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text("{" + " ,\r\n".join(STRANGE) + "}", encoding="utf-8")
    for threads in (2, 3):
        settings = Settings.load(tmp_path)
        assert not settings.warnings
        settings[THREADS] = threads
        settings.save(tmp_path)
    text = file.read_bytes().decode()
    assert all(pair in text for pair in STRANGE)
    assert Settings.load(tmp_path)[THREADS] == 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_other_editors_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / FILE_NAME).write_text('{"system_prompt": "grüß dich", "x": "ß"}', encoding=encoding)
    settings = Settings.load(tmp_path)
    assert settings[SYSTEM_PROMPT] == "grüß dich"
    settings[THREADS] = 2
    settings.save(tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_bytes())["x"] == "ß"


@pytest.mark.parametrize("number", ["9" * 5000, "1e400", "1" + "0" * 320])
@pytest.mark.parametrize("key", ["sampling.temperature", "threads", "theme"])
def test_a_number_beyond_counting_is_a_bad_value(tmp_path: Path, key: str, number: str) -> None:
    (tmp_path / FILE_NAME).write_text(f'{{"{key}": {number}}}')
    (said,) = Settings.load(tmp_path).warnings
    assert key in said
    assert len(said) < 200


def test_half_a_character_is_no_text_for_the_model_but_may_be_in_a_files_name(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(r'{"system_prompt": "\ud800", "model_path": "/m/\udcff.gguf"}')
    settings = Settings.load(tmp_path)
    assert settings[SYSTEM_PROMPT] == ""
    assert len(settings.warnings) == 1
    assert settings[MODEL_PATH] == "/m/\udcff.gguf"
    settings[MODEL_PATH] = "/n/\udcfe.gguf"
    settings.save(tmp_path)
    assert Settings.load(tmp_path)[MODEL_PATH] == "/n/\udcfe.gguf"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    mine, config = tmp_path / "dotfiles", tmp_path / "config"
    mine.mkdir()
    config.mkdir()
    target = mine / "tern.json"
    target.write_text('{"theme": "dark"}')
    target.chmod(0o600)
    (config / "hop").symlink_to(target)
    (config / FILE_NAME).symlink_to("hop")
    settings = Settings.load(config)
    settings[THREADS] = 2
    settings.save(config)
    assert (config / FILE_NAME).is_symlink()
    assert json.loads(target.read_text()) == {"theme": "dark", "threads": 2}
    assert target.stat().st_mode & 0o777 == 0o600, "what was private stays so"
    assert [path.name for path in mine.iterdir()] == ["tern.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_to_what_is_not_there_is_not_known(tmp_path: Path) -> None:
    """The drive with the settings is not mounted: they may forbid connections."""
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "drive" / "tern.json")
    settings = Settings.load(tmp_path)
    assert settings[OFFLINE]
    assert "link" in settings.warnings[0]
    settings[THREADS] = 2
    with pytest.raises(UserError, match="could not save"):
        settings.save(tmp_path)
    (tmp_path / "drive").mkdir()
    settings.save(tmp_path)
    assert (tmp_path / FILE_NAME).is_symlink()
    assert _offline(tmp_path)


def test_where_nothing_can_be_locked_it_is_saved_all_the_same(tmp_path: Path) -> None:
    (tmp_path / f"{FILE_NAME}.lock").mkdir()
    settings = Settings.load(tmp_path)
    settings[THREADS] = 2
    settings.save(tmp_path)
    assert Settings.load(tmp_path)[THREADS] == 2


def test_a_disk_that_refuses_keeps_what_was_set(nobodys_folder: Path) -> None:
    (nobodys_folder / FILE_NAME).write_text('{"theme": "dark"}')
    nobodys_folder.chmod(0o500)
    settings = Settings.load(nobodys_folder)
    settings[THREADS] = 2
    with pytest.raises(UserError, match="could not save its settings"):
        settings.save(nobodys_folder)
    assert (nobodys_folder / FILE_NAME).read_text() == '{"theme": "dark"}'
    nobodys_folder.chmod(0o700)
    settings.save(nobodys_folder)
    assert Settings.load(nobodys_folder)[THREADS] == 2
