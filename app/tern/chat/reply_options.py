"""How a conversation is answered: the settings, and what a conversation does otherwise. Pure; knows no disk."""

from __future__ import annotations

from typing import Any

from tern.chat.types import Manner
from tern.engine.types import SamplingParams
from tern.settings import (
    MAX_TOKENS,
    SAMPLING,
    SEED,
    Setting,
    Settings,
)

REPLY_OPTIONS: tuple[Setting[Any], ...] = (*SAMPLING, MAX_TOKENS)


def value_of(setting: Setting[Any], manner: Manner, settings: Settings) -> int | float:
    """The value in force: the conversation's own, where it has one that still is in range."""
    own = manner.sampling.get(setting.key)
    if own is not None and setting.problem(own) is None:
        return own
    value: int | float = settings[setting]
    return value


def sampling_of(manner: Manner, settings: Settings) -> tuple[SamplingParams, int | None]:
    """How the next reply is sampled, and its longest length in tokens (None: no limit)."""
    values = {setting.name: setting.type(value_of(setting, manner, settings)) for setting in SAMPLING}
    if values[SEED.name] < 0:
        values[SEED.name] = None
    longest = int(value_of(MAX_TOKENS, manner, settings))
    return SamplingParams(**values), longest or None
