"""Ways of answering to choose from: a system prompt with the sampling that suits it; Tern's, and the person's own,
which are kept in the settings. Pure; knows no disk.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tern.chat.reply_options import REPLY_OPTIONS
from tern.chat.types import Manner
from tern.settings import OWN_PRESETS, TEMPERATURE, TOP_P, Settings

MOST_QUESTIONS = 4  # that open a chat
ICONS = (
    "robot", "pencil-simple", "code", "translate", "book-open", "graduation-cap", "lightbulb", "heart",
    "briefcase", "globe", "music-notes", "cooking-pot",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preset:
    """``name`` is shown; ``manner`` is what choosing it sets. ``own``: the person made it, and its name is theirs: an
    assistant, which may have ``questions`` that open a chat, and an ``icon`` (one of :data:`ICONS`)."""

    key: str
    name: str
    manner: Manner
    own: bool = False
    questions: tuple[str, ...] = ()
    icon: str = ""


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
    _preset("settings", "Default", None),
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


def own_presets(settings: Settings) -> tuple[Preset, ...]:
    """The person's, by name. What in the settings is no preset is passed over."""
    try:
        kept = json.loads(settings[OWN_PRESETS] or "{}")
    except ValueError:
        kept = {}
    made = [preset_from_json(name, raw) for name, raw in kept.items()] if isinstance(kept, dict) else []
    return tuple(sorted((preset for preset in made if preset), key=lambda preset: preset.name.casefold()))


def keep_own(
    settings: Settings,
    name: str,
    manner: Manner,
    questions: Sequence[str] | None = None,
    icon: str | None = None,
) -> None:
    """Keep ``manner`` under ``name``; an own preset of that name becomes this one, and what is None of it stays."""
    old = next((preset for preset in own_presets(settings) if preset.name == name), None)
    asked = tuple(questions) if questions is not None else old.questions if old is not None else ()
    drawn = icon if icon is not None else old.icon if old is not None else ""
    others = [preset for preset in own_presets(settings) if preset.name != name]
    _write(settings, [*others, Preset(f"own:{name}", name, manner, True, asked, drawn)])


def remove_own(settings: Settings, name: str) -> None:
    _write(settings, [preset for preset in own_presets(settings) if preset.name != name])


def preset_of(manner: Manner, among: Sequence[Preset] = PRESETS) -> Preset | None:
    """The preset that a conversation follows; None when its manner was changed by hand."""
    return next((preset for preset in among if preset.manner == manner), None)


def preset_to_json(preset: Preset) -> dict[str, Any]:
    """As it is kept and exported; only what there is."""
    held: dict[str, Any] = {"system": preset.manner.system, "sampling": preset.manner.sampling}
    if preset.questions:
        held["questions"] = list(preset.questions)
    if preset.icon:
        held["icon"] = preset.icon
    return held


def preset_from_json(name: str, raw: Any) -> Preset | None:
    """The inverse; None for what is none."""
    if not isinstance(raw, dict) or not isinstance(raw.get("system"), str | None):
        return None
    sampling = raw.get("sampling")
    known = {setting.key: setting for setting in REPLY_OPTIONS}
    if not isinstance(sampling, dict) or any(
        key not in known or known[key].problem(value) is not None for key, value in sampling.items()
    ):
        return None
    questions = raw.get("questions", [])
    asked = (
        [one for one in questions if isinstance(one, str) and one.strip()]
        if isinstance(questions, list)
        else []
    )
    icon = raw.get("icon", "")
    return Preset(
        f"own:{name}",
        name,
        Manner(raw.get("system"), sampling),
        own=True,
        questions=tuple(asked[:MOST_QUESTIONS]),
        icon=icon if icon in ICONS else "",
    )


def _write(settings: Settings, presets: Sequence[Preset]) -> None:
    kept = {preset.name: preset_to_json(preset) for preset in presets}
    settings[OWN_PRESETS] = json.dumps(kept, ensure_ascii=False) if kept else ""
