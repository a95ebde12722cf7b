"""The notification area and the menus: off and out of sight until they are wanted, and then all there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QMenu, QSystemTrayIcon, QToolButton
from pytestqt.qtbot import QtBot

from tern.settings import TRAY, Settings
from tern.ui.window.main_window import MainWindow

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


def _act(window: MainWindow, name: str) -> QAction:
    (menu,) = [m for m in window.findChildren(QMenu) if m.findChild(QAction, "trayShow")]
    return next(a for a in menu.actions() if name in (a.objectName(), a.text()))


def test_without_the_setting_there_is_no_icon_and_closing_ends(make_window: WindowMaker) -> None:
    window = make_window()
    window.settings_controller.apply()
    assert not window.tray.shown
    assert QApplication.quitOnLastWindowClosed()
    window.close()
    assert not window.isVisible()
    assert window.queue._worker._thread is None or not window.queue._worker._thread.is_alive()


def test_where_the_system_has_no_such_area_the_setting_says_so(make_window: WindowMaker) -> None:
    assert not QSystemTrayIcon.isSystemTrayAvailable(), "the offscreen platform has none"
    settings = Settings()
    settings[TRAY] = True  # set on another computer
    window = make_window(settings=settings)
    window.settings_controller.apply()
    assert not window.tray.shown
    window.settings_controller.show_page()
    box = window.settings_controller.page.findChild(QCheckBox, f"setting-{TRAY.key}")
    assert not box.isEnabled()
    texts = [label.text() for label in box.parentWidget().findChildren(QLabel)]
    assert any("no notification area" in text for text in texts)


@pytest.mark.qt_log_ignore(
    "systemTrayWindowChanged", extend=True
)  # the offscreen platform has no such window
def test_closing_hides_and_quit_ends(
    qtbot: QtBot, make_window: WindowMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    window = make_window(replies=["It goes on."], token_seconds=0.02)
    window.settings_controller.show_page()
    box = window.settings_controller.page.findChild(QCheckBox, f"setting-{TRAY.key}")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Space)
    window.settings_controller.page.close()
    assert window.tray.shown
    window.chat.send("Are you there?")
    window.close()
    assert not window.isVisible()
    assert not QApplication.quitOnLastWindowClosed()
    qtbot.waitUntil(lambda: not window.queue.busy)  # the reply was written on
    assert window.transcript.last_reply() == "It goes on."

    _act(window, "trayShow").trigger()
    assert window.isVisible()
    _act(window, "trayShow").trigger()
    assert not window.isVisible()
    _act(window, "New chat").trigger()
    assert window.isVisible()
    assert window.session.conversation is None

    window.close()
    window.come_up()  # Tern was launched once more
    assert window.isVisible()
    window.close()
    window.actions_["quit"].trigger()
    assert not window.isVisible()
    assert not window.tray.shown
    assert QApplication.quitOnLastWindowClosed()


def test_every_action_is_in_a_menu_with_its_role(make_window: WindowMaker) -> None:
    window = make_window()
    listed = [action for menu in window.menus.findChildren(QMenu) for action in menu.actions()]
    names = [action.objectName() for action in listed if not (action.isSeparator() or action.menu())]
    assert sorted(names) == sorted(a.objectName() for a in window.actions_.all())
    roles = {action.objectName(): action.menuRole() for action in listed}
    assert roles["settings"] is QAction.MenuRole.PreferencesRole
    assert roles["about"] is QAction.MenuRole.AboutRole
    assert roles["quit"] is QAction.MenuRole.QuitRole
    assert roles["new"] is QAction.MenuRole.NoRole
    assert all(menu.title().startswith("&") for menu in window.menus.findChildren(QMenu))


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ("Ctrl+K", "palette"), ("Ctrl+N", "new"), ("Ctrl+F", "find"), ("Ctrl+Shift+F", "search"),
        ("Ctrl+,", "settings"), ("F2", "rename"), ("Ctrl++", "larger"), ("Ctrl+-", "smaller"),
        ("Ctrl+0", "default_size"),
        ("Ctrl+L", "focus"), ("Ctrl+Shift+C", "copy"), ("Ctrl+R", "regenerate"), ("F1", "help"),
        ("Ctrl+\\", "sidebar"), ("Ctrl+Q", "quit"), ("F10", "menus"), ("Ctrl+W", "close"), ("Alt+Left", "back"),
    ],
)  # fmt: skip
def test_the_documented_keys(make_window: WindowMaker, keys: str, name: str) -> None:
    assert make_window(load=False).actions_[name].shortcut() == QKeySequence(keys)


def test_no_two_actions_share_a_key(make_window: WindowMaker) -> None:
    keys = [
        a.shortcut().toString() for a in make_window(load=False).actions_.all() if not a.shortcut().isEmpty()
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_f10_shows_the_menus_and_leaving_them_hides_them(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    assert not window.menus.isVisible()
    QTest.keyClick(window.composer.editor, Qt.Key.Key_F10)
    assert window.menus.isVisible()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert "New chat" in [action.text() for action in menu.actions()]
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None)
    if window.menus.isVisible():
        QTest.keyClick(window.menus, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.menus.isVisible())


def test_the_palette_finds_every_action(make_window: WindowMaker) -> None:
    window = make_window()
    window.show_palette()
    shown = {command.text for command in window.palette_._commands}
    enabled = {a.text() for a in window.actions_.all() if a.isEnabled() and a.objectName() != "palette"}
    enabled |= {f"Appearance: {name}" for name in ("Like the system", "Light", "Dark")}
    assert enabled <= shown


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_no_menu_leaves_room_for_icons_that_it_does_not_show(make_window: WindowMaker) -> None:
    window = make_window()
    menus = [*window.menus.findChildren(QMenu), *window.header.findChildren(QMenu)]
    actions = {action for menu in menus for action in menu.actions()}
    assert len(actions) > 20
    assert not [action.text() for action in actions if not action.icon().isNull()]
    for name in ("newChatButton", "sidebarButton", "sidebar-settings", "sidebar-new"):
        button = window.findChild(QToolButton, name)
        button.defaultAction().setEnabled(False)
        assert not button.icon().isNull(), name
        button.defaultAction().setEnabled(True)
