"""``tern ask``: one question, one reply."""

from __future__ import annotations

import argparse
import dataclasses
import sys

from tern.cli import options
from tern.cli.streams import Input, json_text, note
from tern.errors import UserError

INTERRUPTED = 130


def register(subparsers: options.Subparsers) -> None:
    parser = options.command(
        subparsers,
        "ask",
        "ask one question and print the reply",
        "Ask one question; the reply is printed as it is written.",
    )
    parser.epilog = (
        "examples:\n"
        '  tern ask "What are you?"\n'
        '  tern ask --greedy --max-tokens 50 "Why is the sky blue?"\n'
        '  cat letter.txt | tern ask --system "Summarize what you are given." -'
    )
    parser.add_argument("question", nargs="+", help="what to ask; - reads it from standard input")
    options.add_sampling(parser)
    options.add_engine(parser)
    options.add_trust(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object: text, tokens, stats")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from tern.cli.models import open_asked
    from tern.cli.terminal import Progress, StopOnInterrupt, stats_line
    from tern.engine.types import Message, Request, Stats

    given = Input()
    messages = [Message("user", _question(args.question, given))]
    if args.system:
        messages.insert(0, Message("system", given.clean(args.system)))
    with Progress("Opening the model") as progress:
        engine = open_asked(args, progress)
    pieces: list[str] = []
    stats = Stats()
    try:
        request = Request(messages, options.sampling(args), args.max_tokens)
        with StopOnInterrupt() as stop, Progress("Reading") as reading:
            for chunk in engine.generate(request, stop, lambda done, total: reading(done / total)):
                stats = chunk.stats
                pieces.append(chunk.text)
                if not args.json:
                    print(chunk.text, end="", flush=True)
    finally:
        engine.close()
    if args.json:
        print(json_text(_report("".join(pieces), stats)))
    else:
        print()
        if sys.stderr.isatty():
            note(stats_line(stats))
    return INTERRUPTED if stop.asked else 0


def _question(words: list[str], given: Input) -> str:
    text = given.text() if words == ["-"] else given.clean(" ".join(words))
    if not text.strip():
        raise UserError("The question is empty; say what to ask, or - to read it from standard input.")
    return text


def _report(text: str, stats: object) -> dict[str, object]:
    values = dataclasses.asdict(stats)  # type: ignore[call-overload]
    return {
        "text": text,
        "tokens": values["tokens"],
        "finish_reason": values["finish_reason"],
        "stats": values,
    }
