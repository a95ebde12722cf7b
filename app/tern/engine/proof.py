"""Whether this computer computes right answers: every instruction set against the scalar reference on random input,
and the guide's known answer. In a process of its own, for a processor may announce what it cannot do.

What came of it is remembered for this processor, this Tern and this guide. Only the kernels' test decides anything.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tern import __version__
from tern.atomic import replacing
from tern.engine.kernels import loader
from tern.errors import UserError
from tern.progress import OnProgress, ignore_progress

COMMAND = "prove-answers"  # of tern, hidden
FOLDER = "proved"  # in the cache
KNOWN = "known-answer.json"  # beside the guide
_LOOK_S, _LOOKS = 0.2, 3000
_WIDTHS = (512, 2560, 16384)  # columns, whole steps of every instruction set
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Proof:
    """``wrong``: instruction sets that did not equal the reference; ``answer``: whether the guide gave its known
    answer, None where it was not asked; ``trouble``: why the process told nothing."""

    when: str
    sets: tuple[str, ...]
    wrong: tuple[str, ...]
    answer: bool | None
    trouble: str = ""

    @property
    def right(self) -> bool:
        """Whether the kernels are."""
        return not self.wrong and not self.trouble


def kernels() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The instruction sets tried here, and those of them that differ from the scalar reference."""
    library, chance = loader.load(), np.random.default_rng(0)
    wrong = set()
    for _ in range(_ROUNDS):
        for n in _WIDTHS:
            codes = chance.integers(0, 3, (n // 4, 4), dtype=np.uint8)
            packed = np.bitwise_or.reduce(codes << np.array([6, 4, 2, 0], np.uint8), axis=1).astype(np.uint8)
            q = chance.integers(-128, 128, n, dtype=np.int8)
            found = {
                name: library.library.tern_dot_i2s(name.encode(), packed.ctypes.data, q.ctypes.data, n)
                for name in library.available
            }
            wrong |= {name for name, value in found.items() if value != found["scalar"]}
    return library.available, tuple(sorted(wrong))


def remembered(guide: Path, cache: Path) -> Proof | None:
    """What was proved for this processor, Tern and guide; None when nothing was."""
    try:
        found = json.loads(_place(guide, cache).read_bytes())
        return Proof(**{**found, "sets": tuple(found["sets"]), "wrong": tuple(found["wrong"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def prove(command: Sequence[str], guide: Path, cache: Path, progress: OnProgress = ignore_progress) -> Proof:
    """Have a process that ``command`` starts try it, and remember what came of it. What ``progress`` raises ends it."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        code, said = _run(command, progress)
        found = json.loads(said) if code == 0 else {}
        trouble = "" if found else f"the process that tried it ended with {code}"
    except (OSError, ValueError, TimeoutError) as error:
        found, trouble = {}, f"the process that tried it told nothing ({type(error).__name__})"
    proof = Proof(
        when, tuple(found.get("sets", ())), tuple(found.get("wrong", ())), found.get("answer"), trouble
    )
    if not trouble:  # else it is tried again the next time
        place = _place(guide, cache)
        with suppress(OSError):
            place.parent.mkdir(exist_ok=True)
            with replacing(place) as file:
                file.write(json.dumps(asdict(proof)).encode())
    return proof


def _run(command: Sequence[str], progress: OnProgress) -> tuple[int, bytes]:
    """The exit code of a process and what it printed; it never outlives this call."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(_LOOKS):
                try:
                    said, _none = process.communicate(timeout=_LOOK_S)
                    return process.returncode, said
                except subprocess.TimeoutExpired:
                    progress(0.5)
            raise TimeoutError
        finally:
            process.kill()


def obey(proof: Proof) -> str:
    """Compute with the scalar kernels from now on where others are wrong; what to say of that, or nothing. Raises
    UserError where not even they can be trusted."""
    if proof.trouble or not proof.wrong:
        return ""
    if loader.forced() in proof.wrong:
        raise UserError(
            "TERN_KERNEL={name} computes wrong answers on this computer. Unset it.", name=loader.forced()
        )
    loader.load().select("scalar")
    return ", ".join(proof.wrong)


def _place(guide: Path, cache: Path) -> Path:
    library = loader.load()
    identity = [
        __version__,
        loader.library_path().stat().st_size,
        list(library.available),
        guide.stat().st_size,
    ]
    key = hashlib.sha256(json.dumps([*identity, _processor()]).encode()).hexdigest()[:24]
    return cache / FOLDER / f"{key}.json"


def _processor() -> str:
    """What tells one processor from another, as the system names it; cheap."""
    with suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("model name", "CPU part")):
                return line
    import platform

    return platform.processor()
