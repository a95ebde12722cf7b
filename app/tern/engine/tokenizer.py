"""Text to token ids and back, through libllama's own vocabulary code. Knows no model weights and no chat format."""

from __future__ import annotations

import codecs
import ctypes
import os
from pathlib import Path

from tern.engine import libllama, pretokenizer_limit
from tern.errors import BugError, UserError

_BPE = 2  # of llama_vocab_type
_OWN_PRE = "gemma4"  # this kind of tokenizer has a pre-tokenizer of its own, whatever the file names
_PIECE = ctypes.c_char * 64  # room for most tokens; made once, because code that runs once a token runs cold


class Vocabulary:
    """The vocabulary of the model that libllama has open at the address ``model``."""

    def __init__(self, model: int) -> None:
        self._llama = library = libllama.load()
        self._vocab = library.model_get_vocab(model)
        self.n_vocab: int = library.vocab_n_tokens(self._vocab)
        self.bos: int = library.vocab_bos(self._vocab)
        self.eos: int = library.vocab_eos(self._vocab)
        self.eot: int = library.vocab_eot(self._vocab)
        self.adds_bos: bool = library.vocab_get_add_bos(self._vocab)
        kind = self._text(model, b"tokenizer.ggml.model")
        self.pre_tokenizer = kind if kind == _OWN_PRE else self._text(model, b"tokenizer.ggml.pre")
        self._is_bpe = library.vocab_type(self._vocab) == _BPE

    def _text(self, model: int, key: bytes) -> str:
        buffer = ctypes.create_string_buffer(128)
        self._llama.model_meta_val_str(model, key, buffer, len(buffer))
        return buffer.value.decode(errors="replace")

    def encode(self, text: str, special: bool = False) -> list[int]:
        """Token ids of ``text``, without BOS. ``special`` also recognizes control tokens written out in it:
        never set it for text that a person or a model wrote."""
        if self._is_bpe and len(text) > pretokenizer_limit.DEEPEST:  # the other kinds know no expressions
            pieces = pretokenizer_limit.pieces(text, self.pre_tokenizer)
            return [token for piece in pieces for token in self._encode(piece, special)]
        return self._encode(text, special)

    def _encode(self, text: str, special: bool) -> list[int]:
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 8
        while True:
            ids = (ctypes.c_int32 * room)()
            count: int = self._llama.tokenize(self._vocab, data, len(data), ids, room, False, special)
            if count >= 0:
                return list(ids[:count])
            room = -count

    def piece(self, token: int, special: bool = False) -> bytes:
        """The bytes of one token; empty for control tokens, unless ``special``. Not always whole characters."""
        buffer: ctypes.Array[ctypes.c_char] = _PIECE()
        while True:
            count: int = self._llama.token_to_piece(self._vocab, token, buffer, len(buffer), 0, special)
            if count >= 0:
                return buffer.raw[:count]
            buffer = ctypes.create_string_buffer(-count)

    def decode(self, tokens: list[int]) -> str:
        """Text of ``tokens``, control tokens left out, broken characters replaced by U+FFFD."""
        return b"".join(self.piece(token) for token in tokens).decode("utf-8", errors="replace")

    def is_end(self, token: int) -> bool:
        """Whether ``token`` ends a reply (end of turn, end of text)."""
        return token == self.eot or bool(self._llama.vocab_is_eog(self._vocab, token))

    def text_of(self, token: int) -> str:
        """How ``token`` is written in the vocabulary; empty for none (-1)."""
        text: bytes = self._llama.vocab_get_text(self._vocab, token) if token >= 0 else b""
        return text.decode(errors="replace")


class Tokenizer(Vocabulary):
    """A vocabulary opened from a vocabulary-only GGUF. Raises UserError when libllama refuses the file."""

    def __init__(self, vocabulary_file: Path) -> None:
        library = libllama.load()
        parameters = library.model_default_params()
        parameters.vocab_only = True
        self._model = library.model_load_from_file(os.fsencode(vocabulary_file), parameters)
        if not self._model:
            raise UserError(
                "The vocabulary of this model could not be opened ({vocabulary_file}). "
                "Delete that file and try again; if it fails again the model file is damaged: fetch it again.",
                vocabulary_file=vocabulary_file,
            )
        super().__init__(self._model)

    def close(self) -> None:
        if self._model:
            self._llama.model_free(self._model)
            self._model = None


class TextStream:
    """Joins token pieces into text, holding back bytes until their character is whole.

    Where a reply is cut before that, they are left out: going on from its text says the whole character.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, piece: bytes) -> str:
        return self._decoder.decode(piece)


def check_vocabulary(tokenizer: Tokenizer, n_vocab: int) -> None:
    """The model's output rows must be the vocabulary's tokens."""
    if tokenizer.n_vocab != n_vocab:
        raise BugError(f"sidecar has {tokenizer.n_vocab} tokens, the model {n_vocab}")
