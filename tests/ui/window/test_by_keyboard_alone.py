"""Everything that people do every day, done with keys alone: each key goes to whatever has the keyboard then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QWidget
from pytestqt.qtbot import QtBot

from tern import paths
from tern.chat.store import Store
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.types import EngineOptions
from tern.library import importing, shelf
from tern.settings import TEMPERATURE, Settings
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
Key = Qt.Key
_MOST_TABS = 60


@pytest.fixture
def second(tmp_path: Path) -> shelf.Installed:
    """A model beside the guide."""
    write_synthetic(tmp_path / "tiny.gguf", SHAPES["tiny"])
    return importing.take(tmp_path / "tiny.gguf", True, "tiny", "Tiny")


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def window(
    make_window: WindowMaker, theme: Theme, second: shelf.Installed, settings: Settings, qtbot: QtBot
) -> Iterator[MainWindow]:
    made = make_window(load=False, store=Store.in_memory(), settings=settings)
    host = ModelsController(made, theme, settings, lambda: None, lambda: EngineOptions(threads=1))
    host.open_first()
    yield made
    host.close()


def focused() -> QWidget:
    """What has the keyboard: always something, in view and with a name."""
    widget = QApplication.focusWidget()
    assert widget is not None, "nothing has the keyboard"
    assert widget.isVisible(), widget
    assert name_of(widget), widget
    return widget


def name_of(widget: QWidget) -> str:
    """What a screen reader calls it."""
    return str(QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name))


def press(key: Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(focused(), key, modifiers)


def write(text: str) -> None:
    for letter in text:
        QTest.keyClicks(focused(), letter)


def tab_to(name: str, key: Key = Key.Key_Tab) -> None:
    """Go on with Tab to the control of that accessible name; everything on the way has one."""
    visited: list[str] = []
    for _ in range(_MOST_TABS):
        if name_of(focused()) == name:
            return
        visited.append(name_of(focused()))
        QTest.keyClick(focused(), key)
    raise AssertionError(f"Tab does not come to {name!r}, only to {visited}")


def ask(qtbot: QtBot, window: MainWindow, text: str) -> None:
    write(text)
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: bool(window.session.path) and not window.session.busy)
    assert window.session.path[-1].content.strip()


def titles(window: MainWindow) -> list[str]:
    return [summary.title for summary in window.store.summaries()]


def answering(window: MainWindow, path: Path) -> Callable[[], bool]:
    return lambda: window.queue.info is not None and window.queue.info.path == path


def test_from_the_first_run_to_a_reply(qtbot: QtBot, window: MainWindow) -> None:
    assert focused() is window.composer.editor
    ask(qtbot, window, "What are you?")
    assert focused() is window.composer.editor, "ready for the next"


def test_a_model_is_switched_on_its_page_and_in_the_palette(
    qtbot: QtBot, window: MainWindow, second: shelf.Installed
) -> None:
    qtbot.waitUntil(answering(window, paths.guide_model()))
    press(Key.Key_M, CONTROL)
    tab_to("Chat with it: Tiny")
    press(Key.Key_Space)
    qtbot.waitUntil(answering(window, second.path))
    ask(qtbot, window, "Hello")
    press(Key.Key_K, CONTROL)
    write("guide")
    press(Key.Key_Return)
    qtbot.waitUntil(answering(window, paths.guide_model()))
    ask(qtbot, window, "What are you?")


def test_a_chat_is_deleted_and_comes_back(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "What are you?")
    press(Key.Key_N, CONTROL)
    ask(qtbot, window, "Why is ternary fast?")
    press(Key.Key_F, CONTROL | SHIFT)
    press(Key.Key_Down)
    assert isinstance(focused(), type(window.sidebar.list))
    press(Key.Key_Delete)
    assert len(titles(window)) == 1
    press(Key.Key_Z, CONTROL)
    assert len(titles(window)) == 2, "the last act is undone"

    press(Key.Key_F, CONTROL | SHIFT)
    press(Key.Key_Down)
    press(Key.Key_Delete)
    press(Key.Key_K, CONTROL)
    write("recently deleted")
    press(Key.Key_Return)
    assert isinstance(focused(), QListWidget)
    tab_to("Restore", Key.Key_Backtab)
    press(Key.Key_Space)
    assert sorted(titles(window)) == ["What are you?", "Why is ternary fast?"]
    press(Key.Key_Escape)
    assert focused() is window.composer.editor
    ask(qtbot, window, "What are you?")


def test_a_setting_is_changed(qtbot: QtBot, window: MainWindow, settings: Settings) -> None:
    write("half a ")
    press(Key.Key_Comma, CONTROL)
    write("temperature")
    tab_to("Temperature")
    press(Key.Key_Up)
    assert settings[TEMPERATURE] > TEMPERATURE.default
    press(Key.Key_Escape)
    assert focused() is window.composer.editor
    write("message")
    assert window.composer.text == "half a message"


def test_words_are_found_in_the_chat(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "What are you?")
    press(Key.Key_F, CONTROL)
    write("guide")
    press(Key.Key_Return)
    assert window.area.chat.transcript.extraSelections(), "the hits are marked"
    press(Key.Key_Escape)
    assert focused() is window.composer.editor
    assert not window.area.chat.transcript.extraSelections()


def test_the_chat_settings_and_what_explains_itself(qtbot: QtBot, window: MainWindow) -> None:
    for key, modifiers in ((Key.Key_P, CONTROL | SHIFT), (Key.Key_F1, NONE), (Key.Key_Comma, CONTROL)):
        press(key, modifiers)
        assert focused() is not window.composer.editor
        press(Key.Key_Escape)
        assert focused() is window.composer.editor, key
