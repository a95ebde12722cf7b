"""Mutated models, exports and databases: each is read, or refused with a named error; none crashes or hangs. Not guided
by coverage.
"""

from __future__ import annotations

import json
import random
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.gguf.gguf_fuzz import mutate as mutate_gguf
from engine.gguf.gguf_fuzz import seeds as gguf_seeds
from engine.gguf.gguf_fuzz import use as use_gguf
from faults.harness import ROOT, Outcome, Row, check
from tern.chat import database_file
from tern.chat.export import ExportFormat, export
from tern.chat.importing import import_file
from tern.chat.store import Store
from tern.chat.types import State
from tern.errors import UserError

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="resource")]

EACH = 100  # mutations of a trial
EXPORTS = sorted((ROOT / "tests" / "data" / "exports").glob("*.json"))
_ODD: list[object] = [
    None,
    True,
    -1,
    10**400,
    1e308,
    "",
    "\ud800",
    "\0",
    [],
    {},
    [[[[]]]],
    "x" * 100_000,
    {"": None},
]


def _export_of_ours() -> bytes:
    store = Store.in_memory()
    number = store.create("One")
    store.add(number, [("user", "Hello 🌿", State.DONE), ("assistant", "Hi", State.CUT)], None)
    text = export(store, [number], ExportFormat.JSON)
    store.close()
    return text.encode()


def _bytes(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(max(1, len(found))), chance.choice([1, 2, 16, 200])
        match chance.randrange(4):
            case 0:
                found[at : at + length] = chance.randbytes(length)
            case 1:
                del found[at : at + length]
            case 2:
                found[at:at] = found[at : at + length] * chance.choice([1, 50])
            case 3:
                del found[at:]
    return bytes(found)


def _values(data: bytes, chance: random.Random) -> bytes:
    """A sound JSON file in which some values are others."""
    whole = json.loads(data)
    places: list[tuple[object, object]] = []

    def walk(value: object) -> None:
        pairs = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, each in pairs:
            places.append((value, key))
            walk(each)

    walk(whole)
    for holder, key in chance.sample(places, min(len(places), chance.randint(1, 4))):
        holder[key] = chance.choice([*_ODD, chance.choice(places)[1]])  # type: ignore[index]
    return json.dumps(whole).encode()


def trial(folder: Path, number: int) -> Outcome:
    chance, outcome = random.Random(number), Outcome()
    kind = ("export", "database", "model")[number % 3]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    {"export": _exports, "database": _databases, "model": _models}[kind](folder, chance, outcome)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    if grown > 500:
        outcome.problems.append(f"{kind}: memory grew by {grown} MB")
    return outcome


def _tried(outcome: Outcome, kind: str, n: int, act: Callable[[], object]) -> None:
    try:
        with outcome.timed(f"slowest {kind}"):
            act()
        outcome.count(f"{kind}s read")
    except UserError:
        outcome.count(f"{kind}s refused")
    except Exception as error:
        outcome.problems.append(f"{kind}, mutation {n}: {type(error).__name__}: {error}"[:500])


def _exports(folder: Path, chance: random.Random, outcome: Outcome) -> None:
    seeds = [_export_of_ours(), *(path.read_bytes() for path in EXPORTS)]
    path = folder / "conversations.json"
    store = Store.in_memory()
    for n in range(EACH):
        path.write_bytes(chance.choice([_bytes, _values])(chance.choice(seeds), chance))
        _tried(outcome, "export", n, lambda: import_file(store, path))
    for one in store.summaries():
        _tried(outcome, "imported chat", 0, lambda: store.entries(one.id))  # noqa: B023
    store.close()


def _databases(folder: Path, chance: random.Random, outcome: Outcome) -> None:
    olds = sorted((ROOT / "tests" / "data" / "old_databases").glob("v*.db"))
    for n in range(EACH // 4):
        data = folder / str(n)
        data.mkdir()
        (data / database_file.FILE_NAME).write_bytes(_bytes(chance.choice(olds).read_bytes(), chance))

        def use() -> None:
            store = Store.open(data)  # noqa: B023
            try:
                for one in store.summaries():
                    store.entries(one.id)
                store.search("antarctic")
                store.create("It goes on")
            finally:
                store.close()

        _tried(outcome, "database", n, use)


def _models(folder: Path, chance: random.Random, outcome: Outcome) -> None:
    numbers = np.random.default_rng(chance.randrange(1 << 30))
    starts, target = gguf_seeds(folder), folder / "mutated.gguf"
    for n in range(EACH):
        target.write_bytes(mutate_gguf(*starts[n % len(starts)], numbers))
        _tried(outcome, "model", n, lambda: use_gguf(target, folder))


ROW = Row(
    "mutations",
    "mutated GGUF, export files, databases",
    "read, or a named error; memory bounded; no crash",
    700,
    trial,
)


def test_mutations_are_read_or_refused_by_name(tmp_path: Path) -> None:
    counted = check(ROW, tmp_path, range(3))
    assert counted["exports read"] > 10
    assert counted["databases read"] > 5
    assert counted["models refused"] > 10
