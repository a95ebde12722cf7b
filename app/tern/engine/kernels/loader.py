"""Finds libtern_kernels, checks it, and gives its ops to the graph.

Mirrors tern_kernels.h: the userdata structs here must match the C structs field by field. Must not know
model files, tensor names or the graph.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tern.errors import BugError, UserError

log = logging.getLogger(__name__)

ABI_VERSION = 7
RELU2 = 0
SILU = 1
MAX_COLUMNS = 65536
MAX_MATRICES = 3
MAX_FUSED = 16384  # columns up to which an op can norm and quantize its one token itself

_GROUP = 128


class Matrix(ctypes.Structure):
    """A ternary matrix [n_out][n_in] in I2_S. `columns` is null or the copy made by `repack_columns`, `packed` null
    or the one made by `pack_rows`; `codes` is not read where one of them is set."""

    _fields_ = (
        ("codes", ctypes.c_void_p),
        ("columns", ctypes.c_void_p),
        ("scale", ctypes.c_float),
        ("n_out", ctypes.c_int32),
        ("packed", ctypes.c_void_p),
    )


class NormQuantArgs(ctypes.Structure):
    """Userdata of op_norm_quant."""

    _fields_ = (
        ("weight", ctypes.c_void_p),
        ("eps", ctypes.c_float),
        ("n", ctypes.c_int32),
        ("live", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("live_columns", ctypes.c_int64),
        ("total_columns", ctypes.c_int64),
    )


class BitLinearArgs(ctypes.Structure):
    """Userdata of op_bitlinear. ``norm``: null, or the address of NormQuantArgs: then the source is floats."""

    _fields_ = (
        ("mats", Matrix * MAX_MATRICES),
        ("norm", ctypes.c_void_p),
        ("n_mats", ctypes.c_int32),
        ("n_in", ctypes.c_int32),
        ("next", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    )


class GateUpArgs(ctypes.Structure):
    """Userdata of op_gate_up. ``norm``: null, or the address of NormQuantArgs: then the source is floats."""

    _fields_ = (
        ("gate", Matrix),
        ("up", Matrix),
        ("norm", ctypes.c_void_p),
        ("n_in", ctypes.c_int32),
        ("activation", ctypes.c_int32),
        ("next", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("live_rows", ctypes.c_int64),
        ("total_rows", ctypes.c_int64),
    )


class AttentionArgs(ctypes.Structure):
    """Userdata of op_attention and of the op_attention_merge that follows it."""

    _fields_ = (
        ("n_heads", ctypes.c_int32),
        ("n_kv_heads", ctypes.c_int32),
        ("head_dim", ctypes.c_int32),
        ("chunk", ctypes.c_int32),
        ("scale", ctypes.c_float),
        ("next", ctypes.c_int32),
        ("done", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    )


class HeadArgs(ctypes.Structure):
    """Userdata of op_head: ``weights`` [n_vocab][n] of ggml type ``type`` (F16 or F32)."""

    _fields_ = (
        ("weights", ctypes.c_void_p),
        ("n", ctypes.c_int32),
        ("type", ctypes.c_int32),
        ("next", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    )


COARSE_BEST = 128  # TERN_COARSE_BEST: the most tokens that can be wanted of the two-stage head
MAX_COARSE_WIDTH = 16384


class CoarseArgs(ctypes.Structure):
    """Userdata of the three ops of the two-stage head (coarse.h)."""

    _fields_ = (
        ("rows", ctypes.c_void_p),
        ("step", ctypes.c_void_p),
        ("dither", ctypes.c_void_p),
        ("direction", ctypes.c_void_p),
        ("along", ctypes.c_void_p),
        ("reach", ctypes.c_void_p),
        ("weights", ctypes.c_void_p),
        ("best", ctypes.c_void_p),
        ("n", ctypes.c_int32),
        ("type", ctypes.c_int32),
        ("n_vocab", ctypes.c_int32),
        ("wanted", ctypes.c_int32),
        ("capacity", ctypes.c_int32),
        ("n_threads", ctypes.c_int32),
        ("next", ctypes.c_int32),
        ("count", ctypes.c_int32),
        ("file", ctypes.c_int32),
        ("kept", ctypes.c_int32),
        ("arrived", ctypes.c_int32),
        ("file_offset", ctypes.c_int64),
        ("largest_reach", ctypes.c_float),
    )


def _check_columns(n_in: int) -> None:
    if n_in < _GROUP or n_in % _GROUP or n_in > MAX_COLUMNS:
        raise BugError(f"a BitLinear layer needs a multiple of 128 columns up to {MAX_COLUMNS}, not {n_in}")


def matrix(codes: int, scale: float, n_out: int, columns: int | None = None) -> Matrix:
    """A matrix whose I2_S bytes start at address `codes`; the caller keeps them mapped."""
    if n_out < 1:
        raise BugError(f"a BitLinear layer needs at least one row, not {n_out}")
    return Matrix(codes, columns, scale, n_out, None)


def norm_quant_args(weight: int | None, eps: float, n: int, live: bool = False) -> NormQuantArgs:
    """RMSNorm by the f32[n] at address `weight` (None: no norm), then int8 quantization."""
    _check_columns(n)
    return NormQuantArgs(weight=weight, eps=eps, n=n, live=int(live))


def bitlinear_args(matrices: Sequence[Matrix], n_in: int) -> BitLinearArgs:
    """One to three matrices over the same input; their outputs lie one after another."""
    _check_columns(n_in)
    if not 1 <= len(matrices) <= MAX_MATRICES:
        raise BugError(f"op_bitlinear takes one to three matrices, not {len(matrices)}")
    return BitLinearArgs(mats=(Matrix * MAX_MATRICES)(*matrices), n_mats=len(matrices), n_in=n_in)


def gate_up_args(gate: Matrix, up: Matrix, n_in: int, activation: int) -> GateUpArgs:
    """activation(gate) * up; `activation` is RELU2 or SILU."""
    _check_columns(n_in)
    if gate.n_out != up.n_out:
        raise BugError(f"gate has {gate.n_out} rows and up {up.n_out}")
    if bool(gate.packed) != bool(up.packed):
        raise BugError("gate and up must be packed both or neither")
    return GateUpArgs(gate=gate, up=up, n_in=n_in, activation=activation)


@dataclass(frozen=True)
class Kernels:
    """The loaded library: addresses of the ops for `ggml_custom_4d` and the helpers around them."""

    library: ctypes.CDLL
    default: str  # the instruction set that is active unless `select` was told otherwise
    available: tuple[str, ...]
    sizeof_ggml_tensor: int
    op_norm_quant: int
    op_bitlinear: int
    op_gate_up: int
    op_attention: int
    op_attention_merge: int
    op_head: int
    op_coarse: int
    op_coarse_exact: int
    op_coarse_select: int

    def quant_row_bytes(self, n: int, live: bool = False) -> int:
        """Bytes of one quantized token of n columns, as op_norm_quant writes it."""
        return int(self.library.tern_quant_row_bytes(n, int(live)))

    def attention_partial_floats(self, head_dim: int) -> int:
        """Floats of one head's partial result, as op_attention writes it with a chunk."""
        return int(self.library.tern_attention_partial_floats(head_dim))

    def columns_bytes(self, n_in: int, n_out: int) -> int:
        """Bytes that `repack_columns` writes."""
        return int(self.library.tern_columns_bytes(n_in, n_out))

    def repack_columns(self, codes: int, n_in: int, n_out: int, out: int) -> None:
        """Writes the column-major copy of the I2_S matrix at address `codes` to address `out`."""
        _check_columns(n_in)
        self.library.tern_repack_columns(codes, n_in, n_out, out)

    @property
    def name(self) -> str:
        """The active instruction set."""
        return str(self.library.tern_kernel_name().decode())

    @property
    def packs(self) -> bool:
        """Whether the active instruction set is known to read packed rows faster than I2_S."""
        return bool(self.library.tern_packs())

    def reads_packed(self, name: str) -> bool:
        """Whether the instruction set ``name`` decodes packed rows in registers; timing tells whether that pays."""
        return bool(self.library.tern_reads_packed(name.encode()))

    def packed_bytes(self, n_in: int, n_out: int) -> int:
        """Bytes that `pack_rows` writes for all rows; 0 when rows of ``n_in`` columns cannot be packed."""
        return int(self.library.tern_packed_bytes(n_in, n_out))

    def pack_rows(self, codes: int, n_in: int, first: int, end: int, out: int) -> None:
        """Writes rows ``first``..``end`` of the I2_S matrix at address ``codes`` with five codes a byte into the
        packed matrix at address ``out``. Releases the GIL."""
        self.library.tern_pack_rows(codes, n_in, first, end, out)

    def coarse_build(self, args: CoarseArgs, first: int, end: int) -> None:
        """Quantizes rows ``first``..``end`` of ``args.weights`` to four bits (coarse.h): fills ``args.rows``,
        ``args.step``, ``args.along`` and ``args.reach`` from ``args.dither`` and ``args.direction``. Releases the
        GIL."""
        self.library.tern_coarse_build(
            args.weights,
            args.type,
            args.n,
            first,
            end,
            args.dither,
            args.direction,
            args.rows,
            args.step,
            args.along,
            args.reach,
        )

    def select(self, name: str) -> None:
        """Makes another instruction set the active one for the whole process, while no op runs."""
        _select(self.library, name)


def _file_name() -> str:
    if sys.platform == "win32":
        return "tern_kernels.dll"
    return "libtern_kernels.dylib" if sys.platform == "darwin" else "libtern_kernels.so"


def library_path() -> Path:
    """Where the compiled library lies. Raises UserError when it was not built."""
    import tern.engine.kernels as package

    # An editable install has two folders on this path: the sources and the build.
    for folder in package.__path__:
        path = Path(folder) / _file_name()
        if path.is_file():
            return path
    raise UserError(
        "Tern's compiled kernels are missing from this installation. "
        "Install Tern again (from a source checkout: run `make setup`)."
    )


def _declare(library: ctypes.CDLL) -> None:
    i32, i64, ptr, text = ctypes.c_int32, ctypes.c_int64, ctypes.c_void_p, ctypes.c_char_p
    prototypes: dict[str, tuple[object, list[object]]] = {
        "tern_abi_version": (i32, []),
        "tern_sizeof_ggml_tensor": (i64, []),
        "tern_quant_row_bytes": (i64, [i32, i32]),
        "tern_columns_bytes": (i64, [i32, i32]),
        "tern_repack_columns": (None, [ptr, i32, i32, ptr]),
        "tern_packs": (i32, []),
        "tern_reads_packed": (i32, [text]),
        "tern_packed_bytes": (i64, [i32, i32]),
        "tern_pack_rows": (None, [ptr, i32, i32, i32, ptr]),
        "tern_attention_partial_floats": (i64, [i32]),
        "tern_coarse_build": (None, [ptr, i32, i32, i32, i32, ptr, ptr, ptr, ptr, ptr, ptr]),
        "tern_select_kernel": (i32, [text]),
        "tern_kernel_name": (text, []),
        "tern_kernels_available": (text, []),
        "tern_kernels_known": (text, []),
        "tern_dot_i2s": (i32, [text, ptr, ptr, i32]),
    }
    for name, (result, arguments) in prototypes.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    for name in (
        "tern_op_norm_quant",
        "tern_op_bitlinear",
        "tern_op_gate_up",
        "tern_op_attention",
        "tern_op_attention_merge",
        "tern_op_head",
        "tern_op_coarse",
        "tern_op_coarse_exact",
        "tern_op_coarse_select",
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = None, [ptr, ctypes.c_int, ctypes.c_int, ptr]


def _select(library: ctypes.CDLL, name: str | None) -> None:
    status = library.tern_select_kernel(name.encode() if name else None)
    if status == 0:
        return
    available = library.tern_kernels_available().decode().replace(",", ", ")
    if status == 1:
        known = library.tern_kernels_known().decode().replace(",", ", ")
        raise UserError(
            "TERN_KERNEL={name} is not an instruction set Tern knows ({known}); unset it or choose one.",
            name=name,
            known=known,
        )
    raise UserError(
        "This CPU cannot run TERN_KERNEL={name}; unset it or choose one of: {available}.",
        name=name,
        available=available,
    )


def open_library(path: Path, kernel: str | None = None) -> Kernels:
    """Opens the library at `path` and selects an instruction set (None: the best this CPU has)."""
    try:
        library = ctypes.CDLL(str(path))
        _declare(library)
    except (OSError, AttributeError) as error:
        raise UserError(
            "Tern's compiled kernels ({name}) cannot be loaded on this system: install Tern again. ({error})",
            name=path.name,
            error=error,
        ) from error
    if library.tern_abi_version() != ABI_VERSION:
        raise UserError(
            "Tern's compiled kernels have version {version}, but this Tern needs "
            "{needed}. Install Tern again (from a source checkout: run `make setup`).",
            version=library.tern_abi_version(),
            needed=ABI_VERSION,
        )
    _select(library, kernel)
    announced = library.tern_kernels_available().decode().split(",")[0]
    if kernel is None and (chosen := library.tern_kernel_name().decode()) != announced:
        log.warning("this computer announces %s and cannot execute it: using %s", announced, chosen)

    def address(name: str) -> int:
        return int(ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0)

    return Kernels(
        library=library,
        default=library.tern_kernel_name().decode(),
        available=tuple(library.tern_kernels_available().decode().split(",")),
        sizeof_ggml_tensor=int(library.tern_sizeof_ggml_tensor()),
        op_norm_quant=address("tern_op_norm_quant"),
        op_bitlinear=address("tern_op_bitlinear"),
        op_gate_up=address("tern_op_gate_up"),
        op_attention=address("tern_op_attention"),
        op_attention_merge=address("tern_op_attention_merge"),
        op_head=address("tern_op_head"),
        op_coarse=address("tern_op_coarse"),
        op_coarse_exact=address("tern_op_coarse_exact"),
        op_coarse_select=address("tern_op_coarse_select"),
    )


def forced() -> str | None:
    """The instruction set that TERN_KERNEL asks for, if any."""
    return os.environ.get("TERN_KERNEL") or None


@cache
def load() -> Kernels:
    """The library of this installation, opened once; TERN_KERNEL forces an instruction set.

    Raises UserError when the library is missing, does not load, has another version, or when
    TERN_KERNEL names something unknown or beyond this CPU.
    """
    return open_library(library_path(), forced())


def check_processor() -> None:
    """Raises UserError on an x86 processor that lacks what the libraries of a bundle are built for; others were built
    where they run."""
    if not getattr(sys, "frozen", False) or platform.machine().lower() not in ("x86_64", "amd64"):
        return
    if "avx2" not in load().available:
        raise UserError(
            "Tern needs a processor with AVX2, and this one has none. Intel has built it in since 2013, AMD since "
            "2015; some Pentium, Celeron and Atom processors lack it to this day."
        )
