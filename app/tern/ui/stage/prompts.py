"""The five prompts on the keys: those that suit the model, and what a person wrote in their place."""

from __future__ import annotations

import json

from tern.settings import STAGE_PROMPTS, Settings

COUNT = 5
_LONGEST = 400  # characters
# English, in which the models were trained; the guide's are questions that it answers well.
_OF_THE_GUIDE = (
    "What are you?",
    "Why is ternary fast?",
    "Is what I write private?",
    "How do I get the big model?",
    "How fast will BitNet be here?",
)
_OF_A_MODEL = (
    "Explain in three short paragraphs why the sky is blue.",
    "Tell a short story about an arctic tern that flies from pole to pole.",
    "What should I see in Lisbon in one day? Give me a plan.",
    "Explain to a child how a computer remembers things.",
    "Write a friendly letter that thanks a neighbour for watering the plants.",
)


def prompts(settings: Settings, guide: bool) -> tuple[str, ...]:
    """Those in force; ``guide``: the built-in guide answers."""
    defaults = _OF_THE_GUIDE if guide else _OF_A_MODEL
    return tuple(own or default for own, default in zip(own_prompts(settings), defaults, strict=True))


def own_prompts(settings: Settings) -> tuple[str, ...]:
    """What the person wrote for each key, empty where nothing."""
    try:
        found = json.loads(settings[STAGE_PROMPTS] or "[]")
    except ValueError:
        found = []
    texts = [each if isinstance(each, str) else "" for each in found] if isinstance(found, list) else []
    return tuple([*texts, *[""] * COUNT][:COUNT])


def keep(settings: Settings, written: tuple[str, ...], guide: bool) -> None:
    """Keep what was written for the keys; what is empty or as it comes is nobody's own."""
    defaults = _OF_THE_GUIDE if guide else _OF_A_MODEL
    clean = [" ".join(text.split())[:_LONGEST] for text in written]
    own = ["" if text == default else text for text, default in zip(clean, defaults, strict=True)]
    settings[STAGE_PROMPTS] = json.dumps(own, ensure_ascii=False) if any(own) else ""
