"""The dialogues the recipe writes: the same every time, clean, true where they can be checked."""

from __future__ import annotations

import random
import re
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("tokenizers", reason="the recipe's vocabulary needs the tokenizers package")

from guide_recipe import arithmetic, tables
from guide_recipe.dialogues import Dialogue, Writer
from guide_recipe.english import SMALL_LEXICON
from guide_recipe.grammar import DATA, expand, read_intents
from guide_recipe.prepare import pack, write_dialogues

pytestmark = pytest.mark.slow

_SUM = re.compile(r"(?<!\d)(-?\d+(?: [-+x/] -?\d+)+) = (-?\d+)")


@pytest.fixture(scope="module")
def written() -> list[Dialogue]:
    return write_dialogues(4000, 7, SMALL_LEXICON)


def test_the_same_seed_writes_the_same_dialogues(written: list[Dialogue]) -> None:
    assert write_dialogues(300, 7, SMALL_LEXICON) == written[:300]
    assert write_dialogues(300, 8, SMALL_LEXICON) != written[:300]


def test_every_dialogue_alternates_and_ends_with_a_reply(written: list[Dialogue]) -> None:
    for dialogue in written:
        roles = [role for role, _ in dialogue if role != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert roles
        assert all(role != "system" for role, _ in dialogue[1:])


def test_replies_hold_no_grammar_and_no_control_characters(written: list[Dialogue]) -> None:
    for dialogue in written:
        for role, content in dialogue:
            assert content == content.strip() != ""
            assert "<|" not in content
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]|\{\w+\}", content)
            if role == "assistant":
                assert "  " not in content or "```" in content


def test_every_grammar_line_expands_without_leftovers() -> None:
    rng = random.Random(1)
    for name in ("tern.txt", "talk.txt", "knowledge.txt", "code.txt", "out_of_scope.txt"):
        for intent in read_intents(name):
            for ask in intent.asks:
                for _ in range(5):
                    assert not re.search(r"[|\[\]()]", expand(ask, rng)), f"{name}: {ask}"


def _value(terms: list[str]) -> int:
    """The value of "a + b + c" from left to right; no reply mixes signs."""
    value = int(terms[0])
    for sign, term in zip(terms[1::2], terms[2::2], strict=True):
        n = int(term)
        value = {"+": value + n, "-": value - n, "x": value * n, "/": value // n if n else 0}[sign]
    return value


def test_every_sum_is_right(written: list[Dialogue]) -> None:
    replies = (content for dialogue in written for role, content in dialogue if role == "assistant")
    sums = [found for reply in replies for found in _SUM.findall(reply)]
    assert len(sums) > 500
    assert [(left, result) for left, result in sums if _value(left.split()) != int(result)] == []


def test_skills_answer_for_many_seeds() -> None:
    for skill, _ in (*arithmetic.SKILLS, *tables.SKILLS):
        for seed in range(40):
            exchange = skill(random.Random(seed))
            assert exchange.ask.strip()
            assert exchange.reply.strip()


def test_the_variety_is_large(written: list[Dialogue]) -> None:
    assert len({tuple(dialogue) for dialogue in written}) > 0.95 * len(written)


def test_held_out_questions_are_not_written() -> None:
    lines = (DATA / "held_out.txt").read_text(encoding="utf-8").splitlines()
    held_out = {line for line in lines if line and not line.startswith("#") and len(line.split()) > 6}
    asks = {content for d in write_dialogues(3000, 1, SMALL_LEXICON) for role, content in d if role == "user"}
    assert len(held_out) > 25
    assert not held_out & asks


def test_writer_covers_the_honest_answer() -> None:
    writer, rng = Writer(SMALL_LEXICON), random.Random(3)
    replies = [writer.single(rng).reply for _ in range(2000)]
    pointing = sum("BitNet b1.58 2B4T" in reply or "I cannot look anything up" in reply for reply in replies)
    assert pointing > 200


def test_rows_are_full_and_begin_with_a_document() -> None:
    documents = [([1, 2, 3, 4, 5], [False, True, True, False, True])] * 10
    rows = pack(documents, 7)
    assert rows.shape[1] == 8
    assert (rows[:, 0] == 1).all()
    assert rows[0, 1] == 2 | 0x8000


def test_the_recipe_names_no_place_of_its_making() -> None:
    root = Path(DATA).parent
    for path in (*root.rglob("*.py"), *root.rglob("*.txt"), *root.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for place in (Path.home(), root.parents[1], Path(tempfile.gettempdir())):
            assert f"{place}/" not in text, path
