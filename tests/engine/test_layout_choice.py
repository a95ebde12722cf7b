"""The choice of instruction set and codes a byte: timed when a large model is prepared, kept, said by doctor, exact."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tern import paths
from tern.engine import layout_choice, prepared
from tern.engine.convert.synthetic import SyntheticShape, write_synthetic
from tern.engine.kernels import loader as kernels
from tern.engine.layout_choice import Layout, Timing, best, candidates, from_json
from tern.engine.types import EngineOptions
from tern.open_engine import open_model

pytestmark = pytest.mark.slow


@pytest.fixture
def wide_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model whose rows can be packed, prepared as a large one is."""
    monkeypatch.setattr(prepared, "IN_MEMORY_BYTES", 0)
    path = tmp_path / "wide.gguf"
    shape = SyntheticShape(n_embd=1280, n_layers=2, n_ff=2560, n_heads=10, n_kv_heads=5, n_vocab=512)
    write_synthetic(path, shape, seed=6)
    return path


def timing(kernel: str, packed: bool, decode: float, prefill: float = 1.0) -> Timing:
    return Timing(kernel, packed, decode, prefill)


def test_of_equals_the_first_wins_and_the_faster_of_others() -> None:
    """Within 3% the order decides: the more promising instruction set, and the smaller memory."""
    equal = [timing("a", True, 10.2), timing("a", False, 10.0), timing("b", False, 10.1)]
    assert best(equal) == ("a", True)
    assert best([timing("a", True, 11.0), *equal[1:]]) == ("a", False)
    assert best([timing("a", False, 10.0, prefill=8.0), timing("b", False, 11.0, prefill=3.0)]) == (
        "b",
        False,
    )


def test_every_instruction_set_of_this_computer_is_a_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    library = kernels.load()
    monkeypatch.delenv("TERN_KERNEL", raising=False)
    found = candidates(library, packable=True)
    fast = [name for name in library.available if name != "scalar"] or ["scalar"]
    assert [name for name, packed in found if not packed] == fast
    assert [name for name, packed in found if packed] == [name for name in fast if library.reads_packed(name)]
    assert all(found.index((name, True)) < found.index((name, False)) for name, packed in found if packed)
    assert not any(packed for _, packed in candidates(library, packable=False))
    monkeypatch.setenv("TERN_KERNEL", library.default)
    assert {name for name, _ in candidates(library, packable=True)} == {library.default}


def test_timed_once_kept_and_said(wide_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = 0
    real = layout_choice.choose

    def counted(*args: object) -> Layout:
        nonlocal times
        times += 1
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(prepared, "choose", counted)
    layouts = []
    for threads in (2, 2, 1):
        model = open_model(wide_model, EngineOptions(threads=threads))
        assert model._prepared is not None
        layout = model._prepared.layout
        assert (model.kernels.name, bool(model.packed)) == (layout.kernel, layout.packed)
        assert len(layout.timings) == len(candidates(model.kernels, packable=True))
        assert all(each.decode_ms > 0 and each.prefill_ms > 0 for each in layout.timings)
        layouts.append(layout)
        model.close()
    assert times == 1  # another count of threads is not worth another copy
    assert layouts[0] == layouts[1] == layouts[2]
    assert len(list((paths.cache_dir() / "prepared").glob("*.bin"))) == 1
    assert ("wide.gguf", layouts[0]) in list(prepared.layouts(paths.cache_dir()))
    if len(candidates(kernels.load(), packable=True)) == 1:
        return
    command = [sys.executable, "-m", "tern", "doctor"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    codes = "five" if layouts[0].packed else "four"
    assert f"wide.gguf: {layouts[0].kernel}, {codes} codes a byte, timed here:" in said
    assert sum(line.startswith("    * ") for line in said.splitlines()) == 1
    as_json = json.loads(
        subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout
    )
    assert {from_json(each) for each in as_json["kernels"]["models"]} == set(layouts)


def test_every_candidate_gives_the_same_bits(wide_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[tuple[str, bool], list[NDArray[np.float32]]] = {}
    library = kernels.load()
    for kernel, packed in candidates(library, packable=True):
        monkeypatch.setattr(prepared, "choose", lambda *args, each=(kernel, packed): Layout(*each))
        monkeypatch.setattr(prepared, "_MAKER", f"{kernel} {packed}")
        for old in (paths.cache_dir() / "prepared").glob("*"):
            old.unlink()
        model = open_model(wide_model, EngineOptions(threads=2))
        assert (model.kernels.name, bool(model.packed)) == (kernel, packed)
        rng = np.random.default_rng(1)
        for count, past in ((40, 0), (1, 40), (3, 41)):
            found = model.eval(rng.integers(0, 512, count).astype(np.int32), past)
            assert found is not None
            answers.setdefault((kernel, packed), []).append(found.copy())
        model.close()
    library.select(library.default)
    first = next(iter(answers.values()))
    assert len(first) == 3
    for each, answer in answers.items():
        assert [np.array_equal(a, b) for a, b in zip(answer, first, strict=True)] == [True] * 3, each


@pytest.mark.parametrize("damage", ["kernel", "packed", "timings"])
def test_a_damaged_layout_is_chosen_again(
    wide_model: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    open_model(wide_model, EngineOptions(threads=2)).close()
    (path,) = (paths.cache_dir() / "prepared").glob("*.bin")
    content = bytearray(path.read_bytes())
    header = json.loads(content[: prepared.HEADER_BYTES].rstrip(b"\0"))
    header["layout"][damage] = {"kernel": 7, "packed": "yes", "timings": [{"kernel": "avx2"}]}[damage]
    content[: prepared.HEADER_BYTES] = json.dumps(header).encode().ljust(prepared.HEADER_BYTES, b"\0")
    path.write_bytes(content)
    monkeypatch.setattr(prepared, "choose", lambda *args: Layout(kernels.load().default, False))
    model = open_model(wide_model, EngineOptions(threads=2))
    assert not model.packed
    model.close()
