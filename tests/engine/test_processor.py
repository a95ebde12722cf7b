"""A bundle's libraries are built for AVX2: a processor without it gets a sentence, not an illegal instruction."""

from __future__ import annotations

import platform
import sys
from dataclasses import replace

import pytest

from tern.engine import ggml
from tern.engine.kernels import loader
from tern.errors import UserError

LOADED = loader.load()


@pytest.mark.parametrize("machine", ["x86_64", "AMD64"])
def test_a_bundle_says_what_the_processor_lacks(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(loader, "load", lambda: replace(LOADED, available=("scalar",)))
    ggml.library("ggml-base")  # built on this computer, for it
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(UserError, match="needs a processor with AVX2"):
        ggml.library("ggml-base")
    monkeypatch.setattr(loader, "load", lambda: replace(LOADED, available=("avx2", "scalar")))
    ggml.library("ggml-base")


def test_an_arm_processor_is_not_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(loader, "load", lambda: replace(LOADED, available=("scalar",)))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    ggml.library("ggml-base")
