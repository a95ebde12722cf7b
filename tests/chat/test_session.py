"""One conversation as it is spoken: what the engine is asked, what is on the disk when, what branches do."""

from __future__ import annotations

import pytest

from tern.chat.attachments import Attachment, AttachmentKind, compose
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Manner, State
from tern.engine.types import FinishReason, Message, SamplingParams, Stats
from tern.errors import BugError

END = Stats(tokens=1, finish_reason=FinishReason.END_OF_TURN)


@pytest.fixture
def store() -> Store:
    return Store.in_memory()


def _messages(session: Session, system: str = "") -> list[Message]:
    return list(session.request(system, SamplingParams(), None).messages)


def _exchange(session: Session, question: str, reply: str) -> None:
    session.ask(question)
    session.append(reply, Stats(tokens=1))
    session.append("", END)


def _texts(session: Session) -> list[str]:
    return [entry.content for entry in session.path]


def test_each_question_takes_everything_said_before_along(store: Store) -> None:
    session = Session(store, manner=Manner(system="Be brief."))
    _exchange(session, "One?", "First.")
    session.ask("Two?")
    assert _messages(session, system="Ignored, for it has its own.") == [
        Message("system", "Be brief."),
        Message("user", "One?"),
        Message("assistant", "First."),
        Message("user", "Two?"),
    ]


def test_the_question_is_on_the_disk_before_the_engine_is_asked(store: Store) -> None:
    session = Session(store)
    session.ask("  # Why is the sky *blue*, and why not green or some other color of the rainbow?\nPlease.")
    assert session.conversation is not None
    question, reply = store.entries(session.conversation)
    assert (question.role, question.state) == ("user", State.DONE)
    assert (reply.role, reply.content, reply.state) == ("assistant", "", State.STREAMING)
    assert store.summary(session.conversation).title == (
        "Why is the sky *blue*, and why not green or some other…"
    )


def test_the_reply_is_checkpointed_about_once_a_second(store: Store) -> None:
    now = [100.0]
    session = Session(store, clock=lambda: now[0])
    session.ask("Count")
    assert session.conversation is not None
    kept = []
    for number in range(25):
        now[0] += 0.125
        session.append(f"{number} ", Stats(tokens=number))
        kept.append(len(store.entries(session.conversation)[-1].content.split()))
    assert [kept.index(count) for count in sorted(set(kept))] == [0, 7, 15, 23]
    assert kept[-1] == 24
    session.append("", END)
    assert store.entries(session.conversation)[-1].content.split()[-1] == "24"


def test_a_failure_keeps_what_came_and_can_be_asked_for_again(store: Store) -> None:
    session = Session(store)
    session.ask("One?")
    session.append("half", Stats(tokens=1))
    session.fail("No memory.")
    reply = session.path[-1]
    assert (reply.content, reply.state, reply.error) == ("half", State.FAILED, "No memory.")
    session.regenerate(reply.id)
    assert _messages(session) == [Message("user", "One?")]
    session.append("whole", END)
    assert _texts(session) == ["One?", "whole"]
    assert [entry.content for entry in session.siblings(session.path[-1])] == ["half", "whole"]


def test_an_empty_reply_is_not_told_to_the_engine(store: Store) -> None:
    session = Session(store)
    session.ask("One?")
    session.fail("No model.")
    session.ask("Two?")
    assert [message.role for message in _messages(session)] == ["user", "user"]


def test_branches_stay_and_come_back_after_a_restart(store: Store) -> None:
    session = Session(store)
    _exchange(session, "One?", "First.")
    _exchange(session, "Two?", "Second.")
    session.ask("Another two?", before=session.path[2].id)
    session.append("Another second.", END)
    assert _texts(session) == ["One?", "First.", "Another two?", "Another second."]
    again = Session(store, session.conversation)
    assert _texts(again) == _texts(session)
    first, second = again.siblings(again.path[2])
    again.choose(first.id)
    assert _texts(again) == ["One?", "First.", "Two?", "Second."]
    assert _texts(Session(store, session.conversation)) == _texts(again)
    again.choose(second.id)
    assert _texts(again)[-1] == "Another second."


def test_a_reply_that_ended_early_is_continued_in_place(store: Store) -> None:
    session = Session(store)
    session.ask("Count")
    session.append("one two", Stats(tokens=2, finish_reason=FinishReason.STOPPED))
    assert session.path[-1].unfinished
    session.go_on()
    assert _messages(session)[-1] == Message("assistant", "one two")
    assert session.reply == "one two"
    session.append(" three", END)
    assert _texts(session) == ["Count", "one two three"]
    assert not session.path[-1].unfinished
    with pytest.raises(BugError):
        session.go_on()


def test_deleting_from_a_message_on_takes_its_branches_and_can_be_undone(store: Store) -> None:
    session = Session(store)
    _exchange(session, "One?", "First.")
    _exchange(session, "Two?", "Second.")
    session.regenerate(session.path[3].id)
    session.append("Another.", END)
    removal = session.delete_from(session.path[2].id)
    assert len(removal.entries) == 3
    assert _texts(session) == ["One?", "First."]
    assert _texts(Session(store, session.conversation)) == ["One?", "First."]
    session.restore(removal)
    assert _texts(session) == ["One?", "First.", "Two?", "Another."]
    assert _texts(Session(store, session.conversation)) == _texts(session)
    session.delete_from(session.path[3].id)
    assert _texts(session)[-1] == "Second.", "the other branch comes up"


def test_attachments_are_told_to_the_engine_and_kept_apart_from_the_words(store: Store) -> None:
    session = Session(store)
    files = (Attachment("list.csv", "a,1\nb,2", 7),)
    session.ask("Add them up", attachments=files)
    assert _messages(session) == [Message("user", compose("Add them up", files))]
    again = Session(store, session.conversation).path[0]
    assert (again.text, again.attachments) == ("Add them up", files)
    assert session.conversation is not None
    assert store.summary(session.conversation).title == "Add them up"
    only = Session(store)
    only.ask("", attachments=files)
    assert only.conversation is not None
    assert store.summary(only.conversation).title == "list.csv"
    assert only.path[0].text == ""
    paste = Session(store)
    paste.ask("", attachments=(Attachment("", "Dear all,\nwe go north.", 22, AttachmentKind.PASTE),))
    assert paste.conversation is not None
    assert store.summary(paste.conversation).title == "Dear all,"


def test_what_left_the_context_is_kept_by_its_place_on_the_branch(store: Store) -> None:
    session = Session(store, manner=Manner(system="Be brief."))
    _exchange(session, "One?", "First.")
    session.ask("Two?")
    session.fail("No memory.")  # its empty reply is not told to the engine
    session.ask("Three?")
    assert [m.content for m in _messages(session)] == ["Be brief.", "One?", "First.", "Two?", "Three?"]
    assert session.dropped == 0
    session.append("Third.", Stats(tokens=1, context_size=64, dropped_messages=(1, 2, 3)), "Fake")
    session.append("", Stats(context_size=64, dropped_messages=(1, 2, 3), finish_reason=FinishReason.STOPPED))
    assert session.dropped == 3
    session.manner = Manner()
    again = Session(store, session.conversation)
    assert again.dropped == 3, "without the system prompt too"
    assert again.path[-1].model == "Fake"
    session.ask("Four?")
    assert session.dropped == 3, "until the next reply begins"
    session.append("Fourth.", Stats(tokens=1, context_size=4096))
    assert session.dropped == 0, "a larger context sees it all again"


def test_what_a_model_thought_is_kept_and_not_told_to_it_again(store: Store) -> None:
    session = Session(store)
    _exchange(session, "One?", "<think>hm</think>\n\nFirst.")
    _exchange(session, "Write <think>.", "well\n</think>\nHere: `<think>`")
    session.ask("Three?")
    assert [m.content for m in _messages(session)] == [
        "One?", "First.", "Write <think>.", "Here: `<think>`", "Three?",
    ]  # fmt: skip
    session.append("<think>half", Stats(tokens=1, finish_reason=FinishReason.STOPPED))
    assert [m.content for m in session.messages()][-1] == "Three?", "it came to no answer"
    session.go_on()
    assert _messages(session)[-1] == Message("assistant", "<think>half"), "it goes on with its thought"
    session.append(" a thought</think>Third.", Stats(tokens=1, context_size=64, dropped_messages=(0, 1)))
    session.append("", END)
    assert _texts(Session(store, session.conversation))[1::2] == [
        "<think>hm</think>\n\nFirst.", "well\n</think>\nHere: `<think>`", "<think>half a thought</think>Third.",
    ]  # fmt: skip


def test_what_left_the_context_is_kept_by_place_where_a_reply_was_only_thought(store: Store) -> None:
    session = Session(store)
    _exchange(session, "One?", "<think>and no answer")
    _exchange(session, "Two?", "Second.")
    session.ask("Three?")
    assert [m.content for m in _messages(session)] == ["One?", "Two?", "Second.", "Three?"]
    session.append("Third.", Stats(tokens=1, context_size=64, dropped_messages=(0, 1, 2)))
    assert session.dropped == 4


def test_the_messages_before_one(store: Store) -> None:
    session = Session(store)
    _exchange(session, "One?", "First.")
    _exchange(session, "Two?", "Second.")
    assert [m.content for m in session.messages("S", session.path[2].id)] == ["S", "One?", "First."]


def test_calls_out_of_order_are_bugs(store: Store) -> None:
    session = Session(store)
    with pytest.raises(BugError):
        session.append("x", Stats())
    with pytest.raises(BugError):
        session.ask(" \n")
    with pytest.raises(BugError):
        session.go_on()
    session.ask("One?")
    reply = session.path[-1].id
    for call in (lambda: session.ask("Two?"), session.go_on, lambda: session.delete_from(reply)):
        with pytest.raises(BugError):
            call()
