"""The catalogue that ships, the shelf's records, and the growing file's journal."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tern import paths
from tern.errors import BugError, UserError
from tern.library import catalog, shelf
from tern.library.part_file import PartFile, hash_file
from tern.library.shelf import Installed


def test_the_catalogue_that_ships() -> None:
    found = catalog.entries()
    official = found[0]
    assert official.name == "bitnet-2b4t"
    assert (official.size, official.repo) == (1_187_801_280, "microsoft/bitnet-b1.58-2B-4T-gguf")
    assert official.sha256 == "4221b252fdd5fd25e15847adfeb5ee88886506ba50b8a34548374492884c2162"
    assert catalog.find("2B4T") == catalog.find("Microsoft/bitnet-b1.58-2B-4T-GGUF") == official
    assert catalog.recognize(official.sha256) == official
    assert catalog.find("gpt") is None
    assert official.revision == "a1f2f1c765812aa8af3f6eda4a313707064bba15"
    for sister, size in (("packed", 1_178_623_988), ("bf16", 4_825_679_400)):
        entry = catalog.find(f"bitnet-2b4t-{sister}")
        assert entry is not None
        assert (entry.size, entry.runs) == (size, "convert")
        assert entry.sha256 and entry.revision  # noqa: PT018
    assert {entry.runs for entry in found} == {"tern", "convert", "llama.cpp"}
    for family in ("falcon-e-1b", "falcon-e-3b", "falcon3-7b", "llama3-8b-1.58", "bonsai-8b", "trilm-3.9b"):
        entry = catalog.find(family)
        assert entry is not None
        assert entry.status == "listed"  # nothing here was downloaded by Tern's makers
        assert entry.source
    assert len({entry.repo + entry.file for entry in found}) == len(found)


def test_what_the_first_model_takes_is_said_once() -> None:
    """The card, the page and the forecast read the same entry."""
    official = catalog.entries()[0]
    assert (official.disk, official.memory) == (1_797_801_280, 930_000_000)
    assert official.weak_at
    assert not official.folded
    folded = {entry.name for entry in catalog.entries() if entry.folded}
    assert folded == {entry.name for entry in catalog.entries() if entry.runs == "convert"} | {
        "bonsai-8b-tq1",
        "bonsai-8b-tq2",
        "llama3-8b-1.58",
        "trilm-3.9b",
    }
    assert not any("ask" in entry.good_for or "on the disk" in entry.good_for for entry in catalog.entries())


@pytest.mark.parametrize(
    ("repo", "title"),
    [
        ("owner/Qwen3-4B-GGUF", "Qwen3-4B"),
        ("owner/model/deep/file.gguf", "model"),
        ("owner/gguf", "gguf"),
        ("mine", "mine"),
    ],
)
def test_what_a_model_without_a_title_is_called(repo: str, title: str) -> None:
    assert shelf.title_of(repo) == title


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "12"},
        {"status": "sure"},
        {"repo": "x"},
        {"size": 0},
        {"status": "verified here", "sha256": None},
    ],
)
def test_a_wrong_entry_is_noticed(change: dict[str, object], tmp_path: Path) -> None:
    raw = json.loads((paths.resources_dir() / catalog.FILE_NAME).read_bytes())
    raw["models"][0].update(change)
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(BugError):
        catalog.read(path)


def _model(name: str, path: Path) -> Installed:
    path.write_bytes(name.encode())
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return Installed(name, name.title(), path, len(name), sha256, "import", shelf.now())


def test_records_are_kept_found_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))  # where the trash is
    inside = shelf.add(_model("inside", shelf.models_dir() / "inside.gguf"))
    linked = shelf.add(Installed(**{**_fields(_model("linked", tmp_path / "mine.gguf")), "linked": True}))
    assert shelf.installed() == [inside, linked]
    again = shelf.add(_model("inside", tmp_path / "other.gguf"))
    assert again.name == "inside-2"
    assert shelf.add(inside).name == "inside"  # the same file again
    assert shelf.find("link") == linked
    assert shelf.find("in") is None  # two begin so
    assert not inside.verified
    assert shelf.verify(inside) is True
    assert shelf.need("inside").verified
    record = json.loads((shelf.models_dir() / "inside.json").read_text())
    assert record["path"] == "inside.gguf"  # the folder can be moved
    shelf.remove(shelf.need("inside"))
    assert not inside.path.exists()
    shelf.remove(linked)
    assert linked.path.exists()  # the person's own file stays
    assert [model.name for model in shelf.installed()] == ["inside-2"]
    with pytest.raises(UserError, match=r"There is: inside-2"):
        shelf.need("nothing")
    with pytest.raises(UserError, match="tern models fetch bitnet-2b4t"):
        shelf.need("2b4t")


def test_a_model_that_is_put_there_again_never_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = shelf.add(_model("one", tmp_path / "one.gguf"))
    seen: list[list[str]] = []
    real = shelf._write

    def write(what: Installed) -> None:
        seen.append([other.name for other in shelf.installed()])
        real(what)

    monkeypatch.setattr(shelf, "_write", write)
    assert shelf.add(model) == model
    assert shelf.add(Installed(**{**_fields(model), "name": "two"})).name == "two"
    assert seen == [["one"], ["one"]]
    assert [other.name for other in shelf.installed()] == ["two"]


def test_a_title_is_the_persons_or_no_path_at_least(tmp_path: Path) -> None:
    model = shelf.add(_model("one", tmp_path / "one.gguf"))
    shelf.rename(model, "  Mine ")
    assert (shelf.need("one").name, shelf.need("one").title) == ("one", "Mine")
    shelf.rename(model, "")
    assert shelf.need("one").title == "one"
    place = "owner/Some-Model-GGUF/some.gguf"
    as_it_was = {**_fields(_model("two", tmp_path / "two.gguf")), "title": place, "origin": place}
    shelf.add(Installed(**as_it_was))
    assert shelf.need("two").title == "Some-Model"


def _fields(model: Installed) -> dict[str, object]:
    return {name: getattr(model, name) for name in Installed.__slots__}


def test_a_damaged_record_or_a_missing_file_is_no_model(tmp_path: Path) -> None:
    model = shelf.add(_model("one", tmp_path / "one.gguf"))
    (shelf.models_dir() / "two.json").write_text("{")
    record = json.loads((shelf.models_dir() / "one.json").read_text())
    for number, change in enumerate([{"size": "large"}, {"name": 3}, {"speeds": ["fast"]}, {"path": None}]):
        (shelf.models_dir() / f"three-{number}.json").write_text(json.dumps({**record, **change}))
    assert shelf.installed() == [model]
    model.path.unlink()
    assert not model.present
    with pytest.raises(UserError, match="is gone from"):
        shelf.verify(model)


@pytest.mark.parametrize("sizes", [[1], [100], [64, 64], [63, 1, 200, 5], []])
def test_a_part_resumes_where_it_can(sizes: list[int], tmp_path: Path) -> None:
    data = bytes(range(256)) * 2
    target, identity = tmp_path / "file", {"size": len(data)}
    first = PartFile(target, identity, block=64)
    assert first.resume() == 0
    done = 0
    for size in sizes:
        first.write(data[done : done + size])
        done += size
    first.close()
    with first.journal.open("a") as torn:
        torn.write("abc")  # a line without an end
    second = PartFile(target, identity, block=64)
    assert second.resume() == done // 64 * 64
    second.write(data[second.offset :])
    assert second.finish() == hashlib.sha256(data).hexdigest()
    assert second.publish().read_bytes() == data
    assert hash_file(target) == hashlib.sha256(data).hexdigest()
    other = PartFile(target, {"size": 7}, block=64)
    assert other.resume() == 0
    other.discard()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["file"]
