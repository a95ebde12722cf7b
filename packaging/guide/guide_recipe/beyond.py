"""Questions that a tiny model cannot answer, and the honest replies. Slots are filled with dictionary words and names."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from guide_recipe.exchange import Exchange
from guide_recipe.grammar import Intent, expand, fill, read_intents, read_sections
from guide_recipe.noise import is_question, vary
from guide_recipe.tables import CAPITALS, WORDS

# How often each block of the data file is asked, in its order: news, doctor, write, code, maths, know.
_WEIGHTS = (1.5, 0.8, 2.0, 1.2, 1.0, 6.0)


def _templates() -> list[Intent]:
    blocks = read_intents("out_of_scope.txt")
    return [Intent([a for a in block.asks], block.replies) for block in blocks]


class Beyond:
    """Draws questions out of reach. ``nouns`` are dictionary words that no other part of the data explains."""

    def __init__(self, nouns: Sequence[str]) -> None:
        sections = read_sections("out_of_scope.txt")
        words = sections["names"][0].split()
        self._people = words
        self._states = sections["states"][0].split()
        self._illnesses = sections["illnesses"][0].split("|")
        self._verbs = sections["verbs"][0].split("|")
        self._nouns = nouns
        self._blocks = _templates()

    def _slots(self, rng: random.Random) -> dict[str, Callable[[], str]]:
        def name() -> str:
            i = rng.randrange(len(self._people) // 2)
            first = self._people[2 * i]
            return f"{first} {self._people[2 * (i if rng.random() < 0.5 else rng.randrange(len(self._people) // 2)) + 1]}"

        return {
            "noun": lambda: rng.choice(self._nouns),
            "name": name,
            "state": lambda: rng.choice(self._states),
            "illness": lambda: rng.choice(self._illnesses),
            "verb": lambda: rng.choice(self._verbs),
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


def nouns_for(glossary: Sequence[tuple[str, str]], known_text: str) -> list[str]:
    """Nouns of the dictionary that do not occur in ``known_text``, the questions the guide can answer."""
    known = set(re.findall(r"[a-z]+", known_text.lower())) | set(WORDS)
    return [noun for noun, _ in glossary if noun.islower() and not known & set(noun.split())]
