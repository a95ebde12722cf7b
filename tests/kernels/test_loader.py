"""The loader: what it refuses, and the sentence a person then reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tern.engine import bitnet_model
from tern.engine.kernels import loader
from tern.errors import BugError, UserError


def test_best_instruction_set_is_first(kernels: loader.Kernels) -> None:
    assert kernels.default == kernels.available[0]
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


# What the loader and the model say again of the C sources, which no program asks for it.
SAID_TWICE = {
    "TERN_ABI_VERSION": loader.ABI_VERSION,
    "TERN_RELU2": loader.RELU2,
    "TERN_SILU": loader.SILU,
    "TERN_MAX_FUSED": loader.MAX_FUSED,
    "TERN_COARSE_BEST": loader.COARSE_BEST,
    "MAX_COARSE_N": loader.MAX_COARSE_WIDTH,
    "GROUP": loader._GROUP,
    "MAX_HEAD_DIM": bitnet_model.MAX_HEAD_DIM,
    "MAX_QUERIES": bitnet_model.MAX_SHARED_HEADS,
}


@pytest.mark.parametrize("name", SAID_TWICE)
def test_numbers_are_the_c_sources_own(name: str) -> None:
    folder = Path(loader.__file__).parent
    text = "".join(
        (folder / f"{part}.h").read_text() for part in ("tern_kernels", "layout", "attention", "coarse")
    )
    found = re.findall(rf"\b{name}(?: = | )(\d+)\b", text)
    assert [int(number) for number in found] == [SAID_TWICE[name]]
