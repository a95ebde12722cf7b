"""How a conversation is answered: the settings, and what a conversation does otherwise. Pure; knows no disk."""

from __future__ import annotations

from typing import Any

from tern.chat.types import Manner
from tern.engine.types import SamplingParams
from tern.settings import (
    MAX_TOKENS,
    MIN_P,
    REPEAT_PENALTY,
    SEED,
    TEMPERATURE,
    TOP_K,
    TOP_P,
    Setting,
    Settings,
)

SAMPLING: tuple[Setting[Any], ...] = (
    TEMPERATURE, TOP_K, TOP_P, MIN_P, REPEAT_PENALTY, SEED, MAX_TOKENS,
)  # fmt: skip


def value_of(setting: Setting[Any], manner: Manner, settings: Settings) -> int | float:
    """The value in force: the conversation's own, where it has one that still is in range."""
    own = manner.sampling.get(setting.key)
    if own is not None and setting.problem(own) is None:
        return own
    value: int | float = settings[setting]
    return value


def sampling_of(manner: Manner, settings: Settings) -> tuple[SamplingParams, int | None]:
    """How the next reply is sampled, and its longest length in tokens (None: no limit)."""
    values = {setting.key: value_of(setting, manner, settings) for setting in SAMPLING}
    seed = int(values[SEED.key])
    longest = int(values[MAX_TOKENS.key])
    sampling = SamplingParams(
        temperature=float(values[TEMPERATURE.key]),
        top_k=int(values[TOP_K.key]),
        top_p=float(values[TOP_P.key]),
        min_p=float(values[MIN_P.key]),
        repeat_penalty=float(values[REPEAT_PENALTY.key]),
        seed=seed if seed >= 0 else None,
    )
    return sampling, longest or None
