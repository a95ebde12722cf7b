"""``tern ask``: one question, with the files that belong to it, and one reply; or what the model would be given."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tern.cli import options
from tern.cli.model_argument import naming_options, open_asked
from tern.cli.streams import Input, json_text, note, say, say_set_off
from tern.errors import UserError, format_size

if TYPE_CHECKING:
    from tern.chat.attachments import Attachment
    from tern.engine.types import Engine, Message, PromptSize

DOES_NOT_FIT = 1


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
        '  tern ask --attach report.pdf --attach notes.txt "What do they agree on?"\n'
        '  tern ask --attach book.pdf --parts "What became of the ship?"\n'
        "  tern ask --attach book.pdf --summarize\n"
        '  cat letter.txt | tern ask --system "Summarize what you are given." -'
    )
    parser.add_argument("question", nargs="*", help="what to ask; - reads it from standard input")
    parser.add_argument(
        "--attach",
        type=options.path,
        action="append",
        default=[],
        metavar="FILE",
        help="a text, PDF or DOCX that goes with the question; may be given several times",
    )
    parser.add_argument(
        "--parts",
        action="store_true",
        help="of attached texts, give the model the passages that fit the question, for texts longer than the context; "
        "with --dry-run, print these",
    )
    parser.add_argument(
        "--summarize",
        action="store_true",
        help="summarize the attached texts piece by piece, however long they are, then as a whole",
    )
    options.add_encoding(parser, "standard input and of attached texts")
    options.add_sampling(parser)
    options.add_engine(parser)
    options.add_trust(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object: text, tokens, stats")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print what the model would be given, as text and as tokens, and compute nothing",
    )
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from tern.chat.attachments import compose
    from tern.cli.terminal import ProgressLine
    from tern.engine.types import Message

    if not args.question and not args.attach:
        args.usage_error("say what to ask, or attach a file")
    if (args.parts or args.summarize) and not args.attach:
        args.usage_error("--parts and --summarize need a file: --attach FILE")
    if args.parts and args.summarize:
        args.usage_error("--parts and --summarize exclude each other")
    if args.parts and not args.question:
        args.usage_error("--parts needs a question")
    if args.summarize and (args.question or args.dry_run):
        args.usage_error("--summarize takes no question and no --dry-run")
    given = Input()
    attachments = [_attached(path, args.encoding) for path in args.attach]
    words = _question(args.question, args.encoding, given) if args.question else ""
    system = given.clean(args.system) if args.system else ""
    messages = [Message("user", compose(words, attachments))]
    if system:
        messages.insert(0, Message("system", system))
    with ProgressLine("Opening the model") as progress:
        engine = open_asked(args, progress)
    try:
        with naming_options():
            if args.summarize:
                from tern.cli import ask_long

                return ask_long.summarize(engine, attachments, args)
            if args.parts:
                from tern.cli import ask_long

                found = ask_long.parts(engine, messages[:-1], attachments, words, args.dry_run)
                if args.dry_run:
                    return ask_long.print_parts(engine, attachments, found, args.json)
                attachments = list(found.parts)
                messages[-1] = Message("user", compose(words, attachments))
            if args.dry_run:
                return _dry_run(engine, messages, attachments, args.json)
            if attachments:
                _must_fit(engine, messages, attachments)
            return _reply(engine, messages, args)
    finally:
        engine.close()


def _reply(engine: Engine, messages: Sequence[Message], args: argparse.Namespace) -> int:
    from tern.cli.terminal import INTERRUPTED, ProgressLine, StopOnInterrupt, stats_line
    from tern.cli.wrapping import WrappedText
    from tern.engine.types import Request, Stats
    from tern.metrics.energy import here
    from tern.metrics.energy.replies import measured

    pieces: list[str] = []
    stats = Stats()
    request = Request(messages, options.sampling(args), args.max_tokens)
    with StopOnInterrupt() as stop, ProgressLine("Reading") as reading, WrappedText() as reply:
        chunks = engine.generate(request, stop, lambda done, total: reading(done / total))
        for chunk in measured(chunks, here.meter()):
            stats = chunk.stats
            pieces.append(chunk.text)
            if not args.json:
                reply.write(chunk.text)
    if args.json:
        print(json_text(_report("".join(pieces), stats)))
    else:
        print()
        if sys.stderr.isatty():
            note(stats_line(stats))
    return INTERRUPTED if stop.asked else 0


def _question(words: list[str], encoding: str | None, given: Input) -> str:
    from tern.chat.file_text import decode
    from tern.chat.normalize import as_written
    from tern.cli.terminal import say_reading

    if words == ["-"]:
        data = given.data()
        try:
            found = decode(data, "Standard input", encoding)
        except UserError as error:
            raise UserError(
                "Tern can't read standard input as text. Attach a PDF or DOCX with --attach."
            ) from error
        say_reading("standard input", found.encoding, found.faults, encoding)
        text = found.text
    else:
        text = as_written(given.clean(" ".join(words)))
    if not text.strip() and words == ["-"]:
        raise UserError("The question is empty: nothing came from standard input.")
    if not text.strip():
        raise UserError("The question is empty; say what to ask, or - to read it from standard input.")
    return text


def _attached(path: Path, encoding: str | None) -> Attachment:
    from tern.chat.file_text import read_file
    from tern.cli.terminal import say_reading

    attachment = read_file(path, encoding=encoding)
    say_reading(attachment.name, attachment.encoding, attachment.faults, encoding)
    return attachment


def _must_fit(engine: Engine, messages: Sequence[Message], attachments: Sequence[Attachment]) -> None:
    """Raises UserError, with what each file takes, where they are too much."""
    from tern.chat.attachments import told

    size = engine.measure(messages)
    if size.fits or size.longest[0] != "user":
        return
    costs = [f"{one.name} {engine.text_tokens(told(one)):,}" for one in attachments]
    raise UserError(
        "Your message and its attachments take {least:,} tokens ({costs}), and the model can take "
        "{limit:,} at a time. Attach less, or only the part you need.",
        least=size.least,
        costs=", ".join(costs),
        limit=size.limit,
    )


def _report(text: str, stats: object) -> dict[str, object]:
    values = dataclasses.asdict(stats)  # type: ignore[call-overload]
    return {
        "text": text,
        "tokens": values["tokens"],
        "finish_reason": values["finish_reason"],
        "stats": values,
    }


# What the model would be given


def _dry_run(
    engine: Engine,
    messages: Sequence[Message],
    attachments: Sequence[Attachment],
    as_json: bool,
) -> int:
    from tern.chat.attachments import told

    size = engine.measure(messages)
    tokens = engine.prompt_tokens(messages)
    listed: list[dict[str, Any]] = [
        {
            "name": one.name,
            "encoding": one.encoding or None,
            "faults": one.faults,
            "bytes": one.size,
            "tokens": engine.text_tokens(told(one)),
        }
        for one in attachments
    ]
    if as_json:
        found = {
            "messages": [dataclasses.asdict(message) for message in messages],
            "prompt": _spelled(engine, tokens),
            "tokens": tokens,
            "token_count": len(tokens),
            "context_size": size.context_size,
            "limit": size.limit,
            "attachments": listed,
            "fits": size.fits,
            "dropped": list(size.dropped),
        }
        print(json_text(found))
    else:
        _print_dry_run(engine, tokens, listed, size)
    return 0 if size.fits else DOES_NOT_FIT


def _print_dry_run(
    engine: Engine, tokens: list[int], attachments: Sequence[dict[str, Any]], size: PromptSize
) -> None:
    print("Prompt:")
    _print_prompt(engine, tokens)
    print("\n")
    print(f"Tokens:\n{' '.join(map(str, tokens))}\n")
    if attachments:
        print("Attachments:")
    for one in attachments:
        parts = [one["name"], one["encoding"], format_size(one["bytes"]), f"{one['tokens']:,} tokens"]
        if one["faults"]:
            parts.append(f"{one['faults']:,} unreadable")
        say(", ".join(filter(None, parts)))
    if attachments:
        print()
    room = f"the model can take {size.limit:,} at a time (context {size.context_size:,})"
    print(f"{len(tokens):,} tokens; {room}." if size.fits else f"Too long: {len(tokens):,} tokens; {room}.")


def _spelled(engine: Engine, tokens: Sequence[int]) -> str:
    return b"".join(map(engine.spelled, tokens)).decode(errors="replace")


def _print_prompt(engine: Engine, tokens: Sequence[int]) -> None:
    """Control tokens are set off, so that none can be taken for words that look like one."""
    from itertools import groupby

    for special, run in groupby(
        tokens, lambda token: not engine.piece(token) and bool(engine.spelled(token))
    ):
        text = _spelled(engine, list(run))
        if special:
            say_set_off(text)
        else:
            print(text, end="")
