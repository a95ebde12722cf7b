"""What a model thinks before it answers, told from the answer. Pure; whole or while it is still being written.

Models that reason write it into their reply, between tags: ``<think>`` and ``</think>``, or one of the other pairs
below. Where the chat template has opened the thought, only the closing tag comes. A tag counts at the beginning of a
line, and never within a block of code, where it is what the person asked about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

TAGS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
}
CLOSING = tuple(TAGS.values())
_FIRST = tuple({tag[0] for tag in TAGS})
_FENCE = re.compile(r"(`{3,}|~{3,})")
_FEWEST = 3  # backticks or tildes of a fence


class What(Enum):
    """What a piece of a reply turns out to be."""

    TEXT = auto()  # more of the part that is open
    THOUGHT = auto()  # a thought begins
    ANSWER = auto()  # it has ended
    ALL_THOUGHT = auto()  # all that came so far was one, and it has ended


Event = tuple[What, str]


@dataclass(slots=True)
class ThoughtPart:
    text: str
    thought: bool


def split(reply: str) -> list[ThoughtPart]:
    """The parts of a whole reply, in order; none is blank."""
    splitter = Splitter()
    parts = [ThoughtPart("", False)]
    for what, text in (*splitter.feed(reply), *splitter.end()):
        if what is What.TEXT:
            parts[-1].text += text
            continue
        if what is What.ALL_THOUGHT:
            parts = [ThoughtPart("".join(part.text for part in parts), True)]
        parts.append(ThoughtPart("", what is What.THOUGHT))
    return [part for part in parts if part.text.strip()]


def answer(reply: str) -> str:
    """The reply without what was thought: what the person asked for, and what the model is told of it later."""
    if not any(tag in reply for tag in (*TAGS, *CLOSING)):
        return reply
    parts = split(reply)
    if len(parts) == 1 and not parts[0].thought and parts[0].text == reply:
        return reply
    return "\n\n".join(part.text.strip("\n") for part in parts if not part.thought)


def answer_or_all(reply: str) -> str:
    """The answer; of a reply that came to none, all of it."""
    return answer(reply) or reply


class Splitter:
    """Takes a reply in pieces; what they turn out to be comes out as soon as it is sure, and never twice.

    The work is that of the piece, however long the reply is.
    """

    def __init__(self) -> None:
        self._held = ""  # may yet turn out to be a tag, or a fence
        self._within = False  # a line whose beginning has been looked at
        self._fence = ""  # of the code that is open
        self._closing = ""  # the tag that will end the thought that is open
        self._blank = True  # nothing has come but blanks
        self._thinks = False  # there was a thought, or there will be none

    def feed(self, piece: str) -> list[Event]:
        return self._read(self._held + piece, last=False)

    def end(self) -> list[Event]:
        """Nothing more will come."""
        return self._read(self._held, last=True)

    def _read(self, text: str, last: bool) -> list[Event]:
        out: list[Event] = []
        at = 0
        while at < len(text):
            if self._closing:
                step = self._think(text, at, last, out)
            elif self._within:
                end = text.find("\n", at) + 1
                self._within = not end
                step = (end or len(text)) - at
                self._tell(text[at : at + step], out)
            else:
                step = self._begin(text, at, last, out)
            if not step:
                break
            at += step
        self._held = text[at:]
        return out

    def _think(self, text: str, at: int, last: bool, out: list[Event]) -> int:
        """Within a thought; returns how much was read."""
        found = text.find(self._closing, at)
        if found < 0:
            kept = 0 if last else _begun(text, at, self._closing)
            self._tell(text[at : len(text) - kept], out)
            return len(text) - kept - at
        self._tell(text[at:found], out)
        out.append((What.ANSWER, ""))
        closing, self._closing = self._closing, ""
        return found + len(closing) - at

    def _begin(self, text: str, at: int, last: bool, out: list[Event]) -> int:
        """At the beginning of a line; returns how much was read, 0 when it takes more to know."""
        end = text.find("\n", at)
        line = text[at:end] if end >= 0 else text[at:]
        whole = last or end >= 0
        words = line.lstrip(" ")
        indent = len(line) - len(words)
        if indent > 3 or (not words and whole):
            self._within = end < 0
            return self._plain(len(line) + (end >= 0), text, at, out)
        if fence := _FENCE.match(words):
            if not whole:
                return 0
            self._turn_fence(fence[1], words[len(fence[1]) :])
            return self._plain(len(line) + (end >= 0), text, at, out)
        if not self._fence and words[:1] in _FIRST:
            for opening, closing in TAGS.items():
                if words.startswith(opening) and (self._blank or self._thinks or words.strip() == opening):
                    if not (self._blank or self._thinks or whole):
                        return 0
                    out.append((What.THOUGHT, ""))
                    self._closing, self._thinks = closing, True
                    return indent + len(opening)
                if words.startswith(closing) and not self._thinks:
                    out.append((What.ALL_THOUGHT, ""))
                    self._thinks = True
                    return indent + len(closing)
        if not whole and self._may_become(words):
            return 0
        self._within = True
        return self._plain(len(line), text, at, out)

    def _plain(self, length: int, text: str, at: int, out: list[Event]) -> int:
        self._tell(text[at : at + length], out)
        return length

    def _tell(self, text: str, out: list[Event]) -> None:
        if text:
            self._blank = self._blank and not text.strip()
            out.append((What.TEXT, text))

    def _turn_fence(self, fence: str, rest: str) -> None:
        """A line of code begins, or ends, as CommonMark has it."""
        if not self._fence:
            if not (fence[0] == "`" and "`" in rest):
                self._fence = fence
        elif fence[0] == self._fence[0] and len(fence) >= len(self._fence) and not rest.strip():
            self._fence = ""

    def _may_become(self, words: str) -> bool:
        """Whether the beginning of a line may yet become a tag, or a fence."""
        if not words or (set(words) in ({"`"}, {"~"}) and len(words) < _FEWEST):
            return True
        return not self._fence and any(tag.startswith(words) for tag in (*TAGS, *CLOSING))


def _begun(text: str, at: int, tag: str) -> int:
    """How many characters at the end of ``text`` may be the beginning of ``tag``."""
    for length in range(min(len(tag) - 1, len(text) - at), 0, -1):
        if text.endswith(tag[:length]):
            return length
    return 0
