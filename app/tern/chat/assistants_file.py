"""Assistants and prompts as a file, to be given to others: JSON that says what it is. Files are from strangers: what in
them is no assistant and no prompt is left out, and nothing of one's own is replaced.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tern.chat.presets import Preset, keep_own, own_presets, preset_from_json, preset_to_json
from tern.chat.prompts import Prompt, keep_prompt, own_prompts
from tern.errors import UserError
from tern.settings import Settings

_KIND, _VERSION = "tern-assistants", 1
MOST_BYTES = 4 << 20
_MOST = 500  # of each that are taken in


def to_bytes(assistants: Sequence[Preset], prompts: Sequence[Prompt]) -> bytes:
    """The file."""
    held = {
        "kind": _KIND,
        "version": _VERSION,
        "assistants": {one.name: preset_to_json(one) for one in assistants},
        "prompts": {one.name: one.text for one in prompts},
    }
    return (json.dumps(held, ensure_ascii=False, indent=2) + "\n").encode()


def from_bytes(data: bytes, name: str) -> tuple[list[Preset], list[Prompt]]:
    """What the file called ``name`` holds. Raises UserError where it is another kind of file."""
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        held = None
    if not isinstance(held, dict) or held.get("kind") != _KIND:
        raise UserError("{name} holds no assistants or prompts that Tern has exported.", name=name)
    assistants = [preset_from_json(key, raw) for key, raw in _items(held.get("assistants"))]
    prompts = [Prompt(key, raw, own=True) for key, raw in _items(held.get("prompts")) if isinstance(raw, str)]
    return [one for one in assistants if one is not None], prompts


def take_in(settings: Settings, assistants: Sequence[Preset], prompts: Sequence[Prompt]) -> int:
    """Keep them with the person's own; one whose name is taken by another gets a number. How many are new."""
    count = 0
    for preset in assistants:
        here = {one.name: one for one in own_presets(settings)}
        same = here.get(preset.name)
        if same is not None and preset_to_json(same) == preset_to_json(preset):
            continue
        name = _free(preset.name, here)
        keep_own(settings, name, preset.manner, preset.questions, preset.icon)
        count += 1
    for prompt in prompts:
        texts = {one.name: one.text for one in own_prompts(settings)}
        if texts.get(prompt.name) == prompt.text:
            continue
        keep_prompt(settings, _free(prompt.name, texts), prompt.text)
        count += 1
    return count


def _items(held: Any) -> list[tuple[str, Any]]:
    if not isinstance(held, dict):
        return []
    return [(key.strip(), raw) for key, raw in held.items() if key.strip()][:_MOST]


def _free(name: str, taken: dict[str, Any]) -> str:
    number, free = 2, name
    while free in taken:
        free = f"{name} ({number})"
        number += 1
    return free
