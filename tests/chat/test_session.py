"""One conversation as it is spoken: what the engine is asked, and what stays when something goes wrong."""

from __future__ import annotations

import pytest

from tern.chat.session import Session, TurnState
from tern.engine.types import FinishReason, Message, Stats
from tern.errors import BugError


def _answer(session: Session, text: str) -> None:
    session.append(text, Stats(tokens=1))
    session.append("", Stats(tokens=1, finish_reason=FinishReason.END_OF_TURN))


def test_each_question_takes_everything_said_before_along() -> None:
    session = Session(system="Be brief.")
    session.ask("One?")
    _answer(session, "First.")
    request = session.ask("Two?")
    assert list(request.messages) == [
        Message("system", "Be brief."),
        Message("user", "One?"),
        Message("assistant", "First."),
        Message("user", "Two?"),
    ]


def test_a_reply_grows_and_ends() -> None:
    session = Session()
    session.ask("One?")
    assert session.busy
    assert session.append("a", Stats(tokens=1)).state is TurnState.STREAMING
    turn = session.append("b", Stats(tokens=2, finish_reason=FinishReason.STOPPED))
    assert (turn.reply, turn.state, turn.stats.tokens) == ("ab", TurnState.DONE, 2)
    assert not session.busy


def test_a_failure_keeps_what_came_and_asking_again_forgets_it() -> None:
    session = Session()
    session.ask("One?")
    session.append("half", Stats(tokens=1))
    turn = session.fail("No memory.")
    assert (turn.reply, turn.error) == ("half", "No memory.")
    assert list(session.ask_again().messages) == [Message("user", "One?")]
    assert session.turns[-1].reply == ""


def test_an_empty_reply_is_not_told_to_the_engine() -> None:
    session = Session()
    session.ask("One?")
    session.fail("No model.")
    assert [message.role for message in session.ask("Two?").messages] == ["user", "user"]


def test_calls_out_of_order_are_bugs() -> None:
    session = Session()
    with pytest.raises(BugError):
        session.append("x", Stats())
    with pytest.raises(BugError):
        session.ask(" \n")
    with pytest.raises(BugError):
        session.ask_again()
    session.ask("One?")
    for call in (lambda: session.ask("Two?"), session.ask_again):
        with pytest.raises(BugError):
            call()
