# ruff: noqa: E501 - a grammar line is data and stays in one piece
"""Small sums in many wordings. Every answer is computed; replies name the sum, so that digits are near at hand."""

from __future__ import annotations

import random

from guide_recipe.exchange import Exchange
from guide_recipe.grammar import expand
from guide_recipe.noise import vary

_NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_THINGS = [
    "apples",
    "eggs",
    "books",
    "birds",
    "stones",
    "coins",
    "cups",
    "trees",
    "cats",
    "shells",
    "stars",
    "pens",
    "cookies",
    "boats",
    "terns",
]
_PEOPLE = ["Ann", "Ben", "Clara", "Dan", "Eva", "Finn", "Mia", "Leo", "Tom", "Lucy", "Sam", "Nora"]
_ASK = "([what is|what's|calculate|compute|how much is|whats|work out]|what does) {}[ =| equal| make]"


def in_words(n: int) -> str:
    """The English name of 0..100."""
    if n <= 20:
        return _NUMBERS[n]
    if n == 100:
        return "one hundred"
    tens, ones = divmod(n, 10)
    return _TENS[tens - 2] + (f"-{_NUMBERS[ones]}" if ones else "")


def _ask(sum_text: str, rng: random.Random) -> str:
    template = rng.choice(("what is {}", "what is {}", "what's {}", "{}", "{} =", "{}?", "how much is {}", "calculate {}",
                           "compute {}", "what does {} make", "can you add up {}", "tell me {}", "what do you get for {}",
                           "what is the result of {}", "solve {}", "i need to know {}"))  # fmt: skip
    return vary(template.format(sum_text), rng, question=not template.startswith(("calc", "comp", "tell", "solve", "i ")),
                exact=True)  # fmt: skip


def _operand(rng: random.Random) -> int:
    return rng.randrange(rng.choice((10, 20, 50, 100, 100, 100)))


def add(rng: random.Random) -> Exchange:
    a, b = _operand(rng), _operand(rng)
    if rng.random() < 0.12:
        a, b = rng.randrange(1000), rng.randrange(rng.choice((100, 1000)))
    sign = rng.choice(
        ("{} + {}", "{} + {}", "{}+{}", "{} plus {}", "{} and {}", "the sum of {} and {}", "{} added to {}")
    )
    return Exchange(_ask(sign.format(a, b), rng), f"{a} + {b} = {a + b}", "sum", a + b)


def subtract(rng: random.Random) -> Exchange:
    a, b = _operand(rng), _operand(rng)
    if b > a and rng.random() < 0.8:
        a, b = b, a
    sign = rng.choice(("{} - {}", "{} - {}", "{}-{}", "{} minus {}", "{} take away {}", "{} less {}"))
    return Exchange(_ask(sign.format(a, b), rng), f"{a} - {b} = {a - b}", "sum", a - b)


def multiply(rng: random.Random) -> Exchange:
    a, b = rng.randrange(13), rng.randrange(13)
    if rng.random() < 0.1:
        a, b = rng.choice((10, 20, 50, 100)), rng.randrange(1, 21)
    sign = rng.choice(
        ("{} x {}", "{} * {}", "{} times {}", "{}*{}", "{} multiplied by {}", "the product of {} and {}")
    )
    return Exchange(_ask(sign.format(a, b), rng), f"{a} x {b} = {a * b}", "sum", a * b)


def divide(rng: random.Random) -> Exchange:
    b, quotient = rng.randrange(1, 13), rng.randrange(13)
    a = b * quotient
    sign = rng.choice(("{} / {}", "{}/{}", "{} divided by {}", "{} : {}"))
    return Exchange(_ask(sign.format(a, b), rng), f"{a} / {b} = {quotient}", "sum", quotient)


def by_zero(rng: random.Random) -> Exchange:
    a = _operand(rng)
    sign = rng.choice(("{} / 0", "{}/0", "{} divided by 0", "{} divided by zero"))
    return Exchange(_ask(sign.format(a), rng), "Nothing can be divided by zero: there is no answer.")


def double_or_half(rng: random.Random) -> Exchange:
    if rng.random() < 0.6:
        a = rng.randrange(1, 100)
        word = rng.choice(("double {}", "twice {}", "the double of {}"))
        return Exchange(_ask(word.format(a), rng), f"2 x {a} = {2 * a}", "sum", 2 * a)
    a = 2 * rng.randrange(1, 51)
    return Exchange(
        _ask(rng.choice((f"half of {a}", f"the half of {a}")), rng), f"{a} / 2 = {a // 2}", "sum", a // 2
    )


def square(rng: random.Random) -> Exchange:
    a = rng.randrange(1, 13)
    word = rng.choice(("{} squared", "the square of {}", "{}^2", "{} to the power of 2"))
    return Exchange(_ask(word.format(a), rng), f"{a} x {a} = {a * a}", "sum", a * a)


def three(rng: random.Random) -> Exchange:
    a, b, c = (rng.randrange(1, 21) for _ in range(3))
    sign = rng.choice(("{} + {} + {}", "{}+{}+{}", "{} plus {} plus {}", "{}, {} and {}"))
    text = sign.format(a, b, c)
    if "," in sign:
        text = "the sum of " + text
    return Exchange(_ask(text, rng), f"{a} + {b} + {c} = {a + b + c}", "sum", a + b + c)


def words(rng: random.Random) -> Exchange:
    a, b = rng.randrange(1, 21), rng.randrange(1, 21)
    if rng.random() < 0.7:
        return Exchange(_ask(f"{in_words(a)} plus {in_words(b)}", rng), f"{a} + {b} = {a + b}", "sum", a + b)
    a, b = max(a, b), min(a, b)
    return Exchange(_ask(f"{in_words(a)} minus {in_words(b)}", rng), f"{a} - {b} = {a - b}", "sum", a - b)


def story(rng: random.Random) -> Exchange:
    a, b = rng.randrange(2, 60), rng.randrange(1, 40)
    thing, who = rng.choice(_THINGS), rng.choice(_PEOPLE)
    subject, verb = ("I", "have") if rng.random() < 0.4 else (who, "has")
    again = "i" if subject == "I" else who
    if rng.random() < 0.55:
        gets = expand("(get|find|buy|am given)" if subject == "I" else "(gets|finds|buys|is given)", rng)
        ask = f"{subject} {verb} {a} {thing} and {gets} {b} more. How many {thing} "
        total, sign = a + b, "+"
    else:
        a, b = max(a, b), min(a, b)
        gives = expand(
            "(give away|lose|eat|sell)" if subject == "I" else "(gives away|loses|eats|sells)", rng
        )
        ask = f"{subject} {verb} {a} {thing} and {gives} {b}. How many {thing} "
        total, sign = a - b, "-"
    ask += expand(
        f"(does {again} have|are there|has {again}) [now|left]?"
        if subject != "I"
        else "(do I have|are there) [now|left]?",
        rng,
    )
    ask = ask.replace(" ?", "?").replace("is given", "gets").replace("am given", "get")
    return Exchange(
        ask if rng.random() < 0.7 else ask.lower(),
        f"{a} {sign} {b} = {total}, so {total} {thing}.",
        "sum",
        total,
    )


def larger(rng: random.Random) -> Exchange:
    a, b = rng.sample(range(rng.choice((20, 100, 1000))), 2)
    if rng.random() < 0.7:
        ask = expand(f"(which|what) is (larger|bigger|greater|more)[, |: ]{a} or {b}", rng)
        return Exchange(vary(ask, rng, exact=True), f"{max(a, b)} is larger than {min(a, b)}.")
    ask = expand(f"(which|what) is (smaller|less)[, |: ]{a} or {b}", rng)
    return Exchange(vary(ask, rng, exact=True), f"{min(a, b)} is smaller than {max(a, b)}.")


def neighbour(rng: random.Random) -> Exchange:
    a = rng.randrange(1, rng.choice((20, 100, 1000)))
    if rng.random() < 0.6:
        ask = expand(f"(what comes|which number comes|what number is|what is the number) after {a}", rng)
        return Exchange(vary(ask, rng, exact=True), f"After {a} comes {a + 1}.", "sum", a + 1)
    ask = expand(f"(what comes|which number comes|what number is|what is the number) before {a}", rng)
    return Exchange(vary(ask, rng, exact=True), f"Before {a} comes {a - 1}.", "sum", a - 1)


def parity(rng: random.Random) -> Exchange:
    a = rng.randrange(rng.choice((20, 100, 1000)))
    is_odd, asked_odd = a % 2 == 1, rng.random() < 0.5
    ask = expand(f"is {a} (an |){'odd' if asked_odd else 'even'}[ number]", rng)
    word = "odd" if is_odd else "even"
    return Exchange(vary(ask, rng, exact=True), f"{'Yes' if is_odd == asked_odd else 'No'}, {a} is {word}.")


def count(rng: random.Random) -> Exchange:
    if rng.random() < 0.6:
        n = rng.randrange(3, 21)
        ask = expand(f"count [up|from 1|from one] to {rng.choice((str(n), in_words(n)))}", rng)
        return Exchange(vary(ask, rng, question=False, exact=True), ", ".join(map(str, range(1, n + 1))))
    if rng.random() < 0.5:
        n = rng.randrange(3, 13)
        ask = expand(f"count (down|backwards) from {n}", rng)
        return Exchange(vary(ask, rng, question=False, exact=True), ", ".join(map(str, range(n, -1, -1))))
    step = rng.choice((2, 3, 5, 10))
    ask = f"count (by|in) {step}s [up] to {step * 10}"
    return Exchange(
        vary(expand(ask, rng), rng, question=False, exact=True),
        ", ".join(str(step * i) for i in range(1, 11)),
    )


def table(rng: random.Random) -> Exchange:
    n = rng.randrange(2, 13)
    ask = expand(
        f"(show me|what is|give me|write|say) the ({n} times table|times table (of|for) {n}|{in_words(n)} times table)",
        rng,
    )
    lines = "\n".join(f"{i} x {n} = {i * n}" for i in range(1, 11))
    return Exchange(vary(ask, rng, question=ask.startswith("what"), exact=True), lines)


def number_name(rng: random.Random) -> Exchange:
    n = rng.randrange(101)
    if rng.random() < 0.5:
        ask = expand(
            f"(how do you (write|spell) {n} [in words|as a word]|{n} in words|write {n} in words)", rng
        )
        return Exchange(
            vary(ask, rng, question=ask.startswith("how"), exact=True), in_words(n).capitalize() + "."
        )
    ask = expand(
        f"(write {in_words(n)} (in digits|as a number)|what number is {in_words(n)}|{in_words(n)} in digits)",
        rng,
    )
    return Exchange(vary(ask, rng, question=ask.startswith("what"), exact=True), f"{n}")


SKILLS = (
    (add, 8.0), (subtract, 5.0), (multiply, 4.0), (divide, 2.0), (by_zero, 0.15), (double_or_half, 0.7), (square, 0.5),
    (three, 1.0), (words, 1.0), (story, 1.6), (larger, 0.8), (neighbour, 0.6), (parity, 0.6), (count, 0.6), (table, 0.4),
    (number_name, 0.6),
)  # fmt: skip
