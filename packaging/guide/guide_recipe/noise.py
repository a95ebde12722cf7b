"""How people really type: lower case, missing marks, typos, politeness, short forms. Changes asks, never replies."""

from __future__ import annotations

import random
import re

_BEFORE = (
    "Hi, ", "Hello! ", "Hey, ", "Hey Tern, ", "Please tell me: ", "Quick question: ", "OK, ", "So, ", "And ",
    "Well, ", "Tell me, ", "I wonder, ", "One more thing: ", "Can you tell me ", "Could you tell me ", "Guide, ",
    "Please: ", "I have a question. ", "Um, ", "I would like to know ", "Do you know ", "I want to know ", "Now: ",
)  # fmt: skip
_AFTER = (" please", ", please", " thanks", " Thanks!", ", guide", ", do you know", " for me", " please tell me", " again")
_SWAPS = (
    ("what is", ("what's", "whats", "wat is", "what exactly is", "what is")),
    ("how do i", ("how can i", "how to", "how would i", "how should i", "how does one")),
    ("how can i", ("how do i", "how to")),
    ("do you", ("do u", "can you", "do you")),
    ("are you", ("are u", "r u", "are you")),
    ("tell me", ("give me", "say", "tell us")),
    ("show me", ("give me", "write", "print")),
    ("i am", ("i'm", "im")),
    ("big model", ("large model", "bigger model", "real model", "full model")),
    ("computer", ("pc", "laptop", "machine")),
    ("can you", ("could you", "can u", "are you able to")),
    ("explain", ("please explain", "describe", "can you explain")),
    ("write", ("please write", "can you write", "make")),
    ("why is", ("how come", "why's")),
    ("who is", ("who's", "whos")),
)


def _typo(text: str, rng: random.Random) -> str:
    places = [m.span() for m in re.finditer(r"[a-z]{5,}", text)]
    if not places:
        return text
    start, end = rng.choice(places)
    i = rng.randrange(start + 1, end - 1)
    match rng.randrange(3):
        case 0:
            return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        case 1:
            return text[:i] + text[i + 1 :]
        case _:
            return text[:i] + text[i] + text[i:]


def vary(ask: str, rng: random.Random, question: bool = True, exact: bool = False) -> str:
    """``ask`` as one person or another might type it. ``exact`` keeps its words (digits, quoted text) untouched."""
    text = ask
    if not exact and rng.random() < 0.22:
        for old, new in rng.sample(_SWAPS, len(_SWAPS)):
            if old in text:
                text = text.replace(old, rng.choice(new), 1)
                break
    if rng.random() < 0.18:
        text = rng.choice(_BEFORE) + text
    if rng.random() < 0.08:
        text += rng.choice(_AFTER)
    if not exact and rng.random() < 0.10:
        text = _typo(text, rng)
    style = rng.random()
    if style < 0.55:
        text = text[:1].upper() + text[1:]
        text = re.sub(r"\bi\b(?!')", "I", text)
        text = re.sub(r"\b(tern|bitnet|python|linux)\b", _proper, text)
        text += "?" if question else rng.choice((".", "", "", "!"))
    elif style < 0.90:
        text = text if exact else text.lower()
        text += rng.choice(("", "", "?")) if question else rng.choice(("", "", "."))
    elif style < 0.95:
        text += rng.choice(("??", "...", "!", " ?", " :)"))
    elif not exact and style < 0.965:
        text = text.upper()
    return text


def _proper(match: re.Match[str]) -> str:
    word = match.group(1)
    return {"bitnet": "BitNet"}.get(word, word.capitalize())


def is_question(ask: str) -> bool:
    """Whether a question mark would end ``ask``."""
    first = ask.lower().split(" ", 1)[0].removesuffix("'s")
    return first in {
        "what", "why", "how", "who", "where", "when", "which", "is", "are", "do", "does", "can", "could", "will",
        "would", "should", "am", "was", "were", "did", "has", "have", "may", "whats", "wat",
    }  # fmt: skip
