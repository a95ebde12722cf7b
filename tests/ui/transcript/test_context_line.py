"""The messages that the model no longer sees: dimmed and readable, with a line of text under them."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAccessible, QTextBlock

from tern.ui.style.theme import Theme
from tern.ui.transcript.formats import CONTEXT_LINE, DIMMED
from tern.ui.transcript.items import Item
from tern.ui.transcript.transcript import Transcript

from ..samples import EVERYTHING

LINE = "The model can't see messages above this line."


def _transcript(theme: Theme, turns: int = 4) -> Transcript:
    transcript = Transcript(theme)
    transcript.resize(700, 500)
    items = []
    for number in range(turns):
        items.append(Item(2 * number + 1, True, f"Question {number}"))
        items.append(Item(2 * number + 2, False, f"Reply {number}\n\n{EVERYTHING}", "note"))
    transcript.show_items(items)
    return transcript


def _blocks(transcript: Transcript) -> list[QTextBlock]:
    block, out = transcript.document().begin(), []
    while block.isValid():
        out.append(block)
        block = block.next()
    return out


def _looks(transcript: Transcript) -> list[tuple[str, bool, list[str], float]]:
    return [
        (
            block.text(),
            block.blockFormat().hasProperty(DIMMED),
            [f.fragment().charFormat().foreground().color().name() for f in block],
            block.blockFormat().topMargin(),
        )
        for block in _blocks(transcript)
    ]


@pytest.mark.parametrize("steps", [[2], [2, 4], [2, 4, 6], [6, 2], [4, 0, 2], [99]])
def test_however_it_came_to_be_the_same_messages_are_dimmed(theme: Theme, steps: list[int]) -> None:
    transcript, other = _transcript(theme), _transcript(theme)
    for count in steps:
        transcript.set_dropped(count)
    other.set_dropped(steps[-1])
    other._rebuild()
    assert _looks(transcript) == _looks(other)
    lines = [block for block in _blocks(transcript) if block.blockFormat().hasProperty(CONTEXT_LINE)]
    assert [block.text() for block in lines] == [LINE]
    text = transcript.toPlainText()
    dropped = min(steps[-1], 8) // 2
    above, below = text.split(LINE)
    assert (above.count("Question"), below.count("Question")) == (dropped, 4 - dropped)
    quiet = theme.color("quiet").name()
    for block in _blocks(transcript):
        dimmed = block.blockFormat().hasProperty(DIMMED)
        assert dimmed == (0 < block.position() < lines[0].position())
        if dimmed:
            colors = {f.fragment().charFormat().foreground().color().name() for f in block}
            assert colors <= {quiet}  # AA on paper and on surfaces (test_theme)
            assert all(not f.fragment().charFormat().background().isOpaque() for f in block)
            assert not block.layout().formats()


def test_messages_stay_where_their_slots_say(theme: Theme) -> None:
    transcript = _transcript(theme)
    for count in (2, 4, 6):
        transcript.set_dropped(count)
        for shown in transcript.messages:
            word = "Question" if shown.user else "Reply"
            assert shown.slot.start.block().text().startswith(word)
            if shown.slot.note is not None:
                assert shown.slot.note.block().text() == "note"


def test_nothing_left_out_means_no_line_and_another_conversation_begins_without(theme: Theme) -> None:
    transcript = _transcript(theme)
    transcript.set_dropped(2)
    transcript.set_dropped(0)
    assert LINE not in transcript.toPlainText()
    transcript.set_dropped(4)
    transcript.show_items([Item(1, True, "Another"), Item(2, False, "One")])
    assert LINE not in transcript.toPlainText()


def test_what_is_being_read_does_not_move_when_the_line_comes(theme: Theme) -> None:
    transcript = _transcript(theme)
    transcript.show()
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    top = transcript.cursorForPosition(transcript.rect().topLeft())
    stood = transcript.cursorRect(top).top()
    transcript.set_dropped(2)
    assert abs(transcript.cursorRect(top).top() - stood) <= 1
    transcript.close()


def test_a_screen_reader_meets_the_line_and_copying_leaves_it_out(theme: Theme) -> None:
    transcript = _transcript(theme)
    transcript.set_dropped(2)
    interface = QAccessible.queryAccessibleInterface(transcript)
    text = interface.textInterface()
    assert LINE in text.text(0, text.characterCount())
    transcript.selectAll()
    assert LINE not in transcript.createMimeDataFromSelection().text()
