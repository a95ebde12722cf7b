"""What the palette finds: commands by their words, by other words for them, and despite slips of the keyboard. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"\w+")
_WHOLE, _PREFIX, _INSIDE = 100.0, 95.0, 70.0  # how well a word fits
_BEGINS, _IS = (
    10.0,
    5.0,
)  # more where a command begins with all that was typed, and more still where it is just that
_SYNONYM = 0.9  # of a synonym that a slip is like, beside a word of the command's own
_LEAST_LETTERS = 4  # of a word that may have slips in it
_ALIKE = 78.0  # of 100: "temprature" is 95 like "temperature"
_TITLE_ALIKE, _MOST_ALIKE = 80.0, 10


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do. ``keys`` as the system writes them, or what kind of thing it is; ``synonyms``: other words for
    it, with commas between them. ``title``: its text is a person's own, of which there may be ten thousand. What is
    not ``at_rest`` shows only when it is looked for.
    """

    text: str
    keys: str
    act: Callable[[], object]
    synonyms: str = ""
    title: bool = False
    at_rest: bool = True


def found(commands: Sequence[Command], query: str) -> list[Command]:
    """Those that ``query`` means, the best first, equally good ones in their order. Slips of the keyboard are looked
    past only where nothing has the words as they are."""
    words = query.casefold().split()
    if not words:
        return [command for command in commands if command.at_rest]
    titles = [command for command in commands if command.title]
    others = [command for command in commands if not command.title]
    hits = [(_score(each, words), each) for each in [*others, *_with_words(titles, words)]]
    if not any(score for score, _ in hits) and len(query.strip()) >= _LEAST_LETTERS:
        hits = [(_score(each, words, slips=True), each) for each in others]
        hits += _alike(titles, query.strip())
    ranked = sorted(hits, key=lambda pair: -pair[0])
    return [command for score, command in ranked if score > 0]


def _with_words(titles: Sequence[Command], words: Sequence[str]) -> list[Command]:
    return [each for each in titles if all(word in each.text.casefold() for word in words)]


def _alike(titles: Sequence[Command], query: str) -> list[tuple[float, Command]]:
    from rapidfuzz import fuzz, process  # late: the first paint need not wait for it

    near = process.extract(
        query.casefold(),
        [each.text.casefold() for each in titles],
        scorer=fuzz.partial_ratio,
        score_cutoff=_TITLE_ALIKE,
        limit=_MOST_ALIKE,
    )
    return [(score * _INSIDE / 100, titles[index]) for _, score, index in near]


def _score(command: Command, words: Sequence[str], slips: bool = False) -> float:
    """0 where one of ``words`` is nowhere in it."""
    text, phrase = command.text.casefold(), " ".join(words)
    own, others = _WORD.findall(text), _WORD.findall(command.synonyms.casefold())
    total = 0.0
    for word in words:
        best = max(_fit(word, own, text), _fit(word, others))
        if not best and slips:
            best = max(_alike_word(word, own), _SYNONYM * _alike_word(word, others))
        if not best:
            return 0
        total += best
    # A synonym counts as a beginning once its word is typed out: until then the command's own words are meant.
    phrases = [f"{each.strip()} " for each in command.synonyms.casefold().split(",")]
    begins = text.startswith(phrase) or any(each.startswith(f"{phrase} ") for each in phrases)
    return total / len(words) + (_BEGINS if begins else 0) + (_IS if text == phrase else 0)


def _fit(word: str, among: Sequence[str], text: str = "") -> float:
    """How well ``word`` fits the best of the words ``among``, which ``text`` is made of."""
    if word in among:
        return _WHOLE
    if any(each.startswith(word) for each in among):
        return _PREFIX
    return _INSIDE if word in text else 0


def _alike_word(word: str, among: Sequence[str]) -> float:
    """How much ``word`` is like one of ``among``, or like the beginning of one."""
    if len(word) < _LEAST_LETTERS:
        return 0
    from rapidfuzz import fuzz  # late, as above

    best = max(
        (max(fuzz.ratio(word, each), fuzz.ratio(word, each[: len(word)])) for each in among), default=0
    )
    return best * _INSIDE / 100 if best >= _ALIKE else 0
