"""The guide's own byte-level BPE vocabulary, and the chat format as tokens. Knows nothing of networks.

Splits text as Llama 3 does, so that llama.cpp (``tokenizer.ggml.pre = llama-bpe``) tokenizes it identically.
No two digits ever merge: one token a digit keeps sums learnable for a small network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIALS = ("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>")
_TWO_DIGITS = re.compile(r"(?<=[0-9])(?=[0-9])")


def _without_numbers(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield _TWO_DIGITS.sub("\n", text)


def train(texts: Iterable[str], size: int) -> Tokenizer:
    """A vocabulary of exactly ``size`` tokens: 256 bytes, merges learned from ``texts``, the three specials last."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    split = pre_tokenizers.Split(Regex(LLAMA3_SPLIT), behavior="isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[],
        show_progress=False,
    )
    tokenizer.train_from_iterator(_without_numbers(texts), trainer)
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIALS])
    if tokenizer.get_vocab_size() != size:
        raise ValueError(
            f"the text gave {tokenizer.get_vocab_size()} tokens, not {size}: more text is needed"
        )
    return tokenizer


def load(path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(path))


class ChatFormat:
    """FACTS' chat format: ``{Role}: {content trimmed}<|eot_id|>`` a message, after one <|begin_of_text|>."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        ids = [tokenizer.token_to_id(text) for text in SPECIALS]
        self.bos, self.eos, self.eot = ids
        self._generation = self._encode("Assistant: ")
        self._marker = len(self._encode("Assistant:"))

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        if ids and max(ids) >= self.bos:
            raise ValueError(f"special token in {text!r}")
        return ids

    def prompt(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        """Token ids after which the next reply is to be generated."""
        ids = [self.bos]
        for role, content in messages:
            ids += [*self._encode(f"{role.capitalize()}: {content.strip()}"), self.eot]
        return ids + self._generation

    def supervised(self, dialogue: Sequence[tuple[str, str]]) -> tuple[list[int], list[bool]]:
        """Tokens of a finished dialogue and which of them are to be learned in supervised tuning.

        The last reply stands as it is generated, after "Assistant: ". Earlier replies stand as a prompt holds
        them, where the first word takes the space; so they are learned from their second token on.
        """
        ids, learned = [self.bos], [False]
        for role, content in dialogue[:-1]:
            message = self._encode(f"{role.capitalize()}: {content.strip()}")
            is_reply = role == "assistant"
            ids += [*message, self.eot]
            learned += [is_reply and i > self._marker for i in range(len(message))] + [is_reply]
        reply = self._encode(dialogue[-1][1].strip())
        ids += [*self._generation, *reply, self.eot]
        learned += [False] * len(self._generation) + [True] * (len(reply) + 1)
        return ids, learned

    def text(self, content: str) -> list[int]:
        """A plain text between <|begin_of_text|> and <|end_of_text|>."""
        return [self.bos, *self._encode(content), self.eos]

    def decode(self, ids: Sequence[int]) -> str:
        decoded: str = self._tokenizer.decode(list(ids))
        return decoded
