"""Everything is in one window: sheets, the page of models, the panel. They close one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tern import paths
from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.store import Store
from tern.engine.types import EngineOptions
from tern.library.shelf import Installed
from tern.settings import FONT_SIZE, REDUCED_MOTION, Settings
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.models.template_page import TemplatePage
from tern.ui.shared.closables import Layer
from tern.ui.shared.sheet import Sheet
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController
from tern.ui.window.window_actions import CLOSE_KEY, keys, window_actions

from ..conftest import WindowMaker
from ..test_nothing_is_lost import filled

pytestmark = pytest.mark.slow

CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
LONG = " ".join(f"word{n}" for n in range(400))


def press(key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key as a person presses it: to whatever has the keyboard now."""
    focus = QApplication.focusWidget()
    assert focus is not None, "nothing has the keyboard"
    QTest.keyClick(focus, key, held)


def focus_name() -> str:
    focus = QApplication.focusWidget()
    return focus.objectName() if focus is not None else ""


@pytest.fixture
def window(make_window: WindowMaker) -> MainWindow:
    return make_window(replies=[LONG], token_seconds=0.01, store=filled("Other"))


@pytest.fixture
def host(window: MainWindow, theme: Theme, tmp_path: Path) -> Iterator[ModelsController]:
    paths.set_data_dir(tmp_path)
    made = ModelsController(window, theme, Settings(), lambda: None, EngineOptions)
    yield made
    made.close()
    paths.set_data_dir(None)


def sheets(window: MainWindow) -> list[Sheet]:
    return [sheet for sheet in window.findChildren(Sheet) if sheet.isVisible()]


def test_no_other_window_is_ever_opened(window: MainWindow, theme: Theme, host: ModelsController) -> None:
    for act in ("help", "about", "settings", "network", "reply_options", "models"):
        window.actions_[act].trigger()
        assert [top for top in QApplication.topLevelWidgets() if top.isVisible()] == [window], act
    extra = [
        AttachmentPage(theme, Attachment("notes.txt", "One line.", 9, AttachmentKind.PASTE), window),
        TemplatePage(
            theme, Installed("m", "M", Path("m.gguf"), 1, "", "", "", False), "{{ x }}", False, window
        ),
    ]
    for sheet in extra:
        sheet.show()
        assert sheets(window) == [sheet], "one at a time"
    assert [top for top in QApplication.topLevelWidgets() if top.isVisible()] == [window]


def test_escape_closes_one_thing_and_with_nothing_open_stops_the_reply(
    qtbot: QtBot, window: MainWindow, host: ModelsController
) -> None:
    window.chat.send("Count")
    window.resize(520, 600)  # narrow: the sidebar lies over the rest
    host.show_page()
    window.side_panel.toggle()
    window.show_help()
    assert sheets(window)
    press(Qt.Key.Key_Escape)
    assert not sheets(window)
    assert window.sidebar.isVisible()
    press(Qt.Key.Key_Escape)
    assert not window.sidebar.isVisible()
    assert window.area.page is host.page
    press(Qt.Key.Key_Escape)
    assert window.area.page is None
    assert window.session.busy, "it has closed things, and stopped nothing"
    press(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.session.busy)
    assert "word399" not in window.transcript.toPlainText()


def test_control_w_closes_the_same_and_with_nothing_open_the_window(
    window: MainWindow, host: ModelsController
) -> None:
    host.show_page()
    window.actions_["settings"].trigger()
    press(Qt.Key.Key_W, CONTROL)
    assert not sheets(window)
    press(Qt.Key.Key_W, CONTROL)
    assert window.area.page is None
    assert window.isVisible()
    press(Qt.Key.Key_W, CONTROL)
    assert not window.isVisible()


@pytest.mark.parametrize("act", ["help", "about", "settings", "network", "reply_options", "models"])
@pytest.mark.parametrize("where", ["composer", "sidebar-settings", "menuButton"])
@pytest.mark.usefixtures("host")
def test_the_keyboard_goes_back_to_where_it_was(window: MainWindow, act: str, where: str) -> None:
    window.findChild(QWidget, where).setFocus()
    window.actions_[act].trigger()
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus.objectName() != where, "it goes to what was opened"
    press(Qt.Key.Key_Escape)
    expected = (
        "composer" if act == "reply_options" else where
    )  # which is about the chat, and turns to it first
    assert focus_name() in (where, expected)


def test_tab_stays_in_the_sheet_and_typing_does_not_leave_it(window: MainWindow) -> None:
    window.show_about()
    (sheet,) = sheets(window)
    seen = set()
    for key in [Qt.Key.Key_Tab] * 6 + [Qt.Key.Key_Backtab] * 6:
        press(key)
        focus = QApplication.focusWidget()
        assert sheet.isAncestorOf(focus), focus
        seen.add(focus.objectName())
    assert seen >= {"licenceList", "licenceText", "sheetClose"}
    sheet.close_button.setFocus()
    press(Qt.Key.Key_A)
    assert window.composer.text == ""


def test_a_click_beside_a_sheet_closes_it_and_one_on_it_does_not(window: MainWindow) -> None:
    window.show_help()
    (sheet,) = sheets(window)
    QTest.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=sheet.surface.topLeft() + QPoint(20, 8))
    assert sheet.isVisible()
    QTest.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert not sheet.isVisible()


@pytest.mark.parametrize("size", [(480, 420), (1100, 760)])
@pytest.mark.parametrize("text_size", [15, int(FONT_SIZE.high or 0)])
def test_a_sheet_lies_within_the_window_and_scrolls_where_it_must(
    make_window: WindowMaker, size: tuple[int, int], text_size: int
) -> None:
    settings = Settings()
    settings[FONT_SIZE], settings[REDUCED_MOTION] = text_size, True
    window = make_window(settings=settings)
    window.settings_controller.apply()
    window.resize(*size)
    for act in ("help", "about", "settings", "network"):
        window.actions_[act].trigger()
        QApplication.processEvents()
        (sheet,) = sheets(window)
        assert sheet.geometry() == window.rect()
        assert sheet.rect().contains(sheet.surface), act
        middle = sheet.surface.center() - sheet.rect().center()
        assert middle.manhattanLength() <= 2, act
        assert not sheet.close_button.visibleRegion().isEmpty()
        body, seen = sheet.body, sheet.area.viewport()
        assert body.width() <= seen.width(), act
        assert body.height() <= seen.height() or sheet.area.verticalScrollBar().maximum() > 0, act


def test_a_sheet_rises_where_it_may(qtbot: QtBot, window: MainWindow, theme: Theme) -> None:
    theme.set_still(False)
    window.show_help()
    (sheet,) = sheets(window)
    assert sheet.rising
    begun = sheet.surface.top()
    qtbot.waitUntil(lambda: not sheet.rising)
    assert sheet.surface.top() < begun
    sheet.close()
    theme.set_still(True)
    window.show_help()
    assert not sheet.rising


def test_the_sheet_follows_the_window(window: MainWindow) -> None:
    window.show_help()
    (sheet,) = sheets(window)
    for size in ((700, 500), (480, 420), (1200, 800)):
        window.resize(*size)
        QApplication.processEvents()
        assert sheet.geometry() == window.rect()
        assert sheet.rect().contains(sheet.surface)


def test_back_from_the_models_by_button_and_key(window: MainWindow, host: ModelsController) -> None:
    back = window.findChild(QToolButton, "backButton")
    assert not window.actions_["back"].isEnabled()
    host.show_page()
    assert window.sidebar.isVisible()
    assert not window.header.isVisible()
    assert back.isVisible()
    QTest.mouseClick(back, Qt.MouseButton.LeftButton)
    assert window.area.page is None
    assert window.header.isVisible()
    assert focus_name() == "composer"
    host.show_page()
    press(Qt.Key.Key_Left, ALT)
    assert window.area.page is None
    host.show_page()
    field = window.findChild(QLineEdit, "repositoryField")
    field.setFocus()
    press(Qt.Key.Key_Left, ALT)
    assert window.area.page is host.page, "in a text the key may be the text's"


@pytest.mark.usefixtures("host")
def test_choosing_a_chat_or_a_new_one_leaves_the_page(window: MainWindow) -> None:
    models = window.actions_["models"]
    first = window.store.summaries()[0].id
    leaving = (
        lambda: window.sidebar.chosen.emit(first, None),
        lambda: window.sidebar.chosen.emit(first, None),  # it is on show already
        lambda: press(Qt.Key.Key_N, CONTROL),
        lambda: press(Qt.Key.Key_L, CONTROL),
    )
    for leave in leaving:
        models.trigger()
        assert window.area.page is not None
        leave()
        assert window.area.page is None
        assert focus_name() == "composer"


def test_typing_on_the_page_goes_back_to_the_chat(window: MainWindow, host: ModelsController) -> None:
    host.show_page()
    for letter in "What?":
        press_text(letter)
    assert window.area.page is None
    assert window.composer.text == "What?"


def press_text(letter: str) -> None:
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClicks(focus, letter)


def test_what_is_said_while_a_page_is_open_is_seen(window: MainWindow, host: ModelsController) -> None:
    host.show_page()
    window.show_error("The disk is full.")
    assert window.notice.isVisible()
    assert not window.notice.visibleRegion().isEmpty()
    press(Qt.Key.Key_Escape)
    assert window.notice.isVisible()
    assert window.area.chat.isAncestorOf(window.notice)


def test_an_action_of_the_window_closes_the_sheet_first(window: MainWindow) -> None:
    window.actions_["settings"].trigger()
    press(Qt.Key.Key_K, CONTROL)
    assert not sheets(window)
    assert window.palette_.isVisible()
    press(Qt.Key.Key_Escape)
    assert focus_name() == "composer"


@pytest.mark.usefixtures("host")
def test_a_reply_that_ends_leaves_the_keyboard_where_it_is_used(qtbot: QtBot, window: MainWindow) -> None:
    window.chat.send("Count")
    window.actions_["settings"].trigger()
    QTest.keyClicks(QApplication.focusWidget(), "net")
    window.chat.stop()
    qtbot.waitUntil(lambda: not window.session.busy)
    assert focus_name() == "settingsSearch"


def test_the_panel_stands_beside_the_chat_or_over_it(window: MainWindow) -> None:
    panel, chat = window.area.panel, window.area.chat
    window.actions_["reply_options"].trigger()
    assert panel.isVisible()
    assert not panel.geometry().intersects(chat.geometry())
    assert panel.geometry().right() == window.area.beside.rect().right()
    window.actions_["reply_options"].trigger()  # its key again
    assert not panel.isVisible()
    assert focus_name() == "composer"
    window.resize(480, 420)
    window.actions_["reply_options"].trigger()
    assert panel.isVisible()
    assert chat.width() == window.area.beside.width(), "it keeps its place"
    assert panel.geometry().intersects(chat.geometry())
    QTest.mouseClick(panel.findChild(QToolButton, "panelClose"), Qt.MouseButton.LeftButton)
    assert not panel.isVisible()
    assert not window.closables.has(Layer.PANEL)
    window.actions_["reply_options"].trigger()
    window.conversations.new()
    assert not panel.isVisible(), "it was about another chat"


def test_the_rare_options_of_a_chat_are_folded(window: MainWindow) -> None:
    window.actions_["reply_options"].trigger()
    page = window.settings_controller.reply_options
    assert page is not None
    shown = {row.setting.key for row in page.rows if row.isVisible()}
    assert shown == {"system_prompt", "sampling.temperature", "max_tokens"}
    more = page.findChild(QPushButton, "moreOptions")
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    assert all(row.isVisible() for row in page.rows)


@pytest.mark.parametrize("mac", [False, True])
def test_no_key_is_given_twice_or_taken_from_the_system(mac: bool) -> None:
    found = keys(mac)
    given = [key for each in found.values() for key in each]
    assert len(set(given)) == len(given)
    assert CLOSE_KEY not in given
    assert all(QKeySequence(key).count() == 1 for key in given)
    assert [found[name][0] for name in ("close", "settings", "quit")] == ["Ctrl+W", "Ctrl+,", "Ctrl+Q"]
    assert found["back"] == (("Ctrl+[",) if mac else ("Alt+Left",))
    of_the_system = {
        "Ctrl+M",
        "Ctrl+H",
        "Ctrl+Alt+H",
        "Ctrl+Alt+M",
        "F11",
        "Ctrl+Space",
        "Ctrl+Tab",
        "Ctrl+`",
    }
    if mac:
        assert not of_the_system & set(given)


@pytest.mark.parametrize("mac", [False, True])
def test_every_key_of_the_table_is_its_actions(qtbot: QtBot, mac: bool) -> None:
    owner = QWidget()
    qtbot.addWidget(owner)
    actions = window_actions(owner, mac)
    for name, each in keys(mac).items():
        assert actions[name].shortcuts() == [QKeySequence(key) for key in each], name


def test_nothing_is_written_where_the_window_closes_under_a_sheet(
    make_window: WindowMaker, tmp_path: Path
) -> None:
    store = Store.open(tmp_path)
    window = make_window(store=store)
    window.actions_["settings"].trigger()
    window.close()
    assert not sheets(window)
    store.close()
