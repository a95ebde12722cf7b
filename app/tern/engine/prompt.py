"""The chat format of BitNet b1.58 2B4T, built as tokens, and what leaves when a conversation outgrows the context.

Pure: knows no library and no model. Format (the model's own chat template, microsoft/bitnet-b1.58-2B-4T): BOS, then
for every message ``{Role}: {content trimmed}<|eot_id|>``, then ``Assistant: ``. Text is only ever tokenized as
plain text, so nothing that a person pastes can forge a turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tern.engine.types import Message, PromptSize, Role
from tern.errors import UserError

Encode = Callable[[str], list[int]]

MIN_REPLY_TOKENS = 64  # a prompt must leave at least this much room, or a quarter of a smaller context


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids to compute, and the indices of the messages that had to leave."""

    tokens: list[int]
    dropped: tuple[int, ...]


def turn_text(message: Message) -> str:
    """What is tokenized for one message, before its end-of-turn token."""
    return f"{message.role.capitalize()}: {message.content.strip()}"


def reserve(context_size: int) -> int:
    """Tokens kept free for the reply."""
    return min(MIN_REPLY_TOKENS, context_size // 4)


def leaving(messages: Sequence[Message]) -> list[list[int]]:
    """Indices of the turns that may leave, in the order in which they do.

    System messages and the last turn never leave; whole turns leave oldest first, a question together with its
    answers, so that the rest still reads as a dialogue.
    """
    turns: list[list[int]] = []
    for index, message in enumerate(messages):
        if message.role == "system":
            continue
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(index)
    return turns[:-1]


def kept_messages(messages: Sequence[Message], lengths: Sequence[int], budget: int) -> list[int] | None:
    """Indices of the messages whose ``lengths`` (tokens) fit the ``budget`` together.

    None when what never leaves (see :func:`leaving`) does not fit.
    """
    kept = list(range(len(messages)))
    total = sum(lengths)
    for turn in leaving(messages):
        if total <= budget:
            break
        total -= sum(lengths[index] for index in turn)
        kept = [index for index in kept if index not in turn]
    return kept if total <= budget else None


def measure(messages: Sequence[Message], encode: Encode, context_size: int) -> PromptSize:
    """What :func:`build` would make of these messages; never raises."""
    turns, opening = _turns(messages, encode, 0)
    lengths = [len(turn) for turn in turns]
    limit = context_size - reserve(context_size)
    fixed = 1 + len(opening)  # the begin token, and what opens the reply
    kept = kept_messages(messages, lengths, limit - fixed)
    gone = {index for turn in leaving(messages) for index in turn}
    least = fixed + sum(length for index, length in enumerate(lengths) if index not in gone)
    if kept is not None:
        gone -= set(kept)
    sent = fixed + sum(length for index, length in enumerate(lengths) if index not in gone)
    return PromptSize(
        fixed + sum(lengths),
        sent,
        least,
        limit,
        context_size,
        tuple(sorted(gone)),
        longest(messages, lengths),
    )


def build(messages: Sequence[Message], encode: Encode, bos: int, eot: int, context_size: int) -> Prompt:
    """The prompt for the next reply, or, when the last message is the assistant's, for going on with that one.

    Raises UserError when the last message alone is too long.
    """
    turns, opening = _turns(messages, encode, eot)
    budget = context_size - reserve(context_size) - 1 - len(opening)
    kept = kept_messages(messages, [len(turn) for turn in turns], budget)
    if kept is None:
        raise too_long(measure(messages, encode, context_size))
    tokens = [bos]
    for index in kept:
        tokens += turns[index]
    dropped = tuple(index for index in range(len(messages)) if index not in set(kept))
    return Prompt(tokens + opening, dropped)


def whole(messages: Sequence[Message], encode: Encode, bos: int, eot: int) -> list[int]:
    """What :func:`build` would make of these messages if there were room for all of them."""
    turns, opening = _turns(messages, encode, eot)
    return [bos, *(token for turn in turns for token in turn), *opening]


def longest(messages: Sequence[Message], lengths: Sequence[int]) -> tuple[Role, int]:
    """Of what never leaves: whose part is the longest, and its length; of equal ones the last message's."""
    gone = {index for turn in leaving(messages) for index in turn}
    parts: dict[Role, int] = {"user": 0, "system": 0, "assistant": 0}
    for index, message in enumerate(messages):
        if index not in gone:
            parts[message.role] += lengths[index]
    role = max(parts, key=lambda one: parts[one])
    return role, parts[role]


def too_long(size: PromptSize) -> UserError:
    """What is said of a message that cannot be sent."""
    role, tokens = size.longest
    if role == "system":
        return UserError(
            "The system prompt is too long: {tokens:,} tokens, and the model can take {limit:,} at a time, your "
            "message included. Shorten the system prompt.",
            tokens=tokens,
            limit=size.limit,
        )
    if role == "assistant":
        return UserError(
            "This reply cannot be continued: it takes {tokens:,} tokens already, and the model can take "
            "{limit:,} at a time. Send a new message to go on.",
            tokens=tokens,
            limit=size.limit,
        )
    return UserError(
        "This message is too long: {least:,} tokens, and the model can take {limit:,} at a time. "
        "Shorten it or send it in parts.",
        least=size.least,
        limit=size.limit,
    )


def _turns(messages: Sequence[Message], encode: Encode, eot: int) -> tuple[list[list[int]], list[int]]:
    """Tokens of each message with its end, and of what opens the reply."""
    turns = [[*encode(turn_text(message)), eot] for message in messages]
    opening = encode("Assistant: ")
    if messages and messages[-1].role == "assistant":
        # The unfinished reply stays open, with the space it may end in: the next word joins it.
        turns[-1], opening = encode(f"Assistant: {messages[-1].content.lstrip()}"), []
    return turns, opening


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the longest common prefix of two token sequences."""
    for index, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return index
    return min(len(a), len(b))
