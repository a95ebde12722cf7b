"""The standard streams, made fit for use: what may be shown on a terminal, who writes on its last line, and what to do
where a stream is absent, in another encoding, full or closed.

A terminal obeys what is written to it. Names and replies come from files, models and hubs, so on a terminal every
character goes through :func:`shown`. Where standard output is a file or a pipe the text goes out as it is: a script
wants what the model wrote, and nothing obeys it there. Imports nothing heavy: ``--help`` must be quick.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from tern.errors import UserError
from tern.metrics.speed import THIN_SPACE

# Control characters (ESC and the C1 ones begin commands), what turns the direction of writing around, and halves of
# characters, which stand for bytes that are no text. Tabs, joiners and marks are part of ordinary text.
_HARMFUL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_IN_LINES = re.compile(f"[{_HARMFUL}]")
_IN_A_LINE = re.compile(f"[{_HARMFUL}\n\u2028\u2029]")
_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NOT_ASCII = re.compile("[^\x00-\x7e]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_BOMS = (  # the longer ones first: UTF-32 begins as UTF-16 does
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ERRORS = "tern.as_it_came"
_CLEAR_LINE = "\r\x1b[K"
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
_INVERSE, _NOT_INVERSE = "\x1b[7m", "\x1b[27m"
_USUAL_WIDTH = 80


def shown(text: str, lines: bool = True) -> str:
    """``text`` as it may be written to a terminal: what the terminal would obey stands there as an escape (``\\x1b``).

    ``lines`` False is for what must stay in its line, as a name in a table: line breaks are escaped too.
    """
    if lines:
        return _IN_LINES.sub(_escape, text.replace("\r\n", "\n"))
    return _IN_A_LINE.sub(_escape, text)


def say(text: str = "") -> None:
    """Print one line of Tern's own; a line break in it can only be some file's, and begins no line."""
    print(_own(text))


def say_set_off(text: str) -> None:
    """Print ``text``, with no line end, so that it is seen to be no part of what stands around it."""
    if isinstance(sys.stdout, _Output):
        sys.stdout.write_set_off(text)
    else:
        sys.stdout.write(text)


def note(text: str) -> None:
    """Say one line beside the output: on standard error, below whatever has been begun on the terminal."""
    screen().begin_line()
    print(_own(text), file=sys.stderr, flush=True)


def _own(text: str) -> str:
    """A line of Tern's own; the window's thin space before a unit is a plain one here, to be found and copied."""
    return shown(text.replace(THIN_SPACE, " "), lines=False)


def json_text(value: object, indent: int | None = None) -> str:
    """JSON to read or to parse: text in its own script, and nothing in it that a terminal would obey."""
    return harmless_json(json.dumps(value, ensure_ascii=False, indent=indent))


def harmless_json(text: str) -> str:
    """JSON, or a piece of it, with escapes for what a terminal would obey: JSON itself asks for them only in part.
    Where standard output is not Unicode, as a pipe on Windows, everything beyond ASCII is escaped: nothing is lost.
    """
    return (_IN_JSON if _is_unicode(sys.stdout) else _NOT_ASCII).sub(_json_escape, text)


def data_comes() -> None:
    """What is printed next is a person's data and no remark: in a file or a pipe it is UTF-8, as in a file that Tern
    writes itself, whatever this computer is set to."""
    if not sys.stdout.isatty() and not _is_unicode(sys.stdout):
        cast(io.TextIOWrapper, sys.stdout).reconfigure(encoding="utf-8")


class OutputLost(UserError):  # noqa: N818  # a sentence, like its kin
    """Standard output took no more: going on would compute for nobody."""


class Screen:
    """The terminal's last line, which both streams share: text that was begun, or how far something is.

    How far something is stands there only while the cursor would be at the start of a line, and goes when anything
    else is written, whoever writes it.
    """

    def __init__(self, out: TextIO, error: TextIO) -> None:
        self._out = out
        self._error = error
        self._drawn = False
        self._at_start = True
        self.shows_progress = error.isatty() and _obeys()

    def draw(self, text: str) -> None:
        """Show how far something is, in the place of what was shown before."""
        if not self.shows_progress or not self._at_start:
            return
        with suppress(OSError):
            self._out.flush()
        line = shown(text, lines=False)[: self._width() - 1]  # and wide characters are cut by the terminal
        self._write(f"{_CLEAR_LINE}{_NO_WRAP}{line}{_WRAP}")
        self._drawn = True

    def clear(self) -> None:
        """Take the progress line away, if there is one."""
        if self._drawn:
            self._drawn = False
            self._write(_CLEAR_LINE)

    def wrote(self, text: str) -> None:
        """Text went to the terminal."""
        if text:
            self._at_start = text.endswith("\n")

    def entered(self) -> None:
        """A person pressed Enter, which the terminal answered with a new line."""
        self._at_start = True

    def begin_line(self) -> None:
        """End the line that was begun on the terminal, where a remark is to follow."""
        if not self._at_start and sys.stderr.isatty():
            print(file=sys.stderr)

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._error.fileno()).columns or _USUAL_WIDTH
        except OSError:
            return _USUAL_WIDTH

    def _write(self, text: str) -> None:
        with suppress(OSError):
            self._error.write(text)
            self._error.flush()


class _Output:
    """Standard output or standard error as the rest of Tern sees it: a text stream that shares the ``screen``."""

    def __init__(self, stream: TextIO, screen: Screen, needed: bool) -> None:
        self._stream = stream
        self._screen = screen
        self._needed = needed  # nobody misses a remark that standard error does not take
        self._terminal = stream.isatty()
        self._held = ""  # a carriage return that a line feed may follow

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._screen.clear()
        length = len(text)
        if self._terminal:
            text = self._held + text
            self._held = "\r" if text.endswith("\r") else ""
            text = shown(text.removesuffix("\r"))
            self._screen.wrote(text)
        with self._trouble():
            self._stream.write(text)
        return length

    def write_set_off(self, text: str) -> None:
        """In inverse video, where the terminal knows that; Tern's own command, which no text can give."""
        if not self._terminal or not _obeys():
            self.write(text)
            return
        self.write("")
        with self._trouble():
            self._stream.write(f"{_INVERSE}{shown(text)}{_NOT_INVERSE}")
        self._screen.wrote(text)

    def flush(self) -> None:
        with self._trouble():
            self._stream.flush()

    def give_up(self) -> None:
        """Let what is still to be written go nowhere: Python would try again when it ends, and complain."""
        with suppress(OSError, ValueError):
            number = self._stream.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.give_up()
            if not self._needed:
                return
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputLost(
                "Tern could not write its output ({reason}). Make room, or send it elsewhere.",
                reason=error.strerror,
            ) from error


_screen: Screen | None = None


def screen() -> Screen:
    """The one that the streams in use share."""
    return _screen or Screen(sys.stdout, sys.stderr)


@contextmanager
def standard_streams() -> Iterator[None]:
    """While entered, the standard streams are there, take every character, and never write over each other."""
    global _screen
    before = sys.stdin, sys.stdout, sys.stderr, _screen
    opened: list[TextIO] = []

    def there(stream: TextIO | None, mode: str) -> TextIO:
        """A closed stream is None: nothing comes from it, and what is written to it goes nowhere."""
        if stream is None:
            opened.append(cast(TextIO, open(os.devnull, mode, encoding="utf-8")))  # noqa: PTH123, SIM115
            return opened[-1]
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape" if mode == "r" else _ERRORS)
        return stream

    source, out, error = there(sys.stdin, "r"), there(sys.stdout, "w"), there(sys.stderr, "w")
    _screen = Screen(out, error)
    sys.stdin = source
    sys.stdout = cast(TextIO, _Output(out, _screen, needed=True))
    sys.stderr = cast(TextIO, _Output(error, _screen, needed=False))
    try:
        yield
    finally:
        _screen.clear()
        sys.stdin, sys.stdout, sys.stderr, _screen = before
        for stream in opened:
            stream.close()


def give_up_output() -> None:
    """Whoever read standard output has gone."""
    if isinstance(sys.stdout, _Output):
        sys.stdout.give_up()


class Input:
    """What a person wrote, on standard input or as an argument, as text. Bytes that are none are replaced, and said."""

    def __init__(self) -> None:
        self._said = False

    def data(self) -> bytes:
        """All of standard input."""
        return self._take(sys.stdin.buffer.read)

    def lines(self) -> Iterator[str]:
        """Standard input line by line, as it comes, without the line ends."""
        line = self._take(sys.stdin.buffer.readline)
        if b"\0" in line or line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            # UTF-16 or UTF-32, whose line feeds are no single bytes
            yield from _wide(line + self._take(sys.stdin.buffer.read)).splitlines()
            return
        while line:
            yield self.decode(line).rstrip("\r\n")
            line = self._take(sys.stdin.buffer.readline)

    def clean(self, text: str) -> str:
        """An argument, or a line typed: Python passes bytes that are no text on as halves of characters."""
        return self.decode(os.fsencode(text)) if _SURROGATE.search(text) else text

    def decode(self, data: bytes) -> str:
        """By the mark it begins with, else UTF-8, else what this computer is set to."""
        encoding = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), None)
        for candidate in (encoding,) if encoding else ("utf-8", sys.stdin.encoding or "utf-8"):
            with suppress(UnicodeDecodeError, LookupError):
                text = data.decode(candidate)
                if "\0" not in text:
                    return text
        if not self._said:
            self._said = True
            note(
                "tern: Some of the input is not UTF-8 text; what Tern cannot read is shown as \ufffd. "
                "Convert it first, for example with: iconv -f ISO-8859-1 -t UTF-8"
            )
        return data.decode(encoding or "utf-8", errors="replace").replace("\0", "\ufffd")

    def _take(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except OSError as error:
            raise UserError("Standard input could not be read ({reason}).", reason=error.strerror) from error


def _wide(data: bytes) -> str:
    from tern.chat.file_text import decode

    try:
        return decode(data, "Standard input").text
    except UserError as error:
        raise UserError("Tern can't read standard input as text. Send it as UTF-8.") from error


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _json_escape(found: re.Match[str]) -> str:
    halves = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{halves[at : at + 4]}" for at in range(0, len(halves), 4))


def _is_unicode(stream: TextIO) -> bool:
    encoding = getattr(stream, "encoding", None)  # a text in memory has none
    return not encoding or codecs.lookup(encoding).name.startswith("utf")


def _obeys() -> bool:
    """Whether the terminal can clear its line. NO_COLOR changes nothing: Tern writes no colours."""
    return sys.platform == "win32" or os.environ.get("TERM", "dumb") not in ("dumb", "")


def _as_it_came(error: UnicodeError) -> tuple[bytes, int]:
    """For what an encoding lacks: bytes that a name had come with, or a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    codes = [ord(char) for char in error.object[error.start : error.end]]
    return bytes(code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else ord("?") for code in codes), error.end


codecs.register_error(_ERRORS, _as_it_came)
