"""One library for the kernel tests, and every instruction set this machine can run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_harness import open_kernels

from tern.engine.kernels import loader


@pytest.fixture(scope="session")
def kernels() -> loader.Kernels:
    return open_kernels()


@pytest.fixture
def selected(kernels: loader.Kernels, isa: str) -> Iterator[loader.Kernels]:
    """The library with the instruction set of the parameter `isa` active."""
    best = kernels.name
    kernels.select(isa)
    yield kernels
    kernels.select(best)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "isa" in metafunc.fixturenames:
        metafunc.parametrize("isa", open_kernels().available)
