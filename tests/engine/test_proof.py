"""Answers are proved right in a process of their own; kernels that are wrong are not used."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from tern import paths
from tern.engine import proof
from tern.engine.kernels import loader
from tern.engine.proof import Proof


@pytest.mark.skipif(not paths.guide_model().exists(), reason="the guide has not been made")
def test_answers_are_proved_and_remembered(tmp_path: Path) -> None:
    guide = paths.guide_model()
    assert proof.remembered(guide, tmp_path) is None
    command = [sys.executable, "-m", "tern", proof.COMMAND, "--data-dir", str(tmp_path / "own")]
    found = proof.prove(command, guide, tmp_path)
    assert found.right
    assert found.answer
    assert "scalar" in found.sets
    assert proof.remembered(guide, tmp_path) == found


def test_a_wrong_sum_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor whose best instruction set is off by one."""
    library = loader.load()
    if len(library.available) == 1:
        pytest.skip("only the scalar kernels are here")
    real, best = library.library.tern_dot_i2s, library.available[0].encode()
    broken = ctypes.CFUNCTYPE(
        ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32
    )(lambda name, codes, q, n: real(name, codes, q, n) + (name == best))
    monkeypatch.setattr(library.library, "tern_dot_i2s", broken)
    assert proof.kernels()[1] == (library.available[0],)


def test_wrong_kernels_make_way_for_the_scalar_ones() -> None:
    library = loader.load()
    try:
        assert proof.obey(Proof("", library.available, (), True)) == ""
        assert proof.obey(Proof("", library.available, (library.available[0],), True)) == library.available[0]
        assert library.library.tern_kernel_name() == b"scalar"
    finally:
        library.select(library.default)


def test_a_process_that_crashes_proves_nothing_and_is_asked_again(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os; os.abort()"]
    found = proof.prove(command, paths.guide_model(), tmp_path)
    assert not found.right
    assert "-6" in found.trouble or sys.platform == "win32"
    assert proof.remembered(paths.guide_model(), tmp_path) is None
