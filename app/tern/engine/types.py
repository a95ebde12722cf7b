"""The engine's vocabulary: what goes in, what comes out. Plain data.

Every reader of a reply (window, terminal, benchmark) takes its numbers from :class:`Stats`: one truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from tern.progress import ignore_progress
from tern.settings import MIN_P, REPEAT_PENALTY, TEMPERATURE, TOP_K, TOP_P

# The window's first paint need not wait for numpy.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Role = Literal["system", "user", "assistant"]
KVType = Literal["f16", "f32", "q8_0"]
Kernels = Literal["tern", "llama.cpp"]
TQ2_KERNEL = "llama.cpp TQ2_0"  # of ModelInfo: a BitNet that is not computed by Tern's kernels, nor exactly


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to open a model. ``threads`` None: one a physical performance core, one in all
    for a small model; ``context_size`` None: the file's.

    ``exact_head`` always computes every logit instead of ranking the vocabulary with a coarse copy first.
    ``kernels``: whose compute a BitNet; llama.cpp's are there for comparison, on a copy in TQ2_0: slower, not exact.
    """

    threads: int | None = None
    kv_type: KVType = "f16"
    context_size: int | None = None
    exact_head: bool = False
    kernels: Kernels = "tern"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. ``content`` is the person's or the model's own text, never markup."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the next token is chosen, in llama.cpp's terms.

    ``temperature`` 0 is greedy: the likeliest token, nothing random. ``top_k`` 0, ``top_p`` 1, ``min_p`` 0 and
    ``repeat_penalty`` 1 each switch that filter off. ``seed`` None draws a fresh one for every reply.

    The penalties look back on the last ``penalty_last_n`` tokens of the prompt and the reply together, those left out
    that end a turn; greedy takes the likeliest token after them.

    What a person can set is in the settings' ``SAMPLING``, under the same names and with these defaults.
    """

    temperature: float = TEMPERATURE.default
    top_k: int = TOP_K.default
    top_p: float = TOP_P.default
    min_p: float = MIN_P.default
    repeat_penalty: float = REPEAT_PENALTY.default
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    penalty_last_n: int = 64
    seed: int | None = None

    @property
    def greedy(self) -> bool:
        return self.temperature <= 0.0


class FinishReason(StrEnum):
    """Why a reply ended."""

    END_OF_TURN = "end_of_turn"  # the model said it was done
    MAX_TOKENS = "max_tokens"  # the limit asked for was reached
    CONTEXT_FULL = "context_full"  # no room left in the context
    STOPPED = "stopped"  # the person pressed Stop


@dataclass(frozen=True, slots=True)
class Energy:
    """What a reply took by a counter of this computer; figures None and ``why`` where none was measured.

    ``scope``: what the counter covers. ``idle_watts``: the same counter with nothing computed, where that is known.
    """

    source: str = ""
    scope: str = ""
    joules: float | None = None
    seconds: float | None = None
    watts: float | None = None
    idle_watts: float | None = None
    joules_per_token: float | None = None
    joules_per_token_above_idle: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Stats:
    """Numbers of one reply so far. Rates are 0.0 until there is something to measure.

    ``decode_tokens_per_s`` counts the intervals between generated tokens: the first one belongs to the prefill.
    ``time_to_first_token_s`` runs from the request's arrival at the engine to its first token.
    """

    prompt_tokens: int = 0
    reused_tokens: int = 0  # of the prompt, found in the KV cache
    tokens: int = 0  # generated
    prefill_tokens_per_s: float = 0.0
    decode_tokens_per_s: float = 0.0
    time_to_first_token_s: float = 0.0
    context_used: int = 0
    context_size: int = 0
    finish_reason: FinishReason | None = None
    # Indices of the messages that no longer fitted the context: of the request's, or, in a conversation's own numbers
    # (chat/), of the branch's.
    dropped_messages: tuple[int, ...] = ()
    energy: Energy | None = None  # None: nobody measures it

    def after_token(self, elapsed_s: float, context_used: int) -> Stats:
        """With one token more, ``elapsed_s`` after the first. Once a token, so without what ``replace`` looks up."""
        return Stats(
            self.prompt_tokens,
            self.reused_tokens,
            self.tokens + 1,
            self.prefill_tokens_per_s,
            self.tokens / elapsed_s if self.tokens else 0.0,
            self.time_to_first_token_s,
            context_used,
            self.context_size,
            self.finish_reason,
            self.dropped_messages,
        )

    def finished(self, reason: FinishReason) -> Stats:
        return replace(self, finish_reason=reason)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the reply: whole characters only (may be empty), with the numbers as they stand after it.

    The last chunk of a reply, and only it, has ``stats.finish_reason`` set.
    """

    text: str
    stats: Stats


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model file says of itself."""

    path: Path
    name: str
    architecture: str
    n_layers: int
    n_embd: int
    n_vocab: int
    context_size: int
    n_params: int
    file_bytes: int
    kernel: str = ""
    threads: int = 0
    gpu_layers: int = 0  # that a graphics processor computes


@dataclass(frozen=True, slots=True)
class Logits:
    """Logits of the next token: of the tokens ``ids`` in ascending order, or of the whole vocabulary (``ids`` None)."""

    ids: NDArray[np.int32] | None  # (n,)
    values: NDArray[np.float32]  # (n,)


@dataclass(frozen=True, slots=True)
class LayerSparsity:
    """Live parts, 0 to 1, of one layer over the tokens decoded so far; None where nothing can be skipped.

    ``rows`` of ``up``: those whose gate is positive. ``columns`` of ``down``: those whose int8 activation is not zero.
    """

    rows: float | None
    columns: float | None


@dataclass(frozen=True, slots=True)
class LayerCounts:
    """What was read of one layer since the model was opened, over the tokens decoded: rows of ``up`` and columns of
    ``down``, of how many; 0 of 0 where nothing can be skipped."""

    live_rows: int
    total_rows: int
    live_columns: int
    total_columns: int


@dataclass(frozen=True, slots=True)
class Observation:
    """A model seen from inside while it answers. ``packed``: tensors kept with five weights in a byte."""

    layers: tuple[LayerCounts, ...]
    head_bytes: float  # mean of a token
    packed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Request:
    """One reply to make. ``max_tokens`` None: as far as the context reaches."""

    messages: Sequence[Message]
    sampling: SamplingParams = field(default_factory=SamplingParams)
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class PromptSize:
    """What a prompt takes, in tokens, and what would have to leave for it to fit.

    ``tokens``: everything said so far; ``sent``: without the ``dropped`` messages (indices, oldest first); ``least``:
    only what never leaves, the system prompt and the last turn; ``limit``: the longest prompt that leaves room for a
    reply; ``longest``: whose part of ``least`` is the longest, and how many tokens that is.
    """

    tokens: int
    sent: int
    least: int
    limit: int
    context_size: int
    dropped: tuple[int, ...] = ()
    longest: tuple[Role, int] = ("user", 0)

    @property
    def fits(self) -> bool:
        """Whether the last message can be sent at all."""
        return self.least <= self.limit


StopFlag = Callable[[], bool]
PrefillProgress = Callable[[int, int], None]


class Engine(Protocol):
    """One loaded model. Not thread-safe: exactly one thread owns it (see ``worker``)."""

    @property
    def info(self) -> ModelInfo: ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Prompt length in tokens that ``generate`` would use for these messages."""
        ...

    def measure(self, messages: Sequence[Message]) -> PromptSize:
        """What these messages would take; needs the tokenizer only, so it may be asked between two tokens."""
        ...

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        """The prompt of all these messages, whether it fits or not; needs the tokenizer only."""
        ...

    def piece(self, token: int) -> bytes:
        """The bytes of one token, of a control token none. Not always whole characters."""
        ...

    def spelled(self, token: int) -> bytes:
        """As ``piece``, with the names of control tokens."""
        ...

    def text_tokens(self, text: str) -> int:
        """How many tokens ``text`` is by itself."""
        ...

    def generate(
        self,
        request: Request,
        should_stop: StopFlag = lambda: False,
        on_prefill: PrefillProgress = ignore_progress,
    ) -> Iterator[Chunk]:
        """Stream one reply. ``should_stop`` is read between tokens and between prefill chunks.

        ``on_prefill(done, total)`` is told the prompt tokens computed so far. Raises UserError when the prompt
        leaves no room for a reply.
        """
        ...

    def close(self) -> None:
        """Free the model's memory. Safe to call twice."""
        ...
