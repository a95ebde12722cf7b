"""How fast the full-size model will be here, before it is downloaded: told from a sixth of one.

A sixth of everything a token reads (layers and vocabulary) times six is the whole, but for what a token costs
whatever the model's size; that is taken from a model so small that it costs hardly anything else.
Knows how rates become a forecast and how a forecast is said; the measuring is done by whoever opens models.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from tern.engine.convert.synthetic import SHAPES, SyntheticShape
from tern.metrics.thread_choice import this_computer

PART = 6  # more would soon fit a large cache, and be told too fast
SPARSITY = 0.8  # of the real model's values before `down`
WORDS_PER_TOKEN = 0.75  # English text in Llama 3's vocabulary
_CONTEXT = 256
_MOST_OTHERS = 0.3  # of the processors; beside more than that a measure tells of the others


@dataclass(frozen=True, slots=True)
class Forecast:
    """Tokens a second of the full-size model. ``computer``: where it was measured, and with what program;
    ``others``: what other programs took of the processors meanwhile, 0 to 1."""

    tokens_per_s: float
    computer: str
    others: float = 0.0

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Forecast | None:
        """None for anything that is not a forecast."""
        try:
            found = cls(**json.loads(text))
        except (ValueError, TypeError):
            return None
        figures = isinstance(found.tokens_per_s, (int, float)) and isinstance(found.others, (int, float))
        fits = figures and 0 < found.tokens_per_s < 1e6
        return found if fits and isinstance(found.computer, str) else None

    @property
    def disturbed(self) -> bool:
        """Whether other programs kept this computer so busy that the model will be faster without them."""
        return self.others > _MOST_OTHERS

    @property
    def words_per_s(self) -> int:
        """Words a second, with no more precision than the forecast has: to 5 from 20 on, to 10 from 100 on."""
        words = self.tokens_per_s * WORDS_PER_TOKEN
        step = 1 if words < 20 else 5 if words < 100 else 10
        return max(1, round(words / step) * step)


def place(version: str) -> str:
    """This computer with this Tern: a forecast made elsewhere or by another version is none."""
    return f"{this_computer()}, Tern {version}"


def slice_shape() -> SyntheticShape:
    """A sixth of 2B4T: as wide, with a sixth of its layers and of its vocabulary."""
    full = SHAPES["2b4t"]
    return replace(full, n_layers=full.n_layers // PART, n_vocab=full.n_vocab // PART, context_size=_CONTEXT)


def full_rate(slice_rate: float, smallest_rate: float) -> float:
    """Tokens a second of the whole, from those of its sixth and of a model that costs hardly anything."""
    fixed = min(1 / smallest_rate, 1 / slice_rate)
    return 1 / (PART * (1 / slice_rate - fixed) + fixed)
