"""Models in several files, by the names that llama.cpp and transformers give them: ``x-00002-of-00003.gguf``."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_NAME = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<count>\d{5})(?P<end>(?i:\.gguf|\.safetensors))", re.DOTALL)
_ENDING = re.compile(r"(?<=.)\.(gguf|safetensors)\Z", re.IGNORECASE)
_MOST = 500


def shards(name: str) -> list[str]:
    """Every file of the model that ``name`` is one of, in order; else ``name`` alone."""
    match = _NAME.fullmatch(name)
    if match is None or not 0 < int(match["count"]) <= _MOST:
        return [name]
    count = int(match["count"])
    return [f"{match['stem']}-{n:05}-of-{count:05}{match['end']}" for n in range(1, count + 1)]


def stem(file: str) -> str:
    """What a file's model is called: its name without folder, number and ending."""
    name = PurePosixPath(file).name
    return _NAME.sub(r"\g<stem>", name) if len(shards(name)) > 1 else _ENDING.sub("", name)
