"""ctypes bindings to libllama, as far as it is used here. Knows no text and no model of ours.

The package llama_cpp binds all of it, for 0.15 s and 8 MB that a first word should not wait for. Exact for one version,
which ``ggml.load`` makes sure of.
"""

from __future__ import annotations

import ctypes as C
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
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


class ContextParams(C.Structure):
    """llama_context_params, passed by value."""

    _fields_ = [
        ("n_ctx", C.c_uint32),
        ("n_batch", C.c_uint32),
        ("n_ubatch", C.c_uint32),
        ("n_seq_max", C.c_uint32),
        ("n_rs_seq", C.c_uint32),
        ("n_outputs_max", C.c_uint32),
        ("n_outputs_max_per_seq", C.c_uint32),
        ("n_threads", _I),
        ("n_threads_batch", _I),
        ("ctx_type", C.c_int),
        ("rope_scaling_type", C.c_int),
        ("pooling_type", C.c_int),
        ("attention_type", C.c_int),
        ("flash_attn_type", C.c_int),
        ("rope_freq_base", _F),
        ("rope_freq_scale", _F),
        ("yarn_ext_factor", _F),
        ("yarn_attn_factor", _F),
        ("yarn_beta_fast", _F),
        ("yarn_beta_slow", _F),
        ("yarn_orig_ctx", C.c_uint32),
        ("defrag_thold", _F),
        ("cb_eval", _P),
        ("cb_eval_user_data", _P),
        ("type_k", C.c_int),
        ("type_v", C.c_int),
        ("abort_callback", _P),
        ("abort_callback_data", _P),
        ("embeddings", _B),
        ("offload_kqv", _B),
        ("no_perf", _B),
        ("op_offload", _B),
        ("swa_full", _B),
        ("kv_unified", _B),
        ("samplers", _P),
        ("n_samplers", C.c_size_t),
        ("ctx_other", _P),
    ]


class Batch(C.Structure):
    """llama_batch, passed by value; null pointers leave positions and sequence to libllama."""

    _fields_ = [
        ("n_tokens", _I),
        ("token", C.POINTER(_I)),
        ("embd", _P),
        ("pos", _P),
        ("n_seq_id", _P),
        ("seq_id", _P),
        ("logits", _P),
    ]


class ChatMessage(C.Structure):
    """llama_chat_message."""

    _fields_ = [("role", _S), ("content", _S)]


class ChainParams(C.Structure):
    """llama_sampler_chain_params."""

    _fields_ = [("no_perf", _B)]


class TokenData(C.Structure):
    """llama_token_data: one candidate."""

    _fields_ = [("id", _I), ("logit", _F), ("p", _F)]


class TokenDataArray(C.Structure):
    """llama_token_data_array; the samplers may move ``data`` and set ``selected`` to an index into it."""

    _fields_ = [("data", C.POINTER(TokenData)), ("size", C.c_size_t), ("selected", C.c_int64), ("sorted", _B)]


_ERROR = 4  # of ggml_log_level
LogCallback = C.CFUNCTYPE(None, C.c_int, _S, _P)

# name -> (result, arguments)
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "llama_log_set": (None, LogCallback, _P),
    "llama_model_default_params": (ModelParams,),
    "llama_model_load_from_file": (_P, _S, ModelParams),
    "llama_model_free": (None, _P),
    "llama_model_get_vocab": (_P, _P),
    "llama_model_meta_val_str": (_I, _P, _S, _S, C.c_size_t),
    "llama_model_n_layer": (_I, _P),
    "llama_model_n_embd": (_I, _P),
    "llama_model_n_params": (C.c_uint64, _P),
    "llama_backend_init": (None,),
    "llama_print_system_info": (_S,),
    "llama_context_default_params": (ContextParams,),
    "llama_init_from_model": (_P, _P, ContextParams),
    "llama_attach_threadpool": (None, _P, _P, _P),
    "llama_free": (None, _P),
    "llama_get_memory": (_P, _P),
    "llama_memory_clear": (None, _P, _B),
    "llama_memory_seq_rm": (_B, _P, _I, _I, _I),
    "llama_decode": (_I, _P, Batch),
    "llama_get_logits_ith": (C.POINTER(_F), _P, _I),
    "llama_chat_apply_template": (_I, _S, C.POINTER(ChatMessage), C.c_size_t, _B, C.c_char_p, _I),
    "llama_vocab_type": (C.c_int, _P),
    "llama_vocab_get_add_bos": (_B, _P),
    "llama_vocab_get_text": (_S, _P, _I),
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
        self._library = library
        self._heard: deque[str] = deque(maxlen=20)
        self._quiet = LogCallback(self._hear)
        self.be_quiet()

    def sampler(self, name: str, *arguments: C._SimpleCData[Any]) -> int:
        """What ``llama_sampler_init_<name>`` makes: one stage of a chain. The arguments carry their C types."""
        function = getattr(self._library, f"llama_sampler_init_{name}")
        function.restype = _P
        return int(function(*arguments))

    def features(self) -> list[str]:
        """What ggml's own kernels were built with and find here: ``AVX2``, ``FMA``, ``REPACK`` ..."""
        said = self.print_system_info().decode(errors="replace")  # "CPU : SSE3 = 1 | AVX2 = 1 | "
        return re.findall(r"(\w+) = [1-9]", said)

    def be_quiet(self) -> None:
        """Let nothing of libllama's log reach a terminal. The package llama_cpp, once imported, prints it."""
        self.log_set(self._quiet, None)

    def _hear(self, level: int, text: bytes, data: object) -> None:
        if level == _ERROR:
            self._heard.append(text.decode(errors="replace").strip())

    @contextmanager
    def hearing(self) -> Iterator[deque[str]]:
        """The errors that libllama writes into its log meanwhile: it returns no reason."""
        self.be_quiet()
        self._heard.clear()
        yield self._heard

    def __getattr__(self, name: str) -> Any:  # tells mypy that any bound name may be called
        raise AttributeError(name)


@cache
def load() -> Llama:
    """Bind the library once. Raises UserError as ``ggml.load`` does."""
    ggml.load()
    return Llama(ggml.library("llama"))
