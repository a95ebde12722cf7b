"""The rules of the house, held on the sources: which room may import which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tern

SOURCE = Path(tern.__file__).resolve().parent
BASE = {"__init__", "errors", "paths", "atomic", "derived_files", "data_lock", "settings", "log"}

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
DOORS = {
    ("cli/window.py", "tern.ui"),
    ("cli/window.py", "tern.ui.display"),
}  # `tern` alone opens the window, late

# Libraries that one room keeps to itself.
ONLY_IN: dict[str, str] = {
    "PySide6": "ui/",
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
NOT_THE_NETWORK = {
    ("ui/app.py", "socket"),  # a pair within the process, which wakes Qt for Ctrl-C
    ("library/network.py", "urllib"),  # urllib.parse: whether an address is one
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


def _imports(text: str, package: list[str]) -> Iterator[str]:
    """Every module that a source in ``package`` imports, wherever in it, as absolute names."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module == "tern":  # the rooms are named after `import`
                yield from (f"tern.{alias.name}" if _is_room(alias.name) else "tern" for alias in node.names)
            else:
                yield module


def _is_room(name: str) -> bool:
    return (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").is_file()


def _imports_of(path: Path) -> Iterator[str]:
    return _imports(path.read_text(encoding="utf-8"), ["tern", *path.relative_to(SOURCE).parts[:-1]])


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


@pytest.mark.parametrize("path", _sources(), ids=_name)
def test_libraries_stay_in_their_room(path: Path) -> None:
    name = _name(path)
    for module in _imports_of(path):
        top = module.partition(".")[0]
        home = ONLY_IN.get(top)
        allowed = home is None or name.startswith(home) or (name, top) in NOT_THE_NETWORK
        assert allowed, f"{name} imports {module}, which belongs in {home}"


def test_every_room_says_what_it_is_for() -> None:
    for path in _sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{_name(path)} has no docstring"


def test_the_walk_sees_late_nested_and_relative_imports() -> None:
    text = """
from . import gguf
def f():
    import sqlite3
    if f:
        from tern import ui, errors, __version__
        from ..chat import store
        import tern.library.hub as hub
"""
    found = set(_imports(text, ["tern", "engine"]))
    expected = {"tern.engine", "sqlite3", "tern.ui", "tern.errors", "tern", "tern.chat", "tern.library.hub"}
    assert found == expected
    assert _room("tern.errors") == _room("tern") == "base"
    assert _room("tern.library.hub") == "library"
