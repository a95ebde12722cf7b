"""Ways of answering to choose from: a system prompt with the sampling that suits it. Pure; knows no disk."""

from __future__ import annotations

from dataclasses import dataclass

from tern.chat.types import Manner
from tern.settings import TEMPERATURE, TOP_P


@dataclass(frozen=True, slots=True)
class Preset:
    """``name`` is shown; ``manner`` is what choosing it sets."""

    key: str
    name: str
    manner: Manner


def _preset(
    key: str, name: str, system: str | None, temperature: float | None = None, top_p: float = 0
) -> Preset:
    sampling: dict[str, int | float] = {}
    if temperature is not None:
        sampling[TEMPERATURE.key] = temperature
    if top_p:
        sampling[TOP_P.key] = top_p
    return Preset(key, name, Manner(system, sampling))


PRESETS = (
    _preset("settings", "As in the settings", None),
    _preset("helpful", "Helpful", "You are a helpful, honest assistant. Say so when you do not know something."),
    _preset("concise", "Concise", "Answer in as few words as will do. No preamble, no repetition.", 0.5),
    _preset("creative", "Creative", "You are an imaginative writer. Prefer the vivid and the unexpected.", 1.0, 0.98),
    _preset("precise", "Precise", "Answer exactly and step by step. Never guess; name what is uncertain.", 0.2, 0.9),
    _preset(
        "translator", "Translator",
        "Translate what the user writes: into English, or from English into the language the user names. "
        "Give the translation only.", 0.3,
    ),
    _preset("code", "Code", "You are an expert programmer. Answer with working code first, then a short note.", 0.2),
)  # fmt: skip


def preset_of(manner: Manner) -> Preset | None:
    """The preset that a conversation follows; None when its manner was changed by hand."""
    return next((preset for preset in PRESETS if preset.manner == manner), None)
