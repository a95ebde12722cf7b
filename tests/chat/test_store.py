"""The conversations file: lists, search, drafts, and deletions that are final only when they are purged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tern.chat.attachments import Attachment, Kind, compose
from tern.chat.search import one_letter_apart
from tern.chat.store import Store
from tern.chat.types import Draft, Entry, Manner, State, stats_from_json, stats_to_json
from tern.engine.types import FinishReason, Stats
from tern.errors import Sentence, UserError


def _conversation(store: Store, title: str, *texts: str) -> int:
    number = store.create(title)
    roles = ("user", "assistant")
    store.add(number, [(roles[i % 2], text, State.DONE) for i, text in enumerate(texts)], None)  # type: ignore[misc]
    return number


def test_everything_is_there_after_closing(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    number = _conversation(store, "Birds", "What is a tern?", "A seabird.")
    store.set_manner(number, Manner("Be a poet.", {"sampling.temperature": 0.2}))
    attached = (
        Attachment("gulls.md", "# Gulls\n", 8),
        Attachment("Pasted text", "a\nb", 3, Kind.PASTE),
        Attachment("memo.txt", "m\ufffdwe", 4, encoding="Windows-1250", faults=1, raw=b"m\x81we"),
    )
    store.set_draft(number, Draft("and a gul", attached))
    store.set_draft(None, Draft("something new", attached[:1]))
    store.note("shown", "7")
    reply = store.entries(number)[-1]
    reply.stats = Stats(tokens=3, decode_tokens_per_s=4.5, finish_reason=FinishReason.END_OF_TURN)
    store.save(reply)
    store.close()
    store = Store.open(tmp_path)
    assert [summary.title for summary in store.summaries()] == ["Birds"]
    assert [entry.content for entry in store.entries(number)] == ["What is a tern?", "A seabird."]
    assert store.entries(number)[-1].stats == reply.stats
    assert store.manner(number) == Manner("Be a poet.", {"sampling.temperature": 0.2})
    assert store.draft(number) == Draft("and a gul", attached)
    assert [one.raw for one in store.draft(number).attachments] == [b"", b"", b"m\x81we"], (
        "it may be read anew"
    )
    assert store.draft(None) == Draft("something new", attached[:1])
    assert (store.fact("shown"), store.fact("other")) == ("7", "")
    assert store.warning == ""
    store.close()


def test_a_reply_that_was_being_written_is_marked_as_cut_and_found(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    number = store.create("Cut")
    _, reply = store.add(number, [("user", "Go", State.DONE), ("assistant", "", State.STREAMING)], None)
    reply.content = "as far as the kittiwake"
    store.save(reply)
    assert store.search("kittiwake") == [], "what is still written is not searched"
    store.close()
    store = Store.open(tmp_path)
    entry = store.entries(number)[-1]
    assert (entry.content, entry.state, entry.unfinished) == ("as far as the kittiwake", State.CUT, True)
    assert [hit.message for hit in store.search("kittiwake")] == [entry.id]
    store.close()


def test_attachments_stay_with_their_message_and_are_searched() -> None:
    store = Store.in_memory()
    number = store.create("Files")
    attached = (Attachment("odd\nname.txt", "a ```fence```", 13), Attachment("b.csv", "kittiwake,3", 99))
    content = compose("What is in them?", attached)
    store.add(number, [("user", content, State.DONE), ("assistant", "Birds", State.DONE)], None, attached)
    question, reply = store.entries(number)
    assert (question.attachments, question.text, question.content) == (attached, "What is in them?", content)
    assert (reply.attachments, reply.text) == ((), "Birds")
    assert [hit.message for hit in store.search("kittiwake")] == [question.id]
    copy = store.create("Copy")
    store.import_entries(copy, [question, Entry(9, question.id, "assistant", "x", model="Guide")], 9)
    again = store.entries(copy)
    assert (again[0].attachments, again[1].model) == (attached, "Guide")
    store._db.execute("UPDATE message SET content = 'other' WHERE id = ?", (question.id,))
    assert store.entries(number)[0].text == "other", "what does not belong together is shown as it is"


def test_pinned_ones_stand_first_and_then_the_newest() -> None:
    store = Store.in_memory()
    times = iter(range(1, 100))
    store.now = lambda: float(next(times))
    a, b, c = (_conversation(store, title, "x") for title in "abc")
    store.set_pinned(a, True)
    store.rename(b, "  the\nsecond")
    assert [(s.id, s.title, s.pinned) for s in store.summaries()] == [
        (a, "a", True), (c, "c", False), (b, "the", False),
    ]  # fmt: skip


def test_deleting_can_be_undone_until_it_is_purged(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    number = _conversation(store, "Secret", "an unmistakable wordling", "yes")
    store.delete(number)
    assert store.summaries() == []
    assert store.search("wordling") == []
    store.undelete(number)
    assert [hit.conversation.id for hit in store.search("wordling")] == [number]
    store.delete(number)
    store.close()
    Store.open(tmp_path).close()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("conversations.db*"))
    assert b"unmistakable" not in left, "what is deleted is not left in the file"


def test_search_finds_words_by_their_beginning_in_titles_and_messages() -> None:
    store = Store.in_memory()
    trains = _conversation(store, "Haiku about trains", "Write one", "The **express** train\nleaves at dawn")
    other = _conversation(store, "Packing", "A list for the Crème brûlée express", "Sure")
    (hit,) = store.search("hai")
    assert (hit.conversation.id, hit.message, hit.text, hit.marks) == (
        trains,
        None,
        "Haiku about trains",
        ((0, 5),),
    )
    hits = store.search("EXPR")
    assert {hit.conversation.id for hit in hits} == {trains, other}
    passage = next(hit for hit in hits if hit.conversation.id == trains)
    assert passage.text[slice(*passage.marks[0])] == "express"
    assert "\n" not in passage.text
    assert [hit.conversation.id for hit in store.search("creme express")] == [other]
    assert store.search("express nowhere") == []
    assert store.search('"') == store.search(" ") == store.search("AND") == []
    for odd in ('"a', "NEAR(", "x*y", "title:", "^", "(", "'", "\0", "🐦"):
        store.search(odd)


def test_one_wrong_letter_is_forgiven_where_nothing_else_is_found() -> None:
    store = Store.in_memory()
    number = _conversation(store, "Words", "about quantization", "and kittiwakes")
    for typo in ("quantisation", "quantiztion", "quantizzation", "kittiwaeks and"):
        assert [hit.conversation.id for hit in store.search(typo)] == [number], typo
    assert store.search("qantisation") == []
    assert one_letter_apart("abcd", "abdc")
    assert not one_letter_apart("abcd", "abcd")
    assert not one_letter_apart("abcd", "badc")


def test_edited_and_purged_messages_leave_the_index() -> None:
    store = Store.in_memory()
    number = _conversation(store, "T", "albatross", "puffin")
    entry = store.entries(number)[0]
    entry.content = "guillemot"
    store.save(entry)
    assert store.search("albatross") == []
    assert len(store.search("guillemot")) == 1
    store.delete(number)
    store.purge()
    assert store.search("guillemot") == []
    store._db.execute("INSERT INTO message_words (message_words) VALUES ('integrity-check')")


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    number = _conversation(store, "Kept", "before")
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(UserError, match="Free some space"):
        store.add(number, [("user", "x" * 500_000, State.DONE)], None)
    assert [entry.content for entry in store.entries(number)] == ["before"]
    store._db.execute("PRAGMA max_page_count = 1000000")
    store.add(number, [("user", "after", State.DONE)], None)
    store.close()


def test_numbers_of_another_version_are_read_as_far_as_they_are_known() -> None:
    assert stats_from_json('{"tokens": 4, "joules": 2.5}') == Stats(tokens=4)
    stats = Stats(tokens=4, time_to_first_token_s=0.25, finish_reason=FinishReason.STOPPED)
    assert stats_from_json(stats_to_json(stats)) == stats
    assert stats_to_json(Stats()) == "{}"


@pytest.mark.parametrize(
    ("text", "query"),
    [("Die Bäckerei am Ufer", "Bäckerie"), ("Übung", "Übugn"), ("Größe", "Grösse"), ("Strasse", "Straße"),
     ("naïveté", "naivete")],
)  # fmt: skip
def test_a_typo_in_a_word_with_accents_is_forgiven(text: str, query: str) -> None:
    store = Store.in_memory()
    store.add(store.create("A"), [("user", text, State.DONE)], None)
    (hit,) = store.search(query)
    assert hit.text[slice(*hit.marks[0])] == max(text.split(), key=len)


def test_why_a_reply_failed_is_kept_with_its_values(tmp_path: Path) -> None:
    """So that it can be said in any language after a restart; as a text it is English."""
    store = Store.open(tmp_path)
    number = _conversation(store, "Birds", "What is a tern?", "")
    reply = store.entries(number)[-1]
    reason = Sentence("{tokens:,} tokens are too many for {name}.", tokens=12345, name="x")
    reply.state, reply.error = State.FAILED, UserError("{reason} Shorten it.", reason=reason).sentence
    store.save(reply)
    store.close()
    store = Store.open(tmp_path)
    error = store.entries(number)[-1].error
    assert error == "12,345 tokens are too many for x. Shorten it."
    assert isinstance(error, Sentence)
    assert error.values["reason"] == reason
    copied = store.create("Copy")
    store.import_entries(copied, store.entries(number), None)
    assert store.entries(copied)[-1].error == error
    store.close()


def test_an_error_that_an_earlier_tern_kept_is_its_text(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    number = _conversation(store, "Birds", "What is a tern?", "")
    reply = store.entries(number)[-1]
    reply.state, reply.error = State.FAILED, "Something {went} wrong."
    store.save(reply)
    assert store._db.execute("SELECT error FROM message WHERE id = ?", (reply.id,)).fetchone() == (
        reply.error,
    )
    assert store.entries(number)[-1].error == "Something {went} wrong."
    store.close()
