"""ctypes bindings to libllama, just its vocabulary and samplers. Knows no text and no model of ours.

The package llama_cpp binds all of it, for 0.15 s and 8 MB that a first word should not wait for. Exact for one version,
which ``ggml.load`` makes sure of.
"""

from __future__ import annotations

import ctypes as C
from functools import cache
from typing import Any

from tern.engine import ggml

_P, _I, _F, _B, _S = C.c_void_p, C.c_int32, C.c_float, C.c_bool, C.c_char_p


class ModelParams(C.Structure):
    """llama_model_params, passed by value."""

    _fields_ = [
        ("devices", _P),
        ("tensor_buft_overrides", _P),
        ("n_gpu_layers", _I),
        ("split_mode", C.c_int),
        ("load_mode", C.c_int),
        ("lazy_mode", C.c_int),
        ("main_gpu", _I),
        ("tensor_split", _P),
        ("progress_callback", _P),
        ("progress_callback_user_data", _P),
        ("kv_overrides", _P),
        ("vocab_only", _B),
        ("check_tensors", _B),
        ("use_extra_bufts", _B),
        ("no_host", _B),
        ("no_alloc", _B),
        ("load_mtp", _B),
    ]


class ChainParams(C.Structure):
    """llama_sampler_chain_params."""

    _fields_ = [("no_perf", _B)]


class TokenData(C.Structure):
    """llama_token_data: one candidate."""

    _fields_ = [("id", _I), ("logit", _F), ("p", _F)]


class TokenDataArray(C.Structure):
    """llama_token_data_array; the samplers may move ``data`` and set ``selected`` to an index into it."""

    _fields_ = [("data", C.POINTER(TokenData)), ("size", C.c_size_t), ("selected", C.c_int64), ("sorted", _B)]


LogCallback = C.CFUNCTYPE(None, C.c_int, _S, _P)

# name -> (result, arguments)
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "llama_log_set": (None, LogCallback, _P),
    "llama_model_default_params": (ModelParams,),
    "llama_model_load_from_file": (_P, _S, ModelParams),
    "llama_model_free": (None, _P),
    "llama_model_get_vocab": (_P, _P),
    "llama_vocab_n_tokens": (_I, _P),
    "llama_vocab_bos": (_I, _P),
    "llama_vocab_eos": (_I, _P),
    "llama_vocab_eot": (_I, _P),
    "llama_vocab_is_eog": (_B, _P, _I),
    "llama_tokenize": (_I, _P, _S, _I, C.POINTER(_I), _I, _B, _B),
    "llama_token_to_piece": (_I, _P, _I, _S, _I, _I, _B),
    "llama_sampler_chain_default_params": (ChainParams,),
    "llama_sampler_chain_init": (_P, ChainParams),
    "llama_sampler_chain_add": (None, _P, _P),
    "llama_sampler_init_greedy": (_P,),
    "llama_sampler_init_dist": (_P, C.c_uint32),
    "llama_sampler_init_top_k": (_P, _I),
    "llama_sampler_init_top_p": (_P, _F, C.c_size_t),
    "llama_sampler_init_min_p": (_P, _F, C.c_size_t),
    "llama_sampler_init_temp": (_P, _F),
    "llama_sampler_init_penalties": (_P, _I, _I, _F, _F, _F),
    "llama_sampler_apply": (None, _P, C.POINTER(TokenDataArray)),
    "llama_sampler_accept": (None, _P, _I),
    "llama_sampler_free": (None, _P),
}


class Llama:
    """The bound functions, as attributes with libllama's own names (without the prefix ``llama_``)."""

    def __init__(self, library: C.CDLL) -> None:
        for name, (result, *arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name.removeprefix("llama_"), function)
        self._quiet = LogCallback(lambda level, text, data: None)
        self.log_set(self._quiet, None)

    def __getattr__(self, name: str) -> Any:  # tells mypy that any bound name may be called
        raise AttributeError(name)


@cache
def load() -> Llama:
    """Bind the library once. Raises UserError as ``ggml.load`` does."""
    ggml.load()
    return Llama(ggml.library("llama"))
