"""The loader: what it refuses, and the sentence a person then reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tern.engine.kernels import loader
from tern.errors import BugError, UserError


def test_best_instruction_set_is_first(kernels: loader.Kernels) -> None:
    assert kernels.name == kernels.available[0]
    assert kernels.available[-1] == "scalar"


def test_forcing_an_instruction_set(kernels: loader.Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(kernels.library._name)
    monkeypatch.setattr(loader, "library_path", lambda: path)
    for name in kernels.available:
        monkeypatch.setenv("TERN_KERNEL", name)
        loader.load.cache_clear()
        assert loader.load().name == name
    monkeypatch.delenv("TERN_KERNEL")
    loader.load.cache_clear()
    assert loader.load().name == kernels.available[0]
    loader.load.cache_clear()


def test_unknown_instruction_set(kernels: loader.Kernels) -> None:
    with pytest.raises(UserError, match="TERN_KERNEL=mmx is not an instruction set Tern knows"):
        loader.open_library(Path(kernels.library._name), "mmx")


def test_instruction_set_this_cpu_lacks(kernels: loader.Kernels) -> None:
    known = kernels.library.tern_kernels_known().decode().split(",")
    lacking = [name for name in known if name not in kernels.available]
    if not lacking:
        pytest.skip("this CPU runs every instruction set of its architecture")
    with pytest.raises(UserError, match="This CPU cannot run"):
        loader.open_library(Path(kernels.library._name), lacking[0])


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tern.engine.kernels.__path__", [])
    with pytest.raises(UserError, match="Install Tern again"):
        loader.library_path()


def test_foreign_library(tmp_path: Path) -> None:
    path = tmp_path / "libtern_kernels.so"
    path.write_bytes(b"not a library")
    with pytest.raises(UserError, match="install Tern again"):
        loader.open_library(path)


@pytest.mark.parametrize("n", [0, 64, 100, 192, loader.MAX_COLUMNS + 128])
def test_widths_the_kernels_cannot_take(n: int) -> None:
    with pytest.raises(BugError, match="multiple of 128"):
        loader.norm_quant_args(None, 1e-5, n)
