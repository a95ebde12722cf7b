"""The title above the conversation is edited where it stands."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from tern.ui.window.main_window import MainWindow

from ..composing import CONTROL, exchange, idle, say
from ..conftest import WindowMaker


def _parts(window: MainWindow) -> tuple[QPushButton, QLineEdit]:
    return window.header.findChild(QPushButton, "chatTitle"), window.header.findChild(
        QLineEdit, "chatTitleField"
    )


def _title(window: MainWindow) -> str:
    assert window.session.conversation is not None
    return window.store.summary(window.session.conversation).title


def test_a_click_edits_enter_saves_and_the_keyboard_goes_back(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    exchange(qtbot, window, "About trains")
    button, field = _parts(window)
    place = button.mapTo(window, button.rect().topLeft())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert QApplication.focusWidget() is field
    assert field.selectedText() == "About trains"
    assert field.mapTo(window, field.rect().topLeft()) == place, "in the same place"
    QTest.keyClicks(field, "Trains & stations")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert _title(window) == "Trains & stations"
    assert button.isVisible()
    assert button.accessibleName() == "Trains & stations"
    assert button.text() == "Trains && stations"


def test_f2_edits_and_escape_reverts_without_stopping_a_reply(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["word " * 400], token_seconds=0.01)
    say(window, "Go")
    _button, field = _parts(window)
    QTest.keyClicks(window.composer.editor, "half")
    QTest.keyClick(window.composer.editor, Qt.Key.Key_F2)
    QTest.keyClicks(field, "Never mind")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert _title(window) == "Go"
    assert window.session.busy
    assert QApplication.focusWidget() is window.composer.editor
    QTest.keyClick(window.composer.editor, Qt.Key.Key_F2)
    QTest.keyClicks(field, "Kept")
    window.chat.stop()
    qtbot.waitUntil(lambda: idle(window))
    assert field.isVisible(), "a reply that ends interrupts nobody"
    window.composer.editor.setFocus()
    assert _title(window) == "Kept", "who goes elsewhere means what is written"
    assert window.composer.text == "half"


def test_f2_in_the_list_edits_there_and_a_new_chat_has_no_title_yet(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window()
    button, field = _parts(window)
    assert not button.isEnabled()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_F2)
    assert not field.isVisible()
    exchange(qtbot, window, "About trains")
    window.sidebar.list.setFocus()
    window.sidebar.list.setCurrentIndex(window.sidebar.list.model().index(1, 0))
    QTest.keyClick(window.sidebar.list, Qt.Key.Key_F2)
    assert not field.isVisible()
    assert window.sidebar.list.is_editing
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_N, CONTROL)
    assert not button.isEnabled()
