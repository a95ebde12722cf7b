"""Files that are on this disk already: whatever they are called, whatever happens on the way, whoever else imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tern import paths
from tern.errors import UserError
from tern.library import importing, shelf
from tern.library.hub_client import find_file
from tern.library.hub_find import target_of
from tern.library.hub_model import ModelDownload
from tern.library.network import NetworkOptions
from tern.library.shards import shards, stem
from tern.library.unfinished import unfinished
from tools.local_hub import LocalHub

from .conftest import REPO

pytestmark = pytest.mark.slow

GUIDE = paths.guide_model()
NO_TEXT = os.fsdecode(b"caf\xe9.gguf")  # a name that is no UTF-8
ODD = ["MODEL.GGUF", "sha256-0123456789abcdef", "model", "weights.bin", "v1.5-instruct"]


def tern(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tern", "models", *arguments],
        env={**os.environ, **more},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def copies() -> list[str]:
    folder = shelf.models_dir() / "imported"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# -- what a file is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ODD)
def test_a_model_is_known_by_its_bytes(
    name: str, hub: LocalHub, options: NetworkOptions, served: Path, tmp_path: Path
) -> None:
    (served.parent / name).write_bytes(GUIDE.read_bytes())
    remote = find_file(options, REPO, name)
    assert ModelDownload(remote, target_of(remote), options).run() is not None
    (fetched,) = shelf.installed()
    assert fetched.gguf
    assert fetched.path.name == name
    shelf.remove(fetched, for_good=True)
    (tmp_path / name).write_bytes(GUIDE.read_bytes())
    assert importing.take(tmp_path / name, False).gguf
    assert [model.path.name for model in shelf.installed()] == [name]


def test_other_files_are_no_models(hub: LocalHub, options: NetworkOptions, served: Path) -> None:
    (served.parent / "notes.txt").write_bytes(b"GGU" * 1000)
    remote = find_file(options, REPO, "notes.txt")
    assert ModelDownload(remote, target_of(remote), options).run() is not None
    assert shelf.installed() == []


def test_kinds_of_files(tmp_path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    for name, data, kind in (
        ("a", b"GGUF\x03\0\0\0", "gguf"),
        ("b", len(header).to_bytes(8, "little") + header + bytes(4), "safetensors"),
        ("c", b'{"a": 1, "b": 2}', ""),
        ("d", b"", ""),
        ("e", b"GGU", ""),
    ):
        (tmp_path / name).write_bytes(data)
        assert shelf.kind_of(tmp_path / name) == kind, name
    assert shelf.kind_of(tmp_path / "nothing") == ""
    assert shelf.kind_of(tmp_path) == ""


def test_the_only_model_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    folder.mkdir()
    (folder / "sha256-77").write_bytes(b'{"config": 1}')
    (folder / "sha256-ab").write_bytes(GUIDE.read_bytes())
    assert importing.meant(folder) == folder / "sha256-ab"
    (folder / "OTHER.GGUF").write_bytes(GUIDE.read_bytes())
    assert importing.meant(folder) == folder


def test_what_is_left_of_an_odd_name_goes_on(hub: LocalHub, options: NetworkOptions, served: Path) -> None:
    (served.parent / "sha256-ab").write_bytes(GUIDE.read_bytes() + bytes(3_000_000))
    remote = find_file(options, REPO, "sha256-ab")
    hub.faults.rate = 5e6
    download: ModelDownload
    stop = lambda progress: download.pause() if progress.done > 2_000_000 else None  # noqa: E731
    download = ModelDownload(remote, target_of(remote), options, stop)
    assert download.run() is None
    assert [item.id.file for item in unfinished()] == ["sha256-ab"]


def test_parts_in_capitals_belong_together() -> None:
    assert shards("M-00002-of-00002.GGUF") == ["M-00001-of-00002.GGUF", "M-00002-of-00002.GGUF"]
    assert [stem(name) for name in ("a/M-00001-of-00002.GGUF", "M.GGUF", "v1.5", ".gguf")] == [
        "M", "M", "v1.5", ".gguf",
    ]  # fmt: skip


# -- names -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / NO_TEXT).write_bytes(GUIDE.read_bytes())
    linked = importing.take(tmp_path / NO_TEXT, True)
    copied = importing.take(tmp_path / NO_TEXT, False)
    assert {model.path for model in shelf.installed()} == {
        tmp_path / NO_TEXT, shelf.models_dir() / "imported" / NO_TEXT,
    }  # fmt: skip
    assert linked.title == "caf\ufffd"
    assert shelf.verify(copied) is True
    listed = tern("list", "--json")
    assert [Path(model["path"]) for model in json.loads(listed.stdout)] == [
        model.path for model in shelf.installed()
    ]
    assert tern("list").returncode == 0
    again = tern("import", tmp_path / NO_TEXT, "--name", "again")
    assert (again.returncode, again.stderr) == (0, "")
    assert tern("verify", "again").returncode == 0
    assert tern("remove", "again", "--delete").returncode == 0


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("日本語モデル", "日本語モデル"),
        ("Модель 2", "модель-2"),
        ("हिन्दी", "हिन्दी"),
        ("Cafe\u0301", "café"),
        ("🙂", "🙂"),
        ("Qwen2.5 (7B)_Q4", "qwen2.5-7b-q4"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\x1b[2Jb\nc", "a-2jb-c"),
        ("CON", "con-model"),
        ("nul.x", "nul.x-model"),
        ("\udce9", "model"),
        ("...", "model"),
        ("語" * 500, "語" * 40),
    ],
)
def test_the_name_that_was_asked_for(asked: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(GUIDE.read_bytes())
    for number in range(2):
        made = importing.take(tmp_path / "m.gguf", False, asked)
        assert made.name == (name if not number else f"{name}-2")
        assert made.name in [model.name for model in shelf.installed()]
    assert shelf.find(name) is not None
    assert shelf.find(asked.strip()) is not None or asked not in ("日本語モデル", "Cafe\u0301", "🙂")


def test_a_name_in_japanese_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(GUIDE.read_bytes())
    run = tern("import", tmp_path / "m.gguf", "--link", "--name", "日本語モデル")
    assert run.returncode == 0, run.stderr
    assert "as 日本語モデル:" in run.stdout
    assert tern("verify", "日本語モデル").returncode == 0


# -- what fails, and who else is there ---------------------------------------------------------------------------


def test_a_failed_import_leaves_nothing(tmp_path: Path) -> None:
    """The last step fails, after everything was copied: the record cannot be written."""
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(GUIDE.read_bytes())
    (shelf.models_dir() / "mine.json" / "in the way").mkdir(parents=True)
    with pytest.raises(UserError, match="could not write"):
        importing.take(mine, False)
    assert copies() == []
    assert mine.exists()
    with pytest.raises(UserError, match="could not write"):
        importing.take(mine, True)
    assert mine.exists()  # a linked one is the person's own


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is the shell's")
def test_a_copy_that_the_disk_refuses_is_not_the_files_fault() -> None:
    """As a FAT32 stick does from 4 GB on, or a quota."""
    limited = ["sh", "-c", 'ulimit -f 1000; exec "$@"', "sh"]
    said = subprocess.run(
        [*limited, sys.executable, "-m", "tern", "models", "import", str(GUIDE)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert said.returncode == 1
    assert "cannot be written" in said.stderr
    assert "--link" in said.stderr
    assert copies() == []


def test_an_import_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(bytes(3 << 20))

    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.take(mine, False, progress=stop)
    assert copies() == []


def test_a_conversion_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def write(source: Path, target: Path, progress: object) -> None:
        target.write_bytes(b"half")
        raise UserError("no")

    with pytest.raises(UserError, match="no"):
        importing.make(tmp_path, "made", write)
    assert copies() == []


def test_two_imports_of_files_called_alike(tmp_path: Path) -> None:
    """The second begins and ends while the first is under way: neither gets the other's place."""
    for folder, tail in (("one", b"1"), ("two", b"2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.gguf").write_bytes(GUIDE.read_bytes() + tail)
    inner: list[shelf.Installed] = []

    def meanwhile(fraction: float) -> None:
        if not inner:
            inner.append(importing.take(tmp_path / "two" / "m.gguf", False))

    outer = importing.take(tmp_path / "one" / "m.gguf", False, progress=meanwhile)
    assert outer.path.read_bytes()[-1:] == b"1"
    assert inner[0].path.read_bytes()[-1:] == b"2"
    assert copies() == ["m-2.gguf", "m.gguf"]
    assert {model.name for model in shelf.installed()} == {"m", "m-2"}
    assert all(shelf.verify(model) for model in shelf.installed())


def test_several_programs_that_import_at_once(tmp_path: Path) -> None:
    """Four processes, one name: four records."""
    files = []
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        files.append(tmp_path / str(number) / "m.gguf")
        files[-1].write_bytes(b"GGUF" + bytes([number]) * 5000)
    program = "import sys; from pathlib import Path; from tern.library import importing; sys.stdin.read()\n"
    program += "importing.take(Path(sys.argv[1]), False, 'same')"
    running = [
        subprocess.Popen([sys.executable, "-c", program, file], stdin=subprocess.PIPE, env=dict(os.environ))
        for file in files
    ]
    for process in running:  # all are up and wait: now
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait(timeout=300) for process in running] == [0] * 4
    found = shelf.installed()
    assert sorted(model.name for model in found) == ["same", "same-2", "same-3", "same-4"]
    assert sorted(model.path.read_bytes() for model in found) == [file.read_bytes() for file in files]
