"""General English from WordNet 3.0 (Debian package wordnet-base): one sentence or two for each of its entries.

WordNet's licence permits use, copy and modification for any purpose. The package is fetched, never committed.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "wordnet-base"
_PARTS = ("noun", "verb", "adj", "adv")
_KIND = {"noun": "noun", "verb": "verb", "adj": "adjective", "adv": "adverb"}


def fetch(cache: Path) -> Path:
    """The folder with WordNet's data files, unpacked from Debian's package into ``cache`` by apt-get and dpkg-deb."""
    folder = cache / "usr" / "share" / "wordnet"
    if not (folder / "data.noun").exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            subprocess.run(["apt-get", "download", PACKAGE], cwd=scratch, check=True)
            (package,) = Path(scratch).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", str(package), str(cache)], check=True)
    return folder


def read(folder: Path) -> list[tuple[str, str, str]]:
    """(word, kind, gloss) of each WordNet synset, in file order."""
    entries = []
    for part in _PARTS:
        for line in (folder / f"data.{part}").read_text(encoding="ascii").splitlines():
            if line.startswith("  ") or " | " not in line:
                continue
            fields, gloss = line.split(" | ", 1)
            word = fields.split()[4].replace("_", " ")
            entries.append((re.sub(r"\(\w+\)$", "", word), _KIND[part], gloss.strip()))
    return entries


def sentences(entries: list[tuple[str, str, str]]) -> list[str]:
    """A short plain text for each entry: the word, its meaning, and an example where there is one."""
    texts = []
    for word, kind, gloss in entries:
        meaning, *examples = gloss.split('; "')
        meaning = meaning.strip("; ").removeprefix("(").strip()
        text = f"{word[:1].upper()}{word[1:]} ({kind}): {meaning}."
        for example in examples:
            quote = example.split('"')[0].strip()
            if len(quote) > 8:
                text += f" {quote[:1].upper()}{quote[1:]}" + ("" if quote[-1] in ".!?" else ".")
        texts.append(text)
    return texts


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words and sentences to make unanswerable questions of. The commonest words stand several times."""

    nouns: list[str]
    verbs: list[str]
    adjectives: list[str]
    sentences: list[str]


# Enough of each to write dialogues without the dictionary, in tests.
SMALL_LEXICON = Lexicon(
    ["teapot", "volcano"], ["admire", "inherit"], ["curious", "antique"], ["the kettle sang"]
)


def lexicon(folder: Path, entries: list[tuple[str, str, str]]) -> Lexicon:
    """WordNet's nouns (with names and phrases), verbs, adjectives and example sentences."""
    examples = [quote for _, _, gloss in entries for quote in re.findall(r'"([^"]+)"', gloss)]
    return Lexicon(
        nouns=_common(folder, "noun", 6000) * 6 + _words(entries, "noun"),
        verbs=_common(folder, "verb", 1500),
        adjectives=_common(folder, "adj", 2500),
        sentences=[quote for quote in examples if 12 < len(quote) < 70],
    )


def _words(entries: list[tuple[str, str, str]], kind: str) -> list[str]:
    return [word for word, its_kind, _ in entries if its_kind == kind and word.replace(" ", "").isalpha()]


def _common(folder: Path, part: str, limit: int) -> list[str]:
    """The ``limit`` most used words of one part of speech, by the counts of WordNet's tagged texts."""
    counts: list[tuple[int, str]] = []
    for line in (folder / f"index.{part}").read_text(encoding="ascii").splitlines():
        if line.startswith("  "):
            continue
        fields = line.split()
        senses, tagged = int(fields[2]), int(fields[5 + int(fields[3])])
        word = fields[0].replace("_", " ")
        if word.replace(" ", "").isalpha() and len(word) > 2:
            counts.append((10 * tagged + senses, word))
    counts.sort(key=lambda item: (-item[0], item[1]))
    return [word for _, word in counts[:limit]]
