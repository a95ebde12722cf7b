"""A model in several files, as llama.cpp splits it, answers as the whole one does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tern.engine.convert import recode
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.gguf.reader import GGUFFile, TensorType, ValueType
from tern.engine.gguf.writer import GGUFWriter
from tern.engine.llama_engine import GenericEngine
from tern.engine.types import EngineOptions, Message, Request, SamplingParams
from tern.errors import UserError
from tern.library.shards import shards

COUNT = 3


def split(model: Path) -> list[Path]:
    """The model in files as llama.cpp's gguf-split makes them: the metadata in the first, tensors in each."""
    paths = [model.with_name(name) for name in shards(f"split-00001-of-{COUNT:05}.gguf")]
    with GGUFFile.open(model) as source:
        names = list(source.tensors)
        for number, path in enumerate(paths):
            writer = GGUFWriter(path)
            for key in source.metadata if number == 0 else ():
                writer.add_raw(key, *source.metadata.raw(key))
            writer.add("split.no", number, ValueType.UINT16)
            writer.add("split.count", COUNT, ValueType.UINT16)
            writer.add("split.tensors.count", len(names), ValueType.INT32)
            for name in names[number::COUNT]:
                info = source.tensors[name]
                writer.add_tensor(name, info.shape, TensorType(info.type), source.data(name).copy())
            writer.write()
    return paths


def answer(path: Path) -> str:
    engine = GenericEngine(path, EngineOptions(kv_type="f32"), threads=1, trusted=True)
    try:
        request = Request([Message("user", "Hi there")], SamplingParams(temperature=0.0), 8)
        return "".join(chunk.text for chunk in engine.generate(request))
    finally:
        engine.close()


def test_the_first_of_several_files_opens_them_all(tmp_path: Path) -> None:
    write_synthetic(tmp_path / "tiny.gguf", SHAPES["tiny"])
    whole = tmp_path / "whole.gguf"
    with GGUFFile.open(tmp_path / "tiny.gguf") as source:
        recode.write_recoded(source, whole, "tq2_0", for_llama_cpp=True)
    paths = split(whole)
    assert answer(paths[0]) == answer(whole)
    paths[1].unlink()
    with pytest.raises(UserError, match=r"llama\.cpp does not take split-00001-of-00003\.gguf"):
        answer(paths[0])


@pytest.mark.parametrize(
    "name", ["x.gguf", "x-00001-of-00000.gguf", "x-00001-of-99999.gguf", "x-1-of-2.gguf"]
)
def test_other_names_are_alone(name: str) -> None:
    assert shards(name) == [name]
