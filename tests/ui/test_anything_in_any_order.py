"""Everything a person can do, in any order and at any moment of a reply: nothing raises, and in the end the window
shows what the store holds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tern.chat.session import Session
from tern.chat.store import Store
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Chunk, PrefillProgress, Request, StopFlag
from tern.errors import UserError
from tern.ui.style.theme import Mode, Theme
from tern.ui.window.main_window import MainWindow
from ui.sidebar.test_sidebar import rows

from .composing import CONTROL, shown_text
from .conftest import WindowMaker
from .samples import EVERYTHING

pytestmark = pytest.mark.slow

REPLIES = ("Short.", "word " * 150, EVERYTHING, "The mean is $$\n\\frac{a}{b}\n$$\nof " + "words " * 40, "")
SIZES = ((1100, 760), (800, 500), (480, 420), (700, 900))
STEPS = 60


class Moody(FakeEngine):
    """Now fast, now slow; now and then it fails."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(context_size=chance.choice([400, 4096]))
        self._chance = chance

    def generate(
        self,
        request: Request,
        should_stop: StopFlag = lambda: False,
        on_prefill: PrefillProgress = lambda done, total: None,
    ) -> Iterator[Chunk]:
        self._replies = [f"{self._chance.choice(REPLIES)}{self._chance.random()}"]
        self._token_seconds = self._chance.choice([0, 0, 0.0005, 0.002])
        self._error = UserError("The memory ran out.") if self._chance.random() < 0.08 else None
        self._error_after = self._chance.randint(0, 20)
        yield from super().generate(request, should_stop, on_prefill)


def _acts(
    qtbot: QtBot, window: MainWindow, theme: Theme, chance: random.Random
) -> list[Callable[[], object]]:
    editor, store, transcript = window.composer.editor, window.store, window.transcript

    def say() -> None:
        editor.setPlainText(chance.choice(["hi", "long question " * 30, "multi\nline"]))
        QTest.keyClick(editor, Qt.Key.Key_Return)

    def with_a_message(act: Callable[[int], object]) -> None:
        if window.session.path and not window.session.busy:
            act(chance.choice(window.session.path).id)

    def edit(number: int) -> None:
        if next(entry for entry in window.session.path if entry.id == number).role == "user":
            transcript.edit_requested.emit(number)
            editor.insertPlainText(" indeed")

    def go_on() -> None:
        if window.session.path and window.session.path[-1].unfinished and not window.session.busy:
            transcript.continue_requested.emit()

    def with_a_conversation(act: Callable[[int], object]) -> None:
        if found := store.summaries():
            act(chance.choice(found).id)

    def take_the_offer() -> None:
        button = window.findChild(QPushButton, "noticeButton")
        if button.isVisible() and button.text() in ("Undo", "Try again", "Cancel"):
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def search() -> None:
        window.sidebar.search.setText(chance.choice(["wor", "hi", "quesiton", "zzz", ""]))

    def scroll() -> None:
        bar = transcript.verticalScrollBar()
        bar.setValue(chance.randint(0, max(0, bar.maximum())))

    return [
        say, say, say, go_on, take_the_offer, search, scroll, window.conversations.new, window.conversations.list_all,
        lambda: QTest.keyClick(editor, Qt.Key.Key_R, CONTROL), lambda: QTest.keyClick(editor, Qt.Key.Key_Up),
        lambda: QTest.keyClick(editor, Qt.Key.Key_Escape), lambda: QTest.keyClick(editor, Qt.Key.Key_Return),
        lambda: with_a_message(edit), lambda: with_a_message(transcript.delete_requested.emit),
        lambda: with_a_message(lambda n: transcript.branch_requested.emit(n, chance.choice([-1, 1]))),
        lambda: with_a_message(lambda n: transcript.reveal(n, ["word"])),
        lambda: with_a_conversation(window.conversations.show), lambda: with_a_conversation(window.conversations.show),
        lambda: with_a_conversation(window.conversations.delete), window.conversations.deletions.undo,
        lambda: window.conversations.delete([one.id for one in store.summaries()[:3]]),
        window.conversations.new_private, window.conversations.show_private, window.conversations.end_private,
        lambda: with_a_conversation(lambda n: window.conversations.pin(n, True)),
        lambda: with_a_conversation(lambda n: window.conversations.rename(n, f"Title {chance.random()}")),
        lambda: theme.set_mode(chance.choice([Mode.LIGHT, Mode.DARK])),
        lambda: theme.set_scale(chance.choice([1, 1.3])),
        lambda: window.resize(*chance.choice(SIZES)), lambda: editor.long_text_given.emit("pasted\n" * 40),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_anything_in_any_order(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    store = Store.open(tmp_path)
    window = make_window(Moody(chance), store=store)
    qtbot.waitUntil(lambda: window.queue.info is not None)
    acts = _acts(qtbot, window, theme, chance)
    for _ in range(STEPS):
        chance.choice(acts)()
        assert window.composer.stop_button.isVisible() == window.session.busy
        if chance.random() < 0.6:
            qtbot.wait(chance.choice([0, 1, 5, 20]))
    window.conversations.end_private()
    window.conversations.end_private()  # asked for twice, it is done
    qtbot.waitUntil(lambda: not window.queue.busy)
    for summary in store.summaries():
        window.conversations.show(summary.id)
        kept = Session(store, summary.id).path
        assert [(e.id, e.content, e.state) for e in window.session.path] == [
            (e.id, e.content, e.state) for e in kept
        ]
        assert [shown.item.key for shown in window.transcript.messages] == [entry.id for entry in kept]
        shown, dropped = shown_text(window), window.transcript.dropped
        window.transcript._rebuild()
        assert (shown_text(window), dropped) == (shown, window.session.dropped)
    window.sidebar.search.clear()
    window.sidebar.show_all()
    listed = [row for row in rows(window) if not row.startswith("[")]
    assert listed == [summary.title for summary in store.summaries()]
    window.close()
    store.close()
