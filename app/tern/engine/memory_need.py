"""What a model needs in memory for a conversation, read from its file's header, and whether that is there.

The weights are mapped: the system takes their pages back when it must. The keys and values are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tern.engine.gguf.reader import GGUFFile
from tern.engine.gguf.values import TooLittleMemoryError, shown
from tern.engine.types import KVType
from tern.errors import UserError, format_memory

MIN_CONTEXT = 16
DEFAULT_CONTEXT = 4096  # of models made for more: a KV cache of all that could fill the memory
_VALUE_BYTES: dict[KVType, float] = {"f32": 4.0, "f16": 2.0, "q8_0": 34 / 32}
_Q8_0_BLOCK = 32


class CacheTypeError(UserError):
    """The model's heads do not fit the type asked for its keys and values."""


class ContextSizeError(UserError):
    """A context that the model was not made for."""


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes of memory: ``free`` to use now, ``total`` that this process could ever have."""

    free: int
    total: int


def context_size(file: GGUFFile, asked: int | None, limit: int = DEFAULT_CONTEXT) -> int:
    """The context to open the file with, in tokens; at most ``limit`` where none is asked for. Raises UserError for one
    that it was not made for."""
    arch = file.get("general.architecture", str)
    made_for = file.get(f"{arch}.context_length", int, DEFAULT_CONTEXT)
    if asked is None:
        return min(made_for, limit)
    if not MIN_CONTEXT <= asked <= made_for:
        raise bad_context(made_for, asked)
    return asked


def bad_context(made_for: int, asked: int) -> ContextSizeError:
    return ContextSizeError(
        "This model's context can be {least} to {made_for:,} tokens, not {asked:,}.",
        least=MIN_CONTEXT,
        made_for=made_for,
        asked=asked,
    )


def check(file: GGUFFile, kv_type: KVType, context: int, room: Room | None = None) -> None:
    """Raise UserError where the heads do not fit ``kv_type``, or a conversation of ``context`` tokens the memory."""
    name = shown(file.path.name)
    heads = _heads(file)
    for size in heads.sizes if kv_type == "q8_0" else ():
        if size % _Q8_0_BLOCK:
            raise CacheTypeError(
                "A q8_0 KV cache needs heads of a multiple of {block}; {name} has heads of {size}. Use f16.",
                block=_Q8_0_BLOCK,
                name=name,
                size=size,
            )
    if room is None:
        return
    cache = int(heads.values_a_token * context * _VALUE_BYTES[kv_type])
    if cache > room.free:
        raise TooLittleMemoryError(
            "A context of {context:,} tokens takes {cache} of memory with {name}, and "
            "only {free} is free. Choose a smaller context, or close other programs.",
            context=context,
            cache=format_memory(cache),
            name=name,
            free=format_memory(room.free),
        )
    if file.size + cache > room.total:
        raise TooLittleMemoryError(
            "{name} needs {needed} of memory, and this computer has {total} for it. Choose a smaller model.",
            name=name,
            needed=format_memory(file.size + cache),
            total=format_memory(room.total),
        )


@dataclass(frozen=True, slots=True)
class _Heads:
    sizes: tuple[int, ...]  # values of a key and of a value
    values_a_token: int  # kept of one token in all layers


def _heads(file: GGUFFile) -> _Heads:
    arch = file.get("general.architecture", str)
    counts = _per_layer(file, f"{arch}.attention.head_count")
    kv_counts = _per_layer(file, f"{arch}.attention.head_count_kv") or counts
    layers = _number(file, f"{arch}.block_count")
    width, most = _number(file, f"{arch}.embedding_length"), max(counts, default=0)
    if not most or not width:  # recurrent throughout: its state does not grow
        return _Heads((), 0)
    key = _number(file, f"{arch}.attention.key_length") or width // most
    value = _number(file, f"{arch}.attention.value_length") or width // most
    total = sum(kv_counts) if len(kv_counts) > 1 else kv_counts[0] * layers
    return _Heads((key, value), total * (key + value))


def _number(file: GGUFFile, key: str) -> int:
    found = file.metadata.get(key)
    return found if isinstance(found, int) else 0


def _per_layer(file: GGUFFile, key: str) -> list[int]:
    """One number for all layers, or one for each; none where the file has none."""
    found = file.metadata.get(key)
    if isinstance(found, np.ndarray):
        return [int(count) for count in found]
    return [found] if isinstance(found, int) else []
