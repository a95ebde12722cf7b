"""What is written, attached and counted before it is sent: real events on the real window and the real worker."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import ClassVar

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tern.chat.attachments import Attachment
from tern.chat.normalize import as_written
from tern.chat.presets import Preset
from tern.chat.store import Store
from tern.chat.types import Draft, Manner, State
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Message, PromptSize
from tern.settings import CONTEXT_SIZE, ENTER_SENDS, SYSTEM_PROMPT, Settings
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.style.theme import Theme

from ..composing import CONTROL, SHIFT, exchange, idle, paste, say, shown_text, text_data
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

# The count


def test_the_meter_counts_what_the_next_message_would_take(qtbot: QtBot, make_window: WindowMaker) -> None:
    settings = Settings()
    settings[SYSTEM_PROMPT] = "Be brief."
    window = make_window(replies=["Sure thing."], settings=settings)
    meter = window.composer.meter
    qtbot.waitUntil(lambda: meter.text() == "6 / 4,096 tokens")  # the system prompt goes with every message
    QTest.keyClicks(window.composer.editor, "one two three")
    qtbot.waitUntil(lambda: meter.text() == "11 / 4,096 tokens")  # as the FakeEngine counts: a word a token
    exchange(qtbot, window, " four")
    qtbot.waitUntil(lambda: meter.text() == "14 / 4,096 tokens")
    QTest.keyClicks(window.composer.editor, "five")
    qtbot.waitUntil(lambda: meter.text() == "19 / 4,096 tokens")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_A, CONTROL)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: meter.text() == "14 / 4,096 tokens")
    assert meter.property("state") in (None, "roomy")
    assert not meter.isVisible(), "with so much room left nobody needs to know"


def test_the_meter_shows_from_three_fifths_of_the_context_on(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()  # 4,096 tokens
    meter = window.composer.meter
    window.composer.editor.insertPlainText("word " * 2400)
    qtbot.waitUntil(lambda: meter.text().startswith("2,4") and meter.text().endswith("/ 4,096 tokens"))
    assert not meter.isVisible()
    window.composer.editor.insertPlainText("word " * 100)
    qtbot.waitUntil(lambda: meter.text().startswith("2,5"))
    assert meter.isVisible()


class _Counting(FakeEngine):
    """Notes which threads count."""

    counted_in: ClassVar[set[str]] = set()

    def measure(self, messages: Sequence[Message]) -> PromptSize:
        self.counted_in.add(threading.current_thread().name)
        return super().measure(messages)


def test_counting_goes_on_during_a_reply_and_disturbs_it_not(qtbot: QtBot, make_window: WindowMaker) -> None:
    reply = " ".join(f"word{number}" for number in range(100_000))
    engine = _Counting(replies=[reply], token_seconds=0.01)
    window = make_window(engine)
    say(window, "Count")
    qtbot.waitUntil(lambda: "word3" in shown_text(window))
    counts: list[object] = []
    window.queue.counted.connect(counts.append)
    QTest.keyClicks(window.composer.editor, "a draft that is being written")
    qtbot.waitUntil(lambda: bool(counts))
    assert not idle(window), "the reply was still running"
    assert engine.counted_in == {"tern-engine"}, "the window's own thread counts nothing"
    qtbot.mouseClick(window.composer.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: idle(window))
    said = window.session.reply
    assert reply.startswith(said)
    assert said in shown_text(window)
    taken = len(said.split()) + 15
    qtbot.waitUntil(lambda: window.composer.meter.text() == f"{taken:,} / 4,096 tokens")


def test_what_cannot_fit_is_not_sent_and_says_what_helps(qtbot: QtBot, make_window: WindowMaker) -> None:
    settings = Settings()
    settings[CONTEXT_SIZE] = 128
    engine = FakeEngine(context_size=128)
    window = make_window(engine, settings=settings)
    qtbot.waitUntil(lambda: window.queue.info is not None)
    words = "word " * 120
    window.composer.put(Draft(words))
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)  # at once, before anything was counted
    qtbot.waitUntil(window.notice.isVisible)
    assert window.notice.message == (
        "This message is too long to send: it takes 124 tokens, and the model can take 96 at a time. "
        "Shorten it, send it in parts, or raise the context size in Settings."
    )
    assert window.composer.text == words
    assert engine.requests == []
    assert window.session.path == []
    assert window.composer.meter.text() == "too long to send · 124 / 128 tokens"
    assert window.composer.meter.property("state") == "over"
    qtbot.mouseClick(window.findChild(QPushButton, "noticeButton"), Qt.MouseButton.LeftButton)
    assert window.settings_controller.page is not None
    assert window.settings_controller.page.isVisible()
    window.composer.put(Draft("word " * 80))
    qtbot.waitUntil(lambda: window.composer.meter.property("state") == "near")
    assert "nearly full" in window.composer.meter.text()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(engine.requests) == 1)
    qtbot.waitUntil(lambda: idle(window))


def test_a_system_prompt_that_cannot_fit_is_named(qtbot: QtBot, make_window: WindowMaker) -> None:
    settings = Settings()
    settings[SYSTEM_PROMPT] = "word " * 120
    window = make_window(FakeEngine(context_size=128), settings=settings)
    qtbot.waitUntil(lambda: window.queue.info is not None)
    say(window, "Hello")
    qtbot.waitUntil(window.notice.isVisible)
    assert window.notice.message == (
        "The system prompt is too long: it takes 122 tokens, and the model can take 96 at a time, "
        "your message included. Shorten the system prompt."
    )
    assert window.composer.text == "Hello"


def test_a_long_message_waits_in_the_composer_for_the_model_that_will_count_it(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    engine, ready = FakeEngine(["Long."], context_size=2048), threading.Event()
    window = make_window(load=False)
    window.open_model(lambda progress: (ready.wait(5), engine)[1])
    for words, sent in (("word " * 3000, 0), ("word " * 1500, 1)):
        window.composer.put(Draft(words))
        QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
        if not ready.is_set():
            assert "as soon as the model is ready" in window.notice.message
            assert window.composer.text == words
        ready.set()
        qtbot.waitUntil(
            lambda sent=sent: len(engine.requests) == sent and "ready" not in window.notice.message
        )
    qtbot.waitUntil(lambda: idle(window))
    assert window.composer.text == ""


def test_the_oldest_turns_leave_and_that_is_said_before_and_after(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    settings = Settings()
    settings[SYSTEM_PROMPT] = "Always the same."
    engine = FakeEngine(["first " * 30, "second " * 30, "third"], context_size=128)
    window = make_window(engine, settings=settings)
    exchange(qtbot, window, "One?")
    exchange(qtbot, window, "Two?")
    assert window.transcript.dropped == 0
    QTest.keyClicks(window.composer.editor, "and now a longer one " * 5)
    meter = window.composer.meter
    qtbot.waitUntil(lambda: meter.property("state") == "leaving")
    assert "the oldest messages will be left out" in meter.text()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(engine.requests) == 3 and idle(window))
    assert window.transcript.dropped == 2
    assert "The model can't see messages above this line." in shown_text(window)
    assert engine.requests[-1].messages[0].content == "Always the same."
    qtbot.waitUntil(lambda: "left out" in meter.text())
    shown = window.session.conversation
    window.conversations.new()
    assert window.transcript.dropped == 0
    assert shown is not None
    window.conversations.show(shown)
    assert window.transcript.dropped == 2, "it is kept with the conversation"


# Attachments


def test_up_and_down_walk_through_what_was_asked(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One.", "Two."])
    editor = window.composer.editor
    exchange(qtbot, window, "First question")
    window.chat.send("Second\nquestion")
    qtbot.waitUntil(lambda: len(window.session.path) == 4 and idle(window))
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
    window.settings_controller.apply()
    editor = window.composer.editor
    say(window, "a")
    assert window.composer.text == "a\n"
    assert "Ctrl+Enter" in window.composer.send_button.toolTip()
    QTest.keyClicks(editor, "b")
    QTest.keyClick(editor, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: len(engine.requests) == 1 and idle(window))
    assert engine.requests[0].messages[-1].content == "a\nb"
    settings[ENTER_SENDS] = True
    window.settings_controller.apply()
    QTest.keyClicks(editor, "c")
    QTest.keyClick(editor, Qt.Key.Key_Return, SHIFT)
    assert window.composer.text == "c\n"
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(engine.requests) == 2 and idle(window))


def test_a_greeting_question_leaves_the_draft_alone(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One."])
    QTest.keyClicks(window.composer.editor, "my own words")
    window.greeting.question_chosen.emit("What are you?")
    qtbot.waitUntil(lambda: bool(window.session.path) and idle(window))
    assert window.composer.text == "my own words"


def test_a_preset_is_chosen_in_the_composers_row(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["Brief."])
    window = make_window(engine)
    button = window.composer.preset_button
    menu = button.menu()
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == "Concise").trigger()
    assert button.text() == "Concise"
    exchange(qtbot, window, "Go")
    assert "few words" in engine.requests[0].messages[0].content
    shown = window.session.conversation
    window.conversations.new()
    assert button.text() == "Preset"
    assert shown is not None
    window.conversations.show(shown)
    assert button.text() == "Concise"


# Another model within a conversation


def test_another_model_goes_on_with_the_conversation_and_what_is_sent_meanwhile_waits_for_it(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    first, second = FakeEngine(["From the first."]), FakeEngine(["From the second."], context_size=2048)
    window = make_window(first)
    exchange(qtbot, window, "One?")
    ready = threading.Event()

    def slowly(progress: object) -> FakeEngine:
        ready.wait(5)
        return second

    window.open_model(slowly)
    qtbot.waitUntil(lambda: window.queue.info is None)
    assert first.closed
    say(window, "Two?")
    qtbot.waitUntil(lambda: "Waiting for the model…" in shown_text(window))
    QTest.keyClicks(window.composer.editor, "typed meanwhile")
    assert second.requests == []
    ready.set()
    qtbot.waitUntil(lambda: "From the second." in shown_text(window) and idle(window))
    assert [message.content for message in second.requests[0].messages] == ["One?", "From the first.", "Two?"]
    assert window.composer.text == "typed meanwhile"
    qtbot.waitUntil(lambda: window.composer.meter.text().endswith("/ 2,048 tokens"))
    assert [entry.model for entry in window.session.path if entry.role == "assistant"] == ["Fake", "Fake"]


def test_a_model_chosen_while_a_reply_is_written_is_said_to_wait_for_it(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(FakeEngine(["word " * 40], token_seconds=0.02))
    say(window, "One?")
    qtbot.waitUntil(lambda: "word word" in shown_text(window))
    name = window.header.findChild(QPushButton, "modelName")
    window.open_model(lambda progress: FakeEngine())
    assert name.text() == "After this reply…"
    qtbot.waitUntil(lambda: idle(window) and name.text() == "Fake")
    assert window.session.path[-1].content.count("word") == 40  # it was not cut


@pytest.mark.parametrize("size", [(480, 420), (1100, 760)])
@pytest.mark.parametrize("scale", [1.0, 1.4])
def test_the_row_fits_every_window(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, size: tuple[int, int], scale: float
) -> None:
    window = make_window(context_size=64)
    theme.set_scale(scale)
    window.resize(*size)
    window.composer.put(
        Draft("word " * 99, tuple(Attachment(f"file number {n}.txt", "x", 1) for n in range(6)))
    )
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


def test_the_invitation_is_shortened_where_there_is_no_room(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    editor = window.composer.editor
    qtbot.waitUntil(lambda: window.queue.info is not None)
    assert editor.placeholderText() == "Ask anything. It stays on this computer."
    editor.invite("Fragen Sie, was Sie wollen. Alles, was Sie schreiben, bleibt auf diesem Computer.")
    window.resize(480, 420)
    assert editor.placeholderText().endswith("…")
    assert editor.fontMetrics().horizontalAdvance(editor.placeholderText()) <= editor.viewport().width()


def test_a_text_that_a_scroll_bar_would_wrap_anew_is_shown_whole(make_window: WindowMaker) -> None:
    window = make_window()
    window.resize(480, 420)
    editor = window.composer.editor
    for length in range(20, 300, 3):
        for written in (900, length):
            editor.setPlainText(("long question " * 70)[:written])
            QApplication.processEvents()
        lines = round(editor.document().size().height())
        if lines <= 5:
            assert not editor.verticalScrollBar().isVisible(), length
            assert editor.height() >= lines * editor.fontMetrics().lineSpacing(), length


# The same characters, shown, kept and sent

STRANGE = "10\u00a0000\u202f€\tand\u200b a\u2060 \u00ad\u2003wide\u3000one \u200f. e\u0301 👩\u200d👧\ufeff."


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r", "\u2028", "\u2029"])
def test_what_is_pasted_is_what_is_shown_kept_and_sent(
    qtbot: QtBot, make_window: WindowMaker, breaks: str
) -> None:
    engine = FakeEngine(["One."])
    window = make_window(engine)
    paste(window, text_data(f"{STRANGE}{breaks}{STRANGE}"))
    expected = f"{STRANGE}\n{STRANGE}"
    assert window.composer.text == expected
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(window.session.path) == 2 and idle(window))
    assert engine.requests[0].messages[-1].content == expected
    assert window.store.entries(1)[0].content == expected
    assert window.transcript.messages[0].source == expected
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Up)
    assert window.composer.text == expected
    window.composer.editor.selectAll()
    window.composer.editor.copy()
    assert QGuiApplication.clipboard().text() == expected, "copied within the field, too"
    QGuiApplication.clipboard().clear()


@pytest.mark.parametrize(
    "question", ["plain", STRANGE, f"one\r\ntwo\r\n{STRANGE}", "a\rb", "a\u2028b\u2029c", "half \0 of \ufdd0"]
)
def test_up_on_an_earlier_question_brings_it_back_and_makes_no_draft_of_it(
    qtbot: QtBot, make_window: WindowMaker, question: str
) -> None:
    """As an import or an older Tern kept it."""
    store = Store.in_memory()
    number = store.create("Old")
    for text in ("First", question):
        store.add(number, [("user", text, State.DONE), ("assistant", "Yes.", State.DONE)], store.leaf(number))
    window = make_window(store=store)
    window.conversations.show(number)
    editor = window.composer.editor
    QTest.keyClick(editor, Qt.Key.Key_Up)
    brought = as_written(question)
    assert window.composer.text == brought
    for _ in range(brought.count("\n") + 1):
        QTest.keyClick(editor, Qt.Key.Key_Up)
    assert window.composer.text == "First", "Up goes on"
    QTest.keyClick(editor, Qt.Key.Key_Down)
    window.chat.drafts.keep()
    window.conversations.new()
    window.conversations.show(number)
    assert window.composer.text == ""
    assert [store.edit(entry.id) for entry in store.entries(number)] == [None] * 4
    assert store.draft(number) == Draft()


def test_a_piece_of_a_page_is_pasted_as_its_text(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    page = QMimeData()
    page.setHtml("<h1>Terns</h1><p>They&nbsp;fly <b>far</b>,<br>and back.</p><img src='x.png'>")
    paste(window, page)
    assert window.composer.text == "Terns\nThey fly far,\nand back."
    window.composer.clear()
    picture = QMimeData()
    picture.setHtml("<img src='x.png'>")
    picture.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    paste(window, picture)
    assert "reads text only" in window.notice.message
    long = QMimeData()
    long.setHtml("<p>A long text.</p>" * 400)
    paste(window, long)
    assert window.composer.text == ""
    assert window.composer.attachments[0].text.startswith("A long text.\nA long text.")
    window.composer.clear()


def test_a_pasted_text_keeps_its_characters_where_it_is_edited(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window()
    long = "\r\n".join([STRANGE] * 40)
    paste(window, text_data(long))
    assert window.composer.attachments[0].text == "\n".join([STRANGE] * 40)
    window.composer.shelf.chips[0].opened.emit()
    page = window.findChild(AttachmentPage)
    page.text.appendPlainText("More.")
    page.close()
    assert window.composer.attachments[0].text == "\n".join([STRANGE] * 40 + ["More."])
    window.composer.clear()


def test_no_line_of_a_message_ends_before_the_frame_does(qtbot: QtBot, make_window: WindowMaker) -> None:
    """Send stands under what is written, not beside it."""
    composer = make_window().composer
    composer.put(Draft("word " * 200))
    left, right = (
        composer.editor.mapTo(composer, point) for point in (QPoint(), QPoint(composer.editor.width(), 0))
    )
    assert right.x() + left.x() == pytest.approx(composer.width(), abs=2)
    assert composer.send_button.y() >= composer.editor.geometry().bottom()
    assert composer.send_button.geometry().right() < composer.width()
