# ruff: noqa: E501 - a grammar line is data and stays in one piece
"""How people really type: lower case, missing marks, typos, politeness, short forms. Changes asks, never replies."""

from __future__ import annotations

import random
import re

_BEFORE = (
    "Hi, ", "Hello! ", "Hey, ", "Hey Tern, ", "Please tell me: ", "Quick question: ", "OK, ", "So, ", "And ",
    "Well, ", "Tell me, ", "I wonder, ", "One more thing: ", "Can you tell me ", "Could you tell me ", "Guide, ",
    "Please: ", "I have a question. ", "Um, ", "I would like to know ", "Do you know ", "I want to know ", "Now: ",
    "I was wondering ", "Any idea ", "Do you happen to know ", "Could you explain to me ", "Explain to me ", "I'd like to hear ",
    "Just curious, ", "Help me out: ", "My question: ", "Let me ask: ", "Be honest, ", "In short, ", "In simple words, ",
    "For a beginner: ", "Someone asked me ", "Remind me ", "i need to know ",
)  # fmt: skip
_AFTER = (
    " please",
    ", please",
    " thanks",
    " Thanks!",
    ", guide",
    ", do you know",
    " for me",
    " please tell me",
    " again",
)
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

_FILLERS = (
    "actually", "exactly", "really", "just", "please", "right now", "then", "by the way", "kind of", "like", "maybe",
    "in general", "for me", "basically", "again", "today", "here", "now", "so", "anyway", "you know", "ok",
)  # fmt: skip
_WORDS = {
    "get": "obtain grab have fetch",
    "download": "fetch pull get",
    "model": "network llm ai",
    "fast": "quick speedy rapid",
    "slow": "sluggish lame",
    "small": "little tiny",
    "tiny": "small little",
    "private": "confidential secret",
    "write": "compose create type",
    "show": "display give",
    "explain": "clarify describe",
    "make": "create produce build",
    "big": "large full-size huge",
    "need": "require want",
    "memory": "ram",
    "use": "utilize run take",
    "work": "function run",
    "start": "begin open",
    "stop": "halt abort interrupt end",
    "chat": "conversation talk",
    "computer": "pc laptop machine mac",
    "shortcut": "hotkey key",
    "shortcuts": "hotkeys keys",
    "reply": "answer response",
    "answer": "reply response",
    "store": "save keep",
    "internet": "wifi network web",
    "largest": "biggest greatest",
    "biggest": "largest",
    "name": "list tell",
    "made": "built created",
    "trained": "taught built",
    "called": "named",
    "open": "show launch",
    "change": "switch alter",
    "find": "see get",
    "delete": "remove erase",
    "funny": "good",
    "nice": "good",
    "tell": "say",
    "many": "much",
    "does": "do",
    "is": "are",
    "the": "this that a",
    "a": "the one",
    "good": "great decent",
    "bad": "poor",
    "know": "understand",
    "program": "app software tool",
    "app": "program software",
    "letters": "characters",
    "word": "term",
    "words": "terms",
    "question": "message",
    "opposite": "contrary antonym",
    "number": "value",
    "country": "nation state",
}
_SMALL = {"the", "a", "an", "is", "are", "do", "does", "i", "of", "to", "me", "in", "you", "can", "for"}


def _reword(text: str, rng: random.Random) -> str:
    """Now and then another word, a filler or a left-out little word: whatever still lets one guess what is meant."""
    words = text.split(" ")
    for i, word in enumerate(words):
        if word in _WORDS and rng.random() < 0.15:
            words[i] = rng.choice(_WORDS[word].split())
    if rng.random() < 0.15:
        words.insert(rng.randrange(1, len(words) + 1), rng.choice(_FILLERS))
    if rng.random() < 0.10:
        words = [w for w in words if w not in _SMALL or rng.random() < 0.3] or words
    if len(words) > 4 and rng.random() < 0.05:
        i = rng.randrange(1, len(words))
        words = words[i:] + words[:i]
    return " ".join(words)


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
    if not exact and rng.random() < 0.5:
        text = _reword(text, rng)
    if rng.random() < 0.20:
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
