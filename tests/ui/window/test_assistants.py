"""Assistants and prompts in the window, with keys and mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tern.chat.presets import own_presets
from tern.chat.prompts import keep_prompt
from tern.engine.fake_engine import FakeEngine
from tern.settings import Settings
from tern.ui.window.assistants_page import AssistantsPage

from ..composing import exchange
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


def test_a_slash_offers_the_prompts_and_enter_puts_one_in(qtbot: QtBot, make_window: WindowMaker) -> None:
    settings = Settings()
    keep_prompt(settings, "Sailing", "Tell me about sailing: ")
    engine = FakeEngine(["Aye."])
    window = make_window(engine, settings=settings)
    editor, prompts = window.composer.editor, window.composer.prompts
    QTest.keyClicks(editor, "/")
    assert prompts.isVisible()
    assert prompts.list.item(0).text() == "Sailing", "one's own come first"
    assert window.rect().contains(prompts.geometry())
    QTest.keyClicks(editor, "s")
    QTest.keyClick(editor, Qt.Key.Key_Down)
    assert prompts.list.currentItem().text() == "Summarize"
    QTest.keyClick(editor, Qt.Key.Key_Up)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert window.composer.text == "Tell me about sailing: "
    assert not prompts.isVisible()
    exchange(qtbot, window, "knots")
    assert window.session.path[0].content == "Tell me about sailing: knots"
    # Escape closes it and nothing else, and a path is no prompt.
    QTest.keyClicks(editor, "/s")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert not prompts.isVisible()
    assert window.composer.text == "/s"
    QTest.keyClicks(editor, "rv/qqq")
    assert not prompts.isVisible()


def test_an_assistant_is_made_opens_a_chat_and_travels(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    engine = FakeEngine(["With butter."])
    settings = Settings()
    window = make_window(engine, settings=settings)
    qtbot.waitUntil(lambda: window.queue.info is not None)
    window.actions_["assistants"].trigger()
    page = window.findChild(AssistantsPage)
    save = page.findChild(QPushButton, "saveAssistant")
    qtbot.mouseClick(save, Qt.MouseButton.LeftButton)
    assert page.notice.message == "Give it a name first."
    QTest.keyClicks(page.name, "Cook")
    QTest.keyClicks(page.instructions, "You are a cook.")
    QTest.keyClicks(page.questions, "How do I fry an egg?")
    page.icon.setCurrentIndex(page.icon.findData("cooking-pot"))
    page.temperature.setValue(0.9)
    qtbot.mouseClick(save, Qt.MouseButton.LeftButton)
    (cook,) = own_presets(settings)
    assert (cook.name, cook.questions, cook.icon) == ("Cook", ("How do I fry an egg?",), "cooking-pot")
    assert list(cook.manner.sampling.values()) == [0.9]
    page.export(tmp_path / "mine.tern.json")
    qtbot.mouseClick(page.findChild(QPushButton, "deleteAssistant"), Qt.MouseButton.LeftButton)
    assert own_presets(settings) == ()
    page.import_(tmp_path / "mine.tern.json")
    assert own_presets(settings) == (cook,)
    (tmp_path / "other.json").write_text("{}")
    page.import_(tmp_path / "other.json")
    assert "holds no assistants" in page.notice.message
    qtbot.mouseClick(page.findChild(QPushButton, "talkToAssistant"), Qt.MouseButton.LeftButton)
    assert window.composer.preset_button.text() == "Cook"
    cards = [card for card in window.greeting.findChildren(QPushButton) if card.isVisible()]
    assert [card.text() for card in cards] == ["How do I fry an egg?"]
    qtbot.mouseClick(cards[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(engine.requests) == 1)
    assert [m.content for m in engine.requests[0].messages] == ["You are a cook.", "How do I fry an egg?"]
    assert engine.requests[0].sampling.temperature == 0.9
