"""How ten thousand conversations feel. A command, not a test: ``python tests/tools/measure_store.py``.

Writes 10,000 conversations of 20 messages and times what the window does with them. Aims: search under 50 ms, open
under 100 ms.
"""

from __future__ import annotations

# ruff: noqa: E402 (the path must be set before the imports)
import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "app")]

from tern.chat import database_file
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Entry, Role


def fill(store: Store, conversations: int, messages: int) -> None:
    """Conversations of words whose frequency falls off as in a language (Zipf), two years of them."""
    chance = random.Random(1)
    letters = "aeiounrtsldm"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(20_000)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    stream = iter(chance.choices(words, weights, k=conversations * messages * 40 + conversations * 5))
    roles: tuple[Role, Role] = ("user", "assistant")
    now = time.time()
    with store.together():
        for number in range(conversations):
            created = now - number * 6000.0
            conversation = store.create(" ".join(next(stream) for _ in range(5)), created=created)
            entries = [
                Entry(
                    i + 1, i or None, roles[i % 2], " ".join(next(stream) for _ in range(40)), created=created
                )
                for i in range(messages)
            ]
            if number == conversations // 2:
                entries[3].content += " kittiwake"
            store.import_entries(conversation, entries, messages)


def timed(name: str, act: Callable[[], object], times: int = 5) -> None:
    """Print the median and the worst of ``times``."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - started))
    took.sort()
    print(f"{name:>32}: {took[len(took) // 2]:8.1f} ms, worst {took[-1]:8.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tern-store-") as name:
        folder = Path(name)
        store = Store.open(folder)
        fill(store, args.conversations, args.messages)
        store.close()
        path = folder / database_file.FILE_NAME
        print(f"{path.stat().st_size / 1e6:,.0f} MB")
        timed("start: open, check", lambda: Store.open(folder).close(), 3)
        store = Store.open(folder)
        summaries = store.summaries()
        timed("list all", store.summaries)
        middle = summaries[len(summaries) // 2].id
        timed("open one", lambda: Session(store, middle))
        common = store._db.execute(
            "SELECT term FROM message_vocabulary ORDER BY cnt DESC LIMIT 1"
        ).fetchone()[0]
        for query in ("kittiwake", common, "a", "ra", f"{common} kittiwake", "kitiwake", "kittiwakexx"):
            timed(
                f"search {query!r} ({len(store.search(query))} hits)", lambda query=query: store.search(query)
            )
        timed("add a question", lambda: Session(store, middle).ask("One more?"), 3)
        timed("backup", lambda: database_file.back_up(path), 1)
        store.close()


if __name__ == "__main__":
    main()
