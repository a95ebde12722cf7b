"""What is attached to a message: files by every way in, long pastes, chips, and what cannot be read."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from patience import HANG_S
from tern.chat.attachments import Attachment, AttachmentKind, compose
from tern.chat.file_text import attached, load
from tern.chat.store import Store
from tern.chat.types import Draft
from tern.engine.fake_engine import FakeEngine
from tern.ui.composer import attach_files
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.shared import jobs
from tern.ui.style.number_text import size_text
from tern.ui.window.main_window import MainWindow

from ..composing import (
    CONTROL,
    LONG,
    SHIFT,
    chips,
    drop,
    exchange,
    files,
    idle,
    paste,
    say,
    shown_text,
    text_data,
)
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


def test_dropped_files_become_chips_with_their_cost_and_go_along(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    notes, table = tmp_path / "notes.md", tmp_path / "flights.csv"
    notes.write_text("# Terns\n\nThey fly far.")
    table.write_bytes("year;km\n2019;70000\n".encode("utf-16"))
    engine = FakeEngine(["I see."])
    window = make_window(engine)
    drop(window, notes, table)
    assert [chip.isVisible() for chip in chips(window)] == [True, True]
    qtbot.waitUntil(lambda: "tokens" in chips(window)[1]._open.accessibleName())
    assert chips(window)[0]._open.accessibleName() == f"notes.md, {size_text(22)} · 9 tokens"
    exchange(qtbot, window, "What is in them?")
    files = (
        Attachment("notes.md", "# Terns\n\nThey fly far.", 22),
        Attachment("flights.csv", "year;km\n2019;70000", 40, encoding="UTF-16 LE"),
    )
    assert [m.content for m in engine.requests[0].messages] == [compose("What is in them?", files)]
    question = window.session.path[0]
    assert (question.text, question.attachments) == ("What is in them?", files)
    assert chips(window) == []
    assert not window.composer.shelf.isVisible()
    window.transcript.attachment_requested.emit(question.id, 1)
    page = window.findChild(AttachmentPage)
    assert page.text.toPlainText() == "year;km\n2019;70000"
    assert page.text.isReadOnly()
    page.close()


def test_files_are_chosen_by_button_and_key(qtbot: QtBot, make_window: WindowMaker, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)")
    window = make_window()
    for number in (1, 2):
        window.activateWindow()  # no window manager does it here
        qtbot.waitUntil(window.isActiveWindow)
        if number == 1:
            qtbot.mouseClick(window.composer.attach_button, Qt.MouseButton.LeftButton)
        else:
            QTest.keyClick(window.composer.editor, Qt.Key.Key_A, CONTROL | SHIFT)
        dialog = next(dialog for dialog in window.findChildren(QFileDialog) if dialog.isVisible())
        dialog.filesSelected.emit([str(tmp_path / "a.py")])
        dialog.close()
        qtbot.waitUntil(lambda number=number: len(window.composer.attachments) == number)
    assert window.focusWidget() is window.composer.editor


def test_an_edited_message_keeps_its_attachments(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("alpha")
    engine = FakeEngine(["One.", "Two."])
    window = make_window(engine)
    paste(window, files(tmp_path / "a.txt"))
    exchange(qtbot, window, "Which letter?")
    QTest.keyClicks(window.composer.editor, "a draft")
    window.chat.edit(window.session.path[0].id)
    assert window.composer.text == "Which letter?"
    assert [chip.attachment for chip in chips(window)] == list(window.session.path[0].attachments)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Escape)
    assert (window.composer.text, chips(window)) == ("a draft", []), "the draft comes back"
    window.chat.edit(window.session.path[0].id)
    window.composer.editor.selectAll()
    exchange(qtbot, window, "And in capitals?")
    assert engine.requests[-1].messages[-1].content == "File a.txt:\n```\nalpha\n```\n\nAnd in capitals?"
    assert window.composer.text == "a draft"


def test_enter_waits_for_a_file_that_is_still_being_read(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ready = threading.Event(), threading.Event()

    def slow(path: Path, most: int) -> bytes:
        begun.set()
        assert ready.wait(HANG_S)
        return load(path, most)

    monkeypatch.setattr(attach_files, "load", slow)
    (tmp_path / "slow.txt").write_text("worth waiting for")
    engine = FakeEngine(["Yes."])
    window = make_window(engine)
    drop(window, tmp_path / "slow.txt")
    assert window.composer.shelf.reading
    say(window, "Is it?")
    qtbot.waitUntil(begun.is_set)
    QApplication.processEvents()
    assert engine.requests == []
    assert window.composer.text == "Is it?"
    ready.set()
    qtbot.waitUntil(lambda: len(engine.requests) == 1)
    assert "worth waiting for" in engine.requests[0].messages[0].content
    qtbot.waitUntil(lambda: idle(window))


def test_what_cannot_be_attached_is_a_sentence_and_holds_the_message_back(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00")
    (tmp_path / "model.gguf").write_bytes(b"GGUF\x03\x00\x00\x00")
    engine = FakeEngine()
    window = make_window(engine)
    QTest.keyClicks(window.composer.editor, "Look")
    drop(window, tmp_path / "photo.jpg")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(window.notice.isVisible)
    assert "Tern can't read photo.jpg" in window.notice.message
    assert (chips(window), engine.requests, window.composer.text) == ([], [], "Look")
    drop(window, tmp_path / "model.gguf")
    assert "Models page" in window.notice.message
    image = QMimeData()
    image.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    paste(window, image)
    assert "reads text only" in window.notice.message
    many = [tmp_path / f"{number}.txt" for number in range(10)]
    for path in many:
        path.write_text("x")
    drop(window, *many)
    assert len(chips(window)) == 8
    assert "8 attachments" in window.notice.message
    qtbot.waitUntil(lambda: not window.composer.shelf.reading)


def test_a_chip_is_taken_away_by_click_and_key(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    window = make_window()
    attached = tuple(Attachment(f"{name}.txt", name * 50, 50) for name in "abc")
    window.composer.put(Draft("", attached))
    remove = chips(window)[1].findChild(QToolButton, "removeAttachment")
    assert remove.accessibleName() == "Remove b.txt"
    qtbot.mouseClick(remove, Qt.MouseButton.LeftButton)
    assert window.composer.attachments == (attached[0], attached[2])
    first = chips(window)[0].findChild(QPushButton, "openAttachment")
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Delete)
    assert window.composer.attachments == (attached[2],)
    assert QApplication.focusWidget() is chips(window)[0].findChild(QPushButton, "openAttachment")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Delete)
    assert QApplication.focusWidget() is window.composer.editor


def test_a_long_paste_is_one_thing_that_opens_and_unfolds(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["Long."])
    window = make_window(engine)
    paste(window, text_data("short\ntext"))
    assert window.composer.text == "short\ntext"
    window.composer.clear()
    paste(window, text_data(LONG))
    assert window.composer.text == ""
    (attachment,) = window.composer.attachments
    assert (attachment.kind, attachment.text) == (AttachmentKind.PASTE, LONG)
    open_ = chips(window)[0].findChild(QPushButton, "openAttachment")
    assert "Line 0 of a long" in open_.text()
    qtbot.mouseClick(open_, Qt.MouseButton.LeftButton)
    page = window.findChild(AttachmentPage)
    assert QApplication.focusWidget() is page.text
    page.text.appendPlainText("One line more.")
    QTest.keyClick(page.text, Qt.Key.Key_Escape)
    assert window.composer.attachments[0].text.endswith("text.\nOne line more.")
    qtbot.mouseClick(open_, Qt.MouseButton.LeftButton)
    page = next(page for page in window.findChildren(AttachmentPage) if page.isVisible())
    qtbot.mouseClick(page.findChild(QPushButton, "unfoldButton"), Qt.MouseButton.LeftButton)
    assert window.composer.attachments == ()
    assert window.composer.text.endswith("One line more.")
    window.composer.clear()
    paste(window, text_data(LONG), plain=True)
    assert (window.composer.text, window.composer.attachments) == (LONG, ())


def test_drafts_keep_what_is_attached(qtbot: QtBot, make_window: WindowMaker, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    files = (Attachment("a.txt", "alpha", 5), Attachment("", LONG, 999, AttachmentKind.PASTE))
    window = make_window(replies=["One."], store=store)
    exchange(qtbot, window, "First")
    window.composer.put(Draft("half a thought", files))
    window.conversations.new()
    assert (window.composer.text, window.composer.attachments) == ("", ())
    window.composer.put(Draft("", files[:1]))
    window.close()
    store.close()
    store = Store.open(tmp_path)
    window = make_window(store=store)
    assert window.composer.attachments == files[:1]
    window.conversations.show(store.summaries()[0].id)
    assert (window.composer.text, window.composer.attachments) == ("half a thought", files)
    window.conversations.new()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(window.session.path) and idle(window))
    assert store.draft(None) == Draft(), "what was sent is no draft any more"
    window.close()
    store.close()


def _encoding(window: MainWindow, number: int = 0) -> QPushButton:
    return chips(window)[number].findChild(QPushButton, "encodingButton")


def _choose(button: QPushButton, encoding: str) -> None:
    menu = button.menu()
    menu.aboutToShow.emit()
    every = [*menu.actions(), *(act for sub in menu.findChildren(QMenu) for act in sub.actions())]
    next(action for action in every if action.data() == encoding).trigger()


def test_the_encoding_stands_on_the_chip_and_can_be_changed(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    (tmp_path / "note.txt").write_bytes("Que pensez-vous de la forêt ? À bientôt".encode("cp1252"))
    (tmp_path / "plain.txt").write_text("plain ümlaut", encoding="utf-8")
    (tmp_path / "worn.txt").write_bytes("Größe, Maß, Fuß".encode() + b"\xff")
    engine = FakeEngine(["I see."])
    (tmp_path / "data").mkdir()
    store = Store.open(tmp_path / "data")
    window = make_window(engine, store=store)
    drop(window, tmp_path / "note.txt", tmp_path / "plain.txt", tmp_path / "worn.txt")
    qtbot.waitUntil(lambda: not window.composer.shelf.reading)
    assert [_encoding(window, n).text() for n in range(3)] == [
        "Windows-1252", "", "UTF-8, 1 unreadable character",
    ]  # fmt: skip
    assert [_encoding(window, n).isVisible() for n in range(3)] == [True, False, True]
    button = _encoding(window)
    assert button.accessibleName() == "Encoding of note.txt: Windows-1252"
    assert "Windows-1252" in chips(window)[0]._open.accessibleName()
    assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    button.menu().aboutToShow.emit()
    offered = {action.data(): action for action in button.menu().actions() if action.data()}
    assert offered["Windows-1252"].isChecked()
    assert "À bientôt" in offered["Windows-1252"].text() or "forêt" in offered["Windows-1252"].text()
    assert 3 <= len(offered) <= 7
    _choose(button, "Shift_JIS")
    assert window.composer.attachments[0].encoding == "Shift_JIS"
    assert "forêt" not in window.composer.attachments[0].text
    window.close()
    store.close()

    store = Store.open(tmp_path / "data")
    window = make_window(engine, store=store)
    assert _encoding(window).text().startswith("Shift_JIS")
    _choose(_encoding(window), "Windows-1252")
    assert "forêt" in window.composer.attachments[0].text
    exchange(qtbot, window, "Well?")
    assert "forêt" in engine.requests[0].messages[0].content
    assert "note.txt · Windows-1252 · 39" in shown_text(window)
    assert "plain.txt · 13" in shown_text(window)
    window.close()
    store.close()


def test_after_an_encoding_is_chosen_one_goes_on_writing(make_window: WindowMaker) -> None:
    """A space does not open the menu again."""
    window = make_window()
    note = attached("note.txt", "Que pensez-vous de la forêt ?".encode("cp1252"))
    window.composer.put(Draft("What is", (note,)))
    button = _encoding(window)
    button.setFocus()
    button.menu().aboutToShow.emit()
    _choose(button, "Shift_JIS")
    QTest.keyClicks(QApplication.focusWidget(), " it")
    assert window.composer.text == "What is it"
    assert not button.menu().isVisible()


def test_a_reading_that_leaves_nothing_is_refused_and_the_old_one_stays(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window()
    window.composer.put(Draft("", (attached("blank.txt", b"\xa0\xa0\xa0", encoding="CP437"),)))
    assert window.composer.attachments[0].text == "ááá"
    _choose(_encoding(window), "Windows-1252")  # where they are blanks
    assert "blank.txt holds no text" in window.notice.message
    assert window.composer.attachments[0].text == "ááá"


def test_a_file_that_never_comes_holds_up_no_other_and_not_the_end(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a pipe that nobody writes to, or a disk in the network that has gone."""
    monkeypatch.setattr(attach_files, "_PATIENCE_S", 0.01)
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    (tmp_path / "other.txt").write_text("words")
    window = make_window()
    drop(window, pipe, tmp_path / "other.txt")
    qtbot.waitUntil(lambda: chips(window)[1].attachment is not None)
    assert chips(window)[0].attachment is None
    window.close()  # returns
    (stuck,) = [thread for thread in threading.enumerate() if thread.name.startswith("tern-reading")]
    assert stuck.daemon, "it does not keep the process either"
    pipe.write_text("late")
    stuck.join()


def test_work_that_does_not_end_is_not_waited_for_for_ever(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_PATIENCE_S", 0.01)
    go = threading.Event()
    job = jobs.Job("Importing", lambda told: go.wait())
    job.start()
    job.cancel()
    job.wait()  # returns
    with qtbot.waitSignal(job.ended):
        go.set()
