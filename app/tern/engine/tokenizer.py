"""Text to token ids and back, through libllama's own vocabulary code. Knows no model weights and no chat format."""

from __future__ import annotations

import codecs
import ctypes
from functools import cache
from pathlib import Path
from typing import Any

from tern.errors import BugError, UserError

_kept_alive: list[Any] = []  # C holds these for as long as the process lives


@cache
def libllama() -> Any:
    """libllama, silenced. Imported late: it costs a fifth of a second that `tern --help` must not pay."""
    import llama_cpp

    log_callback = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(log_callback, ctypes.c_void_p(0))
    _kept_alive.append(log_callback)
    return llama_cpp


class Tokenizer:
    """A vocabulary opened from a vocabulary-only GGUF. Raises UserError when libllama refuses the file."""

    def __init__(self, vocabulary_file: Path) -> None:
        llama = libllama()
        parameters = llama.llama_model_default_params()
        parameters.vocab_only = True
        self._model = llama.llama_model_load_from_file(str(vocabulary_file).encode(), parameters)
        if not self._model:
            raise UserError(
                f"The vocabulary of this model could not be opened ({vocabulary_file}). "
                "Delete that file and try again; if it fails again the model file is damaged: fetch it again."
            )
        self._vocab = llama.llama_model_get_vocab(self._model)
        self.n_vocab: int = llama.llama_vocab_n_tokens(self._vocab)
        self.bos: int = llama.llama_vocab_bos(self._vocab)
        self.eos: int = llama.llama_vocab_eos(self._vocab)
        self.eot: int = llama.llama_vocab_eot(self._vocab)

    def encode(self, text: str, special: bool = False) -> list[int]:
        """Token ids of ``text``, without BOS. ``special`` also recognizes control tokens written out in it:
        never set it for text that a person or a model wrote."""
        llama = libllama()
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 8
        while True:
            ids = (ctypes.c_int32 * room)()
            count: int = llama.llama_tokenize(self._vocab, data, len(data), ids, room, False, special)
            if count >= 0:
                return list(ids[:count])
            room = -count

    @cache  # noqa: B019 - one tokenizer a model; the pieces are worth keeping as long as it
    def piece(self, token: int) -> bytes:
        """The bytes of one token; empty for control tokens. Not always whole characters."""
        llama = libllama()
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            count: int = llama.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            if count >= 0:
                return buffer.raw[:count]
            room = -count

    def decode(self, tokens: list[int]) -> str:
        """Text of ``tokens``, control tokens left out, broken characters replaced by U+FFFD."""
        return b"".join(self.piece(token) for token in tokens).decode("utf-8", errors="replace")

    def is_end(self, token: int) -> bool:
        """Whether ``token`` ends a reply (end of turn, end of text)."""
        return token == self.eot or bool(libllama().llama_vocab_is_eog(self._vocab, token))

    def close(self) -> None:
        if self._model:
            libllama().llama_model_free(self._model)
            self._model = None


class TextStream:
    """Joins token pieces into text, holding back bytes until their character is whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, piece: bytes) -> str:
        return self._decoder.decode(piece)

    def end(self) -> str:
        """Whatever is left; a character that never became whole comes out as U+FFFD."""
        return self._decoder.decode(b"", final=True)


def check_vocabulary(tokenizer: Tokenizer, n_vocab: int) -> None:
    """The model's output rows must be the vocabulary's tokens."""
    if tokenizer.n_vocab != n_vocab:
        raise BugError(f"sidecar has {tokenizer.n_vocab} tokens, the model {n_vocab}")
