"""The same as with keys alone, by what a screen reader has: the tree of accessible objects, their names, roles, texts
and actions. Nothing else of the window is touched.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleInterface
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tern import paths
from tern.library import shelf
from tern.ui.window.main_window import MainWindow

from .test_by_keyboard_alone import answering, second, settings, titles, window

__all__ = ["second", "settings", "window"]  # fixtures

pytestmark = pytest.mark.slow

Role = QAccessible.Role


def _walk(interface: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield interface
    for index in range(interface.childCount()):
        child = interface.child(index)
        if child is not None and child.isValid() and (not child.state().invisible or _in_menu(child)):
            yield from _walk(child)


def _in_menu(interface: QAccessibleInterface) -> bool:
    return interface.role() == Role.MenuItem


def names(top: QWidget, role: QAccessible.Role) -> list[str]:
    """Of all that is in view and has this role."""
    root = QAccessible.queryAccessibleInterface(top)
    return [each.text(QAccessible.Text.Name) for each in _walk(root) if each.role() == role]


def find(top: QWidget, role: QAccessible.Role, name: str) -> QAccessibleInterface:
    root = QAccessible.queryAccessibleInterface(top)
    for each in _walk(root):
        if each.role() == role and each.text(QAccessible.Text.Name) == name and not each.state().disabled:
            return each
    raise AssertionError(f"no {role} {name!r}, only {names(top, role)}")


def press(top: QWidget, name: str, role: QAccessible.Role = Role.Button) -> None:
    actions = find(top, role, name).actionInterface()
    assert QAccessibleActionInterface.pressAction() in actions.actionNames(), (name, actions.actionNames())
    actions.doAction(QAccessibleActionInterface.pressAction())


def choose(top: QWidget, menu: str, entry: str) -> None:
    """One of the entries of a button's menu."""
    button = find(top, Role.ButtonMenu, menu)
    assert QAccessibleActionInterface.showMenuAction() in button.actionInterface().actionNames()
    press(button.object().menu(), entry, Role.MenuItem)


def write(top: QWidget, name: str, text: str) -> None:
    field = find(top, Role.EditableText, name)
    field.editableTextInterface().insertText(0, text)
    assert field.textInterface().text(0, len(text)) == text


def ask(qtbot: QtBot, window: MainWindow, text: str) -> str:
    """Send a question; returns all that the transcript says then."""
    write(window, "Message", text)
    press(window, "Send")
    qtbot.waitUntil(lambda: bool(window.session.path) and not window.session.busy)

    said = find(window, Role.StaticText, "Conversation").textInterface()
    return str(said.text(0, said.characterCount()))


def test_from_the_first_run_to_a_reply(qtbot: QtBot, window: MainWindow) -> None:
    said = ask(qtbot, window, "What are you?")
    assert "What are you?" in said
    assert window.session.path[-1].content.split(".")[0] in said


def test_a_model_is_switched(qtbot: QtBot, window: MainWindow, second: shelf.Installed) -> None:
    qtbot.waitUntil(answering(window, paths.guide_model()))
    press(window, "Models")
    qtbot.waitUntil(lambda: "Chat with it: Tiny" in names(window, Role.Button))
    press(window, "Chat with it: Tiny")
    qtbot.waitUntil(answering(window, second.path))
    ask(qtbot, window, "Hello")


def test_a_chat_is_deleted_and_comes_back(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "What are you?")
    choose(window, "Menu", "Delete this chat")
    assert titles(window) == []
    press(window, "Undo")
    qtbot.waitUntil(lambda: titles(window) == ["What are you?"])
    choose(window, "Menu", "Delete this chat")
    assert titles(window) == []
    press(window, "Recently deleted")
    qtbot.waitUntil(lambda: "What are you?, Deleted today" in names(window, Role.ListItem))
    press(window, "Restore")
    qtbot.waitUntil(lambda: titles(window) == ["What are you?"])
