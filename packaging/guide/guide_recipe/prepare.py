"""Writes the training data: vocabulary and packed token rows. The same seed gives the same bytes.

python -m guide_recipe.prepare --out FOLDER
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guide_recipe import english
from guide_recipe.dialogues import Dialogue, Writer
from guide_recipe.vocabulary import ChatFormat, train

Rows = NDArray[np.uint16]
LEARNED = 0x8000  # set on the tokens that supervised tuning learns
TOKENIZER_DIALOGUES = 60_000


def write_dialogues(count: int, seed: int, lexicon: english.Lexicon) -> list[Dialogue]:
    """``count`` dialogues; number i depends on nothing but ``seed`` and i."""
    writer = Writer(lexicon)
    return [writer.dialogue(random.Random(seed * 1_000_003 + i)) for i in range(count)]


def pack(documents: Iterable[tuple[Sequence[int], Sequence[bool]]], context: int) -> Rows:
    """Rows of ``context`` + 1 tokens. Each row begins with a document; what does not fit at its end is left out."""
    rows: list[NDArray[np.uint16]] = []
    current: list[NDArray[np.uint16]] = []
    filled, width = 0, context + 1
    for ids, learned in documents:
        marked = np.array(ids, np.uint16) | (np.array(learned, np.uint16) * np.uint16(LEARNED))
        current.append(marked[: width - filled])
        filled += len(current[-1])
        if filled == width:
            rows.append(np.concatenate(current))
            current, filled = [], 0
    return np.stack(rows)


def prepare(
    out: Path, dialogues: int, context: int, vocab: int, seed: int, wordnet: bool = True
) -> dict[str, Rows]:
    """Write ``tokenizer.json`` and ``data.npz`` into ``out``; returns the arrays (dialogues, english, held_out)."""
    out.mkdir(parents=True, exist_ok=True)
    lexicon, texts = english.SMALL_LEXICON, list[str]()
    if wordnet:
        folder = english.fetch(out / "wordnet")
        entries = english.read(folder)
        lexicon, texts = english.lexicon(folder, entries), english.sentences(entries)
        random.Random(seed).shuffle(texts)
    written = write_dialogues(dialogues, seed, lexicon)
    spoken = (f"{role.capitalize()}: {content}" for d in written[:TOKENIZER_DIALOGUES] for role, content in d)
    tokenizer = train((*spoken, *texts[: len(texts) // 3]), vocab)
    tokenizer.save(str(out / "tokenizer.json"))
    chat = ChatFormat(tokenizer)
    held_out = max(dialogues // 200, 1)
    arrays = {
        "dialogues": pack((chat.supervised(d) for d in written[held_out:]), context),
        "held_out": pack((chat.supervised(d) for d in written[:held_out]), context),
    }
    if wordnet:
        plain = (chat.text(" ".join(texts[i : i + 4])) for i in range(0, len(texts), 4))
        arrays["english"] = pack(((ids, [False] * len(ids)) for ids in plain), context)
    np.savez_compressed(out / "data.npz", **arrays)
    return arrays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dialogues", type=int, default=450_000)
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--vocab", type=int, default=4096)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    arrays = prepare(args.out, args.dialogues, args.context, args.vocab, args.seed)
    for name, rows in arrays.items():
        print(f"{name}: {len(rows)} rows of {rows.shape[1]} tokens, {rows.size / 1e6:.1f} M tokens")


if __name__ == "__main__":
    main()
