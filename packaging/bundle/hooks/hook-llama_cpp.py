"""llama-cpp-python for PyInstaller: its libraries, each once and under the name that is opened.

A wheel carries every library three times on Linux (its name, its major version, its whole version), since ZIP files
know no links. Tern and llama_cpp open the plain name; the libraries ask each other for the major version.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from PyInstaller.utils.hooks import copy_metadata

spec = importlib.util.find_spec("llama_cpp")
assert spec is not None
assert spec.submodule_search_locations
_FOLDER = Path(next(iter(spec.submodule_search_locations))) / "lib"
_STEMS = ("ggml", "ggml-base", "ggml-cpu", "llama")


def _names(stem: str) -> list[str]:
    if sys.platform == "win32":
        return [f"{stem}.dll"]
    if sys.platform == "darwin":
        return [f"lib{stem}.dylib"]
    return [f"lib{stem}.so.0"]


datas = copy_metadata("llama-cpp-python")
binaries = [(str(_FOLDER / name), "llama_cpp/lib") for stem in _STEMS for name in _names(stem)]
