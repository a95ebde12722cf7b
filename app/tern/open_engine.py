"""The composition root: builds engines from files. Nothing else constructs them."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

from tern import paths
from tern.engine import can_chat, memory_need, vocabulary
from tern.engine.bitnet_engine import BitnetEngine
from tern.engine.bitnet_model import BitnetModel
from tern.engine.config import ARCHITECTURES, BitnetConfig
from tern.engine.gguf.reader import GGUFFile
from tern.engine.gguf.values import too_little
from tern.engine.threads import allowed, performance_cores
from tern.engine.tokenizer import Tokenizer, check_vocabulary
from tern.engine.types import Engine, EngineOptions
from tern.metrics import memory
from tern.progress import OnProgress, ignore_progress

# Smaller models run on one thread: they outrun any reader, and threads that wait for each other at every node come
# almost to a stop when another program takes a core.
ONE_THREAD_BYTES = 64 << 20
_NO_THREAD = "can't start new thread"  # there is no memory for its stack


def open_model(
    path: Path,
    options: EngineOptions | None = None,
    progress: OnProgress = ignore_progress,
) -> BitnetModel:
    """Open the network in the file at ``path``: token ids in, logits out; it needs no vocabulary.

    ``progress`` is told fractions from 0 to 1, where something has to be made first.

    Raises UserError, with what to do next, for a file that cannot be used or options that do not fit it.
    """
    options = options or EngineOptions()
    file = GGUFFile.open(path)
    try:
        config = BitnetConfig.from_gguf(file)
        context_size = options.context_size or config.context_size
        if not memory_need.MIN_CONTEXT <= context_size <= config.context_size:
            raise memory_need.bad_context(config.context_size, context_size)
        memory_need.check(file, options.kv_type, context_size, _room())
        small = file.size < ONE_THREAD_BYTES
        threads = allowed(options.threads or (1 if small else performance_cores()))
        try:
            return BitnetModel(file, config, options, threads, paths.cache_dir(), progress)
        except (MemoryError, OSError, RuntimeError) as error:
            if isinstance(error, MemoryError) or _NO_THREAD in str(error) or _errno(error) == errno.ENOMEM:
                raise too_little(path.name) from error
            raise
    except BaseException:
        file.close()
        raise


def open_engine(
    path: Path,
    options: EngineOptions | None = None,
    progress: OnProgress = ignore_progress,
) -> BitnetEngine:
    """Open the BitNet model at ``path`` with its vocabulary. ``progress`` is told fractions from 0 to 1.

    Raises UserError as ``open_model`` does, for a file without a vocabulary, and where llama.cpp's kernels were asked
    for and the copy that they need cannot be made.
    """
    copy: Path | None = None
    begun = 0.0
    if options is not None and options.kernels == "llama.cpp":
        from tern.engine.convert import tq2_copy

        begun = 0.8
        copy = tq2_copy.of_bitnet(
            path, paths.cache_dir(), lambda fraction: progress(begun * fraction), performance_cores()
        )
        options = replace(options, exact_head=True)  # there is no coarse copy of a head in Q6_K
    rest = 0.9 - begun
    model = open_model(copy or path, options, lambda fraction: progress(begun + rest * fraction))
    try:
        progress(0.9)
        tokenizer = Tokenizer(vocabulary.sidecar(model.file, paths.cache_dir()))
        try:
            check_vocabulary(tokenizer, model.config.n_vocab)
            engine = BitnetEngine(model, tokenizer, path if copy is not None else None)
        except BaseException:
            tokenizer.close()
            raise
    except BaseException:
        model.close()
        raise
    progress(1.0)
    return engine


def open_any_engine(
    path: Path,
    options: EngineOptions | None = None,
    progress: OnProgress = ignore_progress,
    trusted: bool = False,
) -> Engine:
    """Open whatever can chat: BitNet through Tern's own engine, any other GGUF through llama.cpp.

    ``trusted``: a chat template that comes with another model's file may be run. Raises UserError as the others do.
    """
    can_chat.check(path)
    with GGUFFile.open(path) as file:
        if file.get("general.architecture", str) in ARCHITECTURES:
            return open_engine(path, options, progress)
        options = options or EngineOptions()
        context_size = memory_need.context_size(file, options.context_size)
        memory_need.check(file, options.kv_type, context_size, _room())
    from tern.engine import trial
    from tern.engine.convert import tq2_copy
    from tern.engine.llama_engine import GenericEngine

    threads = allowed(options.threads or performance_cores())
    opened = tq2_copy.openable(path, paths.cache_dir(), progress)
    trial.pass_once(trial.Trial(path, opened, options.kv_type, trusted), paths.cache_dir(), paths.override())
    engine = GenericEngine(path, options, threads, trusted, opened)
    progress(1.0)
    return engine


def _errno(error: BaseException) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def _room() -> memory_need.Room:
    return memory_need.Room(memory.available_memory(), memory.total_memory())
