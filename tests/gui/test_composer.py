"""What is written, attached and counted before it is sent: real events on the real window and the real worker."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QTextBrowser, QToolButton
from pytestqt.qtbot import QtBot

from tern.chat.attaching import Attachment, Kind, compose
from tern.chat.presets import Preset
from tern.chat.store import Store
from tern.chat.types import Draft, Manner
from tern.engine.fake import FakeEngine
from tern.settings import CONTEXT_SIZE, ENTER_SENDS, SYSTEM_PROMPT, Settings
from tern.ui.attachment_page import AttachmentPage
from tern.ui.chips import Chip, size_text
from tern.ui.main_window import MainWindow
from tern.ui.theme import Theme

from .conftest import WindowMaker

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LONG = "\n".join(f"Line {number} of a long text." for number in range(40))


def _say(window: MainWindow, text: str) -> None:
    QTest.keyClicks(window.composer.editor, text)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)


def _idle(window: MainWindow) -> bool:
    return window.composer.send_button.isVisible() and window.desk.info is not None


def _exchange(qtbot: QtBot, window: MainWindow, text: str) -> None:
    asked = len(window._session.entries)
    _say(window, text)  # it may have to be counted before it goes
    qtbot.waitUntil(lambda: len(window._session.entries) > asked and _idle(window))


def _text(window: MainWindow) -> str:
    return window.findChild(QTextBrowser, "transcript").toPlainText()


def _chips(window: MainWindow) -> list[Chip]:
    return window.composer.shelf.chips


def _files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def _drop(window: MainWindow, *paths: Path) -> None:
    """On the transcript's side of the page, as from a file manager."""
    data, where = _files(*paths), QPointF(200, 200)
    keys, copy = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(where.toPoint(), copy, data, Qt.MouseButton.LeftButton, keys)
    QApplication.sendEvent(window.centre, enter)
    assert enter.isAccepted()
    assert window.composer.property("target") is True
    drop = QDropEvent(where, copy, data, Qt.MouseButton.LeftButton, keys)
    QApplication.sendEvent(window.centre, drop)
    assert window.composer.property("target") is False


def _paste(window: MainWindow, data: QMimeData, plain: bool = False) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setMimeData(data)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_V, CONTROL | SHIFT if plain else CONTROL)
    clipboard.clear()


def _text_data(text: str) -> QMimeData:
    data = QMimeData()
    data.setText(text)
    return data


# The count


def test_the_meter_counts_what_the_next_message_would_take(qtbot: QtBot, make_window: WindowMaker) -> None:
    settings = Settings()
    settings[SYSTEM_PROMPT] = "Be brief."
    window = make_window(replies=["Sure thing."], settings=settings)
    meter = window.composer.meter
    qtbot.waitUntil(lambda: meter.text() == "6 / 4,096 tokens")  # the system prompt goes with every message
    QTest.keyClicks(window.composer.editor, "one two three")
    qtbot.waitUntil(lambda: meter.text() == "11 / 4,096 tokens")  # as the FakeEngine counts: a word a token
    _exchange(qtbot, window, " four")
    qtbot.waitUntil(lambda: meter.text() == "14 / 4,096 tokens")
    QTest.keyClicks(window.composer.editor, "five")
    qtbot.waitUntil(lambda: meter.text() == "19 / 4,096 tokens")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_A, CONTROL)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: meter.text() == "14 / 4,096 tokens")
    assert meter.property("state") in (None, "roomy")


def test_counting_goes_on_during_a_reply_and_disturbs_it_not(qtbot: QtBot, make_window: WindowMaker) -> None:
    reply = " ".join(f"word{number}" for number in range(120))
    window = make_window(replies=[reply], token_seconds=0.01)
    _say(window, "Count")
    qtbot.waitUntil(lambda: "word3" in _text(window))
    counts: list[object] = []
    window.desk.counted.connect(counts.append)
    longest = 0.0
    for letter in "a draft that is being written":
        started = time.perf_counter()
        QTest.keyClicks(window.composer.editor, letter)
        longest = max(longest, time.perf_counter() - started)
    qtbot.waitUntil(lambda: bool(counts))
    assert not _idle(window), "the reply was still running"
    assert longest < 0.1
    qtbot.waitUntil(lambda: _idle(window))
    assert reply in _text(window)
    qtbot.waitUntil(lambda: window.composer.meter.text() == "135 / 4,096 tokens")


def test_what_cannot_fit_is_not_sent_and_says_what_helps(qtbot: QtBot, make_window: WindowMaker) -> None:
    settings = Settings()
    settings[CONTEXT_SIZE] = 128
    engine = FakeEngine(context_size=128)
    window = make_window(engine, settings=settings)
    qtbot.waitUntil(lambda: window.desk.info is not None)
    words = "word " * 120
    window.composer.put(words)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)  # at once, before anything was counted
    qtbot.waitUntil(window.notice.isVisible)
    assert window.notice.message == (
        "This message is too long to send: it takes 124 tokens, and the model can take 96 at a time. "
        "Shorten it, send it in parts, or raise the context size in Settings."
    )
    assert window.composer.text == words
    assert engine.requests == []
    assert window._session.path == []
    assert window.composer.meter.text() == "too long to send · 124 / 128 tokens"
    assert window.composer.meter.property("state") == "over"
    qtbot.mouseClick(window.findChild(QPushButton, "noticeButton"), Qt.MouseButton.LeftButton)
    assert window._settings_page is not None
    assert window._settings_page.isVisible()
    window.composer.put("word " * 80)
    qtbot.waitUntil(lambda: window.composer.meter.property("state") == "near")
    assert "nearly full" in window.composer.meter.text()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(engine.requests) == 1)
    qtbot.waitUntil(lambda: _idle(window))


def test_a_long_message_waits_in_the_composer_for_the_model_that_will_count_it(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    engine, ready = FakeEngine(["Long."], context_size=2048), threading.Event()
    window = make_window(load=False)
    window.open_model(lambda progress: (ready.wait(5), engine)[1])
    for words, sent in (("word " * 3000, 0), ("word " * 1500, 1)):
        window.composer.put(words)
        QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
        if not ready.is_set():
            assert "as soon as the model is ready" in window.notice.message
            assert window.composer.text == words
        ready.set()
        qtbot.waitUntil(
            lambda sent=sent: len(engine.requests) == sent and "ready" not in window.notice.message
        )
    qtbot.waitUntil(lambda: _idle(window))
    assert window.composer.text == ""


def test_the_oldest_turns_leave_and_that_is_said_before_and_after(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    settings = Settings()
    settings[SYSTEM_PROMPT] = "Always the same."
    engine = FakeEngine(["first " * 30, "second " * 30, "third"], context_size=128)
    window = make_window(engine, settings=settings)
    _exchange(qtbot, window, "One?")
    _exchange(qtbot, window, "Two?")
    assert window.transcript._dropped == 0
    QTest.keyClicks(window.composer.editor, "and now a longer one " * 5)
    meter = window.composer.meter
    qtbot.waitUntil(lambda: meter.property("state") == "leaving")
    assert "the oldest messages will be left out" in meter.text()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(engine.requests) == 3 and _idle(window))
    assert window.transcript._dropped == 2
    assert "The model no longer sees what stands above." in _text(window)
    assert engine.requests[-1].messages[0].content == "Always the same."
    qtbot.waitUntil(lambda: "left out" in meter.text())
    shown = window._session.conversation
    window.new_chat()
    assert window.transcript._dropped == 0
    assert shown is not None
    window.show_conversation(shown)
    assert window.transcript._dropped == 2, "it is kept with the conversation"


# Attachments


def test_dropped_files_become_chips_with_their_cost_and_go_along(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    notes, table = tmp_path / "notes.md", tmp_path / "flights.csv"
    notes.write_text("# Terns\n\nThey fly far.")
    table.write_bytes("year;km\n2019;70000\n".encode("utf-16"))
    engine = FakeEngine(["I see."])
    window = make_window(engine)
    _drop(window, notes, table)
    assert [chip.isVisible() for chip in _chips(window)] == [True, True]
    qtbot.waitUntil(lambda: "tokens" in _chips(window)[1]._open.accessibleName())
    assert _chips(window)[0]._open.accessibleName() == f"notes.md, {size_text(22)} · 9 tokens"
    _exchange(qtbot, window, "What is in them?")
    files = (
        Attachment("notes.md", "# Terns\n\nThey fly far.", 22),
        Attachment("flights.csv", "year;km\n2019;70000", 40),
    )
    assert [m.content for m in engine.requests[0].messages] == [compose("What is in them?", files)]
    question = window._session.path[0]
    assert (question.text, question.attachments) == ("What is in them?", files)
    assert _chips(window) == []
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
    _paste(window, _files(tmp_path / "a.txt"))
    _exchange(qtbot, window, "Which letter?")
    QTest.keyClicks(window.composer.editor, "a draft")
    window.edit(window._session.path[0].id)
    assert window.composer.text == "Which letter?"
    assert [chip.attachment for chip in _chips(window)] == list(window._session.path[0].attachments)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Escape)
    assert (window.composer.text, _chips(window)) == ("a draft", []), "the draft comes back"
    window.edit(window._session.path[0].id)
    window.composer.editor.selectAll()
    _exchange(qtbot, window, "And in capitals?")
    assert engine.requests[-1].messages[-1].content == "File a.txt:\n```\nalpha\n```\n\nAnd in capitals?"
    assert window.composer.text == "a draft"


def test_enter_waits_for_a_file_that_is_still_being_read(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = threading.Event()
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (ready.wait(5), real(path))[1])
    (tmp_path / "slow.txt").write_text("worth waiting for")
    engine = FakeEngine(["Yes."])
    window = make_window(engine)
    _drop(window, tmp_path / "slow.txt")
    assert window.composer.shelf.reading
    _say(window, "Is it?")
    qtbot.wait(50)
    assert engine.requests == []
    assert window.composer.text == "Is it?"
    ready.set()
    qtbot.waitUntil(lambda: len(engine.requests) == 1)
    assert "worth waiting for" in engine.requests[0].messages[0].content
    qtbot.waitUntil(lambda: _idle(window))


def test_what_cannot_be_attached_is_a_sentence_and_holds_the_message_back(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00")
    (tmp_path / "model.gguf").write_bytes(b"GGUF\x03\x00\x00\x00")
    engine = FakeEngine()
    window = make_window(engine)
    QTest.keyClicks(window.composer.editor, "Look")
    _drop(window, tmp_path / "photo.jpg")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(window.notice.isVisible)
    assert "photo.jpg is no text that Tern can read" in window.notice.message
    assert (_chips(window), engine.requests, window.composer.text) == ([], [], "Look")
    _drop(window, tmp_path / "model.gguf")
    assert "Models page" in window.notice.message
    image = QMimeData()
    image.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    _paste(window, image)
    assert "reads text only" in window.notice.message
    many = [tmp_path / f"{number}.txt" for number in range(10)]
    for path in many:
        path.write_text("x")
    _drop(window, *many)
    assert len(_chips(window)) == 8
    assert "8 attachments" in window.notice.message
    qtbot.waitUntil(lambda: not window.composer.shelf.reading)


def test_a_chip_is_taken_away_by_click_and_key(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    window = make_window()
    attached = [Attachment(f"{name}.txt", name * 50, 50) for name in "abc"]
    window.composer.put("", attached)
    remove = _chips(window)[1].findChild(QToolButton, "removeAttachment")
    assert remove.accessibleName() == "Remove b.txt"
    qtbot.mouseClick(remove, Qt.MouseButton.LeftButton)
    assert window.composer.attachments == (attached[0], attached[2])
    first = _chips(window)[0].findChild(QPushButton, "openAttachment")
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Delete)
    assert window.composer.attachments == (attached[2],)
    assert QApplication.focusWidget() is _chips(window)[0].findChild(QPushButton, "openAttachment")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Delete)
    assert QApplication.focusWidget() is window.composer.editor


def test_a_long_paste_is_one_thing_that_opens_and_unfolds(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["Long."])
    window = make_window(engine)
    _paste(window, _text_data("short\ntext"))
    assert window.composer.text == "short\ntext"
    window.composer.clear()
    _paste(window, _text_data(LONG))
    assert window.composer.text == ""
    (attachment,) = window.composer.attachments
    assert (attachment.kind, attachment.text) == (Kind.PASTE, LONG)
    open_ = _chips(window)[0].findChild(QPushButton, "openAttachment")
    assert "Line 0 of a long" in open_.text()
    qtbot.mouseClick(open_, Qt.MouseButton.LeftButton)
    page = window.findChild(AttachmentPage)
    qtbot.waitUntil(page.isActiveWindow)
    page.text.appendPlainText("One line more.")
    QTest.keyClick(page.text, Qt.Key.Key_Escape)
    assert window.composer.attachments[0].text.endswith("text.\nOne line more.")
    qtbot.mouseClick(open_, Qt.MouseButton.LeftButton)
    page = next(page for page in window.findChildren(AttachmentPage) if page.isVisible())
    qtbot.mouseClick(page.findChild(QPushButton, "unfoldButton"), Qt.MouseButton.LeftButton)
    assert window.composer.attachments == ()
    assert window.composer.text.endswith("One line more.")
    window.composer.clear()
    _paste(window, _text_data(LONG), plain=True)
    assert (window.composer.text, window.composer.attachments) == (LONG, ())


def test_drafts_keep_what_is_attached(qtbot: QtBot, make_window: WindowMaker, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    files = (Attachment("a.txt", "alpha", 5), Attachment("", LONG, 999, Kind.PASTE))
    window = make_window(replies=["One."], store=store)
    _exchange(qtbot, window, "First")
    window.composer.put("half a thought", files)
    window.new_chat()
    assert (window.composer.text, window.composer.attachments) == ("", ())
    window.composer.put("", files[:1])
    window.close()
    store.close()
    store = Store.open(tmp_path)
    window = make_window(store=store)
    assert window.composer.attachments == files[:1]
    window.show_conversation(store.summaries()[0].id)
    assert (window.composer.text, window.composer.attachments) == ("half a thought", files)
    window.new_chat()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(window._session.path) and _idle(window))
    assert store.draft(None) == Draft(), "what was sent is no draft any more"
    window.close()
    store.close()


# Keys


def test_up_and_down_walk_through_what_was_asked(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One.", "Two."])
    editor = window.composer.editor
    _exchange(qtbot, window, "First question")
    window.send("Second\nquestion")
    qtbot.waitUntil(lambda: len(window._session.path) == 4 and _idle(window))
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert window.composer.text == "Second\nquestion"
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert window.composer.text == "Second\nquestion", "the cursor goes up within it first"
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert window.composer.text == "First question"
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert window.composer.text == "First question", "there is none before"
    QTest.keyClick(editor, Qt.Key.Key_Down)
    assert window.composer.text == "Second\nquestion"
    QTest.keyClick(editor, Qt.Key.Key_Down)
    assert (window.composer.text, window.notice.isVisible()) == ("", False)
    QTest.keyClick(editor, Qt.Key.Key_Up)
    QTest.keyClicks(editor, "!")
    for _ in range(3):
        QTest.keyClick(editor, Qt.Key.Key_Up)
    assert window.composer.text == "Second\nquestion!", "what was changed is not left by accident"


def test_enter_and_ctrl_enter_change_places(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["One.", "Two."])
    settings = Settings()
    settings[ENTER_SENDS] = False
    window = make_window(engine, settings=settings)
    window.apply_settings()
    editor = window.composer.editor
    _say(window, "a")
    assert window.composer.text == "a\n"
    assert "Ctrl+Enter" in window.composer.send_button.toolTip()
    QTest.keyClicks(editor, "b")
    QTest.keyClick(editor, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: len(engine.requests) == 1 and _idle(window))
    assert engine.requests[0].messages[-1].content == "a\nb"
    settings[ENTER_SENDS] = True
    window.apply_settings()
    QTest.keyClicks(editor, "c")
    QTest.keyClick(editor, Qt.Key.Key_Return, SHIFT)
    assert window.composer.text == "c\n"
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(engine.requests) == 2 and _idle(window))


def test_a_greeting_question_leaves_the_draft_alone(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One."])
    QTest.keyClicks(window.composer.editor, "my own words")
    window.greeting.question_chosen.emit("What are you?")
    qtbot.waitUntil(lambda: bool(window._session.path) and _idle(window))
    assert window.composer.text == "my own words"


def test_a_preset_is_chosen_in_the_composers_row(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["Brief."])
    window = make_window(engine)
    button = window.composer.preset_button
    menu = button.menu()
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == "Concise").trigger()
    assert button.text() == "Concise"
    _exchange(qtbot, window, "Go")
    assert "few words" in engine.requests[0].messages[0].content
    shown = window._session.conversation
    window.new_chat()
    assert button.text() == "Preset"
    assert shown is not None
    window.show_conversation(shown)
    assert button.text() == "Concise"


# Another model within a conversation


def test_another_model_goes_on_with_the_conversation_and_what_is_sent_meanwhile_waits_for_it(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    first, second = FakeEngine(["From the first."]), FakeEngine(["From the second."], context_size=2048)
    window = make_window(first)
    _exchange(qtbot, window, "One?")
    ready = threading.Event()

    def slowly(progress: object) -> FakeEngine:
        ready.wait(5)
        return second

    window.open_model(slowly)
    qtbot.waitUntil(lambda: window.desk.info is None)
    assert first.closed
    _say(window, "Two?")
    qtbot.waitUntil(lambda: "Waiting for the model…" in _text(window))
    QTest.keyClicks(window.composer.editor, "typed meanwhile")
    assert second.requests == []
    ready.set()
    qtbot.waitUntil(lambda: "From the second." in _text(window) and _idle(window))
    assert [message.content for message in second.requests[0].messages] == ["One?", "From the first.", "Two?"]
    assert window.composer.text == "typed meanwhile"
    qtbot.waitUntil(lambda: window.composer.meter.text().endswith("/ 2,048 tokens"))
    assert [entry.model for entry in window._session.path if entry.role == "assistant"] == ["Fake", "Fake"]


@pytest.mark.parametrize("size", [(480, 420), (1100, 760)])
@pytest.mark.parametrize("scale", [1.0, 1.4])
def test_the_row_fits_every_window(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, size: tuple[int, int], scale: float
) -> None:
    window = make_window(context_size=64)
    theme.set_scale(scale)
    window.resize(*size)
    window.composer.put("word " * 99, [Attachment(f"file number {n}.txt", "x", 1) for n in range(6)])
    own = Preset("own", "A name that is longer than anyone would like it to be", Manner("Be odd."))
    window.composer.preset_button.own = lambda: [own]
    window.composer.preset_button.show_manner(own.manner)
    qtbot.waitUntil(lambda: window.composer.meter.property("state") == "over")
    QApplication.processEvents()
    assert (window.width(), window.height()) == size
    for widget in (
        window.composer.meter, window.composer.attach_button, window.composer.preset_button,
        window.composer.send_button, window.composer.shelf, window.composer.editor,
    ):  # fmt: skip
        assert widget.isVisible()
        assert window.rect().contains(widget.rect().translated(widget.mapTo(window, QPoint()))), widget
    assert window.composer.shelf.height() < window.height() / 3
