"""``tern chat``: a conversation in the terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tern.cli import options
from tern.cli.model_argument import naming_options, open_asked
from tern.cli.streams import Input, OutputLost, note, say, screen
from tern.errors import UserError

if TYPE_CHECKING:
    from tern.engine.types import Engine, Message, SamplingParams

HELP = """/help          this list
/system TEXT   start over with this system prompt (without TEXT: with none)
/reset         forget the conversation
/quit          quit (also Ctrl-D)
Ctrl-C stops a reply."""
_PROMPT = "> "


def register(subparsers: options.Subparsers) -> None:
    parser = options.command(
        subparsers,
        "chat",
        "chat in the terminal",
        "Chat with the model in the terminal. While it runs:\n\n" + HELP,
    )
    options.add_sampling(parser)
    options.add_engine(parser)
    options.add_trust(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from tern.cli.terminal import ProgressLine

    with ProgressLine("Opening the model") as progress:
        engine = open_asked(args, progress)
    try:
        given = Input()
        system = given.clean(args.system) if args.system else None
        conversation = _Conversation(engine, options.sampling(args), args.max_tokens, system)
        if sys.stdin.isatty():
            say(f"{engine.info.name}. /help lists the commands, Ctrl-D quits.")
        for line in _typed(given) if sys.stdin.isatty() else given.lines():
            if not conversation.take(line.strip()):
                break
    finally:
        engine.close()
    return 0


def _typed(given: Input) -> Iterator[str]:
    """The lines that a person types. Ctrl-C at the prompt drops what was typed."""
    import readline  # noqa: F401  # gives input() line editing and history

    # Replies that go into a file come without prompts.
    asking = sys.stdout if sys.stdout.isatty() else sys.stderr
    while True:
        try:
            if asking is not sys.stdout:
                print(_PROMPT, end="", file=asking, flush=True)
            line = input(_PROMPT if asking is sys.stdout else "")
        except EOFError:
            print(file=asking)
            return
        except KeyboardInterrupt:
            print(file=asking)
            continue
        screen().entered()
        yield given.clean(line)


class _Conversation:
    """The messages so far. A reply that fails leaves them as they were."""

    def __init__(
        self, engine: Engine, sampling: SamplingParams, max_tokens: int | None, system: str | None
    ) -> None:
        self._engine = engine
        self._sampling = sampling
        self._max_tokens = max_tokens
        self._system = system
        self._messages: list[Message] = []
        self._reset()

    def take(self, line: str) -> bool:
        """Act on one line; False when the person wants to end."""
        word, _, rest = line.partition(" ")
        if not line:
            return True
        if word == "/quit":
            return False
        if word == "/help":
            print(HELP)
        elif word == "/reset":
            self._reset()
            print("The conversation is forgotten.")
        elif word == "/system":
            self._system = rest.strip() or None
            self._reset()
            print(
                "New conversation with this system prompt."
                if self._system
                else "New conversation, no system prompt."
            )
        elif word.startswith("/") and word[1:].isalpha():
            say(f"There is no command {word}; /help lists them.")
        else:
            self._reply(line)
        return True

    def _reset(self) -> None:
        from tern.engine.types import Message

        self._messages = [Message("system", self._system)] if self._system else []

    def _reply(self, question: str) -> None:
        from tern.chat.thinking import answer
        from tern.cli.terminal import ProgressLine, StopOnInterrupt, stats_line
        from tern.cli.wrapping import WrappedText
        from tern.engine.types import Message, Request, Stats

        messages = [*self._messages, Message("user", question)]
        request = Request(messages, self._sampling, self._max_tokens)
        pieces: list[str] = []
        stats = Stats()
        try:
            with (
                naming_options(),
                StopOnInterrupt() as stop,
                ProgressLine("Reading") as reading,
                WrappedText() as reply,
            ):
                for chunk in self._engine.generate(request, stop, lambda done, total: reading(done / total)):
                    reply.write(chunk.text)
                    pieces.append(chunk.text)
                    stats = chunk.stats
        except OutputLost:
            raise
        except UserError as error:
            note(f"tern: {error}")
            return
        print()
        if sys.stderr.isatty():
            note(stats_line(stats))
        told = answer("".join(pieces))
        self._messages = [*messages, Message("assistant", told)] if told else messages
