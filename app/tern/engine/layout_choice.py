"""Which instruction set computes a model here, and whether its rows keep four or five codes a byte: timed, not guessed.

Five codes a byte are a fifth less to read and more work to decode, so they pay where the cores outrun the memory; how
far they do, no name of a processor tells. When a model is prepared, each instruction set that this computer has reads a
sample of the model's own rows both ways, and multiplies a few of them with a short prompt. That takes a few tenths of a
second; what came of it is kept with the prepared copy.
"""

from __future__ import annotations

import ctypes as C
import mmap
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from tern.engine import ggml
from tern.engine.kernels import loader as kernels
from tern.engine.weights import Weights
from tern.errors import UserError

SAMPLE_BYTES = 128 << 20  # of rows as the file has them: far more than the caches of laptops hold
ROUNDS = 5
PROMPT_TOKENS = 32
NEARLY = 1.03  # as fast as the fastest: then what comes first in the list is taken


@dataclass(frozen=True, slots=True)
class Timing:
    """One candidate: milliseconds of all ternary rows for a written token, and for one of a prompt."""

    kernel: str
    packed: bool
    decode_ms: float
    prefill_ms: float

    @property
    def cost(self) -> float:
        """What is compared: a written token with one of a prompt, about what a chat has of each."""
        return self.decode_ms + self.prefill_ms


@dataclass(frozen=True, slots=True)
class Layout:
    """What a model's prepared copy is made for. ``packed``: rows have five codes in a byte. ``timings`` are empty where
    nothing was timed: a small model, or one whose rows cannot be packed on a computer with one instruction set."""

    kernel: str
    packed: bool
    timings: tuple[Timing, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object that :func:`from_json` reads."""
        return {
            "kernel": self.kernel,
            "packed": self.packed,
            "timings": [asdict(timing) for timing in self.timings],
        }

    def why(self) -> list[str]:
        """A line a candidate, the chosen one marked, for ``tern doctor``."""
        return [
            f"{'*' if (timing.kernel, timing.packed) == (self.kernel, self.packed) else ' '} "
            f"{timing.kernel}, {'five' if timing.packed else 'four'} codes a byte: "
            f"{timing.decode_ms:.1f} ms a written token, {timing.prefill_ms:.1f} ms a token of the prompt"
            for timing in self.timings
        ]


def from_json(values: Any) -> Layout:
    """Raises ValueError, KeyError or TypeError for what is none."""
    names = {field.name: field.type for field in fields(Timing)}
    timings = tuple(Timing(**{name: timing[name] for name in names}) for timing in values["timings"])
    if not isinstance(values["kernel"], str) or not isinstance(values["packed"], bool):
        raise ValueError("no layout")
    return Layout(values["kernel"], values["packed"], timings)


def untimed(library: kernels.Kernels) -> Layout:
    """For models so small that nothing is worth timing."""
    library.select(library.default)
    return Layout(library.default, library.packs)


def candidates(library: kernels.Kernels, packable: bool) -> list[tuple[str, bool]]:
    """Instruction set and whether rows are packed, the most promising first; five codes before four: of two
    equally fast ones the one that takes less memory is better."""
    names = [library.default]
    if kernels.forced() is None:
        names += library.available[library.available.index(library.default) + 1 :]
    fast = [name for name in names if name != "scalar"] or names
    both = [(name, packed) for name in fast for packed in (True, False)]
    return [
        (name, packed) for name, packed in both if not packed or (packable and library.reads_packed(name))
    ]


def choose(library: kernels.Kernels, weights: Weights, packed_bytes: dict[str, int], threads: int) -> Layout:
    """Time the candidates on rows of ``weights``; ``packed_bytes``: size of each matrix that can be packed."""
    possible = candidates(library, bool(packed_bytes))
    if len(possible) == 1:
        return Layout(*possible[0])
    active, bench = library.name, _Bench(library, weights, packed_bytes, threads)
    try:
        timings = bench.timings(possible)
    finally:
        bench.close()
        library.select(active)
    return Layout(*best(timings), tuple(timings))


def best(timings: list[Timing]) -> tuple[str, bool]:
    """The first that is nearly as fast as the fastest."""
    least = min(timing.cost for timing in timings)
    chosen = next(timing for timing in timings if timing.cost <= NEARLY * least)
    return chosen.kernel, chosen.packed


class _Products:
    """A graph of the ternary products of ``matrices`` with ``n_tokens`` tokens alone, computed as a model is."""

    def __init__(self, backend: int, matrices: list[kernels.Matrix], n_in: int, n_tokens: int) -> None:
        self._ggml, self._backend = ggml.load(), backend
        self._keep: list[Any] = []
        g, library, nodes = self._ggml, kernels.load(), 2 * len(matrices) + 8
        self._context = g.context(nodes, nodes)
        self._handle = g.new_graph_custom(self._context, nodes, False)
        source = g.tensor(self._context, ggml.Type.F32, n_in, n_tokens)
        g.set_input(source)
        quant = kernels.norm_quant_args(None, 0.0, n_in)
        row_bytes = library.quant_row_bytes(n_in)
        tokens = self._custom(ggml.Type.I8, (row_bytes, n_tokens), source, library.op_norm_quant, quant)
        for matrix in matrices:
            product = kernels.bitlinear_args([matrix], n_in)
            shape = (matrix.n_out, n_tokens)
            out = self._custom(ggml.Type.F32, shape, tokens, library.op_bitlinear, product)
            g.set_output(out)
            g.build_forward_expand(self._handle, out)
        self._allocator = g.gallocr_new(g.backend_get_default_buffer_type(backend))
        if not g.gallocr_alloc_graph(self._allocator, self._handle):
            raise UserError("There is not enough memory for this step. Close other programs and try again.")
        values = (
            np.random.default_rng(7).normal(size=(n_tokens, n_in)).astype(np.float32)
        )  # as normed activations
        C.memmove(g.get_data(source), values.ctypes.data, values.nbytes)

    def _custom(
        self, type_: int, shape: tuple[int, int], source: int, function: int, userdata: C.Structure
    ) -> int:
        self._keep.append(userdata)
        return self._ggml.custom(self._context, type_, shape, [source], function, C.addressof(userdata))

    def compute(self) -> float:
        """Milliseconds that it took."""
        started = time.perf_counter()
        self._ggml.backend_graph_compute(self._backend, self._handle)
        return 1e3 * (time.perf_counter() - started)

    def close(self) -> None:
        self._ggml.gallocr_free(self._allocator)
        self._ggml.free(self._context)


class _Bench:
    """The sample, as the file has it and packed, and what is timed on it."""

    def __init__(
        self, library: kernels.Kernels, weights: Weights, packed_bytes: dict[str, int], threads: int
    ) -> None:
        g = ggml.load()
        self._library, self._threads = library, threads
        self._backend, self._pool = int(g.backend_cpu_init()), ggml.thread_pool(threads)
        g.backend_cpu_set_n_threads(self._backend, threads)
        g.backend_cpu_set_threadpool(self._backend, self._pool)
        self._copies: list[mmap.mmap] = []
        names = packed_bytes or [
            name for name in weights.matrices if weights.n_in(name) == weights.config.n_embd
        ]
        self._n_in = weights.n_in(next(iter(names)))
        plain: list[kernels.Matrix] = []
        packed: list[kernels.Matrix] = []
        for name in names:
            if weights.n_in(name) == self._n_in and _macs(plain, self._n_in) < 4 * SAMPLE_BYTES:
                plain.append(weights.matrices[name])
                if name in packed_bytes:
                    packed.append(self._packed(weights.matrices[name], packed_bytes[name]))
        total = sum(weights.n_in(name) * matrix.n_out for name, matrix in weights.matrices.items())
        self._graphs: dict[tuple[bool, int], tuple[_Products, float]] = {}
        for is_packed, matrices in ((False, plain), (True, packed)):
            for n_tokens, sample in ((1, matrices), (PROMPT_TOKENS, _first(matrices, self._n_in))):
                if sample:
                    share = total / _macs(sample, self._n_in) / n_tokens
                    graph = _Products(self._backend, sample, self._n_in, n_tokens)
                    self._graphs[is_packed, n_tokens] = graph, share

    def _packed(self, matrix: kernels.Matrix, n_bytes: int) -> kernels.Matrix:
        # As the prepared copy has them: on pages, none of them a huge one.
        copy = mmap.mmap(-1, n_bytes)
        self._copies.append(copy)
        at = int(np.frombuffer(copy, np.uint8).ctypes.data)
        bounds = [matrix.n_out * i // self._threads for i in range(self._threads + 1)]
        with ThreadPoolExecutor(self._threads, "tern-timing") as pool:
            pack = partial(self._library.pack_rows, matrix.codes, self._n_in)
            list(pool.map(lambda i: pack(bounds[i], bounds[i + 1], at), range(self._threads)))
        packed = kernels.matrix(matrix.codes, matrix.scale, matrix.n_out)
        packed.packed, packed.codes = at, None
        return packed

    def timings(self, possible: list[tuple[str, bool]]) -> list[Timing]:
        spent: dict[tuple[str, bool, int], list[float]] = {}
        for round_ in range(ROUNDS + 1):  # in turns; the first warms up
            for kernel, packed in possible:
                self._library.select(kernel)
                for n_tokens in (1, PROMPT_TOKENS):
                    graph, share = self._graphs[packed, n_tokens]
                    milliseconds = graph.compute() * share
                    if round_:
                        spent.setdefault((kernel, packed, n_tokens), []).append(milliseconds)
        median = {key: statistics.median(values) for key, values in spent.items()}
        return [
            Timing(kernel, packed, median[kernel, packed, 1], median[kernel, packed, PROMPT_TOKENS])
            for kernel, packed in possible
        ]

    def close(self) -> None:
        g = ggml.load()
        for graph, _ in self._graphs.values():
            graph.close()
        g.backend_free(self._backend)
        g.threadpool_free(self._pool)


def _macs(matrices: list[kernels.Matrix], n_in: int) -> int:
    return sum(n_in * matrix.n_out for matrix in matrices)


def _first(matrices: list[kernels.Matrix], n_in: int) -> list[kernels.Matrix]:
    """So many that a prompt takes no longer than the token."""
    taken: list[kernels.Matrix] = []
    for matrix in matrices:
        if _macs(taken, n_in) < 4 * SAMPLE_BYTES // 16:
            taken.append(matrix)
    return taken
