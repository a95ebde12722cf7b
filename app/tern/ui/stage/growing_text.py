"""A reply while it grows, as plain text and its words."""

from __future__ import annotations

from tern.chat.thinking import answer
from tern.markup.incremental import ReplyReader
from tern.markup.plain import plain_text
from tern.markup.utf16 import utf16_length
from tern.ui.shared.words import Word, words


class GrowingText:
    """:attr:`plain` and :attr:`words` of the reply as it was followed last. What has settled is neither read
    nor counted again."""

    def __init__(self) -> None:
        self.plain = ""
        self.words: list[Word] = []
        self._source = self._said = ""
        self._reader = ReplyReader()
        self._lines: list[
            tuple[str, list[Word], int]
        ] = []  # each, its words within it, its length in UTF-16 units

    def follow(self, source: str) -> None:
        """``source``: all of the reply, as the model wrote it."""
        if source == self._source:
            return
        self._source, said = source, answer(source)
        if not said.startswith(self._said):
            self._reader, self._said = ReplyReader(), ""
        self._reader.append(said[len(self._said) :])
        self._said = said
        self.plain = plain_text(self._reader.blocks)
        lines = self.plain.split("\n")
        same = 0
        for (known, _, _), line in zip(self._lines, lines, strict=False):
            if known != line:
                break
            same += 1
        self._lines[same:] = [(line, words(line), utf16_length(line)) for line in lines[same:]]
        self.words, start = [], 0
        for _, found, length in self._lines:
            self.words += [Word(start + word.start, start + word.end) for word in found] if start else found
            start += length + 1
