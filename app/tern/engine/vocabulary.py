"""A model's vocabulary as a small GGUF of its own, which libllama can open: it cannot open the official file.

The arrays are copied as bytes; what the official file leaves out (the pre-tokenizer's name, the end-of-turn
id) is added. The sidecar is named by the hash of its content, so a damaged one is noticed and made again.
Knows nothing of libllama itself (see ``tokenizer``).
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np

from tern.atomic import replacing
from tern.engine.config import MAX_VOCABULARY, token_id
from tern.engine.gguf.reader import GGUFFile, StringArray, ValueType
from tern.engine.gguf.values import shown
from tern.engine.gguf.writer import GGUFWriter
from tern.errors import Sentence, UserError

TOKENS = "tokenizer.ggml.tokens"
MERGES = "tokenizer.ggml.merges"
TYPES = "tokenizer.ggml.token_type"
PRE_TOKENIZER = "llama-bpe"  # Llama 3's; the official file names none [FACTS: The official file]
END_OF_TURN = "<|eot_id|>"
NORMAL, CONTROL = 1, 3  # llama.cpp's token types

_SPECIAL = re.compile(rb"<\|\w{1,64}\|>")
_COPIED_IDS = ("bos_token_id", "eos_token_id", "padding_token_id", "unknown_token_id")


def sidecar(file: GGUFFile, cache: Path) -> Path:
    """Path of the vocabulary-only GGUF of ``file`` in the folder ``cache``; written if missing or damaged.

    Raises GGUFError when the vocabulary cannot be used, UserError when the cache cannot be written.
    """
    tokens = file.strings(TOKENS)
    if not 0 < len(tokens) <= MAX_VOCABULARY:
        raise file.error(Sentence("its vocabulary of {tokens:,} tokens is no model's", tokens=len(tokens)))
    content = _content(file, tokens, cache)
    digest = hashlib.sha256(content).hexdigest()
    path = cache / f"vocabulary-{digest[:24]}.gguf"
    if _is_intact(path, digest):
        return path
    if tokens.repeated() is not None:
        # With it libllama would abort the process.
        raise file.error(Sentence("its vocabulary has the same token twice"))
    try:
        with replacing(path) as target:
            target.write(content)
    except OSError as error:
        raise UserError(
            "Tern could not write its vocabulary file {path} ({reason}).", path=path, reason=error.strerror
        ) from error
    return path


def _content(file: GGUFFile, tokens: StringArray, cache: Path) -> bytes:
    kind = file.get("tokenizer.ggml.model", str)
    if kind != "gpt2":
        raise file.error(
            Sentence(
                "its vocabulary is of the kind {kind}, not the byte-level BPE of a BitNet", kind=shown(kind)
            )
        )
    writer = GGUFWriter(cache / "vocabulary.gguf")
    writer.add("general.architecture", "llama")
    writer.add("llama.vocab_size", len(tokens))
    writer.add("tokenizer.ggml.model", kind)
    writer.add("tokenizer.ggml.pre", file.get("tokenizer.ggml.pre", str, PRE_TOKENIZER))
    writer.add_raw(TOKENS, *file.metadata.raw(TOKENS))
    file.strings(MERGES)  # an array of strings, or an error that says so
    writer.add_raw(MERGES, *file.metadata.raw(MERGES))
    writer.add(TYPES, _types(file, tokens), ValueType.INT32)
    for name in _COPIED_IDS:
        _add_id(writer, f"tokenizer.ggml.{name}", file, len(tokens))
    eot = "tokenizer.ggml.eot_token_id"
    if eot in file.metadata:
        _add_id(writer, eot, file, len(tokens))
    elif (found := tokens.find(END_OF_TURN)) is not None:
        writer.add(eot, found)
    writer.add("tokenizer.ggml.add_bos_token", file.get("tokenizer.ggml.add_bos_token", bool, True))
    return writer.header()


def _types(file: GGUFFile, tokens: StringArray) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """The tokens' types, with every ``<|name|>`` a control token: no typed text may become one."""
    if TYPES in file.metadata:
        types = file.numbers(TYPES).astype(np.int32)
        if len(types) != len(tokens):
            raise file.error(
                Sentence(
                    "its vocabulary has {tokens:,} tokens but {types:,} token types",
                    tokens=len(tokens),
                    types=len(types),
                )
            )
    else:
        types = np.full(len(tokens), NORMAL, np.int32)
    types[tokens.matching(_SPECIAL)] = CONTROL
    return types


def _add_id(writer: GGUFWriter, key: str, file: GGUFFile, n_vocab: int) -> None:
    token = token_id(file, key, n_vocab)
    if token is not None:
        writer.add(key, token)


def _is_intact(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except OSError:
        return False
