"""``tern ask`` of texts that are longer than the context: with the passages that fit the question, or in pieces."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tern.cli import options
from tern.cli.streams import json_text, note, say
from tern.errors import UserError

if TYPE_CHECKING:
    from tern.chat.attachments import Attachment
    from tern.chat.fitting_parts import FittingParts
    from tern.engine.types import Engine, Message


def parts(
    engine: Engine,
    system: Sequence[Message],
    attachments: Sequence[Attachment],
    question: str,
    only_shown: bool,
) -> FittingParts:
    """The passages for ``question``. Raises UserError where there is no room, or the guide would have to read them."""
    from tern.chat.fitting_parts import fitting_parts, parts_budget
    from tern.chat.passages import PassageIndex
    from tern.engine.types import Message

    if not only_shown:
        _refuse_guide(engine)
    size = engine.measure([*system, Message("user", question)])
    if not size.fits:
        from tern.engine.prompt import too_long

        raise too_long(size)
    index = PassageIndex([one.text for one in attachments])
    try:
        budget = parts_budget(size.context_size, size.limit, size.least)
        return fitting_parts(attachments, index, question, budget, engine.text_tokens)
    finally:
        index.close()


def print_parts(engine: Engine, attachments: Sequence[Attachment], found: FittingParts, as_json: bool) -> int:
    """The passages that the model would be given."""
    from tern.chat.passages import place

    listed = [
        {
            "name": attachments[one.source].name,
            "place": place(attachments[one.source], one.start, one.end),
            "text": attachments[one.source].text[one.start : one.end].strip(),
        }
        for one in found.passages
    ]
    tokens = sum(engine.text_tokens(one.text) for one in found.parts)
    if as_json:
        print(json_text({"passages": listed, "token_count": tokens}))
        return 0
    for one in listed:
        say(f"{one['name']}, {one['place']}")
        print()
        print(f"{one['text']}\n")
    many = "1 passage" if len(listed) == 1 else f"{len(listed)} passages"
    print(f"{many}, {tokens:,} tokens.")
    return 0


def summarize(engine: Engine, attachments: Sequence[Attachment], args: argparse.Namespace) -> int:
    """Print the summary of each piece as it comes, and that of the whole at the end."""
    from tern.chat.summarizing import Summarizing
    from tern.chat.thinking import answer
    from tern.cli.terminal import INTERRUPTED, ProgressLine, StopOnInterrupt
    from tern.cli.wrapping import WrappedText

    _refuse_guide(engine)
    limit = engine.measure([]).limit
    tokens = sum(engine.text_tokens(one.text) for one in attachments)
    run = Summarizing(attachments, tokens, limit, options.sampling(args))
    parts_said: list[dict[str, str]] = []
    with StopOnInterrupt() as stop:
        while (request := run.request) is not None and not stop.asked:
            number, total = run.step
            label = "Joining the summaries" if number == total else f"Reading part {number + 1} of {total}"
            opening, shown, said = run.opening, run.shown, ""
            try:
                with ProgressLine(label) as reading, WrappedText() as reply:
                    chunks = engine.generate(request, stop, lambda done, all_: reading(done / all_))
                    for chunk in chunks:
                        said += chunk.text
                        if shown and not args.json and chunk.text:
                            reply.write(opening + chunk.text)
                            opening = ""
            except UserError:
                if said or not run.too_long():
                    raise
                continue
            if stop():
                break
            if shown and not args.json:
                print("\n")
            if number < total:
                parts_said.append({"place": run.pieces[number].place, "text": said.strip()})
            run.ended(answer(said))
    if args.json:
        whole = "" if stop.asked else said.strip()
        print(json_text({"parts": parts_said, "text": whole, "complete": not stop.asked}))
    elif stop.asked:
        print()
    if stop.asked and sys.stderr.isatty():
        done, total = run.step
        note(f"stopped after {done} of {total} parts")
    return INTERRUPTED if stop.asked else 0


def _refuse_guide(engine: Engine) -> None:
    """Raises UserError where the built-in guide would have to read: it knows of Tern and little else."""
    from tern import paths

    if engine.info.path == paths.guide_model():
        raise UserError(
            "The built-in guide can't read files. Name a model with --model; --parts with --dry-run shows the passages."
        )
