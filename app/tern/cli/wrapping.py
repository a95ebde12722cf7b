"""A reply on a terminal, wrapped at words while it is written.

A word is held back until it is whole, or until nothing has come for a moment: then what there is of it is shown, and
the rest follows it. Code blocks and tables stay as they are, lists hang under their first word, and wide characters may
end a line anywhere. Where standard output is no terminal the text goes out as it comes.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from types import TracebackType

from tern.cli.columns import char_columns, columns
from tern.cli.streams import shown

_PAUSE_S = 0.4  # a word that is held back longer than this looks as if the model had stopped
_USUAL_WIDTH = 80
_TAB = 8
_LOOKED_AT = 200  # characters of a line that say what kind it is
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_START = re.compile(r"\s*(?:(?:[-*+•>]|\d{1,3}[.)])\s+)?")
_AS_IT_IS = re.compile(r"\s*\||(?: {4}|\t)\s*(?![-*+•\s]|\d{1,3}[.)])\S")  # a table's row, indented code
_NOT_FIRST = frozenset("、。，．・：；？！）」』】〉》〕］｝ー々’”…‰℃")  # never begin a line
_NOT_LAST = frozenset("（「『【〈《〔［｛‘“")  # never end one
_TONES = range(0x1F3FB, 0x1F400)  # of an emoji's skin, belonging to the one before
_JOINER = "\u200d"


class WrappedText:
    """Standard output for the text of a reply. Use it as a context: what is held back goes out at the end."""

    def __init__(self) -> None:
        self._wraps = sys.stdout.isatty()
        self._layout = Layout()
        self._changed = threading.Condition()
        self._fed = 0  # pieces so far
        self._open = False
        self._error: BaseException | None = None
        self._watcher: threading.Thread | None = None

    def write(self, text: str) -> None:
        """The next piece of the reply. Raises what writing raises."""
        if not self._wraps:
            print(text, end="", flush=True)
            return
        with self._changed:
            if self._error is not None:
                raise self._error
            self._fed += 1
            self._print(self._layout.feed(text, _width()))
            self._changed.notify()

    def __enter__(self) -> WrappedText:
        if self._wraps:
            self._open = True
            self._watcher = threading.Thread(target=self._watch, name="tern-wrap", daemon=True)
            self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._wraps:
            return
        with self._changed:
            self._open = False
            self._changed.notify()
            self._print(self._layout.release())
        if self._watcher is not None:
            self._watcher.join()

    def _print(self, text: str) -> None:
        if text:
            print(text, end="", flush=True)

    def _watch(self) -> None:
        """Show what is held back when nothing has come for a moment."""
        with self._changed:
            while self._open:
                if not self._layout.holds:
                    self._changed.wait()
                    continue
                fed = self._fed
                self._changed.wait(_PAUSE_S)
                if self._open and fed == self._fed:
                    try:
                        self._print(self._layout.release())
                    except Exception as error:  # for whoever writes next
                        self._error = error
                        return


class Layout:
    """Where the lines of a text end that comes in pieces. Pure: text in, text out."""

    def __init__(self) -> None:
        self._width = _USUAL_WIDTH
        self._line = ""  # how the text's own line begins, as far as it has come
        self._last = ""  # its last character
        self._column = 0  # where the cursor stands
        self._spaces = ""  # between the last word and the next
        self._word = ""
        self._begun = False  # whether a part of the word is on the screen already
        self._fence = ""  # of the code block that is open

    @property
    def holds(self) -> bool:
        """Whether anything is held back."""
        return bool(self._word)

    def feed(self, text: str, width: int) -> str:
        """What can be shown after ``text`` has come, on a terminal of ``width`` columns."""
        self._width = width
        return "".join(map(self._take, text))

    def release(self) -> str:
        """What is held back, whole or not."""
        return self._end_word(whole=False)

    def _take(self, char: str) -> str:
        if char == "\n":
            return self._end_line()
        last, self._last = self._last, char
        if len(self._line) < _LOOKED_AT:
            self._line += char
        if self._as_it_is:
            return self._end_word() + self._put(self._take_spaces() + char)
        if char in " \t":
            ended = self._end_word()
            self._spaces += char
            return ended
        ended = self._end_word() if _may_break(last, char) else ""
        self._word += char
        if columns(self._word) > self._width:  # no line could hold it
            ended += self._end_word(whole=False)
        return ended

    @property
    def _as_it_is(self) -> bool:
        return bool(self._fence or _AS_IT_IS.match(self._line) or _FENCE.match(self._line))

    def _end_line(self) -> str:
        self._word = self._word.removesuffix("\r")
        ended = self._end_word()
        if fence := _FENCE.match(self._line):
            mark = fence[1]
            if not self._fence:
                self._fence = mark
            elif mark.startswith(self._fence) and self._line.strip() == mark:
                self._fence = ""
        self._line = self._last = self._spaces = ""
        self._column = 0
        return ended + "\n"

    def _end_word(self, whole: bool = True) -> str:
        """The word held back, on this line or on the next. After a part of one only its rest can follow."""
        word, begun = self._word, self._begun
        self._word, self._begun = "", bool(word or begun) and not whole
        if not word:
            return ""
        spaces = self._take_spaces()
        indent = self._indent()
        room = self._width - self._column - self._columns(spaces)
        if begun or self._as_it_is or self._column <= indent or self._columns(word) <= room:
            return self._put(spaces + word)
        self._column = 0
        return "\n" + self._put(" " * indent + word)

    def _take_spaces(self) -> str:
        spaces, self._spaces = self._spaces, ""
        return spaces

    def _indent(self) -> int:
        """Of the lines that continue this one: under its first word, in a list as well, if that leaves room."""
        start = _START.match(self._line)
        indent = columns(start[0].expandtabs(_TAB)) if start else 0
        return indent if indent <= self._width // 3 else 0

    def _put(self, text: str) -> str:
        """``text`` goes to the screen as it is; the terminal itself begins a line where it has to."""
        for char in shown(text):
            if char == "\t":
                self._column = min(self._width, (self._column // _TAB + 1) * _TAB)
                continue
            wide = char_columns(char)
            self._column = wide if self._column + wide > self._width else self._column + wide
        return text

    def _columns(self, text: str) -> int:
        return columns(shown(text).expandtabs(_TAB))


def _may_break(last: str, char: str) -> bool:
    """Whether a line may end between the two: wide characters need no space."""
    if not last or char in _NOT_FIRST or last in _NOT_LAST or last == _JOINER or ord(char) in _TONES:
        return False
    return char_columns(char) == 2 or (char_columns(char) == 1 and char_columns(last) == 2)


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _USUAL_WIDTH
    except (OSError, ValueError):
        return _USUAL_WIDTH
