"""A library of prompts: texts that begin a message, found by "/" in the composer. Tern's, and the person's own, which
are kept in the settings. Pure; knows no disk.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tern.settings import OWN_PROMPTS, Settings


@dataclass(frozen=True, slots=True)
class Prompt:
    """``name`` is what it is found by. ``own``: the person wrote it."""

    name: str
    text: str
    own: bool = False


PROMPTS = (
    Prompt("Summarize", "Summarize this in five sentences:\n\n"),
    Prompt("Explain simply", "Explain this so that a twelve-year-old understands it:\n\n"),
    Prompt("Correct", "Correct spelling and grammar, and change nothing else:\n\n"),
    Prompt("Translate", "Translate this into English:\n\n"),
    Prompt("Pros and cons", "List the pros and cons of this, each in a sentence:\n\n"),
    Prompt("Reply to a letter", "Write a short, friendly reply to this letter:\n\n"),
)


def own_prompts(settings: Settings) -> tuple[Prompt, ...]:
    """The person's, by name. What in the settings is no prompt is passed over."""
    try:
        kept = json.loads(settings[OWN_PROMPTS] or "{}")
    except ValueError:
        kept = {}
    if not isinstance(kept, dict):
        return ()
    found = [Prompt(name, text, own=True) for name, text in kept.items() if isinstance(text, str)]
    return tuple(sorted(found, key=lambda prompt: prompt.name.casefold()))


def keep_prompt(settings: Settings, name: str, text: str) -> None:
    """Keep ``text`` under ``name``; an own prompt of that name becomes this one."""
    others = [prompt for prompt in own_prompts(settings) if prompt.name != name]
    _write(settings, [*others, Prompt(name, text, own=True)])


def remove_prompt(settings: Settings, name: str) -> None:
    _write(settings, [prompt for prompt in own_prompts(settings) if prompt.name != name])


def matching(prompts: Sequence[Prompt], typed: str) -> list[Prompt]:
    """Those whose name has a word that begins so, then those that hold it anywhere."""
    asked = typed.casefold().strip()
    begin = [one for one in prompts if any(word.startswith(asked) for word in one.name.casefold().split())]
    begin += [one for one in prompts if one.name.casefold().startswith(asked) and one not in begin]
    return [*begin, *(one for one in prompts if asked in one.name.casefold() and one not in begin)]


def _write(settings: Settings, prompts: Sequence[Prompt]) -> None:
    kept = {prompt.name: prompt.text for prompt in prompts}
    settings[OWN_PROMPTS] = json.dumps(kept, ensure_ascii=False) if kept else ""
