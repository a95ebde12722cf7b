"""The transcript as a widget of its own: what it shows, and what a pointer and keys do in it."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from tern.ui.theme import Theme
from tern.ui.transcript import Transcript
from tern.ui.transcript_view import Item


def _shown(qtbot: QtBot, theme: Theme, *items: Item, before: bool = False) -> Transcript:
    """``before``: it is filled before it is shown, as at a start."""
    transcript = Transcript(theme)
    qtbot.addWidget(transcript)
    transcript.resize(700, 500)
    if before:
        transcript.show_items(items)
    with qtbot.waitExposed(transcript):
        transcript.show()
    if not before:
        transcript.show_items(items)
    return transcript


def test_a_conversation_shown_at_a_start_stands_as_one_shown_later(qtbot: QtBot, theme: Theme) -> None:
    items = Item(1, True, "Code, please"), Item(2, False, "word " * 3000)
    for before in (True, False):
        transcript = _shown(qtbot, theme, *items, before=before)
        bubble = transcript._messages[0].slot.start.block()
        qtbot.waitUntil(lambda bubble=bubble: bubble.layout().lineCount() == 1)
