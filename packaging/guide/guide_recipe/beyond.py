"""Questions that a tiny model cannot answer, and the honest replies.

Slots are filled with dictionary words and names."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from guide_recipe.english import Lexicon
from guide_recipe.exchange import Exchange
from guide_recipe.grammar import expand, fill, read_intents, read_sections
from guide_recipe.noise import is_question, vary
from guide_recipe.tables import CAPITALS, WORDS

# How often each block of the data file is asked, in its order: news, doctor, write, code, maths, know, unclear.
_WEIGHTS = (1.5, 1.0, 2.0, 1.2, 1.2, 7.0, 1.4)


class Beyond:
    """Draws questions out of reach, about the dictionary's words as far as no other part of the data explains them."""

    def __init__(self, lexicon: Lexicon, known_text: str) -> None:
        sections = read_sections("out_of_scope.txt")
        words = sections["names"][0].split()
        self._people = words
        self._states = sections["states"][0].split()
        self._illnesses = sections["illnesses"][0].split("|")
        known = set(re.findall(r"[a-z]+", known_text.lower())) | set(WORDS)
        self._verbs = sections["verbs"][0].split("|") * 20 + _unknown(lexicon.verbs, known)
        self._nouns = _unknown(lexicon.nouns, known)
        self._adjectives = _unknown(lexicon.adjectives, known)
        self._sentences = lexicon.sentences
        self._blocks = read_intents("out_of_scope.txt")

    def _slots(self, rng: random.Random) -> dict[str, Callable[[], str]]:
        def name() -> str:
            count = len(self._people) // 2  # first and last names in turn
            first = rng.randrange(count)
            last = first if rng.random() < 0.5 else rng.randrange(count)
            return f"{self._people[2 * first]} {self._people[2 * last + 1]}"

        return {
            "noun": lambda: rng.choice(self._nouns),
            "name": name,
            "state": lambda: rng.choice(self._states),
            "illness": lambda: rng.choice(self._illnesses),
            "verb": lambda: rng.choice(self._verbs),
            "adj": lambda: rng.choice(self._adjectives),
            "sentence": lambda: rng.choice(self._sentences),
            "country": lambda: rng.choice(CAPITALS)[0],
            "city": lambda: rng.choice(CAPITALS)[1],
            "bignum": lambda: str(rng.randrange(1000, rng.choice((10_000, 100_000, 10_000_000)))),
            "num": lambda: str(rng.randrange(3, 60)),
            "year": lambda: str(rng.randrange(1000, 2030)),
        }

    def __call__(self, rng: random.Random) -> Exchange:
        block = rng.choices(self._blocks, _WEIGHTS)[0]
        ask = fill(expand(rng.choice(block.asks), rng), self._slots(rng))
        return Exchange(vary(ask, rng, question=is_question(ask)), rng.choice(block.replies), "beyond")


def _unknown(words: Sequence[str], known: set[str]) -> list[str]:
    return [word for word in words if not known & set(word.lower().split())]
