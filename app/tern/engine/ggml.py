"""ctypes bindings to the ggml libraries that llama-cpp-python ships: just the functions the graph needs.

Nothing here knows a model. The mirror below holds for one exact ggml; :func:`load` refuses any other, because
calling C with a wrong picture of its structs corrupts memory instead of failing.
"""

from __future__ import annotations

import ctypes as C
import importlib.metadata
import importlib.util
import logging
import os
import sys
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any

from tern.engine.kernels import loader as kernels
from tern.errors import UserError

log = logging.getLogger(__name__)

LLAMA_CPP_PYTHON_VERSION = "0.3.36"
GGML_VERSION = "0.25.3"
TENSOR_BYTES = 336  # sizeof(struct ggml_tensor) of that version; the kernels are asked too

_P, _I, _I64, _F, _SZ, _S = C.c_void_p, C.c_int, C.c_int64, C.c_float, C.c_size_t, C.c_char_p


class Type(IntEnum):
    """ggml_type, as far as the graph makes tensors of it. Weights may have any type ggml knows."""

    F32 = 0
    F16 = 1
    Q8_0 = 8
    Q6_K = 14
    I8 = 24
    I32 = 26
    I64 = 27
    TQ1_0 = 34
    TQ2_0 = 35


class GraphStatus(IntEnum):
    """ggml_status."""

    ALLOC_FAILED = -2
    FAILED = -1
    SUCCESS = 0
    ABORTED = 1


ROPE_NEOX = 2  # rotate pairs (i, i + head_dim / 2)


class InitParams(C.Structure):
    _fields_ = [("mem_size", _SZ), ("mem_buffer", _P), ("no_alloc", C.c_bool)]


class ThreadpoolParams(C.Structure):
    _fields_ = [
        ("cpumask", C.c_bool * 512),
        ("n_threads", _I),
        ("prio", _I),
        ("poll", C.c_uint32),
        ("strict_cpu", C.c_bool),
        ("paused", C.c_bool),
    ]


class TensorHead(C.Structure):
    """The first fields of struct ggml_tensor: ``ne`` counts elements, ``nb`` strides in bytes, innermost first."""

    _fields_ = [("type", _I), ("buffer", _P), ("ne", _I64 * 4), ("nb", _SZ * 4)]


AbortCallback = C.CFUNCTYPE(C.c_bool, _P)
_LogCallback = C.CFUNCTYPE(None, _I, _S, _P)
_AbortMessage = C.CFUNCTYPE(None, _S)

# name -> (result, arguments); T = struct ggml_tensor *, all handles are plain addresses.
_BASE: dict[str, tuple[Any, ...]] = {
    "ggml_version": (_S,),
    "ggml_log_set": (None, _LogCallback, _P),
    "ggml_set_abort_callback": (_P, _AbortMessage),
    "ggml_tensor_overhead": (_SZ,),
    "ggml_graph_overhead_custom": (_SZ, _SZ, C.c_bool),
    "ggml_init": (_P, InitParams),
    "ggml_free": (None, _P),
    "ggml_new_tensor": (_P, _P, _I, _I, C.POINTER(_I64)),
    "ggml_get_data": (_P, _P),
    "ggml_nbytes": (_SZ, _P),
    "ggml_row_size": (_SZ, _I, _I64),
    "ggml_set_input": (None, _P),
    "ggml_set_output": (None, _P),
    "ggml_add": (_P, _P, _P, _P),
    "ggml_mul": (_P, _P, _P, _P),
    "ggml_mul_mat": (_P, _P, _P, _P),
    "ggml_get_rows": (_P, _P, _P, _P),
    "ggml_set_rows": (_P, _P, _P, _P, _P),
    "ggml_relu": (_P, _P, _P),
    "ggml_sqr": (_P, _P, _P),
    "ggml_silu": (_P, _P, _P),
    "ggml_rms_norm": (_P, _P, _P, _F),
    "ggml_rope_ext": (_P, _P, _P, _P, _P, _I, _I, _I, _F, _F, _F, _F, _F, _F),
    "ggml_reshape_2d": (_P, _P, _P, _I64, _I64),
    "ggml_view_2d": (_P, _P, _P, _I64, _I64, _SZ, _SZ),
    "ggml_view_3d": (_P, _P, _P, _I64, _I64, _I64, _SZ, _SZ, _SZ),
    "ggml_custom_4d": (_P, _P, _I, _I64, _I64, _I64, _I64, C.POINTER(_P), _I, _P, _I, _P),
    "ggml_new_graph_custom": (_P, _P, _SZ, C.c_bool),
    "ggml_build_forward_expand": (None, _P, _P),
    "ggml_gallocr_new": (_P, _P),
    "ggml_gallocr_free": (None, _P),
    "ggml_gallocr_alloc_graph": (C.c_bool, _P, _P),
    "ggml_backend_free": (None, _P),
    "ggml_backend_graph_compute": (_I, _P, _P),
    "ggml_backend_get_default_buffer_type": (_P, _P),
    "ggml_backend_cpu_buffer_from_ptr": (_P, _P, _SZ),
    "ggml_backend_buffer_free": (None, _P),
    "ggml_backend_tensor_alloc": (_I, _P, _P, _P),
    "ggml_quantize_chunk": (_SZ, _I, C.POINTER(_F), _P, _I64, _I64, _I64, C.POINTER(_F)),
}
_CPU: dict[str, tuple[Any, ...]] = {
    "ggml_backend_cpu_init": (_P,),
    "ggml_backend_cpu_set_n_threads": (None, _P, _I),
    "ggml_backend_cpu_set_threadpool": (None, _P, _P),
    "ggml_backend_cpu_set_abort_callback": (None, _P, AbortCallback, _P),
    "ggml_threadpool_params_init": (None, C.POINTER(ThreadpoolParams), _I),
    "ggml_threadpool_new": (_P, C.POINTER(ThreadpoolParams)),
    "ggml_threadpool_free": (None, _P),
}


class Ggml:
    """The bound functions, as attributes with ggml's own names (without the prefix ``ggml_``)."""

    def __init__(self, base: C.CDLL, cpu: C.CDLL) -> None:
        for library, table in ((base, _BASE), (cpu, _CPU)):
            for name, (result, *arguments) in table.items():
                # ggml_threadpool_params_init and friends live in the base library in some builds.
                function = getattr(library, name, None) or getattr(base, name)
                function.restype, function.argtypes = result, arguments
                setattr(self, name.removeprefix("ggml_"), function)
        self._quiet = _LogCallback(lambda level, text, data: None)
        self.log_set(self._quiet, None)
        self._last_words = _AbortMessage(
            lambda text: log.critical("ggml aborts: %s", text.decode(errors="replace"))
        )
        self.set_abort_callback(self._last_words)

    def __getattr__(self, name: str) -> Any:  # tells mypy that any bound name may be called
        raise AttributeError(name)

    def tensor(self, context: int, type_: int, *ne: int) -> int:
        """A new tensor of shape ``ne`` (innermost dimension first) in ``context``."""
        tensor: int = self.new_tensor(context, type_, len(ne), (_I64 * len(ne))(*ne))
        return tensor

    def context(self, n_tensors: int, graph_nodes: int = 0) -> int:
        """Room for the descriptions (not the data) of ``n_tensors`` tensors and one graph."""
        size = n_tensors * self.tensor_overhead()
        if graph_nodes:
            size += self.graph_overhead_custom(graph_nodes, False)
        context: int = self.init(InitParams(size + 1024, None, True))
        return context

    def custom(
        self, context: int, type_: int, ne: tuple[int, int], args: list[int], function: int, userdata: int
    ) -> int:
        """A node computed by the C function at address ``function`` on all threads of the pool."""
        tensor: int = self.custom_4d(
            context, type_, ne[0], ne[1], 1, 1, (_P * len(args))(*args), len(args), function, -1, userdata
        )
        return tensor


def thread_pool(threads: int) -> int:
    """So many threads that wait for graphs to compute, the calling one among them; ``threadpool_free`` ends them."""
    ggml, parameters = load(), ThreadpoolParams()
    ggml.threadpool_params_init(C.byref(parameters), threads)
    pool: int = ggml.threadpool_new(C.byref(parameters))
    return pool


def library(stem: str) -> C.CDLL:
    """One of llama-cpp-python's shared libraries, by its name without prefix and ending."""
    kernels.check_processor()
    folder = library_folder()
    names = (
        [f"{stem}.dll", f"lib{stem}.dll"]
        if sys.platform == "win32"
        else [f"lib{stem}.so", f"lib{stem}.dylib"]
    )
    for name in names:
        if (folder / name).exists():
            return C.CDLL(str(folder / name))
    raise UserError(
        "llama-cpp-python's library {stem} is missing from {folder}. Install Tern again.",
        stem=stem,
        folder=folder,
    )


def library_folder() -> Path:
    """Where llama-cpp-python keeps its shared libraries (found without importing it)."""
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("llama-cpp-python is not installed. Run `make setup`, or install Tern again.")
    return Path(next(iter(spec.submodule_search_locations))) / "lib"


@cache
def load() -> Ggml:
    """Bind the libraries once. Raises UserError when they are missing or not exactly the version Tern mirrors."""
    # With OpenMP, threads that wait at a node's end spin for milliseconds before they sleep. When another program holds
    # a core, that is most of the time; 200 turns (about 7 microseconds) cover the waits of an idle machine as well.
    os.environ.setdefault("GOMP_SPINCOUNT", "200")
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # before it aborts: it would write one into the terminal
    installed = importlib.metadata.version("llama-cpp-python")
    if installed != LLAMA_CPP_PYTHON_VERSION:
        raise UserError(
            "Tern needs llama-cpp-python {version} exactly, but {installed} is installed. "
            "Run: pip install llama-cpp-python=={version}",
            version=LLAMA_CPP_PYTHON_VERSION,
            installed=installed,
        )
    ggml = Ggml(library("ggml-base"), library("ggml-cpu"))
    version = ggml.version().decode()
    # ggml_tensor_overhead = sizeof(ggml_object) (32) + sizeof(ggml_tensor)
    tensor_bytes = ggml.tensor_overhead() - 32
    if version.split("-")[0] != GGML_VERSION or tensor_bytes != TENSOR_BYTES:
        raise UserError(
            "The installed ggml ({version}, tensors of {tensor_bytes} bytes) is not the one Tern was made for "
            "({wanted}, {wanted_bytes}). Install Tern again.",
            version=version,
            tensor_bytes=tensor_bytes,
            wanted=GGML_VERSION,
            wanted_bytes=TENSOR_BYTES,
        )
    return ggml
