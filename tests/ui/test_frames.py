"""Whatever is written: no turn of the event loop does more than a frame has time for, and nothing is lost by that.

Work is counted, never timed: the calls that Python makes, and the characters that are laid out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QTextCursor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QScrollBar
from pytestqt.qtbot import QtBot

from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Entry
from tern.markup import lexing
from tern.markup.blocks import Block, BlockKind, Run
from tern.markup.incremental import ReplyReader
from tern.markup.markdown import parse
from tern.markup.pacing import Paced, TooMuchError, tick
from tern.markup.parts import CODE_LINE, LONGEST, cuts, parts
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.shared.long_lines import broken, whole
from tern.ui.style.theme import Theme
from tern.ui.transcript import tables
from tern.ui.transcript.backgrounds import neighbours
from tern.ui.transcript.formats import JOINED, MOST_LEVELS, QUOTE
from tern.ui.transcript.highlighting import PLAIN
from tern.ui.transcript.items import SHOWN, Item
from tern.ui.transcript.items_of_session import items_of, last_turn
from tern.ui.transcript.transcript import Transcript

from .conftest import WindowMaker
from .long_texts import REPLIES, WORDS

pytestmark = pytest.mark.slow

CALLS = 140_000  # of Python in a frame
LAID_OUT = 40_000  # characters in a frame
FIRST = 3  # times as many in the first frame of a conversation that is opened


class Work:
    """What was done: calls of Python, characters that a document laid out."""

    def __init__(self) -> None:
        self.calls = 0
        self.laid_out = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        self.calls = self.laid_out = 0

        def count(_frame: FrameType, event: str, _of: object) -> None:
            self.calls += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            yield
        finally:
            sys.setprofile(None)


@pytest.fixture
def transcript(qtbot: QtBot, theme: Theme) -> Transcript:
    made = Transcript(theme)
    qtbot.addWidget(made)
    made.resize(700, 500)
    with qtbot.waitExposed(made):
        made.show()
    return made


def _watched(transcript: Transcript) -> Work:
    work = Work()

    def note(_at: int, _removed: int, added: int) -> None:
        work.laid_out += added

    transcript.document().contentsChange.connect(note)
    return work


def _settle(transcript: Transcript, each: Callable[[], object] = lambda: None) -> int:
    """How many more turns of the event loop it took until all was set."""
    turns = 0
    while not transcript.settled:
        each()
        transcript._going_on.stop()
        transcript._going_on.timeout.emit()
        QApplication.processEvents()
        turns += 1
    return turns


def _made(name: str, times: int) -> str:
    make, length = REPLIES[name]
    return make(min(length, 6000) * times)


@pytest.mark.parametrize("name", REPLIES)
def test_a_frame_of_a_reply_does_no_more_than_it_has_time_for(name: str, transcript: Transcript) -> None:
    text = _made(name, 2)
    work = _watched(transcript)
    most = [0, 0]
    transcript.begin_turn(Item(1, True, "Go"), Item(2, False, ""))
    size = max(27, len(text) // 60)
    for at in range(0, len(text), size):
        with work.counted():
            transcript.append(text[at : at + size])
            QApplication.processEvents()
        most = [max(most[0], work.calls), max(most[1], work.laid_out)]
    with work.counted():
        transcript.finish_reply(Item(2, False, text, "Stopped."))
        QApplication.processEvents()
    most = [max(most[0], work.calls), max(most[1], work.laid_out)]
    assert most[0] < CALLS
    assert most[1] < LAID_OUT
    _settle(transcript)
    block = transcript.document().begin()
    while block.isValid():
        assert block.length() <= 2 * LONGEST + 1  # in UTF-16 units
        block = block.next()


@pytest.mark.parametrize("name", REPLIES)
def test_so_does_a_frame_of_a_conversation_that_is_opened(name: str, transcript: Transcript) -> None:
    text = _made(name, 4)
    work = _watched(transcript)
    with work.counted():
        transcript.show_items([Item(1, True, "Go"), Item(2, False, text)])
    assert work.calls < FIRST * CALLS
    assert work.laid_out < FIRST * LAID_OUT
    while not transcript.settled:
        with work.counted():
            transcript._going_on.timeout.emit()
        assert work.calls < CALLS
        assert work.laid_out < LAID_OUT + SHOWN * (transcript._queue == ())
    bar = transcript.verticalScrollBar()
    assert bar.value() == bar.maximum()


@pytest.mark.parametrize("name", ["dollars", "short lines", "n lines of code", "one run", "a long quotation"])
def test_a_text_of_twice_the_length_takes_no_more_in_a_frame(name: str, qtbot: QtBot, theme: Theme) -> None:
    most = []
    for times in (4, 8):
        transcript = Transcript(theme)
        qtbot.addWidget(transcript)
        transcript.resize(700, 500)
        transcript.show()
        text = _made(name, times)
        work, calls = _watched(transcript), []
        transcript.begin_turn(Item(1, True, "Go"), Item(2, False, ""))
        for at in range(0, len(text), 400):
            with work.counted():
                transcript.append(text[at : at + 400])
            calls.append(work.calls)
        most.append(max(calls))
        transcript.finish_reply(Item(2, False, text))
        _settle(transcript)
    assert most[1] < 1.6 * most[0]


def test_the_window_answers_between_two_frames(qtbot: QtBot, transcript: Transcript) -> None:
    answered: list[bool] = []
    transcript.show_items([Item(1, True, "Go"), Item(2, False, WORDS * 900)])
    assert not transcript.settled
    QTimer.singleShot(0, transcript, lambda: answered.append(transcript.settled))
    qtbot.waitUntil(lambda: transcript.settled)
    assert answered == [False]


def test_stop_ends_a_reply_that_is_still_being_read(qtbot: QtBot, make_window: WindowMaker) -> None:
    text = "- all\n" + "  - item\n" * 2000
    window = make_window(replies=[text.replace(" ", "\u2005")], token_seconds=0.0)
    window.chat.send("Go")
    qtbot.waitUntil(lambda: not window.session.busy)
    window.chat.stop()
    assert window.composer.send_button.isVisible()
    qtbot.waitUntil(lambda: window.transcript.settled)


# What has come stands there


def test_what_is_not_read_yet_stands_there_as_it_was_written(transcript: Transcript) -> None:
    transcript.begin_turn(Item(1, True, "Go"), Item(2, False, ""))
    transcript.append("[![" * 600)
    transcript.append("*the last words*")
    assert not transcript.settled
    assert "[![[![[![" in transcript.toPlainText()
    transcript.append("\n\nAnd **on**")
    transcript.finish_reply(Item(2, False, ""))
    _settle(transcript)
    assert transcript.toPlainText().strip().endswith("And on")


def test_a_long_quotation_is_one_when_all_of_it_is_read(transcript: Transcript) -> None:
    text = "> some *words* in a quotation\n" * 300
    transcript.show_items([Item(1, True, "Go"), Item(2, False, text)])
    _settle(transcript)
    block = transcript.messages[1].slot.start.block()
    note = transcript.messages[1].slot.note
    assert note is not None
    while block.position() < note.position():
        assert block.blockFormat().property(QUOTE) == 1
        assert "*" not in block.text()
        block = block.next()


def _copied(transcript: Transcript) -> str:
    transcript.selectAll()
    transcript.copy()
    return QGuiApplication.clipboard().text()


@pytest.mark.parametrize(
    "text",
    ["A" * 50_000, WORDS.strip() * 300, "\U0001f426" * 9000, "\u05e9\u05d7\u05e3 " * 3000 + "x",
     "line\n" * 3000 + "end", "e\u0301\u0308" * 4000],
)  # fmt: skip
def test_what_is_set_in_parts_is_copied_as_it_was_written(text: str, transcript: Transcript) -> None:
    transcript.show_items([Item(1, True, text), Item(2, False, text)])
    _settle(transcript)
    assert _copied(transcript) == f"{text}\n{text}"


def test_so_is_a_long_line_of_code(transcript: Transcript) -> None:
    line = '{"a": [1, 2]},' * 1000
    transcript.show_items([Item(1, True, "Go"), Item(2, False, f"```json\n[\n{line}\n]\n```\n\nDone")])
    _settle(transcript)
    assert _copied(transcript) == f"Go\n[\n{line}\n]\nDone"
    block = transcript.document().find("[").block()
    transcript._bars._code = block
    transcript._bars._copy_code()
    assert QGuiApplication.clipboard().text() == f"[\n{line}\n]"
    assert block.next().next().blockFormat().hasProperty(JOINED)


def test_letters_stay_with_their_marks() -> None:
    text = ("e" + "\u0301" * 7) * 1000
    for cut in cuts(text):
        assert text[cut] == "e"
    families = "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 3000
    assert all(families[cut - 1] != "\u200d" != families[cut] for cut in cuts(families))


# A message that is too long to be shown as a whole


def test_of_a_huge_message_the_beginning_is_shown_and_more_on_request(transcript: Transcript) -> None:
    text = "A" * (2 * SHOWN) + "the end"
    transcript.show_items([Item(1, True, text), Item(2, False, "Yes.")])
    _settle(transcript)
    assert transcript.document().characterCount() < SHOWN + 2000
    assert _copied(transcript) == f"{text}\nYes."
    found = transcript.document().find("Show more")
    assert found.charFormat().anchorHref() == "tern-more:1"
    for _ in range(2):
        transcript.anchorClicked.emit(transcript.document().find("Show more").charFormat().anchorHref())
        _settle(transcript)
    assert "the end" in transcript.toPlainText()
    assert "Show more" not in transcript.toPlainText()


def test_a_search_shows_so_much_of_it_that_the_words_are_in_view(transcript: Transcript) -> None:
    text = "A" * SHOWN + " a kittiwake flies " + "A" * SHOWN
    transcript.show_items([Item(1, True, "Go"), Item(2, False, text), Item(3, True, "Thanks")])
    _settle(transcript)
    transcript.reveal(2, ["kittiwake"])
    _settle(transcript)
    assert transcript.textCursor().selectedText() == "kittiwake"
    assert transcript.viewport().rect().intersects(transcript.cursorRect())


# Opening a long conversation


def _long_conversation(count: int = 300) -> list[Item]:
    return [Item(n, n % 2 == 1, f"Message {n}. {WORDS * 12}") for n in range(1, count + 1)]


def test_the_end_of_a_long_conversation_is_seen_first_and_stays(transcript: Transcript) -> None:
    transcript.show_items(_long_conversation())
    assert not transcript.settled
    assert "Message 300." in transcript.toPlainText()
    assert "Message 60." not in transcript.toPlainText()
    bar = transcript.verticalScrollBar()
    assert _settle(transcript, lambda: bar.value() == bar.maximum() or pytest.fail("it has moved")) > 2
    assert bar.value() == bar.maximum()
    text = transcript.toPlainText()
    places = [text.index(f"Message {n}.") for n in range(1, 301)]
    assert places == sorted(places)
    assert "Loading earlier" not in text


def test_who_scrolls_up_meanwhile_stays_where_they_are(transcript: Transcript) -> None:
    transcript.show_items(_long_conversation())
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() - 300)
    top = transcript.cursorForPosition(QPoint(0, 0))
    stood = transcript.cursorRect(top).top()
    _settle(
        transcript, lambda: abs(transcript.cursorRect(top).top() - stood) <= 1 or pytest.fail("it has moved")
    )
    assert abs(transcript.cursorRect(top).top() - stood) <= 1


def test_a_message_that_is_not_set_yet_is_brought_into_view(transcript: Transcript) -> None:
    transcript.show_items(_long_conversation())
    assert "Message 200." not in transcript.toPlainText()
    transcript.reveal(200, ["200"])
    _settle(transcript)
    assert transcript.textCursor().selectedText() == "200"
    assert transcript.viewport().rect().intersects(transcript.cursorRect())


def test_a_reply_goes_on_while_the_rest_is_being_set(transcript: Transcript) -> None:
    items = _long_conversation()
    transcript.show_items([*items, Item(301, True, "More"), Item(302, False, "It ")], last_open=True)
    assert not transcript.settled
    for word in ("goes ", "on ", "**now** ", "and"):
        transcript.append(word)
    assert transcript.toPlainText().rstrip().endswith("It goes on now and")
    transcript.finish_reply(Item(302, False, "It goes on **now** and"))
    _settle(transcript)
    assert transcript.toPlainText().count("It goes on now") == 1
    assert "Message 1." in transcript.toPlainText()


def test_the_line_of_the_context_stands_where_it_belongs_when_all_is_set(transcript: Transcript) -> None:
    transcript.show_items(_long_conversation())
    transcript.set_dropped(30)
    _settle(transcript)
    text = transcript.toPlainText()
    assert (
        text.index("Message 30.")
        < text.index("The model can't see messages above")
        < text.index("Message 31.")
    )


def test_another_look_keeps_the_place(transcript: Transcript, theme: Theme) -> None:
    transcript.show_items(_long_conversation())
    _settle(transcript)
    transcript.reveal(40, ["40"])
    before = transcript.cursorRect(transcript.messages[39].slot.start).top()
    theme.changed.emit()
    _settle(transcript)
    assert abs(transcript.cursorRect(transcript.messages[39].slot.start).top() - before) <= 2


def _long_session(count: int) -> Session:
    store = Store.in_memory()
    number = store.create("Long")
    entries = [
        Entry(n + 1, n or None, "assistant" if n % 2 else "user", "words", model="Guide")
        for n in range(count)
    ]
    store.import_entries(number, entries, count)
    return Session(store, number)


def test_telling_the_messages_of_twice_as_many_takes_twice_the_work() -> None:
    counts = []
    for count in (200, 400):
        session, work = _long_session(count), Work()
        with work.counted():
            assert len(items_of(session)) == count
        counts.append(work.calls)
    assert counts[1] < 2.5 * counts[0]


def test_telling_a_new_turn_takes_no_work_for_the_messages_above_but_to_find_it() -> None:
    counts = []
    for count in (200, 400):
        session, finding, telling = _long_session(count), Work(), Work()
        session.ask("And now?")
        with finding.counted():
            assert session.path
        with telling.counted():
            question, reply = last_turn(session)
        counts.append(telling.calls - finding.calls)
        assert [question, reply] == items_of(session)[-2:]
    assert counts[0] == counts[1]


# Reading


def _whole(text: str) -> list[Block]:
    return [part for block in parse(text) for part in parts(block)]


CODE = "".join(f"    x_{n} = {n} * 3  # a line\n" + "\n" * (n % 7 == 0) for n in range(500))
ROWS = "".join(f"| {n} | **v{n}** |\n" for n in range(500))
HEAD = "| a | b |\n|---|:-:|\n"


@pytest.mark.parametrize(
    "text",
    [
        f"Intro\n\n```python\n{CODE}```\n\nAfter *all*\n",
        f"```\n{CODE}",
        f"```\n{CODE}\n\n\n",
        f"~~~~py\n{CODE}```\n~~~\nx\n~~~~\nThen\n```\n{CODE}\n```",
        "```json\n" + '{"a":1,' * 4000 + "}\n```\nok",
        f"A\n\n{HEAD}{ROWS}\nAfter\n\n{HEAD}{ROWS}# head\nend",
        f"{HEAD}{ROWS}| 3 | 4",
        "A" * 30_000,
        "- item\n" * 2000,
        WORDS.strip() * 300,
        "> quoted\n" * 2000,
        "a" + "\n" * 4000 + "x",
    ],
)
def test_a_long_text_is_read_alike_however_it_comes(text: str) -> None:
    expected = _whole(text)
    for size in (7, 300, 2000):
        reader, shadow = ReplyReader(), list[Block]()
        for at in range(0, len(text), size):
            index = reader.append(text[at : at + size])
            shadow[index:] = reader.blocks[index:]
            assert len(reader._parser._open) < 40_000
        index = reader.append("", last=True)
        shadow[index:] = reader.blocks[index:]
        assert shadow == reader.blocks
        if text[0] == ">":  # beyond a length it stands as it was written
            said = "".join(run.text for block in reader.blocks for run in block.runs)
            assert said.count("quoted") == text.count("quoted")
        else:
            assert reader.blocks == expected


def test_a_code_that_grows_is_read_past_the_parser() -> None:
    reader = ReplyReader()
    reader.append("```python\n")
    for _ in range(2000):
        reader.append("total += weights[row] * columns[row]\n")
    assert len(reader._parser._open) < 8000
    assert sum(block.text.count("\n") + 1 for block in reader.blocks) == 2000


def test_a_call_in_slices_goes_on_where_it_stood() -> None:
    done: list[int] = []

    def count() -> str:
        for number in range(100):
            tick()
            done.append(number)
        return "all"

    task = Paced(count, most=1000)
    slices = 0
    while not task.done:
        task.run(10)
        slices += 1
        assert len(done) <= 11 * slices
    assert task.result == "all"
    assert done == list(range(100))
    assert slices >= 9
    tick()  # outside of a slice it is nothing


def test_a_call_that_takes_too_much_is_given_up() -> None:
    def forever() -> None:
        while True:
            tick()

    task = Paced(forever, most=100)
    for _ in range(10):
        task.run(10)
    with pytest.raises(TooMuchError):
        task.run(10)


def test_what_takes_too_long_to_read_stands_as_it_was_written() -> None:
    before, hard = "One.\n\n**Two**\n\n", "[" * 3000

    def read() -> ReplyReader:
        reader = ReplyReader()
        reader.append(before)
        reader.append(hard)
        reader.append("\n\nThen *on*", last=False)
        return reader

    task = Paced(read, most=5000)
    while not task.done:
        task.run(500)
    blocks = task.result.blocks
    said = ["".join(run.text for run in block.runs) for block in blocks]
    assert said[:2] == ["One.", "Two"]
    assert "".join(said[2:]).startswith(hard)
    assert "on" in said[-1]


def test_a_line_of_code_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minified line: each of its tokens used to count from the line's beginning."""
    seen = []
    inner = lexing.utf16_length

    def counted(text: str) -> int:
        seen.append(len(text))
        return inner(text)

    monkeypatch.setattr(lexing, "utf16_length", counted)
    line = '{"a":1},' * (CODE_LINE // 8)
    reading = lexing.LexedCode(lexing.lexer_of("json"))  # type: ignore[arg-type]
    reading.set_text(line)
    reading.work(float("inf"))
    assert reading.lines[0]
    assert sum(seen) <= 2 * len(line)


def test_a_code_is_read_up_to_a_line_that_is_too_long(transcript: Transcript, qtbot: QtBot) -> None:
    text = '{\n  "a": 1,\n  "b": "' + "x" * 3 * CODE_LINE + '"\n}'
    reading = lexing.LexedCode(lexing.lexer_of("json"))  # type: ignore[arg-type]
    for size in (20, len(text)):
        reading.set_text(text[:size])
        reading.work(float("inf"))
    assert reading.shortened
    assert len(reading.lines) == 3
    transcript.show_items([Item(1, True, "Go"), Item(2, False, f"```json\n{text}\n```")])
    qtbot.waitUntil(lambda: transcript._writer.highlighter.idle)
    assert transcript.document().find("{").block().userState() == PLAIN


# Nesting


def test_what_is_nested_deeply_is_shown() -> None:
    for depth in (5, 12, 21, 40, 200):
        deep = "".join("  " * n + f"- item {n}\n" for n in range(depth))
        quoted = "\n".join(">" * n + f" line {n}" for n in range(1, depth))
        marks = "> - " * depth + "words"
        for text, words in ((deep, f"item {depth - 1}"), (quoted, f"line {depth - 1}"), (marks, "words")):
            assert words in "".join(run.text for block in parse(text) for run in block.runs)


def test_and_no_further_in_than_there_is_room(transcript: Transcript) -> None:
    deep = "".join("  " * n + f"- item {n}\n" for n in range(30))
    quoted = "\n>\n".join(">" * n + f" line {n}" for n in range(1, 25))
    transcript.show_items([Item(1, True, "Go"), Item(2, False, f"{deep}\n\nThen\n\n{quoted}")])
    for words in ("item 29", "line 24"):
        found = transcript.document().find(words)
        rect = transcript.cursorRect(found)
        assert rect.right() < transcript.viewport().width()
        assert found.block().blockFormat().leftMargin() <= MOST_LEVELS * 24
        assert int(found.block().blockFormat().property(QUOTE) or 0) <= MOST_LEVELS


# Tables


def test_a_long_table_is_written_a_part_at_a_time(
    transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    inner = tables.write_table

    def counted(cursor: QTextCursor, block: Block, *more: Any) -> object:
        written.append(sum(len(row) for row in block.rows))
        return inner(cursor, block, *more)

    monkeypatch.setattr("tern.ui.transcript.document.write_table", counted)
    transcript.begin_turn(Item(1, True, "Go"), Item(2, False, ""))
    transcript.append("| Number | Bird |\n|---|---|\n")
    for n in range(400):
        written.clear()
        transcript.append(f"| {n} | tern {n} |\n")
        assert sum(written) <= 130
    transcript.finish_reply(Item(2, False, ""))
    _settle(transcript)
    made = list(tables.tables_of(transcript.document()))
    assert sum(table.rows() for table in made) == 401
    widths = {tuple(w.rawValue() for w in t.format().toTableFormat().columnWidthConstraints()) for t in made}
    assert len(widths) == 1
    assert _copied(transcript).count("\ttern ") == 400


def _wide_table(columns: int = 13) -> str:
    row = "|" + "".join(f"Column{n}|" for n in range(columns)) + "\n"
    return row + "|" + "---|" * columns + "\n" + row * 3


def test_a_table_that_is_too_wide_scrolls_sideways(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.resize(480, 420)
    transcript.show_items([Item(1, True, "Go"), Item(2, False, f"Look:\n\n{_wide_table()}\nDone.")])
    (table,) = tables.tables_of(transcript.document())
    last = table.cellAt(1, 12).firstCursorPosition()
    last.movePosition(QTextCursor.MoveOperation.EndOfBlock)
    assert last.block().layout().lineCount() == 1, "no word is broken"
    assert transcript.cursorRect(last).left() > transcript.viewport().width()
    cell = transcript.cursorRect(table.cellAt(1, 0).firstCursorPosition()).center()
    slider = transcript.findChild(QScrollBar, "tableScrollBar")
    qtbot.mouseMove(transcript.viewport(), cell)
    qtbot.mouseMove(transcript.viewport(), cell + QPoint(2, 0))
    assert slider.isVisible()
    event = QWheelEvent(
        QPointF(cell), transcript.viewport().mapToGlobal(QPointF(cell)), QPoint(), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.ShiftModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(transcript.viewport(), event)
    assert tables.scrolled(table) == slider.value() == 120
    slider.setValue(slider.maximum())
    assert transcript.cursorRect(last).right() < transcript.viewport().width()
    picture, paper = transcript.viewport().grab().toImage(), transcript._theme.color("paper").name()
    y = transcript.cursorRect(last).center().y()
    assert {picture.pixelColor(x, y).name() for x in range(int(transcript.column.left) - 1)} == {paper}
    transcript.resize(1900, 420)
    QTest.qWait(1)
    theme_width = transcript.column.width
    assert tables.overflow(table, theme_width) == 0 or tables.scrolled(table) <= tables.overflow(
        table, theme_width
    )


def test_a_table_that_fits_is_left_to_its_words(transcript: Transcript) -> None:
    transcript.show_items([Item(1, True, "Go"), Item(2, False, _wide_table(3))])
    (table,) = tables.tables_of(transcript.document())
    assert tables.overflow(table, transcript.column.width) == 0
    assert not table.format().toTableFormat().columnWidthConstraints()


def test_a_table_of_very_many_columns_is_shown_as_it_was_written() -> None:
    block = parts(parse(_wide_table(60))[0])[0]
    assert block.kind is BlockKind.CODE
    assert block.text.startswith("| Column0 | Column1 |")


def test_rows_of_a_wide_table_stay_whole() -> None:
    cell = (Run("x"),)
    for part in parts(Block(BlockKind.TABLE, rows=((cell,) * 40,) * 9, aligns=("",) * 40)):
        assert all(len(row) == 40 for row in part.rows)
        assert len(part.rows) <= 2


# Painting


def test_what_is_painted_of_a_long_code_is_what_is_in_view(transcript: Transcript) -> None:
    transcript.show_items([Item(1, True, "Go"), Item(2, False, "```\n" + "x = 1\n" * 3000 + "```")])
    _settle(transcript)
    transcript.verticalScrollBar().setValue(20_000)
    block = transcript.cursorForPosition(QPoint(40, 100)).block()
    first, last = neighbours(block, 0x100000 + 3, transcript.column.in_view)
    assert last.blockNumber() - first.blockNumber() < 100
    work = Work()
    with work.counted():
        transcript.viewport().repaint()
    assert work.calls < 5000


# Attachments, and what is being written


@pytest.mark.parametrize(
    "text",
    ["A" * 300_000, WORDS * 3000, "short\nlines\n\n", "", "x" * 5000 + "\n" + "y" * 5000 + "\n", "\n" * 5000],
)
def test_a_field_has_long_lines_in_pieces_and_gives_them_back_whole(text: str) -> None:
    pieces = broken(text)
    assert max(map(len, pieces.split("\n"))) <= LONGEST + 10
    assert whole(pieces) == text


def test_an_attachment_of_one_run_is_shown_in_pieces_and_copied_whole(qtbot: QtBot, theme: Theme) -> None:
    text = "QUJD" * 30_000
    host = QPlainTextEdit()
    qtbot.addWidget(host)
    kept: list[str] = []
    for kind in (AttachmentKind.FILE, AttachmentKind.PASTE):
        page = AttachmentPage(theme, Attachment("a.txt", text, len(text), kind), host, kept.append)
        page.show()
        block = page.text.document().begin()
        while block.isValid():
            assert block.length() <= LONGEST + 10
            block = block.next()
        page.text.selectAll()
        page.text.copy()
        assert QGuiApplication.clipboard().text() == text
        page.text.moveCursor(QTextCursor.MoveOperation.End)
        page.text.insertPlainText("!")
        page.close()
    assert kept == [text + "!"]


def test_a_message_of_one_run_is_edited_whole(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["Yes."])
    text = "A" * 30_000
    window.chat.send(text)
    qtbot.waitUntil(lambda: not window.session.busy)
    window.chat.edit_last()
    assert window.composer.text == text
    block = window.composer.editor.document().begin()
    assert block.length() < LONGEST
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not window.session.busy)
    assert window.session.path[0].text == text


@pytest.mark.parametrize("most", range(60, 6000, 97))
def test_no_paragraph_is_lost_wherever_reading_is_given_up(most: int) -> None:
    text = "".join(f"para {n} *x* [a](b) [c](d)\n\n" for n in range(60))

    def read() -> ReplyReader:
        reader = ReplyReader()
        for at in range(0, len(text), 400):
            reader.append(text[at : at + 400])
        reader.append("", last=True)
        return reader

    task = Paced(read, most)
    while not task.done:
        task.run(25)
    said = " ".join("".join(run.text for run in block.runs) for block in task.result.blocks)
    assert [n for n in range(60) if f"para {n} " not in said] == []


def test_blanks_without_end_are_not_read_again_and_again() -> None:
    reader = ReplyReader()
    for _ in range(40):
        reader.append(" " * 2000)
        assert len(reader._parser._open) < 5000
    reader.append("\n\nThen *text*.", last=True)
    assert ["".join(run.text for run in block.runs) for block in reader.blocks] == ["Then text."]
