"""What a person wrote, deleted or waits for is still there after a detour: another conversation, another reply."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from tern.chat.file_text import load
from tern.chat.store import Store
from tern.chat.types import Draft, Manner, State
from tern.engine.fake_engine import FakeEngine
from tern.errors import UserError
from tern.ui import reply_queue
from tern.ui.composer import attach_files
from tern.ui.window.main_window import MainWindow
from ui.sidebar.test_sidebar import SOME, filled, rows

from .composing import CONTROL, LONG, chips, exchange, idle, paste, say, shown_text, text_data
from .conftest import WindowMaker

pytestmark = pytest.mark.slow


def _open(window: MainWindow, title: str) -> None:
    window.conversations.show(next(one.id for one in window.store.summaries() if one.title == title))


def _help(window: MainWindow) -> QPushButton:
    return window.findChild(QPushButton, "noticeButton")


def _undo(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.mouseClick(_help(window), Qt.MouseButton.LeftButton)


def test_a_deletion_can_be_undone_from_another_conversation_and_while_writing(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(store=filled("First", "Second"))
    _open(window, "First")
    window.conversations.delete_shown()
    _open(window, "Second")
    exchange(qtbot, window, "More")
    _undo(qtbot, window)
    assert set(rows(window)) == {"[Today]", "First", "Second"}
    assert "about First" in shown_text(window)


def test_all_that_was_deleted_within_the_time_comes_back(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=filled("First", "Second", "Third"))
    for summary in window.store.summaries():
        window.conversations.delete(summary.id)
    assert window.notice.message == "3 chats were deleted."
    _undo(qtbot, window)
    assert len(window.store.summaries()) == 3
    _open(window, "Second")
    window.conversations.delete_shown()
    assert window.notice.message == "“Second” was deleted."


def test_an_offer_that_a_new_reply_overtakes_is_taken_back(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One.", "Two.", SOME], token_seconds=0.002)
    exchange(qtbot, window, "First")
    exchange(qtbot, window, "Second")
    window.transcript.delete_requested.emit(window.session.path[2].id)
    assert _help(window).isVisible()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_R, CONTROL)
    assert not _help(window).isVisible()
    window.chat.regenerate(window.session.path[1].id)  # as a click that was already under way
    window.chat.go_on()
    qtbot.waitUntil(lambda: idle(window))
    assert len(window.session.path) == 2


def test_why_a_reply_failed_stands_under_it_from_then_on(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["one two three"], error=UserError("The memory ran out."), error_after=2)
    window = make_window(engine, store=filled("Other"))
    say(window, "Count")
    qtbot.waitUntil(lambda: window.notice.isVisible())
    _open(window, "Other")
    _open(window, "Count")
    assert "The memory ran out." in shown_text(window)


def test_a_changed_old_message_comes_back_as_it_was_left(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    store = Store.open(tmp_path)
    other = store.create("Other")
    store.add(other, [("user", "about Other", State.DONE)], None)
    engine = FakeEngine(["One.", "Two.", "Three."])
    window = make_window(engine, store=store)
    window.conversations.new()
    exchange(qtbot, window, "First")
    exchange(qtbot, window, "Second")
    number = window.session.conversation
    first, _, second, _ = (entry.id for entry in window.session.path)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Up)
    _open(window, "Other")
    _open(window, "First")
    assert (window.composer.text, window.notice.isVisible()) == ("", False), "it was not changed"

    QTest.keyClicks(window.composer.editor, "a draft that waits")
    window.chat.edit(first)
    QTest.keyClicks(window.composer.editor, " and a long thought")
    _open(window, "Other")
    assert window.composer.text == ""
    _open(window, "First")
    assert window.composer.text == "First and a long thought"
    assert "editing an earlier message" in window.notice.message
    window.chat.edit(second)
    assert window.composer.text == "Second"
    window.chat.edit(first)
    assert window.composer.text == "First and a long thought", "another message did not take its place"
    window.close()
    store.close()

    store = Store.open(tmp_path)
    window = make_window(engine, store=store)
    assert window.composer.text == "First and a long thought", "after a restart too"
    assert store.draft(number) == Draft("a draft that waits")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(window.session.path) == 2 and idle(window))
    assert engine.requests[-1].messages[-1].content == "First and a long thought"
    assert window.composer.text == "a draft that waits", "the edit was sent"
    _open(window, "Other")
    _open(window, "First")
    assert window.composer.text == "a draft that waits"

    window.chat.edit(window.session.path[0].id)
    QTest.keyClicks(window.composer.editor, "!")
    window.chat.drafts.keep()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Escape)
    assert window.composer.text == "a draft that waits"
    _open(window, "Other")
    _open(window, "First")
    assert window.composer.text == "a draft that waits", "it was given up"
    window.close()
    store.close()


def test_a_message_that_is_deleted_while_it_is_edited_comes_back_with_what_was_made_of_it(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(replies=["One."])
    exchange(qtbot, window, "First")
    question = window.session.path[0].id
    window.chat.edit(question)
    QTest.keyClicks(window.composer.editor, " thought")
    window.chat.delete_from(question)
    assert window.composer.text == ""
    _undo(qtbot, window)
    window.chat.edit(question)
    assert window.composer.text == "First thought"
    window.chat.delete_from(question)
    window.store.purge()
    assert window.store.edit(question) is None


def test_a_file_that_is_read_late_goes_to_the_message_it_was_attached_to(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, slow_files: threading.Event
) -> None:
    (tmp_path / "late.txt").write_text("words")
    window = make_window(replies=["One."], store=filled("Other"))
    exchange(qtbot, window, "First")
    question = window.session.path[0].id
    for given_up in (True, False):
        window.chat.edit(question)
        window.chat.files.attach([tmp_path / "late.txt"])
        if given_up:
            QTest.keyClick(window.composer.editor, Qt.Key.Key_Escape)
        else:
            _open(window, "Other")
    slow_files.set()
    qtbot.waitUntil(lambda: window.store.edit(question) is not None)
    _open(window, "First")
    assert window.composer.text == "First"
    assert [one.name for one in window.composer.attachments] == ["late.txt"]
    assert window.store.draft(window.session.conversation) == Draft()


def test_a_question_from_the_greeting_takes_the_draft_along(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One."])
    QTest.keyClicks(window.composer.editor, "half a thought")
    window.chat.drafts.keep()
    window.chat.send("What are you?")
    qtbot.waitUntil(lambda: idle(window))
    assert window.composer.text == "half a thought"
    window.conversations.new()
    assert window.composer.text == ""


@pytest.fixture
def slow_files(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Files are read when it is set, as from a sleeping disk."""
    go = threading.Event()

    def slowly(path: Path, most: int) -> bytes:
        go.wait(5)
        return load(path, most)

    monkeypatch.setattr(attach_files, "load", slowly)
    return go


def test_a_file_that_is_read_late_waits_in_its_own_conversation(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, slow_files: threading.Event
) -> None:
    engine = FakeEngine()
    window = make_window(engine, store=filled("Other"))
    qtbot.waitUntil(lambda: window.queue.info is not None)
    for name in ("late.txt", "gone.txt"):
        (tmp_path / name).write_text("words")
    window.chat.files.attach([tmp_path / "late.txt", tmp_path / "gone.txt"])
    chips(window)[1].removed.emit()
    say(window, "Sum it up")  # goes when the file is read
    _open(window, "Other")
    assert (window.composer.text, chips(window)) == ("", [])
    slow_files.set()
    qtbot.waitUntil(lambda: len(window.store.draft(None).attachments) == 1)
    assert engine.requests == [], "what was to be sent there is not sent here"
    window.conversations.new()
    assert window.composer.text == "Sum it up"
    assert [chip.attachment.name for chip in chips(window) if chip.attachment] == ["late.txt"]
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(engine.requests) == 1 and idle(window))
    assert "words" in engine.requests[0].messages[-1].content


def test_a_reply_that_was_continued_counts_all_of_it(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=[SOME, "and the rest of it"], token_seconds=0.005)
    say(window, "Count")
    qtbot.waitUntil(lambda: "word9 " in shown_text(window))
    window.chat.stop()
    qtbot.waitUntil(lambda: idle(window))
    first = window.session.path[-1].stats
    window.chat.go_on()
    qtbot.waitUntil(lambda: idle(window))
    stats = window.session.path[-1].stats
    assert stats.tokens == first.tokens + 5
    assert stats.time_to_first_token_s == first.time_to_first_token_s
    assert 0.5 * first.decode_tokens_per_s < stats.decode_tokens_per_s < 1.5 * first.decode_tokens_per_s
    assert f"{stats.tokens} tokens" in shown_text(window)


def test_a_word_that_was_found_by_a_near_one_is_selected(qtbot: QtBot, make_window: WindowMaker) -> None:
    store = Store.in_memory()
    number = store.create("Birds")
    store.add(number, [("user", "tell of Kittiwakes", State.DONE), ("assistant", "no", State.DONE)], None)
    window = make_window(store=store)
    QTest.keyClick(window, Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(window.sidebar.search, "kitiwakes")
    qtbot.waitUntil(lambda: rows(window) == ["Birds"])
    QTest.keyClick(window.sidebar.search, Qt.Key.Key_Down)
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Return)
    assert window.transcript.textCursor().selectedText() == "Kittiwakes"


def test_a_reply_that_the_disk_refused_is_kept_when_there_is_room_again(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_queue, "_AGAIN_MS", 20)
    store = Store.open(tmp_path)
    window = make_window(FakeEngine(["y" * 40_000 + " end"]), store=store)
    qtbot.waitUntil(lambda: window.queue.info is not None)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages + 1}")
    say(window, "Go")
    qtbot.waitUntil(lambda: window.notice.isVisible() and idle(window))
    assert "Free some space" in window.notice.message
    number = window.session.conversation
    window.conversations.new()
    window.conversations.show(number)
    assert shown_text(window).count("end") == 1, "it is still there"
    store._db.execute("PRAGMA max_page_count = 100000")
    qtbot.waitUntil(lambda: store.entries(number)[-1].content.endswith("end"))
    assert store.entries(number)[-1].state is State.DONE
    qtbot.waitUntil(lambda: window.queue.session(number) is not window.session)
    window.close()
    store.close()


def test_stop_does_not_wait_for_a_model_that_is_being_opened(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(load=False)
    ready = threading.Event()
    engine = FakeEngine(["Here."])
    window.open_model(lambda progress: (ready.wait(5), engine)[1])
    say(window, "Go")
    qtbot.waitUntil(lambda: "Waiting for the model" in shown_text(window))
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Escape)
    assert idle_but_loading(window)
    assert "Stopped." in shown_text(window)
    ready.set()
    exchange(qtbot, window, "Now")
    assert [message.content for message in engine.requests[0].messages] == ["Go", "Now"]
    assert window.session.path[-1].content == "Here."


def idle_but_loading(window: MainWindow) -> bool:
    return window.composer.send_button.isVisible() and window.queue.info is None


def test_a_new_chat_that_was_begun_keeps_its_manner_with_its_draft(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(store=filled("Other"))
    window.composer.preset_button.chosen.emit(Manner("Be brief."))
    QTest.keyClicks(window.composer.editor, "half a thought")
    _open(window, "Other")
    window.conversations.new()
    assert (window.composer.text, window.session.manner.system) == ("half a thought", "Be brief.")
    window.composer.clear()
    _open(window, "Other")
    window.conversations.new()
    assert window.session.manner.system is None


def test_pages_about_a_conversation_go_with_it(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=filled("Other"))
    paste(window, text_data(LONG))
    chips(window)[0].opened.emit()
    window.findChild(QPlainTextEdit, "attachmentText").insertPlainText("Changed. ")
    window.settings_controller.show_reply_options()
    _open(window, "Other")
    assert window.settings_controller.reply_options is not None
    assert not window.settings_controller.reply_options.isVisible()
    (kept,) = window.store.draft(None).attachments
    assert kept.text.startswith("Changed. Line 0")


def test_a_conversation_that_the_search_did_not_find_can_be_renamed(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(store=filled("Trains"))
    _open(window, "Trains")
    QTest.keyClick(window, Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(window.sidebar.search, "planes")
    qtbot.waitUntil(lambda: rows(window) == [])
    window.actions_["rename"].trigger()
    editor = window.header.findChild(QLineEdit, "chatTitleField")
    QTest.keyClicks(editor, "Railways")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert window.sidebar.query == "planes", "what was looked for stays"
    window.sidebar.search.clear()
    qtbot.waitUntil(lambda: rows(window) == ["[Today]", "Railways"])
