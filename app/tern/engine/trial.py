"""Opens a model in a process of its own first: whatever libllama's asserts end there ends nothing here.

The process opens the file, writes a short conversation for it and computes a few words. What came of it is
remembered for this file and this llama.cpp, so it costs once. Used for models that libllama computes; Tern's own
reader has checked the others.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tern import __version__, derived_files
from tern.atomic import replacing
from tern.engine.chat_template import UntrustedTemplateError
from tern.engine.ggml import LLAMA_CPP_PYTHON_VERSION
from tern.engine.gguf.values import shown
from tern.engine.types import EngineOptions, KVType, Message, Request, SamplingParams
from tern.errors import UserError, packed, unpacked

COMMAND = "try-model"  # of tern, hidden
FOLDER = "tried"  # in the cache
_PATIENCE_S = 120.0
_SLOWEST = 10e6  # bytes a second that a disk reads
_CONTEXT = 256
_TOKENS = 4
_KILLED = {-9}  # by the system, for memory, or by a person: nothing that the file could help


class DiedError(UserError):
    """llama.cpp ended its process while it tried the model."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: ``opened`` is the file that libllama opens in place of ``path``."""

    path: Path
    opened: Path
    kv_type: KVType
    trusted: bool


def pass_once(trial: Trial, cache: Path, data_dir: Path | None) -> None:
    """Return when libllama can run the model, from memory or by a new trial; else raise UserError that says why.

    ``data_dir``: what this Tern was told to keep its folders in, for the process.
    """
    place = cache / FOLDER / f"{_key(trial)}.json"
    found = _remembered(place)
    if found is None:
        error = _run(trial, data_dir)
        found = error.sentence if error else ""
        _remember(place, found)
    if found:
        raise DiedError("{problem}", problem=found)


def _run(trial: Trial, data_dir: Path | None) -> DiedError | None:
    """None where the model runs, else what to say of it whenever it is opened. Raises UserError for what may be
    otherwise the next time."""
    command = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "tern"]
    folder = [] if data_dir is None else ["--data-dir", str(data_dir)]
    name = shown(trial.path.name)
    process = subprocess.Popen(
        [*command, COMMAND, *folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    assert process.stdin is not None
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(_packed(trial) + b"\n")
            process.stdin.flush()
        patience = _PATIENCE_S + trial.opened.stat().st_size / _SLOWEST
        code = process.wait(patience)
    except subprocess.TimeoutExpired:
        raise UserError(
            "llama.cpp did not finish trying {name} in {patience:,.0f} seconds. Try again when the computer is less "
            "busy, or choose another model.",
            name=name,
            patience=patience,
        ) from None
    finally:
        process.kill()
        answer = process.communicate()[0]
    try:
        answered = json.loads(answer)
        said, untrusted = unpacked(answered["error"]), answered["untrusted"]
    except (ValueError, KeyError, TypeError):
        said, untrusted = "", False
        if code == 0:
            code = 1
    if said and untrusted:
        raise UntrustedTemplateError("{problem}", problem=said)
    if said:
        raise UserError("{problem}", problem=said)
    if code in _KILLED:
        raise UserError(
            "The system ended llama.cpp while it tried {name}, as it does when memory runs short. Close other "
            "programs and try again, or choose a smaller model.",
            name=name,
        )
    if code != 0:
        return DiedError(
            "llama.cpp crashes on {name} ({code}), so Tern does not open it. It was tried in a separate "
            "process, and nothing was lost. Choose another file of this model, or another model.",
            name=name,
            code=_named(code),
        )
    return None


def answer_trial() -> int:
    """What the process does: read a trial from stdin, and say on stdout how it went. Ends with whoever started it."""
    _end_quietly()
    trial = _unpacked(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    from tern.engine.llama_engine import GenericEngine

    error, untrusted = "", False
    try:
        options = EngineOptions(kv_type=trial.kv_type)
        engine = GenericEngine(trial.path, options, 1, trial.trusted, trial.opened, context_limit=_CONTEXT)
        messages = [Message("user", "Hi!\n\n1 + 1 = 2,\tisn't it?  Größe 天 🐦 \r\nx")]
        for _ in engine.generate(Request(messages, SamplingParams(temperature=0.0), _TOKENS)):
            pass
        engine.close()
    except UserError as failure:
        error, untrusted = packed(failure.sentence), isinstance(failure, UntrustedTemplateError)
    sys.stdout.write(json.dumps({"error": error, "untrusted": untrusted}))
    sys.stdout.flush()
    return 0


def _end_quietly() -> None:
    """No core file and no window that reports a crash."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)  # FAILCRITICALERRORS, NOGPFAULTERRORBOX
    else:
        import resource

        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_parent() -> None:
    os.read(0, 1)  # not sys.stdin, whose lock Python wants when it ends
    os._exit(1)


def _packed(trial: Trial) -> bytes:
    values: dict[str, Any] = {**asdict(trial), "path": str(trial.path), "opened": str(trial.opened)}
    return json.dumps(values).encode()  # ASCII: it keeps what in a path is no UTF-8


def _unpacked(line: bytes) -> Trial:
    values = json.loads(line)
    return Trial(**{**values, "path": Path(values["path"]), "opened": Path(values["opened"])})


def _key(trial: Trial) -> str:
    identity = {
        "file": derived_files.source_of(trial.opened),
        "kv": trial.kv_type,
        "trusted": trial.trusted,
        "versions": [__version__, LLAMA_CPP_PYTHON_VERSION],
    }
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]


def _remembered(place: Path) -> str | None:
    try:
        found = json.loads(place.read_bytes())["died"]
        return unpacked(found) if isinstance(found, str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(place: Path, found: str) -> None:
    with suppress(OSError):  # it is tried again the next time
        place.parent.mkdir(exist_ok=True)
        with replacing(place) as file:
            file.write(json.dumps({"died": packed(found)}).encode())


def _named(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"code {code}"
