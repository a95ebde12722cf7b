"""Greedy text of a large model with every optimization, and with each one taken away: a command, too long for a test.

    python tests/tools/check_full_size.py MODEL.gguf [--tokens 64] [--prompts 10] [--threads N]

Prints a line a variant and exits with 1 if any text differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from tern.engine.kernels import loader as kernels
from tern.engine.types import EngineOptions, Message, Request, SamplingParams
from tern.open_engine import open_engine

QUESTIONS = (
    "What are you?",
    "Tell me a story about a bird.",
    "List three colours.",
    "Why is the sky blue?",
    "What is 17 + 25?",
    "Write a haiku.",
    "Explain memory bandwidth.",
    "How do I cook rice?",
    "Say hello in four languages.",
    "What comes after Tuesday?",
)


@contextmanager
def plain() -> Iterator[None]:
    """No columns, no coarse head: rows straight from the file."""
    with mock.patch("tern.engine.bitnet_model.prepare", return_value=None):
        yield


@contextmanager
def instruction_set(name: str) -> Iterator[None]:
    library = kernels.load()
    before = library.name
    library.select(name)
    try:
        yield
    finally:
        library.select(before)


@contextmanager
def nothing() -> Iterator[None]:
    yield


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--prompts", type=int, default=10)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()

    def texts(options: EngineOptions) -> list[str]:
        engine = open_engine(args.model, options)
        try:
            replies = []
            for question in QUESTIONS[: args.prompts]:
                engine.reset()
                request = Request([Message("user", question)], SamplingParams(temperature=0.0), args.tokens)
                replies.append("".join(chunk.text for chunk in engine.generate(request)))
            return replies
        finally:
            engine.close()

    fast = EngineOptions(threads=args.threads)
    variants: list[tuple[str, EngineOptions, Callable[[], object]]] = [
        ("the whole head", EngineOptions(threads=args.threads, exact_head=True), nothing),
        ("no prepared weights", fast, plain),
        ("one thread", EngineOptions(threads=1), nothing),
    ]
    others = [name for name in kernels.load().available[1:] if name != "scalar"]
    variants += [(name, fast, lambda name=name: instruction_set(name)) for name in others]  # type: ignore[misc]
    expected, same = texts(fast), True
    print(f"{args.model.name}: {len(expected)} prompts, {args.tokens} tokens each")
    for label, options, context in variants:
        started = time.perf_counter()
        with context():  # type: ignore[attr-defined]
            equal = sum(a == b for a, b in zip(expected, texts(options), strict=True))
        same &= equal == len(expected)
        print(f"{label}: {equal} of {len(expected)} identical ({time.perf_counter() - started:.0f} s)")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
