"""Threads, context and memory have bounds that the machine and the file set, wherever the numbers come from."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.foreign import write_foreign
from tern.engine import bitnet_model
from tern.engine.gguf.values import TooLittleMemoryError
from tern.engine.memory_need import ContextSizeError
from tern.engine.threads import allowed, performance_cores
from tern.engine.types import EngineOptions, Message, Request, SamplingParams
from tern.engine.worker import EngineWorker
from tern.open_engine import open_any_engine, open_engine
from tern.settings import most_threads


def test_the_most_threads_are_the_machines() -> None:
    assert 1 <= performance_cores() <= most_threads() <= 512


def test_too_many_threads_become_the_most(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert allowed(1) == 1
        assert not caplog.records
        for count in (513, 32_000, 100_000):
            assert allowed(count) == most_threads()
    assert "100000 threads asked for" in caplog.text


@pytest.mark.parametrize("kind", ["tern", "llama.cpp"])
def test_an_engine_with_too_many_threads_answers(tiny_model: Path, tmp_path: Path, kind: str) -> None:
    path = tiny_model if kind == "tern" else write_foreign(tmp_path / "model.gguf")
    engine = open_any_engine(path, EngineOptions(threads=100_000))
    try:
        assert engine.info.threads == most_threads()
        assert list(engine.generate(Request([Message("user", "Hi")], SamplingParams(temperature=0.0), 2)))
    finally:
        engine.close()


@pytest.mark.parametrize("kind", ["tern", "llama.cpp"])
def test_a_context_that_no_model_has(tiny_model: Path, tmp_path: Path, kind: str) -> None:
    path = tiny_model if kind == "tern" else write_foreign(tmp_path / "model.gguf")
    for size in (1, 999_999_999):
        with pytest.raises(ContextSizeError, match="context can be 16 to"):
            open_any_engine(path, EngineOptions(context_size=size))


def test_memory_that_ends_while_tern_opens_a_model(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own refusals, whichever way Python tells them."""
    for error in (MemoryError(), OSError(12, "Cannot allocate memory")):

        def refuse(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(bitnet_model, "KVCache", refuse)
        with pytest.raises(TooLittleMemoryError, match=r"too little memory to open tiny\.gguf"):
            open_engine(tiny_model)
    monkeypatch.setattr(
        bitnet_model, "KVCache", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error"))
    )
    with pytest.raises(OSError, match="Input/output"):
        open_engine(tiny_model)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the address space")
def test_a_limit_on_the_memory_is_named(tmp_path: Path) -> None:
    """With as much address space as Tern has taken and no more, both engines name the memory."""
    from tern.engine.convert.synthetic import SyntheticShape, write_synthetic

    shape = SyntheticShape(
        n_embd=256, n_layers=2, n_ff=512, n_heads=4, n_kv_heads=2, n_vocab=512, context_size=1 << 20
    )
    write_synthetic(tmp_path / "own.gguf", shape)
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tern import paths\n"
        "from tern.open_engine import open_engine\n"
        "from tern.engine import ggml, libllama\n"
        "from tern.engine.types import EngineOptions\n"
        "paths.set_data_dir(sys.argv[2])\n"
        "libllama.load()\n"
        "held = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (held + (256 << 20),) * 2)\n"
        "open_engine(Path(sys.argv[1]), EngineOptions(threads=1))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "own.gguf"), str(tmp_path / "d")]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert "TooLittleMemoryError: " in said


def test_the_worker_has_room_for_deep_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads get half a megabyte on a Mac; llama.cpp's tokenizers need more. Other threads keep what they have."""
    before, sizes = threading.stack_size(), []
    start = threading.Thread.start

    def started(thread: threading.Thread) -> None:
        sizes.append(threading.stack_size())
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", started)
    EngineWorker(lambda event: None).close()
    assert sizes == [16 << 20]
    assert threading.stack_size() == before
