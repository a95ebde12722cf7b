"""Chats with the guide until it is killed with SIGKILL, and looks at what is left. A command and a test's tool:
``python tests/tools/kill.py --times 200`` kills so often at random moments.

The child says on its output what it has been promised: each question once it is kept, the length of the reply after
each piece. The parent holds the file to that: integrity_check is ok, no question is missing, and of a reply nothing
older than a checkpoint and the time of one write is lost.
"""

from __future__ import annotations

# ruff: noqa: E402 (the path must be set before the imports)
import argparse
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "app")]

from tern import paths
from tern.chat.session import CHECKPOINT_S, Session
from tern.chat.store import Store
from tern.chat.types import State
from tern.engine.types import EngineOptions, SamplingParams
from tern.open_engine import open_engine

QUESTIONS = ("What are you?", "Tell me a short story", "Why is ternary fast?", "Write a haiku about the sea")
PACE_S = 0.03  # a token: on a fast computer the guide would be done before the killer comes
WRITE_S = 0.5  # that a checkpoint may take on a busy disk


def speak(folder: Path, seed: int) -> None:
    """Chat without end, keeping everything in ``folder``."""
    chance = random.Random(seed)
    store = Store.open(folder)
    engine = open_engine(paths.guide_model(), EngineOptions(threads=1))
    print("ready", flush=True)
    session = Session(store)
    while True:
        if chance.random() < 0.3:
            session = Session(store)
        session.ask(f"{chance.choice(QUESTIONS)} {chance.random()}")
        print(f"asked {session.path[-2].id} {session.path[-2].content}", flush=True)
        length = 0
        for chunk in engine.generate(session.request("", SamplingParams(), 120)):
            session.append(chunk.text, chunk.stats)
            length += len(chunk.text)
            print(f"grew {session.path[-1].id} {length} {time.monotonic()}", flush=True)
            time.sleep(PACE_S)


@dataclass
class Promised:
    """What the child said before it died."""

    questions: dict[int, str] = field(default_factory=dict)
    growth: dict[int, list[tuple[float, int]]] = field(default_factory=dict)

    def hear(self, line: str) -> None:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "asked":
            number, _, text = rest.partition(" ")
            self.questions[int(number)] = text
        elif word == "grew" and len(rest.split()) == 3:
            reply, length, when = rest.split()
            self.growth.setdefault(int(reply), []).append((float(when), int(length)))


def kill_once(folder: Path, seed: int) -> tuple[Promised, float]:
    """Let a child chat in ``folder``, and kill it at a random moment; returns what it said and when it died."""
    chance = random.Random(seed)
    command = [sys.executable, __file__, "--speak", str(folder), "--seed", str(seed)]
    promised = Promised()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        ready = child.stdout.readline()
        assert ready == "ready\n", child.stderr.read()
        time.sleep(chance.uniform(0.05, 3.0))
        child.kill()
        died = time.monotonic()
        for line in child.stdout.read().splitlines(keepends=True):
            if line.endswith("\n"):
                promised.hear(line)
    return promised, died


def lost(folder: Path, promised: Promised, died: float) -> list[str]:
    """What the file fails to hold of what was promised; empty when all is well."""
    store = Store.open(folder)
    problems = [store.warning] if store.warning else []
    check = store._db.execute("PRAGMA integrity_check").fetchone()[0]
    if check != "ok":
        problems.append(f"integrity_check: {check}")
    entries = {entry.id: entry for summary in store.summaries() for entry in store.entries(summary.id)}
    for number, text in promised.questions.items():
        if number not in entries or entries[number].content != text:
            problems.append(f"question {number} is missing")
    for number, growth in promised.growth.items():
        safe = max((length for when, length in growth if when < died - CHECKPOINT_S - WRITE_S), default=0)
        kept = entries.get(number)
        if kept is None or len(kept.content) < safe:
            problems.append(
                f"reply {number}: {len(kept.content) if kept else None} of at least {safe} characters"
            )
    if any(entry.state is State.STREAMING for entry in entries.values()):
        problems.append("a reply still counts as being written")
    store.close()
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speak", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.speak:
        paths.set_data_dir(args.speak)
        speak(args.speak, args.seed)
    with tempfile.TemporaryDirectory(prefix="tern-kill-") as name:
        folder = Path(name)
        bad = questions = cut = 0
        for number in range(args.times):
            promised, died = kill_once(folder, args.seed + number)
            problems = lost(folder, promised, died)
            bad += bool(problems)
            questions += len(promised.questions)
            for problem in problems:
                print(f"kill {args.seed + number}: {problem}", flush=True)
        store = Store.open(folder)
        entries = [entry for summary in store.summaries() for entry in store.entries(summary.id)]
        cut = sum(entry.state is State.CUT for entry in entries)
        print(
            f"{args.times} kills, {bad} with a loss; {questions} questions, {len(entries)} messages, {cut} cut off"
        )
        store.close()
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
