"""Models that end libllama's process: tried in one of their own, once, and named in a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.foreign import write_foreign
from patience import HANG_S
from tern import paths
from tern.engine import trial
from tern.engine.trial import DiedError, Trial
from tern.engine.types import EngineOptions
from tern.errors import UserError
from tern.open_engine import open_any_engine

pytestmark = pytest.mark.slow

ENDING = {  # what libllama's asserts and uncaught exceptions do not take, and a header may well say
    "too many layers": {"llama.block_count": 600},
    "a rope scaling that is none": {"llama.rope.scaling.type": "nonsense"},
    "another tokenizer's vocabulary": {"tokenizer.ggml.model": "llama"},
}
ENDLESS = "".join(f"{{% for {name} in range(99999) %}}" for name in "abcd") + "{% endfor %}" * 4
OPTIONS = EngineOptions(threads=1)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The processes that are started."""
    found: list[object] = []
    real = subprocess.Popen

    def popen(*args: object, **named: object) -> object:
        found.append(args)
        return real(*args, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", popen)
    return found


@pytest.mark.parametrize("name", ENDING)
def test_what_ends_libllama_becomes_a_sentence(tmp_path: Path, started: list[object], name: str) -> None:
    path = write_foreign(tmp_path / "model.gguf", change=ENDING[name])
    for _ in range(2):
        with pytest.raises(DiedError, match=r"llama\.cpp crashes on model\.gguf"):
            open_any_engine(path, OPTIONS)
    assert len(started) == 1, "it is remembered"


def test_nothing_of_it_reaches_the_terminal(tmp_path: Path) -> None:
    path = write_foreign(tmp_path / "model.gguf", change=ENDING["too many layers"])
    command = [
        sys.executable,
        "-m",
        "tern",
        "ask",
        "--data-dir",
        str(tmp_path / "d"),
        "--model",
        str(path),
        "Hi",
    ]
    found = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.startswith("tern: llama.cpp crashes on model.gguf")
    assert found.stderr.count("\n") == 1
    assert not list(Path.cwd().glob("core*"))


def test_a_model_that_runs_is_tried_once(tmp_path: Path, started: list[object]) -> None:
    path = write_foreign(tmp_path / "model.gguf")
    for expected in (1, 1):
        open_any_engine(path, OPTIONS).close()
        assert len(started) == expected
    write_foreign(path, seed=1)  # another file in its place
    open_any_engine(path, OPTIONS).close()
    assert len(started) == 2


def test_tern_s_own_models_are_not_tried(tiny_model: Path, started: list[object]) -> None:
    open_any_engine(tiny_model, OPTIONS).close()
    assert not started


def test_what_may_pass_is_not_remembered(tmp_path: Path, started: list[object]) -> None:
    """A refusal that llama.cpp gives a reason for is asked for anew: another Tern, more memory, a mended file."""
    path = write_foreign(tmp_path / "model.gguf", change={"llama.attention.head_count_kv": 3})
    for expected in (1, 2):
        with pytest.raises(UserError, match=r"llama\.cpp does not take model\.gguf"):
            open_any_engine(path, OPTIONS)
        assert len(started) == expected


def test_a_model_that_comes_to_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trusted template may loop for ever: the process that tries it is ended, and nothing is remembered."""
    path = write_foreign(tmp_path / "model.gguf", template=ENDLESS)
    monkeypatch.setattr(trial, "_PATIENCE_S", 8.0)
    with pytest.raises(UserError, match="did not finish"):
        open_any_engine(path, OPTIONS, trusted=True)
    assert not list((paths.cache_dir() / trial.FOLDER).glob("*.json"))


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    path = write_foreign(tmp_path / "model.gguf", template=ENDLESS)
    command = [sys.executable, "-m", "tern", trial.COMMAND]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(trial._packed(Trial(path, path, "f16", True)) + b"\n")
        process.stdin.close()
        assert process.wait(250) == 1


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_process_that_the_system_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where memory is short: said so, and tried again the next time."""
    path = write_foreign(tmp_path / "model.gguf")
    real = subprocess.Popen

    def popen(command: list[str], **named: object) -> object:
        return real([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], **named)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(UserError, match="memory runs short"):
        open_any_engine(path, OPTIONS)
    monkeypatch.setattr(subprocess, "Popen", real)
    open_any_engine(path, OPTIONS).close()


def test_no_process_is_left(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children()}
    path = write_foreign(tmp_path / "model.gguf", change=ENDING["too many layers"])
    with pytest.raises(DiedError):
        open_any_engine(path, OPTIONS)
    children = [child for child in psutil.Process().children() if child.pid not in before]
    _, alive = psutil.wait_procs(children, timeout=HANG_S)
    assert not alive


def test_a_damaged_memory_of_it_is_passed_over(tmp_path: Path, started: list[object]) -> None:
    path = write_foreign(tmp_path / "model.gguf")
    open_any_engine(path, OPTIONS).close()
    (remembered,) = (paths.cache_dir() / trial.FOLDER).glob("*.json")
    for content in (b"", b"{", json.dumps({"died": 3}).encode(), b"[]"):
        started.clear()
        remembered.write_bytes(content)
        open_any_engine(path, OPTIONS).close()
        assert len(started) == 1
