"""A reply as blocks that can be set, while it is written: Markdown's reading, with a bound on what is read again. Pure.

Markdown reads what is still open from its beginning whenever a piece comes. That is a paragraph as a rule, but it may
be a code of ten thousand lines. So the parser is given a shortened text: of a code, a table or any block that has
become long, the rest is taken past it, up to the line that ends it, and stands where it belongs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tern.markup.blocks import Block, BlockKind
from tern.markup.markdown import StreamParser, parse
from tern.markup.markdown_rules import OF_MARKDOWN
from tern.markup.pacing import TooMuchError, renew, tick
from tern.markup.parts import MOST_COLUMNS, Rows, grown, parts, plain
from tern.markup.safe_text import safe_text

BITE = 2000  # characters that are read at a time
WHOLE = 8000  # a text of so many is read as a whole
_LONG = 4000  # characters of an open code or table, after which the rest is taken past the parser
_LONGEST = 16_000  # of any other block; what follows in it stands as it was written

_EMPTY = 500  # characters of empty lines

_FENCE = re.compile(r"(`{3,}|~{3,})[^\n]*\n")
_TABLE = re.compile(r"[^\n]*\|[^\n]*\n[ \t]*[|:-][ \t|:-]*\n")
_EMPTY_LINES = re.compile(r"\A[ \t\n]*\n")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_MAY_CLOSE = re.compile(r" {0,3}[`~]*[ \t]*")  # the beginning of a line that may end a code
_PARAGRAPH = re.compile(r"(?s).+?(?:\n[ \t]*\n|\Z)")  # up to an empty line
_ENDED = re.compile(r"\n[ \t]*\n[ \t]*\Z")
_LINE_END = re.compile(r"\r\n?")


@dataclass(slots=True)
class _Taken:
    """A block of which the parser knows the beginning only."""

    kind: BlockKind | None  # CODE or TABLE; None for any other, which ends with an empty line
    parts: list[Block]  # all of it
    closing: re.Pattern[str] | None = None  # the line that ends a code
    owed: str = ""  # the end of a code's last line, which shows once another follows
    within: bool = False  # of a code: what comes goes on with a line that stands there already
    text: str = ""  # past the parser, where it is neither code nor table
    begun: Block | None = None  # as the parser reads its beginning, there


class ReplyReader:
    """Reads a text that grows. ``blocks`` is the present reading of all of it, in parts."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parser = StreamParser()
        self._starts: list[int] = []  # where the parts of each of the parser's blocks begin
        self._read_to = 0  # how many of them had settled when they were taken last
        self._given_up = 0  # parts before those, of what took too long to read
        self._past: dict[int, _Taken] = {}  # by the parser's blocks
        self._taking: _Taken | None = None
        self._held = ""  # of what is taken: the beginning of a line that may end it, half of a line's end

    def append(self, piece: str, last: bool = False) -> int:
        """Add ``piece``; returns the index of the first part that may have changed. ``last``: nothing more comes."""
        changed = len(self.blocks)
        whole = last and not self.blocks and not self._held and len(piece) <= WHOLE
        bites = [] if whole else [piece[at : at + BITE] for at in range(0, len(piece), BITE)]
        for bite in bites:
            try:
                changed = min(changed, self._feed(bite))
            except TooMuchError:
                changed = min(changed, self._give_up())
        text, plainly = piece if whole else "", False
        while last:
            try:
                return min(changed, self._end(text))
            except TooMuchError:
                # What cannot be ended after it was given up once stands as it was written: else this would go on.
                changed, text = min(changed, self._give_up(plainly)), ""
                plainly = True
        return changed

    # What the parser reads

    def _feed(self, text: str) -> int:
        changed = len(self.blocks)
        while text:
            if self._taking is not None:
                start, text = self._take(self._taking, text, last=False)
            else:
                now, text = self._up_to_a_line(self._without_empty_lines(text))
                start = self._adopt(self._parser.append(now))
                if not now.endswith("\r"):  # half of a line's end
                    self._begin_taking()
            changed = min(changed, start)
        return changed

    def _end(self, text: str) -> int:
        changed = len(self.blocks)
        if self._taking is not None:
            changed, text = self._take(self._taking, text, last=True)
        return min(changed, self._adopt(self._parser.append(text, last=True)))

    def _without_empty_lines(self, text: str) -> str:
        """Beyond many of them no further ones, which say nothing outside of a code."""
        open_, blocks = self._parser._open, self._parser.blocks
        if len(open_) - len(open_.rstrip(" \t\n")) < _EMPTY or (blocks and blocks[-1].kind is BlockKind.CODE):
            return text
        if not text.strip(" \t\n"):
            return ""  # blanks, of which the parser counts each whenever it reads
        return _EMPTY_LINES.sub("", text, count=1)

    def _up_to_a_line(self, text: str) -> tuple[str, str]:
        """A long table is taken from the beginning of a line."""
        blocks, end = self._parser.blocks, text.find("\n") + 1
        if end and blocks and blocks[-1].kind is BlockKind.TABLE and len(self._parser._open) > _LONG:
            return text[:end], text[end:]
        return text, ""

    def _adopt(self, index: int, counted: bool = True) -> int:
        """Take the parser's blocks from ``index`` on; returns where their parts begin. ``counted``: as steps."""
        start = self._starts[index] if index < len(self._starts) else len(self.blocks)
        if index == 0:
            start = self._given_up
        starts: list[int] = []
        blocks: list[Block] = []
        for number, block in enumerate(self._parser.blocks[index:], index):
            tick(2 if counted else 0)
            starts.append(start + len(blocks))
            past = self._past.get(number)
            if past is None:
                blocks += parts(block)
                continue
            if past.kind is None and past.begun != block:  # its beginning was read anew
                *first, end = parts(block)
                past.parts, past.begun = [*first, *grown(end, past.text)], block
            blocks += past.parts
        self._starts[index:] = starts
        self.blocks[start:] = blocks
        self._read_to = self._parser._settled
        return start

    # What is taken past it

    def _begin_taking(self) -> None:
        source = _LINE_END.sub("\n", self._parser._open)
        if len(source) <= _LONG or not self._parser.blocks:
            return
        last, number = self._parser.blocks[-1], len(self._parser.blocks) - 1
        if last.language in OF_MARKDOWN and len(source) <= _LONGEST:
            return  # past the parser it would end at the first fence that closes one in it
        at = self._starts[number]
        outermost = not last.indent and not last.quote
        if outermost and last.kind is BlockKind.CODE and (fence := _FENCE.match(source)):
            closing = re.compile(rf" {{0,3}}{fence[1][0]}{{{len(fence[1])},}}[ \t]*")
            *lines, line = source[fence.end() :].split("\n")
            if any(closing.fullmatch(one) for one in lines) or (line and _MAY_CLOSE.fullmatch(line)):
                return
            text = "\n".join([*lines, line] if line else lines)
            owed = "" if line else "\n"
            taken = _Taken(BlockKind.CODE, parts(replace(last, text=text)), closing, owed, within=bool(line))
            self.blocks[at:] = taken.parts
        elif outermost and last.kind is BlockKind.TABLE and _TABLE.match(source) and source.endswith("\n"):
            if _EMPTY_LINE.search(source) or len(last.aligns) > MOST_COLUMNS:
                return
            taken = _Taken(BlockKind.TABLE, self.blocks[at:])
        elif len(source) > _LONGEST and last.kind is not BlockKind.TABLE and not _ENDED.search(source):
            said = source.rstrip(" \t\n")
            if not said[-1:].isalpha() and len(source) < 2 * _LONGEST:
                return  # the parser may hold the end of it back
            taken = _Taken(None, self.blocks[at:], begun=last)
            self._held = source[len(said) :]
        else:
            return
        self._past[number] = self._taking = taken

    def _take(self, taken: _Taken, text: str, last: bool) -> tuple[int, str]:
        """Add to what is taken; returns where it has changed, and what the parser is to read on from, if it ended."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") and not last else ""
        text = safe_text(_LINE_END.sub("\n", text.removesuffix(self._held)))
        if taken.kind is BlockKind.CODE:
            return self._take_code(taken, text, last)
        if taken.kind is BlockKind.TABLE:
            return self._take_rows(taken, text, last)
        return self._take_plain(taken, text, last)

    def _take_code(self, taken: _Taken, text: str, last: bool) -> tuple[int, str]:
        assert taken.closing is not None
        lines = text.split("\n")
        for number, line in enumerate(lines):
            complete = number + 1 < len(lines) or last
            if number == 0 and taken.within:
                continue
            if complete and taken.closing.fullmatch(line):
                before = "".join(f"{one}\n" for one in lines[:number])
                begun = "" if self._parser._open.endswith("\n") else "\n"
                return self._grow(taken, before), self._resume(begun + "\n".join(lines[number:]))
            if not complete and _MAY_CLOSE.fullmatch(line):
                self._held = line + self._held
                lines[number] = ""
        taken.within = bool(lines[-1]) or (taken.within and len(lines) == 1)
        return self._grow(taken, "\n".join(lines)), ""

    def _take_rows(self, taken: _Taken, text: str, last: bool) -> tuple[int, str]:
        *lines, line = text.split("\n")
        if last and line:
            lines, line = [*lines, line], ""
        columns = len(taken.parts[0].aligns)
        rows, good = self._rows(lines, columns), len(lines)
        if rows is None:  # one of them is none
            singly = [self._rows([one], columns) for one in lines]
            good = singly.index(None)
            rows = tuple(row for some in singly[:good] for row in some or ())
        changed = self._put(taken, grown(taken.parts[-1], rows=rows)) if rows else len(self.blocks)
        if good < len(lines):
            return changed, self._resume("\n".join([*lines[good:], line]))
        self._held = line + self._held
        return changed, ""

    @staticmethod
    def _rows(lines: list[str], columns: int) -> Rows | None:
        """The cells of the lines; None if they are not all rows of a table."""
        if not lines:
            return ()
        blocks = parse("|a" * columns + "|\n" + "|-" * columns + "|\n" + "\n".join(lines))
        if len(blocks) != 1 or blocks[0].kind is not BlockKind.TABLE or len(blocks[0].rows) != len(lines) + 1:
            return None
        return blocks[0].rows[1:]

    def _take_plain(self, taken: _Taken, text: str, last: bool) -> tuple[int, str]:
        if (end := _EMPTY_LINE.search(text)) is not None:
            return self._grow(taken, text[: end.start()]), self._resume(text[end.start() :])
        kept = text.rstrip("\n \t")
        if not last:
            self._held = text[len(kept) :] + self._held
        return self._grow(taken, kept), ""

    def _grow(self, taken: _Taken, text: str) -> int:
        if not text:
            return len(self.blocks)
        if taken.kind is None:
            taken.text += text
        else:
            text, taken.owed = taken.owed + text, ""
            if text.endswith("\n"):
                text, taken.owed = text[:-1], "\n"
        return self._put(taken, grown(taken.parts[-1], text) if taken.parts else plain(text))

    def _put(self, taken: _Taken, pieces: list[Block]) -> int:
        """Put these in the place of the last part."""
        if taken.parts:
            taken.parts.pop()
            self.blocks.pop()
        start = len(self.blocks)
        taken.parts += pieces
        self.blocks += pieces
        if not self._starts:
            self._given_up = len(self.blocks)
        return start

    def _resume(self, rest: str) -> str:
        self._taking = None
        rest, self._held = rest + self._held, ""
        return rest

    def _give_up(self, plainly: bool = False) -> int:
        """What is open cannot be read in any reasonable time: the paragraph that is the cause stands as it was
        written."""
        settled = self._parser._settled
        changed = self._adopt(min(self._read_to, settled), counted=False)
        start = self._starts[settled] if settled < len(self._starts) else len(self.blocks)
        *earlier, last = _PARAGRAPH.findall(self._parser._open) or [""]
        self._starts, self._past = [], {}
        self._parser, self._read_to = StreamParser(), 0
        del self.blocks[start:]
        for paragraph in earlier:
            renew()
            try:
                self.blocks += [part for block in parse(paragraph) for part in parts(block)]
            except TooMuchError:
                self.blocks += plain(paragraph)
        renew()
        self._given_up = len(self.blocks)
        try:
            if plainly:
                raise TooMuchError
            self._feed(last)
        except TooMuchError:
            self._parser, self._read_to = StreamParser(), 0
            pieces = plain(last)
            self.blocks[self._given_up :] = pieces
            self._given_up = len(self.blocks)
            self._starts, self._past = [], {}
            self._taking = _Taken(None, list(pieces))
            renew()
        return min(changed, start)
