"""What a screen reader is told: a name and a role for everything, and replies by the sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QPlainTextEdit, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from tern.ui.announcer import Announcer
from tern.ui.main_window import MainWindow

from .conftest import WindowMaker

CONTROLS = (QAbstractButton, QPlainTextEdit, QTextEdit)
NAMED_ROLES = {
    QAccessible.Role.Button,
    QAccessible.Role.ButtonMenu,
    QAccessible.Role.EditableText,
    QAccessible.Role.StaticText,
    QAccessible.Role.Document,
}


def _walk(interface: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield interface
    for index in range(interface.childCount()):
        child = interface.child(index)
        if child is not None and child.isValid():
            yield from _walk(child)


def _full_window(qtbot: QtBot, make_window: WindowMaker) -> MainWindow:
    """With a conversation, a notice and the help page in view."""
    window = make_window(replies=["A reply."])
    composer = window.findChild(QPlainTextEdit, "composer")
    QTest.keyClicks(composer, "Hello")
    QTest.keyClick(composer, Qt.Key.Key_Return)
    qtbot.waitUntil(window.composer.send_button.isVisible)
    window.notice.show_message("Something happened.", "Try again", lambda: None)
    window.show_help()
    return window


def test_everything_has_a_name_and_a_role(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = _full_window(qtbot, make_window)
    assert window._help is not None
    seen = 0
    for top in (window, window._help):
        for interface in _walk(QAccessible.queryAccessibleInterface(top)):
            if interface.role() not in NAMED_ROLES or interface.state().invisible:
                continue
            thing = interface.object()
            if isinstance(thing, QWidget) and thing.objectName().startswith("qt_"):
                continue
            seen += 1
            assert interface.text(QAccessible.Text.Name), f"{interface.role()} {thing}"
    assert seen > 15


def test_every_control_says_what_it_does(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = _full_window(qtbot, make_window)
    for kind in CONTROLS:
        for control in window.findChildren(kind):
            if control.objectName().startswith("qt_") or control.parent().objectName().startswith("qt_"):
                continue
            interface = QAccessible.queryAccessibleInterface(control)
            assert interface.text(QAccessible.Text.Name), control
            assert interface.text(QAccessible.Text.Description), control


@pytest.mark.parametrize(
    "name",
    ["transcript", "composer", "sendButton", "stopButton", "speedReadout", "memoryReadout", "contextReadout"],
)
def test_the_named_parts_are_there(make_window: WindowMaker, name: str) -> None:
    window = make_window()
    (part,) = [w for w in window.findChildren(QWidget) if w.objectName() == name]
    assert QAccessible.queryAccessibleInterface(part).text(QAccessible.Text.Name)


def test_replies_are_spoken_by_the_sentence(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    spoken: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", lambda event: spoken.append(event.message()))
    announcer = Announcer(widget)
    for token in [
        "I",
        " am",
        " **a",
        " guide**",
        ".",
        " I",
        " run",
        " at",
        " 1",
        ".",
        "58",
        " bits",
        ". And",
    ]:
        announcer.add(token)
    announcer.finish()
    assert spoken == ["I am a guide.", "I run at 1.58 bits.", "And"]
