"""The rules of the house, held on the sources: which room may import which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tern
from tools.imports import arrows, circles, imports, modules

SOURCE = Path(tern.__file__).resolve().parent
KNOWN = set(modules(SOURCE))
BASE = {"__init__", "errors", "paths", "atomic", "derived_files", "data_lock", "settings", "log", "progress"}

# Which rooms each room may import besides itself and the base files: base <- engine, library <- metrics, chat
# <- open_engine <- cli | ui. __main__ opens the door.
MAY_IMPORT: dict[str, set[str]] = {
    "base": set(),
    "markup": set(),
    "engine": set(),
    "library": set(),
    "metrics": {"engine", "library"},
    "chat": {"engine", "library"},
    "open_engine": {"engine", "library", "metrics", "chat"},
    "cli": {"engine", "library", "metrics", "chat", "open_engine"},
    "ui": {"engine", "library", "metrics", "chat", "open_engine", "markup"},
    "__main__": {"cli", "ui"},
}
# `tern` alone opens the window, late.
DOORS = {
    ("cli/window.py", "tern.ui.app"),
    ("cli/window.py", "tern.ui.display"),
}

# The rooms of the window, from the floor up: each may import what stands on a line before it, and the files that
# lie beside the rooms only what FLOOR says.
UI_ORDER = (
    {"ui/style"},
    {"ui/shared"},
    {
        "ui/transcript",
        "ui/composer",
        "ui/sidebar",
        "ui/models",
        "ui/settings",
        "ui/stage",
        "ui/instruments",
    },
    {"ui/window"},
    {"ui"},
)
FLOOR = {"ui/bridge", "ui/reply_queue"}  # beside the rooms, and beneath them

# Libraries that one room keeps to itself.
ONLY_IN: dict[str, str] = {
    "PySide6": "ui/",
    "PySide6.QtNetwork": "ui/single_instance",  # one window for one data folder; of the network Qt knows nothing
    "shiboken6": "ui/",
    "qtawesome": "ui/",
    "sqlite3": "chat/",
    "ctypes": "engine/",
    "llama_cpp": "engine/",
    "urllib": "library/hub",
    "http": "library/hub",
    "socket": "library/hub",
    "ssl": "library/hub",
    "requests": "library/hub",
    "httpx": "library/hub",
    "httpx2": "library/hub",
    "huggingface_hub": "library/hub",
}
ELSEWHERE = {
    ("ui/app.py", "socket"),  # a pair within the process, which wakes Qt for Ctrl-C
    ("library/network.py", "urllib"),  # urllib.parse: whether an address is one
    ("library/newer_version.py", "httpx2"),  # reads addresses and answers; the client is hub_client's
    ("metrics/energy/perf.py", "ctypes"),  # Linux has no other door to its energy event
    ("metrics/energy/emi.py", "ctypes"),  # nor Windows to its energy meter
    ("library/awake.py", "ctypes"),  # Windows has a call for it, and no program
    ("ui/window/icon_progress.py", "ctypes"),  # so has macOS for its Dock
}


def _sources() -> list[Path]:
    files = sorted(path for path in SOURCE.rglob("*.py") if "__pycache__" not in path.parts)
    assert len(files) > 20
    return files


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def _room(module: str) -> str:
    """The room of ``tern.x.y``: ``x``, or ``base`` for the base files."""
    parts = module.split(".")
    first = parts[1] if len(parts) > 1 else "__init__"
    return "base" if first in BASE else first


def _imports_of(path: Path) -> Iterator[str]:
    package = ".".join(["tern", *path.relative_to(SOURCE).parts[:-1]])
    return imports(path.read_text(encoding="utf-8"), package, KNOWN)


@pytest.mark.parametrize("path", _sources(), ids=_name)
def test_imports_point_one_way(path: Path) -> None:
    name = _name(path)
    room = _room("tern." + name.removesuffix(".py").replace("/", "."))
    assert room in MAY_IMPORT, f"{name} is in no room of the design"
    for module in _imports_of(path):
        if module.partition(".")[0] != "tern":
            continue
        target = _room(module)
        allowed = target in ("base", room) or target in MAY_IMPORT[room] or (name, module) in DOORS
        assert allowed, f"{name} may not import {module}"


@pytest.mark.parametrize("path", [path for path in _sources() if _name(path).startswith("ui/")], ids=_name)
def test_the_rooms_of_the_window_import_downwards(path: Path) -> None:
    own = _level(_name(path).removesuffix(".py"))
    for module in _imports_of(path):
        name = "/".join(module.split(".")[1:])
        if module.startswith("tern.ui.") and _room_in_ui(name) != _room_in_ui(_name(path)):
            assert _level(name) < own, f"{_name(path)} may not import {module}"


def _room_in_ui(name: str) -> str:
    return "/".join(name.split("/")[:2]) if name.count("/") > 1 or (SOURCE / name).is_dir() else "ui"


def _level(name: str) -> float:
    """How high ``ui/room/file`` stands."""
    if name in FLOOR:
        return 1.5
    room = _room_in_ui(name)
    (level,) = (number for number, rooms in enumerate(UI_ORDER) if room in rooms)
    return level


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circles(arrows(SOURCE)) == []


@pytest.mark.parametrize("path", _sources(), ids=_name)
def test_libraries_stay_in_their_room(path: Path) -> None:
    name = _name(path)
    for module in _imports_of(path):
        top = module.partition(".")[0]
        for library in (top, module):
            home = ONLY_IN.get(library)
            allowed = home is None or name.startswith(home) or (name, top) in ELSEWHERE
            assert allowed, f"{name} imports {module}, which belongs in {home}"


def test_every_room_says_what_it_is_for() -> None:
    for path in _sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{_name(path)} has no docstring"


def test_every_room_has_its_map() -> None:
    """A line for each file, where there are too many to guess."""
    for room in ("chat", "cli", "engine", "library", "markup", "metrics", "ui"):
        text = (SOURCE / room / "README.md").read_text(encoding="utf-8")
        files = {path for path in (SOURCE / room).rglob("*.py") if path.name != "__init__.py"}
        missing = {
            path.name for path in files if f"`{path.name}`" not in text and f"`{path.stem}`" not in text
        }
        assert not missing, f"{room}/README.md does not name {sorted(missing)}"


def test_every_line_of_the_threats_is_held_by_a_test() -> None:
    root = Path(__file__).resolve().parents[1]
    text = (root / "docs" / "THREATS.md").read_text(encoding="utf-8").partition("## Not protected")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| what |")]
    assert len(lines) >= 15
    for line in lines:
        named = line.split("|")[-2].strip().strip("`")
        path, _, name = named.partition("::")
        assert (root / path).is_file(), line
        assert f"def {name}(" in (root / path).read_text(encoding="utf-8") if name else True, line


def test_the_walk_sees_late_nested_and_relative_imports() -> None:
    text = """
from . import worker
def f():
    import sqlite3
    if f:
        from tern import ui, errors, __version__
        from ..chat import store
        import tern.library.hub as hub
        from PySide6 import QtCore
"""
    found = set(imports(text, "tern.engine", KNOWN))
    expected = {
        "tern.engine.worker", "sqlite3", "tern.ui", "tern.errors", "tern", "tern.chat.store", "tern.library.hub",
        "PySide6", "PySide6.QtCore",
    }  # fmt: skip
    assert found == expected
    assert _room("tern.errors") == _room("tern") == "base"
    assert _room("tern.library.hub") == "library"


def test_circles_are_seen() -> None:
    drawn = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"a", "f"}, "f": {"g"}, "g": {"e"}}
    assert circles(drawn) == [["b", "c"], ["e", "f", "g"]]
