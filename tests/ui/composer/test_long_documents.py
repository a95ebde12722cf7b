"""Documents that are longer than the context: offered in parts and in pieces, chosen, shown, sent, stopped."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tern import paths
from tern.chat.attachments import AttachmentKind
from tern.engine.fake_engine import FakeEngine
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.window.main_window import MainWindow
from tools.long_pdf import long_pdf

from ..composing import chips, drop, exchange, idle, say, shown_text
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

SECRET = "The keeper hid the silver key under the third stair of the lighthouse."
ASKED = "Where is the silver key?"


def _long_file(folder: Path, paragraphs: int = 400) -> Path:
    story = [f"On day {n} the weather was fair, and nothing else at all was told." for n in range(paragraphs)]
    story[paragraphs // 2] = SECRET
    path = folder / "story.txt"
    path.write_text("\n\n".join(story))
    return path


def _dropped(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    drop(window, path)
    row = window.composer.long_document
    qtbot.waitUntil(lambda: row.isVisible() and row.use.isVisible())


def test_the_parts_that_fit_are_chosen_shown_and_sent(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    engine = FakeEngine(["Under the third stair.", "A keeper."], context_size=1000)
    window = make_window(engine)
    composer, row = window.composer, window.composer.long_document
    _dropped(qtbot, window, _long_file(tmp_path))
    assert row.words.startswith("Too long to read at once: 5,")
    assert not composer.send_button.isEnabled(), "it can't be sent as it is"
    assert "too long to send" in composer.send_button.toolTip()
    QTest.mouseClick(row.use, Qt.MouseButton.LeftButton)
    assert composer.send_button.toolTip() == "Write your question first."
    QTest.keyClicks(composer.editor, ASKED)
    qtbot.waitUntil(lambda: row.show_parts_button.isEnabled() and composer.send_button.isEnabled())
    assert "passages fit · " in row.words
    QTest.mouseClick(row.show_parts_button, Qt.MouseButton.LeftButton)
    page = window.findChild(AttachmentPage)
    assert SECRET in page.text.toPlainText()
    assert "[lines " in page.text.toPlainText()
    page.close()
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(window.session.entries) == 2 and idle(window))
    question = window.session.path[0]
    (part,) = question.attachments
    assert (part.kind, part.name, question.text) == (AttachmentKind.PARTS, "story.txt", ASKED)
    assert SECRET in engine.requests[0].messages[0].content
    assert engine.measure(engine.requests[0].messages).fits
    assert "story.txt · parts" in shown_text(window)
    window.transcript.attachment_requested.emit(question.id, 0)
    assert SECRET in window.findChild(AttachmentPage).text.toPlainText()
    window.findChild(AttachmentPage).close()
    # It stays for the next question, and goes with its chip.
    assert len(chips(window)) == 1
    exchange(qtbot, window, "Who hid it?")
    assert len(engine.requests) == 2
    assert window.session.path[2].attachments[0].kind is AttachmentKind.PARTS
    chips(window)[0].removed.emit()
    assert not row.isVisible()


def test_sending_waits_for_the_parts(qtbot: QtBot, make_window: WindowMaker, tmp_path: Path) -> None:
    engine = FakeEngine(["There."], context_size=1000)
    window = make_window(engine)
    _dropped(qtbot, window, _long_file(tmp_path))
    QTest.mouseClick(window.composer.long_document.use, Qt.MouseButton.LeftButton)
    exchange(qtbot, window, ASKED)  # Enter comes before anything can have been counted
    assert SECRET in engine.requests[0].messages[0].content
    window.composer.clear()
    qtbot.waitUntil(lambda: not window.composer.long_document.isVisible())


@pytest.mark.parametrize("stays", [True, False])
def test_sent_during_a_reply_it_goes_in_parts_or_stays_written(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, stays: bool
) -> None:
    engine = FakeEngine(["word " * 300, "There."], context_size=1000, token_seconds=0.01)
    window = make_window(engine)
    say(window, "First")
    qtbot.waitUntil(lambda: "word word" in window.transcript.toPlainText())
    conversation = window.session.conversation
    _dropped(qtbot, window, _long_file(tmp_path))
    QTest.mouseClick(window.composer.long_document.use, Qt.MouseButton.LeftButton)
    say(window, ASKED)
    assert window.composer.meter.note == "Sent when this reply ends, if this chat is open then"
    if stays:
        qtbot.waitUntil(lambda: len(engine.requests) == 2 and idle(window))
        assert SECRET in engine.requests[1].messages[-1].content
        return
    window.conversations.new()
    qtbot.waitUntil(lambda: not window.queue.busy)
    qtbot.wait(50)
    assert len(engine.requests) == 1
    assert conversation is not None
    window.conversations.show(conversation)
    assert window.composer.text == ASKED
    assert len(chips(window)) == 1


def test_a_summary_comes_in_pieces_and_can_be_stopped(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    engine = FakeEngine([f"Piece {n}." for n in range(40)], context_size=1200, token_seconds=0.001)
    window = make_window(engine)
    row = window.composer.long_document
    _dropped(qtbot, window, _long_file(tmp_path))
    QTest.mouseClick(row.summarize, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: idle(window) and len(window.session.entries) == 2)
    question, reply = window.session.path
    assert question.text == "Summarize story.txt in pieces."
    pieces = reply.content.count("### Part ")
    assert pieces > 5
    assert f"### Part 1 of {pieces}: lines 1-" in reply.content
    assert "Piece 0." in reply.content
    assert reply.content.index("## Summary of the whole") > reply.content.index(f"Part {pieces} of {pieces}")
    assert len(engine.requests) == pieces + 1
    assert all(engine.measure(request.messages).fits for request in engine.requests)
    assert reply.stats.tokens == sum(len(f"Piece {n}.".split()) for n in range(pieces + 1))
    assert not reply.unfinished
    # Once more, and stopped in the middle: what is there stays, and what it is.
    engine._token_seconds = 0.05
    before = len(engine.requests)
    window.chat.regenerate_last()
    qtbot.waitUntil(lambda: len(engine.requests) >= before + 2)
    assert "part" in window.transcript.messages[-1].note
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: idle(window))
    stopped = window.session.path[-1]
    assert "Stopped after" in stopped.content
    assert not stopped.unfinished


def test_the_guide_reads_no_files_of_any_length(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    engine = FakeEngine(context_size=1000)
    engine._info = replace(engine.info, path=paths.guide_model())
    window = make_window(engine)
    window.chat.guide_answers = True
    drop(window, _long_file(tmp_path))
    qtbot.waitUntil(lambda: "tokens" in chips(window)[0]._open.accessibleName())
    assert not window.composer.long_document.isVisible()
    QTest.keyClicks(window.composer.editor, ASKED)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    assert window.notice.message.startswith("The built-in guide can't read files.")


def test_a_folder_is_dropped_as_one(qtbot: QtBot, make_window: WindowMaker, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("alpha")
    (folder / "b.txt").write_text("beta")
    engine = FakeEngine(["Two."])
    window = make_window(engine)
    drop(window, folder)
    qtbot.waitUntil(lambda: "tokens" in chips(window)[0]._open.accessibleName())
    exchange(qtbot, window, "How many?")
    assert "Folder notes:\n```\n=== a.txt ===\n\nalpha\n\n=== b.txt ===\n\nbeta\n```" in (
        engine.requests[0].messages[0].content
    )


def test_a_book_of_300_pages_takes_little_memory(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    chance = random.Random(7)
    words = (
        "tern wing river stone lantern market winter harbour letter garden copper meadow sail " * 4
    ).split()
    pages = [[" ".join(chance.choices(words, k=11)) for _ in range(44)] for _ in range(300)]
    pages[210][20] = SECRET
    book = tmp_path / "book.pdf"
    book.write_bytes(long_pdf(pages))
    engine = FakeEngine(["There.", *["A part."] * 200], context_size=4096)
    window = make_window(engine)
    before = psutil.Process().memory_info().rss
    _dropped(qtbot, window, book)
    composer, row = window.composer, window.composer.long_document
    QTest.mouseClick(row.use, Qt.MouseButton.LeftButton)
    exchange(qtbot, window, ASKED)
    (part,) = window.session.path[0].attachments
    assert SECRET in part.text
    assert "[page 211]" in part.text or "[pages 210-211]" in part.text or "[pages 211-212]" in part.text
    QTest.mouseClick(row.summarize, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(window.session.entries) == 4 and idle(window))
    reply = window.session.path[-1].content
    assert "pages 1-" in reply
    assert "-300" in reply
    assert reply.count("### Part ") == len(engine.requests) - 2
    grown = psutil.Process().memory_info().rss - before
    assert grown < 200 << 20, f"{grown >> 20} MB for a document of {len(book.read_bytes()) >> 10} KB"
    composer.clear()
    assert window.chat.fit.documents._index is None, "what is attached no longer is not held"
