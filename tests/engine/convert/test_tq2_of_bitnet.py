"""A BitNet on llama.cpp's kernels: the same ternary weights in a copy that is made once, and the info says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tern import paths
from tern.engine.convert import recode, tq2_copy
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.engine.types import TQ2_KERNEL, EngineOptions, Message, Request, SamplingParams
from tern.open_engine import open_engine


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("of_bitnet") / "tiny.gguf"
    write_synthetic(path, SHAPES["tiny"], seed=3)
    return path


def test_every_ternary_weight_is_the_same_and_the_head_is_rounded(tiny: Path) -> None:
    copy = tq2_copy.of_bitnet(tiny, paths.cache_dir())
    with GGUFFile.open(tiny) as source, GGUFFile.open(copy) as made:
        head = recode.head_of(source)
        recode.compare(source, made, but=head)  # unpacks and compares all others
        assert made.tensors[head].type is TensorType.Q6_K
        kinds = {info.type for name, info in made.tensors.items() if name != head}
        assert TensorType.I2_S not in kinds
        assert TensorType.TQ2_0 in kinds
    stamp = copy.stat().st_mtime_ns
    assert tq2_copy.of_bitnet(tiny, paths.cache_dir()) == copy
    assert copy.stat().st_mtime_ns == stamp
    assert tq2_copy.of_bitnet(copy, paths.cache_dir()) == copy  # which they can read


def test_what_ends_it_leaves_nothing_half_done(tiny: Path) -> None:
    def stop(fraction: float) -> None:
        if fraction > 0.6:  # while it is compared
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tq2_copy.of_bitnet(tiny, paths.cache_dir(), stop)
    assert not list(paths.cache_dir().rglob("*.gguf*"))


def test_it_answers_under_its_own_name_and_says_whose_kernels_those_are(tiny: Path) -> None:
    request = Request((Message("user", "Hi"),), SamplingParams(temperature=0), 4)
    told: list[float] = []
    for kernels in ("tern", "llama.cpp"):
        options = EngineOptions(kernels=kernels, threads=1)  # type: ignore[arg-type]
        engine = open_engine(tiny, options, told.append)
        try:
            assert engine.info.path == tiny
            assert (engine.info.kernel == TQ2_KERNEL) == (kernels == "llama.cpp")
            assert engine.info.gpu_layers == 0
            assert list(engine.generate(request))[-1].stats.tokens == 4
        finally:
            engine.close()
    assert told.count(1.0) == 2
