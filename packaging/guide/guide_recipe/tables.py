# ruff: noqa: E501 - a grammar line is data and stays in one piece
"""Facts that come in tables (capitals, opposites, plurals, days ...) and plays on words. Answers follow from the tables."""

from __future__ import annotations

import random
import re

from guide_recipe.exchange import Exchange
from guide_recipe.grammar import expand, read_sections
from guide_recipe.noise import is_question, vary

_OPENING = re.compile(r"^(what is|what's|tell me|give me|name|which is|do you know) ")  # often left out
_RAW = read_sections("tables.txt")
WORDS = _RAW["words"][0].split()
_THE = {"Netherlands", "Philippines"}
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_UNITS = (
    ("centimetres", "a metre", "100"), ("metres", "a kilometre", "1,000"), ("millimetres", "a centimetre", "10"),
    ("grams", "a kilogram", "1,000"), ("kilograms", "a tonne", "1,000"), ("millilitres", "a litre", "1,000"),
    ("cents", "a dollar", "100"), ("pence", "a pound", "100"), ("inches", "a foot", "12"), ("feet", "a yard", "3"),
    ("bits", "a byte", "8"), ("bytes", "a kilobyte", "1,000"), ("megabytes", "a gigabyte", "1,000"),
    ("eggs", "a dozen", "12"), ("months", "a year", "12"), ("days", "a week", "7"), ("minutes", "an hour", "60"),
    ("seconds", "a minute", "60"), ("hours", "a day", "24"), ("years", "a century", "100"), ("strings", "a guitar", "6"),
    ("wheels", "a car", "4"), ("players", "a football team", "11"), ("wings", "a bird", "2"), ("arms", "an octopus", "8"),
)  # fmt: skip


def _pairs(section: str) -> list[tuple[str, str]]:
    return [(left, right) for left, right in (line.split(" ", 1) for line in _RAW[section])]


CAPITALS, OPPOSITES, PLURALS, PAST = (_pairs(name) for name in ("capitals", "opposites", "plurals", "past"))
_LANGUAGES, _CONTINENTS, _CURRENCIES = (_pairs(name) for name in ("languages", "continents", "currencies"))
_COLOURS, _SOUNDS, _BABIES = (_pairs(name) for name in ("colours", "sounds", "babies"))


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _country(name: str) -> str:
    return f"the {name}" if name in _THE else name


def _say(ask: str, reply: str, rng: random.Random, kind: str = "", exact: bool = False) -> Exchange:
    text = expand(ask, rng)
    if rng.random() < 0.25:
        text = _OPENING.sub("", text)
    return Exchange(vary(text, rng, question=is_question(text), exact=exact), reply, kind)


def capital(rng: random.Random) -> Exchange:
    country, city = rng.choice(CAPITALS)
    place = _country(country)
    if rng.random() < 0.7:
        ask = f"(what is|what's|which city is|name|tell me) the capital [city] of {place}"
        if rng.random() < 0.2:
            ask = f"({place} capital|capital of {place}|the capital of {place})"
        return _say(ask, f"The capital of {place} is {city}.", rng, "capital")
    ask = f"({city} is the capital of (what|which country)|{city} (belongs to|is in|lies in) (which|what) country|(which|what) country does {city} belong to|(of|for) which country is {city} the capital|where can i find {city}|which country has the capital {city}|where is {city}|what country is {city} in|in which country is {city})"
    return _say(ask, f"{city} is the capital of {place}.", rng)


def language(rng: random.Random) -> Exchange:
    country, tongue = rng.choice(_LANGUAGES)
    place = _country(country)
    return _say(
        f"(what|which) language (do they speak|is spoken|do people speak) in {place}",
        f"In {place} people speak {tongue}.",
        rng,
    )


def continent(rng: random.Random) -> Exchange:
    country, where = rng.choice(_CONTINENTS)
    return _say(
        f"((on|in) (which|what) continent is {country}|where is {country}|where in the world is {country})",
        f"{country} is in {where}.",
        rng,
    )


def currency(rng: random.Random) -> Exchange:
    country, money = rng.choice(_CURRENCIES)
    ask = f"(what is the currency (of|in) {country}|(what|which) money do they use in {country}|what currency does {country} (use|have))"
    return _say(ask, f"The currency of {country} is the {money}.", rng)


def opposite(rng: random.Random) -> Exchange:
    left, right = rng.choice(OPPOSITES)
    if rng.random() < 0.3 and left not in ("new", "large", "tall"):
        left, right = right, left
        if left in ("old", "small", "short"):
            left, right = "hot", "cold"
    ask = f"(what is|what's|tell me|give me) the opposite of {left}"
    if rng.random() < 0.2:
        ask = f"(opposite of {left}|antonym of {left}|{left} opposite)"
    return _say(ask, f'The opposite of "{left}" is "{right}".', rng, "opposite", exact=True)


def plural(rng: random.Random) -> Exchange:
    one, many = rng.choice(PLURALS)
    return _say(
        f"((what is|what's|tell me) the plural (of|form of|of the word) {one}|{one} in [the] plural|one {one}, two what|more than one {one}|{one} plural)",
        f'The plural of "{one}" is "{many}".',
        rng,
        "plural",
        exact=True,
    )


def past(rng: random.Random) -> Exchange:
    now, then = rng.choice(PAST)
    ask = f"(what is|what's|tell me) the past (tense|form) of [to] {now}"
    return _say(ask, f'The past tense of "{now}" is "{then}".', rng, "past", exact=True)


def colour(rng: random.Random) -> Exchange:
    thing, hue = rng.choice(_COLOURS)
    article = "the" if thing in ("sun", "sky", "sea", "night") else "a"
    plain = thing in ("grass", "blood", "snow", "milk", "coal", "chocolate")
    subject = thing if plain else (f"the {thing}" if article == "the" else _article(thing))
    return _say(
        f"(what|which) colou?r (is|has) {subject}", f"{subject[0].upper() + subject[1:]} is {hue}.", rng
    )


def sound(rng: random.Random) -> Exchange:
    animal, noise = rng.choice(_SOUNDS)
    return _say(
        f"(what (sound|noise) does {_article(animal)} make|what does {_article(animal)} say|how does {_article(animal)} go)",
        f'{_article(animal).capitalize()} says "{noise}".',
        rng,
    )


def baby(rng: random.Random) -> Exchange:
    parent, young = rng.choice(_BABIES)
    return _say(
        f"(what is a baby {parent} called|what do you call a baby {parent}|what is the young of {_article(parent)})",
        f"A baby {parent} is called {_article(young)}.",
        rng,
    )


def day(rng: random.Random) -> Exchange:
    i = rng.randrange(7)
    after, before = _DAYS[(i + 1) % 7], _DAYS[i - 1]
    if rng.random() < 0.6:
        return _say(
            f"((what|which) [day] (comes|is|follows) after {_DAYS[i]}|what comes after {_DAYS[i]}|the day after {_DAYS[i]}|if today is {_DAYS[i]}, what is tomorrow)",
            f"After {_DAYS[i]} comes {after}.",
            rng,
        )
    return _say(f"(what|which) day (comes|is) before {_DAYS[i]}", f"Before {_DAYS[i]} comes {before}.", rng)


def month(rng: random.Random) -> Exchange:
    i = rng.randrange(12)
    match rng.randrange(3):
        case 0:
            return _say(
                f"(what|which) month (comes|is) after {_MONTHS[i]}",
                f"After {_MONTHS[i]} comes {_MONTHS[(i + 1) % 12]}.",
                rng,
            )
        case 1:
            return _say(
                f"(what|which) month (comes|is) before {_MONTHS[i]}",
                f"Before {_MONTHS[i]} comes {_MONTHS[i - 1]}.",
                rng,
            )
    leap = ", and 29 in a leap year" if i == 1 else ""
    return _say(
        f"how many days (does {_MONTHS[i]} have|are in {_MONTHS[i]}|has {_MONTHS[i]})",
        f"{_MONTHS[i]} has {_LENGTHS[i]} days{leap}.",
        rng,
    )


def unit(rng: random.Random) -> Exchange:
    small, large, n = rng.choice(_UNITS)
    return _say(
        f"how many {small} (are in|does|are there in|make|has) {large}[ have]",
        f"{large.capitalize()} has {n} {small}.",
        rng,
    )


def spell(rng: random.Random) -> Exchange:
    word = rng.choice(WORDS)
    reply = "-".join(word.upper())
    return _say(
        f"(how do you spell|spell|can you spell|please spell|spell the word|how is) {word}[ spelled]",
        reply,
        rng,
        "spell",
        exact=True,
    )


def letters(rng: random.Random) -> Exchange:
    word = rng.choice(WORDS)
    ask = f"how many letters (are in|does|has|are there in) [the word] {word}[ have]"
    return _say(ask, f'"{word}" has {len(word)} letters: {"-".join(word.upper())}.', rng, exact=True)


def reverse(rng: random.Random) -> Exchange:
    word = rng.choice([w for w in WORDS if len(w) <= 6])
    ask = rng.choice(
        (
            f"reverse [the word] {word}",
            f"(spell|write|say) {word} (backwards|in reverse)",
            f"what is {word} (backwards|reversed|spelled backwards)",
        )
    )
    return _say(
        ask,
        f"{'-'.join(word.upper())} backwards is {'-'.join(reversed(word.upper()))}: {word[::-1]}",
        rng,
        exact=True,
    )


def letter_at(rng: random.Random) -> Exchange:
    word = rng.choice(WORDS)
    first = rng.random() < 0.6
    place, letter = ("first", word[0]) if first else ("last", word[-1])
    return _say(
        f"(what is|what's|which is) the {place} letter (of|in) [the word] {word}",
        f'The {place} letter of "{word}" is {letter.upper()}.',
        rng,
        exact=True,
    )


def next_letter(rng: random.Random) -> Exchange:
    i = rng.randrange(25)
    a, b = chr(65 + i), chr(66 + i)
    if rng.random() < 0.6:
        return _say(f"(what|which) letter (comes|is) after {a}", f"After {a} comes {b}.", rng, exact=True)
    return _say(f"(what|which) letter (comes|is) before {b}", f"Before {b} comes {a}.", rng, exact=True)


def starts_with(rng: random.Random) -> Exchange:
    word = rng.choice(WORDS)
    fitting = sorted(w for w in WORDS if w[0] == word[0])[:3]
    ask = f"(give me|tell me|name|say) (a word|words|some words) (that (starts|start|begins|begin) with|with|starting with) [the letter] {word[0].upper()}"
    return _say(ask, ", ".join(fitting), rng, exact=True)


def echo(rng: random.Random) -> Exchange:
    text = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 6)))
    ask = rng.choice(
        (
            f"say {text}",
            f'say "{text}"',
            f"repeat after me: {text}",
            f"repeat: {text}",
            f"please say {text}",
            f"repeat the words {text}",
            f"write: {text}",
        )
    )
    if rng.random() < 0.5:
        ask = ask[0].upper() + ask[1:]
    return Exchange(ask, text, "echo")


def capitals_letters(rng: random.Random) -> Exchange:
    word = rng.choice(WORDS)
    return _say(
        f"(write|say|put) {word} in (capital letters|capitals|uppercase|upper case)",
        word.upper(),
        rng,
        exact=True,
    )


SKILLS = (
    (capital, 8.0), (language, 0.8), (continent, 0.8), (currency, 0.6), (opposite, 2.5), (plural, 1.2), (past, 1.2), (colour, 0.8),
    (sound, 0.6), (baby, 0.6), (day, 0.8), (month, 1.0), (unit, 1.0), (spell, 2.5), (letters, 2.0), (reverse, 1.2), (letter_at, 0.8),
    (next_letter, 0.8), (starts_with, 0.5), (echo, 1.6), (capitals_letters, 0.6),
)  # fmt: skip
