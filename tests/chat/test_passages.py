"""Long texts in passages: nothing is lost, the place that answers is found, and what is told has room and says where
it stands."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from tern.chat.attachments import Attachment, AttachmentKind, compose, from_json, to_json, words_of
from tern.chat.file_text import read_file
from tern.chat.fitting_parts import fitting_parts, parts_budget
from tern.chat.passages import PassageIndex, cut, parts_of, place, query
from tern.errors import UserError

WORDS = "tern wing river stone lantern market winter harbour letter garden copper signal meadow".split()  # noqa: SIM905


def _story(paragraphs: int = 300, seed: int = 1) -> str:
    chance = random.Random(seed)
    return "\n\n".join(
        " ".join(chance.choice(WORDS) for _ in range(chance.randrange(20, 90))).capitalize() + "."
        for _ in range(paragraphs)
    )


def _tokens(text: str) -> int:
    return len(text) // 4


@pytest.mark.parametrize(
    "text",
    [_story(), "x" * 5000, "one\n" * 900, "# A\n\nb\n\n## C\n\nd", " \n\n ", "今日は天気が良い。" * 300],
    ids=["paragraphs", "one word", "lines", "headings", "blank", "Japanese"],
)  # fmt: skip
def test_passages_leave_out_nothing_but_spaces(text: str) -> None:
    found = cut(text)
    assert "".join("".join(text[one.start : one.end].split()) for one in found) == "".join(text.split())
    assert all(one.end - one.start <= 2000 for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_the_passage_that_answers_is_found_in_any_form_of_its_words() -> None:
    story = _story()
    middle = story.index("\n\n", len(story) // 2) + 2
    text = f"{story[:middle]}The lighthouse keeper had buried three gold coins under the fig tree.\n\n{story[middle:]}"
    index = PassageIndex([_story(seed=2), text])
    best = index.ranked("Where were the coins burying themselves, and who keeps the lighthouses?")[0]
    assert "fig tree" in text[best.start : best.end]
    assert best.source == 1
    index.close()


def test_scripts_without_spaces_are_searched_by_what_stands_together() -> None:
    text = "\n\n".join(["春の朝は静かだ。" * 60, "灯台守は金貨を埋めた。" * 60, "秋の夜は長い。" * 60])
    index = PassageIndex([text])
    best = index.ranked("金貨はどこ？")[0]
    assert "金貨" in text[best.start : best.end]
    assert query("What is it?") == '"what" OR "is" OR "it"', (
        "words that stand everywhere are better than none"
    )
    assert query("?!") == ""
    assert index.ranked("?!")[0].start == 0, "nothing asked: the beginning"
    index.close()


def test_the_likeliest_passages_have_room_and_stand_in_order() -> None:
    attachments = [Attachment("a.txt", _story(seed=3), 9), Attachment("b.txt", _story(seed=4), 9)]
    index = PassageIndex([one.text for one in attachments])
    for budget in (100, 500, 2400):
        found = fitting_parts(attachments, index, "the copper lantern in the harbour", budget, _tokens)
        assert found.passages, "one always, or there is nothing to answer from"
        assert sorted(found.passages, key=lambda one: (one.source, one.start)) == list(found.passages)
        told = sum(_tokens(one.text) for one in found.parts)
        assert told <= budget
    assert not fitting_parts(attachments, index, "the copper lantern", 0, _tokens).passages
    assert parts_budget(4096, 4032, 4000) == 32
    assert parts_budget(4096, 4032, 5000) == 0
    index.close()


def test_what_is_told_names_its_places_and_is_read_back() -> None:
    text = "# One\n\nfirst\n\n# Two\n\nsecond\n\nthird"
    notes = Attachment("notes.md", text, 40)
    pages = Attachment("book.pdf", "aaa\n\nbbb\n\nccc", 40, encoding="", pages=(0, 5, 10))
    code = Attachment("x.py", "# no heading\npass", 9)
    assert place(notes, text.index("second"), len(text)) == "lines 7-9, Two"
    assert place(notes, 0, 5) == "line 1, One"
    assert [place(pages, *span) for span in ((0, 3), (5, 13))] == ["page 1", "pages 2-3"]
    assert place(code, 13, 17) == "line 2"
    found = cut(notes.text)
    (part,) = parts_of([notes], found[1:])
    assert part.text == "[lines 5-9, Two]\n# Two\n\nsecond\n\nthird"
    assert part.kind is AttachmentKind.PARTS
    content = compose("Why?", [part])
    assert content.startswith("Parts of notes.md:\n```\n[lines 5-9, Two]")
    assert from_json(to_json([part]), content) == (part,)
    assert words_of(content, [part]) == "Why?"
    assert from_json(to_json([pages]), compose("", [pages])) == (pages,), "pages are kept with a draft"


def test_a_folder_is_one_attachment_whose_places_name_its_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").write_text("secret")
    (tmp_path / "a.txt").write_text("first\nsecond")
    (tmp_path / "b.bin").write_bytes(bytes(range(256)))
    (tmp_path / "sub" / "c.md").write_text("# Title\n\nThe copper lantern hangs here.")
    folder = read_file(tmp_path)
    assert folder.kind is AttachmentKind.FOLDER
    assert folder.text == (
        "=== a.txt ===\n\nfirst\nsecond\n\n=== sub/c.md ===\n\n# Title\n\nThe copper lantern hangs here."
    )
    index = PassageIndex([folder.text])
    best = index.ranked("Where is the copper lantern?")[0]
    assert place(folder, best.start, best.end) == "sub/c.md, lines 1-3, Title"
    assert place(folder, folder.text.index("second"), folder.text.index("second") + 3) == "a.txt, line 2"
    index.close()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no file that Tern can read"):
        read_file(tmp_path / "empty")
