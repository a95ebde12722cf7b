"""The passages of long attachments that a question needs and that there is room for, as they are told. Pure; whoever
has a model counts the tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tern.chat.attachments import Attachment
from tern.chat.passages import Passage, PassageIndex, chosen, parts_of, told_passage

# Of the context, that passages may take: the rest is for the question, what was said before, and the reply. More of
# them finds little more, and takes as much longer to read.
_SHARE = 0.6
_FRAME = 32  # tokens that tell of a file, besides its passages


@dataclass(frozen=True, slots=True)
class FittingParts:
    """``passages``, in the order in which they stand, and the attachments that tell them."""

    passages: tuple[Passage, ...]
    parts: tuple[Attachment, ...]


def parts_budget(context_size: int, limit: int, base: int) -> int:
    """Tokens that passages may take. ``limit``: the longest prompt; ``base``: what must be in it besides them."""
    return max(0, min(round(_SHARE * context_size), limit - base))


def fitting(
    attachments: Sequence[Attachment], ranked: Sequence[Passage], costs: Sequence[int], budget: int
) -> FittingParts:
    """As many of ``ranked`` as have room. ``costs``: the tokens of :func:`told_passage` of each."""
    found = chosen(ranked, costs, budget - _FRAME * len(attachments))
    return FittingParts(tuple(found), parts_of(attachments, found))


def costs_text(attachments: Sequence[Attachment], passages: Sequence[Passage]) -> list[str]:
    """The texts whose tokens are the costs of ``passages``."""
    return [told_passage(attachments[one.source], one) for one in passages]


def fitting_parts(
    attachments: Sequence[Attachment],
    index: PassageIndex,
    question: str,
    budget: int,
    tokens: Callable[[str], int],
) -> FittingParts:
    """The parts for ``question``, where tokens can be counted at once."""
    ranked = index.ranked(question)
    costs = [tokens(text) for text in costs_text(attachments, ranked)]
    return fitting(attachments, ranked, costs, budget)
