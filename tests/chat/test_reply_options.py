"""A sampling parameter is said once: its setting makes the option, the default and what a reply is sampled with."""

from __future__ import annotations

import argparse
from dataclasses import fields

import pytest

from tern.chat.reply_options import sampling_of
from tern.chat.types import Manner
from tern.cli import options
from tern.engine.types import SamplingParams
from tern.settings import SAMPLING, SEED, TABLE, Setting, Settings


def _parsed(*words: str) -> SamplingParams:
    parser = argparse.ArgumentParser()
    options.add_sampling(parser)
    return options.sampling(parser.parse_args(words))


@pytest.mark.parametrize("setting", SAMPLING, ids=lambda setting: setting.name)
def test_a_sampling_parameter_is_known_everywhere(setting: Setting[float]) -> None:
    assert setting in TABLE
    assert setting.name in {field.name for field in fields(SamplingParams)}
    other = setting.low if setting.default != setting.low else setting.high
    if setting is SEED:
        other = 7
    assert other is not None
    value = setting.type(other)
    assert getattr(_parsed(f"--{setting.name.replace('_', '-')}={value}"), setting.name) == value
    sampling, _ = sampling_of(Manner(None, {setting.key: value}), Settings())
    assert getattr(sampling, setting.name) == value


def test_the_defaults_are_the_same_wherever_a_reply_is_asked_for() -> None:
    sampling, longest = sampling_of(Manner(), Settings())
    assert sampling == SamplingParams() == _parsed()
    assert longest is None
