"""A local hub with one random file, and everything Tern writes kept inside the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tern.library import hub_token
from tern.library.hub_client import RemoteFile, find_file
from tern.library.hub_find import target_of
from tern.library.hub_model import ModelDownload
from tern.library.hub_progress import DownloadProgress
from tern.library.network import NetworkOptions
from tools.local_hub import LocalHub

REPO, FILE = "owner/model-gguf", "model.gguf"
SIZE, BLOCK = 3_000_001, 64 << 10


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring of the person who runs the tests is not asked."""
    monkeypatch.setattr(hub_token, "_known", [None])


@pytest.fixture(scope="session")
def content() -> bytes:
    return np.random.default_rng(5).bytes(SIZE)


@pytest.fixture
def served(tmp_path: Path, content: bytes) -> Path:
    """The file as the hub has it."""
    path = tmp_path / "hub" / REPO / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    (path.parent / "README.md").write_text("A model.\n")
    return path


@pytest.fixture
def hub(tmp_path: Path, served: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def options(hub: LocalHub) -> NetworkOptions:
    return NetworkOptions(endpoint=hub.url, backoff_s=0.01, stall_s=5, tries=4)


Start = Callable[..., ModelDownload]


@pytest.fixture
def start(options: NetworkOptions) -> Start:
    """A download of the file, ready to :meth:`run`."""

    def make(
        options: NetworkOptions = options,
        on_progress: Callable[[DownloadProgress], None] = lambda progress: None,
        remote: RemoteFile | None = None,
        patient: bool = False,
    ) -> ModelDownload:
        remote = remote or find_file(options, REPO, FILE)
        return ModelDownload(
            remote, target_of(remote), options, on_progress, "model", "A model", BLOCK, patient=patient
        )

    return make


@pytest.fixture
def target(data_dir: Path) -> Path:
    return data_dir / "data" / "models" / "owner--model-gguf" / FILE
