"""The composer is the home of the keyboard: what is typed is written there unless another field was chosen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QTextBrowser, QWidget
from pytestqt.qtbot import QtBot

from tern import paths
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import EngineOptions
from tern.settings import FONT_SIZE, Settings
from tern.ui.style.theme import Theme
from tern.ui.window.models_controller import ModelsController

from .composing import CONTROL, exchange
from .conftest import WindowMaker

pytestmark = pytest.mark.slow


def typed(text: str) -> None:
    """Keys as a person presses them: to whatever has the keyboard now."""
    for letter in text:
        focus = QApplication.focusWidget()
        assert focus is not None, "nothing has the keyboard"
        QTest.keyClicks(focus, letter)


def test_after_the_palette_is_left_the_keys_go_where_they_went_before(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window()
    typed("before ")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_K, CONTROL)
    qtbot.waitUntil(window.palette_.isVisible)
    typed("sett")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not window.palette_.isVisible()
    typed("after")
    assert window.composer.text == "before after"


def test_after_an_action_of_the_palette_too(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["A reply."])
    exchange(qtbot, window, "One")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_K, CONTROL)
    qtbot.waitUntil(window.palette_.isVisible)
    typed("Copy last")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert QApplication.clipboard().text() == "A reply."
    typed("thanks")
    assert window.composer.text == "thanks"
    assert window.sidebar.query == ""


def test_a_search_that_the_palette_opens_keeps_the_keyboard(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_K, CONTROL)
    qtbot.waitUntil(window.palette_.isVisible)
    typed("Search all")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    typed("words")
    assert (window.sidebar.query, window.composer.text) == ("words", "")


def test_typing_after_a_click_on_a_reply_writes(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["A reply."])
    exchange(qtbot, window, "One")
    view = window.findChild(QTextBrowser, "transcript")
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    assert QApplication.focusWidget() is not window.composer.editor
    typed("More, please")
    assert window.composer.text == "More, please"


def test_shortcuts_and_the_space_of_a_button_are_not_writing(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    button = window.composer.attach_button
    pressed: list[bool] = []
    button.clicked.disconnect()
    button.clicked.connect(lambda: pressed.append(True))
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    QTest.keyClick(button, Qt.Key.Key_J, CONTROL)
    assert pressed == [True]
    assert window.composer.text == ""


def test_what_is_composed_is_not_drawn_over_the_invitation(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    editor = window.composer.editor
    assert editor.placeholderText()
    QApplication.sendEvent(editor, QInputMethodEvent("にほん", []))
    assert editor.placeholderText() == ""
    QApplication.sendEvent(editor, QInputMethodEvent("", []))
    assert editor.placeholderText(), "given up again"
    QApplication.sendEvent(editor, QInputMethodEvent("に", []))
    done = QInputMethodEvent("", [])
    done.setCommitString("日本")
    QApplication.sendEvent(editor, done)
    assert window.composer.text == "日本"


@pytest.fixture
def host(make_window: WindowMaker, theme: Theme, tmp_path: Path) -> Iterator[ModelsController]:
    window = make_window(FakeEngine())
    host = ModelsController(window, theme, Settings(), lambda: None, EngineOptions)
    yield host
    host.close()


def test_the_page_of_models_never_gives_the_keyboard_to_the_hub_by_itself(
    qtbot: QtBot, host: ModelsController
) -> None:
    host.show_page()
    page = host.page
    assert page is not None
    page.set_current(Path("another.gguf"))  # so that the guide can be chosen
    field = page.findChild(QLineEdit, "repositoryField")
    typed("What are you?")
    assert host._window.composer.text == "What are you?", "it goes back to the chat"
    host.show_page()
    page.findChild(QPushButton, "useGuideButton").setFocus()
    page.reload()  # as when a download has ended
    assert QApplication.focusWidget().objectName() == "useGuideButton"
    assert QApplication.focusWidget().isVisible()
    typed("What are you?")
    page.set_current(paths.guide_model())  # and its card has no such button any more
    typed("What are you?")
    assert field.text() == ""
    host.show_page()
    field.setFocus()
    page.reload()
    typed("bitnet")
    assert field.text() == "bitnet", "whoever writes there is not interrupted"


def test_a_model_chosen_to_chat_with_gets_the_next_words(qtbot: QtBot, host: ModelsController) -> None:
    host.show_page()
    page = host.page
    assert page is not None
    page.set_current(Path("another.gguf"))
    qtbot.mouseClick(page.findChild(QPushButton, "useGuideButton"), Qt.MouseButton.LeftButton)
    typed("What are you?")
    assert host._window.composer.text == "What are you?"
    assert page.findChild(QLineEdit, "repositoryField").text() == ""


def test_a_click_beside_the_palette_closes_it_and_typing_goes_on(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window()
    typed("before ")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_K, CONTROL)
    qtbot.waitUntil(window.palette_.isVisible)
    veil = window.childAt(QPoint(20, window.height() - 60))
    assert veil is window.palette_._veil, "what lies under it is dimmed and takes no click"
    assert veil.rect().size() == window.centralWidget().size()
    window.resize(900, 600)
    assert veil.rect().size() == window.centralWidget().size()
    QTest.mouseClick(veil, Qt.MouseButton.LeftButton, pos=QPoint(20, 500))
    assert not window.palette_.isVisible()
    assert not veil.isVisible()
    typed("after")
    assert window.composer.text == "before after"


def test_a_setting_is_opened_and_a_preset_and_a_chat_are_chosen_from_the_palette(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window()
    exchange(qtbot, window, "About trains")

    def choose(words: str) -> None:
        QTest.keyClick(window.composer.editor, Qt.Key.Key_K, CONTROL)
        qtbot.waitUntil(window.palette_.isVisible)
        typed(words)
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)

    choose("translator")
    assert window.session.manner.system is not None
    assert "Translate" in window.session.manner.system
    QTest.keyClick(window.composer.editor, Qt.Key.Key_N, CONTROL)
    assert window.session.conversation is None
    choose("trains")
    assert "About trains" in window.transcript.toPlainText()
    choose("font")
    page = window.settings_controller.page
    assert page is not None
    qtbot.waitUntil(lambda: page.findChild(QWidget, "setting-font_size").hasFocus())


def test_the_text_grows_and_shrinks_within_its_bounds_and_is_saved(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme
) -> None:
    settings = Settings()
    window = make_window(settings=settings)
    saved: list[int] = []
    window.settings_controller.save = lambda: saved.append(settings[FONT_SIZE])
    editor = window.composer.editor
    QTest.keyClick(editor, Qt.Key.Key_Plus, CONTROL)
    QTest.keyClick(editor, Qt.Key.Key_Equal, CONTROL)
    assert saved == [16, 18]
    assert theme.scale == 18 / 15
    QTest.keyClick(editor, Qt.Key.Key_0, CONTROL)
    QTest.keyClick(editor, Qt.Key.Key_Minus, CONTROL)
    assert saved == [16, 18, 15, 14]
    for _ in range(30):
        QTest.keyClick(editor, Qt.Key.Key_Minus, CONTROL)
    assert settings[FONT_SIZE] == FONT_SIZE.low
    for _ in range(30):
        QTest.keyClick(editor, Qt.Key.Key_Plus, CONTROL)
    assert settings[FONT_SIZE] == FONT_SIZE.high
    assert window.composer.text == ""


def test_space_and_enter_stay_with_buttons_and_lists(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    exchange(qtbot, window, "About trains")
    pressed: list[bool] = []
    button = window.composer.attach_button
    button.clicked.disconnect()
    button.clicked.connect(lambda: pressed.append(True))
    button.setFocus()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
        QTest.keyClick(button, key)
    assert len(pressed) == 3
    assert QApplication.focusWidget() is button
    window.sidebar.list.setFocus()
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_Space)
    assert QApplication.focusWidget() is window.sidebar.list
    assert window.composer.text == ""
    button.setFocus()
    typed("x")
    assert window.composer.text == "x"
