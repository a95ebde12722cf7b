"""Another program's benchmark in turns with Tern's: any that takes the options of llama-bench and prints its JSON, as
llama.cpp's own and ik_llama.cpp's do."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tern.errors import UserError
from tern.metrics.benchmark import Bench, Measurable, Plan, RepeatedRate, Versus
from tern.progress import OnProgress, ignore_progress

_NO_WORD = "it says nothing of why"


@dataclass(frozen=True, slots=True)
class PeerRun:
    """Tokens a second of one start of the program; ``build`` and ``model`` as it names them."""

    prefill: float
    decode: float
    build: str
    model: str


def find(program: Path, model: Path | None) -> Path:
    """Where ``program`` is, by its path or, as in a shell, by its name.

    Raises UserError where there is no such program, or no file ``model``: said before minutes of measuring.
    """
    place = shutil.which(str(program))
    if place is None:
        raise _not_started(program, "there is no such program, or it may not be run")
    if model is not None and not model.is_file():
        raise UserError("There is no file {file} for {program} to measure.", file=model, program=program)
    return Path(place).absolute()


def _not_started(program: Path, reason: str) -> UserError:
    return UserError(
        "{program} cannot be started ({reason}). --peer takes the path of a benchmark program: llama-bench of "
        "llama.cpp, or one with its options.",
        program=program,
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class Peer:
    """The benchmark ``program`` with the file ``model``, on ``threads`` threads."""

    program: Path
    model: Path
    threads: int

    def run(self, prompt: int, tokens: int) -> PeerRun:
        """Have it read ``prompt`` tokens and write ``tokens``, once each; it warms up by itself.

        Raises UserError where it cannot be started, fails, or prints something else.
        """
        options = f"-p {prompt} -n {tokens} -t {self.threads} -r 1 -o json".split()
        try:
            done = subprocess.run(
                [str(self.program), "-m", str(self.model), *options],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise _not_started(self.program, error.strerror or str(error)) from error
        if done.returncode != 0:
            said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            raise UserError(
                "{program} failed with exit code {code}: {reason}\n"
                "If it cannot open that file, give it one that it can: --peer-model FILE.",
                program=self.program,
                code=done.returncode,
                reason=said[-1] if said else _NO_WORD,
            )
        try:
            found = json.loads(done.stdout[done.stdout.index("[") :])
            (read,) = (each for each in found if each["n_prompt"] == prompt and not each["n_gen"])
            (written,) = (each for each in found if each["n_gen"] == tokens and not each["n_prompt"])
            return PeerRun(
                prefill=_rate(read),
                decode=_rate(written),
                build=str(read.get("build_commit", "")),
                model=str(read.get("model_type", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                "What {program} printed is not the JSON that llama-bench prints with -o json, so there is nothing to "
                "compare with.",
                program=self.program,
            ) from error


def _rate(test: dict[str, object]) -> float:
    rate = float(str(test["avg_ts"]))
    if not rate > 0:
        raise ValueError(rate)
    return rate


@dataclass(frozen=True, slots=True)
class PeerComparison:
    """Tern and the peer, pair by pair."""

    prefill: Versus
    decode: Versus
    build: str
    model: str


def compare(
    engine: Measurable, peer: Peer, n_vocab: int, plan: Plan, progress: OnProgress = ignore_progress
) -> PeerComparison:
    """``plan.prompts[0]`` tokens read and ``plan.tokens`` written at an empty context, in turns: Tern, the
    peer, Tern, ...

    ``plan.repeats`` pairs, after one that does not count.
    """
    prompt, pairs = plan.prompts[0], plan.repeats + 1
    bench = Bench(n_vocab, plan, 1.0, ignore_progress)
    ours: list[tuple[float, float]] = []
    theirs: list[PeerRun] = []
    for done in range(pairs):
        ours.append((bench.prefill_rate(engine, prompt), bench.decode_rate(engine, 0)))
        progress((2 * done + 1) / (2 * pairs))
        theirs.append(peer.run(prompt, plan.tokens))
        progress((done + 1) / pairs)
    return PeerComparison(
        prefill=Versus(_rates(each[0] for each in ours[1:]), _rates(each.prefill for each in theirs[1:])),
        decode=Versus(_rates(each[1] for each in ours[1:]), _rates(each.decode for each in theirs[1:])),
        build=theirs[0].build,
        model=theirs[0].model,
    )


def _rates(values: Iterable[float]) -> RepeatedRate:
    return RepeatedRate(tuple(values))
