"""A long text summarized in pieces: every word of it is read, nothing asked is longer than the context, and it ends."""

from __future__ import annotations

import pytest

from chat.test_passages import _story
from tern.chat.attachments import Attachment
from tern.chat.summarizing import Summarizing
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Request
from tern.errors import UserError


def _run(run: Summarizing, engine: FakeEngine) -> tuple[list[Request], str]:
    """All that was asked, and what a person reads."""
    asked, shown = [], ""
    while (request := run.request) is not None:
        opening, is_shown = run.opening, run.shown
        try:
            said = "".join(chunk.text for chunk in engine.generate(request))
        except UserError:
            assert run.too_long()
            continue
        asked.append(request)
        shown += f"{opening}{said}\n\n" if is_shown else ""
        run.ended(said)
        assert len(asked) < 500
    return asked, shown


def _engine(context_size: int, words: int = 30) -> FakeEngine:
    return FakeEngine(["summary " * words] * 500, context_size=context_size)


@pytest.mark.parametrize("context_size", [200, 600, 4096])
def test_all_of_it_is_read_and_nothing_is_longer_than_the_context(context_size: int) -> None:
    files = [Attachment("a.txt", _story(seed=5), 9), Attachment("b.txt", _story(40, seed=6), 9)]
    engine = _engine(context_size)
    tokens = sum(engine.text_tokens(one.text) for one in files)
    run = Summarizing(files, tokens, engine.measure([]).limit)
    asked, shown = _run(run, engine)
    for piece, request in zip(run.pieces, asked, strict=False):
        assert piece.text in request.messages[0].content
    read = "".join("".join(piece.text.split()) for piece in run.pieces)
    assert read == "".join("".join(file.text.split()) for file in files)
    assert all(engine.measure(request.messages).fits for request in asked)
    assert shown.count("### Part") == len(run.pieces) == run.step[1]
    assert shown.count("## Summary of the whole") == 1
    assert "a.txt, line" in shown
    assert "b.txt, line" in shown


def test_what_was_taken_for_shorter_than_it_is_is_halved() -> None:
    file = Attachment("a.txt", _story(), 9)
    engine = _engine(600)
    run = Summarizing([file], 100, engine.measure([]).limit)  # so few tokens that all would be one piece
    asked, _ = _run(run, engine)
    assert len(run.pieces) > 10
    assert all(engine.measure(request.messages).fits for request in asked)


def test_a_short_text_is_summarized_once() -> None:
    engine = FakeEngine(["It is short."])
    asked, shown = _run(Summarizing([Attachment("a.txt", "Short.", 9)], 2, 4000), engine)
    assert (len(asked), shown) == (1, "It is short.\n\n")


def test_what_cannot_be_read_at_all_is_said() -> None:
    run = Summarizing([Attachment("a.txt", "word", 9)], 1, 4000)
    assert not run.too_long()
