"""A process of its own that opens a model, answers once and says what that took: cold start and resident memory.

:func:`run` starts it and keeps the time from outside, from before the process exists; :func:`answer` is what
happens inside. Between them go one JSON object in and two JSON lines out. Knows engines only by their protocol.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import IO

from tern.engine.types import Engine, Message, Request, SamplingParams
from tern.errors import UserError
from tern.metrics.memory import memory
from tern.metrics.memory_parts import Range, peak_resident, resident_parts

_PATIENCE_S = 600.0
_STORY = (
    "the sea was quiet when the small white birds came back from the far south and a child on the shore "
    "counted them one by one and asked how they had found the way home"
)


@dataclass(frozen=True, slots=True)
class FreshRun:
    """``first_token_s``: from the start of the process to its first token. The rest is as it was after the reply."""

    first_token_s: float
    prompt_tokens: int
    context_used: int
    decode_tokens_per_s: float
    resident: int  # bytes
    peak: int | None  # bytes
    parts: dict[str, int]  # bytes; empty where the system does not tell


def tern_command() -> list[str]:
    """How to start this Tern again."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "tern"]


def run(arguments: Sequence[str], text: str, max_tokens: int) -> FreshRun:
    """Start ``tern`` with ``arguments``, which must lead to :func:`answer`; have it reply to ``text``.

    Raises UserError when it fails.
    """
    request = json.dumps({"text": text, "max_tokens": max_tokens})
    started = time.perf_counter()
    process = subprocess.Popen(
        [*tern_command(), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{request}\n")
        process.stdin.flush()
        first = process.stdout.readline()
        elapsed = time.perf_counter() - started
        rest, said = process.communicate(timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(
            "The process that Tern started to measure did not answer ({error}).", error=error
        ) from error
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0 or not first:
        raise UserError(
            "The process that Tern started to measure failed: {reason}", reason=said.strip() or "no word why"
        )
    return FreshRun(first_token_s=elapsed, **json.loads(rest))


def answer(
    engine: Engine, ranges: Callable[[], Mapping[str, Iterable[Range]]], source: IO[str], out: IO[str]
) -> None:
    """Inside the process: reply to the request read from ``source``, with the sampling of a chat.

    Says on ``out`` when the first token is there, and at the end what the reply took. ``ranges`` names the memory
    that the engine holds.
    """
    request = json.loads(source.readline())
    sampling = SamplingParams(seed=1)
    messages = [Message("user", request["text"])]
    stats = None
    for chunk in engine.generate(Request(messages, sampling, request["max_tokens"])):
        if stats is None:
            print("first", file=out, flush=True)
        stats = chunk.stats
    assert stats is not None  # a reply has at least its last chunk
    parts = resident_parts(ranges())
    report = {
        "prompt_tokens": stats.prompt_tokens,
        "context_used": stats.context_used,
        "decode_tokens_per_s": stats.decode_tokens_per_s,
        "resident": sum(parts.values()) or memory().resident_bytes,
        "peak": peak_resident(),
        "parts": parts,
    }
    print(json.dumps(report), file=out, flush=True)


def as_json(run: FreshRun) -> dict[str, object]:
    """The object of the JSON report, memory in MB."""
    report = asdict(run)
    report["resident_mb"] = report.pop("resident") / 1e6
    peak = report.pop("peak")
    report["peak_mb"] = None if peak is None else peak / 1e6
    report["parts_mb"] = {name: size / 1e6 for name, size in report.pop("parts").items()}
    return report


def text_of(count_tokens: Callable[[str], int], wanted: int) -> str:
    """An English-looking text whose prompt has ``wanted`` tokens, or as close below as words and letters reach."""

    story = _STORY.split()

    def words(n: int) -> str:
        return " ".join(story[index % len(story)] for index in range(n))

    low, high = 1, max(2, wanted)  # a word is at least about one token
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count_tokens(words(middle)) <= wanted else (low, middle - 1)
    text = words(low)
    while count_tokens(f"{text} a") <= wanted:
        text = f"{text} a"
    return text
