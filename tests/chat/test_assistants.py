"""Assistants and prompts: kept in the settings, exported and imported as files from anyone."""

from __future__ import annotations

import json

import pytest

from tern.chat.assistants_file import from_bytes, take_in, to_bytes
from tern.chat.presets import keep_own, own_presets
from tern.chat.prompts import PROMPTS, keep_prompt, matching, own_prompts, remove_prompt
from tern.chat.types import Manner
from tern.errors import UserError
from tern.settings import OWN_PROMPTS, TEMPERATURE, Settings

COOK = Manner("You are a cook.", {TEMPERATURE.key: 0.9})


def _settings() -> Settings:
    settings = Settings()
    keep_own(settings, "Cook", COOK, ["What can I cook with eggs?"], "cooking-pot")
    keep_prompt(settings, "Recipe", "Write a recipe for ")
    return settings


def test_what_is_kept_comes_back_and_saving_a_preset_anew_keeps_the_rest() -> None:
    settings = _settings()
    (cook,) = own_presets(settings)
    assert (cook.manner, cook.questions, cook.icon) == (COOK, ("What can I cook with eggs?",), "cooking-pot")
    keep_own(settings, "Cook", Manner("You are a baker."))
    (baker,) = own_presets(settings)
    assert (baker.manner.system, baker.questions, baker.icon) == (
        "You are a baker.",
        cook.questions,
        cook.icon,
    )
    remove_prompt(settings, "Recipe")
    assert own_prompts(settings) == ()
    settings[OWN_PROMPTS] = "[nonsense"
    assert own_prompts(settings) == ()


def test_a_file_brings_them_to_another_computer_and_replaces_nothing() -> None:
    here = _settings()
    data = to_bytes(own_presets(here), own_prompts(here))
    there = Settings()
    keep_own(there, "Cook", Manner("Mine."))
    assert take_in(there, *from_bytes(data, "a.json")) == 2
    assert [one.name for one in own_presets(there)] == ["Cook", "Cook (2)"]
    assert own_presets(there)[0].manner.system == "Mine."
    assert own_presets(there)[1].questions == ("What can I cook with eggs?",)
    again = Settings()
    assert take_in(again, *from_bytes(data, "a.json")) == 2
    assert take_in(again, *from_bytes(data, "a.json")) == 0, "the same once more is nothing new"


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\\xff\\x00", b'{"kind": "other"}', b"[" * 100_000])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(UserError, match="holds no assistants or prompts"):
        from_bytes(data, "a.json")


def test_what_is_wrong_in_a_file_is_left_out() -> None:
    held = {
        "kind": "tern-assistants",
        "assistants": {
            "Good": {"system": None, "sampling": {}, "icon": "../../etc", "questions": ["One?", 7, ""]},
            "Bad": {"system": 3, "sampling": {}},
            "Hot": {"system": "", "sampling": {TEMPERATURE.key: 99}},
            " ": {"system": "", "sampling": {}},
        },
        "prompts": {"Fine": "text", "Not": 5},
    }
    assistants, prompts = from_bytes(json.dumps(held).encode(), "a.json")
    assert [(one.name, one.icon, one.questions) for one in assistants] == [("Good", "", ("One?",))]
    assert [one.name for one in prompts] == ["Fine"]


def test_prompts_are_found_by_the_beginnings_of_their_words_first() -> None:
    assert [one.name for one in matching(PROMPTS, "s")][:2] == ["Summarize", "Explain simply"]
    assert [one.name for one in matching(PROMPTS, "LETTER")] == ["Reply to a letter"]
    assert len(matching(PROMPTS, "")) == len(PROMPTS)
    assert matching(PROMPTS, "qqq") == []
