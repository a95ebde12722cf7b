"""Small random models in the official format, made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tern.engine.bitnet_engine import BitnetEngine
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.types import EngineOptions
from tern.open_engine import open_engine


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    write_synthetic(path, SHAPES["tiny"], seed=3)
    return path


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small.gguf"
    write_synthetic(path, SHAPES["small"], seed=4)
    return path


@pytest.fixture
def tiny(tiny_model: Path) -> Iterator[BitnetEngine]:
    engine = open_engine(tiny_model, EngineOptions(threads=1, kv_type="f32"))
    yield engine
    engine.close()


@pytest.fixture
def small(small_model: Path) -> Iterator[BitnetEngine]:
    engine = open_engine(small_model, EngineOptions(threads=1, kv_type="f32"))
    yield engine
    engine.close()
