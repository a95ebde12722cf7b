# ruff: noqa: E501 - a grammar line is data and stays in one piece
"""Puts single exchanges together into conversations with follow-ups, memory and system messages.

A dialogue is a list of (role, content). Knows nothing of tokens.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from guide_recipe import arithmetic, tables
from guide_recipe.beyond import Beyond
from guide_recipe.english import Lexicon
from guide_recipe.exchange import Exchange, Skill
from guide_recipe.grammar import DATA, Intent, expand, read_intents, read_sections, unescape
from guide_recipe.noise import is_question, vary

Dialogue = list[tuple[str, str]]

_NAMES = [
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Emma",
    "Felix",
    "Grace",
    "Henry",
    "Ida",
    "Jack",
    "Kate",
    "Leo",
    "Maria",
    "Noah",
    "Olivia",
    "Paul",
    "Rosa",
    "Sam",
    "Tina",
    "Victor",
    "Alice",
    "Bob",
    "Carol",
    "Daniel",
    "Eva",
    "Frank",
    "Hanna",
    "Ivan",
    "Julia",
    "Karl",
    "Laura",
    "Max",
    "Nina",
    "Oscar",
    "Peter",
    "Robin",
    "Sarah",
    "Tom",
    "Uma",
    "Zoe",
    "Ali",
    "Amir",
    "Chen",
    "Yuki",
    "Priya",
    "Raj",
    "Fatima",
    "Omar",
    "Lena",
    "Marta",
    "Jonas",
    "Lucas",
    "Mia",
    "Nora",
    "Elias",
    "Sofia",
    "Liam",
    "Ella",
    "John",
    "Mary",
    "James",
    "Linda",
    "Mike",
    "Lisa",
    "Kim",
    "Alex",
]
_COLOURS = [
    "red",
    "blue",
    "green",
    "yellow",
    "orange",
    "purple",
    "pink",
    "black",
    "white",
    "brown",
    "grey",
    "turquoise",
]
_ANIMALS = [
    "cat",
    "dog",
    "horse",
    "owl",
    "fox",
    "bear",
    "tern",
    "rabbit",
    "tiger",
    "dolphin",
    "elephant",
    "penguin",
]
_FOODS = [
    "pizza",
    "pasta",
    "bread",
    "cheese",
    "soup",
    "rice",
    "salad",
    "chocolate",
    "apples",
    "pancakes",
    "sushi",
    "curry",
]
_SYSTEM = (
    "You are a helpful assistant.", "You are a friendly assistant.", "You are Tern's guide.", "Be brief.", "Answer briefly.",
    "You are a helpful assistant. Answer in English.", "Be concise and kind.", "You are an honest and careful assistant.",
    "Answer the user's questions.", "You are a tiny language model.", "You help people to use Tern.", "Be precise.",
    "Keep your answers short.", "You are a patient teacher.", "The user is new to computers.",
)  # fmt: skip
_FUN_ASKS = {kind: lines[0] for kind, lines in read_sections("fun_asks.txt").items()}
_ANOTHER = "(another|another one|one more|again|more|tell me another [one]|one more please|another one please|a different one|next)"


def _exchange(intent: Intent, rng: random.Random, kind: str = "") -> Exchange:
    ask = expand(rng.choice(intent.asks), rng)
    return Exchange(
        vary(ask, rng, question=is_question(ask)), rng.choice(intent.replies), kind, None, tuple(intent.more)
    )


class Writer:
    """Writes dialogues, each from its own random generator. ``lexicon`` gives the unanswerable questions their words."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._facts = [read_intents(name) for name in ("tern.txt", "talk.txt", "knowledge.txt", "code.txt")]
        self._fun = read_sections("fun.txt")
        self._haiku = _haiku_lines()
        known = "\n".join(ask for part in self._facts for intent in part for ask in intent.asks)
        self._beyond = Beyond(lexicon, known + " ".join(topic for topic, _ in self._haiku))
        self._kinds: list[tuple[Skill, float]] = [
            (lambda rng: _exchange(rng.choice(self._facts[0]), rng, "tern"), 25.0),
            (lambda rng: _exchange(rng.choice(self._facts[1]), rng, "talk"), 11.0),
            (lambda rng: _exchange(rng.choice(self._facts[2]), rng, "knowledge"), 16.0),
            (lambda rng: _exchange(rng.choice(self._facts[3]), rng, "code"), 3.5),
            (self.fun, 5.0),
            (self.haiku, 2.0),
            (_skill(arithmetic.SKILLS), 13.0),
            (_skill(tables.SKILLS), 12.0),
            (self.two_at_once, 1.5),
            (self._beyond, 19.0),
        ]

    def fun(self, rng: random.Random) -> Exchange:
        kind = rng.choice(sorted(_FUN_ASKS))
        ask = expand(_FUN_ASKS[kind], rng)
        return Exchange(vary(ask, rng, question=is_question(ask)), rng.choice(self._fun[kind]), kind)

    def haiku(self, rng: random.Random) -> Exchange:
        topic, text = rng.choice(self._haiku)
        ask = expand(
            f"(write [me]|tell me|give me|make|compose|can you write|i'd like|i want) a [nice|short] haiku (about|on|of) [the|a] {topic}",
            rng,
        )
        if rng.random() < 0.15:
            ask = f"haiku about {topic}"
        return Exchange(vary(ask, rng, question=is_question(ask)), text, "haiku")

    def two_at_once(self, rng: random.Random) -> Exchange:
        """Two small questions in one message, as in "What is the capital of France, and what is 17 + 25?"."""
        country, city = rng.choice(tables.CAPITALS)
        a, b = rng.randrange(1, 60), rng.randrange(1, 60)
        left, right = rng.choice(tables.OPPOSITES)
        parts = [
            (f"what is the capital of {country}", f"The capital of {country} is {city}."),
            (
                rng.choice((f"what is {a} + {b}", f"what is {a} plus {b}")),
                f"The sum of {a} and {b} is {a + b}.",
            ),
            (f"what is the opposite of {left}", f'The opposite of "{left}" is "{right}".'),
        ]
        (ask1, reply1), (ask2, reply2) = rng.sample(parts, 2)
        ask = ask1 + rng.choice((", and ", " and ", "? And ", ", and also ")) + ask2 + "?"
        ask += rng.choice(("", "", " Answer briefly.", " Be brief."))
        ask = ask[0].upper() + ask[1:] if rng.random() < 0.7 else ask
        return Exchange(ask, f"{reply1} {reply2}")

    def single(self, rng: random.Random) -> Exchange:
        """One exchange of any kind."""
        skills, weights = zip(*self._kinds, strict=True)
        skill: Skill = rng.choices(skills, weights)[0]
        return skill(rng)

    def dialogue(self, rng: random.Random) -> Dialogue:
        """A whole conversation: most are short, some fill much of the context."""
        messages: Dialogue = []
        if rng.random() < 0.12:
            messages.append(("system", rng.choice(_SYSTEM)))
        length = rng.random()
        turns = 1 if length < 0.5 else rng.randrange(2, 5) if length < 0.85 else rng.randrange(4, 10)
        if length > 0.985:
            turns = rng.randrange(15, 40)
        memory: dict[str, str] = {}
        last: Exchange | None = None
        while len(messages) < 2 * turns:
            exchange = self._next(rng, messages, last, memory)
            messages += [("user", exchange.ask), ("assistant", exchange.reply)]
            last = exchange
        return messages

    def _next(
        self, rng: random.Random, said: Dialogue, last: Exchange | None, memory: dict[str, str]
    ) -> Exchange:
        roll = rng.random()
        if last is not None and roll < 0.45:
            follow = self._follow_up(rng, said, last)
            if follow is not None:
                return follow
        if roll > (0.82 if last is not None else 0.97):
            return _personal(rng, memory)
        return self.single(rng)

    def _follow_up(self, rng: random.Random, said: Dialogue, last: Exchange) -> Exchange | None:
        """What a person may say next about the ``last`` exchange, if anything fits."""
        roll = rng.random()
        if last.kind == "sum" and last.value is not None and roll < 0.75:
            return _sum_again(rng, last)
        if last.kind in self._fun and roll < 0.6:
            fresh = [text for text in self._fun[last.kind] if text not in {content for _, content in said}]
            if fresh:
                return Exchange(
                    vary(expand(_ANOTHER, rng), rng, question=False), rng.choice(fresh), last.kind
                )
        if last.kind == "capital" and roll < 0.7:
            country, city = rng.choice(tables.CAPITALS)
            ask = expand(f"(and [of]|what about|and what about|how about|and for) {country}", rng)
            return Exchange(vary(ask, rng), f"The capital of {country} is {city}.", "capital")
        if last.kind == "opposite" and roll < 0.6:
            left, right = rng.choice(tables.OPPOSITES)
            return Exchange(
                vary(expand(f"(and [of]|what about) {left}", rng), rng, exact=True),
                f'The opposite of "{left}" is "{right}".',
                "opposite",
            )
        if last.more and roll < 0.7:
            ask = expand(
                "(tell me more|more|go on|continue|can you tell me more|more please|and what else|what else|more details|explain more|please continue|interesting, tell me more|why|how so|really)",
                rng,
            )
            return Exchange(
                vary(ask, rng, question=is_question(ask)), last.more[0], last.kind, None, last.more[1:]
            )
        if not last.more and last.kind in ("tern", "knowledge") and roll < 0.15:
            ask = expand("(tell me more|more|go on|can you tell me more|what else|more details)", rng)
            return Exchange(vary(ask, rng), "That is all I know about it. BitNet b1.58 2B4T knows far more.")
        if roll < 0.80:
            ask = expand(
                "(what did i [just] ask [you]|what was my [last] question|repeat my question|what did i [just] say)",
                rng,
            )
            return Exchange(vary(ask, rng, question=is_question(ask)), f'You said: "{said[-2][1]}"')
        if roll < 0.88 and len(last.reply) < 160:
            ask = expand(
                "(repeat that|say that again|repeat your answer|can you repeat that|what did you [just] say|please repeat)",
                rng,
            )
            return Exchange(vary(ask, rng, question=is_question(ask)), last.reply, last.kind, last.value)
        if roll < 0.92:
            ask = expand("(are you sure|really|is that true|is that right|are you certain)", rng)
            if last.kind == "sum":
                return Exchange(vary(ask, rng), f"Yes: {last.reply.removesuffix('.')}.", "sum", last.value)
            return Exchange(
                vary(ask, rng),
                "I believe so, but I am a tiny model and can be wrong. Better check anything important.",
            )
        if roll < 0.96 and len(said) >= 4:
            first = next(content for role, content in said if role == "user")
            ask = expand("(what was my first question|what did i ask [you] first|what did i say first)", rng)
            return Exchange(vary(ask, rng), f'Your first message was: "{first}"')
        return None


def _sum_again(rng: random.Random, last: Exchange) -> Exchange:
    value, n = last.value or 0, rng.randrange(1, 21)
    kind = rng.random()
    if kind < 0.5:
        ask = expand(
            f"(and {n} more|plus {n}|add {n}|and plus {n}|now add {n}|+ {n}|and if i add {n}|and {n} on top)",
            rng,
        )
        text, result = f"{value} + {n} = {value + n}", value + n
    elif kind < 0.85 or value > 12:
        n = min(n, value) if value > 0 else n
        ask = expand(f"(minus {n}|and minus {n}|take away {n}|now subtract {n}|- {n}|and {n} less)", rng)
        text, result = f"{value} - {n} = {value - n}", value - n
    else:
        n = rng.randrange(2, 11)
        ask = expand(f"(times {n}|and times {n}|multiply [it|that] by {n}|x {n}|now times {n})", rng)
        text, result = f"{value} x {n} = {value * n}", value * n
    return Exchange(vary(ask, rng, exact=True), text, "sum", result)


def _personal(rng: random.Random, memory: dict[str, str]) -> Exchange:
    """A name or a favourite told, or asked for later; what was not told is not known."""
    topic = rng.choice(("name", "name", "colour", "animal", "food", "number"))
    value = {
        "name": rng.choice(_NAMES), "colour": rng.choice(_COLOURS), "animal": rng.choice(_ANIMALS),
        "food": rng.choice(_FOODS), "number": str(rng.randrange(1, 100)),
    }[topic]  # fmt: skip
    if topic not in memory and rng.random() < 0.75:
        memory[topic] = value
        if topic == "name":
            shown = value if rng.random() < 0.7 else value.lower()
            ask = expand(
                f"(my name is|i am|i'm|call me|i am called|hi, i am|hello, my name is|the name is) {shown}",
                rng,
            )
            return Exchange(vary(ask, rng, question=False, exact=True), f"Nice to meet you, {value}!")
        ask = expand(
            f"my favou?rite {topic} is {value}".replace("colour", rng.choice(("colour", "color"))), rng
        )
        return Exchange(
            vary(ask, rng, question=False, exact=True), f"Good to know: your favourite {topic} is {value}."
        )
    if topic == "name":
        ask = expand(
            "(what is my name|what's my name|do you know my name|who am i|do you remember my name|say my name)",
            rng,
        )
        known = (
            f"Your name is {memory['name']}." if "name" in memory else "You have not told me your name yet."
        )
    else:
        ask = expand(
            f"(what is|what's|do you remember|do you know) my favou?rite {topic}".replace(
                "colour", rng.choice(("colour", "color"))
            ),
            rng,
        )
        known = (
            f"Your favourite {topic} is {memory[topic]}."
            if topic in memory
            else f"You have not told me your favourite {topic} yet."
        )
    return Exchange(vary(ask, rng), known)


def _skill(choices: Sequence[tuple[Skill, float]]) -> Skill:
    skills, weights = zip(*choices, strict=True)
    return lambda rng: rng.choices(skills, weights)[0](rng)


def _haiku_lines() -> list[list[str]]:
    lines = (DATA / "haiku_topics.txt").read_text(encoding="utf-8").splitlines()
    return [unescape(line).split(" | ") for line in lines]
